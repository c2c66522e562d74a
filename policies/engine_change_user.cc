// COM_CHANGE_USER: a login on a slot already held. It counts as a login (the source's connect rate,
// the lane, the pair's failures, the class's unproven budget), but never waits.
#include "policies/engine_impl.h"
#include "policies/login_name.h"

namespace headgate {
namespace {

// A session that is in already has had its turn in the ramp.
bool LaneIsShut(LoginLane::Answer answer) {
  return answer != LoginLane::Answer::kFree && answer != LoginLane::Answer::kRamp;
}

}  // namespace

using Kind = Verdict::Kind;

Verdict Engine::Impl::OnChangeUser(Ticket& t, const LoginClaim& claim, Time now) {
  Impl& m = *this;
  const Impl::LimitsPtr l = m.Snapshot();
  const std::string_view user = CanonicalUser(claim.user);
  const std::uint64_t before = t.claimed_user;
  Impl::Trust trust;
  Reason refused = m.AskClaim(*l, t, user, trust, now);
  const bool same_user = t.claimed_user == before;
  if (refused == Reason::kNone && !trust.known_good && !m.TakeReauth(*l, t, now)) {
    refused = Reason::kChangeUserRefused;
  }
  if (refused == Reason::kNone) {
    const Impl::Admission admission(m, now);
    if (t.state != Ticket::State::kIn) return {Kind::kRefuse, Reason::kChangeUserRefused};
    // Called back since the command was asked about. Under the lock: nobody sheds that by a change.
    if (m.IsWantedBack(t, now)) return {Kind::kRefuse, Reason::kReclaimed};
    refused = m.Reseat(t, claim, same_user, trust, now);
  }
  if (refused == Reason::kNone) return {Kind::kAdmit, Reason::kNone};
  m.Charge(Impl::Of(t), refused, now);
  return {Kind::kRefuse, refused};
}

// False when the source logs in too fast.
bool Engine::Impl::TakeReauth(const Limits& l, const Ticket& t, Time now) {
  if (t.exempt || t.known_source || t.reserved_source) return true;
  {
    Shard& shard = ShardOf(t.source());
    const std::lock_guard lock(shard.mutex);
    if (shard.sources.TakeConnect(t.entry, l.source.connect_rate, now)) return true;
  }
  const bool acts = Acts(l, Reason::kConnectRate);
  return !Decide(acts, Reason::kChangeUserRefused, t, now, /*presses=*/true);
}

Reason Engine::Impl::Reseat(Ticket& t, const LoginClaim& claim, bool same_user, const Trust& trust,
                            Time now) {
  const bool is_known_good = trust.known_good;
  const std::string_view user = CanonicalUser(claim.user);
  const std::size_t index = matcher->Match(t.peer, user, claim.database, claim.subject);
  const SlotLedger::ClassId id = class_ids[index];
  // The same user again, for the same class, is how pools reset a session: nothing new is claimed,
  // and no place among strangers is needed. Another database may claim another class's reserve.
  const bool vouched = same_user && id == ledger.Resolve(t.slot.class_id());
  const auto standing = vouched ? SlotLedger::Standing::kProven : StandingOf(is_known_good, id);
  const SlotLedger::StakeId stake = is_known_good ? ledger.StakeOf(t.pair()) : SlotLedger::kNoStake;
  const bool moves = id != t.slot.class_id() || standing != t.slot.standing() ||
                     (!vouched && stake != t.slot.stake());
  if (moves) {
    Reason lack = ReasonOf(ledger.MayMove(t.slot, id, standing, stake));
    // What a class does not enforce says nothing about the slots, which are others' as well.
    if (IsOfClass(lack) && !ActsFor(id, lack)) {
      const Reason slot = ReasonOf(ledger.AskSlotsToMove(t.slot, id, standing, stake));
      if (slot != Reason::kNone) lack = slot;
    }
    if (lack != Reason::kNone && Decide(ActsFor(id, lack), Reason::kChangeUserRefused, t.peer, user,
                                        limits->classes[index].name, now, /*presses=*/true,
                                        is_known_good || t.reserved_source)) {
      return Reason::kChangeUserRefused;
    }
  }
  const LoginLane::Rank rank = LaneRankOf(is_known_good && !trust.slow, id);
  if (!vouched && LaneIsShut(lane.MayEnter(t.source(), rank, now)) &&
      Decide(*limits, Reason::kChangeUserRefused, t, now)) {
    return Reason::kChangeUserRefused;
  }
  if (!vouched) {
    const bool trusted = t.exempt || IsTrusted(is_known_good, t.pair(), stake);
    if (moves) ledger.MoveTo(t.slot, id, standing, stake);
    ledger.SetTrusted(t.slot, trusted);
    // Where calling back does not act.
    t.reclaim.store(Ticket::Reclaim::kNo, std::memory_order_relaxed);
  } else if (moves) {
    ledger.MoveTo(t.slot, id, standing, stake);
  }
  if (!vouched) {
    t.lane = std::make_unique<LoginLane::Lease>(lane.Reenter(t.source(), rank, now));
  }
  t.known_good = is_known_good;
  t.slow = trust.slow;
  t.of_protected = is_known_good || t.reserved_source;
  t.names.SetLogin(user, claim.database);
  t.class_id = id;
  t.names.SetClass(limits->classes[index].name);
  t.state = Ticket::State::kReauth;
  // What ran right before it has ended by now.
  std::int64_t busy = Ticket::kBusy;
  t.idle_since.compare_exchange_strong(busy, Ns(now), std::memory_order_relaxed);
  Serve(now);
  return Reason::kNone;
}

}  // namespace headgate
