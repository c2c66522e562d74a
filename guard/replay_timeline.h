// What happened over time in a bounded number of buckets: when time goes on beyond the last one,
// two neighbours become one, and all are twice as wide.
//
// Threads: none of its own. Lifetime: allocates as it grows, up to kMostBuckets.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "policies/limits.h"
#include "policies/reason.h"
#include "policies/time.h"

namespace headgate::guard {

inline constexpr std::size_t kMostBuckets = 240;

struct ReplayBucket {
  std::array<std::uint64_t, kReasonCount> acted{};  // outcomes that were carried out
  std::uint64_t would_act = 0;                      // dry runs
  std::uint64_t touched = 0;                        // of those that are protected
  std::uint64_t connects = 0, logins = 0, commands = 0;
  // The most at once, capacity as well.
  std::uint32_t leases = 0, waiting = 0, pending = 0, running = 0, capacity = 0;
  Level level = Level::kCalm;

  void Merge(const ReplayBucket& later);
};

// How often two buckets have become one: who keeps values by buckets follows by it.
using Halvings = std::uint32_t;

class ReplayTimeline {
 public:
  // Whatever a file says: nothing that is added to it overflows. What is later counts as it.
  static constexpr Time kLatest{Duration::max() / 2};

  // The first bucket begins at `begin`. Times before it count as it, as out of order packets may.
  explicit ReplayTimeline(Time begin) : begin_(std::clamp(begin, Time{}, kLatest)) {}

  // Makes room for a time. True: the buckets have become wider.
  bool Reach(Time at);
  // The bucket of a time; ends with the next call.
  ReplayBucket& At(Time at);
  // Where the bucket of a time ends, and the next one begins.
  [[nodiscard]] Time EndOf(Time at);
  [[nodiscard]] std::size_t IndexOf(Time at);
  [[nodiscard]] Time begin() const { return begin_; }
  [[nodiscard]] Duration width() const { return kFirstWidth * (std::int64_t{1} << halvings_); }
  [[nodiscard]] Halvings halvings() const { return halvings_; }
  [[nodiscard]] std::span<const ReplayBucket> buckets() const { return buckets_; }

 private:
  static constexpr Duration kFirstWidth = std::chrono::milliseconds(50);
  void Halve();

  Time begin_;
  Halvings halvings_ = 0;
  // The bucket that was asked for last, and when it is: most are asked for again.
  std::size_t last_ = 0;
  Time last_from_{}, last_to_{};
  std::vector<ReplayBucket> buckets_;
};

// Counts of one thing by the buckets of a timeline.
class BucketCounts {
 public:
  void Add(std::size_t index, Halvings halvings);
  // By the buckets as they are after so many halvings.
  [[nodiscard]] std::vector<double> Values(Halvings halvings) const;

 private:
  void Follow(Halvings halvings);

  Halvings halvings_ = 0;
  std::vector<std::uint32_t> counts_;
};

}  // namespace headgate::guard
