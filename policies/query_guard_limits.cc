// The limits that may be waited for: rate, busy, running, digest_running.
#include <algorithm>
#include <array>

#include "policies/query_guard.h"

namespace headgate {
namespace {

// When two threads race for the last of a budget, the loser asks again so soon.
constexpr Duration kSoonest = std::chrono::milliseconds(1);

// What runs on beyond it is charged by the sweeps as it comes. More in advance would let a few
// pathological runs of a digest have everybody else's copies refused.
constexpr Duration kMostPredicted = std::chrono::milliseconds(200);

Duration PredictedOf(const PendingCommand& p) {
  // Preparing takes what parsing takes, whatever the statement does later.
  if (!p.digest || p.command == CommandKind::kPrepare) return DigestEntry::kUnknown;
  return std::min(p.digest->Predicted(), kMostPredicted);
}

// Whether it still has to wait for its time. A reload may have taken the limit's power to act.
bool StandsBack(const StatementBook& b, const EffectiveQuery& q, Time now) {
  const PendingCommand& p = *b.pending;
  if (now >= p.not_before || !b.snapshot->enforcing()) return false;
  if (p.reason == Reason::kNone) return false;  // before the clock's zero, in a record
  return p.reason == Reason::kRule || p.reason == Reason::kShapeDelay || q.Acts(p.reason);
}

}  // namespace

// One token of each. Those that come free in time are promised, so nobody overtakes.
Reason QueryGuard::PayRate(const Call& c) {
  PendingCommand& p = c.b.pending.Use();
  for (std::size_t i = 0; i < kScopes; ++i) {
    const Rate& rate = c.q.RateOf(i);
    if (rate.Off() || !c.b.accounts[i]) continue;
    TokenBucket& bucket = c.b.accounts[i]->rate;
    const Reason reason = kRateReasons[i];
    if (!c.q.Acts(reason)) {
      if (!bucket.Take(rate, c.now)) static_cast<void>(Breach(c, reason));
      continue;
    }
    const auto due = bucket.TakeBy(rate, c.now, p.deadline);
    if (!due) return reason;
    if (!p.in_transaction && *due > std::max(p.not_before, c.now)) {
      p.not_before = *due;
      p.reason = reason;
    }
  }
  return Reason::kNone;
}

// What is due is taken all at once, or the command is held or refused.
CommandVerdict QueryGuard::Proceed(const Call& c) {
  PendingCommand& p = c.b.pending.Use();
  BusyCharges charges;
  Places taken = 0;
  Step step;
  if (StandsBack(c.b, c.q, c.now)) {
    step = {Kind::kHold, p.reason, p.not_before};
  } else if (p.limited) {
    step = TakeBusy(c, charges);
    if (step.goes_on()) {
      step = TakePlaces(c, taken);
    } else {
      c.b.waiter = nullptr;  // it waits for something else now
    }
    if (!step.goes_on()) SettleBusy(c.b, charges, Duration::zero(), c.now);
  }
  switch (step.kind) {
    case Kind::kPass:
      return Pass(c, charges, taken);
    case Kind::kHold:
      return Hold(c, step.reason, step.until);
    default:
      return Refuse(c, step.reason);
  }
}

CommandVerdict QueryGuard::Hold(const Call& c, Reason reason, Time until) {
  PendingCommand& p = c.b.pending.Use();
  p.reason = reason;
  if (!p.held) FiguresOf(c.b).held.fetch_add(1, std::memory_order_relaxed);
  p.held = true;
  CommandVerdict v{.kind = Kind::kHold, .reason = reason};
  v.until = until;
  v.inspect = c.q.inspect;
  return v;
}

QueryGuard::Step QueryGuard::TakeBusy(const Call& c, BusyCharges& charges) {
  const PendingCommand& p = *c.b.pending;
  for (std::size_t i = 0; i < kScopes; ++i) {
    const double rate = c.q.BusyOf(i);
    if (BusyBudget::Off(rate) || !c.b.accounts[i]) continue;
    BusyBudget& busy = c.b.accounts[i]->busy;
    const Duration predicted = PredictedOf(p);
    const Duration grace = p.in_transaction ? c.q.wait : Duration::zero();
    auto charged = busy.Start(rate, predicted, c.now, grace);
    if (!charged) {
      if (Breach(c, kBusyReasons[i])) {
        const Time ready = std::max(busy.ReadyAt(rate, c.now), c.now + kSoonest);
        if (p.in_transaction || ready > p.deadline) return {Kind::kRefuse, kBusyReasons[i]};
        return {Kind::kHold, kBusyReasons[i], ready};
      }
      charged = busy.StartAnyway(rate, predicted, c.now);
    }
    charges.rate[i] = rate;
    charges.charged[i] = *charged;
  }
  return {};
}

void QueryGuard::SettleBusy(StatementBook& b, BusyCharges& charges, Duration used, Time now) {
  for (std::size_t i = 0; i < kScopes; ++i) {
    if (BusyBudget::Off(charges.rate[i])) continue;
    b.accounts[i]->busy.Settle(charges.rate[i], charges.charged[i], used, now);
  }
  charges = {};
}

// Where the pending command needs a place. A connection that has one needs no second: the server
// runs its commands one after another. Copies of a digest are counted whether limited or not.
std::array<QueryGuard::Place, kScopes + 1> QueryGuard::PlacesOf(const Call& c) {
  StatementBook& b = c.b;
  const PendingCommand& p = *b.pending;
  std::array<Place, kScopes + 1> places;
  for (std::size_t i = 0; i < kScopes; ++i) {
    if (c.q.RunningOf(i) == 0 || !b.accounts[i] || (b.places & PlaceBit(i)) != 0) continue;
    places[i] = {&b.accounts[i]->running, c.q.RunningOf(i), kRunningReasons[i]};
  }
  if (!p.digest || p.command == CommandKind::kPrepare) return places;
  for (std::size_t i = 0; i < b.running.size(); ++i) {
    if (b.running[i]->digest_place && &*b.running[i]->digest == &*p.digest) return places;
  }
  places[kDigestPlace] = {&p.digest->running, c.q.digest_running, Reason::kDigestRunning};
  return places;
}

QueryGuard::Step QueryGuard::TakePlaces(const Call& c, Places& taken) {
  const auto places = PlacesOf(c);
  Step step = TryAgain(c, places, taken);
  const bool its_turn = taken != 0;
  for (std::size_t i = 0; i < places.size() && step.goes_on(); ++i) {
    if (places[i].gauge == nullptr || (taken & PlaceBit(i)) != 0) continue;
    step = TakePlace(c, places[i], its_turn);
    if (step.goes_on()) taken |= PlaceBit(i);
  }
  if (step.goes_on()) return step;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if ((taken & PlaceBit(i)) != 0) queue_.Release(*places[i].gauge);
  }
  taken = 0;
  return step;
}

// The place it has waited for, first.
QueryGuard::Step QueryGuard::TryAgain(const Call& c, const std::array<Place, kScopes + 1>& places,
                                      Places& taken) {
  if (c.b.waiter == nullptr) return {};
  const StatementGauge* waits_for = c.b.waiter->gauge();
  const auto place = std::find_if(places.begin(), places.end(),
                                  [&](const Place& x) { return x.gauge == waits_for; });
  const bool limited = place != places.end() && place->limit > 0 && c.q.Acts(place->reason);
  if (!limited) {  // the limits have changed
    c.b.waiter = nullptr;
    return {};
  }
  // The first Try tells the queue of a limit that has changed, which may make room for this one.
  if (queue_.Try(*c.b.waiter, place->limit) || queue_.Try(*c.b.waiter, place->limit)) {
    c.b.waiter = nullptr;
    taken |= PlaceBit(static_cast<std::size_t>(place - places.begin()));
    return {};
  }
  if (c.now < c.b.pending->deadline) return {Kind::kHold, place->reason, c.b.pending->deadline};
  c.b.waiter = nullptr;
  return {Kind::kRefuse, place->reason};
}

// `its_turn`: the queue has given it another place already.
QueryGuard::Step QueryGuard::TakePlace(const Call& c, const Place& place, bool its_turn) {
  const PendingCommand& p = *c.b.pending;
  StatementGauge& gauge = *place.gauge;
  const auto has_room = [&] {
    if (p.in_transaction) return gauge.TakeAhead(place.limit);
    return its_turn ? gauge.TakeTurn(place.limit) : gauge.TryTake(place.limit);
  };
  if (place.limit > 0 && has_room()) return {};
  if (place.limit == 0 || !Breach(c, place.reason)) {
    gauge.TakeAnyway();
    return {};
  }
  if (p.in_transaction || c.now >= p.deadline) return {Kind::kRefuse, place.reason};
  c.b.waiter = std::make_unique<StatementQueue::Waiter>(queue_, c.who.id, c.who.source);
  switch (queue_.Enter(gauge, place.limit, *c.b.waiter)) {
    case StatementQueue::Answer::kTaken:
      c.b.waiter = nullptr;
      return {};
    case StatementQueue::Answer::kWaiting:
      return {Kind::kHold, place.reason, p.deadline};
    case StatementQueue::Answer::kFull:
      break;
  }
  c.b.waiter = nullptr;
  return {Kind::kRefuse, Reason::kStatementQueueFull};
}

}  // namespace headgate
