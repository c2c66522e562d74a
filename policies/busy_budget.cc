#include "policies/busy_budget.h"

#include <algorithm>
#include <cmath>

namespace headgate {
namespace {

constexpr std::int64_t kBurstNs = BusyBudget::kBurst.count();
constexpr std::int64_t kMostNs = kBurstNs + BusyBudget::kMaxDebt.count();

// ns of waiting, at most the deepest debt.
std::int64_t Bounded(double ns) {
  return static_cast<std::int64_t>(std::min(ns, static_cast<double>(kMostNs)));
}
// What running for `d` costs: rounded up when it is charged and down when it is given back, so that
// rounding gives nothing away.
std::int64_t Cost(double rate, Duration d) {
  return Bounded(std::ceil(static_cast<double>(d.count()) / rate));
}
std::int64_t Refund(double rate, Duration d) {
  return Bounded(std::floor(static_cast<double>(d.count()) / rate));
}

// How much of `d`, which costs `cost`, was paid for by `paid`.
Duration PaidFor(double rate, std::int64_t paid, std::int64_t cost, Duration d) {
  if (paid == cost && cost < kMostNs) return d;
  const double ns = std::floor(static_cast<double>(paid) * rate);
  return ns < static_cast<double>(d.count()) ? Duration(static_cast<std::int64_t>(ns)) : d;
}

}  // namespace

// What goes beyond the deepest debt is neither kept nor charged: also what a clock that was set
// back makes of it.
std::int64_t BusyBudget::Owed(std::int64_t full_at, Time now) {
  return std::min(std::max(full_at, Ns(now)) - Ns(now), kMostNs);
}

// Only if less than `enough` ns of waiting are owed.
std::optional<Duration> BusyBudget::Charge(double rate, Duration d, Time now, std::int64_t enough) {
  d = std::max(d, Duration::zero());
  const std::int64_t cost = Cost(rate, d);
  std::int64_t seen = full_at_.load(std::memory_order_relaxed);
  while (true) {
    const std::int64_t owed = Owed(seen, now);
    if (owed >= enough) return std::nullopt;
    const std::int64_t paid = std::min(cost, kMostNs - owed);
    const std::int64_t next = Ns(now) + owed + paid;
    if (full_at_.compare_exchange_weak(seen, next, std::memory_order_relaxed)) {
      return PaidFor(rate, paid, cost, d);
    }
  }
}

std::optional<Duration> BusyBudget::Start(double rate, Duration predicted, Time now,
                                          Duration grace) {
  if (Off(rate)) return Duration::zero();
  const std::int64_t more = std::clamp<std::int64_t>(grace.count(), 0, kMaxDebt.count());
  return Charge(rate, predicted, now, kBurstNs + more);
}

Duration BusyBudget::StartAnyway(double rate, Duration predicted, Time now) {
  if (Off(rate)) return Duration::zero();
  return *Charge(rate, predicted, now, kMostNs + 1);
}

Time BusyBudget::ReadyAt(double rate, Time now) const {
  if (Off(rate)) return now;
  const std::int64_t owed = Owed(full_at_.load(std::memory_order_relaxed), now);
  return owed < kBurstNs ? now : now + Duration(owed - kBurstNs + 1);
}

Duration BusyBudget::Overrun(double rate, Duration charged, Duration used, Time now) {
  if (used <= charged) return charged;
  if (!Off(rate)) StartAnyway(rate, used - charged, now);
  return used;
}

void BusyBudget::Settle(double rate, Duration charged, Duration used, Time now) {
  used = std::max(used, Duration::zero());
  if (used >= charged) {
    static_cast<void>(Overrun(rate, charged, used, now));
    return;
  }
  if (Off(rate)) return;
  const std::int64_t refund = Refund(rate, charged - used);
  std::int64_t seen = full_at_.load(std::memory_order_relaxed);
  while (seen > Ns(now) &&
         !full_at_.compare_exchange_weak(seen, seen - refund, std::memory_order_relaxed)) {
  }
}

double BusyBudget::Used(double rate, Time now) const {
  if (Off(rate)) return 0;
  return static_cast<double>(Owed(full_at_.load(std::memory_order_relaxed), now)) / 1e9 * rate;
}

bool BusyBudget::Idle(Time now) const {
  return full_at_.load(std::memory_order_relaxed) <= Ns(now);
}

}  // namespace headgate
