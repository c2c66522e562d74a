// A virtual clock and what is due on it: of what is due at one time, what was asked for first comes
// first. Nothing else moves time. And the last that was noted.
//
// Threads: one. Lifetime: what a deed refers to outlives the timeline, or the deed.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "policies/time.h"
#include "tests/whole/last_events.h"

namespace headgate::whole {

class Timeline {
 public:
  using Deed = std::function<void()>;

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] std::uint64_t done() const { return done_; }

  void At(Time when, Deed deed) {
    due_.push_back({std::max(when, now_), next_++, std::move(deed)});
    std::push_heap(due_.begin(), due_.end(), Later{});
  }
  void In(Duration pause, Deed deed) { At(now_ + pause, std::move(deed)); }

  // For nobody, or for a connection of the gate's.
  void Note(const char* what) { last_.Note({.at = now_, .what = what}); }
  void Note(WorldEvent event) {
    event.at = now_;
    last_.Note(event);
  }
  [[nodiscard]] const LastEvents& last() const { return last_; }

  // The next deed. False: there is none.
  bool Step() {
    if (due_.empty()) return false;
    std::pop_heap(due_.begin(), due_.end(), Later{});
    const Due next = std::move(due_.back());
    due_.pop_back();
    now_ = next.when;
    ++done_;
    next.deed();
    return true;
  }

 private:
  struct Due {
    Time when;
    std::uint64_t number;
    Deed deed;
  };
  struct Later {
    bool operator()(const Due& a, const Due& b) const {
      return a.when != b.when ? a.when > b.when : a.number > b.number;
    }
  };

  Time now_{std::chrono::hours(1)};
  std::uint64_t next_ = 0, done_ = 0;
  std::vector<Due> due_;
  LastEvents last_;
};

}  // namespace headgate::whole
