// The session that only listens: both sides have talked already, in a capture. The server speaks
// first, nothing is rewritten and nobody is answered; what is asked and told, and what would end a
// connection, is as ever.
//
// A capture may miss bytes. In the body of a packet that passes through they are counted and no
// more. Elsewhere the session finds its place again as both sides take turns: behind bytes of the
// server's that are missing nothing of it is looked at until the client's next command; behind
// missing bytes of the client's nothing of it until the server has spoken. From then on what does
// not fit is the capture's fault, not the client's: the connection is opaque.
//
// Of TLS the types of the client's records are seen (RFC 8446, 5.1). Its first application data is
// the end of a handshake of 1.3, or the login itself: until then, or where it never comes, nobody
// has asked to be let in.
#include "net/mysql/refusal.h"
#include "net/mysql/session_impl.h"

namespace headgate::mysql {
namespace {

constexpr std::size_t kRecordHeader = 5;  // type, version, length
constexpr std::uint8_t kChangeCipherSpec = 20, kApplicationData = 23;
constexpr std::uint8_t kTlsVersion = 3;  // the first byte of it, in all there are

}  // namespace

Action Session::Impl::StartWatching() {
  login = std::make_unique<LoginState>();
  SetPhase(Phase::kAwaitServerGreeting);
  return {};
}

// An ERR in its place: the server is full, or does not like the client's address.
Action Session::Impl::WatchGreeting(Bytes payload, std::size_t n) {
  if (payload[0] == kErrByte) {
    SetPhase(Phase::kClosed);
    return {.kind = Kind::kClose, .n = n};
  }
  login->backend = ParseGreeting(payload);
  if (!login->backend) return Lose(Unread::kNotUnderstood);
  backend_id = login->backend->connection_id;
  mariadb = IsMariaDb(*login->backend);
  server_version = VersionOf(*login->backend);
  SetPhase(Phase::kAwaitLogin);
  return {.kind = Kind::kForward, .n = n};
}

// What a server makes of a login: it knows no more than it has offered.
void Session::Impl::WatchLogin() {
  LoginRequest& r = login->request;
  r.capabilities &= login->backend->capabilities | kCapLongPassword | kCapConnectWithDb;
  r.mariadb_capabilities &= login->backend->mariadb_capabilities;
  capabilities = r.capabilities;
  charset = r.charset;
}

Action Session::Impl::WatchTls(std::size_t n) {
  unread = Unread::kTls;
  return {.kind = Kind::kStartTls, .n = n, .to = Side::kClient};
}

// What is no record is waited for in vain, as by a server.
Action Session::Impl::WatchRecords(Bytes in) {
  std::size_t at = 0;
  while (at < in.size()) {
    if (record_left > 0) {
      const std::size_t n = std::min<std::size_t>(record_left, in.size() - at);
      record_left -= static_cast<std::uint32_t>(n);
      at += n;
      continue;
    }
    const Bytes rest = in.subspan(at);
    if (rest.size() < kRecordHeader) break;
    const bool record = rest[0] >= kChangeCipherSpec && rest[1] == kTlsVersion;
    if (record && rest[0] == kApplicationData) break;
    record_left = record ? std::uint32_t{rest[3]} << 8 | rest[4] : UINT32_MAX;
    at += kRecordHeader;
  }
  if (at > 0) return {.kind = Kind::kDiscard, .n = at};
  return in.size() < kRecordHeader ? Action{} : Lose(Unread::kTls);
}

Action Session::Impl::WatchAdmitted() {
  if (unread == Unread::kNo) {
    SetPhase(Phase::kAuthenticating);
    return {};
  }
  SetPhase(Phase::kOpaque);
  return {.kind = Kind::kLoginOk};
}

// The OK to a login. What follows it is compressed where both can do that.
Action Session::Impl::WatchLoginOk() {
  if (!login->reauth && (capabilities & (kCapCompress | kCapZstd)) != 0) {
    unread = Unread::kCompressed;
    SetPhase(Phase::kOpaque);
  }
  return {.kind = Kind::kLoginOk};
}

// Not understood from here on. Who has not logged in yet is taken for somebody without a name.
Action Session::Impl::Lose(Unread why) {
  switch (phase) {
    case Phase::kAwaitServerGreeting:
    case Phase::kAwaitLogin:
      unread = WatchesTls() ? Unread::kTls : why;
      login->request = {};
      SetPhase(Phase::kAwaitAdmission);
      return {.kind = Kind::kAskAdmission};
    case Phase::kAuthenticating:
    case Phase::kReauthenticating:
      unread = why;
      SetPhase(Phase::kOpaque);
      return login->told_ok ? Action{} : Action{.kind = Kind::kLoginOk};
    case Phase::kCommand:
      unread = why;
      AbandonAnswers();
      SetPhase(Phase::kOpaque);
      return {};
    default:
      return {};
  }
}

// Answers whose end will not be seen are told as they are.
void Session::Impl::AbandonAnswers() {
  while (const auto answer = tracker->Abandon()) {
    if (answer->to.command == Command::kStmtPrepare && prepared) prepared->OnPrepareFailed();
    Tell(answer->facts);
  }
  client_cursor = {};
  turn = Turn::kNone;
  look = inspect;
  long_data_id = 0;
}

Action Session::Impl::OnMissing(Side side, std::size_t unconsumed, std::uint64_t n) {
  if (phase == Phase::kOpaque || phase == Phase::kOrphaned || phase == Phase::kClosed) return {};
  const bool client = side == Side::kClient;
  if (WatchesTls() && (!client || (unconsumed == 0 && n <= record_left))) {
    if (client) record_left -= static_cast<std::uint32_t>(n);
    return {};
  }
  if (phase != Phase::kCommand) return Lose(Unread::kMissing);
  if (resync == Resync::kNo && unconsumed == 0) {
    if (client ? client_cursor.SkipMissing(n) : tracker->SkipMissing(n)) {
      if (client) tracker->OnRequestBytes(n);
      return {};
    }
  }
  const bool half_asked = !client && !client_cursor.AtMessage();
  lossy = true;
  AbandonAnswers();
  resync = client || half_asked ? Resync::kServersTurn : Resync::kCommand;
  return {.kind = Kind::kDiscard, .n = unconsumed};
}

Action Session::Impl::ResyncFromServer(Bytes in) {
  if (in.empty()) return {};
  if (resync == Resync::kServersTurn) resync = Resync::kCommand;
  return {.kind = Kind::kDiscard, .n = in.size()};
}

Action Session::Impl::ResyncFromClient(Bytes in) {
  if (resync == Resync::kServersTurn) {
    return in.empty() ? Action{} : Action{.kind = Kind::kDiscard, .n = in.size()};
  }
  if (in.size() <= kHeaderSize) return {};
  const PacketHeader header = ReadHeader(in);
  const bool command = header.sequence == 0 && header.length > 0 &&
                       AnswerTo(CommandOf(in, header)) != AnswerKind::kForbidden;
  if (!command) return Lose(Unread::kNotUnderstood);
  resync = Resync::kNo;
  return CommandFromClient(in);
}

Action Session::OnMissing(Side side, std::size_t unconsumed, std::uint64_t n) {
  return impl_->OnMissing(side, unconsumed, n);
}

Action Session::GiveUp() { return impl_->Lose(Unread::kNotUnderstood); }

Unread Session::unread() const { return impl_->unread; }

}  // namespace headgate::mysql
