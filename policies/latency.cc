#include "policies/latency.h"

#include <algorithm>

namespace headgate {

std::size_t Latency::BucketOf(Duration took) {
  const auto* const bound =
      std::lower_bound(kLatencyBounds.begin(), kLatencyBounds.end(), took.count());
  return static_cast<std::size_t>(bound - kLatencyBounds.begin());
}

void Latency::Add(std::uint32_t thread, Duration took) {
  Slice& slice = slices_[thread % kSlices];
  const std::int64_t ns = std::max<std::int64_t>(took.count(), 0);
  slice.buckets[BucketOf(took)].fetch_add(1, std::memory_order_relaxed);
  slice.sum.fetch_add(static_cast<std::uint64_t>(ns), std::memory_order_relaxed);
}

LatencyCounts Latency::Read() const {
  LatencyCounts out;
  std::uint64_t sum = 0;
  for (const Slice& slice : slices_) {
    sum += slice.sum.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < kLatencyBuckets; ++i) {
      out.buckets[i] += slice.buckets[i].load(std::memory_order_relaxed);
    }
  }
  out.sum = Duration(static_cast<std::int64_t>(sum));
  return out;
}

}  // namespace headgate
