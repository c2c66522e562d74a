// The deeds of a relay: what each Action means for the sockets and for the engine's books.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "net/address_text.h"
#include "net/clock.h"
#include "net/relay.h"
#include "net/worker.h"

namespace headgate::net {
namespace {

// For ending a login at the backend politely, one round trip.
constexpr Duration kFinishingTime = std::chrono::seconds(2);
// Clients can cause such lines at will.
constexpr Rate kSourceNews{1.0 / 60, 1};

}  // namespace

void Relay::Perform(const Action& action) {
  using Kind = Action::Kind;
  switch (action.kind) {
    case Kind::kWait:
    case Kind::kHold:
    case Kind::kForward:  // done by Feed(), which has the input
    case Kind::kDiscard:
      return;
    case Kind::kAskCommand:
      return Decide(worker_.engine().OnCommand(*ticket_, session_.command(), Now()));
    case Kind::kSend:
      return leg(action.to).Send(action.bytes);
    case Kind::kAskAdmission:
      return AskEngine(/*reauthentication=*/false);
    case Kind::kAskReauth:
      return AskEngine(/*reauthentication=*/true);
    case Kind::kStartTls:
      return StartTls(action.to);
    case Kind::kOpenBackend:
      return OpenBackend();
    case Kind::kLoginOk:
      return OnLoginOk();
    case Kind::kLoginFailed:
      return OnLoginFailed(action.failure);
    case Kind::kShutdownServer:
      return ShutdownServer(action);
    case Kind::kClose:
      return Close(action);
  }
}

void Relay::AskEngine(bool reauthentication) {
  const LoginClaim claim{session_.claimed_user(), session_.claimed_database(), *subject_};
  Engine& engine = worker_.engine();
  const Verdict verdict = reauthentication ? engine.OnChangeUser(*ticket_, claim, Now())
                                           : engine.OnLogin(*ticket_, claim, Now());
  if (verdict.kind == Verdict::Kind::kWait) return;
  Admit(verdict.kind == Verdict::Kind::kAdmit, verdict.reason);
}

void Relay::Admit(bool admitted, Reason reason) {
  if (admitted) {
    if (backend_ == nullptr) backend_ = &worker_.shared().backends->current();
    SetStatementLimit();
    if (worker_.PlainBackendWillDo(*backend_)) session_.AllowPlainBackend();
  } else {
    engine_said_ = reason;
  }
  Event(session_.OnAdmission(admitted, reason));
}

// Where nobody can kill, the server is told to keep the deadline. MariaDB's own limit ends writes
// too, so it is only used where they are meant as well.
void Relay::SetStatementLimit() {
  StatementLimit limit;
  if (!backend_->monitor().up()) limit = worker_.engine().LimitOf(*ticket_);
  if (limit.deadline > Duration::zero() && !limit.all) {
    const GreetingPtr greeting = backend_->greeting();
    const bool selects_only =
        greeting != nullptr && greeting->server_version.find("MariaDB") == std::string::npos;
    if (!selects_only) limit.deadline = Duration::zero();
  }
  session_.SetStatementLimit(limit.deadline);
}

void Relay::OpenBackend() {
  if (!backend_->may_connect()) {
    link_ = Link::kEnded;
    return Event(session_.OnBackendFailed());
  }
  if (IsOnServersHost()) {
    link_ = Link::kEnded;
    SaySourceTrouble(
        "that is the server's own, which takes no packets from itself out of the wire: "
        "clients on the server's host cannot come through a transparent gate");
    return Event(session_.OnBackendFailed());
  }
  const bool needs_tls = client_.tls() != nullptr && !worker_.PlainBackendWillDo(*backend_);
  if (needs_tls && !backend_->may_start_tls(Now())) {
    link_ = Link::kEnded;
    return Event(session_.OnTlsFailed(Side::kServer, Reason::kBackendTls));
  }
  link_ = Link::kConnecting;
  login_deadline_ = Now() + worker_.engine().limits()->login.deadline;
  connector_ = std::make_unique<Connector>(
      worker_.loop(), backend_->addresses(), HeaderForBackend(),
      [this](LoopSocket socket, int error) { OnConnected(std::move(socket), error); },
      ClientSource());
  connector_->Start();
}

std::string Relay::HeaderForBackend() {
  const ProxyHeader version = worker_.shared().options.proxy_to_backend;
  std::optional<ProxiedPair> pair;
  if (version != ProxyHeader::kOff && client_.open()) {
    const Endpoint reached = destination_ ? *destination_ : LocalEndpoint(client_.fd());
    pair = ProxiedPair{peer_, reached, ClientTls()};
  }
  return ProxyHeaderBytes(version, pair);
}

void Relay::OnConnected(LoopSocket socket, int error) {
  connector_.reset();
  if (socket.open() && server_.Open(std::move(socket))) {
    link_ = Link::kOpen;
    return Event(session_.OnBackendConnected());
  }
  if (!Connector::IsOurOwn(error)) {
    NoteNoGreeting(BackendFailure::kRefused, std::strerror(error));
  } else if (ClientSource()) {
    SaySourceTrouble(error == EADDRNOTAVAIL
                         ? "it cannot be had here, or the server has none of its family"
                         : std::strerror(error));
  }
  link_ = Link::kEnded;
  Event(session_.OnBackendFailed());
}

void Relay::NoteGreeted() {
  greeted_ = true;
  greeted_at_ = Now();
  const std::uint32_t id = session_.backend_connection_id();
  kill_.SetBackendId(backend_->index(), id);
  if (link_ == Link::kOpen) live_ = backend_->live_ids().Hold(id);
  backend_->NoteReached();
}

void Relay::NoteNoGreeting(BackendFailure how, const std::string& detail) {
  if (session_.backend_connection_id() != 0) return;
  if (!ClientSource()) return backend_->NoteFailure(how, detail);
  SaySourceTrouble(detail +
                   "; where the server is up, its answers to that address do not come back "
                   "through this host: docs/transparent.md");
  backend_->NoteDoubt();
}

// What the backend is connected to from, when not from this host's own address. A client that came
// over loopback is this host, and nobody elsewhere could answer it.
std::optional<Address> Relay::ClientSource() const {
  const bool own = !worker_.shared().options.transparent || peer_.address.IsLoopback();
  return own ? std::nullopt : std::optional(peer_.address);
}

bool Relay::IsOnServersHost() const {
  if (!ClientSource()) return false;
  const auto& servers = backend_->addresses();
  return std::any_of(servers.begin(), servers.end(), [this](const SocketAddress& server) {
    return ToEndpoint(server).address == peer_.address;
  });
}

void Relay::SaySourceTrouble(const std::string& what) {
  GateShared& shared = worker_.shared();
  if (!shared.options.on_event || !shared.source_news.Take(kSourceNews, Now())) return;
  shared.options.on_event("transparent: no connection to " + backend_->name() +
                              " from the client's address " + ToText(peer_.address) + ": " + what,
                          /*warning=*/true);
}

// Of a connection of ours at this one's backend.
std::uint32_t Relay::BackendId(std::uint32_t our_id) const {
  if (backend_ == nullptr) return 0;
  return worker_.shared().kill_map.BackendId(backend_->index(), our_id);
}

void Relay::NoteTime() {
  if (!logged_in_) session_.NoteTime(Now());
}

// Before the login's end gives its place in the lane to the next.
void Relay::TellSlowLogin() {
  if (logged_in_) return;  // a change of user
  const Time now = Now();
  if (session_.client_waited(now) <= Engine::kSlowLogin) return;
  worker_.engine().OnSlowLogin(*ticket_, now);
}

void Relay::OnLoginOk() {
  TellSlowLogin();
  const mysql::Greeting* greeting = session_.backend_greeting();
  if (greeting != nullptr) backend_->Learn(*greeting);
  logged_in_ = true;
  if (worker_.shared().options.tls.mode == TlsMode::kPassthrough) {
    worker_.engine().OnOpaque(*ticket_, Now());
  } else {
    worker_.engine().OnLoginOk(*ticket_, Now());
  }
}

void Relay::OnLoginFailed(LoginFailure failure) {
  TellSlowLogin();
  const Time now = Now();
  if (failure == LoginFailure::kBackendFull) backend_->NoteReached();  // it lives
  // From a client's address that says nothing of the server: the probe does (NoteNoGreeting).
  if (failure == LoginFailure::kUnreachable && ClientSource()) {
    failure = LoginFailure::kBackendRefused;
  }
  if (failure == LoginFailure::kServerError && link_ == Link::kOpen) {
    NoteNoGreeting(BackendFailure::kNoHandshake, "what it says first is no greeting");
  }
  if (session_.upset_server()) {
    // An empty bucket is what StartRelay() goes by.
    static_cast<void>(worker_.shared().handshake_errors.Take(kHandshakeErrors, now));
  }
  worker_.engine().OnLoginFailed(*ticket_, failure, now);
}

void Relay::ShutdownServer(const Action& action) {
  CountEnd(action.reason);
  if (!delivering()) LetClientGo(action.bytes);
  server_.ShutdownAfterFlush();
}

// Passes on what the server said to a client that has finished, past the session.
void Relay::Deliver() {
  client_.Send(server_.input());
  server_.Drop(server_.input().size());
  SetDeadline(Now() + kDeliveryStall);
}

// A backend still open here is an orphan like any other: its slot is free at its FIN.
void Relay::Close(const Action& action) {
  session_over_ = true;
  CountEnd(action.reason);
  LetClientGo(action.bytes);
  if (connector_ != nullptr) {
    connector_.reset();
    link_ = Link::kEnded;
  }
  server_.ShutdownAfterFlush();
}

void Relay::CountEnd(Reason reason) {
  if (reason == Reason::kNone || engine_said_ != Reason::kNone) return;
  worker_.engine().Count(*ticket_, reason, Now());
}

void Relay::LetClientGo(mysql::Bytes last_words) {
  if (client_.open()) {
    client_.Send(last_words);
    const bool reachable = !client_.broken();
    Parting parting = client_.Release();
    if (reachable) worker_.SayFarewell(std::move(parting));
  }
  NoteClientGone();
}

void Relay::NoteClientGone() {
  if (std::exchange(client_gone_, true)) return;
  holding_ = false;
  ForgetTls();
  kill_.Release();
  if (link_ != Link::kEnded) worker_.engine().OnClientGone(*ticket_, Now());
}

void Relay::PhaseChanged() {
  phase_ = session_.phase();
  const bool swept = phase_ == mysql::Phase::kCommand || phase_ == mysql::Phase::kOpaque;
  if (swept) worker_.NeedSweeps();
  // A command may have been held since, which has a time of its own.
  if (!holding_) SetDeadline(DeadlineOf(phase_, Now()));
}

Time Relay::DeadlineOf(mysql::Phase phase, Time now) const {
  using mysql::Phase;
  switch (phase) {
    case Phase::kGreeting:
    case Phase::kAwaitLogin:
      return accepted_ + worker_.engine().PendingDeadline(*ticket_);
    case Phase::kConnecting:
    case Phase::kAwaitServerGreeting:
    case Phase::kServerTls:
    case Phase::kFirstPacket:
    case Phase::kAuthenticating:
      return login_deadline_;
    case Phase::kReauthenticating:
      return now + worker_.engine().limits()->login.deadline;
    case Phase::kFinishing:
      return now + kFinishingTime;
    case Phase::kAwaitAdmission:  // the engine's waiting room has its own
    case Phase::kReauthAdmission:
    case Phase::kCommand:
    case Phase::kOpaque:
    case Phase::kClosed:
      return kNever;
    case Phase::kOrphaned:
      return delivering() ? now + kDeliveryStall : kNever;
  }
  return kNever;
}

void Relay::SetDeadline(Time when) {
  worker_.MoveDeadline(id_.serial, deadline_, when);
  deadline_ = when;
}

bool Relay::RemoveIfOver() {
  if (link_ == Link::kConnecting || link_ == Link::kOpen || !session_over_) {
    return false;
  }
  Detach();
  worker_.Remove(id_.serial);
  return true;
}

void Relay::Detach() {
  if (std::exchange(detached_, true)) return;
  session_over_ = true;
  SetDeadline(kNever);
  connector_.reset();
  client_.Close();
  server_.Close();
  ForgetTls();
  live_.Release();
  kill_.Release();
  if (link_ != Link::kNone) worker_.engine().OnBackendEnded(*ticket_, Now());
  ticket_.reset();
}

}  // namespace headgate::net
