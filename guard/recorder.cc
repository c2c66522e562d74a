#include "guard/recorder.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/begin_thread.h"
#include "guard/log.h"

namespace headgate::guard {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kEvery = std::chrono::seconds(1);

}  // namespace

absl::Status Recorder::Start(Engine& engine, TapeFan& tapes, TraceHeader header,
                             const RecordOptions& options, Time now) {
  const std::lock_guard one_at_a_time(one_at_a_time_);
  if (status().recording) {
    return absl::FailedPreconditionError("a record goes on already: " + status().path);
  }
  if (thread_.joinable()) thread_.join();  // of one whose time is over
  auto files = TraceFiles::Make(options.path, std::move(header), options.bounds);
  if (!files.ok()) return files.status();
  {
    const std::lock_guard lock(mutex_);
    engine_ = &engine;
    last_at_ = now;
    tapes_ = &tapes;
    stopping_ = false;
    ends_.reset();
    if (options.how_long > Duration::zero()) ends_ = Clock::now() + options.how_long;
    encoder_ = TraceEncoder();
    blocks_.clear();
    status_ = {};
    status_.recording = true;
    status_.path = options.path;
  }
  tapes.Add(*this, engine, now);
  absl::Status status =
      BeginThread(thread_, [this, f = std::move(*files)]() mutable { Run(std::move(f)); });
  if (!status.ok()) GiveUp(tapes, engine, now, std::string(status.message()));
  return status;
}

// Nobody writes what is told.
void Recorder::GiveUp(TapeFan& tapes, Engine& engine, Time now, const std::string& why) {
  tapes.Remove(*this, engine, now);
  const std::lock_guard lock(mutex_);
  encoder_ = TraceEncoder();
  blocks_.clear();
  unlink(status_.path.c_str());  // it is empty, but for its header
  status_.events = 0;
  status_.recording = false;
  status_.error = why;
}

bool Recorder::Stop() {
  const std::lock_guard one_at_a_time(one_at_a_time_);
  if (!thread_.joinable()) return false;
  bool went_on = false;
  {
    const std::lock_guard lock(mutex_);
    went_on = status_.recording;
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
  return went_on;
}

RecordStatus Recorder::status() const {
  const std::lock_guard lock(mutex_);
  RecordStatus s = status_;
  if (s.recording && ends_) s.left = std::max<Duration>(*ends_ - Clock::now(), Duration::zero());
  return s;
}

void Recorder::On(const EngineEvent& event, const Told& told) {
  const std::lock_guard lock(mutex_);
  encoder_.Add(event, told);
  ++status_.events;
  last_at_ = event.at;
  if (encoder_.size() >= kBlock) PutBlock();
}

Time Recorder::LastAt() const {
  const std::lock_guard lock(mutex_);
  return last_at_;
}

// Under the lock.
void Recorder::PutBlock() {
  const std::uint64_t events = encoder_.events();
  std::string block = encoder_.Take();
  if (blocks_.size() < kMostWaiting) {
    blocks_.push_back(std::move(block));
    wake_.notify_one();
  } else {
    status_.lost += events;
  }
}

void Recorder::Run(TraceFiles files) {
  bool last = false;
  bool works = true;
  while (!last) {
    {
      std::unique_lock lock(mutex_);
      if (works) wake_.wait_for(lock, kEvery, [this] { return stopping_ || !blocks_.empty(); });
      last = stopping_ || !works || (ends_ && Clock::now() >= *ends_);
    }
    if (last) tapes_->Remove(*this, *engine_, LastAt());
    std::deque<std::string> blocks;
    {
      const std::lock_guard lock(mutex_);
      if (encoder_.events() > 0) PutBlock();
      blocks.swap(blocks_);
    }
    works = works && Write(files, blocks);
  }
  RecordStatus s;
  {
    const std::lock_guard lock(mutex_);
    status_.recording = false;
    s = status_;
  }
  Log(LogLevel::kInfo, absl::StrFormat("record %s: %d events, %d bytes, %d events left out", s.path,
                                       s.events, s.bytes, s.lost));
}

// False: it is over.
bool Recorder::Write(TraceFiles& files, const std::deque<std::string>& blocks) {
  for (const std::string& block : blocks) {
    const absl::Status status = files.Add(block);
    {
      const std::lock_guard lock(mutex_);
      status_.bytes = files.written();
      if (!status.ok()) status_.error = std::string(status.message());
    }
    if (status.ok()) continue;
    Log(LogLevel::kWarning, absl::StrFormat("record: %s; it ends here", status.message()));
    return false;
  }
  return true;
}

}  // namespace headgate::guard
