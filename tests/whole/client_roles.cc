// What each kind of client does.
#include <algorithm>

#include "net/mysql/capabilities.h"
#include "net/mysql/command.h"
#include "tests/net/mysql/packets.h"
#include "tests/whole/client.h"

namespace headgate::whole {
namespace {

namespace say = mysql::testing;
using mysql::Command;
using std::chrono::milliseconds;

constexpr std::array<std::string_view, kRoles> kNames = {"pool",
                                                         "app",
                                                         "silent",
                                                         "drip",
                                                         "greeted",
                                                         "garbage",
                                                         "stalled-login",
                                                         "short-answer",
                                                         "claimed-user",
                                                         "bad-password",
                                                         "churn",
                                                         "change-user",
                                                         "heavy",
                                                         "orphan",
                                                         "stampede",
                                                         "prepare-leak",
                                                         "long-data",
                                                         "slow-reader",
                                                         "transaction-sitter",
                                                         "hoard",
                                                         "own-account",
                                                         "poisoner",
                                                         "nat-burst"};

constexpr int At(Command c) { return static_cast<int>(c); }

}  // namespace

std::string_view Name(Role role) { return kNames[static_cast<std::size_t>(role)]; }

std::string Client::Login() const {
  say::LoginFields fields;
  fields.user = setup_.user;
  if (deprecate_eof_) fields.capabilities |= mysql::kCapDeprecateEof;
  return say::Packet(1, say::LoginPayload(fields));
}

void Client::OnGreeted() {
  switch (setup_.role) {
    case Role::kSilent:
      return;
    case Role::kDrip:
      drip_ = Login();
      return Drip();
    case Role::kGreeted:
      return Leave(random_.OneIn(2));
    case Role::kGarbage:
      return SayGarbage();
    default:
      return Send(Login());
  }
}

void Client::Drip() {
  if (drip_.empty()) return;
  Send(drip_.substr(0, 1));
  drip_.erase(0, 1);
  Later(milliseconds(500), [this] { Drip(); });
}

void Client::SayGarbage() {
  std::string garbage;
  switch (random_.Below(4)) {
    case 0:  // of any length
      garbage = say::Hex({0xFF, 0xFF, 0xFF, 1});
      break;
    case 1: {  // a login with one byte wrong
      garbage = Login();
      garbage[random_.Below(static_cast<std::uint32_t>(garbage.size()))] ^=
          static_cast<char>(1 + random_.Below(255));
      break;
    }
    case 2: {  // asks for TLS, and goes on in clear
      say::LoginFields fields;
      fields.capabilities |= mysql::kCapSsl;
      garbage = say::Packet(1, say::LoginPayload(fields).substr(0, 32)) + Login();
      break;
    }
    default:
      break;
  }
  for (std::uint32_t i = random_.Below(60); i > 0; --i) {
    garbage.push_back(static_cast<char>(random_.Below(256)));
  }
  Send(garbage);
}

void Client::OnSwitch(std::string_view plugin, std::uint8_t sequence) {
  if (setup_.role == Role::kStalledLogin) return;
  if (setup_.role == Role::kShortAnswer) return Send(say::Packet(sequence + 1, "x"));
  std::size_t length = 20;
  if (plugin == "client_ed25519") length = 64;
  if (plugin == "caching_sha2_password") length = 32;
  const bool wrong = IsWrong() || (changing_ && random_.OneIn(2));
  std::string answer = wrong ? "bad!" : "good";
  answer.resize(length, 'x');
  Send(say::Packet(sequence + 1, answer));
}

Duration Client::ComesAgainAfter() {
  switch (setup_.role) {
    case Role::kPool:
      return milliseconds(20) + Some(100);
    case Role::kApp:
    case Role::kNat:
      return Some(200);
    case Role::kGreeted:
    case Role::kBadPassword:
    case Role::kChurn:
      return milliseconds(5) + Some(20);
    default:
      return milliseconds(20) + Some(200);
  }
}

void Client::Ask(unsigned table, unsigned rows, unsigned ms, bool writes) {
  const Statement s{.writes = writes,
                    .table = table,
                    .client = setup_.number,
                    .number = ++statement_,
                    .rows = rows,
                    .ms = ms};
  answers_.Expect({.kind = writes ? Asked::Kind::kWrite : Asked::Kind::kRows,
                   .client = s.client,
                   .number = s.number,
                   .rows = rows});
  Send(say::Query(ToSql(s)));
}

void Client::Say(std::string_view sql) {
  answers_.Expect({});
  Send(say::Query(sql));
}

void Client::SayCommand(int command, std::string_view rest) {
  answers_.Expect({});
  Send(say::Command(command, rest));
}

void Client::SayUnanswered(int command, std::string_view rest) {
  Send(say::Command(command, rest));
}

// It is in, and owed nothing.
void Client::Act() {
  ++acts_;
  switch (setup_.role) {
    case Role::kPool:
    case Role::kApp:
    case Role::kNat:
      return Later(Some(setup_.role == Role::kPool ? 150 : 10), [this] { ActApp(); });
    case Role::kPoisoner:
      if (acts_ > 5) return;
      return Later(Some(100), [this] { ActApp(); });
    case Role::kChurn:
      SayUnanswered(At(Command::kQuit), "");
      return Leave(false);
    case Role::kChangeUser:
      return ActChangeUser();
    case Role::kHeavy:
      return Ask(7, 3, 1000 + random_.Below(3000));
    case Role::kOrphan:
      Ask(8, 3, 1000 + random_.Below(2000));
      return Later(Some(100), [this] { Leave(random_.OneIn(2)); });
    case Role::kStampede:
      return Ask(9, 1, 200 + random_.Below(200));
    case Role::kPrepareLeak:
      return Later(milliseconds(5), [this] { SayCommand(At(Command::kStmtPrepare), "SELECT 1"); });
    case Role::kLongData:
      return ActLongData();
    case Role::kSlowReader:
      Ask(10, 2000 + random_.Below(3000), 1);
      reads_ = false;
      return;
    case Role::kSitter:
      if (acts_ == 1) return Say("BEGIN");
      if (acts_ == 2) return Ask(1, 0, 1, /*writes=*/true);
      return;
    default:  // sits
      return;
  }
}

void Client::ActApp() {
  if (setup_.role != Role::kPool && acts_ > 2) {
    SayUnanswered(At(Command::kQuit), "");
    return Leave(false);
  }
  const unsigned at_once = setup_.pipelines && random_.OneIn(3) ? 2 + random_.Below(4) : 1;
  for (unsigned i = 0; i < at_once && socket_ != nullptr; ++i) {
    const std::uint32_t what = random_.Below(12);
    if (what < 6) {
      Ask(random_.Below(4), random_.OneIn(10) ? 200 : random_.Below(8), random_.Below(10));
    } else if (what < 9) {
      Ask(random_.Below(4), 0, random_.Below(5), /*writes=*/true);
    } else if (what == 9) {
      SayCommand(At(Command::kPing));
    } else if (what == 10) {
      Say(random_.OneIn(2) ? "BEGIN" : "COMMIT");
    } else {
      SayCommand(At(random_.OneIn(2) ? Command::kResetConnection : Command::kStmtPrepare), "");
    }
  }
}

void Client::ActLongData() {
  if (acts_ == 1) return SayCommand(At(Command::kStmtPrepare), "SELECT ?");
  for (int i = 0; i < 4; ++i) {
    SayUnanswered(At(Command::kStmtSendLongData),
                  say::Number(1, 4) + say::Number(0, 2) + std::string(2000, 'd'));
  }
  SayCommand(At(Command::kPing));
}

void Client::ActChangeUser() {
  changing_ = true;
  const std::string payload = setup_.user + std::string(1, '\0') + std::string(1, '\0') +
                              std::string(1, '\0') + say::Number(45, 2) + "mysql_native_password" +
                              std::string(1, '\0');
  Later(Some(30), [this, payload] { SayUnanswered(At(Command::kChangeUser), payload); });
}

}  // namespace headgate::whole
