// What the simulated server makes of packets.
#include <string>

#include "net/mysql/capabilities.h"
#include "net/mysql/command.h"
#include "tests/whole/server_conn.h"

namespace headgate::whole {
namespace {

namespace say = mysql::testing;
using mysql::Command;

Plugin PluginOf(const std::string& user) {
  if (user == "ed") return Plugin::kEd25519;
  return user == "sha" ? Plugin::kCachingSha2 : Plugin::kNative;
}

const char* NameOf(Plugin plugin) {
  switch (plugin) {
    case Plugin::kEd25519:
      return "client_ed25519";
    case Plugin::kCachingSha2:
      return "caching_sha2_password";
    case Plugin::kNative:
      break;
  }
  return "mysql_native_password";
}

bool CanBe(Plugin plugin, std::size_t length) {
  switch (plugin) {
    case Plugin::kEd25519:
      return length == 64;
    case Plugin::kCachingSha2:
      return length <= 1 || length == 32;
    case Plugin::kNative:
      break;
  }
  return length == 0 || length == 20;
}

bool IsAccount(const std::string& user) {
  return user == "app" || user == "weak" || user == "batch" || user == "ed" || user == "sha";
}

}  // namespace

void Server::TakePacket(Conn& c, const std::string& payload, std::uint8_t sequence) {
  switch (c.phase) {
    case Conn::Phase::kLogin:
      return TakeLogin(c, payload, sequence);
    case Conn::Phase::kAuth:
      return TakeAnswer(c, payload, sequence);
    case Conn::Phase::kIn:
      if (sequence != 0) fail_("a command with another number than 0 reached the server");
      return TakeCommand(c, payload);
  }
}

void Server::TakeLogin(Conn& c, const std::string& payload, std::uint8_t sequence) {
  if (c.given_up != nullptr) ++logins_;
  mysql::LoginRequest request;
  if (sequence != 1 ||
      mysql::ParseLogin(mysql::AsBytes(payload), request) != mysql::LoginParse::kOk) {
    fail_("a login that does not parse reached the server");
  }
  c.user = request.user;
  c.deprecate_eof = (request.capabilities & mysql::kCapDeprecateEof) != 0;
  AskForAnswer(c, sequence);
}

void Server::AskForAnswer(Conn& c, std::uint8_t sequence) {
  c.plugin = PluginOf(c.user);
  c.phase = Conn::Phase::kAuth;
  Busy(c, Think(), [&c, sequence] { c.out += say::AuthSwitch(sequence + 1, NameOf(c.plugin)); });
}

void Server::TakeAnswer(Conn& c, const std::string& payload, std::uint8_t sequence) {
  if (!CanBe(c.plugin, payload.size())) {
    ++connect_errors_;
    return Refuse(c, static_cast<std::uint8_t>(sequence + 1), 1043, "Bad handshake");
  }
  const bool right = IsAccount(c.user) && payload.starts_with("good");
  Busy(c, Think(), [this, &c, right, sequence] {
    int next = sequence + 1;
    if (!right) {
      return Refuse(c, static_cast<std::uint8_t>(next), 1045, "#28000Access denied");
    }
    if (c.plugin == Plugin::kCachingSha2) c.out += say::Packet(next++, "\x01\x03");
    c.out += say::Ok(next, c.status());
    c.phase = Conn::Phase::kIn;
    c.in_transaction = false;
  });
}

void Server::TakeCommand(Conn& c, const std::string& payload) {
  const auto command = static_cast<Command>(payload.empty() ? '\0' : payload[0]);
  const std::string rest = payload.empty() ? std::string() : payload.substr(1);
  ++statements_;
  switch (command) {
    case Command::kQuit:
      return LeaveSoon(c);
    case Command::kQuery:
      return TakeQuery(c, rest);
    case Command::kChangeUser:
      c.reauth = true;
      c.user = rest.substr(0, rest.find('\0'));
      return AskForAnswer(c, 0);
    case Command::kStmtPrepare:
      c.out += say::Packet(1, say::Hex({0}) + say::Number(++c.prepared, 4) + std::string(7, '\0'));
      return;
    case Command::kStmtSendLongData:
    case Command::kStmtClose:
      return;
    case Command::kPing:
    case Command::kResetConnection:
    case Command::kInitDb:
    case Command::kStmtExecute:
    case Command::kStmtReset:
      return Busy(c, Think(), [&c] { c.out += say::Ok(1, c.status()); });
    default:
      c.out += say::Err(1, 1047, "#08S01Unknown command");
  }
}

void Server::TakeQuery(Conn& c, const std::string& sql) {
  if (const auto statement = FromSql(sql)) return Run(c, *statement);
  if (sql == "BEGIN") c.in_transaction = true;
  if (sql == "COMMIT") c.in_transaction = false;
  const bool known = sql == "BEGIN" || sql == "COMMIT" || sql.starts_with("SET ");
  c.out += known ? say::Ok(1, c.status()) : say::Err(1, 1064, "#42000Syntax");
}

void Server::Run(Conn& c, const Statement& s) {
  const bool first = c.statement.number == 0;
  if (!first && (s.client != c.statement.client || s.number <= c.statement.number)) {
    fail_("statement " + std::to_string(s.number) + " of client " + std::to_string(s.client) +
          " came behind " + std::to_string(c.statement.number) + " of " +
          std::to_string(c.statement.client));
  }
  c.statement = s;
  Busy(c, std::chrono::milliseconds(s.ms) + Think(), [this, &c] {
    if (!c.statement.writes) return BeginRows(c, c.statement.rows);
    const std::string affected = say::Number(c.statement.number % 200, 1);
    const auto status = static_cast<std::uint64_t>(c.status());
    c.out += say::Packet(
        1, say::Hex({0}) + affected + say::Hex({0}) + say::Number(status, 2) + say::Hex({0, 0}));
  });
}

void Server::BeginRows(Conn& c, unsigned rows) {
  c.sequence = 1;
  c.out += say::Packet(c.sequence++, say::Hex({1}));
  c.out += say::Column(c.sequence++, "v");
  if (!c.deprecate_eof) c.out += say::Eof(c.sequence++, c.status());
  c.rows = c.rows_left = rows;
  if (rows == 0) c.out += c.EndOfRows();
}

}  // namespace headgate::whole
