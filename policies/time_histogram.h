// How long something took, as counts in buckets whose width grows with the time: four to every
// doubling, from 1 us to 73 minutes. A quantile is within 13 % of the truth in that range.
//
// Threads: every method from any thread, lock-free; Quantile() while others add is as of about now.
// Lifetime: a plain value of 516 bytes.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "policies/time.h"

namespace headgate {

class TimeHistogram {
 public:
  // When a bucket reaches this, all are halved: so quantiles follow what changes, and nothing runs
  // over.
  static constexpr std::uint32_t kHalveAt = std::uint32_t{1} << 20;

  void Add(Duration d);
  // q in 0..1: the time that this share did not take longer than. Zero when nothing was added.
  [[nodiscard]] Duration Quantile(double q) const;
  void Clear();

 private:
  static constexpr unsigned kFirstBit = 10;  // 1,024 ns
  static constexpr unsigned kOctaves = 32;
  static constexpr unsigned kStepBits = 2;
  static constexpr unsigned kSteps = 1U << kStepBits;  // per octave
  static constexpr std::size_t kBuckets = 1 + std::size_t{kOctaves} * kSteps;

  [[nodiscard]] static std::size_t BucketOf(Duration d);
  [[nodiscard]] static std::int64_t LowerEnd(std::size_t bucket);  // ns
  void Halve();

  std::array<std::atomic<std::uint32_t>, kBuckets> counts_{};
};

}  // namespace headgate
