// The meters of a usage book: how often something happens in a second, and how much of it goes on
// at the same time.
//
// Threads: none of their own. Lifetime: plain values.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "policies/time.h"

namespace headgate {

// Events in one second of the clock.
class SecondCount {
 public:
  // How many there have been in this second, this one included.
  std::uint32_t Add(Time at) {
    const auto second = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
    count_ = second == second_ ? count_ + 1 : 1;
    second_ = second;
    return count_;
  }

 private:
  std::int64_t second_ = INT64_MIN;
  std::uint32_t count_ = 0;
};

// Seconds of running time a second, averaged over ten, which is what a `busy` limit lets come at
// once.
class BusyMeter {
 public:
  static constexpr Duration kWindow = std::chrono::seconds(10);

  // `running` go on from now. Returns the highest average of the windows that ended meanwhile.
  double Set(std::uint32_t running, Time now) {
    const double highest = Advance(now);
    running_ = running;
    return highest;
  }
  double Advance(Time now) {
    if (!started_) window_ = last_ = now;
    started_ = true;
    double highest = 0;
    if (now >= window_ + kWindow) {
      Integrate(window_ + kWindow);
      highest = sum_ / Seconds(kWindow);
      sum_ = 0;
      const auto more = (now - window_) / kWindow;
      // Of several that ended, all but the first were as it is now.
      if (more > 1) highest = std::max(highest, static_cast<double>(running_));
      window_ += kWindow * more;
      last_ = window_;
    }
    Integrate(now);
    return highest;
  }
  [[nodiscard]] std::uint32_t running() const { return running_; }

 private:
  static double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
  void Integrate(Time to) {
    if (to > last_) sum_ += Seconds(to - last_) * running_;
    last_ = std::max(last_, to);
  }

  bool started_ = false;
  Time window_{}, last_{};
  double sum_ = 0;
  std::uint32_t running_ = 0;
};

}  // namespace headgate
