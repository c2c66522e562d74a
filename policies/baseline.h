// What is normal for one counter, by the hour of the day: mean and variance, each an average at
// first and an exponentially weighted one (EWMA) once there is as much as is to be remembered.
//
// What is learnt is clamped to what was to be expected: one flood moves the mean by little, and a
// change that stays is learnt all the same, only slower. An hour that was not seen for long enough
// is stood in for by the last half hour; until there was enough of that, there is no expectation.
//
// What comes in short bursts moves no mean, so each hour has a peak as well: what it reaches day
// after day. A day can raise it threefold at most, so one flood is not usual the day after.
//
// Threads: none of its own; the owner's lock. Lifetime: a plain value of 300 bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "policies/time.h"

namespace headgate {

// As it is kept across restarts.
struct BaselineHour {
  float mean = 0, variance = 0;
  std::uint32_t samples = 0;  // at most what `memory` holds
  float peak = 0;             // the level it reaches for some seconds, on most days
  bool operator==(const BaselineHour&) const = default;
};

class Baseline {
 public:
  static constexpr std::size_t kHours = 24;
  static constexpr std::size_t kLately = kHours;  // whatever the hour
  static constexpr std::uint32_t kEnough = 300;   // samples: five minutes of seconds
  static constexpr std::uint32_t kWhole = 3600;   // an hour of them
  using Hours = std::array<BaselineHour, kHours + 1>;

  struct Expected {
    bool known = false;
    bool whole = false;  // this hour of the day was seen from end to end
    double mean = 0;
    // At least that of a Poisson process of this mean, and 1: a counter that stood still is not
    // alarmed by its first event.
    double deviation = 1;
    double peak = 0;  // of this hour and of those beside it: jobs are not to the second
  };

  [[nodiscard]] Expected Of(std::size_t hour) const;
  // One sample, a rate a second, at this hour (0..23, UTC), and the level that it has held for some
  // seconds. An hour remembers `memory` samples.
  void Learn(double value, double level, std::size_t hour, std::uint32_t memory);

  [[nodiscard]] const Hours& hours() const { return hours_; }
  // Nothing is learnt from what cannot have come from here: negative or no numbers. How it was
  // lately is not taken over: that was another time.
  void Restore(const Hours& hours);

 private:
  void EndVisit();

  Hours hours_{};
  std::size_t visited_ = kHours;  // the hour it is; none yet
  double highest_ = 0;            // level since it is
};

// Of a capture's clock, which counts from 1970, UTC.
[[nodiscard]] std::size_t HourOfDay(Time at);

}  // namespace headgate
