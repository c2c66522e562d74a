// The time of one capture as one that never goes back, however its clock was set.
//
// A packet that stands a little before the one in front of it (several queues of a network card,
// several processors) gets the time of that one. Where the clock was set back what follows is moved
// on by as much, so that the distances stay. Several such shifts are remembered, and the one is
// taken that leads on the least: interfaces with clocks of their own may stand in one file. A
// single packet from far ahead gets the time of the one before; only a second one shows that time
// went on.
//
// Threads: plain value. Lifetime: none.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "policies/time.h"

namespace headgate::net {

class CaptureClock {
 public:
  static constexpr Duration kJitter = std::chrono::seconds(1);
  static constexpr Duration kFarAhead = std::chrono::hours(24);
  static constexpr Time kEnd{std::chrono::seconds(9'200'000'000)};  // no time is later

  // `stamp` as the capture has it, from 1970 on, at most kEnd.
  [[nodiscard]] Time Take(Time stamp) {
    const Duration ahead = stamp - last_ + shift_;
    if (ahead >= Duration::zero() && ahead <= kJitter && last_ < kEnd) [[likely]] {
      last_ += ahead;
      if (shift_ != Duration::zero()) ++moved_;
      return last_;
    }
    return TakeOdd(stamp);
  }

  // How often the clock was found to be set back.
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  // Packets whose time is another than their own, by more than kJitter.
  [[nodiscard]] std::uint64_t moved() const { return moved_; }

 private:
  static constexpr std::size_t kShifts = 4;

  [[nodiscard]] Time TakeOdd(Time stamp);
  [[nodiscard]] bool ShiftThatFits(Time stamp);
  void ShiftAnew(Time stamp);
  [[nodiscard]] Time Told(Time stamp);

  bool begun_ = false;
  bool far_ahead_ = false;  // the one before was, and nothing has shown yet that it was right
  Time last_ = kEnd;
  Time from_far_{};  // the stamp of that one
  Duration shift_ = Duration::zero();
  std::array<Duration, kShifts> shifts_{};  // the first is none
  std::size_t known_ = 1;
  std::uint64_t steps_ = 0, moved_ = 0;
};

}  // namespace headgate::net
