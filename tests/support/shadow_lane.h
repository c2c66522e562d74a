// The simulation's second set of books for logins in progress: who is in the lane, and how many
// were let in since the server came back.
//
// Threads: one. Lifetime: of the simulation.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>

#include "policies/limits.h"
#include "policies/time.h"

namespace headgate::testing {

class ShadowLane {
 public:
  struct Place {
    bool held = false, unknown = false;
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
  [[nodiscard]] std::string Enter(Place& place, std::uint64_t source, bool known) {
    std::string wrong;
    if (acts()) {
      const auto max = static_cast<std::int64_t>(limits_.login.in_progress);
      const auto open =
          std::max<std::int64_t>(static_cast<std::int64_t>(static_cast<double>(max) *
                                                           (1 - limits_.login.known_good_share)),
                                 1);
      if (known_ + unknown_ >= max) wrong = "lane: more logins in progress than allowed";
      if (!known && unknown_ >= open) wrong = "lane: unknown logins in the known-good share";
      if (!known && of_source_[source] >= limits_.login.per_source) wrong = "lane: per source";
    }
    place = {true, !known, source};
    if (!known) ++of_source_[source];
    ++(known ? known_ : unknown_);
    return wrong;
  }
  void Leave(Place& place) {
    if (!place.held) return;
    --(place.unknown ? unknown_ : known_);
    if (place.unknown && --of_source_[place.source] == 0) of_source_.erase(place.source);
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

  [[nodiscard]] std::int64_t logins() const { return known_ + unknown_; }
  // For known-good ones, the ramp apart.
  [[nodiscard]] bool HasRoom() const {
    return known_ + unknown_ < std::int64_t{limits_.login.in_progress};
  }

 private:
  [[nodiscard]] bool acts() const {
    return limits_.mode == Mode::kEnforce && limits_.login.enforce;
  }

  Limits limits_;
  std::int64_t known_ = 0, unknown_ = 0;
  std::map<std::uint64_t, std::uint32_t> of_source_;
  bool ramp_checked_ = false;
  double first_ = 0;
  Time started_{};
  std::uint64_t since_ = 0;
};

}  // namespace headgate::testing
