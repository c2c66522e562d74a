// From what is open to a gate that serves.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <thread>

#include <absl/strings/str_format.h>
#include "guard/config_text.h"
#include "guard/config_values.h"
#include "guard/daemon_impl.h"
#include "guard/gate_options.h"
#include "guard/log.h"
#include "guard/version.h"

namespace headgate::guard {
namespace {

// What a start waits for is there within milliseconds, or not to be counted on. nft is two programs
// that are run, one after the other, on a host that may be busy.
constexpr Duration kGreetingPatience = std::chrono::seconds(3);
constexpr Duration kTablePatience = std::chrono::seconds(5);

void AwaitUntil(Duration patience, const std::function<bool()>& there) {
  const Time until = net::Now() + patience;
  while (!there() && net::Now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

absl::Status Daemon::Serve() {
  auto secrets = memory_.saved() ? memory_.saved()->secrets : RandomSecrets();
  if (!secrets.ok()) return secrets.status();
  secrets_ = *secrets;
  const FittedLimits fitted = FitLimits(config_.limits, gate_->max_clients());
  if (!fitted.note.empty()) Log(LogLevel::kWarning, fitted.note);
  engine_ = std::make_unique<Engine>(fitted.limits, secrets_, gate_->wakeups(), *telemetry_);
  ApplyShadow(config_);
  memory_.HandOver(*engine_);
  telemetry_->Start();
  if (auto s = PrepareFirewall(); !s.ok()) return About("[firewall]", s);
  host_.Start(config_.host);
  upgrade_ = std::make_unique<Upgrade>(UpgradeParts());
  if (elder_) taken_over_from_ = elder_->pid();
  control_ = std::make_unique<Control>(ControlParts(), config_, origins_);
  if (auto s = gate_->Start(*engine_, /*accept=*/false); !s.ok()) return About("[gate]", s);
  if (!elder_) LetIn();
  if (wire_) StartWire();
  if (elder_) {
    if (auto s = TakeTurn(); !s.ok()) return s;
  }
  StartRest();
  return absl::OkStatus();
}

// Of a gate that does not get its turn: they refer to what is destroyed before they would end. Who
// is in the queues is the elder's.
void Daemon::EndThreads() {
  if (wire_) wire_->Stop();
  gate_->KeepQueues();
  gate_->StopNow();
  gate_->Wait();
}

// Without it the server's answers do not come back here, and each login fails.
bool Daemon::NeedsTable() const {
  return kernel_bans_ && !kernel_bans_->table().empty() && config_.transparent;
}

// What is not there in time is another's trouble, and is told by others: the doors open all the
// same.
void Daemon::LetIn() {
  // Who has been waiting in a passed socket's queue is not told that the server is away just
  // because it has not been asked yet.
  if (passed_any_) AwaitUntil(kGreetingPatience, [this] { return !gate_->Greetings().empty(); });
  const bool needs_table = NeedsTable();
  if (!needs_table) gate_->Accept();
  if (!kernel_bans_) return;
  kernel_bans_->Start(*engine_, /*handed_over=*/false);
  AwaitUntil(kTablePatience, [this] { return kernel_bans_->HasTried(); });
  if (needs_table) gate_->Accept();
}

// What can fail for want of a thread alone, and what a gate that is taken over from has let go of
// by now.
void Daemon::StartRest() {
  memory_.Start([this] { return Snapshot(); }, [this] { return CurrentBackend(); });
  StartControl();
  waiter_ = std::thread([this] {
    gate_->Wait();
    signals_.NotifyEnded();
  });
  // Not before: as long as this one may fail they are another's.
  for (const std::string& name : gate_->not_asked_for()) service_.Forget(name);
  KeepSockets();
  StartWatchdog();
  SayUp();
  service_.Ready(StatusLine());
}

std::string Daemon::StatusLine() const {
  std::string at;
  for (const std::string& address : gate_->listening()) at += (at.empty() ? "" : ", ") + address;
  return absl::StrFormat("headgate %s takes clients on %s", Version(), at);
}

// So that whoever is in a queue when this process ends waits for the next one.
void Daemon::KeepSockets() {
  const bool passed = config_.listen.front().IsPassed();
  if (passed) return gate_->KeepQueues();  // the socket unit has them
  const auto copies = gate_->CopySockets();
  if (!copies.ok() || !service_.Store(*copies)) return;
  gate_->KeepQueues();
  Log(LogLevel::kInfo,
      absl::StrFormat("the service manager keeps copies of %d listening sockets for the next start",
                      copies->size()));
}

// Whatever the control thread does may take as long as a name server lets it.
void Daemon::StartWatchdog() {
  const Duration patience = service_.watchdog() / 2;
  const Duration control = std::max<Duration>(std::chrono::minutes(2), patience);
  service_.StartWatchdog([this, patience, control] {
    std::vector<net::Beat> beats = gate_->Beats(patience);
    beats.push_back({"control", admin_beat_.last(), control});
    const std::string silent = net::SilentThreads(beats, net::Now());
    return silent.empty() ? silent : "nothing is heard of: " + silent;
  });
}

void Daemon::StartControl() {
  admin_->EverySecond([this] {
    admin_beat_.Beat(net::Now());
    page_.Record(*control_);
  });
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

SavedState Daemon::Snapshot() const {
  SavedState state;
  state.unix_ms = UnixMilliseconds();
  state.secrets = secrets_;
  state.backend = CurrentBackend();
  state.known_good = engine_->ExportKnownGood(net::Now());
  state.bans = engine_->ExportBans(net::Now());
  state.greetings = gate_->Greetings();
  // A start without a wire is no reason to forget.
  state.baselines = wire_ ? wire_->Baselines() : memory_.baselines();
  state.intervals = wire_ ? wire_->Intervals() : 0;
  return state;
}

absl::Status Daemon::PrepareFirewall() {
  const Config config = WithListen(config_);
  if (!TcpPorts(config.listen).empty()) {
    kernel_bans_ = std::make_unique<KernelBans>(config, Saying());
  }
  // Neither would have an eye on it, nor take it away.
  const std::string left = elder_ ? elder_->table() : "";
  if (!left.empty() && (!kernel_bans_ || kernel_bans_->table() != left)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the running gate's table %s would be left behind in the kernel: another "
                        "`table`, or none, takes a restart",
                        left.substr(0, 64)));
  }
  return kernel_bans_ ? kernel_bans_->Prepare(*engine_) : absl::OkStatus();
}

void Daemon::StartWire() {
  WireWatcher::Hooks hooks;
  hooks.pressure = [this](double syn_per_second, bool anomaly) {
    engine_->OnWire(syn_per_second, anomaly, net::Now());
  };
  hooks.redirected = [this] { return !kernel_bans_ || kernel_bans_->LeadsToGate(); };
  wire_->Start(KeyedHash(secrets_.key0, secrets_.key1), std::move(hooks), memory_.baselines());
}

}  // namespace headgate::guard
