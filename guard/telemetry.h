// The engine's decision sink: samples decisions and hands them to a thread of its own, which
// writes the log lines and the decision log. Exact counts are the engine's (EngineStatus).
//
// Threads: OnDecision from any thread, also under an engine lock: a short mutex, no allocation, no
// file. Start and Stop on one thread. Lifetime: outlives the engine.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>
#include "guard/log.h"
#include "guard/sampler.h"
#include "policies/event.h"

namespace headgate::guard {

// A decision as it is kept: bounded, owning, of fixed size.
struct DecisionRecord {
  static constexpr std::size_t kMaxName = 64;
  struct Name {
    std::array<char, kMaxName> bytes{};
    std::uint8_t size = 0;
    bool cut = false;
    void Set(std::string_view text);
    [[nodiscard]] std::string_view View() const { return {bytes.data(), size}; }
  };
  Time at{};
  std::int64_t unix_ms = 0;
  Reason reason = Reason::kNone;
  bool enforced = true;
  Address peer;
  Name user;
  Name class_name;
  std::uint64_t digest = 0;
  Name rule;
  std::uint64_t suppressed = 0;  // of the same reason, before this one
};

// ASCII as it is, everything else, quotes and backslashes escaped as JSON does; bytes above 0x7f
// as \u00XX, since a login's bytes need not be UTF-8.
[[nodiscard]] std::string Escaped(std::string_view text);
// {"at":"2026-01-31T12:00:00.123Z","reason":"banned","enforced":true,"peer":"192.0.2.1",...}
[[nodiscard]] std::string DecisionJson(const DecisionRecord& record);
// "refused 192.0.2.1: connect_rate (more connects ...), user=\"app\" [12 more suppressed]"
[[nodiscard]] std::string DecisionLine(const DecisionRecord& record);

// A change of the pressure level, likewise.
struct LevelRecord {
  std::int64_t unix_ms = 0;
  Level from = Level::kCalm, to = Level::kCalm;
  std::string cause;
};

// "pressure: calm -> elevated (free_slots)"
[[nodiscard]] std::string LevelLine(const LevelRecord& record);
// {"at":"2026-01-31T12:00:00.123Z","reason":"pressure","level":"elevated","from":"calm",
//  "cause":"free_slots"}
[[nodiscard]] std::string LevelJson(const LevelRecord& record);

struct TelemetryOptions {
  Rate sample{10, 10};
  std::string decisions;         // a file to append to; empty = none
  std::size_t queue_max = 4096;  // records; above it they are dropped and counted
};

class Telemetry : public DecisionSink {
 public:
  // Opens the file, for appending, mode 0640. The error names it: what is no ordinary file (a
  // device, a pipe) is refused.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Telemetry>> Open(
      const TelemetryOptions& options);
  ~Telemetry() override;  // Stop()

  // Gives the file to who the process becomes later; best effort. Not one that was there before,
  // with something in it or of another user.
  void GiveFileTo(unsigned uid, unsigned gid);
  void Start();
  // Writes what is queued, then ends the thread.
  void Stop();

  void OnDecision(const Decision& d) override;
  // Never sampled: the level's hysteresis bounds them.
  void OnLevel(const LevelChange& change) override;
  // Not sampled either: there is one an hour for each address.
  void OnSharedAddress(const SharedAddress& found) override;
  // A line for the log, from any thread, under whatever lock. For what is rare: nothing samples it.
  void Say(const std::string& line, bool warning);
  void SetSample(Rate rate) { sampler_.SetRate(rate); }
  // Sampled decisions that found the queue full, or the disk.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  explicit Telemetry(const TelemetryOptions& options, int file);
  void Run();
  void Write(const std::vector<DecisionRecord>& batch);
  void WriteLevels(const std::vector<LevelRecord>& levels);
  void WriteLines(std::string lines);
  void WriteSummary();

  Sampler sampler_;
  const int file_;
  bool ours_ = false;    // this process made it, or might have
  bool torn_ = false;    // the last line in it has no end; the thread's alone
  bool losing_ = false;  // likewise
  const std::size_t queue_max_;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<DecisionRecord> queue_;
  std::vector<LevelRecord> levels_;
  std::vector<std::pair<std::string, LogLevel>> lines_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace headgate::guard
