// What the operator is answered from, and what a reload changes beside the engine's limits.
#include <unistd.h>

#include <csignal>
#include <optional>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/config_values.h"
#include "guard/daemon_impl.h"
#include "guard/feed_setup.h"
#include "guard/json_text.h"
#include "guard/log.h"
#include "guard/policy_mark.h"
#include "guard/tls_files.h"
#include "guard/version.h"

namespace headgate::guard {

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

absl::Status Daemon::Record(const RecordOptions& options) {
  const Config running = control_->running();
  TraceHeader header;
  header.version = std::string(Version());
  header.secrets = secrets_;
  header.unix_ms = UnixMilliseconds();
  header.series = static_cast<std::uint64_t>(header.unix_ms) << 22 | (getpid() & 0x3FFFFF);
  header.at = net::Now();
  header.policy = PolicyMark(running);
  header.max_clients = gate_->max_clients();
  header.identity_collapsed = engine_->limits()->identity_collapsed;
  const Time now = header.at;
  return recorder_.Start(*engine_, tapes_, std::move(header), options, now);
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
  parts.record = [this](const RecordOptions& options) { return Record(options); };
  parts.stop_record = [this] { return recorder_.Stop(); };
  parts.record_status = [this] { return recorder_.status(); };
  parts.shadow = [this] { return shadow_.status(); };
  parts.drain = [] { kill(getpid(), SIGTERM); };
  parts.upgrade = [this] { return upgrade_->Begin(); };
  parts.upgrade_status = [this] { return upgrade_->status(); };
  parts.formers = [this] { return formers_.List(); };
  parts.elder = taken_over_from_;
  parts.on_reload = [this](bool begins) {
    begins ? service_.Reloading() : service_.Ready(StatusLine());
  };
  parts.log_dropped = [this] { return telemetry_->dropped(); };
  parts.listening = gate_->listening();
  parts.max_clients = gate_->max_clients();
  return parts;
}

void Daemon::Apply(const Config& config, const std::shared_ptr<const net::TlsContext>& tls) {
  SetLogLevel(config.log_level);
  telemetry_->SetSample(config.log_sample);
  if (kernel_bans_) kernel_bans_->Reload(WithListen(config));
  if (tls && config.tls.mode == net::TlsMode::kTerminate) gate_->SetTls(tls);
  watch_.Set(config.admin.watch);
  host_.Set(config.host);
  ApplyShadow(config);
}

// Where either of the two policies is another one, they are compared anew.
void Daemon::ApplyShadow(const Config& config) {
  if (!config.shadow.candidate) {
    if (shadow_.Stop()) Log(LogLevel::kInfo, "shadow: off");
    return;
  }
  Limits wanted = config.shadow.candidate->limits;
  wanted.identity_collapsed = config.limits.identity_collapsed;
  ShadowPolicy policy;
  policy.path = config.shadow.path;
  policy.limits = FitLimits(wanted, gate_->max_clients()).limits;
  policy.secrets = secrets_;
  policy.can_kill = CanKill(config);
  const auto live = engine_->limits();
  policy.same = *policy.limits == *live;
  const bool same = shadow_.IsOf(policy) && beside_ != nullptr && *beside_ == *live;
  beside_ = live;
  if (same) return;
  const std::string path = policy.path;
  const absl::Status begun = shadow_.Begin(*engine_, tapes_, std::move(policy));
  if (begun.ok()) {
    Log(LogLevel::kInfo, "shadow: " + path + " decides beside the running policy from now on");
  } else {
    Log(LogLevel::kError, absl::StrFormat("shadow: %s is left out: %s; a reload tries it again",
                                          path, std::string(begun.message())));
  }
}

}  // namespace headgate::guard
