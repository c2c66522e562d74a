// The core's only notion of time: a point on a monotonic clock that nobody in `policies/` or
// `net/mysql/` can read. Drivers (the live gate, the simulator) hand it in as an argument.
//
// Threads: plain values. Lifetime: none.
#pragma once

#include <chrono>
#include <cstdint>

namespace headgate {

// A clock without now(): reading it is a compile error, so a policy cannot sleep or drift.
struct MonotonicClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};

using Duration = MonotonicClock::duration;
using Time = MonotonicClock::time_point;

constexpr std::int64_t Ns(Time t) { return t.time_since_epoch().count(); }
constexpr double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

inline constexpr Time kNever = Time::max();

}  // namespace headgate
