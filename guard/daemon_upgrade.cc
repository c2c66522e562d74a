// How the gate takes another one's place (`elder_`), and how it gives its own away.
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include <absl/strings/str_format.h>
#include "guard/config_text.h"
#include "guard/daemon_impl.h"
#include "guard/log.h"
#include "guard/state_file.h"

namespace headgate::guard {
namespace {

constexpr Duration kHoldPatience = std::chrono::seconds(2);
constexpr Duration kMainPatience = std::chrono::seconds(10);
// After the sessions' time: no watchdog looks after a former gate, and there may be two of them.
constexpr Duration kEndPatience = std::chrono::seconds(30);

}  // namespace

// From the moment that the elder takes nobody any more until this one does, nobody is taken at all:
// only what is quick happens here.
absl::Status Daemon::TakeTurn() {
  std::string bans;
  if (auto s = elder_->AwaitTurn(bans); !s.ok()) return s;
  if (const auto state = ParseState(bans, 0); state.ok()) {
    const Duration elapsed = ElapsedSince(state->unix_ms, UnixMilliseconds());
    engine_->UnbanAll(net::Now());  // somebody may have been let in again meanwhile
    engine_->RestoreBans(state->bans, elapsed, net::Now());
  }
  const ElderGate::Slots held = elder_->Held();
  engine_->OnElsewhere(held.most, held.most - std::min(held.leases, held.most), net::Now());
  gate_->Accept();
  StartWatchdog();  // the other one ends its pings, and its release may take longer than one lasts
  elder_->AwaitRelease(gate_->listening());
  if (kernel_bans_) kernel_bans_->Start(*engine_, /*handed_over=*/true);
  elder_->BecomeFormer(formers_);
  CountFormers();
  Log(LogLevel::kInfo, absl::StrFormat("upgrade: this process has taken over from process %d, "
                                       "which has %d sessions yet",
                                       elder_->pid(), elder_->gate().sessions));
  elder_.reset();
  return absl::OkStatus();
}

void Daemon::CountFormers() {
  formers_.Start([this](std::uint32_t all, std::uint32_t unseen) {
    engine_->OnElsewhere(all, unseen, net::Now());
  });
}

absl::Status Daemon::MayUpgrade() const {
  if (let_go_ || !control_ || control_->draining()) {
    return absl::FailedPreconditionError("the gate is draining");
  }
  if (program_.empty()) return absl::FailedPreconditionError("/proc/self/exe cannot be read");
  if (getpid() == 1) {
    return absl::FailedPreconditionError(
        "the gate is the first process of its container, which ends with it: start a new container "
        "in its place");
  }
  if (ServiceManager::StartedUs() && !service_.there()) {
    return absl::FailedPreconditionError(
        "systemd would take the end of this process for the end of the service: the unit has to be "
        "Type=notify with NotifyAccess=all");
  }
  const std::vector<FormerGate> formers = formers_.List();
  if (formers.size() < kMostFormerGates) return absl::OkStatus();
  std::string who;
  for (const FormerGate& gate : formers) {
    who += absl::StrFormat("%sprocess %d has %d sessions", who.empty() ? "" : ", ", gate.pid,
                           gate.sessions);
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "%d former gates have sessions yet, and there are to be no more: %s; wait until one has "
      "ended, at the latest [gate] upgrade_drain after its upgrade, or end it with SIGTERM",
      formers.size(), who));
}

Upgrade::Parts Daemon::UpgradeParts() {
  Upgrade::Parts parts;
  parts.program = program_;
  parts.arguments = {"headgate", "run", "--config", path_};
  if (core_dumps_) parts.arguments.emplace_back("--core-dumps");
  parts.may = [this] { return MayUpgrade(); };
  parts.backend = [this] { return CurrentBackend(); };
  parts.estate = [this] { return HandedOver(); };
  parts.hold = [this] {
    formers_.Stop();  // from here on the other one listens to them
    return gate_->Hold(kHoldPatience);
  };
  parts.resume = [this] {
    engine_->Unconfine(net::Now());
    gate_->Accept();
    CountFormers();
  };
  parts.share = [this] { return engine_->Confine(gate_->Unnamed(), net::Now()); };
  parts.bans = [this] { return BansState(); };
  parts.sessions = [this] { return gate_->Status().connections; };
  parts.let_go = [this](int pid) { desk_.Ask(pid); };
  return parts;
}

absl::StatusOr<Estate> Daemon::HandedOver() const {
  Estate estate;
  auto sockets = gate_->CopySockets();
  if (!sockets.ok()) return sockets.status();
  estate.sockets = std::move(*sockets);
  estate.admin = admin_->CopySocket();
  estate.page = page_.CopySocket();
  estate.state = StateJson(Snapshot());
  estate.table = kernel_bans_ ? kernel_bans_->table() : "";
  estate.transparent = config_.transparent;
  estate.formers = formers_.CopyLinks();
  return estate;
}

std::string Daemon::BansState() const {
  SavedState state;
  state.unix_ms = UnixMilliseconds();
  state.secrets = secrets_;
  state.bans = engine_->ExportBans(net::Now());
  return StateJson(state);
}

// The other one serves, and is waited for by nobody: from here on this process is there for its
// sessions alone.
void Daemon::LetGo(int pid) {
  let_go_ = true;
  const Duration patience = control_->running().upgrade_drain;
  EndAfter(patience + kEndPatience);
  service_.StopWatchdog();
  control_->SetDraining();
  // First what there may be one master of: the other one's patience is not endless.
  memory_.LetGo();
  if (kernel_bans_) kernel_bans_->LetGo();
  if (!service_.MainIs(pid, kMainPatience)) {
    Log(LogLevel::kWarning, "upgrade: the service manager did not say that it has heard of it");
  }
  service_.Silence();
  gate_->Leave(patience, upgrade_->status().takes);
  page_.Stop();
  admin_->LetGo();
  formers_.LetGo();
  if (wire_) wire_->Stop();
  watch_.Set(false);
  Log(LogLevel::kInfo,
      absl::StrFormat("upgrade: process %d takes the clients; the %d sessions here have %s yet",
                      pid, gate_->Status().connections, ToText(patience)));
}

}  // namespace headgate::guard
