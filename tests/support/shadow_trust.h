// The simulation's own record of who is known-good: pairs with completed statements in enough
// distinct minutes, recorded only while there is no attack.
//
// Threads: one. Lifetime: of the simulation; names are string literals.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "policies/time.h"

namespace headgate::testing {

class ShadowTrust {
 public:
  using Pair = std::pair<std::uint64_t, std::string_view>;  // source, user

  void Configure(std::uint32_t minutes) { minutes_ = minutes; }
  // Known-good by what is remembered.
  void Remember(const Pair& pair, Time now) { pairs_[pair] = {INT64_MIN, minutes_, now}; }

  // A statement of the pair was completed, and not under attack.
  void Earn(const Pair& pair, std::int64_t minute, Time now) {
    Trust& trust = pairs_[pair];
    if (trust.minute == minute) return;
    trust.minute = minute;
    if (++trust.minutes == minutes_) trust.good_since = now;
  }

  [[nodiscard]] bool IsGood(const Pair& pair) const {
    const auto it = pairs_.find(pair);
    return it != pairs_.end() && it->second.minutes >= minutes_;
  }
  // Long enough for everybody to know it: who is in already is looked over once a minute, by a
  // tick; by other rules after some reloads, and not while he changes his user.
  [[nodiscard]] bool IsLongGood(const Pair& pair) const {
    if (!IsGood(pair)) return false;
    const Time since = std::max(pairs_.at(pair).good_since, other_rules_since_);
    return since + std::chrono::minutes(1) < last_tick_;
  }
  void Tick(Time now) { last_tick_ = now; }
  void OtherRules(Time now) { other_rules_since_ = now; }

 private:
  struct Trust {
    std::int64_t minute = INT64_MIN;
    std::uint32_t minutes = 0;
    Time good_since{};
  };

  std::uint32_t minutes_ = 1;
  std::map<Pair, Trust> pairs_;
  Time last_tick_{};
  Time other_rules_since_{};
};

}  // namespace headgate::testing
