// A histogram of how long something took, for what happens with every statement: counting costs two
// relaxed increments on cache lines of the thread's own.
//
// Threads: Add() from any, best always with the same number for the same thread; numbers are folded
// into kSlices, so two threads may share a slice and nothing is lost by it. Read() from any, as of
// about now. No lock, no allocation. Lifetime: a plain value of 2 KiB.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "policies/latency_counts.h"
#include "policies/time.h"

namespace headgate {

class Latency {
 public:
  static constexpr std::size_t kSlices = 16;

  // A time below zero counts as zero.
  void Add(std::uint32_t thread, Duration took);
  [[nodiscard]] LatencyCounts Read() const;

  // The bucket of LatencyCounts that a time belongs to.
  [[nodiscard]] static std::size_t BucketOf(Duration took);

 private:
  // Two lines; which of them is written depends on the bucket.
  struct alignas(64) Slice {
    std::atomic<std::uint64_t> sum{0};  // ns; more than 500 years of running time
    std::array<std::atomic<std::uint64_t>, kLatencyBuckets> buckets{};
  };
  static_assert(sizeof(Slice) == 128);
  std::array<Slice, kSlices> slices_;
};

}  // namespace headgate
