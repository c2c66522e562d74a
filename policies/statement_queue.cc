#include "policies/statement_queue.h"

#include <algorithm>

namespace headgate {

StatementQueue::StatementQueue(KeyedHash hash, Wakeups& wakeups)
    : wakeups_(wakeups), flows_(hash, kPlaces), per_source_(hash, kPlaces) {}

StatementQueue::Answer StatementQueue::Enter(StatementGauge& gauge, std::uint32_t limit,
                                             Waiter& w) {
  const std::lock_guard lock(mutex_);
  const bool first = NextWithRoom(gauge) == nullptr;
  const bool has_place = HasPlaceFor(gauge, w.source_);
  std::uint64_t seen = gauge.counts_.load(std::memory_order_relaxed);
  while (true) {
    const bool room = first && HasRoom(gauge, seen, limit);
    if (!room && !has_place) return Answer::kFull;
    const std::uint64_t next = seen + (room ? 1 : StatementGauge::kOneWaits);
    if (!gauge.counts_.compare_exchange_weak(seen, next, std::memory_order_relaxed)) continue;
    if (room) return Answer::kTaken;
    break;
  }
  w.gauge_ = &gauge;
  SetLimit(w, limit);
  Count(w.source_);
  Link(w, false);
  return Answer::kWaiting;
}

StatementQueue::Answer StatementQueue::WouldEnter(const StatementGauge& gauge, std::uint32_t limit,
                                                  const Address& source) const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t counts = gauge.counts_.load(std::memory_order_relaxed);
  if (NextWithRoom(gauge) == nullptr && HasRoom(gauge, counts, limit)) return Answer::kTaken;
  return HasPlaceFor(gauge, source) ? Answer::kWaiting : Answer::kFull;
}

bool StatementQueue::Try(Waiter& w, std::uint32_t limit) {
  StatementGauge& gauge = *w.gauge_;
  {
    const std::lock_guard lock(mutex_);
    SetLimit(w, limit);
    if (w.woken_) {
      std::uint64_t seen = gauge.counts_.load(std::memory_order_relaxed);
      while (StatementGauge::RunningIn(seen) < limit) {
        const std::uint64_t next = seen + 1 - StatementGauge::kOneWaits;
        if (!gauge.counts_.compare_exchange_weak(seen, next, std::memory_order_relaxed)) continue;
        Forget(w);
        return true;
      }
      --gauge.woken_;
      Link(w, true);
    }
  }
  WakeThoseWithRoom(gauge);
  return false;
}

void StatementQueue::Leave(Waiter& w) {
  if (w.gauge_ == nullptr) return;
  StatementGauge& gauge = *w.gauge_;
  {
    const std::lock_guard lock(mutex_);
    gauge.counts_.fetch_sub(StatementGauge::kOneWaits, std::memory_order_relaxed);
    Forget(w);
  }
  WakeThoseWithRoom(gauge);
}

void StatementQueue::Release(StatementGauge& gauge) {
  const std::uint64_t before = gauge.counts_.fetch_sub(1, std::memory_order_relaxed);
  if (StatementGauge::WaitingIn(before) > 0) WakeThoseWithRoom(gauge);
}

std::uint32_t StatementQueue::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

void StatementQueue::WakeThoseWithRoom(StatementGauge& gauge) {
  while (const auto id = WakeOne(gauge)) wakeups_.Ready(*id);
}

std::optional<ConnectionId> StatementQueue::WakeOne(StatementGauge& gauge) {
  const std::lock_guard lock(mutex_);
  Waiter* const w = NextWithRoom(gauge);
  if (w == nullptr) return std::nullopt;
  gauge.turn_ = flows_[flows_.Find(KeyOf(*w))].next;
  Unlink(*w);
  w->woken_ = true;
  ++gauge.woken_;
  return w->id_;
}

// Those who were woken have a place each, whether they took it already or not.
bool StatementQueue::HasRoom(const StatementGauge& gauge, std::uint64_t counts,
                             std::uint32_t limit) {
  return std::uint64_t{StatementGauge::RunningIn(counts)} + gauge.woken_ < limit;
}

void StatementQueue::SetLimit(Waiter& w, std::uint32_t limit) {
  w.limit_ = limit;
  w.gauge_->most_ = std::max(w.gauge_->most_, limit);
}

// The first in turn whose limit leaves room for it. As those who share a gauge have the same limit
// most of the time, that is the first looked at, or none.
StatementQueue::Waiter* StatementQueue::NextWithRoom(const StatementGauge& gauge) const {
  if (gauge.turn_ == Flows::kNone) return nullptr;
  const std::uint64_t counts = gauge.counts_.load(std::memory_order_relaxed);
  if (!HasRoom(gauge, counts, gauge.most_)) return nullptr;
  Id id = gauge.turn_;
  do {
    for (Waiter* w = flows_[id].head; w != nullptr; w = w->next_) {
      if (HasRoom(gauge, counts, w->limit_)) return w;
    }
    id = flows_[id].next;
  } while (id != gauge.turn_);
  return nullptr;
}

bool StatementQueue::HasPlaceFor(const StatementGauge& gauge, const Address& source) const {
  const std::uint32_t here = gauge.waiting();
  if (size_ >= kPlaces || here >= kPerGauge) return false;
  if (2 * size_ < kPlaces && 2 * here < kPerGauge) return true;
  const auto id = per_source_.Find(source);
  return id == per_source_.kNone || per_source_[id] < kPerSource;
}

void StatementQueue::Count(const Address& source) {
  ++size_;
  auto id = per_source_.Find(source);
  if (id == per_source_.kNone) id = per_source_.Insert(source);
  ++per_source_[id];
}

// Waits for nothing any more.
void StatementQueue::Forget(Waiter& w) {
  if (w.woken_) {
    --w.gauge_->woken_;
  } else {
    Unlink(w);
  }
  if (w.gauge_->waiting() == 0) w.gauge_->most_ = 0;
  w.woken_ = false;
  w.gauge_ = nullptr;
  --size_;
  const auto id = per_source_.Find(w.source_);
  if (--per_source_[id] == 0) per_source_.Erase(id);
}

void StatementQueue::Link(Waiter& w, bool in_front) {
  const PairKey key = KeyOf(w);
  Id id = flows_.Find(key);
  if (id == Flows::kNone) id = OpenFlow(*w.gauge_, key);
  Flow& flow = flows_[id];
  w.woken_ = false;
  w.prev_ = in_front ? nullptr : flow.tail;
  w.next_ = in_front ? flow.head : nullptr;
  (w.prev_ == nullptr ? flow.head : w.prev_->next_) = &w;
  (w.next_ == nullptr ? flow.tail : w.next_->prev_) = &w;
  if (in_front) w.gauge_->turn_ = id;
}

void StatementQueue::Unlink(Waiter& w) {
  const Id id = flows_.Find(KeyOf(w));
  Flow& flow = flows_[id];
  (w.prev_ == nullptr ? flow.head : w.prev_->next_) = w.next_;
  (w.next_ == nullptr ? flow.tail : w.next_->prev_) = w.prev_;
  if (flow.head == nullptr) CloseFlow(*w.gauge_, id);
}

// A new flow gets its turn after all the others of its gauge.
StatementQueue::Id StatementQueue::OpenFlow(StatementGauge& gauge, const PairKey& key) {
  const Id id = flows_.Insert(key);
  const Id after = gauge.turn_ == Flows::kNone ? id : gauge.turn_;
  const Id before = after == id ? id : flows_[after].prev;
  flows_[id].prev = before;
  flows_[id].next = after;
  flows_[before].next = id;
  flows_[after].prev = id;
  if (gauge.turn_ == Flows::kNone) gauge.turn_ = id;
  return id;
}

void StatementQueue::CloseFlow(StatementGauge& gauge, Id id) {
  const Id before = flows_[id].prev;
  const Id after = flows_[id].next;
  flows_[before].next = after;
  flows_[after].prev = before;
  if (gauge.turn_ == id) gauge.turn_ = after == id ? Flows::kNone : after;
  flows_.Erase(id);
}

PairKey StatementQueue::KeyOf(const Waiter& w) {
  return {w.source_, reinterpret_cast<std::uintptr_t>(w.gauge_)};
}

}  // namespace headgate
