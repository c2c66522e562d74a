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
    const Duration gap = std::min<Duration>(now - last_, kForgotten);
    mean_ = known(now) ? mean_ + (gap - mean_) / 8 : gap;
    last_ = now;
  }

  // For the one at `position`, the first being 1; `most` where nothing is known, and at most that.
  [[nodiscard]] Duration Expected(std::uint32_t position, Duration most, Time now) const {
    if (!known(now)) return most;
    const Duration turns = std::min<Duration>(mean_, kForgotten) * position;
    return std::clamp<Duration>(turns - (now - last_), Duration::zero(), most);
  }

 private:
  static constexpr Duration kForgotten = std::chrono::seconds(30);
  [[nodiscard]] bool known(Time now) const { return last_ != Time{} && now - last_ < kForgotten; }

  Time last_{};
  Duration mean_{};
};

}  // namespace headgate
