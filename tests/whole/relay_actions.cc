// The deeds of a simulated relay, after net/relay_actions.cc.
#include <string>

#include "tests/whole/gate.h"
#include "tests/whole/relay.h"

namespace headgate::whole {
namespace {

using mysql::Phase;

constexpr Duration kFinishingTime = std::chrono::seconds(2);
constexpr Duration kDeliveryStall = std::chrono::seconds(60);

}  // namespace

void Relay::Perform(const Action& action) {
  using Kind = Action::Kind;
  if (action.reason != Reason::kNone) ++ends_;
  switch (action.kind) {
    case Kind::kWait:
    case Kind::kHold:
    case Kind::kForward:
    case Kind::kDiscard:
      return;
    case Kind::kAskCommand:
      return Decide(gate_.engine().OnCommand(*ticket_, session_.command(), now()));
    case Kind::kSend:
      return leg(action.to).Send(action.bytes);
    case Kind::kAskAdmission:
      return AskEngine(/*reauthentication=*/false);
    case Kind::kAskReauth:
      return AskEngine(/*reauthentication=*/true);
    case Kind::kStartTls:
      return gate_.Fail("TLS where none was offered");
    case Kind::kOpenBackend:
      return OpenBackend();
    case Kind::kLoginOk:
      TellSlowLogin();
      logged_in_ = true;
      gate_.Tell(*this, "is logged in");
      return gate_.engine().OnLoginOk(*ticket_, now());
    case Kind::kLoginFailed:
      return OnLoginFailed(action.failure);
    case Kind::kShutdownServer:
      return ShutdownServer(action);
    case Kind::kClose:
      return Close(action);
  }
}

void Relay::CheckMayReachServer(const char* what) {
  if (!admitted_) gate_.Fail(std::string(what) + " to the server for somebody never let in");
  if (link_ != Link::kOpen) gate_.Fail(std::string(what) + " to a server that is not there");
}

void Relay::AskEngine(bool reauthentication) {
  const LoginClaim claim{session_.claimed_user(), session_.claimed_database()};
  Engine& engine = gate_.engine();
  const Verdict verdict = reauthentication ? engine.OnChangeUser(*ticket_, claim, now())
                                           : engine.OnLogin(*ticket_, claim, now());
  gate_.NoteVerdict(*this, verdict, reauthentication);
  if (verdict.kind == Verdict::Kind::kWait) return;
  Admit(verdict.kind == Verdict::Kind::kAdmit, verdict.reason);
}

void Relay::Admit(bool admitted, Reason reason) {
  if (admitted) {
    admitted_ = true;
    StatementLimit limit;
    if (!gate_.monitor_up()) limit = gate_.engine().LimitOf(*ticket_);
    if (!limit.all && !gate_.limits_selects_only()) limit.deadline = Duration::zero();
    session_.SetStatementLimit(limit.deadline);
  } else {
    engine_said_ = reason;
  }
  Event(session_.OnAdmission(admitted, reason));
}

void Relay::OpenBackend() {
  if (!gate_.may_connect()) {
    link_ = Link::kEnded;
    return Event(session_.OnBackendFailed());
  }
  link_ = Link::kConnecting;
  login_deadline_ = now() + gate_.engine().limits()->login.deadline;
  given_up_ = std::make_shared<bool>(false);
  gate_.server().Connect(given_up_, [this](Socket* socket) {
    if (!*given_up_) return OnConnected(socket);
    if (socket != nullptr) socket->Reset();
  });
}

void Relay::OnConnected(Socket* socket) {
  if (socket != nullptr) {
    server_.Open(socket, [this] { OnLeg(Side::kServer); });
    link_ = Link::kOpen;
    return Event(session_.OnBackendConnected());
  }
  NoteNoGreeting(BackendFailure::kRefused);
  link_ = Link::kEnded;
  Event(session_.OnBackendFailed());
}

void Relay::NoteGreeted() {
  greeted_ = true;
  greeted_at_ = now();
  gate_.NoteReached();
}

void Relay::NoteNoGreeting(BackendFailure how) {
  if (session_.backend_connection_id() == 0) gate_.NoteFailure(how);
}

void Relay::NoteTime() {
  if (!logged_in_) session_.NoteTime(now());
}

void Relay::TellSlowLogin() {
  if (logged_in_ || session_.client_waited(now()) <= Engine::kSlowLogin) return;
  gate_.Tell(*this, "has left its login waiting");
  gate_.engine().OnSlowLogin(*ticket_, now());
}

void Relay::OnLoginFailed(LoginFailure failure) {
  TellSlowLogin();
  gate_.Tell(*this, "its login fails");
  if (failure == LoginFailure::kBackendFull) gate_.NoteReached();
  if (failure == LoginFailure::kServerError && link_ == Link::kOpen) {
    NoteNoGreeting(BackendFailure::kNoHandshake);
  }
  gate_.engine().OnLoginFailed(*ticket_, failure, now());
}

void Relay::ShutdownServer(const Action& action) {
  CountEnd(action.reason);
  if (!delivering()) LetClientGo(action.bytes);
  server_.ShutdownAfterFlush();
}

void Relay::Deliver() {
  client_.Send(server_.input());
  server_.Drop(server_.input().size());
  SetDeadline(now() + kDeliveryStall);
}

void Relay::Close(const Action& action) {
  session_over_ = true;
  CountEnd(action.reason);
  LetClientGo(action.bytes);
  if (link_ == Link::kConnecting) {
    *given_up_ = true;
    link_ = Link::kEnded;
  }
  server_.ShutdownAfterFlush();
}

void Relay::CountEnd(Reason reason) {
  if (reason == Reason::kNone || engine_said_ != Reason::kNone) return;
  gate_.engine().Count(*ticket_, reason, now());
}

void Relay::LetClientGo(mysql::Bytes last_words) {
  if (client_.open()) {
    client_.Send(last_words);
    const bool reachable = !client_.broken();
    const Parting parting = client_.Release();
    reachable ? gate_.SayFarewell(parting) : parting.socket->Close();
  }
  NoteClientGone();
}

void Relay::NoteClientGone() {
  if (std::exchange(client_gone_, true)) return;
  gate_.Tell(*this, "its client is gone");
  holding_ = false;
  if (link_ != Link::kEnded) gate_.engine().OnClientGone(*ticket_, now());
}

void Relay::PhaseChanged() {
  phase_ = session_.phase();
  if (phase_ == Phase::kCommand) gate_.NeedSweeps();
  if (!holding_) SetDeadline(DeadlineOf(phase_));
}

Time Relay::DeadlineOf(Phase phase) const {
  switch (phase) {
    case Phase::kGreeting:
    case Phase::kAwaitLogin:
      return accepted_ + gate_.engine().PendingDeadline(*ticket_);
    case Phase::kConnecting:
    case Phase::kAwaitServerGreeting:
    case Phase::kServerTls:
    case Phase::kFirstPacket:
    case Phase::kAuthenticating:
      return login_deadline_;
    case Phase::kReauthenticating:
      return now() + gate_.engine().limits()->login.deadline;
    case Phase::kFinishing:
      return now() + kFinishingTime;
    case Phase::kAwaitAdmission:
    case Phase::kReauthAdmission:
    case Phase::kCommand:
    case Phase::kOpaque:
    case Phase::kClosed:
      return kNever;
    case Phase::kOrphaned:
      return delivering() ? now() + kDeliveryStall : kNever;
  }
  return kNever;
}

void Relay::SetDeadline(Time when) {
  deadline_ = when;
  if (when != kNever) gate_.DueAt(*this, when);
}

bool Relay::RemoveIfOver() {
  if (link_ == Link::kConnecting || link_ == Link::kOpen || !session_over_) return false;
  Detach();
  gate_.Remove(*this);
  return true;
}

void Relay::Detach() {
  if (std::exchange(detached_, true)) return;
  session_over_ = true;
  SetDeadline(kNever);
  client_.Close();
  server_.Close();
  if (link_ != Link::kNone) gate_.engine().OnBackendEnded(*ticket_, now());
  ticket_.reset();
  gate_.NoteEnded(*this);
  if (ends_ != 1) gate_.Fail("it ended for " + std::to_string(ends_) + " reasons");
}

}  // namespace headgate::whole
