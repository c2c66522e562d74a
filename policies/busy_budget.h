// Running time on the backend as a token bucket with debt: whoever has used up what it is granted
// starts nothing more until that is paid back. A statement is charged what it is predicted to take
// when it starts, what it takes beyond that while it runs, and settled by the clock at its end.
//
// The rate is seconds of running time per second ([query] busy): 2.0 is two statements running all
// the time. The bucket holds 10 s worth of it; debt ends at 60 s worth, what goes beyond is
// forgiven: no mistake locks anybody out for longer than that. A statement starts as long as
// anything is left, however long it will take, so a rate below one does not forbid long statements.
// So over any window T at most rate * (T + 10 s) of running time is started, and one statement's
// prediction; running is what was started and what predictions missed.
//
// Threads: every method from any thread; lock-free. Lifetime: a plain value of 8 bytes; a new one
// is full. The rate is an argument of each call; what a new rate finds in the bucket is worth as
// many seconds as before.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

#include "policies/time.h"

namespace headgate {

class BusyBudget {
 public:
  // Both in seconds of waiting: what the bucket and the deepest debt take to be paid back.
  static constexpr Duration kBurst = std::chrono::seconds(10);
  static constexpr Duration kMaxDebt = std::chrono::seconds(60);
  static constexpr bool Off(double rate) { return !(rate > 0); }

  // Charges a statement predicted to run for `predicted` (negative counts as none) and returns what
  // it was charged, to be handed to Overrun() and Settle(): less than predicted where that exceeds
  // the deepest debt, nothing where the rate is Off(). nullopt: it may not start before ReadyAt().
  // With `grace` it starts up to so long before ReadyAt().
  // REQUIRES: `now` within 70 years of the clock's zero; in all of these.
  [[nodiscard]] std::optional<Duration> Start(double rate, Duration predicted, Time now,
                                              Duration grace = Duration::zero());
  // The same, but it starts in any case (limits that do not act).
  Duration StartAnyway(double rate, Duration predicted, Time now);
  // The earliest time at which Start() would succeed: `now` or later.
  [[nodiscard]] Time ReadyAt(double rate, Time now) const;

  // The statement has run for `used` and goes on. Returns what it has been charged by now.
  [[nodiscard]] Duration Overrun(double rate, Duration charged, Duration used, Time now);
  // The statement ended after running for `used`; zero: it was not started after all. What was
  // charged too much is given back.
  void Settle(double rate, Duration charged, Duration used, Time now);

  // What Start() would say without `grace`; nothing is charged.
  [[nodiscard]] bool Ready(double rate, Time now) const { return ReadyAt(rate, now) <= now; }
  // How much running time is used of what the bucket holds, seconds: 0 to a whole bucket's, and
  // with debt up to seven times that.
  [[nodiscard]] double Used(double rate, Time now) const;

  // Full again: indistinguishable from a new one.
  [[nodiscard]] bool Idle(Time now) const;

 private:
  static constexpr std::int64_t kFresh = std::numeric_limits<std::int64_t>::min();
  [[nodiscard]] static std::int64_t Owed(std::int64_t full_at, Time now);
  std::optional<Duration> Charge(double rate, Duration d, Time now, std::int64_t enough);

  // When the bucket is full again, in ns of MonotonicClock.
  std::atomic<std::int64_t> full_at_{kFresh};
};

}  // namespace headgate
