// A candidate policy beside the live one, on the live traffic: [shadow] config.
//
// What the engine is told, and says, is copied into a bounded queue under the engine's own lock; a
// thread of its own puts it to a Reenactment of the candidate's limits and counts how the two
// differ. Nothing of what the candidate decides comes back to the gate, and the gate never waits
// for it: what finds no room is left out and counted (shadow_queue.h). Where connections that are
// still there were left out, it begins anew from what there is, once it has caught up and at most
// once a minute.
//
// Begun at the start of the gate it is exact. Begun later it knows bans, known-good pairs and who
// is connected, but not what they did before: those are let in without being asked.
//
// Threads: On() as Tape says; Begin and Stop one at a time; status() from any. Lifetime: the engine
// outlives it, or its Stop().
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <absl/status/status.h>
#include "guard/shadow_queue.h"
#include "policies/engine.h"
#include "policies/policy_contrast.h"
#include "policies/reenactment.h"
#include "policies/tape.h"
#include "policies/tape_fan.h"

namespace headgate::guard {

struct ShadowPolicy {
  std::string path;  // of its configuration
  std::shared_ptr<const Limits> limits;
  EngineSecrets secrets;  // those of the live one: what both hash they treat alike
  bool can_kill = false;
  // They are those of the live one as well: from the start on every answer is the same, and is
  // asked for at the very same moment.
  bool same = false;
};

struct ShadowStatus {
  std::string path;
  Duration age{};                // since it began
  std::uint32_t found = 0;       // connections that were there then
  std::uint64_t begun_anew = 0;  // after a loss
  ShadowQueue::Counts queue;
  Duration lag{};  // how old is what it has not got to yet
  ContrastCounts counts;
};

class Shadow : public Tape {
 public:
  explicit Shadow(std::function<Time()> now, ShadowQueue::Bounds bounds = {})
      : now_(std::move(now)), queue_(bounds) {}
  ~Shadow() override { Stop(); }
  Shadow(const Shadow&) = delete;
  Shadow& operator=(const Shadow&) = delete;

  // Counts from 0. One that goes on ends before. `tapes`: of the engine; it outlives Stop().
  // Unavailable: there is no thread for it, and so no shadow.
  [[nodiscard]] absl::Status Begin(Engine& engine, TapeFan& tapes, ShadowPolicy policy);
  // False when there was none.
  bool Stop();
  // Whether it goes on with this very policy. Not while it begins or stops.
  [[nodiscard]] bool IsOf(const ShadowPolicy& policy) const;
  // None: there is none.
  [[nodiscard]] std::optional<ShadowStatus> status() const;
  // Everything that was told before this call is counted; for tests.
  void CatchUp();

  void On(const EngineEvent& event, const Told& told) override;

 private:
  [[nodiscard]] absl::Status BeginRun();
  void Run();
  void Fresh();
  void Apply(const EngineEvent& event, const Told& told);
  [[nodiscard]] bool WantsAnew(Time now) const;
  void BeginAnew(Time now);
  void Publish(std::size_t taken);

  const std::function<Time()> now_;
  ShadowQueue queue_;
  std::thread thread_;
  // Set by Begin() before there is a thread.
  Engine* engine_ = nullptr;
  TapeFan* tapes_ = nullptr;
  ShadowPolicy policy_;
  std::size_t most_text_ = 0;
  // The thread's own.
  std::unique_ptr<PolicyContrast> contrast_;
  std::unique_ptr<Reenactment> candidate_;
  bool decides_ = false;  // what was there is told
  Time begun_{};          // last

  mutable std::mutex mutex_;  // what follows; short
  std::condition_variable wake_, caught_up_;
  bool running_ = false, stopping_ = false;
  std::uint64_t looks_ = 0;  // of the thread, at all that there was
  Time since_{};
  ShadowStatus status_;
};

}  // namespace headgate::guard
