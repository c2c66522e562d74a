#include "guard/kernel_bans.h"

#include <utility>

#include <absl/strings/str_format.h>
#include "guard/firewall_plan.h"
#include "net/clock.h"

namespace headgate::guard {

KernelBans::KernelBans(const Config& config, Say say)
    : config_(config.firewall), say_(std::move(say)) {
  options_.firewall = FirewallOptionsOf(config);
}

KernelBans::~KernelBans() { Stop(); }

absl::Status KernelBans::Prepare(Engine& engine) {
  options_.enforce = config_.enforce;
  options_.reconcile = config_.reconcile;
  net::Firewall::Hooks hooks;
  hooks.wanted = [&engine] { return WantedBans(engine.Bans(net::Now()), *engine.limits()); };
  hooks.version = [&engine] { return engine.BanVersion(); };
  hooks.log = [this](bool warning, const std::string& line) {
    say_("[firewall] " + line, warning);
  };
  auto made = net::Firewall::Make(options_, std::move(hooks));
  if (!made.ok()) return made.status();
  firewall_ = std::move(*made);
  return absl::OkStatus();
}

void KernelBans::Start(Engine& engine, bool handed_over) {
  if (config_.enforce && (config_.keep_bans || handed_over)) TakeOver(engine);
  firewall_->Start();
  started_ = true;
}

void KernelBans::LetGo() {
  if (!firewall_) return;
  const absl::Status stopped = firewall_->Stop(/*keep=*/true);
  if (!stopped.ok()) {
    say_("[firewall] " + std::string(stopped.message()), /*warning=*/true);
  }
  firewall_.reset();
}

void KernelBans::Reload(const Config& config) {
  if (!firewall_) return;
  Config next = config;
  next.firewall = config_;  // its keys take a restart
  const absl::Status status = firewall_->SetOptions(FirewallOptionsOf(next));
  if (!status.ok()) say_("[firewall] " + std::string(status.message()), /*warning=*/true);
}

void KernelBans::TakeOver(Engine& engine) {
  const auto kept = firewall_->Adopt();
  if (!kept.ok()) {
    return say_(absl::StrFormat("[firewall] bans of the run before are not taken over: %s",
                                std::string(kept.status().message())),
                /*warning=*/true);
  }
  engine.RestoreBans(KeptBans(*kept, net::Now()), Duration::zero(), net::Now());
  if (kept->empty()) return;
  say_(absl::StrFormat("[firewall] %d bans of the run before are taken over", kept->size()),
       /*warning=*/false);
}

void KernelBans::Stop() {
  if (!firewall_) return;
  if (!started_) return firewall_.reset();  // the table may be another process's
  const absl::Status stopped = firewall_->Stop(config_.keep_bans);
  if (!stopped.ok()) {
    say_(absl::StrFormat("[firewall] the table %s is left: %s; `headgate firewall remove` takes it "
                         "away",
                         config_.table, std::string(stopped.message())),
         /*warning=*/true);
  }
  firewall_.reset();
}

net::FirewallStatus KernelBans::Status() const {
  return firewall_ ? firewall_->Status() : net::FirewallStatus();
}

}  // namespace headgate::guard
