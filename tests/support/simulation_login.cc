// From the connect to the backend's end: who is let in, and what is booked for it.
#include <functional>

#include "tests/support/simulation.h"

namespace headgate::testing {

using std::chrono::seconds;
using Kind = Verdict::Kind;

void Simulation::Connect(std::uint64_t number) {
  auto actor = static_cast<Actor>(random_.Below(static_cast<std::uint32_t>(Actor::kActors)));
  if (random_.OneIn(4)) actor = Actor::kApp;
  Conn& c = Make(number);
  c.actor = actor;
  c.peer = DrawPeer(actor);
  c.since = now_;
  AcceptResult result = engine_->OnAccept(c.id, c.peer, now_);
  Note(&c, [&] {
    return std::string(Name(actor)) + " at " + Text(c.peer) + " connects" + Outcome(result.verdict);
  });
  if (result.verdict.kind == Kind::kRefuse) {
    if (result.ticket) Fail("refused with a ticket");
    return Unmake(c);
  }
  c.ticket = std::move(result.ticket);
  Insert(c);
}

void Simulation::Login(Conn& c) {
  const bool old = now_ - c.since >= seconds(5);
  if (c.actor == Actor::kSilent && !old && !random_.OneIn(20)) return;
  if (old || c.actor == Actor::kGarbage || c.actor == Actor::kSilent) {
    Note(&c, [] { return std::string("sends no login"); });
    const Reason reason = old ? Reason::kPendingDeadline : Reason::kMalformedLogin;
    if (old && !engine_->Gate(*c.ticket, reason, now_)) return;
    if (!old) engine_->Count(*c.ticket, reason, now_);
    Leave(c);
    return;
  }
  c.user = DrawUser(c.actor);
  c.claimed = ClassFor(c.user, c.peer);  // as configured now, also if it has to wait
  c.named = c.claimed;
  c.known_good = trust_.IsGood({Key(c.peer), c.user});
  c.stake = StakeOf(c.peer, c.user);
  Note(&c, [&] {
    return "logs in as '" + std::string(c.user) + "', class " + kNames[c.claimed] +
           (c.known_good ? ", known-good" : "");
  });
  asking_ = &c;
  const bool binds = StakesBind();
  const Verdict v = engine_->OnLogin(*c.ticket, {.user = c.user, .database = ""}, now_);
  asking_ = nullptr;
  Note(&c, [&] { return "its login" + Outcome(v); });
  CheckUnreachable(c, v);
  if (c.doomed && v.kind != Kind::kRefuse) Fail("an evicted client was let in");
  switch (v.kind) {
    case Kind::kAdmit:
      Book(c, binds);
      return Move(c, Phase::kLogin);
    case Kind::kWait:
      c.since = now_;
      return Move(c, Phase::kWaiting);
    case Kind::kRefuse:
      return Leave(c);
  }
}

// While the backend is down everybody is told so at once; what refuses a claim comes before.
void Simulation::CheckUnreachable(const Conn& c, const Verdict& v) {
  const bool told = v.kind == Kind::kRefuse && v.reason == Reason::kBackendUnreachable;
  if (!down_ && told) Fail("backend: unreachable although it is up");
  if (!down_ || told || c.doomed) return;
  const bool before = v.kind == Kind::kRefuse &&
                      (v.reason == Reason::kPairLocked || v.reason == Reason::kPasswordlessUser);
  if (!before) Fail("backend: a login while it is down");
}

ShadowLane::Who Simulation::WhoIs(bool known_good, std::size_t in_class) const {
  if (known_good) return ShadowLane::kKnown;
  return book_.IsReserved(in_class) ? ShadowLane::kMember : ShadowLane::kStranger;
}

// One more lease and lane place, checked.
void Simulation::Book(Conn& c, bool stakes_bind) {
  if (down_) Fail("backend: let in while it is down");
  book_.BindStakes(stakes_bind);
  const std::size_t into = book_.Resolve(c.claimed);
  const std::string slot =
      book_.Grant(c.lease, into, /*unproven=*/!c.known_good && !book_.IsReserved(into),
                  c.known_good ? c.stake : ShadowBook::kNoStake);
  if (!slot.empty() && !unsettled_) Fail(slot);
  const std::string lane =
      lane_.Enter(c.lane, Key(c.peer), WhoIs(c.known_good, into), book_.IsReserved(into));
  if (!lane.empty()) Fail(lane);
  const std::string ramp = lane_.Ramp(now_);
  if (!ramp.empty()) Fail(ramp);
  // (The shares may have been those of the moment before.)
  c.lease.unsure |= recovering_ || unsettled_;
  unsettled_ |= c.lease.unsure;
  strangers_let_in_ += c.known_good ? 0 : 1;
  tally_.reserve_grants += c.known_good ? 1 : 0;
  tally_.lent += c.lease.lent ? 1 : 0;
  tally_.stake_grants += stakes_bind && c.lease.stake != ShadowBook::kNoStake ? 1 : 0;
}

void Simulation::BackendAnswer(Conn& c) {
  if (down_ && !random_.OneIn(4)) return LoginFailed(c, LoginFailure::kUnreachable);
  switch (c.actor) {
    case Actor::kApp:
    case Actor::kReports:
    case Actor::kHoarder:
    case Actor::kChurner:
    case Actor::kOrphaner:
      // (Where trust is planted it has to fit, so the server is never found smaller than it says.)
      if (random_.OneIn(2000) && !world_.planted) return LoginFailed(c, LoginFailure::kBackendFull);
      if (random_.OneIn(300)) return LoginFailed(c, LoginFailure::kUnreachable);
      if (random_.OneIn(200)) return Leave(c);
      return LoginOk(c);
    case Actor::kChanger:
      return random_.OneIn(4) ? LoginFailed(c, LoginFailure::kAccessDenied) : LoginOk(c);
    case Actor::kStalled:
      if (!random_.OneIn(4)) return;  // still silent
      return LoginFailed(c, random_.OneIn(3) ? LoginFailure::kMalformed : LoginFailure::kStalled);
    default:
      return LoginFailed(c, LoginFailure::kAccessDenied);
  }
}

void Simulation::LoginOk(Conn& c) {
  Note(&c, [] { return std::string("the server says OK"); });
  lane_.Leave(c.lane);
  book_.Prove(c.lease);
  Move(c, Phase::kIn);
  statements_.End(c.talk);
  c.talk.named = c.named;
  c.talk.source = Key(c.peer);
  c.talk.user = std::hash<std::string_view>{}(c.user);
  if (c.proven != c.user) c.told_minute = INT64_MIN;
  c.proven = c.user;
  engine_->OnLoginOk(*c.ticket, now_);
}

void Simulation::LoginFailed(Conn& c, LoginFailure how) {
  Note(&c, [&] { return "its login fails: " + std::string(Name(how)); });
  lane_.Leave(c.lane);
  if (how == LoginFailure::kBackendFull) book_.BackendFull(c.lease, now_);
  Move(c, Phase::kDying);
  engine_->OnLoginFailed(*c.ticket, how, now_);
}

void Simulation::Act(Conn& c) {
  const bool app = c.actor == Actor::kApp || c.actor == Actor::kReports;
  const bool changes = c.actor == Actor::kChanger || random_.OneIn(app ? 60 : 20);
  if (changes && c.talk.Idle()) return ChangeUser(c);
  const std::uint32_t stays = app ? 20 : c.actor == Actor::kHoarder ? 30 : 4;
  if (random_.OneIn(stays)) return Leave(c);
  Converse(c);
}

void Simulation::ChangeUser(Conn& c) {
  const std::string_view user = random_.OneIn(2) ? c.user : DrawUser(c.actor);
  const bool known_good = trust_.IsGood({Key(c.peer), user});
  const bool wanted = c.called_back && book_.enforces_slots();
  defer_ = true;
  changing_ = &c;
  deferred_binds_ = StakesBind();
  const Verdict v = engine_->OnChangeUser(*c.ticket, {.user = user, .database = ""}, now_);
  defer_ = false;
  changing_ = nullptr;
  Note(&c, [&] { return "changes its user to '" + std::string(user) + "'" + Outcome(v); });
  if (v.kind == Kind::kWait) Fail("change user must not wait");
  if (v.kind == Kind::kAdmit && wanted) Fail("reclaim: sheds a call by a change of user");
  if (v.reason == Reason::kReclaimed && !wanted)
    Fail("reclaim: a change of user that nobody minds");
  if (v.kind == Kind::kAdmit) Changed(c, user, known_good);
  for (const ConnectionId id : std::exchange(deferred_, {})) LetIn(id, deferred_binds_);
  if (v.kind == Kind::kRefuse) Leave(c);
}

void Simulation::Changed(Conn& c, std::string_view user, bool known_good) {
  const bool same = user == c.user;
  c.user = user;
  c.claimed = ClassFor(user, c.peer);
  c.known_good = known_good;
  c.stake = StakeOf(c.peer, user);
  const std::size_t into = c.claimed;
  c.named = into;
  const bool vouched = same && into == book_.Resolve(c.lease.c);
  if (!vouched || c.lease.c != into) {
    book_.BindStakes(deferred_binds_);
    unsettled_ |= c.lease.unsure;
    const std::string slot =
        book_.Move(c.lease, into, /*unproven=*/!vouched && !known_good && !book_.IsReserved(into),
                   known_good ? c.stake : ShadowBook::kNoStake);
    // (In a dry run of the slots, a class full of what can be called back is no refusal either.)
    if (!slot.empty() && !unsettled_ && book_.enforces_slots()) Fail("change user: " + slot);
    c.lease.unsure |= unsettled_;
    unsettled_ |= c.lease.unsure;
  }
  // Of a dry run; else it was called back while it changed.
  if (!vouched && !book_.enforces_slots()) c.called_back = c.called_lent = c.perhaps_lent = false;
  const std::string lane =
      vouched ? ""
              : lane_.Enter(c.lane, Key(c.peer), WhoIs(known_good, into), book_.IsReserved(into));
  if (!lane.empty()) Fail("change user: " + lane);
  Move(c, Phase::kReauth);
}

// The client goes. With a backend, that one ends later; or all at once, as when a worker stops.
void Simulation::Leave(Conn& c) {
  if (!c.lease.held || random_.OneIn(8)) return End(c);
  Note(&c, [] { return std::string("leaves; its backend does not end yet"); });
  book_.Orphan(c.lease);
  Move(c, Phase::kDying);
  statements_.GiveUp(c.talk);
  engine_->OnClientGone(*c.ticket, now_);
}

// The backend's end: told, or by dropping the ticket in whatever state it is.
void Simulation::End(Conn& c) {
  // An orphan's statement ends, or is ended, before its backend does.
  if (c.phase == Phase::kDying && !c.talk.running.empty() && random_.OneIn(2)) {
    return random_.OneIn(2) ? AnswerOldest(c) : Sweep(c, /*client_gone=*/true);
  }
  Finish(c);
}

void Simulation::Finish(Conn& c) {
  Note(&c, [] { return std::string("has ended"); });
  Remove(c);
  statements_.End(c.talk);
  lane_.Leave(c.lane);
  unsettled_ |= c.lease.unsure;
  book_.Release(c.lease);
  if (random_.OneIn(2)) {
    engine_->OnBackendEnded(*c.ticket, now_);
  } else if (random_.OneIn(2)) {
    engine_->OnClientGone(*c.ticket, now_);
  }
  c.ticket.reset();
  Unmake(c);
}

void Simulation::Admitted(ConnectionId id) {
  if (defer_) {
    deferred_.push_back(id);
  } else {
    LetIn(id, StakesBind());
  }
}

void Simulation::LetIn(ConnectionId id, bool stakes_bind) {
  Conn* c = Find(id);
  if (c == nullptr || c->phase != Phase::kWaiting || c->doomed) {
    return Fail("admitted somebody who does not wait");
  }
  Note(c, [] { return std::string("has waited, and is let in"); });
  Book(*c, stakes_bind);
  Move(*c, Phase::kLogin);
}

void Simulation::Refused(ConnectionId id, Reason reason) {
  Conn* c = Find(id);
  if (c == nullptr || c->phase != Phase::kWaiting) {
    return Fail("refused somebody who does not wait");
  }
  Note(c, [&] { return "has waited in vain: " + std::string(headgate::Name(reason)); });
  if (reason == Reason::kBackendUnreachable && !down_) Fail("backend: unreachable although up");
  c->doomed = true;
  doomed_.push_back(id);
}

void Simulation::Evicted(ConnectionId id, Reason reason) {
  Conn* c = Find(id);
  if (c == nullptr) return Fail("evicted somebody who is not there");
  Note(c, [&] { return "has to go: " + std::string(headgate::Name(reason)); });
  if (c->phase == Phase::kPending || c->phase == Phase::kWaiting) c->doomed = true;
  doomed_.push_back(id);
}

}  // namespace headgate::testing
