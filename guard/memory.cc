#include "guard/memory.h"

#include <utility>

#include <absl/strings/str_format.h>
#include "guard/json_text.h"
#include "guard/log.h"
#include "guard/state_place.h"
#include "net/clock.h"

namespace headgate::guard {

void Memory::Open(const Config& config, const RunAs& who, const std::string& handed) {
  if (!handed.empty()) {
    auto state = ParseState(handed, config.limits.known_good.table_size);
    if (state.ok()) {
      saved_ = std::move(*state);
    } else {
      Log(LogLevel::kWarning, "what the former gate knew cannot be understood: " +
                                  std::string(state.status().message()));
    }
  }
  OpenFile(config, who);
}

void Memory::OpenFile(const Config& config, const RunAs& who) {
  path_ = config.state_file;
  if (path_.empty()) return;
  if (const auto status = MakeStateFolder(path_, who); !status.ok()) {
    return Log(
        LogLevel::kWarning,
        absl::StrFormat("[known_good] state: nothing is kept across restarts: %s; set it "
                        "to a path where %s may create files, or to \"\"",
                        std::string(status.message()), who.name.empty() ? "this user" : who.name));
  }
  const ActAs user(who);
  LoadedState loaded = LoadState(path_, config.limits.known_good.table_size);
  if (!loaded.warning.empty()) Log(LogLevel::kWarning, loaded.warning);
  if (!saved_) saved_ = std::move(loaded.state);
  may_save_ = loaded.may_save;
}

void Memory::HandOver(Engine& engine) {
  if (!saved_) return;
  baselines_ = saved_->baselines;
  const Duration elapsed = ElapsedSince(saved_->unix_ms, UnixMilliseconds());
  engine.RestoreKnownGood(saved_->known_good, elapsed, net::Now());
  engine.RestoreBans(saved_->bans, elapsed, net::Now());
  Log(LogLevel::kInfo,
      absl::StrFormat("[known_good] state: %d pairs and %d bans as they were %s ago",
                      saved_->known_good.size(), engine.Bans(net::Now()).size(),
                      SpanText(std::chrono::duration<double>(elapsed).count())));
  saved_.reset();
}

void Memory::Start(StateKeeper::Snapshot snapshot, StateKeeper::Current current) {
  if (!may_save_) return;
  keeper_ = std::make_unique<StateKeeper>(path_, std::move(snapshot), std::move(current));
  keeper_->Start();
}

void Memory::Stop() {
  if (keeper_) keeper_->Stop();
}

void Memory::LetGo() {
  if (keeper_) keeper_->LetGo();
}

absl::Status Memory::Save() {
  if (keeper_) return keeper_->Save();
  return absl::FailedPreconditionError("[known_good] state keeps nothing");
}

void Memory::SaveSoon() {
  if (keeper_) keeper_->SaveSoon();
}

StateStatus Memory::status() const { return keeper_ ? keeper_->status() : StateStatus(); }

}  // namespace headgate::guard
