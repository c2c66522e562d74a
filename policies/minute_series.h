// How high something went in each minute of up to five weeks, and what can be said of it: its peak,
// the level that it keeps below in 99.9 of 100 of its minutes, its pattern by day and week.
//
// Minutes count from 1970, UTC. A minute in which there was nothing has no value: quiet nights do
// not make a busy day look rare.
//
// Threads: none of its own. Lifetime: grows to kMost minutes (stretches of one value are one
// entry); then the oldest go.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace headgate {

using Minute = std::int64_t;
inline constexpr Minute kMinutesOfHour = 60, kMinutesOfDay = 24 * kMinutesOfHour,
                        kMinutesOfWeek = 7 * kMinutesOfDay;

// Minutes that are to be left out.
class MinuteSet {
 public:
  // [from, to). In the order of time, without overlaps.
  void Add(Minute from, Minute to) { spans_.emplace_back(from, to); }
  [[nodiscard]] bool Contains(Minute minute) const;
  [[nodiscard]] bool empty() const { return spans_.empty(); }
  [[nodiscard]] const std::vector<std::pair<Minute, Minute>>& spans() const { return spans_; }

 private:
  std::vector<std::pair<Minute, Minute>> spans_;
};

class MinuteSeries {
 public:
  static constexpr std::size_t kMost = static_cast<std::size_t>(5 * kMinutesOfWeek);

  // That it was so in [from, to). REQUIRES: in the order of time. Not above zero: nothing is kept.
  void Add(Minute from, Minute to, double value);

  struct Summary {
    double peak = 0, p999 = 0;
    Minute peak_at = 0;    // the first of its minutes
    Minute minutes = 0;    // that have a value
    std::size_t days = 0;  // that have such minutes, UTC
    Minute first = 0, last = 0;
  };
  // Of the minutes that are not `aside`.
  [[nodiscard]] Summary Of(const MinuteSet& aside) const;
  // The peak of each hour of the week, Monday 00:00 UTC first.
  static constexpr std::size_t kWeekHours = std::size_t{7} * 24;
  [[nodiscard]] std::array<double, kWeekHours> Week(const MinuteSet& aside) const;
  // That have a value.
  [[nodiscard]] Minute minutes() const { return kept_; }
  // What is kept of it, 12 bytes each.
  [[nodiscard]] std::size_t entries() const { return runs_.size(); }

 private:
  struct Run {
    std::int32_t from = 0, to = 0;  // what a Time can say fits
    float value = 0;
  };
  template <class Each>
  void ForEach(const MinuteSet& aside, const Each& each) const;

  std::deque<Run> runs_;
  Minute kept_ = 0;  // of all runs
};

// Of the week, from Monday 00:00 UTC.
[[nodiscard]] std::size_t HourOfWeek(Minute minute);

}  // namespace headgate
