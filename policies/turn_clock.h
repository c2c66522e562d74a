// How long those who wait in one class have to wait for a turn, as turns came lately: what a
// waiting login is told to expect. An estimate for people, never a decision.
//
// Threads: none inside; the engine's admission lock. Lifetime: a plain value.
#pragma once

#include <algorithm>
#include <chrono>

#include "policies/time.h"

namespace headgate {

class TurnClock {
 public:
  // Somebody who waited got in.
  void Note(Time now) {
    const Duration gap = now - last_;
    if (gap >= kForgotten) {
      turns_ = 1;  // nothing to measure from
    } else {
      mean_ = turns_ == 1 ? gap : mean_ + (gap - mean_) / 8;
      turns_ = 2;
    }
    last_ = now;
  }

  // For the one at `position`, the first being 1; `most` where nothing is known, and at most that.
  [[nodiscard]] Duration Expected(std::uint32_t position, Duration most, Time now) const {
    if (!known(now)) return most;
    const Duration left = std::max<Duration>(mean_ - (now - last_), Duration::zero());
    return std::min<Duration>(mean_ * (position - 1) + left, most);
  }

 private:
  static constexpr Duration kForgotten = std::chrono::seconds(30);
  [[nodiscard]] bool known(Time now) const { return turns_ > 1 && now - last_ < kForgotten; }

  Time last_ = Time{} - kForgotten;
  Duration mean_{};
  int turns_ = 0;  // noted lately: none, one, more
};

}  // namespace headgate
