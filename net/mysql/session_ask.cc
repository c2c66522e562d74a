// A command before it is passed on: what has to be seen of it, the question, and the verdict.
#include <algorithm>
#include <optional>

#include "net/mysql/query_text.h"
#include "net/mysql/session_impl.h"
#include "net/mysql/sql_mode.h"

namespace headgate::mysql {
namespace {

// A semi-sync replica's acknowledgement (MySQL: ReplSemiSyncBase::kPacketMagicNum).
constexpr std::uint8_t kSemiSyncMagic = 0xEF;
// The command byte and a statement's id.
constexpr std::uint32_t kStatementHead = 5;

// Commands without an answer that are shorter than what they have to say: MySQL answers them with
// an ERR, and goes on.
bool IsCutOff(const PacketHeader& header, Command command) {
  constexpr std::uint32_t kLongDataHead = kStatementHead + 2;  // and the parameter
  if (command == Command::kStmtClose) return header.length < kStatementHead;
  return command == Command::kStmtSendLongData && header.length < kLongDataHead;
}

// As much of the payload as is there.
Bytes Seen(Bytes in, const PacketHeader& header) {
  const Bytes rest = in.subspan(kHeaderSize);
  return rest.first(std::min<std::size_t>(rest.size(), header.length));
}

}  // namespace

std::uint32_t Session::Impl::StatementId(Bytes in, const PacketHeader& header,
                                         Command command) const {
  if (!NamesStatement(command) || header.length < kStatementHead) return 0;
  const std::uint32_t id = Reader(in.subspan(kHeaderSize + 1)).U32();
  return id == PreparedStatements::kLastPrepared && !mariadb ? 0 : id;
}

PreparedStatements::Statement* Session::Impl::FindPrepared(std::uint32_t id) {
  return prepared && id != 0 ? prepared->Find(id) : nullptr;
}

Action Session::Impl::NextCommand(Bytes in) {
  if (own_due() && tracker->HasRoom()) return SendOwn();
  if (turn == Turn::kClosing) return CloseForCommand();
  if (in.size() < kHeaderSize || tracker->ClientSendsFile()) return {};
  const PacketHeader header = ReadHeader(in);
  if (header.length > 0 && in.size() == kHeaderSize) return {};
  const Command command = CommandOf(in, header);
  if (tracker->Streaming()) return FromReplica(in, header, command);
  if (commands_held || own_due()) return {.kind = Kind::kHold};
  if (turn == Turn::kAllowed) return PassCommand(in, header);
  if (turn != Turn::kNone) return {.kind = Kind::kHold};
  if (wants_compression && header.length > 0 && command == Command::kSleep) {
    return RefuseCompressed();
  }
  if (IsCutOff(header, command)) return RefuseUnfollowed();
  switch (tracker->MayPass(command)) {
    case ResponseTracker::Pass::kForbidden:
      return RefuseUnfollowed();
    case ResponseTracker::Pass::kHold:
      return {.kind = Kind::kHold};
    case ResponseTracker::Pass::kPass:
      break;
  }
  const std::size_t owed = answers->size() + tracker->outstanding();
  if (owed >= ResponseTracker::kMaxOutstanding) return {.kind = Kind::kHold};
  if (!SeenEnough(in, header, command)) return {};
  if (MayBeUnanswered(StatementId(in, header, command))) return {.kind = Kind::kHold};
  return Ask(in, header, command);
}

// No client can know such an id yet, but it can guess it, and the server would run what nobody here
// knows to be in it.
bool Session::Impl::MayBeUnanswered(std::uint32_t id) const {
  return prepared && id != 0 && prepared->MayBeUnanswered(id);
}

// While a binlog streams the client acknowledges or leaves; what else it sends waits.
Action Session::Impl::FromReplica(Bytes in, const PacketHeader& header, Command command) {
  const bool acknowledges = header.length > 0 && in[kHeaderSize] == kSemiSyncMagic;
  if (!acknowledges && command != Command::kQuit) return {.kind = Kind::kHold};
  client_cursor.Begin(header);
  counts = false;
  return {.kind = Kind::kForward, .n = kHeaderSize};
}

// The text apart: ShowText() says itself what it lacks.
bool Session::Impl::SeenEnough(Bytes in, const PacketHeader& header, Command command) const {
  const bool may_kill = command == Command::kQuery || command == Command::kProcessKill;
  std::uint32_t needed = 0;
  if (command == Command::kChangeUser && header.length <= kMaxLogin) needed = header.length;
  if (may_kill && header.length <= kMaxKillPayload) needed = header.length;
  if (NamesStatement(command)) needed = std::min(header.length, kStatementHead);
  if (command == Command::kStmtExecute) needed = std::min(header.length, kExecuteHead);
  return Seen(in, header).size() >= needed;
}

Action Session::Impl::Ask(Bytes in, const PacketHeader& header, Command command) {
  CommandFacts& facts = front.Use().facts;
  facts = {};
  facts.command = KindOf(command);
  facts.length = header.length;
  facts.mode = ModeFor(sql_charset, tracker->status(), mariadb, server_version);
  facts.mode.quotes_unknown = quotes_unknown;
  facts.in_transaction = (tracker->status() & kStatusInTransaction) != 0;
  command_sequence = header.sequence;
  const bool prepares = command == Command::kStmtPrepare;
  if (prepares && prepared && prepared->Full() && options.watch) {
    prepared->OnConnectionReset();  // they were all taken then; what they were is forgotten
  } else if (prepares && prepared && prepared->Full()) {
    DecideRefusal(Reason::kPrepared, {}, /*closes=*/false);
    return RefuseCommand(in);
  }
  if (prepares || command == Command::kQuery) {
    if (const auto instead = ShowText(in, header, command)) return *instead;
  }
  command_statement = StatementId(in, header, command);
  if (command_statement == PreparedStatements::kLastPrepared && last_prepare_refused) {
    return RefuseUnknownStatement(in);
  }
  ShowStatement(header, command_statement, command);
  long_data_open = false;  // the engine takes this command for its end
  turn = Turn::kAsked;
  return {.kind = Kind::kAskCommand};
}

// Always the same part of it, however the bytes arrive. Where it cannot be shown: what to do.
std::optional<Action> Session::Impl::ShowText(Bytes in, const PacketHeader& header,
                                              Command command) {
  const Bytes seen = Seen(in, header);
  const Bytes head = seen.first(std::min(seen.size(), kMaxAttributeBytes));
  const auto offset = SqlOffset(head, command == Command::kQuery && query_attributes());
  if (!offset) {
    if (head.size() < std::min<std::size_t>(header.length, kMaxAttributeBytes)) return Action{};
    if (!options.watch) return RefuseAttributes();
    front.Use().facts.complete = false;
    return std::nullopt;
  }
  const std::size_t total = header.length - *offset;
  const std::size_t shown = std::min<std::size_t>(total, look);
  if (seen.size() - *offset < shown) return Action{};
  front.Use().facts.sql = AsText(seen.subspan(*offset, shown));
  front.Use().facts.complete = shown == total && header.length < kMaxPayload;
  return std::nullopt;
}

void Session::Impl::ShowStatement(const PacketHeader& header, std::uint32_t id, Command command) {
  const PreparedStatements::Statement* statement = FindPrepared(id);
  if (statement != nullptr) {
    front.Use().facts.prepared = &statement->mark;
    front.Use().facts.unanswered = prepared->Unanswered(id);
  }
  if (command != Command::kStmtSendLongData) return;
  front.Use().facts.long_data =
      LongDataBytes(header) + (statement != nullptr ? statement->long_data : 0);
}

Action Session::Impl::OnVerdict(const CommandVerdict& verdict) {
  using Verdict = CommandVerdict::Kind;
  if (turn != Turn::kAsked && turn != Turn::kHeld) return {};
  inspect = static_cast<std::uint32_t>(std::min(verdict.inspect, kMaxLook));
  const auto wider = static_cast<std::uint32_t>(std::min(verdict.look, kMaxLook));
  if (verdict.kind == Verdict::kHold && !options.watch) {
    turn = Turn::kHeld;
    return {.kind = Kind::kHold};
  }
  if (verdict.kind == Verdict::kMore && !front->facts.complete && wider > look) {
    look = wider;
    turn = Turn::kNone;
    return {};
  }
  look = inspect;
  const bool refused = verdict.kind == Verdict::kRefuse || verdict.kind == Verdict::kClose;
  if (refused && !options.watch) {
    DecideRefusal(verdict.reason, verdict.message, verdict.kind == Verdict::kClose);
  } else {
    front.Use().mark = verdict.mark;
    packet_limit = options.watch ? 0 : verdict.packet_limit;
    settle = verdict.settle && !options.watch;
    turn = Turn::kAllowed;
  }
  return {};
}

}  // namespace headgate::mysql
