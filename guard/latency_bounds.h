// The bounds of LatencyCounts in seconds, as the metrics and `status` tell them.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>

#include "policies/latency_counts.h"

namespace headgate::guard {

[[nodiscard]] inline double InSeconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

// The upper bound of a bucket; of the last one infinity.
[[nodiscard]] inline double LatencyBound(std::size_t bucket) {
  if (bucket >= kLatencyBounds.size()) return std::numeric_limits<double>::infinity();
  return InSeconds(std::chrono::nanoseconds(kLatencyBounds[bucket]));
}

}  // namespace headgate::guard
