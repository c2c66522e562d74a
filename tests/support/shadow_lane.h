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
    members_ = false;
    for (const ClassLimits& c : l.classes) {
      members_ |= c.enforce && c.reserve > 0 && !c.sources.empty();
    }
    ramp_checked_ &= acts();
  }
  // The server came back, or another one took over.
  void Start(Time now) {
    first_ = limits_.slots.start_ramp.per_second;
    ramp_checked_ = acts() && first_ > 0;
    started_ = now;
    since_ = 0;
  }

  // Books it; empty when that was right, else what was broken. `who`: by what it has to show;
  // `member`: of a known-good one, whether it is a member as well.
  [[nodiscard]] std::string Enter(Place& place, std::uint64_t source, Who who,
                                  bool member = false) {
    if (who == kKnown && member && OthersAreFull()) who = kMember;
    std::string wrong = acts() ? Wrong(source, who) : "";
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
  // For a known-good one that is no member, the ramp apart.
  [[nodiscard]] bool HasRoom() const { return logins() < most() && !OthersAreFull(); }
  [[nodiscard]] bool HasRoom(std::uint64_t source) const {
    return HasRoom() && Own(source, kKnown) < Share(kKnown);
  }

 private:
  // For everybody but members, where there are any: what is kept for these is a half of what is
  // kept for known-good ones, the smaller half where it is odd.
  [[nodiscard]] bool OthersAreFull() const {
    const std::int64_t theirs = members_ ? (most() - open()) / 2 : 0;
    return in_[kStranger] + in_[kKnown] >= most() - theirs;
  }
  [[nodiscard]] std::string Wrong(std::uint64_t source, Who who) const {
    if (logins() >= most()) return "lane: more logins in progress than allowed";
    if (who == kStranger && in_[kStranger] >= open()) return "lane: strangers in what is kept";
    // Of what is kept a half is for members too; where it is odd, the greater one.
    if (who != kKnown && in_[kStranger] + in_[kMember] >= most() - (most() - open()) / 2) {
      return "lane: members in what is kept for known-good";
    }
    if (who != kMember && OthersAreFull()) return "lane: others in what is kept for members";
    return Own(source, who) >= Share(who) ? "lane: per source" : "";
  }
  [[nodiscard]] std::int64_t Own(std::uint64_t source, Who who) const {
    const auto own = of_source_.find({who, source});
    return own == of_source_.end() ? 0 : own->second;
  }
  [[nodiscard]] std::int64_t Share(Who who) const {
    const std::int64_t share = limits_.login.per_source;
    return who == kKnown ? std::max(share, most() / 2) : share;
  }
  [[nodiscard]] std::int64_t most() const { return limits_.login.in_progress; }
  [[nodiscard]] std::int64_t open() const {
    const double open = static_cast<double>(most()) * (1 - limits_.login.known_good_share);
    return std::max<std::int64_t>(static_cast<std::int64_t>(open), 1);
  }
  [[nodiscard]] bool acts() const {
    return limits_.mode == Mode::kEnforce && limits_.login.enforce;
  }

  Limits limits_;
  bool members_ = false;
  std::array<std::int64_t, 3> in_{};
  std::map<std::pair<Who, std::uint64_t>, std::uint32_t> of_source_;
  bool ramp_checked_ = false;
  double first_ = 0;
  Time started_{};
  std::uint64_t since_ = 0;
};

}  // namespace headgate::testing
