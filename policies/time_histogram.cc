#include "policies/time_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace headgate {

// The first bucket holds all below 2^kFirstBit ns; after it every octave has kSteps of equal width.
std::size_t TimeHistogram::BucketOf(Duration d) {
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(d.count(), 0));
  const auto width = static_cast<unsigned>(std::bit_width(ns));
  if (width <= kFirstBit) return 0;
  const unsigned octave = width - 1 - kFirstBit;
  if (octave >= kOctaves) return kBuckets - 1;
  const std::uint64_t step = (ns >> (width - 1 - kStepBits)) % kSteps;
  return 1 + octave * kSteps + step;
}

std::int64_t TimeHistogram::LowerEnd(std::size_t bucket) {
  if (bucket == 0) return 0;
  const std::size_t octave = (bucket - 1) / kSteps;
  const std::size_t step = (bucket - 1) % kSteps;
  return static_cast<std::int64_t>((kSteps + step) << (octave + kFirstBit - kStepBits));
}

void TimeHistogram::Add(Duration d) {
  if (counts_[BucketOf(d)].fetch_add(1, std::memory_order_relaxed) + 1 == kHalveAt) Halve();
}

void TimeHistogram::Halve() {
  for (auto& c : counts_) {
    std::uint32_t seen = c.load(std::memory_order_relaxed);
    while (!c.compare_exchange_weak(seen, seen - seen / 2, std::memory_order_relaxed)) {
    }
  }
}

Duration TimeHistogram::Quantile(double q) const {
  std::array<std::uint32_t, kBuckets> counts;
  std::transform(counts_.begin(), counts_.end(), counts.begin(),
                 [](const auto& c) { return c.load(std::memory_order_relaxed); });
  const auto total = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  if (total == 0) return Duration::zero();
  const double rank = std::clamp(q, 0.0, 1.0) * static_cast<double>(total);
  double below = 0;
  std::size_t bucket = 0;
  while (bucket + 1 < kBuckets && (counts[bucket] == 0 || below + counts[bucket] < rank)) {
    below += counts[bucket++];
  }
  // In the middle of what is known: at most half a bucket off.
  const auto low = static_cast<double>(LowerEnd(bucket));
  const auto high = static_cast<double>(LowerEnd(bucket + 1));
  return Duration(static_cast<std::int64_t>(std::round((low + high) / 2)));
}

void TimeHistogram::Clear() {
  for (auto& c : counts_) c.store(0, std::memory_order_relaxed);
}

}  // namespace headgate
