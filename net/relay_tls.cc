// TLS of a relay: begun where the session says, gone on with whenever a socket is ready, and ended
// in one of three ways that the session is told of.
#include <string>
#include <utility>

#include "net/clock.h"
#include "net/relay.h"
#include "net/worker.h"

namespace headgate::net {

void Relay::StartTls(Side side) { side == Side::kClient ? StartClientTls() : StartServerTls(); }

// What a handshake costs the gate is many times what it costs the client.
void Relay::StartClientTls() {
  const Verdict verdict = worker_.engine().OnTlsHandshake(*ticket_, Now());
  if (verdict.kind == Verdict::Kind::kRefuse) {
    engine_said_ = verdict.reason;
    return Event(session_.OnTlsFailed(Side::kClient, verdict.reason));
  }
  const TlsContextPtr& context = worker_.tls();
  auto tls = context == nullptr ? nullptr : context->Accept(client_.fd());
  if (tls == nullptr) return OnTlsFailed(Side::kClient, Reason::kTlsFailed);
  client_.StartTls(std::move(tls));
}

void Relay::StartServerTls() {
  const TlsContextPtr& context = worker_.tls();
  auto tls = context == nullptr ? nullptr : context->Connect(server_.fd(), backend_->host());
  if (tls == nullptr) return OnTlsFailed(Side::kServer, Reason::kBackendTls);
  server_.StartTls(std::move(tls));
}

void Relay::GoOnWithTls(Side side) {
  using Step = TlsChannel::Step;
  switch (leg(side).Handshake()) {
    case Step::kDone:
      OnTlsDone(side);
      break;
    case Step::kWantsRead:
    case Step::kWantsWrite:
      break;
    case Step::kFin:
      if (side == Side::kClient) return OnClientFin();
      backend_->NoteTlsFailure("it ends the connection instead", Now());
      return OnServerEnd();
    case Step::kFailed:
      OnTlsFailed(side, WhyTlsFailed(side));
      break;
  }
  Settle();
}

// A client that does not trust our certificate is not to blame for it.
Reason Relay::WhyTlsFailed(Side side) const {
  if (side == Side::kServer) return Reason::kBackendTls;
  return client_.tls()->refused_by_peer() ? Reason::kTlsRefused : Reason::kTlsFailed;
}

void Relay::OnTlsDone(Side side) {
  if (side == Side::kServer) {
    std::string why;
    if (server_.tls()->trusted(why)) {
      return Event(session_.OnTlsEstablished(side));
    }
    backend_->NoteTlsFailure("its certificate is not trusted: " + why, Now());
    return Event(session_.OnTlsUntrusted());
  }
  TlsCounts& counts = worker_.shared().tls_counts;
  TlsFacts facts = client_.tls()->facts();
  counts.handshakes.fetch_add(1, std::memory_order_relaxed);
  counts.resumed.fetch_add(facts.resumed ? 1 : 0, std::memory_order_relaxed);
  counts.sessions.fetch_add(1, std::memory_order_relaxed);
  tls_counted_ = true;
  if (!facts.subject.empty()) subject_.Use() = std::move(facts.subject);
  Event(session_.OnTlsEstablished(side));
}

void Relay::OnTlsFailed(Side side, Reason reason) {
  if (side == Side::kServer && backend_ != nullptr) {
    const TlsChannel* tls = server_.tls();
    backend_->NoteTlsFailure(tls == nullptr ? "it has no name to verify" : tls->error(), Now());
  }
  if (!session_over_) Event(session_.OnTlsFailed(side, reason));
}

std::optional<ProxiedTls> Relay::ClientTls() const {
  if (client_.tls() == nullptr) return std::nullopt;
  TlsFacts facts = client_.tls()->facts();
  return ProxiedTls{std::move(facts.version), std::move(facts.cipher), !facts.subject.empty(),
                    std::move(facts.common_name)};
}

void Relay::ForgetTls() {
  if (!std::exchange(tls_counted_, false)) return;
  worker_.shared().tls_counts.sessions.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace headgate::net
