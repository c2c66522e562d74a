// What a known-good pair loses for a while by logins that wait for their own client: its rank in
// the login lane and its tier in the waiting room. Else a few known-good sources of one weak
// account, each silent for as long as a login may take, would hold the lane for ever.
//
// The first slow login costs a minute. One that comes within an hour of the last penalty's end
// costs twice as much as that, at most an hour; those of a penalty's own time cost nothing. An hour
// without one forgets it all.
//
// Threads: none of its own; the owner's lock. Lifetime: a plain value of 16 bytes.
#pragma once

#include <algorithm>
#include <chrono>

#include "policies/time.h"

namespace headgate {

class SlowLogins {
 public:
  static constexpr Duration kShortest = std::chrono::minutes(1);
  static constexpr Duration kLongest = std::chrono::hours(1);
  static constexpr Duration kForgotten = std::chrono::hours(1);

  // True when this began a penalty.
  bool Note(Time now) {
    if (Bind(now)) return false;
    const bool again = length_ > Duration::zero() && now - until_ < kForgotten;
    length_ = again ? std::min(2 * length_, kLongest) : kShortest;
    until_ = now + length_;
    return true;
  }
  [[nodiscard]] bool Bind(Time now) const { return now < until_; }

 private:
  Time until_{};
  Duration length_{};  // of the last penalty; zero: there was none
};

}  // namespace headgate
