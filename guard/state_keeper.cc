#include "guard/state_keeper.h"

#include <utility>

#include "guard/log.h"

namespace headgate::guard {

StateKeeper::StateKeeper(std::string path, Snapshot snapshot)
    : path_(std::move(path)), snapshot_(std::move(snapshot)) {
  status_.path = path_;
}

StateKeeper::~StateKeeper() { Stop(); }

void StateKeeper::Start(Duration interval) {
  thread_ = std::thread([this, interval] { Run(interval); });
}

void StateKeeper::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void StateKeeper::Run(Duration interval) {
  bool last = false;
  while (!last) {
    {
      std::unique_lock lock(mutex_);
      last = wake_.wait_for(lock, interval, [this] { return stopping_; });
    }
    SaveIfChanged();
  }
}

bool StateKeeper::SaveIfChanged() {
  const SavedState state = snapshot_();
  const std::uint64_t fingerprint = Fingerprint(state);
  if (saved_ == fingerprint) return false;
  const absl::Status status = WriteState(path_, StateJson(state));
  const std::string error(status.message());
  if (status.ok()) saved_ = fingerprint;
  const std::lock_guard lock(mutex_);
  const bool news = status_.error.empty() != error.empty();
  status_.error = error;
  if (status.ok()) {
    ++status_.saves;
    status_.saved_unix_ms = state.unix_ms;
    if (news) Log(LogLevel::kInfo, "[known_good] state: saved again");
  } else if (news) {
    Log(LogLevel::kWarning, "[known_good] state is not saved: " + error);
  }
  return status.ok();
}

StateStatus StateKeeper::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace headgate::guard
