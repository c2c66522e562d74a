// What the gate remembers across a restart: read at the start, handed to the engine, and kept from
// then on.
//
// Threads: Open to Start and Stop on one, the rest from any. Lifetime: what Start() is given
// outlives Stop(), and the snapshot's engine too.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <absl/status/status.h>
#include "guard/config.h"
#include "guard/privileges.h"
#include "guard/state_file.h"
#include "guard/state_keeper.h"
#include "policies/engine.h"

namespace headgate::guard {

class Memory {
 public:
  // Reads the state file as `who`. Nothing that goes wrong keeps the gate from starting: it is
  // logged. `handed`: what the gate that this one takes over from knows, in the file's place.
  void Open(const Config& config, const RunAs& who, const std::string& handed = "");
  // Of an earlier run; nothing where there was none, or after HandOver().
  [[nodiscard]] const std::optional<SavedState>& saved() const { return saved_; }
  // The engine takes over what is its own; the rest is forgotten, but for the baselines.
  void HandOver(Engine& engine);
  [[nodiscard]] const std::optional<BaselineSet>& baselines() const { return baselines_; }

  // Saves from now on, where that can be. `snapshot`, `current`: as of StateKeeper.
  void Start(StateKeeper::Snapshot snapshot, StateKeeper::Current current);
  void Stop();
  // The same without a last save: the file is another process's from now on. What the other one
  // has to know is saved before.
  void LetGo();
  // FailedPrecondition where nothing is kept.
  [[nodiscard]] absl::Status Save();
  void SaveSoon();
  [[nodiscard]] StateStatus status() const;

 private:
  void OpenFile(const Config& config, const RunAs& who);

  std::string path_;
  bool may_save_ = false;
  std::optional<SavedState> saved_;
  std::optional<BaselineSet> baselines_;
  std::unique_ptr<StateKeeper> keeper_;
};

}  // namespace headgate::guard
