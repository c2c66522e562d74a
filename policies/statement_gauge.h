// How many statements of one kind (a source's, a user's, a class's, a digest's) run at once, and
// how many wait for that to fall. The limit is an argument of each call: it can change by a reload,
// and differ between those who share the gauge.
//
// Threads: every method from any thread; lock-free. A place taken is given back with
// StatementQueue::Release(). Lifetime: outlives its places and its waiters.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

namespace headgate {

class StatementGauge {
 public:
  static constexpr std::uint32_t kNoLimit = std::numeric_limits<std::uint32_t>::max();

  // A place, if fewer than `limit` run and nobody waits. Else StatementQueue::Enter().
  [[nodiscard]] bool TryTake(std::uint32_t limit) {
    std::uint64_t seen = counts_.load(std::memory_order_relaxed);
    while (seen < limit) {  // above the lower half: somebody waits
      if (counts_.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  // What TryTake() would say.
  [[nodiscard]] bool HasRoom(std::uint32_t limit) const {
    return counts_.load(std::memory_order_relaxed) < limit;
  }
  // For a statement that was given its place at one gauge by the queue and needs one here as well:
  // it is no newcomer, so those who wait here do not go first. Else two queues could hand places
  // to each other's waiters for ever, and none of them would start.
  [[nodiscard]] bool TakeTurn(std::uint32_t limit) { return TakeBelow(limit); }
  // Inside a transaction, where waiting would keep its locks: up to twice the limit, and past
  // everybody who waits.
  [[nodiscard]] bool TakeAhead(std::uint32_t limit) {
    return TakeBelow(limit > kNoLimit / 2 ? kNoLimit : 2 * limit);
  }
  // Where the limit does not act, or there is none: only counted.
  void TakeAnyway() { counts_.fetch_add(1, std::memory_order_relaxed); }

  [[nodiscard]] std::uint32_t running() const {
    return RunningIn(counts_.load(std::memory_order_relaxed));
  }
  [[nodiscard]] std::uint32_t waiting() const {
    return WaitingIn(counts_.load(std::memory_order_relaxed));
  }

 private:
  friend class StatementQueue;
  static constexpr std::uint64_t kOneWaits = std::uint64_t{1} << 32;
  static constexpr std::uint32_t RunningIn(std::uint64_t counts) {
    return static_cast<std::uint32_t>(counts);
  }
  static constexpr std::uint32_t WaitingIn(std::uint64_t counts) {
    return static_cast<std::uint32_t>(counts >> 32);
  }

  [[nodiscard]] bool TakeBelow(std::uint32_t limit) {
    std::uint64_t seen = counts_.load(std::memory_order_relaxed);
    while (RunningIn(seen) < limit) {
      if (counts_.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  // Running in the lower half, waiting in the upper one: as one word, so that nobody can begin to
  // wait unseen by the one who gives a place back.
  std::atomic<std::uint64_t> counts_{0};
  // Guarded by the queue's lock.
  std::uint32_t turn_ = 0;   // the flow that is served next; 0: none
  std::uint32_t woken_ = 0;  // of those waiting: told to ask again
  std::uint32_t most_ = 0;   // no lower than any of their limits
};

}  // namespace headgate
