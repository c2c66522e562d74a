// Logged in: bytes stream through, headers are followed, three commands are looked into.
#include <algorithm>

#include "net/mysql/capabilities.h"
#include "net/mysql/change_user.h"
#include "net/mysql/command.h"
#include "net/mysql/kill.h"
#include "net/mysql/refusal.h"
#include "net/mysql/session_impl.h"

namespace headgate::mysql {
namespace {

// A semi-sync replica's acknowledgement (MySQL: ReplSemiSyncBase::kPacketMagicNum).
constexpr std::uint8_t kSemiSyncMagic = 0xEF;

// A frame of the compressed protocol around `packet`, which is left as it is: length, sequence, and
// 0 for "not compressed".
Buffer CompressedFrame(const Buffer& packet) {
  Buffer frame = BeginPacket();
  frame.insert(frame.end(), packet.begin(), packet.end());
  EndPacket(frame, 1);
  frame.insert(frame.begin() + kHeaderSize, 3, 0);
  return frame;
}

}  // namespace

void Session::Impl::EnterCommand() {
  // A change-user keeps the session's capabilities, and with them the tracker.
  if (!tracker) tracker.emplace(capabilities, login->request.mariadb_capabilities);
  SetPhase(Phase::kCommand);
}

void Session::Impl::ForgetLogin() {
  if (!login) return;
  login.reset();
  out = Buffer();
}

Action Session::Impl::CommandFromClient(Bytes in) {
  std::size_t at = 0;
  Look look = Look::kPass;
  while (at < in.size() && look == Look::kPass) {
    if (!client_cursor.AtHeader()) {
      at += client_cursor.Skip(in.size() - at);
      continue;
    }
    look = LookAtPacket(in.subspan(at));
    if (look == Look::kPass) at += kHeaderSize;
  }
  if (at > 0) return {.kind = Kind::kForward, .n = at};
  if (look == Look::kSpecial) return Special(in);
  return {.kind = look == Look::kHold ? Kind::kHold : Kind::kWait};
}

Session::Impl::Look Session::Impl::LookAtPacket(Bytes rest) {
  if (rest.size() < kHeaderSize) return Look::kMore;
  const PacketHeader header = ReadHeader(rest);
  Look look = Look::kPass;
  if (client_cursor.Continued()) {
    // part of the packet before it
  } else if (tracker->ClientSendsFile()) {
    if (header.length == 0) tracker->OnFileEnd();
  } else {
    look = LookAtCommand(rest, header);
  }
  if (look == Look::kPass) client_cursor.Begin(header);
  return look;
}

Session::Impl::Look Session::Impl::LookAtCommand(Bytes rest, const PacketHeader& header) {
  if (header.length > 0 && rest.size() == kHeaderSize) return Look::kMore;
  const auto command =
      header.length == 0 ? Command::kSleep : static_cast<Command>(rest[kHeaderSize]);
  if (tracker->Streaming()) {
    const bool acknowledges = header.length > 0 && rest[kHeaderSize] == kSemiSyncMagic;
    return acknowledges || command == Command::kQuit ? Look::kPass : Look::kHold;
  }
  if (command == Command::kChangeUser) return Look::kSpecial;
  if (wants_compression && header.length > 0 && command == Command::kSleep) return Look::kSpecial;
  const bool may_kill = command == Command::kQuery || command == Command::kProcessKill;
  if (may_kill && header.length <= kMaxKillPayload) {
    if (!HasPacket(rest, header)) return Look::kMore;
    if (IsKillOfOurs(rest, header)) return Look::kSpecial;
  }
  switch (tracker->OnCommand(command)) {
    case ResponseTracker::Pass::kPass:
      return Look::kPass;
    case ResponseTracker::Pass::kHold:
      return Look::kHold;
    case ResponseTracker::Pass::kForbidden:
      break;
  }
  return Look::kSpecial;
}

bool Session::Impl::IsKillOfOurs(Bytes rest, const PacketHeader& header) const {
  const auto target =
      FindKill(rest.subspan(kHeaderSize, header.length), (capabilities & kCapQueryAttributes) != 0);
  return target && target->id >= kFirstConnectionId && target->id < kEndConnectionId;
}

Action Session::Impl::Special(Bytes rest) {
  const PacketHeader header = ReadHeader(rest);
  const auto command = static_cast<Command>(rest[kHeaderSize]);
  if (command == Command::kChangeUser) return ChangeUser(rest, header);
  if (command == Command::kSleep) return RefuseCompressed();
  if (AnswerTo(command) != AnswerKind::kForbidden) return Kill(rest, header);
  if (!tracker->Idle()) return {.kind = Kind::kHold};
  return LeaveLoggedIn(Reason::kProtocolError, BuildErr(1, 1047, "08S01", "Unknown command"));
}

// PHP's mysqlnd compresses when told to, whether or not that was offered: its first short frame
// reads as a packet that begins with 0. Passed on, both ends would wait for ever.
Action Session::Impl::RefuseCompressed() {
  return LeaveLoggedIn(
      Reason::kProtocolError,
      CompressedFrame(BuildErr(1, 1105, "08S01", "headgate: compression is off, connect without")));
}

// Asked and sent only when every answer before it is complete: what follows then is its own.
Action Session::Impl::ChangeUser(Bytes rest, const PacketHeader& header) {
  if (tracker->OnCommand(Command::kChangeUser) == ResponseTracker::Pass::kHold) {
    return {.kind = Kind::kHold};
  }
  if (header.length > kMaxLogin) {
    return LeaveLoggedIn(Reason::kOversizedLogin, BuildRefusal(Reason::kOversizedLogin, 1, false));
  }
  if (!HasPacket(rest, header)) return {};
  login = std::make_unique<LoginState>();
  login->reauth = true;
  login->half_close = true;
  login->request.charset = charset;
  if (!ParseChangeUser(rest.subspan(kHeaderSize, header.length), capabilities, login->request)) {
    return LeaveLoggedIn(Reason::kMalformedLogin, BuildRefusal(Reason::kMalformedLogin, 1, false));
  }
  SetPhase(Phase::kReauthAdmission);
  return {.kind = Kind::kAskReauth, .n = kHeaderSize + header.length};
}

Action Session::Impl::SendChangeUser() {
  charset = login->request.charset;
  out = BuildChangeUser(login->request, capabilities);
  SetPhase(Phase::kReauthenticating);
  return {.kind = Kind::kSend, .to = Side::kServer, .bytes = out};
}

Action Session::Impl::Kill(Bytes rest, const PacketHeader& header) {
  const Bytes payload = rest.subspan(kHeaderSize, header.length);
  const std::size_t n = kHeaderSize + header.length;
  const auto target = FindKill(payload, (capabilities & kCapQueryAttributes) != 0);
  if (!target) return {};  // cannot be: IsKillOfOurs saw it in the same bytes
  const std::uint32_t id = options.kill_map ? options.kill_map->BackendId(target->id) : 0;
  if (id == 0) {
    if (!tracker->Idle()) return {.kind = Kind::kHold};  // answers keep their order
    out = BuildErr(1, 1094, "HY000", "Unknown thread id: " + std::to_string(target->id));
    return {.kind = Kind::kSend, .n = n, .to = Side::kClient, .bytes = out};
  }
  const auto command = static_cast<Command>(payload[0]);
  if (tracker->OnCommand(command) != ResponseTracker::Pass::kPass) return {.kind = Kind::kHold};
  out = RewriteKill(payload, *target, id, header.sequence);
  return {.kind = Kind::kSend, .n = n, .to = Side::kServer, .bytes = out};
}

Action Session::Impl::CommandFromServer(Bytes in) {
  const bool file_before = tracker->ClientSendsFile();
  const ResponseTracker::Scan scan = tracker->OnServerBytes(in);
  // Half a command on its way when the server asks for a file: it will read that half as the file.
  const bool torn = !file_before && tracker->ClientSendsFile() && !client_cursor.AtMessage();
  if (torn) return LeaveLoggedIn(Reason::kProtocolError, {});
  if (scan.pass > 0) return {.kind = Kind::kForward, .n = scan.pass};
  if (scan.violation) return LeaveLoggedIn(Reason::kProtocolError, {});
  return {};
}

}  // namespace headgate::mysql
