// What is asked when a login packet is complete: the identity rule, the pair's lock, then a seat:
// class, slot and lane, or the waiting room.
#include <algorithm>

#include "policies/engine_impl.h"
#include "policies/login_name.h"

namespace headgate {
namespace {

using Kind = Verdict::Kind;

}  // namespace

Reason Engine::Impl::ReasonOf(SlotLedger::Answer answer) {
  switch (answer) {
    case SlotLedger::Answer::kGranted:
    case SlotLedger::Answer::kLent:
      return Reason::kNone;
    case SlotLedger::Answer::kClassFull:
      return Reason::kClassFull;
    case SlotLedger::Answer::kUnprovenFull:
      return Reason::kUnprovenFull;
    case SlotLedger::Answer::kNoSlot:
    case SlotLedger::Answer::kReclaim:
      return Reason::kNoSlot;
  }
  return Reason::kNoSlot;
}

Verdict Engine::Impl::OnLogin(Ticket& t, const LoginClaim& claim, Time now) {
  Impl& m = *this;
  const Impl::LimitsPtr l = m.Snapshot();
  const std::string_view user = CanonicalUser(claim.user);
  Impl::Trust trust;
  const Reason refused = m.AskClaim(*l, t, user, trust, now);
  Verdict verdict;
  {
    const Impl::Admission admission(m, now);
    if (t.state != Ticket::State::kPending) return {Kind::kRefuse, t.refused};
    // A log line needs the name; a waiting ticket's name is read under this lock.
    t.names.SetLogin(user, claim.database);
    m.LeavePending(t);
    Impl::TakeTrust(t, trust);
    verdict = refused != Reason::kNone ? m.Refuse(t, refused) : m.Seat(t, claim, trust, now);
  }
  if (verdict.kind == Kind::kRefuse &&
      (verdict.reason == Reason::kPairLocked || verdict.reason == Reason::kPasswordlessUser)) {
    m.Charge(Impl::Of(t), verdict.reason, now);
  }
  return verdict;
}

void Engine::Impl::TakeTrust(Ticket& t, const Trust& trust) {
  t.known_good = trust.known_good;
  t.slow = trust.slow;
  t.of_protected = trust.known_good || t.reserved_source;
  const bool neighbour = trust.known_neighbour && !trust.known_good;
  t.tier = t.RanksAsKnownGood() ? WaitingRoom::Tier::kKnownGood
           : neighbour          ? WaitingRoom::Tier::kKnownNeighbour
                                : WaitingRoom::Tier::kOther;
}

// The claim alone, before anybody's place is looked at. Sets the pair the ticket claims.
Reason Engine::Impl::AskClaim(const Limits& l, Ticket& t, std::string_view user, Trust& trust,
                              Time now) {
  t.claimed_user = hash(user);
  if (RefusedUser(l, t, user)) {
    Decide(true, Reason::kPasswordlessUser, t.peer, user.substr(0, ClaimedNames::kKept), {}, now);
    return Reason::kPasswordlessUser;
  }
  trust = AskTrust(t.pair(), l, now);
  const bool acts = Acts(l, Reason::kPairLocked);
  if (!acts) trust.delay = Duration::zero();
  if (trust.locked &&
      Decide(acts, Reason::kPairLocked, t.peer, user.substr(0, ClaimedNames::kKept), {}, now,
             /*presses=*/true, trust.known_good)) {
    return Reason::kPairLocked;
  }
  return Reason::kNone;
}

// Who came through a proxy is not on this host, whatever address it was given: 127.0.0.1 is then
// the proxy's own.
bool Engine::Impl::RefusedUser(const Limits& l, const Ticket& t, std::string_view user) {
  return l.identity_collapsed && MeansOneOf(l.localhost_users, user) &&
         (t.arrival != Arrival::kDirect || !AnyContains(l.local_sources, t.peer));
}

Engine::Impl::Trust Engine::Impl::AskTrust(const PairKey& pair, const Limits& l, Time now) const {
  const std::lock_guard lock(trust_mutex);
  Trust trust;
  if (pairs.size() > 0) {
    const PairLock::Answer answer = pairs.Ask(pair, l.login, now);
    trust.locked = answer.locked;
    trust.delay = answer.delay;
  }
  if (known_good.size() > 0) {
    trust.known_good = known_good.IsKnownGood(pair);
    trust.slow = trust.known_good && known_good.IsSlow(pair, now);
    trust.known_neighbour = known_good.IsKnownUserFromKnownPrefix(pair);
  }
  return trust;
}

Verdict Engine::Impl::Refuse(Ticket& t, Reason reason) {
  // Its class is known from where it was looked for a seat.
  const std::string class_name(t.names.class_name());
  if (const auto tally = refused_logins.find(class_name); tally != refused_logins.end()) {
    ++tally->second;
  }
  t.state = Ticket::State::kRefused;
  t.refused = reason;
  return {Kind::kRefuse, reason};
}

// A newcomer is tried at once, even when others wait: whoever waits cannot go in now, as they are
// offered every place that comes free (and those that time frees, just before).
Verdict Engine::Impl::Seat(Ticket& t, const LoginClaim& claim, const Trust& trust, Time now) {
  const std::size_t index =
      matcher->Match(t.peer, CanonicalUser(claim.user), claim.database, claim.subject);
  t.class_id = class_ids[index];
  t.names.SetClass(limits->classes[index].name);
  if (!backend_up && Decide(*limits, Reason::kBackendUnreachable, t, now)) {
    return Refuse(t, Reason::kBackendUnreachable);
  }
  Serve(now);
  const Lack lack = Missing(t, t.class_id, now);
  if (lack.dry != Reason::kNone) {
    Decide(/*acts=*/false, lack.dry, t, now, true);
  }
  const Reason waits_for = WaitsFor(t.class_id, lack, trust.delay);
  if (waits_for == Reason::kPairLocked) return Wait(t, waits_for, trust.delay, now);
  if (lack.slot != Reason::kNone && waits_for != lack.slot) {
    Decide(/*acts=*/false, lack.slot, t, now, true);
  }
  if (waits_for != Reason::kNone) return Wait(t, waits_for, Duration::zero(), now);
  if (lack.lane != LoginLane::Answer::kFree) Decide(*limits, Reason::kLoginLane, t, now);
  Admit(t, t.class_id, now);
  return {Kind::kAdmit, Reason::kNone};
}

// A delay goes before what is lacking: that is looked at again when it is over.
Reason Engine::Impl::WaitsFor(SlotLedger::ClassId id, const Lack& lack, Duration delay) const {
  if (delay > Duration::zero()) return Reason::kPairLocked;
  if (lack.slot != Reason::kNone && ActsFor(id, lack.slot)) return lack.slot;
  const bool lane_acts = Acts(*limits, Reason::kLoginLane);
  return lack.lane != LoginLane::Answer::kFree && lane_acts ? Reason::kLoginLane : Reason::kNone;
}

Engine::Impl::Lack Engine::Impl::Missing(const Ticket& t, SlotLedger::ClassId id, Time now) const {
  const SlotLedger::Standing standing = StandingOf(t.known_good, id);
  auto answer = ledger.MayGrant(id, standing, StakeOf(t));
  Lack lack;
  lack.owed = answer == SlotLedger::Answer::kReclaim;
  // Also where a session of its own class is to be called back for it, it is the class that is
  // full.
  const bool full = lack.owed && ledger.IsFull(id) && ledger.free_slots() > 0;
  lack.slot = full ? Reason::kClassFull : ReasonOf(answer);
  // What a class does not enforce says nothing about the slots, which are others' as well.
  if (IsOfClass(lack.slot) && !ActsFor(id, lack.slot)) {
    lack.dry = lack.slot;
    answer = ledger.AskSlots(id, standing, StakeOf(t));
    lack.owed = answer == SlotLedger::Answer::kReclaim;
    lack.slot = ReasonOf(answer);
  }
  if (!t.found) lack.lane = lane.MayEnter(t.source(), LaneRankOf(t.RanksAsKnownGood(), id), now);
  return lack;
}

// Whoever comes from the networks that a class names has more than a claim to show for it: nobody
// completes a handshake from there who is not there.
SlotLedger::Standing Engine::Impl::StandingOf(bool is_known_good, SlotLedger::ClassId id) const {
  return RankOf(is_known_good, id) == LoginLane::Rank::kStranger ? SlotLedger::Standing::kUnproven
                                                                 : SlotLedger::Standing::kKnownGood;
}

LoginLane::Rank Engine::Impl::RankOf(bool is_known_good, SlotLedger::ClassId id) const {
  if (is_known_good) return LoginLane::Rank::kKnownGood;
  return IsReserved(LimitsOf(id)) ? LoginLane::Rank::kMember : LoginLane::Rank::kStranger;
}

// A member that is known-good as well takes what is kept for members when the rest is full.
LoginLane::Rank Engine::Impl::LaneRankOf(bool is_known_good, SlotLedger::ClassId id) const {
  const LoginLane::Rank rank = RankOf(is_known_good, id);
  const bool crowded = rank == LoginLane::Rank::kKnownGood && lane.IsFull(rank);
  return crowded && IsReserved(LimitsOf(id)) ? LoginLane::Rank::kMember : rank;
}

bool Engine::Impl::HasMembers(const Limits& l) {
  return std::any_of(l.classes.begin(), l.classes.end(), IsReserved);
}

bool Engine::Impl::IsReserved(const ClassLimits& c) {
  return c.enforce && c.reserve > 0 && !c.sources.empty();
}

SlotLedger::StakeId Engine::Impl::StakeOf(const Ticket& t) const {
  return t.known_good ? ledger.StakeOf(t.pair()) : SlotLedger::kNoStake;
}

void Engine::Impl::Admit(Ticket& t, SlotLedger::ClassId id, Time now) {
  const SlotLedger::StakeId stake = StakeOf(t);
  const bool trusted = t.exempt || IsTrusted(t.known_good, t.pair(), stake);
  t.slot = ledger.Grant(id, StandingOf(t.known_good, id), stake);
  ledger.SetTrusted(t.slot, trusted);
  t.lane = std::make_unique<LoginLane::Lease>(
      lane.Enter(t.source(), LaneRankOf(t.RanksAsKnownGood(), id), now));
  t.state = Ticket::State::kLogin;
}

Verdict Engine::Impl::Wait(Ticket& t, Reason lack, Duration delay, Time now) {
  const WaitingRoom::Answer answer = room.Ask(t.source(), t.tier, WaitingOf(t).per_source);
  const Reason no_room = NoRoom(lack, answer);
  if (no_room != Reason::kNone && Decide(*limits, no_room, t, now)) return Refuse(t, no_room);
  if (answer.room == WaitingRoom::Room::kDisplacing) {
    Ticket& out = *static_cast<Ticket*>(answer.displaced);
    if (Decide(*limits, Reason::kWaitingFull, out, now)) {
      LeaveRoom(out, now);
      Refuse(out, Reason::kWaitingFull);
      wakeups.Refused(out.id, Reason::kWaitingFull);
    }
  }
  const Duration queue = QueueOf(t);
  ledger.Pin(t.class_id);
  t.state = Ticket::State::kWaiting;
  t.waits_since = now;
  t.waits_until = now + delay + queue;
  t.not_before = now + delay;
  EnterRoom(t, now);
  CallBack(now);
  return {Kind::kWait, lack};
}

void Engine::Impl::EnterRoom(Ticket& t, Time now) {
  slow_waiting += t.IsSlow() ? 1 : 0;
  t.place = room.Enter({.who = &t,
                        .source = t.source(),
                        .class_id = t.class_id,
                        .tier = t.tier,
                        .deadline = t.waits_until,
                        .not_before = t.not_before},
                       now);
}

Reason Engine::Impl::NoRoom(Reason lack, const WaitingRoom::Answer& answer) const {
  if (limits->waiting.max == 0) return lack;
  switch (answer.room) {
    case WaitingRoom::Room::kSourceFull:
      return Reason::kWaitingPerSource;
    case WaitingRoom::Room::kFull:
      return Reason::kWaitingFull;
    case WaitingRoom::Room::kYes:
    case WaitingRoom::Room::kDisplacing:
      break;
  }
  return Reason::kNone;
}

// [waiting] as it is for this one at the present level.
const WaitingLimits& Engine::Impl::WaitingOf(const Ticket& t) const {
  const Level level = acting_level.load(std::memory_order_relaxed);
  const bool squeezed = Squeezes(t, level) && !t.known_good && LimitsOf(t.class_id).reserve == 0;
  return squeezed ? limits->At(level).waiting : limits->waiting;
}

Duration Engine::Impl::QueueOf(const Ticket& t) const {
  const Duration own = LimitsOf(t.class_id).queue;
  return own > Duration::zero() ? own : WaitingOf(t).queue;
}

// Offers what is free to those who wait.
void Engine::Impl::Serve(Time now) {
  if (room.size() == 0) return;
  room.Serve(now, [&](const WaitingRoom::Applicant& a) {
    return TryWaiting(*static_cast<Ticket*>(a.who), now);
  });
  CallBack(now);
}

WaitingRoom::Try Engine::Impl::TryWaiting(Ticket& t, Time now) {
  const SlotLedger::ClassId id = ledger.Resolve(t.class_id);
  const Lack lack = Missing(t, id, now);
  if (lack.slot != Reason::kNone && ActsFor(id, lack.slot)) {
    // Who comes after a pair whose implicit reserve is used up may still have one; and so may,
    // among strangers, who is there for his slow logins.
    const bool of_its_own = (t.known_good && ledger.stakes() > 0) || slow_waiting > 0;
    return of_its_own ? WaitingRoom::Try::kSourceBlocked : WaitingRoom::Try::kGroupBlocked;
  }
  if (lack.lane != LoginLane::Answer::kFree && Acts(*limits, Reason::kLoginLane)) {
    return lack.lane == LoginLane::Answer::kSourceFull ? WaitingRoom::Try::kSourceBlocked
                                                       : WaitingRoom::Try::kGroupBlocked;
  }
  slow_waiting -= t.IsSlow() ? 1 : 0;
  ledger.Unpin(t.class_id);
  t.class_id = id;                  // the one before may be another class's from now on
  t.place = WaitingRoom::kNowhere;  // the room itself lets it leave
  wait_time.Add(t.id.thread, now - t.waits_since);
  Admit(t, id, now);
  if (turns.size() <= id) turns.resize(id + 1);
  turns[id].Note(now);
  wakeups.Admitted(t.id);
  return WaitingRoom::Try::kIn;
}

void Engine::Impl::ExpireWaiting(Time now) {
  while (void* who = room.Overdue(now)) {
    Ticket& t = *static_cast<Ticket*>(who);
    if (!Decide(*limits, Reason::kWaitingDeadline, t, now)) {
      room.Forgive(t.place);
      t.waits_until = kNever;
      continue;
    }
    LeaveRoom(t, now);
    Refuse(t, Reason::kWaitingDeadline);
    wakeups.Refused(t.id, Reason::kWaitingDeadline);
  }
}

void Engine::Impl::LeaveRoom(Ticket& t, Time now) {
  if (t.place == WaitingRoom::kNowhere) return;
  wait_time.Add(t.id.thread, now - t.waits_since);
  room.Leave(t.place);
  slow_waiting -= t.IsSlow() ? 1 : 0;
  ledger.Unpin(t.class_id);
  t.place = WaitingRoom::kNowhere;
}

void Engine::Impl::LeavePending(Ticket& t) {
  if (t.pending == PendingBudget::kRefused) return;
  pending.Leave(t.pending);
  t.pending = PendingBudget::kRefused;
}

}  // namespace headgate
