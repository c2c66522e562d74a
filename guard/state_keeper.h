// Keeps the state file in step with the gate: saves each minute when something changed, at once
// when another backend is in use, and once more at the end. After a kill the last minute of what
// was learnt is lost, no more; the backend in use is not, or the restart would be a way back.
//
// Threads: a thread of its own does the saving, never one that serves clients; Start and Stop on
// one thread, the rest from any. Lifetime: what `snapshot` and `current` refer to outlives Stop().
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
  using Current = std::function<std::string()>;
  // `current`: SavedState::backend as it is now, cheap to ask; none: it does not change.
  StateKeeper(std::string path, Snapshot snapshot, Current current = nullptr);
  ~StateKeeper();  // Stop()
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

  // Asks `current` each `poll`.
  void Start(Duration interval = std::chrono::minutes(1), Duration poll = std::chrono::seconds(1));
  // Saves what has changed, then ends the thread. Nothing when never started.
  void Stop();
  // The same, and saves nothing any more: the file is another process's.
  void LetGo();

  // What the thread does each time: writes when something changed. Ok: the file holds what there
  // is. The first failure in a row is logged.
  absl::Status Save();
  // Has the thread do so at once, and does not wait for it.
  void SaveSoon();
  [[nodiscard]] StateStatus status() const;

 private:
  void Run(Duration interval, Duration poll);
  [[nodiscard]] bool Switched() const;
  void Note(const SavedState& state, const std::string& error, bool wrote);

  const std::string path_;
  const Snapshot snapshot_;
  const Current current_;
  std::mutex saving_;                   // one writer of the file at a time
  std::optional<std::uint64_t> saved_;  // the fingerprint of what the file holds; under saving_
  mutable std::mutex mutex_;            // for what follows; never held while a file is written
  std::condition_variable wake_;
  bool stopping_ = false;
  bool let_go_ = false;  // under saving_
  bool asked_ = false;
  std::optional<std::string> backend_;  // what the file holds
  StateStatus status_;
  std::thread thread_;
};

}  // namespace headgate::guard
