// What the operator may do to a running gate: the answers of the admin socket, and the reload.
//
// Threads: any; one reload at a time, and `status` does not wait for it. Lifetime: what it refers
// to outlives it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include "guard/config.h"
#include "guard/explain.h"
#include "guard/host_figures.h"
#include "guard/recorder.h"
#include "guard/reload.h"
#include "guard/shadow.h"
#include "guard/status.h"
#include "guard/upgrade.h"
#include "guard/wire.h"
#include "net/admin.h"
#include "net/tls_prints.h"
#include "policies/engine.h"

namespace headgate::guard {

// The limits as the engine gets them: pending and waiting lowered to what `max_clients` (the
// descriptors) allow beside the slots. `note` says so, or is empty.
struct FittedLimits {
  std::shared_ptr<const Limits> limits;
  std::string note;
};
[[nodiscard]] FittedLimits FitLimits(const Limits& wanted, std::size_t max_clients);

// What a reload came to.
struct ReloadResult {
  bool done = false;
  std::string not_now;                // why nothing was read
  std::vector<std::string> problems;  // every one; with done = true warnings only
  std::vector<std::string> changed;
  std::vector<std::string> need_restart;
};

// The answer to what would change something while an upgrade is under way.
inline constexpr char kHandsOver[] =
    "an upgrade is under way, and this might be lost: ask again when it is done or has failed";

class Control {
 public:
  struct Parts {
    Engine* engine = nullptr;
    std::function<Time()> now;
    std::function<net::GateStatus()> gate_status;
    std::function<Loaded()> load;  // reads the config file anew
    // Log level, sampling, certificates: what is not the engine's.
    std::function<void(const Config&, const std::shared_ptr<const net::TlsContext>&)> apply;
    std::function<std::uint64_t()> log_dropped;
    // Either name of a backend. NotFound: there is none of it.
    std::function<absl::Status(const std::string& name)> use_backend;
    // Saves the state file now; the error says why nothing of it is kept.
    std::function<absl::Status()> save_state;
    std::function<StateStatus()> state_status;
    std::function<std::optional<Wire::View>()> wire;  // none: nothing is watched
    std::function<net::FirewallStatus()> firewall;
    std::function<ProcFigures()> host;  // does not wait for the host
    std::function<PageStatus()> page;
    std::function<std::string(std::uint64_t last)> history;    // as History::Json()
    std::function<void()> drain;                               // begins it, and returns at once
    std::function<absl::Status(const RecordOptions&)> record;  // begins one; the error is why not
    std::function<bool()> stop_record;                         // false: there was none
    std::function<RecordStatus()> record_status;
    std::function<std::optional<ShadowStatus>()> shadow;  // none: there is none
    std::function<absl::Status()> upgrade;                // likewise; the error is why not
    std::function<UpgradeStatus()> upgrade_status;
    std::function<std::vector<FormerGate>()> formers;  // that this one has taken over from
    std::function<void(bool begins)> on_reload;        // empty: nobody wants to know
    int elder = 0;  // the process that this one has taken over from; 0: it was started anew
    // The certificates that the last load() read, or the start.
    std::function<std::vector<net::TlsPrint>()> files_read;
    std::vector<std::string> listening;
    std::size_t max_clients = 0;
  };
  // `origins`: of the keys of `running`.
  Control(Parts parts, Config running, const Origins& origins = {});

  // The admin socket's handler.
  [[nodiscard]] net::AdminReply Handle(std::string_view method, std::string_view target,
                                       std::string_view body);
  // Whole or not at all, and not while the gate drains or hands over; logs what came of it.
  ReloadResult Reload();
  void SetDraining() { draining_ = true; }
  [[nodiscard]] bool draining() const { return draining_; }
  [[nodiscard]] Config running() const;
  // How the gate stands; without the figures of host and process.
  [[nodiscard]] StatusFacts GateFacts() const;

 private:
  [[nodiscard]] StatusFacts Facts() const;
  [[nodiscard]] net::AdminReply Status();
  [[nodiscard]] net::AdminReply Metrics();
  [[nodiscard]] net::AdminReply Sources(std::string_view query);
  [[nodiscard]] net::AdminReply Sessions(std::string_view query);
  [[nodiscard]] net::AdminReply Explain(std::string_view query);
  [[nodiscard]] net::AdminReply History(std::string_view query) const;
  [[nodiscard]] net::AdminReply Drain();
  [[nodiscard]] net::AdminReply RecordReply() const;
  [[nodiscard]] net::AdminReply Record(std::string_view body);
  [[nodiscard]] net::AdminReply Upgrade();
  [[nodiscard]] net::AdminReply UpgradeReply() const;
  [[nodiscard]] net::AdminReply Bans();
  [[nodiscard]] net::AdminReply WireStatus();
  [[nodiscard]] net::AdminReply Settings();
  [[nodiscard]] net::AdminReply Digests(std::string_view query);
  [[nodiscard]] net::AdminReply Waiting(std::string_view query);
  [[nodiscard]] net::AdminReply Pools(std::string_view query);
  [[nodiscard]] net::AdminReply Backends();
  [[nodiscard]] net::AdminReply UseBackend(std::string_view body);
  [[nodiscard]] net::AdminReply Ban(std::string_view body);
  [[nodiscard]] net::AdminReply Unban(std::string_view body);
  [[nodiscard]] net::AdminReply ReloadReply();
  [[nodiscard]] Explanation Ask(const ExplainQuestion& question,
                                std::shared_ptr<const ExplainWords>& words) const;
  // What the operator does now would be lost: another process may know everything already.
  [[nodiscard]] bool HandsOver() const;
  void LoadedAnew(const Loaded& loaded, ReloadResult& result);
  void TakeOver(ReloadPlan plan, const Loaded& loaded, ReloadResult& result);

  const Parts parts_;
  const Time started_;
  std::atomic<bool> draining_ = false;
  std::mutex reload_mutex_;   // one reload at a time; may be held while a name is looked up
  mutable std::mutex mutex_;  // what follows; short
  Config running_;
  std::vector<Setting> files_;                 // the certificates that it runs with
  std::shared_ptr<const Limits> published_;    // what the engine has of it
  std::shared_ptr<const ExplainWords> words_;  // of it
  ReloadCounts reloads_;
};

}  // namespace headgate::guard
