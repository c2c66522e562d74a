// What one (source, user) pair has shown: in which minutes it worked, with how many sessions at
// once, and the implicit reserve that follows from it.
//
// A minute's peak is what the pair demonstrably used at once in it: no more than were alive at
// once, and no more than completed a statement in it. So neither sessions that idle nor sessions
// that come and go one after the other earn anything. Above calm nothing is counted.
//
// Threads: none of its own; the owner's lock. Lifetime: a plain value of 304 bytes.
#pragma once

#include <cstdint>
#include <optional>

#include "policies/known_good_record.h"
#include "policies/peak_histogram.h"
#include "policies/slow_logins.h"
#include "policies/time.h"

namespace headgate {

class PairHistory {
 public:
  // Minutes are KnownGood::MinuteOf(): they may be negative.
  struct Report {
    std::int64_t minute = 0;
    bool calm = true;
    bool first = false;  // the session's first statement since its login
  };

  // A session completed a statement; once a session and minute. True when this makes one more
  // minute with statements while calm. `growth`: [known_good] growth; of known-good pairs only.
  bool Note(const Report& report, bool known_good, double growth);
  // One whose `first` was noted; a session that was not is counted off all the same, as nobody
  // knows it from the others: the peaks are then too low for a while, never too high.
  void OnSessionEnded();

  // What is to be kept for it: the 95th percentile of its minute peaks, the running minute's
  // included, as far as it may have grown by now. REQUIRES: known-good.
  [[nodiscard]] std::uint32_t Demand() const;

  [[nodiscard]] std::uint32_t minutes() const { return minutes_; }
  [[nodiscard]] std::int64_t first_minute() const { return first_; }  // while calm
  [[nodiscard]] std::int64_t last_minute() const { return last_; }    // in calm or not

  SlowLogins slow_logins;  // of a known-good pair

  // All but `pair` and `good`.
  [[nodiscard]] KnownGoodRecord Export(std::int64_t minute) const;
  // No value for a record that cannot have come from Export(). Live sessions are not in it.
  [[nodiscard]] static std::optional<PairHistory> From(const KnownGoodRecord& record,
                                                       Duration elapsed, Time now);

 private:
  [[nodiscard]] std::uint32_t RunningPeak() const;
  [[nodiscard]] double Allowed() const;
  void CloseMinute(bool known_good, double growth);
  void Grow(double growth);

  std::int64_t first_ = INT64_MIN;
  std::int64_t last_ = INT64_MIN;  // also the running minute
  // What the reserve may be by now. It starts as the median of the peaks when the pair becomes
  // known-good, so a ramp within its first minutes earns little; 0: not started.
  double allowed_ = 0;
  std::uint32_t minutes_ = 0;
  std::uint32_t live_ = 0;  // sessions

  // The running minute.
  std::uint32_t at_once_ = 0;    // the most that were alive
  std::uint32_t reports_ = 0;    // sessions that completed a statement
  std::uint32_t repeaters_ = 0;  // of them: had done so in an earlier minute
  bool counted_ = false;         // in minutes_

  PeakHistogram peaks_;
};

}  // namespace headgate
