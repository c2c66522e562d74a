#include "guard/daemon.h"

#include <unistd.h>

#include <csignal>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/admin_place.h"
#include "guard/backends.h"
#include "guard/config.h"
#include "guard/config_files.h"
#include "guard/config_text.h"
#include "guard/config_values.h"
#include "guard/config_watch.h"
#include "guard/control.h"
#include "guard/core_dumps.h"
#include "guard/exit_status.h"
#include "guard/gate_options.h"
#include "guard/host_watch.h"
#include "guard/identity.h"
#include "guard/json_text.h"
#include "guard/kernel_bans.h"
#include "guard/log.h"
#include "guard/memory.h"
#include "guard/page.h"
#include "guard/privileges.h"
#include "guard/signals.h"
#include "guard/telemetry.h"
#include "guard/tls_files.h"
#include "guard/transparent_start.h"
#include "guard/version.h"
#include "guard/wire.h"
#include "net/admin.h"
#include "net/clock.h"
#include "net/gate.h"
#include "net/tls_prints.h"
#include "policies/engine.h"

namespace headgate::guard {
namespace {

absl::Status Start(std::string_view what, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrFormat("%s: %s", what, std::string(status.message())));
}

class Daemon {
 public:
  Daemon(std::string path, bool core_dumps) : path_(std::move(path)), core_dumps_(core_dumps) {}

  int Run() {
    watch_.Loaded(ConfigFootprint(path_));
    Loaded loaded = LoadConfig(path_);
    InitLog(loaded.config ? loaded.config->log_level : "info");
    for (const Problem& problem : loaded.problems) {
      const bool error = problem.severity == Problem::Severity::kError;
      Log(error ? LogLevel::kError : LogLevel::kWarning, ToText(problem));
    }
    if (!loaded.config) return kExitUsage;
    config_ = std::move(*loaded.config);
    origins_ = std::move(loaded.origins);
    if (const absl::Status status = SettleCoreDumps(core_dumps_); !status.ok()) return Fail(status);
    if (const absl::Status status = Open(); !status.ok()) return Fail(status);
    if (const absl::Status status = Serve(); !status.ok()) return Fail(status);
    return Loop();
  }

 private:
  static int Fail(const absl::Status& status) {
    Log(LogLevel::kError, std::string(status.message()));
    return kExitNo;
  }

  // Everything that may need root, in the end without it.
  absl::Status Open() {
    if (!signals_.ok()) return absl::UnavailableError("signalfd: out of descriptors");
    auto who = ChooseUser(config_);
    if (!who.ok()) return who.status();
    memory_.Open(config_, *who);
    if (absl::Status status = SettleBackend(); !status.ok()) return status;
    const bool collapsed = config_.limits.identity_collapsed;
    if (auto s = JudgeRunningUser(config_, collapsed, who->name, who->uid); !s.ok()) return s;
    if (auto s = OpenLogs(*who); !s.ok()) return s;
    if (auto s = CheckTransparentStart(config_, backends_.Addresses()); !s.ok())
      return Start("[gate] transparent", s);
    files_read_ = net::PrintsOfFiles(config_.tls);
    auto gate = net::Gate::Bind(MakeGateOptions());
    if (!gate.ok()) return Start("[gate]", gate.status());
    gate_ = std::move(*gate);
    if (auto s = OpenAdmin(*who); !s.ok()) return s;
    page_.Open(config_.admin.http);
    OpenWire();
    const Keep keep{.net_admin = config_.firewall.enforce, .net_raw = config_.transparent};
    if (auto s = BecomeUser(*who, keep); !s.ok()) return s;
    // A change of the user settles that anew.
    if (auto s = core_dumps_ ? AllowCoreDumps() : ForbidCoreDumps(); !s.ok()) return s;
    if (config_.transparent) {
      const absl::Status proven = ProveTransparent(backends_.Addresses());
      if (!proven.ok()) return Start("[gate] transparent", proven);
    }
    SayWho(*who);
    return absl::OkStatus();
  }

  absl::Status SettleBackend() {
    auto settled = SettleBackends(config_, ReadHostFacts().resolve,
                                  memory_.saved() ? memory_.saved()->backend : std::string());
    if (!settled.ok()) return settled.status();
    backends_ = std::move(*settled);
    for (const std::string& warning : backends_.warnings) {
      Log(LogLevel::kWarning, "[gate] backend: " + warning);
    }
    config_.limits.identity_collapsed = backends_.collapsed;
    return absl::OkStatus();
  }

  absl::Status OpenLogs(const RunAs& who) {
    TelemetryOptions options;
    options.sample = config_.log_sample;
    options.decisions = config_.log_decisions;
    auto telemetry = Telemetry::Open(options);
    if (!telemetry.ok()) return telemetry.status();
    telemetry_ = std::move(*telemetry);
    if (who.started_as_root) telemetry_->GiveFileTo(who.uid, who.gid);
    return absl::OkStatus();
  }

  absl::Status OpenAdmin(const RunAs& who) {
    auto admin = BindAdmin(config_.admin, who);
    if (!admin.ok()) return admin.status();
    admin_ = std::move(*admin);
    return absl::OkStatus();
  }

  net::GateOptions MakeGateOptions() const {
    net::GateOptions options = GateOptionsOf(config_, backends_);
    if (memory_.saved()) options.greetings = memory_.saved()->greetings;
    options.on_event = Saying();
    return options;
  }

  // A line of the log, from any thread.
  std::function<void(const std::string&, bool warning)> Saying() const {
    return [this](const std::string& line, bool warning) { telemetry_->Say(line, warning); };
  }

  void SayWho(const RunAs& who) const {
    if (who.fell_back) {
      Log(LogLevel::kWarning, absl::StrFormat("there is no user %s ([gate] user): running as %s",
                                              config_.user, who.name));
    }
    for (const std::string& file : UnreadableConfigFiles(path_)) {
      Log(LogLevel::kWarning,
          absl::StrFormat("%s: the user %s cannot read it, and a reload will be refused until it "
                          "can",
                          file, who.name));
    }
    WarnOfTlsFiles(config_, who.name);
  }

  absl::Status Serve() {
    auto secrets = memory_.saved() ? memory_.saved()->secrets : RandomSecrets();
    if (!secrets.ok()) return secrets.status();
    const FittedLimits fitted = FitLimits(config_.limits, gate_->max_clients());
    if (!fitted.note.empty()) Log(LogLevel::kWarning, fitted.note);
    engine_ = std::make_unique<Engine>(fitted.limits, *secrets, gate_->wakeups(), *telemetry_);
    memory_.HandOver(*engine_);
    telemetry_->Start();
    if (auto s = OpenFirewall(); !s.ok()) return Start("[firewall]", s);
    host_.Start(config_.host);
    control_ = std::make_unique<Control>(ControlParts(), config_, origins_);
    if (auto s = gate_->Start(*engine_); !s.ok()) return Start("[gate] backend", s);
    if (kernel_bans_) kernel_bans_->Start();
    if (wire_) StartWire(*secrets);
    memory_.Start([this, s = *secrets] { return Snapshot(s); },
                  [this] { return CurrentBackend(); });
    admin_->EverySecond([this] { page_.Record(*control_); });
    admin_->Start([this](std::string_view method, std::string_view target, std::string_view body) {
      return control_->Handle(method, target, body);
    });
    page_.Start(*control_);
    watch_.Start(path_, [] { kill(getpid(), SIGHUP); });
    watch_.Set(config_.admin.watch);
    for (const std::string& address : gate_->listening()) {
      Log(LogLevel::kInfo, "listening on " + address);
    }
    std::string names;
    for (const std::string& name : backends_.shown) names += (names.empty() ? "" : ", ") + name;
    SayBackend();
    Log(LogLevel::kInfo, absl::StrFormat("backend %s, PROXY header %s, admin socket %s", names,
                                         ProxyText(config_), config_.admin.socket));
    Log(LogLevel::kInfo, absl::StrFormat("headgate %s is up, pid %d", Version(), getpid()));
    return absl::OkStatus();
  }

  void SayBackend() const {
    const std::string current = CurrentBackend();
    const std::string& first = backends_.shown.at(0);
    if (current == first) return;
    Log(LogLevel::kWarning, absl::StrFormat("backend %s is in use, as it was before the restart; "
                                            "`headgate backend use %s` goes back to the first",
                                            current, first));
  }

  SavedState Snapshot(const EngineSecrets& secrets) const {
    SavedState state;
    state.unix_ms = UnixMilliseconds();
    state.secrets = secrets;
    state.backend = CurrentBackend();
    state.known_good = engine_->ExportKnownGood(net::Now());
    state.greetings = gate_->Greetings();
    // A start without a wire is no reason to forget.
    state.baselines = wire_ ? wire_->Baselines() : memory_.baselines();
    state.intervals = wire_ ? wire_->Intervals() : 0;
    return state;
  }

  // Without the right to capture the gate runs all the same.
  void OpenWire() {
    auto wire = Wire::Open(config_, ReadHostFacts().addresses, Saying());
    if (wire.ok()) {
      wire_ = std::move(*wire);
    } else {
      Log(LogLevel::kWarning,
          "[observer] nothing is watched: " + std::string(wire.status().message()) +
              "; interface = \"\" says it need not be");
    }
  }

  absl::Status OpenFirewall() {
    if (TcpPorts(config_.listen).empty()) return absl::OkStatus();
    kernel_bans_ = std::make_unique<KernelBans>(config_, Saying());
    return kernel_bans_->Prepare(*engine_);
  }

  void StartWire(const EngineSecrets& secrets) {
    WireWatcher::Hooks hooks;
    hooks.pressure = [this](double syn_per_second, bool anomaly) {
      engine_->OnWire(syn_per_second, anomaly, net::Now());
    };
    hooks.redirected = [this] { return !kernel_bans_ || kernel_bans_->LeadsToGate(); };
    wire_->Start(KeyedHash(secrets.key0, secrets.key1), std::move(hooks), memory_.baselines());
  }

  // As the file calls it: an address may be another one after the next look-up.
  std::string CurrentBackend() const {
    for (const net::BackendStatus& backend : gate_->Status().backends) {
      if (backend.current) return backends_.ShownOf(backend.name);
    }
    return "";
  }

  // As the file calls them.
  net::GateStatus NamedStatus() const {
    net::GateStatus status = gate_->Status();
    for (net::BackendStatus& backend : status.backends) {
      backend.name = backends_.ShownOf(backend.name);
    }
    return status;
  }

  absl::Status UseBackend(const std::string& name) {
    const auto connect = backends_.ConnectOf(name);
    if (!connect) {
      return absl::NotFoundError("there is no backend " + Quoted(name.substr(0, 64)) +
                                 "; `headgate backend` lists them");
    }
    return gate_->UseBackend(*connect, net::Now());
  }

  Control::Parts ControlParts() {
    Control::Parts parts;
    parts.engine = engine_.get();
    parts.now = net::Now;
    parts.gate_status = [this] { return NamedStatus(); };
    parts.use_backend = [this](const std::string& name) { return UseBackend(name); };
    parts.save_state = [this] { return memory_.Save(); };
    parts.state_status = [this] { return memory_.status(); };
    parts.wire = [this] { return wire_ ? std::optional(wire_->Status()) : std::nullopt; };
    parts.firewall = [this] {
      return kernel_bans_ ? kernel_bans_->Status() : net::FirewallStatus();
    };
    parts.load = [this] {
      watch_.Loaded(ConfigFootprint(path_));
      return LoadForReload(path_, control_->running().tls, files_read_);
    };
    parts.apply = [this](const Config& config, const std::shared_ptr<const net::TlsContext>& tls) {
      SetLogLevel(config.log_level);
      telemetry_->SetSample(config.log_sample);
      if (kernel_bans_) kernel_bans_->Reload(config);
      if (tls && config.tls.mode == net::TlsMode::kTerminate) gate_->SetTls(tls);
      watch_.Set(config.admin.watch);
      host_.Set(config.host);
    };
    parts.host = [this] { return host_.Latest(); };
    parts.page = [this] { return page_.status(); };
    parts.history = [this](std::uint64_t last) { return page_.History(last); };
    parts.files_read = [this] { return files_read_; };
    parts.drain = [] { kill(getpid(), SIGTERM); };
    parts.log_dropped = [this] { return telemetry_->dropped(); };
    parts.listening = gate_->listening();
    parts.max_clients = gate_->max_clients();
    return parts;
  }

  int Loop() {
    std::thread waiter([this] {
      gate_->Wait();
      signals_.NotifyEnded();
    });
    bool draining = false;
    Wake wake = signals_.Next();
    for (; wake != Wake::kEnded; wake = signals_.Next()) {
      if (wake == Wake::kReload) {
        control_->Reload();
      } else if (!std::exchange(draining, true)) {
        Drain();
      } else {
        Log(LogLevel::kWarning, "second signal: ending at once");
        gate_->StopNow();
        memory_.SaveSoon();
      }
    }
    waiter.join();
    return Close(draining);
  }

  void Drain() {
    const Duration patience = control_->running().drain;
    Log(LogLevel::kInfo,
        absl::StrFormat("draining for at most %s; a second signal ends at once", ToText(patience)));
    control_->SetDraining();
    if (kernel_bans_) kernel_bans_->LetGo();  // while the gate still takes who was led here
    gate_->Drain(patience);
    // And once more at the end, if that comes: a look-up may block a thread of the gate for longer
    // than whoever stops us waits.
    memory_.SaveSoon();
  }

  int Close(bool asked_for) {
    page_.Stop();
    admin_->Stop();
    if (wire_) wire_->Stop();
    memory_.Stop();
    host_.Stop();
    if (kernel_bans_) kernel_bans_->Stop();
    // Late: where the files' disk hangs, so does this, and what is to be kept is kept by now.
    watch_.Stop();
    engine_.reset();
    telemetry_->Stop();
    if (!asked_for) {
      Log(LogLevel::kError, "the gate ended by itself");
      return kExitNo;
    }
    Log(LogLevel::kInfo, "ended");
    return kExitDone;
  }

  const std::string path_;
  const bool core_dumps_;
  // As they were at the start; control_ has the running ones.
  Config config_;
  Origins origins_;
  std::vector<net::TlsPrint> files_read_;  // by the last load: start, or reload, one at a time
  BackendNames backends_;
  Memory memory_;
  // In the order of their lives: the engine refers to the gate's wakeups and to the telemetry.
  SignalQueue signals_;
  std::unique_ptr<Telemetry> telemetry_;
  std::unique_ptr<net::Gate> gate_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Wire> wire_;
  std::unique_ptr<KernelBans> kernel_bans_;
  ConfigWatch watch_;
  HostWatch host_{net::Now};
  std::unique_ptr<Control> control_;
  Page page_;
  std::unique_ptr<net::AdminServer> admin_;
};

}  // namespace

int RunDaemon(const std::string& path, bool core_dumps) { return Daemon(path, core_dumps).Run(); }

}  // namespace headgate::guard
