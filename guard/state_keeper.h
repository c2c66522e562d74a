// Keeps the state file in step with the gate: saves each minute when something changed, and once
// more at the end. After a kill the last minute is lost, no more.
//
// Threads: a thread of its own does the saving, never one that serves clients; Start and Stop on
// one thread, status() from any. Lifetime: what `snapshot` refers to outlives Stop().
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "guard/state_file.h"
#include "policies/time.h"

namespace headgate::guard {

struct StateStatus {
  std::string path;   // empty: nothing is kept
  std::string error;  // why the last save failed; empty where it did not
  std::uint64_t saves = 0;
  std::int64_t saved_unix_ms = 0;  // 0: not yet
};

class StateKeeper {
 public:
  using Snapshot = std::function<SavedState()>;
  StateKeeper(std::string path, Snapshot snapshot);
  ~StateKeeper();  // Stop()
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

  void Start(Duration interval = std::chrono::minutes(1));
  // Saves what has changed, then ends the thread. Nothing when never started.
  void Stop();

  // What the thread does each time. True when it wrote. The first failure in a row is logged.
  bool SaveIfChanged();
  [[nodiscard]] StateStatus status() const;

 private:
  void Run(Duration interval);

  const std::string path_;
  const Snapshot snapshot_;
  std::optional<std::uint64_t> saved_;  // the fingerprint of what the file holds
  mutable std::mutex mutex_;            // for what follows; never held while a file is written
  std::condition_variable wake_;
  bool stopping_ = false;
  StateStatus status_;
  std::thread thread_;
};

}  // namespace headgate::guard
