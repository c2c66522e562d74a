// How fast logins are let in after the server came back: slowly at first, twice as fast each second
// in which some succeeded and none met a server that was full or gone, half as fast after one did.
// Binds known-good logins too: a server that has just started is cold, and all of them come at
// once.
//
// Threads: none inside; part of the login lane. Lifetime: a plain value; over once it is kSteps
// times as fast as it began, or after kLongest.
#pragma once

#include <chrono>
#include <cstdint>

#include "policies/limits.h"
#include "policies/time.h"
#include "policies/token_bucket.h"

namespace headgate {

class LoginRamp {
 public:
  static constexpr Duration kStep = std::chrono::seconds(1);
  static constexpr Duration kLongest = std::chrono::minutes(1);
  static constexpr double kSteps = 16;

  // From now on. `first` off: no ramp.
  void Start(const Rate& first, Time now);
  // Takes the steps that are due.
  void Tick(Time now);
  void OnLoginOk() { succeeded_ = true; }
  // The server was full or gone.
  void OnServerFailed() { failed_ = true; }

  [[nodiscard]] bool active() const { return factor_ > 0; }
  // Logins a second now; 0 when it is over.
  [[nodiscard]] double rate() const { return active() ? Now().per_second : 0; }
  [[nodiscard]] bool Ready(Time now) const { return !active() || bucket_.Ready(Now(), now); }
  [[nodiscard]] Time ReadyAt(Time now) const {
    return active() ? bucket_.ReadyAt(Now(), now) : now;
  }
  void Take(Time now) {
    if (active()) static_cast<void>(bucket_.Take(Now(), now));
  }

 private:
  [[nodiscard]] Rate Now() const;

  Rate first_;
  double factor_ = 0;  // of first_; 0: over
  Time next_step_ = kNever;
  Time end_ = kNever;
  bool succeeded_ = false, failed_ = false;
  TokenBucket bucket_;
};

}  // namespace headgate
