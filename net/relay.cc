#include "net/relay.h"

#include <algorithm>
#include <utility>

#include "net/clock.h"
#include "net/memory_reserve.h"
#include "net/worker.h"

namespace headgate::net {
namespace {

// Whose deadline it is that a session in this phase has. Finishing politely is no limit.
Reason LimitBehind(mysql::Phase phase) {
  using mysql::Phase;
  switch (phase) {
    case Phase::kGreeting:
    case Phase::kAwaitLogin:
      return Reason::kPendingDeadline;
    case Phase::kFirstPacket:
    case Phase::kAuthenticating:
    case Phase::kReauthenticating:
      return Reason::kLoginDeadline;
    default:  // a backend that hangs before its greeting, or in TLS, is down, whatever is enforced
      return Reason::kNone;
  }
}

mysql::SessionOptions WithKillMap(mysql::SessionOptions options, const mysql::KillMap& map) {
  options.kill_map = &map;
  return options;
}

}  // namespace

Relay::Relay(Worker& worker, Newcomer who)
    : worker_(worker),
      id_(who.id),
      peer_(who.peer),
      destination_(who.destination),
      accepted_(who.accepted),
      ticket_(std::move(who.ticket)),
      kill_(std::move(who.kill)),
      session_(WithKillMap(std::move(who.options), *this)),
      client_(worker.loop(), *this),
      server_(worker.loop(), *this) {}

void Relay::Start(LoopSocket client, std::size_t greeted) {
  if (!client_.Open(std::move(client))) {
    CountEnd(Reason::kDescriptors);
    session_over_ = true;
    RemoveIfOver();
    return;
  }
  Action first = session_.Start();
  first.bytes = first.bytes.subspan(std::min(greeted, first.bytes.size()));
  Event(first);
}

void Relay::Event(const Action& first) {
  Perform(first);
  NoteTime();
  if (polling_) return;  // the loop runs further up the stack and goes on by itself
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
  // A client that does not take what it is told is not listened to, as at a server: what its
  // commands make the gate say would pile up. Nor is one of whose commands the server takes no
  // more.
  while (!session_over_ && (side == Side::kServer || ListensToClient())) {
    const Action action = side == Side::kClient ? session_.OnClientBytes(from.input())
                                                : session_.OnServerBytes(from.input());
    from.Hold(action.kind == Action::Kind::kHold);
    if (from.held() || action.kind == Action::Kind::kWait) break;
    acted = true;
    if (action.kind == Action::Kind::kForward) Forward(action, from, leg(Other(side)));
    from.Drop(action.n);
    Perform(action);
    NoteTime();
    // Not only once all is done: who goes from one login straight to the next has a new deadline.
    if (phase_ != session_.phase()) PhaseChanged();
    TellAnswers();
  }
  return acted;
}

void Relay::Forward(const Action& action, const Leg& from, Leg& to) {
  const mysql::Bytes bytes = from.input().first(action.n);
  action.last ? to.SendLast(bytes) : to.Send(bytes);
}

// What follows from the session's rest: books, deadline, and what is there to be read.
void Relay::Settle() {
  if (detached_) return;
  client_.KeepInput();
  server_.KeepInput();
  if (!greeted_ && session_.backend_connection_id() != 0) NoteGreeted();
  if (phase_ != session_.phase()) PhaseChanged();
  TellLongData();
  WatchProgress();
  if (detached_) return;
  if (MemoryReserve::TakeDrawn() && client_.open()) OnEvicted(Reason::kMemory, false);
  if (detached_) return;
  if (client_.broken() && client_.open()) return OnClientEnd();
  const bool mute = server_.broken() && !server_.readable() && server_.open();
  if (mute && !session_over_ && OnServerBroken()) return;
  if (RemoveIfOver()) return;
  Arm(Side::kClient);
  Arm(Side::kServer);
}

// While one side cannot take more, the other is not read: at most one read is ever queued. How a
// client ends that is not read is seen by the sweep.
bool Relay::WantsToRead(Side side) const {
  if (side == Side::kClient && (answers_owed_ || client_.blocked())) return false;
  if (leg(side).stuck()) return false;
  if (InHandshake(side)) return true;
  if (side == Side::kServer && discarding()) return true;
  return !leg(side).held() && !leg(Other(side)).blocked();
}

void Relay::Arm(Side side) {
  Leg& l = leg(side);
  if (l.open() && WantsToRead(side)) l.AgainIfReadable();
}

void Relay::OnLeg(Leg& which) {
  const Side side = &which == &client_ ? Side::kClient : Side::kServer;
  if (which.can_flush()) OnWritable(side);
  if (which.open() && which.readable()) OnReadable(side);
}

void Relay::OnReadable(Side side) {
  Leg& l = leg(side);
  if (!WantsToRead(side)) return;  // what is there can wait in the kernel
  if (InHandshake(side)) return GoOnWithTls(side);
  const bool unseen = side == Side::kServer && discarding();
  switch (unseen ? l.Discard(worker_.scratch()) : l.Receive(worker_.scratch())) {
    case Leg::Got::kFin:
      return side == Side::kClient ? OnClientFin() : OnServerEnd();
    case Leg::Got::kEnd:
      return side == Side::kClient ? OnClientEnd() : OnServerEnd();
    case Leg::Got::kBytes:
      // A binlog has no end that could be waited for.
      if (unseen && session_.streaming()) {
        server_.Reset();
        return OnServerEnd();
      }
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

void Relay::OnWritable(Side side) {
  if (InHandshake(side)) return GoOnWithTls(side);
  leg(side).Flush();
  Poll();
  Settle();
}

void Relay::OnClientFin() {
  // A binlog is owed for ever: a replica that says FIN wants no more of it.
  const bool answers = session_.commands_outstanding() > 0 && !session_.streaming();
  const bool owed = answers || client_.blocked();
  answers_owed_ = owed && session_.phase() == mysql::Phase::kCommand;
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

// What the session makes of it that its server is gone.
Relay::Action Relay::SessionWithoutServer() {
  const bool greeted = session_.phase() != mysql::Phase::kAwaitServerGreeting;
  return greeted ? session_.OnServerClosed() : session_.OnBackendFailed();
}

void Relay::OnServerEnd() {
  if (!session_over_) NoteNoGreeting(BackendFailure::kNoHandshake, "it ends without a greeting");
  server_.Close();
  live_.Release();
  link_ = Link::kEnded;
  if (!session_over_) Event(SessionWithoutServer());
  RemoveIfOver();
}

// It takes nothing more, has nothing more to say, and may not have ended: what it runs goes on
// until it says so. False: the session waits for something else.
bool Relay::OnServerBroken() {
  const Action end = SessionWithoutServer();
  if (end.kind == Action::Kind::kWait) return false;
  Event(end);
  return true;
}

void Relay::OnAdmission(bool admitted, Reason reason) {
  if (session_over_ || session_.phase() != mysql::Phase::kAwaitAdmission) return;
  Admit(admitted, reason);
}

void Relay::OnEvicted(Reason reason, bool by_engine) {
  if (session_over_) return;
  if (delivering()) return OnClientEnd();
  if (by_engine) engine_said_ = reason;
  Event(session_.OnEvicted(reason));
}

void Relay::OnBackendDown(std::size_t backend) {
  if (session_over_ || backend_ == nullptr || backend_->index() != backend) return;
  const mysql::Phase phase = session_.phase();
  const bool waits =
      phase == mysql::Phase::kConnecting || phase == mysql::Phase::kAwaitServerGreeting;
  if (waits) Event(session_.OnBackendFailed());
}

void Relay::OnBackendSwitched() {
  if (session_over_ || backend_ == nullptr) return;
  OnBackendDown(backend_->index());
  OnEvicted(Reason::kFailover, /*by_engine=*/false);
}

void Relay::OnDrain() {
  if (session_.phase() < mysql::Phase::kConnecting) OnEvicted(Reason::kDraining, false);
}

void Relay::OnDeadline() {
  deadline_ = kNever;
  if (session_over_) return;
  if (holding_) return OnReady();
  if (delivering()) return client_.blocked() ? OnClientEnd() : Deliver();
  const Reason limit = LimitBehind(session_.phase());
  if (limit != Reason::kNone) {
    if (!worker_.engine().Gate(*ticket_, limit, Now())) return;
    engine_said_ = limit;
  }
  if (server_.handshaking()) backend_->NoteTlsFailure("no end to the handshake", Now());
  if (link_ == Link::kConnecting) {
    NoteNoGreeting(BackendFailure::kNoGreeting, "no answer to the connect");
  } else if (link_ == Link::kOpen) {
    NoteNoGreeting(BackendFailure::kNoGreeting, std::string(Name(BackendFailure::kNoGreeting)));
  }
  Event(session_.OnDeadline());
}

}  // namespace headgate::net
