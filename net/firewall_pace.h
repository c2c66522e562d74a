// When the firewall does what: pushes when bans changed, looks at the kernel now and then, rests
// after failures, and never spends more than a share of its time on it. And when it says that
// somebody else keeps changing the table.
//
// Threads: one. Lifetime: a plain value.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "policies/time.h"

namespace headgate::net {

class FirewallPace {
 public:
  enum class Work : std::uint8_t { kNothing, kPush, kReconcile };
  static constexpr Duration kFirstRest = std::chrono::seconds(1);
  static constexpr Duration kLongestRest = std::chrono::seconds(30);
  static constexpr int kReadShare = 10;  // reading back: a tenth of the time at most
  static constexpr int kPushShare = 4;   // pushing: a quarter

  explicit FirewallPace(Duration reconcile) : reconcile_(reconcile) {}

  // `version` is what bans are at; `again` is FirewallSync::again().
  [[nodiscard]] Work Next(Time now, std::uint64_t version, bool in_step, Time again) const {
    if (now < rest_until_) return Work::kNothing;
    if (!in_step || now >= look_at_) return Work::kReconcile;
    return version != done_ || now >= again ? Work::kPush : Work::kNothing;
  }
  // `version` is what it was at before the bans were asked for.
  void Done(Work work, std::uint64_t version, Time began, Time ended, bool ok) {
    const Duration took = ended - began;
    if (!ok) {
      rest_ = std::clamp(2 * rest_, kFirstRest, kLongestRest);
      rest_until_ = ended + std::clamp<Duration>(kReadShare * took, rest_, kLongestRest);
      return;
    }
    done_ = version;
    rest_ = Duration::zero();
    // Who was banned while the table was read need not wait for that share as well.
    if (work == Work::kReconcile) {
      look_at_ = ended + std::max(reconcile_, (kReadShare - 1) * took);
    } else {
      rest_until_ = ended + (kPushShare - 1) * took;
    }
  }

 private:
  Duration reconcile_;
  std::optional<std::uint64_t> done_;
  Duration rest_{};
  Time rest_until_ = Time::min();
  Time look_at_ = Time::min();
};

// Whether to tell of drift: at the third look running that finds some, and then once an hour.
class FirewallQuarrel {
 public:
  static constexpr int kLooks = 3;
  static constexpr Duration kSilence = std::chrono::hours(1);

  [[nodiscard]] bool Look(Time now, bool drifted) {
    running_ = drifted ? std::min(running_ + 1, kLooks) : 0;
    if (running_ < kLooks || now < silent_until_) return false;
    silent_until_ = now + kSilence;
    return true;
  }

 private:
  int running_ = 0;
  Time silent_until_ = Time::min();
};

}  // namespace headgate::net
