// Signals and the gate's own end as one queue that the main thread waits on.
//
// Threads: construct on the main thread before any other is started, so that all of them inherit
// the blocked signals; Next() there; Notify...() from any. Lifetime: outlives who notifies.
#pragma once

#include "policies/time.h"

namespace headgate::guard {

enum class Wake {
  kReload,    // SIGHUP
  kStop,      // SIGTERM, SIGINT
  kUpgrade,   // SIGUSR2
  kHandOver,  // NotifyHandOver() was called
  kEnded,     // NotifyEnded() was called
};

class SignalQueue {
 public:
  // Blocks SIGHUP, SIGTERM, SIGINT and SIGUSR2 for signalfd(2); ignores SIGPIPE,
  // and has SIGCHLD as it is by default.
  SignalQueue();
  ~SignalQueue();
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;

  [[nodiscard]] bool ok() const { return signals_ >= 0 && ended_ >= 0 && hand_over_ >= 0; }
  [[nodiscard]] Wake Next();
  void NotifyEnded();
  void NotifyHandOver();

 private:
  int signals_ = -1;
  int ended_ = -1;
  int hand_over_ = -1;
};

// When `most` has passed (whole seconds) the process ends with status 1, whatever its threads do or
// wait for, and says so on standard error. By SIGALRM; to be called on the main thread.
void EndAfter(Duration most);

}  // namespace headgate::guard
