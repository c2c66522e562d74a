// How evenly packets come from their sources, as one number: the entropy of packets over sources,
// counted in 4096 buckets by the source's hash and divided by what as many packets from as many
// different sources would have. 0: all from one. 1: no two from the same.
//
// What it is not: sources that share a bucket are one to it. The divisor has the same collisions,
// so a flood from all-different sources gives 1 whatever its size (to within 0.01 from a hundred
// packets on; of fewer, a collision may cost a tenth). With a hundred thousand packets from fewer
// than 400 sources, the number is that of exact counting to within 0.02. Many thousand sources
// cannot be told from all-different ones: see DistinctCount for how many they are.
//
// Threads: none of its own. Lifetime: a plain value of 16 KiB.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace headgate {

class SourceEntropy {
 public:
  static constexpr std::size_t kBuckets = 4096;

  // One packet. `hash` of its source: keyed, or attackers choose the bucket.
  void Add(std::uint64_t hash) {
    std::uint32_t& count = buckets_[hash % kBuckets];
    count += count != UINT32_MAX ? 1 : 0;
  }
  void Clear() { buckets_.fill(0); }  // 16 KiB: less than a microsecond

  // 0..1; 0 where there was at most one packet. Some ten microseconds: once an interval.
  [[nodiscard]] double Normalised() const;

  // The entropy to be expected of so many packets, each from a source of its own. Nats.
  [[nodiscard]] static double OfAllDifferent(std::uint64_t packets);

 private:
  std::array<std::uint32_t, kBuckets> buckets_{};
};

}  // namespace headgate
