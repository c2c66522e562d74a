// How long things took, as counts in buckets of fixed bounds: what the metrics and `status` tell.
//
// Threads: plain values. Lifetime: none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "policies/time.h"

namespace headgate {

// The upper bounds, each within its bucket, in nanoseconds: 0.5 ms ... 10 s. Above them all is one
// more.
inline constexpr std::array<std::int64_t, 14> kLatencyBounds = {
    500'000,       1'000'000,     2'500'000,     5'000'000,     10'000'000,
    25'000'000,    50'000'000,    100'000'000,   250'000'000,   500'000'000,
    1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};
inline constexpr std::size_t kLatencyBuckets = kLatencyBounds.size() + 1;

struct LatencyCounts {
  std::array<std::uint64_t, kLatencyBuckets> buckets{};  // not cumulative; the last is +Inf
  Duration sum = Duration::zero();
  // How many there were: the buckets' sum, so that the two never contradict each other.
  [[nodiscard]] std::uint64_t count() const {
    return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
  }
  bool operator==(const LatencyCounts&) const = default;
};

// What the gate measures.
struct LatencyStatus {
  // A statement at the server: from when it was passed on, or the one before it on its connection
  // ended, to its answer's end; without what it was seen to wait for locks.
  LatencyCounts statement;
  // From accept (behind a load balancer from its PROXY header) to the server's OK.
  LatencyCounts login;
  // In the waiting room, however it ended.
  LatencyCounts waited;
};

}  // namespace headgate
