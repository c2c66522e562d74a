// The session that understands nothing: TLS is between the client and the server, so all that can
// be limited is who gets a connection, and how long it may say nothing.
#include "net/mysql/refusal.h"
#include "net/mysql/session_impl.h"

namespace headgate::mysql {

// The server's greeting holds the salt that the client's answer is about, so the server has to be
// asked before the client is: a slot by its address alone.
Action Session::Impl::StartPassthrough() {
  login = std::make_unique<LoginState>();
  SetPhase(Phase::kAwaitAdmission);
  return {.kind = Kind::kAskAdmission};
}

Action Session::Impl::PassGreeting(Bytes payload, std::size_t n) {
  login->backend = ParseGreeting(payload);
  if (!login->backend) {
    return EndNow(LoginFailure::kServerError, Reason::kBackendRefused,
                  Words(Reason::kBackendRefused), n);
  }
  backend_id = login->backend->connection_id;
  SetPhase(Phase::kFirstPacket);
  return {.kind = Kind::kForward, .n = n};
}

// The last thing that can be told from garbage: a request for TLS, or a login.
Action Session::Impl::FirstPacket(Bytes in) {
  if (login->told_ok) {
    const std::size_t n = kHeaderSize + ReadHeader(in).length;
    login.reset();
    SetPhase(Phase::kOpaque);
    return {.kind = Kind::kForward, .n = n};
  }
  if (in.size() < kHeaderSize) return {};
  const PacketHeader header = ReadHeader(in);
  login->client_sequence = header.sequence;
  if (header.length > kMaxLogin)
    return EndUnlogged(LoginFailure::kMalformed, Reason::kOversizedLogin);
  if (header.sequence != 1 || header.length == 0)
    return EndUnlogged(LoginFailure::kMalformed, Reason::kMalformedLogin);
  if (!HasPacket(in, header)) return {};
  const LoginParse parse = ParseLogin(in.subspan(kHeaderSize, header.length), login->request);
  if (parse == LoginParse::kMalformed)
    return EndUnlogged(LoginFailure::kMalformed, Reason::kMalformedLogin);
  login->told_ok = true;
  return {.kind = Kind::kLoginOk};
}

// The server still waits for a login: it gets one of nobody's, so that it counts no error.
Action Session::Impl::EndUnlogged(LoginFailure failure, Reason reason) {
  if (login->told_ok) return LeaveLoggedIn(reason, {});
  static_cast<void>(Finish(failure, reason, 0));
  LeaveAsNobody();
  return {.kind = Kind::kSend, .to = Side::kServer, .bytes = LoginPacket()};
}

Action Session::Impl::PassOn(Bytes in) {
  return in.empty() ? Action{} : Action{.kind = Kind::kForward, .n = in.size()};
}

}  // namespace headgate::mysql
