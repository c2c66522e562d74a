// A sign of life of a thread, and who is missing one. A thread that only ever runs short handlers
// beats from its own loop: when it hangs in one, the beats end.
//
// Threads: Beat() and End() from the thread itself, the rest from any; no lock. Lifetime: outlives
// its thread.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "policies/time.h"

namespace headgate::net {

// How often a loop beats.
inline constexpr Duration kBeatEvery = std::chrono::seconds(1);

class Heartbeat {
 public:
  void Beat(Time now) { last_.store(now, std::memory_order_relaxed); }
  // The thread has come to its end, as it should: nobody waits for it any more.
  void End() { last_.store(kNever, std::memory_order_relaxed); }
  // kNever once it has ended.
  [[nodiscard]] Time last() const { return last_.load(std::memory_order_relaxed); }

 private:
  std::atomic<Time> last_{kNever};  // not begun: nobody waits for it yet
};

struct Beat {
  std::string thread;   // "worker 0"
  Time last{};          // kNever: it has not begun, or has ended
  Duration patience{};  // how long it may be silent
};

// The threads that have been silent for longer than they may; empty where all live.
[[nodiscard]] inline std::string SilentThreads(const std::vector<Beat>& beats, Time now) {
  std::string silent;
  for (const Beat& beat : beats) {
    if (beat.last == kNever || now - beat.last <= beat.patience) continue;
    silent += (silent.empty() ? "" : ", ") + beat.thread;
  }
  return silent;
}

}  // namespace headgate::net
