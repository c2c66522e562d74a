// Logged in: what may pass streams through, headers are followed, a few commands are rewritten.
#include <string>
#include <utility>

#include "net/mysql/change_user.h"
#include "net/mysql/command.h"
#include "net/mysql/kill.h"
#include "net/mysql/refusal.h"
#include "net/mysql/session_impl.h"
#include "net/mysql/sql_mode.h"
#include "net/mysql/statement_limit.h"

namespace headgate::mysql {
namespace {

// No server can be told to take less than 1024 bytes as one packet.
constexpr std::uint32_t kAlwaysTaken = 1000;

}  // namespace

void Session::Impl::EnterCommand(Bytes ok) {
  const auto status = OkStatus(ok);
  if (!tracker) {
    tracker = std::make_unique<ResponseTracker>(capabilities, login->request.mariadb_capabilities);
  } else {  // a change-user keeps the session's capabilities, and with them the tracker
    Tell({.command = CommandKind::kChangeUser, .bytes = kHeaderSize + ok.size()});
  }
  if (status) tracker->SetStatus(*status);
  prepared.reset();
  last_prepare_refused = false;
  sql_charset = CharsetOfCollation(charset);
  quotes_unknown = false;
  user = PrintableUser(login->request.user);
  limit_due = statement_limit > Duration::zero();
  limit_set = false;
  SetPhase(Phase::kCommand);
}

void Session::Impl::ForgetLogin() {
  if (!login) return;
  login.reset();
  out = Buffer();
}

Action Session::Impl::CommandFromClient(Bytes in) {
  if (left) return {.kind = in.empty() ? Kind::kWait : Kind::kHold};  // its FIN is all that is read
  if (turn == Turn::kDropped) return RefuseCommand(in);
  const std::size_t n = Follow(in);
  if (n == 0 && client_cursor.AtMessage()) return NextCommand(in);
  if (n == 0) return in.size() < kHeaderSize ? Action{} : CloseHalfWay(ReadHeader(in));
  tracker->OnRequestBytes(n);
  return {.kind = Kind::kForward, .n = n};
}

// What belongs to a command that has passed: its body, its continuation packets, its file.
std::size_t Session::Impl::Follow(Bytes in) {
  std::size_t at = 0;
  while (at < in.size()) {
    if (!client_cursor.AtHeader()) {
      at += client_cursor.Skip(in.size() - at);
      continue;
    }
    const bool file = tracker->ClientSendsFile();
    const bool new_command = !client_cursor.Continued() && !file;
    if (new_command || in.size() - at < kHeaderSize) break;
    const PacketHeader header = ReadHeader(in.subspan(at));
    if (file && !client_cursor.Continued() && header.length == 0) tracker->OnFileEnd();
    if (!file && TooLongWith(header)) break;
    message_bytes += header.length;
    if (!file && long_data_id != 0) AddLongData(header.length);
    client_cursor.Begin(header);
    at += kHeaderSize;
  }
  return at;
}

bool Session::Impl::TooLongWith(const PacketHeader& header) const {
  return packet_limit > 0 && message_bytes + header.length > packet_limit;
}

// The engine allowed it, and nothing stands in its way.
Action Session::Impl::PassCommand(Bytes in, const PacketHeader& header) {
  const Command command = CommandOf(in, header);
  if (command == Command::kChangeUser) return ChangeUser(in, header);
  if (const auto target = KillOfOurs(in, header)) return Kill(in, header, *target);
  const bool idle = tracker->outstanding() == 0;
  NoteCommand(in, header, command);
  turn = Turn::kNone;
  sent_before += static_cast<std::uint32_t>(message_bytes);
  message_bytes = header.length;
  client_cursor.Begin(header);
  const std::size_t n = kHeaderSize + client_cursor.Skip(in.size() - kHeaderSize);
  tracker->OnRequestBytes(n);
  left = command == Command::kQuit && header.length == 1 && !options.watch;
  return {.kind = Kind::kForward, .n = n, .last = left && idle};
}

void Session::Impl::NoteCommand(Bytes in, const PacketHeader& header, Command command) {
  PreparedStatements::Statement* statement = FindPrepared(command_statement);
  const StatementMark* runs = command == Command::kQuery ? &front->mark : nullptr;
  if (IsStatement(command) && statement != nullptr) runs = &statement->mark;
  ResponseTracker::Passed passed{.command = command};
  if (runs != nullptr && runs->sets_charset) passed.charset = runs->charset;
  passed.sets_mode = command == Command::kResetConnection ||
                     (runs != nullptr && (runs->sets_charset || runs->kind == StatementKind::kSet));
  passed.settle = settle && IsStatement(command);
  passed.cursor = AsksForCursor(in, header, command);
  passed.may_be_too_long = AnswerTo(command) == AnswerKind::kNone && header.length > kAlwaysTaken;
  passed.may_be_denied = command == Command::kStmtSendLongData;
  tracker->OnCommand(passed);
  counts = AnswerTo(command) != AnswerKind::kNone || command == Command::kStmtSendLongData;
  limit_due |= command == Command::kResetConnection && statement_limit > Duration::zero();
  if (command == Command::kStmtPrepare) {
    if (!prepared) prepared = std::make_unique<PreparedStatements>();
    prepared->OnPrepare(front->mark);
    last_prepare_refused = false;
  }
  NoteLongData(header, command, statement);
  if (command == Command::kStmtClose && prepared) prepared->OnClose(command_statement);
}

// A statement's long data counts from one run to the next.
void Session::Impl::NoteLongData(const PacketHeader& header, Command command,
                                 PreparedStatements::Statement* statement) {
  long_data_id = 0;
  long_data_open = command == Command::kStmtSendLongData;
  if (statement == nullptr) return;
  if (IsStatement(command) || command == Command::kStmtReset) statement->long_data = 0;
  if (command != Command::kStmtSendLongData) return;
  statement->long_data += LongDataBytes(header);
  long_data_id = command_statement;
}

void Session::Impl::AddLongData(std::uint32_t bytes) {
  PreparedStatements::Statement* statement = FindPrepared(long_data_id);
  if (statement != nullptr) statement->long_data += bytes;
}

// Asked and sent only when every answer before it is complete: what follows then is its own.
Action Session::Impl::ChangeUser(Bytes in, const PacketHeader& header) {
  if (header.length > kMaxLogin) {
    return LeaveLoggedIn(Reason::kOversizedLogin, BuildRefusal(Reason::kOversizedLogin, 1, false));
  }
  turn = Turn::kNone;
  login = std::make_unique<LoginState>();
  login->reauth = true;
  login->half_close = true;
  login->request.charset = charset;
  if (!ParseChangeUser(in.subspan(kHeaderSize, header.length), capabilities, login->request)) {
    return LeaveLoggedIn(Reason::kMalformedLogin, BuildRefusal(Reason::kMalformedLogin, 1, false));
  }
  SetPhase(Phase::kReauthAdmission);
  return {.kind = Kind::kAskReauth, .n = kHeaderSize + header.length};
}

Action Session::Impl::SendChangeUser() {
  charset = login->request.charset;
  if (options.watch) {
    SetPhase(Phase::kReauthenticating);
    return {};
  }
  out = BuildChangeUser(login->request, capabilities);
  SetPhase(Phase::kReauthenticating);
  return {.kind = Kind::kSend, .to = Side::kServer, .bytes = out};
}

std::optional<KillTarget> Session::Impl::KillOfOurs(Bytes in, const PacketHeader& header) const {
  if (options.watch) return std::nullopt;  // whose id it is was settled then
  if (header.length > kMaxKillPayload || !HasPacket(in, header)) return std::nullopt;
  const auto target = FindKill(in.subspan(kHeaderSize, header.length), query_attributes());
  const bool ours = target && target->id >= kFirstConnectionId && target->id < kEndConnectionId;
  return ours ? target : std::nullopt;
}

Action Session::Impl::Kill(Bytes in, const PacketHeader& header, const KillTarget& target) {
  const Bytes payload = in.subspan(kHeaderSize, header.length);
  const std::size_t n = kHeaderSize + header.length;
  const std::uint32_t id = options.kill_map ? options.kill_map->BackendId(target.id) : 0;
  if (id == 0) return KillOfNobody(n, target.id);
  turn = Turn::kNone;
  tracker->OnCommand({.command = CommandOf(in, header)});
  tracker->OnRequestBytes(n);
  out = RewriteKill(payload, target, id, header.sequence);
  return {.kind = Kind::kSend, .n = n, .to = Side::kServer, .bytes = out};
}

Action Session::Impl::KillOfNobody(std::size_t n, std::uint32_t id) {
  if (!tracker->Idle()) return {.kind = Kind::kHold};  // answers keep their order
  turn = Turn::kNone;
  out = BuildErr(static_cast<std::uint8_t>(command_sequence + 1), 1094, "HY000",
                 "Unknown thread id: " + std::to_string(id));
  Tell({.command = front->facts.command,
        .error = true,
        .error_code = 1094,
        .bytes = out.size(),
        .request_bytes = n,
        .in_transaction = front->facts.in_transaction});
  return {.kind = Kind::kSend, .n = n, .to = Side::kClient, .bytes = out};
}

// The statement limit: behind the server's OK to a login, a change-user or a reset. The question
// for its status: behind an ERR. The reset of a statement: behind a refused execute.
Action Session::Impl::SendOwn() {
  Command command = Command::kStmtReset;
  if (std::exchange(limit_due, false)) {
    command = Command::kQuery;
    out = BuildStatementLimit(statement_limit, mariadb, query_attributes());
  } else if (std::exchange(status_due, false)) {
    command = Command::kPing;
    out = PingPacket();
  } else {
    out = StatementResetPacket(std::exchange(reset_due, 0));
  }
  tracker->OnCommand({.command = command, .own = true});
  return {.kind = Kind::kSend, .to = Side::kServer, .bytes = out};
}

Action Session::Impl::CommandFromServer(Bytes in) {
  const bool file_before = tracker->ClientSendsFile();
  const ResponseTracker::Scan scan = tracker->OnServerBytes(in);
  // A command on its way when the server asks for a file: it will be read as the file.
  const bool half_way = !client_cursor.AtMessage() || turn != Turn::kNone;
  const bool torn = !file_before && tracker->ClientSendsFile() && half_way;
  if (torn) return lossy ? Lose(Unread::kNotUnderstood) : LeaveLoggedIn(Reason::kProtocolError, {});
  if (scan.complete) OnAnswer(tracker->answer());
  if (scan.complete && turn == Turn::kNone && client_cursor.AtMessage()) front.Reset();
  if (scan.pass > 0) return {.kind = scan.own ? Kind::kDiscard : Kind::kForward, .n = scan.pass};
  if (scan.violation && lossy) return Lose(Unread::kNotUnderstood);
  if (scan.violation) return LeaveLoggedIn(Reason::kProtocolError, {});
  return {};
}

void Session::Impl::OnOwnAnswer(const ResponseTracker::Answer& answer) {
  if (answer.to.command == Command::kQuery) limit_set = !answer.facts.error;
  if (answer.to.command != Command::kPing || !unsettled) return;
  unsettled->in_transaction = answer.facts.in_transaction;
  Tell(*std::exchange(unsettled, nullptr));
}

void Session::Impl::OnAnswer(const ResponseTracker::Answer& answer) {
  const bool ok = !answer.facts.error;
  if (answer.to.own) return OnOwnAnswer(answer);
  // What is on its way behind it tells by its own answer.
  status_due = !ok && answer.to.settle && tracker->outstanding() == 0;
  if (status_due) {
    unsettled = std::make_unique<AnswerFacts>(answer.facts);
  } else {
    Tell(answer.facts);
  }
  if (answer.to.command == Command::kStmtPrepare && prepared) {
    ok ? prepared->OnPrepared(answer.statement) : prepared->OnPrepareFailed();
  }
  if (answer.to.command == Command::kResetConnection && ok) {
    if (prepared) prepared->OnConnectionReset();
    sql_charset = CharsetOfCollation(charset);
    limit_set = false;
  }
  // Of several statements, or settings, the first may have been done when a later one failed.
  if (answer.to.charset) sql_charset = ok ? *answer.to.charset : SqlCharset::kUnknown;
  const bool tells_mode = ok && (answer.to.command == Command::kQuery || answer.to.sets_mode);
  quotes_unknown = !tells_mode && (quotes_unknown || answer.to.sets_mode);
}

}  // namespace headgate::mysql
