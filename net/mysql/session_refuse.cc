// A command that is not passed on: its bytes are dropped, and an ERR takes its answer's place.
#include <utility>

#include "net/mysql/refusal.h"
#include "net/mysql/session_impl.h"

namespace headgate::mysql {
namespace {

// A frame of the compressed protocol around `packet`, which is left as it is: length, sequence, and
// 0 for "not compressed".
Buffer CompressedFrame(const Buffer& packet) {
  Buffer frame = BeginPacket();
  frame.insert(frame.end(), packet.begin(), packet.end());
  EndPacket(frame, 1);
  frame.insert(frame.begin() + kHeaderSize, 3, 0);
  return frame;
}

// Clients wait for no answer to these, and would take an ERR for the next command's.
bool HasNoAnswer(CommandKind c) {
  return c == CommandKind::kLongData || c == CommandKind::kCloseStatement ||
         c == CommandKind::kQuit;
}

bool RunsPrepared(CommandKind c) {
  return c == CommandKind::kExecute || c == CommandKind::kBulkExecute;
}

}  // namespace

void Session::Impl::DecideRefusal(Reason reason, std::string_view message, bool closes) {
  refusal_reason = reason == Reason::kNone ? Reason::kCommandRefused : reason;
  front.Use().refusal = BuildCommandRefusal(refusal_reason, user, message);
  turn = closes || HasNoAnswer(front->facts.command) ? Turn::kClosing : Turn::kDropped;
  drop_begun = false;
  if (front->facts.command == CommandKind::kPrepare) last_prepare_refused = true;
  // A server that fails an execute forgets the statement's long data. Else a second try of the
  // client's would find the first one's still there, and add to it.
  PreparedStatements::Statement* statement = FindPrepared(command_statement);
  if (RunsPrepared(front->facts.command) && statement != nullptr && statement->long_data > 0) {
    statement->long_data = 0;
    reset_due = command_statement;
  }
}

// MariaDB's clients prepare and run in one go, naming "the last prepared". If that prepare was
// refused the server would run the one before it.
Action Session::Impl::RefuseUnknownStatement(Bytes in) {
  front.Use().refusal.clear();
  if (!HasNoAnswer(front->facts.command)) {
    front.Use().refusal = BuildErr(
        0, 1243, "HY000", "Unknown prepared statement handler (4294967295) given to headgate");
  }
  turn = Turn::kDropped;
  drop_begun = false;
  return RefuseCommand(in);
}

// Drops the command to the end of its last packet. The ERR is numbered behind that one, as a
// server's, and comes when the answers before it have.
Action Session::Impl::RefuseCommand(Bytes in) {
  std::size_t at = 0;
  while (at < in.size()) {
    if (!client_cursor.AtHeader()) {
      at += client_cursor.Skip(in.size() - at);
      continue;
    }
    const bool over = drop_begun && !client_cursor.Continued();
    if (over || in.size() - at < kHeaderSize) break;
    const PacketHeader header = ReadHeader(in.subspan(at));
    command_sequence = header.sequence;
    drop_begun = true;
    counts = false;
    client_cursor.Begin(header);
    at += kHeaderSize;
  }
  if (at > 0) return {.kind = Kind::kDiscard, .n = at};
  if (!drop_begun || !client_cursor.AtMessage()) return {};
  if (front->refusal.empty()) {
    turn = Turn::kNone;
    return NextCommand(in);
  }
  if (!tracker->Idle()) return {.kind = Kind::kHold};
  turn = Turn::kNone;
  out = NumberedRefusal();
  return {.kind = Kind::kSend, .to = Side::kClient, .bytes = out};
}

Action Session::Impl::CloseForCommand() {
  if (!tracker->Idle()) return {.kind = Kind::kHold};
  return LeaveLoggedIn(refusal_reason, NumberedRefusal());
}

Action Session::Impl::CloseHalfWay(const PacketHeader& header) {
  const std::size_t own_answer = HasNoAnswer(front->facts.command) ? 0 : 1;
  if (tracker->outstanding() > own_answer) return {.kind = Kind::kHold};
  // A server that has begun to answer half a command says why by itself.
  const bool answered = tracker->outstanding() < own_answer || tracker->answer_bytes() > 0;
  if (answered) return LeaveLoggedIn(Reason::kPacketTooLarge, {});
  command_sequence = header.sequence;
  front.Use().refusal = BuildCommandRefusal(Reason::kPacketTooLarge, user, {});
  return LeaveLoggedIn(Reason::kPacketTooLarge, NumberedRefusal());
}

Buffer Session::Impl::NumberedRefusal() {
  Buffer& refusal = front.Use().refusal;
  refusal[kHeaderSize - 1] = static_cast<std::uint8_t>(command_sequence + 1);
  return std::exchange(refusal, {});
}

// PHP's mysqlnd compresses when told to, whether or not that was offered: its first short frame
// reads as a packet that begins with 0. Passed on, both ends would wait for ever.
Action Session::Impl::RefuseCompressed() {
  return LeaveLoggedIn(
      Reason::kProtocolError,
      CompressedFrame(BuildErr(1, 1105, "08S01", "headgate: compression is off, connect without")));
}

// A command whose answer nobody here could follow.
Action Session::Impl::RefuseUnfollowed() {
  if (lossy) return Lose(Unread::kNotUnderstood);
  if (!tracker->Idle()) return {.kind = Kind::kHold};
  return LeaveLoggedIn(Reason::kProtocolError, BuildErr(1, 1047, "08S01", "Unknown command"));
}

Action Session::Impl::RefuseAttributes() {
  if (!tracker->Idle()) return {.kind = Kind::kHold};
  return LeaveLoggedIn(Reason::kProtocolError,
                       BuildErr(static_cast<std::uint8_t>(command_sequence + 1), 1835, "HY000",
                                "Malformed communication packet: query attributes that headgate "
                                "cannot read, or more than 1024 or 64 KiB of them"));
}

// For a client that must go. Between two commands it understands an ERR numbered 0, as a killed
// server's is, and to a command that is kept back an ERR as its answer; in the middle of an answer
// nothing can be said.
Buffer Session::Impl::LastWords(Reason reason) const {
  const bool quiet = tracker->Idle() && client_cursor.AtMessage() && turn != Turn::kDropped;
  if (!quiet) return {};
  const int sequence = turn == Turn::kNone ? 0 : command_sequence + 1;
  return BuildRefusal(reason, static_cast<std::uint8_t>(sequence), false);
}

}  // namespace headgate::mysql
