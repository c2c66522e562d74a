// The last quarter of an hour, a sample a second, so that who opens the page sees what led to what
// is there now.
//
// Bounded: kMostSamples samples, of each at most kMostClasses classes (the others summed up under
// "(others)") and one count for each reason that came up: below 1 MiB in all.
//
// Threads: any; a short lock. Lifetime: plain values; it knows no clock but what it is given.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policies/time.h"

namespace headgate::guard {

// A histogram of times as it stands: [(upper bound in seconds, how many so far)], the last bound
// infinite; not cumulative over its buckets.
using TimeBuckets = std::vector<std::pair<double, std::uint64_t>>;

// What the gate counts, as it stands at a moment. Counters since the start, and what is now.
struct HistoryFacts {
  Time at{};
  std::int64_t unix_ms = 0;
  std::vector<std::pair<std::string, std::uint32_t>> classes;  // leases by class, in their order
  std::uint32_t leases = 0, capacity = 0, free = 0, foreign = 0, server_max = 0;
  std::uint32_t pending = 0, waiting = 0, lane = 0, connections = 0;
  std::uint32_t level = 0;  // 0 calm, 1 elevated, 2 attack
  std::uint64_t accepted = 0, logins_ok = 0, logins_failed = 0;
  std::vector<std::pair<std::string, std::uint64_t>> refused;  // by reason, nonzero ones
  // Of those whom the gate is there for: their connections, and statements of theirs.
  std::uint64_t refused_protected = 0, statements_protected = 0;
  TimeBuckets statement, login;           // empty where nothing is measured
  std::optional<double> threads_running;  // of the server, where the monitor knows
};

// Seconds; none where nothing happened in that second.
struct Quantiles {
  std::optional<double> p50, p95, p99;
};

class History {
 public:
  static constexpr std::size_t kMostSamples = 900;
  static constexpr std::size_t kMostClasses = 16;

  // `start`: another number for every run of the gate; who has samples of another run knows by it
  // that they go with no others.
  explicit History(std::int64_t start = 0) : start_(start) {}

  // The first one is what rates are counted from, and leaves no sample.
  void Add(HistoryFacts facts);
  // The `last` samples, or as many as there are. Columns, all of the same length, oldest first:
  // {"start","from","next","at":[unix seconds],"seconds":[since the sample before],
  // "refused_protected":[a count],"classes":{name:[...]},"refused":{reason:[a second]},
  // "reasons":{reason: what it means},...}; "from" and "next" number the samples of a run.
  [[nodiscard]] std::string Json(std::uint64_t last = kMostSamples) const;

 private:
  struct Sample {
    HistoryFacts facts;  // its gauges; `refused` counts what came since the sample before
    double seconds = 1;  // since then
    Quantiles statement, login;
  };

  const std::int64_t start_;
  mutable std::mutex mutex_;
  std::optional<HistoryFacts> last_;
  std::deque<Sample> samples_;
  std::uint64_t first_ = 0;  // the number of samples_.front()
};

// Between two states of one histogram, within a bucket evenly; the last bucket counts as its lower
// bound. None where nothing was added, or where the buckets are others.
[[nodiscard]] Quantiles QuantilesBetween(const TimeBuckets& before, const TimeBuckets& after);

}  // namespace headgate::guard
