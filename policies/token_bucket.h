// A rate limit that refills lazily: GCRA (ITU-T I.371, the "virtual scheduling" form) in one 64-bit
// atomic, no timer. Over any window T at most burst + per_second * T are let through, and nothing
// within that is refused (to the nanosecond the emission interval is rounded to).
//
// Threads: every method from any thread; lock-free. Copying is not atomic as a whole.
// Lifetime: a plain value of 8 bytes; a new bucket is full. The rate is an argument of each call,
// so a reload needs no walk over the buckets.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>

#include "policies/limits.h"
#include "policies/time.h"

namespace headgate {

class TokenBucket {
 public:
  TokenBucket() = default;
  TokenBucket(const TokenBucket& o) : tat_(o.tat_.load(std::memory_order_relaxed)) {}
  TokenBucket& operator=(const TokenBucket& o) {
    tat_.store(o.tat_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    return *this;
  }

  // One token. True: there was one and it is taken. Off() rates always let through and keep no
  // state. Rates above 1e9/s count as 1e9/s; bursts below 1 as 1. After a reload that shortens the
  // refill, old debt is cut down to a full bucket's (within a second), so nobody pays for long at
  // the old rate. REQUIRES: `now` within 70 years of the clock's zero.
  [[nodiscard]] bool Take(const Rate& rate, Time now);

  // One token for use by `latest`: when it may be used, `now` or later. What is promised so is
  // taken, in the order of asking, so nobody who waits for it is overtaken; who gives up has used
  // it all the same. nullopt: none comes free in time, and nothing is taken.
  [[nodiscard]] std::optional<Time> TakeBy(const Rate& rate, Time now, Time latest);

  // Would Take() succeed now? Changes nothing.
  [[nodiscard]] bool Ready(const Rate& rate, Time now) const;
  // The earliest time Take() would succeed: `now` or later.
  [[nodiscard]] Time ReadyAt(const Rate& rate, Time now) const;
  // Tokens in use, 0..burst: how many of the last takes have not drained yet.
  [[nodiscard]] double Debt(const Rate& rate, Time now) const;
  // Full again: indistinguishable from a new bucket.
  [[nodiscard]] bool Idle(Time now) const;
  void Reset();

 private:
  static constexpr std::int64_t kFresh = std::numeric_limits<std::int64_t>::min();
  // The theoretical arrival time: when the bucket is full again, in ns of MonotonicClock.
  std::atomic<std::int64_t> tat_{kFresh};
};

}  // namespace headgate
