// The meters of a usage book: how often something happens, and how much of it goes on at the same
// time.
//
// Threads: none of their own. Lifetime: plain values.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "policies/time.h"

namespace headgate {

// Rates a second that may be proposed, times the headroom.
inline constexpr std::array<float, 37> kRates = {
    1,    1.5F, 2,    3,    5,    7,     10,   15,   20,   30,   50,   70,   100,
    150,  200,  300,  500,  700,  1e3F,  1500, 2e3F, 3e3F, 5e3F, 7e3F, 1e4F, 15e3F,
    2e4F, 3e4F, 5e4F, 7e4F, 1e5F, 15e4F, 2e5F, 3e5F, 5e5F, 7e5F, 1e6F};

// The most in one second, and the deepest debt of a bucket that drains at each of kRates: the burst
// that the rate would have needed, however long it lasted.
struct RateHighs {
  std::uint32_t second = 0;
  std::array<float, kRates.size()> debts{};

  void Raise(const RateHighs& other) {
    second = std::max(second, other.second);
    for (std::size_t i = 0; i < debts.size(); ++i) debts[i] = std::max(debts[i], other.debts[i]);
  }
};

// Counts events in the second that is open, and fills the buckets. Those begin anew with each hour,
// so that one that is set aside leaves no debt to the next; of what lasts beyond it, each half is
// seen.
class RateMeter {
 public:
  // With this one included. `clock`: since 1970.
  const RateHighs& Add(Time clock) {
    const auto second = std::chrono::floor<std::chrono::seconds>(clock.time_since_epoch()).count();
    if (second != second_) Turn(second);
    ++now_.second;
    for (float& debt : now_.debts) debt += 1;
    return now_;
  }

 private:
  void Turn(std::int64_t second) {
    constexpr std::int64_t kHour = 3600;
    const bool same_hour = second / kHour == second_ / kHour;
    const auto passed = static_cast<float>(second - second_);
    for (std::size_t i = 0; i < kRates.size(); ++i) {
      const float left = now_.debts[i] - kRates[i] * passed;
      now_.debts[i] = same_hour ? std::max(left, 0.0F) : 0.0F;
    }
    now_.second = 0;
    second_ = second;
  }

  std::int64_t second_ = -1;
  RateHighs now_;
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
