// How much of everything there was in each hour, and which hours were not like those of other days:
// what is learnt from an attack would allow the next one.
//
// Threads: none of its own. Lifetime: at most five weeks of hours; the oldest go.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "policies/distinct_count.h"
#include "policies/minute_series.h"

namespace headgate {

enum class HourMeasure : std::uint8_t {
  kConnects,
  kSources,  // that connected, an estimate
  kFailedLogins,
  kWithoutLogin,  // connections that never logged in
  kCommands,
  kRunningTime,  // seconds of statements that were answered
  kCount
};
inline constexpr std::size_t kHourMeasures = static_cast<std::size_t>(HourMeasure::kCount);
// "connections", "sources", "failed logins" ...
[[nodiscard]] const char* Name(HourMeasure m);

struct UnusualHour {
  Minute from = 0;  // of its beginning
  HourMeasure measure = HourMeasure::kConnects;
  double value = 0, usual = 0;  // the median of that hour on other days
};

class HourCounts {
 public:
  static constexpr std::size_t kMostHours = std::size_t{5} * 7 * 24;
  // Of the same hour, that are needed to say what is usual: of other days, and of other weeks.
  static constexpr std::size_t kOtherDays = 3;
  // Nothing told of for so many hours: all was quiet, as at night. For longer: nobody looked.
  static constexpr std::int64_t kQuietHours = 16;

  // REQUIRES: about in the order of time.
  void Add(HourMeasure m, Minute at, double n = 1);
  void AddSource(std::uint64_t hash, Minute at);
  // Somebody looked, whether there was something or not.
  void Told(Minute at) { At(at); }

  // Each hour once, by what stands out most. Far above the others only: what a quiet hour means is
  // another question. What comes each week is like the same hour of other weeks, once there are
  // kOtherDays of those.
  [[nodiscard]] std::vector<UnusualHour> Unusual() const;
  // Hours that there are, and those of them that have kOtherDays others to be compared with.
  struct Compared {
    std::size_t all = 0, compared = 0;
  };
  [[nodiscard]] Compared HowMany() const;

 private:
  struct Hour {
    std::int64_t number = 0;  // since 1970
    std::array<double, kHourMeasures> counts{};
  };
  Hour& At(Minute at);
  [[nodiscard]] double Count(const Hour& hour, std::size_t m) const;
  // The same hour each `step` hours before and after, where somebody looked.
  [[nodiscard]] std::vector<double> Others(const Hour& hour, std::size_t m,
                                           std::int64_t step) const;
  // The median of the others, where it stands out of them.
  [[nodiscard]] std::optional<double> StandsOut(const Hour& hour, std::size_t m) const;

  std::deque<Hour> hours_;
  DistinctCount sources_;  // of the last hour
};

}  // namespace headgate
