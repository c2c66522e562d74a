// What the gate opens while it may still be root, and how it stops being that.
#include <algorithm>

#include <absl/strings/str_format.h>
#include "guard/admin_place.h"
#include "guard/core_dumps.h"
#include "guard/daemon_impl.h"
#include "guard/gate_options.h"
#include "guard/identity.h"
#include "guard/log.h"
#include "guard/printable.h"
#include "guard/tls_files.h"
#include "guard/transparent_start.h"
#include "net/socket_address.h"

namespace headgate::guard {

absl::Status Daemon::Open() {
  if (!signals_.ok()) return absl::UnavailableError("signalfd, eventfd: out of descriptors");
  if (elder_ && elder_->transparent() != config_.transparent) {
    return absl::FailedPreconditionError(
        "[gate] transparent: a change takes a restart, as it is an option of the listening "
        "sockets, which the running gate uses as well");
  }
  auto who = ChooseUser(config_);
  if (!who.ok()) return who.status();
  memory_.Open(config_, *who, elder_ ? elder_->state() : std::string());
  if (absl::Status status = SettleBackend(); !status.ok()) return status;
  const bool collapsed = config_.limits.identity_collapsed;
  if (auto s = JudgeRunningUser(config_, collapsed, who->name, who->uid); !s.ok()) return s;
  if (auto s = OpenLogs(*who); !s.ok()) return s;
  if (auto s = CheckTransparentStart(WithListen(config_), backends_.Addresses()); !s.ok())
    return About("[gate] transparent", s);
  files_read_ = net::PrintsOfFiles(config_.tls);
  auto gate = net::Gate::Bind(MakeGateOptions(), std::move(passed_));
  if (!gate.ok()) return About("[gate]", gate.status());
  gate_ = std::move(*gate);
  for (const std::string& name : gate_->not_asked_for()) {
    Log(LogLevel::kWarning, "[gate] listen asks for no such socket, and it is closed: " +
                                Printable(name).substr(0, 128));
  }
  if (auto s = OpenAdmin(*who); !s.ok()) return s;
  page_.Open(config_.admin.http, elder_ ? elder_->TakePage() : net::Fd());
  OpenWire();
  const Keep keep{.net_admin = config_.firewall.enforce,
                  .net_raw = config_.transparent,
                  .capture = wire_ != nullptr && !who->started_as_root};
  if (auto s = BecomeUser(*who, keep); !s.ok()) return s;
  // A change of the user settles that anew.
  if (auto s = core_dumps_ ? AllowCoreDumps() : ForbidCoreDumps(); !s.ok()) return s;
  if (config_.transparent) {
    const absl::Status proven = ProveTransparent(backends_.Addresses());
    if (!proven.ok()) return About("[gate] transparent", proven);
  }
  SayWho(*who);
  return absl::OkStatus();
}

// Of a service manager's store are only those that are asked for by address: where `listen` is
// "systemd" its socket unit has them, and what is stored is of an earlier configuration.
void Daemon::TakePassed() {
  passed_ = elder_ ? elder_->TakeSockets() : service_.TakeSockets();
  if (!elder_ && config_.listen.front().IsPassed()) {
    std::erase_if(passed_, [this](const net::PassedSocket& socket) {
      const bool stored = socket.name.starts_with("listen=");
      if (stored) service_.Forget(socket.name);
      return stored;
    });
  }
  passed_any_ = !passed_.empty();
  for (const net::PassedSocket& socket : passed_) {
    const auto at = net::ListeningAt(socket.fd.get());
    if (!at.ok()) continue;  // Bind() says what it is
    const auto endpoint = ParseEndpoint(net::ToText(*at));
    const bool known =
        std::find(passed_at_.begin(), passed_at_.end(), endpoint) != passed_at_.end();
    if (endpoint && !known) passed_at_.push_back(*endpoint);
  }
}

Config Daemon::WithListen(Config config) const {
  if (config.listen.front().IsPassed()) config.listen = passed_at_;
  return config;
}

absl::Status Daemon::SettleBackend() {
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

absl::Status Daemon::OpenLogs(const RunAs& who) {
  TelemetryOptions options;
  options.sample = config_.log_sample;
  options.decisions = config_.log_decisions;
  auto telemetry = Telemetry::Open(options);
  if (!telemetry.ok()) return telemetry.status();
  telemetry_ = std::move(*telemetry);
  if (who.started_as_root) telemetry_->GiveFileTo(who.uid, who.gid);
  return absl::OkStatus();
}

absl::Status Daemon::OpenAdmin(const RunAs& who) {
  auto admin = BindAdmin(config_.admin, who, elder_ ? elder_->TakeAdmin() : net::Fd());
  if (!admin.ok()) return admin.status();
  admin_ = std::move(*admin);
  return absl::OkStatus();
}

net::GateOptions Daemon::MakeGateOptions() const {
  net::GateOptions options = GateOptionsOf(config_, backends_);
  if (memory_.saved()) options.greetings = memory_.saved()->greetings;
  options.on_event = Saying();
  return options;
}

void Daemon::OpenWire() {
  auto wire = Wire::Open(WithListen(config_), ReadHostFacts().addresses, Saying());
  if (wire.ok()) {
    wire_ = std::move(*wire);
  } else {
    Log(LogLevel::kWarning,
        "[observer] nothing is watched: " + std::string(wire.status().message()) +
            "; interface = \"\" says it need not be");
  }
}

std::function<void(const std::string&, bool warning)> Daemon::Saying() const {
  return [this](const std::string& line, bool warning) { telemetry_->Say(line, warning); };
}

void Daemon::SayWho(const RunAs& who) const {
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
  if (config_.shadow.candidate) {
    for (const std::string& file : UnreadableConfigFiles(config_.shadow.path)) {
      Log(LogLevel::kWarning,
          absl::StrFormat("[shadow] %s: the user %s cannot read it, and a reload will be refused "
                          "until it can",
                          file, who.name));
    }
  }
  WarnOfTlsFiles(config_, who.name);
}

}  // namespace headgate::guard
