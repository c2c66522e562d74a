#include "guard/state_keeper.h"

#include <algorithm>
#include <utility>

#include "guard/log.h"

namespace headgate::guard {

StateKeeper::StateKeeper(std::string path, Snapshot snapshot, Current current)
    : path_(std::move(path)), snapshot_(std::move(snapshot)), current_(std::move(current)) {
  status_.path = path_;
}

StateKeeper::~StateKeeper() { Stop(); }

void StateKeeper::Start(Duration interval, Duration poll) {
  thread_ = std::thread([this, interval, poll] { Run(interval, poll); });
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

void StateKeeper::LetGo() {
  {
    const std::lock_guard one_at_a_time(saving_);
    let_go_ = true;
  }
  Stop();
}

void StateKeeper::SaveSoon() {
  {
    const std::lock_guard lock(mutex_);
    asked_ = true;
  }
  wake_.notify_all();
}

bool StateKeeper::Switched() const {
  if (!current_) return false;
  const std::string now = current_();
  const std::lock_guard lock(mutex_);
  return backend_ != now;
}

void StateKeeper::Run(Duration interval, Duration poll) {
  constexpr int kPause = 10;  // polls after a failure: a whole snapshot is not for each second
  using Clock = std::chrono::steady_clock;
  auto due = Clock::now() + interval;
  auto again = Clock::now();
  bool last = false;
  while (!last) {
    bool asked = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, std::min(interval, poll), [this] { return stopping_ || asked_; });
      last = stopping_;
      asked = std::exchange(asked_, false);
    }
    const auto now = Clock::now();
    if (!last && !asked && now < due && (now < again || !Switched())) continue;
    if (!Save().ok()) again = Clock::now() + kPause * poll;
    due = now + interval;
  }
}

absl::Status StateKeeper::Save() {
  const std::lock_guard one_at_a_time(saving_);
  if (let_go_) return absl::FailedPreconditionError("the file is another process's");
  const SavedState state = snapshot_();
  const std::uint64_t fingerprint = Fingerprint(state);
  const bool wrote = saved_ != fingerprint;
  absl::Status status = wrote ? WriteState(path_, StateJson(state)) : absl::OkStatus();
  if (status.ok()) saved_ = fingerprint;
  Note(state, std::string(status.message()), wrote);
  return status;
}

void StateKeeper::Note(const SavedState& state, const std::string& error, bool wrote) {
  const std::lock_guard lock(mutex_);
  const bool news = status_.error.empty() != error.empty();
  status_.error = error;
  if (!error.empty()) {
    if (news) Log(LogLevel::kWarning, "[known_good] state is not saved: " + error);
    return;
  }
  backend_ = state.backend;
  if (wrote) {
    ++status_.saves;
    status_.saved_unix_ms = state.unix_ms;
  }
  if (news) Log(LogLevel::kInfo, "[known_good] state: saved again");
}

StateStatus StateKeeper::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace headgate::guard
