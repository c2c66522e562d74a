#include "net/capture_clock.h"

#include <algorithm>

namespace headgate::net {

Time CaptureClock::TakeOdd(Time stamp) {
  if (!begun_) {
    begun_ = true;
    return last_ = stamp;
  }
  if (!ShiftThatFits(stamp)) ShiftAnew(stamp);
  const Duration ahead = stamp - last_ + shift_;
  const bool far = ahead > kFarAhead;
  const bool as_the_one_before = far_ahead_ && stamp >= from_far_ - kJitter;
  far_ahead_ = far && !as_the_one_before;
  if (far_ahead_) {
    from_far_ = stamp;
  } else if (ahead > Duration::zero()) {
    last_ += std::min(ahead, kEnd - last_);
  }
  return Told(stamp);
}

// The one of those known that leads on the least. False: with each of them time would go back.
bool CaptureClock::ShiftThatFits(Time stamp) {
  bool fits = false;
  Duration least{};
  for (std::size_t i = 0; i < known_; ++i) {
    const Duration ahead = stamp - last_ + shifts_[i];
    if (ahead < -kJitter || (fits && ahead >= least)) continue;
    fits = true;
    least = ahead;
    shift_ = shifts_[i];
  }
  return fits;
}

// In place of the oldest, when there are too many. A shift is never more than last_, which only
// grows: so `stamp - last_ + shift` stays within what a Duration holds.
void CaptureClock::ShiftAnew(Time stamp) {
  ++steps_;
  shift_ = last_ - stamp;
  if (known_ < kShifts) {
    shifts_[known_++] = shift_;
    return;
  }
  for (std::size_t i = 1; i + 1 < kShifts; ++i) shifts_[i] = shifts_[i + 1];
  shifts_[kShifts - 1] = shift_;
}

Time CaptureClock::Told(Time stamp) {
  const Duration off = last_ - stamp;
  if (off > kJitter || off < -kJitter) ++moved_;
  return last_;
}

}  // namespace headgate::net
