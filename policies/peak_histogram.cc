#include "policies/peak_histogram.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace headgate {

std::size_t PeakHistogram::BucketOf(std::uint32_t peak) {
  peak = std::min(peak, kMost);
  if (peak < kExact) return peak;
  const auto doublings = static_cast<unsigned>(std::bit_width(peak / kExact) - 1);
  const unsigned width_bits = doublings + std::bit_width(kExact) - 1 - kStepBits;
  const std::uint32_t step = (peak >> width_bits) % (1U << kStepBits);
  return kExact + (std::size_t{doublings} << kStepBits) + step;
}

std::uint32_t PeakHistogram::TopOf(std::size_t bucket) {
  if (bucket < kExact) return static_cast<std::uint32_t>(bucket);
  const std::size_t doublings = (bucket - kExact) >> kStepBits;
  const std::size_t step = (bucket - kExact) % (std::size_t{1} << kStepBits);
  const std::size_t width = (std::size_t{kExact} >> kStepBits) << doublings;
  return static_cast<std::uint32_t>((kExact << doublings) + (step + 1) * width - 1);
}

void PeakHistogram::Add(std::uint32_t peak) {
  if (peak == 0) return;
  ++counts_[BucketOf(peak)];
  if (++sum_ >= kHalveAt) Halve();
}

// Rounded down: a peak that came once in two days is forgotten.
void PeakHistogram::Halve() {
  for (std::uint16_t& count : counts_) count /= 2;
  sum_ = std::accumulate(counts_.begin(), counts_.end(), std::uint16_t{0});
}

std::uint32_t PeakHistogram::Percentile(std::uint32_t percent, std::uint32_t running) const {
  const std::uint32_t total = sum_ + (running > 0 ? 1 : 0);
  if (total == 0) return 0;
  const std::size_t running_bucket = BucketOf(running);
  const std::uint32_t rank = (total * std::clamp(percent, 1U, 100U) + 99) / 100;
  std::uint32_t seen = 0;
  std::size_t bucket = 0;
  do {
    ++bucket;
    seen += counts_[bucket] + (bucket == running_bucket ? 1 : 0);
  } while (seen < rank);
  return TopOf(bucket);
}

std::vector<std::uint16_t> PeakHistogram::Counts() const {
  const auto last = std::find_if(counts_.rbegin(), counts_.rend(), [](auto c) { return c > 0; });
  return {counts_.begin(), last.base()};
}

std::optional<PeakHistogram> PeakHistogram::From(std::span<const std::uint16_t> counts) {
  if (counts.size() > kBuckets || (!counts.empty() && counts[0] != 0)) return std::nullopt;
  std::uint32_t sum = 0;
  unsigned halvings = 0;
  PeakHistogram h;
  do {
    std::transform(counts.begin(), counts.end(), h.counts_.begin(),
                   [&](auto c) { return static_cast<std::uint16_t>(c >> halvings); });
    sum = std::accumulate(h.counts_.begin(), h.counts_.end(), std::uint32_t{0});
    ++halvings;
  } while (sum >= kHalveAt);
  h.sum_ = static_cast<std::uint16_t>(sum);
  return h;
}

}  // namespace headgate
