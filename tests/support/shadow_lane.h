// The simulation's second set of books for logins in progress: who is in the lane, and how many
// were let in since the server came back.
//
// Threads: one. Lifetime: of the simulation.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "policies/limits.h"
#include "policies/time.h"

namespace headgate::testing {

class ShadowLane {
 public:
  enum Who { kStranger, kMember, kKnown };
  struct Place {
    bool held = false;
    Who who = kStranger;
    std::uint64_t source = 0;
  };

  void Configure(const Limits& l) {
    limits_ = l;
    ramp_checked_ &= acts();
  }
  // The server came back, or another one took over.
  void Start(Time now) {
    first_ = limits_.slots.start_ramp.per_second;
    ramp_checked_ = acts() && first_ > 0;
    started_ = now;
    since_ = 0;
  }

  // Books it; empty when that was right, else what was broken.
  [[nodiscard]] std::string Enter(Place& place, std::uint64_t source, Who who) {
    std::string wrong;
    if (acts()) {
      const auto max = static_cast<std::int64_t>(limits_.login.in_progress);
      const auto open =
          std::max<std::int64_t>(static_cast<std::int64_t>(static_cast<double>(max) *
                                                           (1 - limits_.login.known_good_share)),
                                 1);
      const std::int64_t strangers = in_[kStranger], members = in_[kMember];
      if (logins() >= max) wrong = "lane: more logins in progress than allowed";
      if (who == kStranger && strangers >= open) wrong = "lane: strangers in what is kept";
      // Of what is kept a half is for members; where it is odd, the greater one.
      if (who != kKnown && strangers + members >= max - (max - open) / 2) {
        wrong = "lane: members in what is kept for known-good";
      }
      const auto own = of_source_.find({who, source});
      if (who != kKnown && own != of_source_.end() && own->second >= limits_.login.per_source) {
        wrong = "lane: per source";
      }
    }
    place = {true, who, source};
    ++of_source_[{who, source}];
    ++in_[who];
    return wrong;
  }
  void Leave(Place& place) {
    if (!place.held) return;
    --in_[place.who];
    const auto own = of_source_.find({place.who, place.source});
    if (--own->second == 0) of_source_.erase(own);
    place = {};
  }

  // A login, not one of a session that is in already. Twice as fast a second at most, a tenth of a
  // second's worth at once, and over when it is sixteen times as fast as it began.
  [[nodiscard]] std::string Ramp(Time now) {
    if (!ramp_checked_) return "";
    const double t = std::chrono::duration<double>(now - started_).count();
    if (t >= 4) {
      ramp_checked_ = false;
      return "";
    }
    const double step = std::floor(t), times = std::exp2(step);
    const double most = first_ * (times - 1 + times * (t - step)) + first_ * times / 10;
    const bool fits = static_cast<double>(++since_) <= most * 1.05 + 3;
    return fits ? "" : "ramp: more logins let in than a server that has just come back may get";
  }

  [[nodiscard]] std::int64_t logins() const { return in_[0] + in_[1] + in_[2]; }
  // For known-good ones, the ramp apart.
  [[nodiscard]] bool HasRoom() const { return logins() < std::int64_t{limits_.login.in_progress}; }

 private:
  [[nodiscard]] bool acts() const {
    return limits_.mode == Mode::kEnforce && limits_.login.enforce;
  }

  Limits limits_;
  std::array<std::int64_t, 3> in_{};
  std::map<std::pair<Who, std::uint64_t>, std::uint32_t> of_source_;
  bool ramp_checked_ = false;
  double first_ = 0;
  Time started_{};
  std::uint64_t since_ = 0;
};

}  // namespace headgate::testing
