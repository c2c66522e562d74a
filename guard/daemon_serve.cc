// From what is open to a gate that serves, and what the operator is answered from.
#include <unistd.h>

#include <csignal>
#include <optional>

#include <absl/strings/str_format.h>
#include "guard/config_text.h"
#include "guard/config_values.h"
#include "guard/daemon_impl.h"
#include "guard/gate_options.h"
#include "guard/json_text.h"
#include "guard/log.h"
#include "guard/tls_files.h"
#include "guard/version.h"

namespace headgate::guard {

absl::Status Daemon::Serve() {
  auto secrets = memory_.saved() ? memory_.saved()->secrets : RandomSecrets();
  if (!secrets.ok()) return secrets.status();
  const FittedLimits fitted = FitLimits(config_.limits, gate_->max_clients());
  if (!fitted.note.empty()) Log(LogLevel::kWarning, fitted.note);
  engine_ = std::make_unique<Engine>(fitted.limits, *secrets, gate_->wakeups(), *telemetry_);
  memory_.HandOver(*engine_);
  telemetry_->Start();
  if (auto s = OpenFirewall(); !s.ok()) return About("[firewall]", s);
  host_.Start(config_.host);
  control_ = std::make_unique<Control>(ControlParts(), config_, origins_);
  if (auto s = gate_->Start(*engine_); !s.ok()) return About("[gate] backend", s);
  if (kernel_bans_) kernel_bans_->Start(*engine_, /*handed_over=*/false);
  if (wire_) StartWire(*secrets);
  memory_.Start([this, s = *secrets] { return Snapshot(s); }, [this] { return CurrentBackend(); });
  StartControl();
  SayUp();
  return absl::OkStatus();
}

void Daemon::StartControl() {
  admin_->EverySecond([this] { page_.Record(*control_); });
  admin_->Start([this](std::string_view method, std::string_view target, std::string_view body) {
    return control_->Handle(method, target, body);
  });
  page_.Start(*control_);
  watch_.Start(path_, [] { kill(getpid(), SIGHUP); });
  watch_.Set(config_.admin.watch);
}

void Daemon::SayUp() const {
  for (const std::string& address : gate_->listening()) {
    Log(LogLevel::kInfo, "listening on " + address);
  }
  std::string names;
  for (const std::string& name : backends_.shown) names += (names.empty() ? "" : ", ") + name;
  SayBackend();
  Log(LogLevel::kInfo, absl::StrFormat("backend %s, PROXY header %s, admin socket %s", names,
                                       ProxyText(config_), config_.admin.socket));
  Log(LogLevel::kInfo, absl::StrFormat("headgate %s is up, pid %d", Version(), getpid()));
}

void Daemon::SayBackend() const {
  const std::string current = CurrentBackend();
  const std::string& first = backends_.shown.at(0);
  if (current == first) return;
  Log(LogLevel::kWarning, absl::StrFormat("backend %s is in use, as it was before the restart; "
                                          "`headgate backend use %s` goes back to the first",
                                          current, first));
}

SavedState Daemon::Snapshot(const EngineSecrets& secrets) const {
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

absl::Status Daemon::OpenFirewall() {
  if (TcpPorts(config_.listen).empty()) return absl::OkStatus();
  kernel_bans_ = std::make_unique<KernelBans>(config_, Saying());
  return kernel_bans_->Prepare(*engine_);
}

void Daemon::StartWire(const EngineSecrets& secrets) {
  WireWatcher::Hooks hooks;
  hooks.pressure = [this](double syn_per_second, bool anomaly) {
    engine_->OnWire(syn_per_second, anomaly, net::Now());
  };
  hooks.redirected = [this] { return !kernel_bans_ || kernel_bans_->LeadsToGate(); };
  wire_->Start(KeyedHash(secrets.key0, secrets.key1), std::move(hooks), memory_.baselines());
}

std::string Daemon::CurrentBackend() const {
  for (const net::BackendStatus& backend : gate_->Status().backends) {
    if (backend.current) return backends_.ShownOf(backend.name);
  }
  return "";
}

net::GateStatus Daemon::NamedStatus() const {
  net::GateStatus status = gate_->Status();
  for (net::BackendStatus& backend : status.backends) {
    backend.name = backends_.ShownOf(backend.name);
  }
  return status;
}

absl::Status Daemon::UseBackend(const std::string& name) {
  const auto connect = backends_.ConnectOf(name);
  if (!connect) {
    return absl::NotFoundError("there is no backend " + Quoted(name.substr(0, 64)) +
                               "; `headgate backend` lists them");
  }
  return gate_->UseBackend(*connect, net::Now());
}

Control::Parts Daemon::ControlParts() {
  Control::Parts parts;
  parts.engine = engine_.get();
  parts.now = net::Now;
  parts.gate_status = [this] { return NamedStatus(); };
  parts.use_backend = [this](const std::string& name) { return UseBackend(name); };
  parts.save_state = [this] { return memory_.Save(); };
  parts.state_status = [this] { return memory_.status(); };
  parts.wire = [this] { return wire_ ? std::optional(wire_->Status()) : std::nullopt; };
  parts.firewall = [this] { return kernel_bans_ ? kernel_bans_->Status() : net::FirewallStatus(); };
  parts.load = [this] {
    watch_.Loaded(ConfigFootprint(path_));
    return LoadForReload(path_, control_->running().tls, files_read_);
  };
  parts.apply = [this](const Config& config, const std::shared_ptr<const net::TlsContext>& tls) {
    Apply(config, tls);
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

void Daemon::Apply(const Config& config, const std::shared_ptr<const net::TlsContext>& tls) {
  SetLogLevel(config.log_level);
  telemetry_->SetSample(config.log_sample);
  if (kernel_bans_) kernel_bans_->Reload(config);
  if (tls && config.tls.mode == net::TlsMode::kTerminate) gate_->SetTls(tls);
  watch_.Set(config.admin.watch);
  host_.Set(config.host);
}

}  // namespace headgate::guard
