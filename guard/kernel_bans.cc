#include "guard/kernel_bans.h"

#include <chrono>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/firewall_plan.h"
#include "net/clock.h"

namespace headgate::guard {
namespace {

// Three runs of nft, which take their time on a host that is short of it; one that hangs must not
// hold up the end for long.
constexpr Duration kOpenPatience = std::chrono::seconds(5);

}  // namespace

KernelBans::KernelBans(const Config& config, Say say)
    : config_(config.firewall), say_(std::move(say)), fail_(config.firewall.fail) {
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
  state_ = State::kStarted;
}

bool KernelBans::HasTried() const {
  const net::FirewallStatus status = Status();
  return !config_.enforce || status.last_sync || status.failures > 0;
}

void KernelBans::LetGo() {
  if (!firewall_) return;
  state_ = State::kLetGo;
  const absl::Status stopped = firewall_->Stop(/*keep=*/true);
  if (!stopped.ok()) say_("[firewall] " + std::string(stopped.message()), /*warning=*/true);
}

void KernelBans::Reload(const Config& config) {
  if (!firewall_) return;
  Config next = config;
  next.firewall = config_;  // its keys take a restart, but for `fail`
  const std::lock_guard lock(mutex_);
  fail_ = config.firewall.fail;
  const bool open = options_.firewall.open;  // once opened it is not taken back
  net::FirewallOptions options = FirewallOptionsOf(next);
  options.open = open;
  Give(std::move(options));
}

void KernelBans::Give(net::FirewallOptions options) {
  options_.firewall = std::move(options);
  const absl::Status status = firewall_->SetOptions(options_.firewall);
  if (!status.ok()) say_("[firewall] " + std::string(status.message()), /*warning=*/true);
}

void KernelBans::Open() {
  if (state_ != State::kStarted) return;
  {
    const std::lock_guard lock(mutex_);
    net::FirewallOptions open = options_.firewall;
    const bool leads = open.redirect_from != 0 || open.transparent;
    if (!leads || fail_ != FailMode::kOpen) return;
    open.open = true;
    Give(std::move(open));
  }
  const bool opened = firewall_->WaitForOptions(kOpenPatience);
  state_ = opened ? State::kOpened : State::kNotOpened;
  if (!config_.enforce) return;
  say_(opened
           ? "[firewall] fail = \"open\": who comes from now on is led to the server itself"
           : "[firewall] fail = \"open\": the kernel leads clients to this gate yet, which goes on "
             "trying while it drains",
       /*warning=*/true);
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
  Open();
  // Where it was not started, or let go, the table may be another process's.
  if (state_ == State::kPrepared || state_ == State::kLetGo) return firewall_.reset();
  // Rather no bans in the kernel than clients led to a gate that is gone.
  const absl::Status stopped = firewall_->Stop(config_.keep_bans && state_ != State::kNotOpened);
  if (!stopped.ok()) {
    say_(absl::StrFormat("[firewall] the table %s is left: %s; `headgate firewall remove` takes it "
                         "away",
                         config_.table, std::string(stopped.message())),
         /*warning=*/true);
  }
  firewall_.reset();
}

bool KernelBans::LeadsToGate() const {
  return !config_.enforce || (firewall_ && firewall_->redirects_now());
}

net::FirewallStatus KernelBans::Status() const {
  return firewall_ ? firewall_->Status() : net::FirewallStatus();
}

}  // namespace headgate::guard
