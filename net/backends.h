// The room of the configured backends: knows which can be used, which one is, and what clients are
// greeted with. It probes those that are not known to be up, hands over from one to another, and
// keeps the engine informed; it ticks the engine as well.
//
// Every change of a backend's health ends in one place, After(): workers are told when nobody may
// connect any more, another backend takes over where the choice says so, then the engine hears of
// it. At a hand-over every session of the gate that has a backend is ended, so that no client
// writes to the former one through this gate while others write to the new one. That is all that
// is done about it: the former server is not fenced, and whoever reaches it otherwise still can.
//
// A probe is the monitor's login where that has worked last, so that nothing is counted as a failed
// login; else BackendProbe, which also takes over when a server hangs, as it can wait.
//
// Threads: Run() is the body of its own thread; the other methods from any. One lock, under which
// the engine and the callbacks are called. Lifetime: after Stop() and join; the monitors' threads
// end before. The engine outlives it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "net/backend.h"
#include "net/engine_ticker.h"
#include "net/greeting_store.h"
#include "net/heartbeat.h"
#include "net/loop.h"
#include "net/options.h"
#include "policies/backend_health.h"
#include "policies/engine.h"
#include "policies/time.h"

namespace headgate::net {

struct BackendStatus {
  std::string name;  // as configured
  bool current = false;
  bool up = false;
  std::string state;           // "up", "down", "probing" (for the first time, or while down)
  Time since{};                // it is up, or is not
  std::string last_error;      // why it is not up; empty when it is
  std::string server_version;  // empty until its greeting is known
  bool read_only = false;      // as the monitor saw it last
  bool open = false;           // its breaker: nobody may connect to it for now
  MonitorStatus monitor;
};

// Who waits for a lock at each backend, by its index.
using LockWaits = std::vector<std::shared_ptr<const BackendIds>>;

class Backends {
 public:
  // Under the lock: they may only hand the news on.
  struct Callbacks {
    std::function<void(std::size_t backend)> down;  // nobody may connect to it for now
    std::function<void()> switched;                 // another one is current
  };
  // Resolves their names. The error says which of them has none.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Backends>> Make(
      const GateOptions& options, const std::atomic<std::size_t>& clients, Engine& engine,
      Callbacks callbacks);
  ~Backends();
  Backends(const Backends&) = delete;
  Backends& operator=(const Backends&) = delete;

  void Run();
  void Stop();
  [[nodiscard]] const Heartbeat& heartbeat() const { return heartbeat_; }
  // What runs on the threads of the monitors, where there is an account.
  [[nodiscard]] bool monitored() const { return !options_.monitor.user.empty(); }

  [[nodiscard]] std::size_t size() const { return all_.size(); }
  [[nodiscard]] Backend& at(std::size_t index) { return *all_[index]; }
  [[nodiscard]] Backend& current() { return *current_.load(std::memory_order_acquire); }
  // What new clients get: the current one's, with what all that are known have in common.
  [[nodiscard]] const GreetingStore& offered() const { return offered_; }
  [[nodiscard]] LockWaits lock_waits() const;

  // The operator's word. NotFound: there is no such backend. FailedPrecondition: it is not up, or
  // was not heard of lately; then it is asked.
  [[nodiscard]] absl::Status Use(std::string_view name, Time now);
  [[nodiscard]] std::vector<BackendStatus> Status() const;
  [[nodiscard]] std::vector<KnownGreeting> Greetings() const;

  // For Backend.
  [[nodiscard]] Loop& loop() { return loop_; }
  void OnReached(Backend& b);
  void OnFailure(Backend& b, BackendFailure how, const std::string& detail);
  void OnTlsFailure(const Backend& b, const std::string& why);
  void OnDoubt(Backend& b);
  void OnGreeting(Backend& b, const mysql::Greeting& greeting);
  void OnMonitorLogin(Backend& b, const mysql::Greeting& greeting);
  void OnMonitorLook(Backend& b, const ServerFigures& figures);
  void OnMonitorTrouble(Backend& b, MonitorTrouble trouble, const std::string& error);

 private:
  Backends(const GateOptions& options, Engine& engine, Callbacks callbacks);
  void Restore();

  // Under the lock.
  void After(Backend& b, Time now);
  void Reconsider(Time now);
  [[nodiscard]] std::vector<BackendChoice::Standing> Standings(Time now) const;
  void SwitchToChosen(Time now);
  void TellEngine(Time now);
  void RefreshOffered();
  void Plan(Backend& b);
  void FailOrEndProbe(Backend& b, bool probe, BackendFailure how, Time now);
  void TellFacts(Backend& b, Time now);
  void ForgetForeign(Backend& b, Time now);

  // What time alone brings (backends_news.cc); on the room's thread, without the lock.
  void Tick();
  // Under the lock.
  void SayNews(Time now);
  void SayNewsOf(Backend& b, Time now);
  void Say(const std::string& line, bool warning) const;

  // Probes (backends_probes.cc); on the room's thread, without the lock.
  void SetDue(Backend& b);
  void OnDue(Backend& b);
  void AskMonitor(Backend& b);
  void OnMonitorSilent(Backend& b);
  void StartProbe(Backend& b);
  void OnProbeOverdue(Backend& b);
  void OnProbeEnded(Backend& b, const BackendProbe::Result& result);

  const GateOptions options_;
  Engine& engine_;
  const Callbacks callbacks_;
  Loop loop_;
  EngineTicker ticker_;
  LoopTimer tick_{loop_};
  GreetingStore offered_;
  std::vector<std::unique_ptr<Backend>> all_;
  std::atomic<Backend*> current_{nullptr};

  mutable std::mutex mutex_;
  BackendChoice choice_;
  bool told_up_ = true;  // what the engine believes of the current one
  const Backend* said_current_ = nullptr;
  bool by_operator_ = false;  // so it was that it became the current one
  Time said_switch_{};
  Heartbeat heartbeat_;
};

}  // namespace headgate::net
