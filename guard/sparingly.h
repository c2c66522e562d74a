// How often a line of one kind may be said: what an outsider can cause at will is told once a
// minute.
//
// Threads: the owner's. Lifetime: a plain value.
#pragma once

#include <chrono>

#include "policies/time.h"

namespace headgate::guard {

class Sparingly {
 public:
  static constexpr Duration kEvery = std::chrono::minutes(1);

  // Whether it may be said at `now`, which it then is.
  [[nodiscard]] bool May(Time now) {
    // A next that lies further ahead is of before the clock was set back.
    if (now < next_ && next_ - now <= kEvery) return false;
    next_ = now + kEvery;
    return true;
  }

 private:
  Time next_{};
};

}  // namespace headgate::guard
