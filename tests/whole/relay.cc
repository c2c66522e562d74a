#include "tests/whole/relay.h"

#include <string>

#include "tests/whole/gate.h"

namespace headgate::whole {
namespace {

using mysql::Phase;

Reason LimitBehind(Phase phase) {
  switch (phase) {
    case Phase::kGreeting:
    case Phase::kAwaitLogin:
      return Reason::kPendingDeadline;
    case Phase::kFirstPacket:
    case Phase::kAuthenticating:
    case Phase::kReauthenticating:
      return Reason::kLoginDeadline;
    default:
      return Reason::kNone;
  }
}

// By the session's contract, with one read.
constexpr std::size_t kClientInput = std::size_t{64} * 1024 + 4 + kOneRead;
constexpr std::size_t kServerInput = std::size_t{16} * 1024 + 4 + kOneRead;
// One read, and what the gate says itself beside it.
constexpr std::size_t kUnsent = kOneRead + std::size_t{32} * 1024;
constexpr std::size_t kHeldForLogin = std::size_t{8} * 1024;

}  // namespace

Relay::Relay(Gate& gate, ConnectionId id, const Address& peer, TicketPtr ticket,
             mysql::SessionOptions options)
    : gate_(gate),
      id_(id),
      peer_(peer),
      accepted_(gate.now()),
      ticket_(std::move(ticket)),
      session_(std::move(options)) {}

Time Relay::now() const { return gate_.now(); }

void Relay::Start(Socket* client) {
  client_.Open(client, [this] { OnLeg(Side::kClient); });
  Event(session_.Start());
}

void Relay::Event(const Action& first) {
  Perform(first);
  NoteTime();
  if (polling_) return;
  Poll();
  Settle();
}

void Relay::Poll() {
  polling_ = true;
  bool acted = true;
  while (acted) {
    acted = Feed(Side::kServer);
    acted |= Feed(Side::kClient);
  }
  polling_ = false;
}

bool Relay::Feed(Side side) {
  Leg& from = leg(side);
  bool acted = false;
  while (!session_over_ && (side == Side::kServer || ListensToClient())) {
    const Action action = side == Side::kClient ? session_.OnClientBytes(from.input())
                                                : session_.OnServerBytes(from.input());
    from.held = action.kind == Action::Kind::kHold;
    if (from.held || action.kind == Action::Kind::kWait) break;
    acted = true;
    if (action.n > from.input().size()) return gate_.Fail("more is dropped than there is"), false;
    if (action.kind == Action::Kind::kForward) {
      if (side == Side::kClient) CheckMayReachServer("forward");
      leg(Other(side)).Send(from.input().first(action.n));
      if (action.last) server_.ShutdownAfterFlush();
    }
    if (action.kind == Action::Kind::kSend && action.to == Side::kServer) {
      CheckMayReachServer("send");
    }
    // What an action points to is the session's, or this input's.
    const std::string bytes(mysql::AsText(action.bytes));
    Action done = action;
    done.bytes = mysql::AsBytes(bytes);
    from.Drop(action.n);
    Perform(done);
    NoteTime();
    TellAnswers();
  }
  return acted;
}

void Relay::Settle() {
  if (detached_) return;
  if (!greeted_ && session_.backend_connection_id() != 0) NoteGreeted();
  if (phase_ != session_.phase()) PhaseChanged();
  TellLongData();
  WatchProgress();
  if (detached_) return;
  CheckBounds();
  if (client_.broken() && client_.open()) return OnClientEnd();
  if (RemoveIfOver()) return;
  Arm(Side::kClient);
  Arm(Side::kServer);
}

bool Relay::WantsToRead(Side side) const {
  if (side == Side::kClient && (answers_owed_ || client_.blocked())) return false;
  if (side == Side::kServer && discarding()) return true;
  return !leg(side).held && !leg(Other(side)).blocked();
}

void Relay::Arm(Side side) {
  Leg& l = leg(side);
  if (l.readable() && WantsToRead(side)) {
    gate_.timeline().In(Duration::zero(), [this, side] { OnLeg(side); });
  }
}

void Relay::OnLeg(Side side) {
  Leg& l = leg(side);
  if (detached_ || !l.open()) return;
  if (l.writable()) {
    l.Flush();
    Poll();
    Settle();
  }
  if (l.open() && l.readable()) OnReadable(side);
}

void Relay::OnReadable(Side side) {
  Leg& l = leg(side);
  if (!WantsToRead(side)) return;
  const bool unseen = side == Side::kServer && discarding();
  switch (unseen ? l.Discard() : l.Receive()) {
    case Leg::Got::kFin:
      return side == Side::kClient ? OnClientFin() : OnServerEnd();
    case Leg::Got::kEnd:
      return side == Side::kClient ? OnClientEnd() : OnServerEnd();
    case Leg::Got::kBytes:
      if (delivering()) {
        Deliver();
      } else if (!unseen) {
        Poll();
      }
      break;
    case Leg::Got::kNothing:
      break;
  }
  Settle();
}

void Relay::OnClientFin() {
  const bool answers = session_.commands_outstanding() > 0 && !session_.streaming();
  const bool owed = answers || client_.blocked();
  answers_owed_ = owed && session_.phase() == Phase::kCommand;
  if (!answers_owed_) return OnClientEnd();
  Deliver();
  FollowClientEnd();
}

void Relay::OnClientEnd() {
  client_.Close();
  FollowClientEnd();
}

void Relay::FollowClientEnd() {
  NoteClientGone();
  Event(session_.OnClientClosed());
  if (session_.commands_outstanding() > 0) SweepNow();
}

void Relay::OnServerEnd() {
  const bool greeted = session_.phase() != Phase::kAwaitServerGreeting;
  if (!session_over_) NoteNoGreeting(BackendFailure::kNoHandshake);
  server_.Close();
  link_ = Link::kEnded;
  if (!session_over_) Event(greeted ? session_.OnServerClosed() : session_.OnBackendFailed());
  RemoveIfOver();
}

void Relay::OnAdmission(bool admitted, Reason reason) {
  if (session_over_ || session_.phase() != Phase::kAwaitAdmission) return;
  Admit(admitted, reason);
}

void Relay::OnEvicted(Reason reason, bool by_engine) {
  if (session_over_) return;
  if (delivering()) return OnClientEnd();
  if (by_engine) engine_said_ = reason;
  Event(session_.OnEvicted(reason));
}

void Relay::OnBackendDown() {
  if (session_over_ || !admitted_) return;
  const Phase phase = session_.phase();
  const bool waits = phase == Phase::kConnecting || phase == Phase::kAwaitServerGreeting;
  if (waits) Event(session_.OnBackendFailed());
}

void Relay::OnDeadline() {
  deadline_ = kNever;
  if (session_over_) return;
  if (holding_) return OnReady();
  if (delivering()) return client_.blocked() ? OnClientEnd() : Deliver();
  const Reason limit = LimitBehind(session_.phase());
  if (limit != Reason::kNone) {
    if (!gate_.engine().Gate(*ticket_, limit, now())) return;
    engine_said_ = limit;
  }
  if (link_ == Link::kConnecting || link_ == Link::kOpen) {
    NoteNoGreeting(BackendFailure::kNoGreeting);
  }
  Event(session_.OnDeadline());
}

void Relay::CheckBounds() {
  if (client_.input().size() > kClientInput) gate_.Fail("the client's input is not bounded");
  if (server_.input().size() > kServerInput) gate_.Fail("the server's input is not bounded");
  if (client_.unsent() > kUnsent) gate_.Fail("what is owed to the client is not bounded");
  if (server_.unsent() > kUnsent) gate_.Fail("what is owed to the server is not bounded");
  if (session_.held_bytes() > kHeldForLogin) gate_.Fail("the session keeps too much");
}

}  // namespace headgate::whole
