// TLS, as far as the protocol knows of it: who asks for it when, and what follows from its end.
#include "net/mysql/capabilities.h"
#include "net/mysql/refusal.h"
#include "net/mysql/session_impl.h"

namespace headgate::mysql {

// What is behind the request is TLS already, or an attack on it: the handshake tells them apart.
Action Session::Impl::StartClientTls(std::size_t n) {
  client_tls = true;
  login->request = {};
  return {.kind = Kind::kStartTls, .n = n, .to = Side::kClient};
}

// TLS if and only if the client has it: a plain client would get past REQUIRE SSL otherwise, and
// one with TLS may say its password in clear.
bool Session::Impl::NeedsServerTls() const {
  return client_tls && !plain_backend && (login->backend->capabilities & kCapSsl) != 0;
}

Action Session::Impl::AskServerForTls(std::size_t n) {
  out = BuildSslRequest(login->request, *login->backend);
  login->tls_due = true;
  login->asked_for_tls = true;
  SetPhase(Phase::kServerTls);
  return {.kind = Kind::kSend, .n = n, .to = Side::kServer, .bytes = out};
}

Action Session::Impl::StartServerTls() {
  login->tls_due = false;
  return {.kind = Kind::kStartTls, .to = Side::kServer};
}

Action Session::Impl::LoginByTls() {
  server_tls = true;
  if (phase == Phase::kFinishing) LeaveAsNobody();
  if (phase == Phase::kServerTls) SetPhase(Phase::kAuthenticating);
  return {.kind = Kind::kSend, .to = Side::kServer, .bytes = LoginPacket()};
}

// In kFinishing the client has left, for a reason of its own.
Action Session::Impl::ServerTlsFailed() {
  login->upset_server = phase != Phase::kConnecting;  // then it was not even tried
  if (phase == Phase::kFinishing) {
    return EndNow(login->failure, login->reason, std::move(login->last_words), 0);
  }
  return EndNow(LoginFailure::kServerError, Reason::kBackendTls, Words(Reason::kBackendTls), 0);
}

// Behind a request for TLS the server goes by the capabilities in that one, and takes a login with
// others for a broken one.
void Session::Impl::LeaveAsNobody() {
  LoginRequest nobody = ProbeLogin(*login->backend);
  if (login->asked_for_tls) {
    login->request.user = std::move(nobody.user);
    login->request.database.clear();
    login->request.attributes.clear();
  } else {
    login->request = std::move(nobody);
  }
}

void Session::AllowPlainBackend() { impl_->plain_backend = true; }

Action Session::OnTlsEstablished(Side side) {
  Impl& s = *impl_;
  const bool waits = s.phase == Phase::kServerTls || s.phase == Phase::kFinishing;
  return side == Side::kServer && waits && !s.ending() ? s.LoginByTls() : Action{};
}

Action Session::OnTlsUntrusted() {
  Impl& s = *impl_;
  if (s.phase == Phase::kServerTls) {
    static_cast<void>(s.Finish(LoginFailure::kServerError, Reason::kBackendTls, 0));
  }
  return OnTlsEstablished(Side::kServer);
}

Action Session::OnTlsFailed(Side side, Reason reason) {
  Impl& s = *impl_;
  if (side == Side::kClient) {
    s.SetPhase(Phase::kClosed);
    return {.kind = Action::Kind::kClose, .reason = reason};
  }
  return s.ending() ? s.NextOfEnd(0) : s.ServerTlsFailed();
}

}  // namespace headgate::mysql
