// Records what an engine is told and says, on demand, to trace files.
//
// What is told is put into a block of memory under the engine's own lock; a thread of its own
// writes the blocks. Where it does not keep up, whole blocks are left out and counted: the engine
// never waits for a disk. The last second is lost when the process is killed.
//
// Threads: On() as Tape says; the rest from any. Lifetime: outlived by the engine.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <absl/status/status.h>
#include "guard/trace_code.h"
#include "guard/trace_file.h"
#include "policies/engine.h"
#include "policies/tape.h"
#include "policies/tape_fan.h"

namespace headgate::guard {

struct RecordOptions {
  std::string path;
  Duration how_long{};  // zero: until it is stopped
  TraceBounds bounds;
};

struct RecordStatus {
  bool recording = false;
  std::string path;   // also of the last one, once it is over
  std::string error;  // why it ended, where that was no order and no end of its time
  std::uint64_t events = 0, lost = 0, bytes = 0;
  std::optional<Duration> left;  // of its time, while it goes on
};

class Recorder : public Tape {
 public:
  Recorder() = default;
  ~Recorder() override { Stop(); }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // `tapes`: of the engine; it outlives the record. FailedPrecondition: one goes on already.
  // Unavailable: there is no thread for it.
  [[nodiscard]] absl::Status Start(Engine& engine, TapeFan& tapes, TraceHeader header,
                                   const RecordOptions& options, Time now);
  // Writes what there is. False when none went on.
  bool Stop();
  [[nodiscard]] RecordStatus status() const;

  void On(const EngineEvent& event, const Told& told) override;

 private:
  static constexpr std::size_t kBlock = std::size_t{256} * 1024;
  static constexpr std::size_t kMostWaiting = 32;  // blocks

  void Run(TraceFiles files);
  void GiveUp(TapeFan& tapes, Engine& engine, Time now, const std::string& why);
  void PutBlock();
  [[nodiscard]] Time LastAt() const;
  [[nodiscard]] bool Write(TraceFiles& files, const std::deque<std::string>& blocks);

  std::mutex one_at_a_time_;  // Start and Stop
  std::thread thread_;
  mutable std::mutex mutex_;  // what follows; short
  std::condition_variable wake_;
  Engine* engine_ = nullptr;  // while it records
  TapeFan* tapes_ = nullptr;
  bool stopping_ = false;
  std::optional<std::chrono::steady_clock::time_point> ends_;
  Time last_at_{};  // of the events
  TraceEncoder encoder_;
  std::deque<std::string> blocks_;
  RecordStatus status_;
};

}  // namespace headgate::guard
