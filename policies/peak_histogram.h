// How many minutes had which peak of sessions: what a percentile of the minute peaks is taken from.
// Exact to 31; above it eight buckets to every doubling, so a percentile is at most an eighth above
// the truth and never below it.
//
// Threads: none of its own; the owner's lock. Lifetime: a plain value of 242 bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace headgate {

class PeakHistogram {
 public:
  static constexpr std::size_t kBuckets = 120;
  static constexpr std::uint32_t kMost = 65535;  // a higher peak counts as this
  // Two days of minutes: when there are as many, all counts are halved, so that percentiles follow
  // what changes and nothing runs over.
  static constexpr std::uint32_t kHalveAt = 2880;

  // One minute with this peak. A peak of zero is none.
  void Add(std::uint32_t peak);
  // The peak that `percent` (1..100) of the minutes did not go above; 0 when there were none.
  // `running`, if not zero, counts as one more minute.
  [[nodiscard]] std::uint32_t Percentile(std::uint32_t percent, std::uint32_t running) const;
  // At most kHalveAt, roughly: less what was forgotten.
  [[nodiscard]] std::uint32_t minutes() const { return sum_; }

  // By bucket, without the zeros at the end; and back. No value when it cannot have come from here.
  [[nodiscard]] std::vector<std::uint16_t> Counts() const;
  [[nodiscard]] static std::optional<PeakHistogram> From(std::span<const std::uint16_t> counts);

  // Where a peak counts, and the highest peak that counts there.
  [[nodiscard]] static std::size_t BucketOf(std::uint32_t peak);
  [[nodiscard]] static std::uint32_t TopOf(std::size_t bucket);

 private:
  static constexpr std::uint32_t kExact = 32;
  static constexpr unsigned kStepBits = 3;

  void Halve();

  std::array<std::uint16_t, kBuckets> counts_{};
  std::uint16_t sum_ = 0;
};

}  // namespace headgate
