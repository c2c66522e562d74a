// How often something happened in up to five weeks: the most in one second of each minute, and of
// each hour the bursts that rates would have needed. A rate has to bear what lasts for longer than
// a second, and is too rare for a quantile, too.
//
// Threads: none of its own. Lifetime: grows to what a MinuteSeries does, and as many hours; then
// the oldest go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "policies/minute_series.h"
#include "policies/usage_meters.h"

namespace headgate {

class RateSeries {
 public:
  // REQUIRES: in the order of time, each minute once. Of a minute without any nothing is kept.
  void Add(Minute minute, const RateHighs& highs);

  // Of the most in one second of each minute.
  [[nodiscard]] const MinuteSeries& seconds() const { return seconds_; }
  // The burst that kRates[rate] would have needed in all hours that are not `aside`.
  [[nodiscard]] double BurstOf(std::size_t rate, const MinuteSet& aside) const;
  // What is kept, in those of a MinuteSeries.
  [[nodiscard]] std::size_t entries() const;

 private:
  struct Hour {
    std::int64_t number = 0;  // since 1970
    RateHighs most;
  };
  MinuteSeries seconds_;
  std::deque<Hour> hours_;
};

}  // namespace headgate
