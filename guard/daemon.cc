#include "guard/daemon.h"

#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/config_text.h"
#include "guard/core_dumps.h"
#include "guard/daemon_impl.h"
#include "guard/exit_status.h"
#include "guard/log.h"
#include "net/memory_reserve.h"

namespace headgate::guard {
namespace {

// Descriptors, threads: what a library says with an exception that it did not get. That of a thread
// does not say what it is about.
absl::Status WithoutMeans(const std::runtime_error& e) {
  const std::string what = e.what();
  const bool named = what.find(':') != std::string::npos;
  return absl::UnavailableError((named ? "" : "a thread: ") + what);
}

}  // namespace

int Daemon::Run() {
  try {
    if (const int failed = Start(); failed != kExitDone) return failed;
  } catch (const std::runtime_error& e) {
    GiveUp();
    return Fail(WithoutMeans(e), kExitNo);
  }
  return Loop();
}

int Daemon::Start() {
  net::MemoryReserve::Install();
  auto elder = ElderGate::Meet();
  if (elder.ok()) elder_ = std::move(*elder);
  const absl::Status loaded = Load();
  if (!elder.ok()) return Fail(elder.status(), kExitNo);
  if (!loaded.ok()) return Fail(loaded, kExitUsage);
  if (auto s = SettleCoreDumps(core_dumps_); !s.ok()) return Fail(s, kExitNo);
  TakePassed();
  if (auto s = Open(); !s.ok()) return Fail(s, kExitNo);
  if (auto s = Serve(); !s.ok()) {
    GiveUp();
    return Fail(s, kExitNo);
  }
  return kExitDone;
}

// Of a start that has failed half-way: threads refer to what is destroyed before they would end.
void Daemon::GiveUp() {
  if (gate_) EndThreads();
  if (waiter_.joinable()) waiter_.join();
  StopAll();
}

// The problems are in the log by the time that it returns; the error has them once more.
absl::Status Daemon::Load() {
  watch_.Loaded(ConfigFootprint(path_));
  Loaded loaded = LoadConfig(path_);
  InitLog(loaded.config ? loaded.config->log_level : "info");
  std::string errors;
  for (const Problem& problem : loaded.problems) {
    const bool error = problem.severity == Problem::Severity::kError;
    Log(error ? LogLevel::kError : LogLevel::kWarning, ToText(problem));
    if (error) errors += (errors.empty() ? "" : "\n") + ToText(problem);
  }
  if (!loaded.config) return absl::InvalidArgumentError(errors);
  config_ = std::move(*loaded.config);
  origins_ = std::move(loaded.origins);
  return absl::OkStatus();
}

// Whoever is waiting for this process to take its place is told why it does not.
int Daemon::Fail(const absl::Status& status, int exit_status) const {
  const std::string why(status.message());
  if (elder_) elder_->Fail(why);
  if (exit_status != kExitUsage) Log(LogLevel::kError, why);
  return exit_status;
}

absl::Status Daemon::About(std::string_view what, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrFormat("%s: %s", what, std::string(status.message())));
}

int Daemon::Loop() {
  bool draining = false;
  Wake wake = signals_.Next();
  for (; wake != Wake::kEnded; wake = signals_.Next()) {
    if (wake == Wake::kReload) {
      control_->Reload();
    } else if (wake == Wake::kUpgrade) {
      const absl::Status begun = upgrade_->Begin();
      if (!begun.ok()) Log(LogLevel::kError, "upgrade: " + std::string(begun.message()));
    } else if (wake == Wake::kHandOver) {
      if (const int pid = desk_.Asked(); pid != 0) LetGo(pid);
      desk_.Done();
    } else if (const bool again = std::exchange(draining, true); !again && !Deserted()) {
      Drain();
    } else {
      Log(LogLevel::kWarning, again ? "second signal: ending at once"
                                    : "whoever took over is gone too: ending at once");
      gate_->StopNow();
      memory_.SaveSoon();
    }
  }
  waiter_.join();
  return Close(draining || let_go_);
}

// Then a service manager waits for this process before it starts the next one.
bool Daemon::Deserted() const { return let_go_ && upgrade_->Deserted(); }

void Daemon::Drain() {
  const Duration patience = control_->running().drain;
  upgrade_->Abort();
  service_.Stopping("drains for at most " + ToText(patience));
  Log(LogLevel::kInfo,
      absl::StrFormat("draining for at most %s; a second signal ends at once", ToText(patience)));
  control_->SetDraining();
  if (kernel_bans_) kernel_bans_->Open();  // while the gate still takes who was led here
  gate_->Drain(patience);
  // And once more at the end, if that comes: a look-up may block a thread of the gate for longer
  // than whoever stops us waits.
  memory_.SaveSoon();
}

int Daemon::Close(bool asked_for) {
  desk_.Close();
  upgrade_->Stop();
  // One that was handed over to at the last moment: what is its own now is not to be taken apart.
  const UpgradeStatus upgraded = upgrade_->status();
  if (upgraded.state == UpgradeState::kHandedOver && !let_go_) LetGo(upgraded.pid);
  StopAll();
  if (!asked_for) {
    Log(LogLevel::kError, "the gate ended by itself");
    return kExitNo;
  }
  Log(LogLevel::kInfo, let_go_ ? "ended: another process has taken over" : "ended");
  return kExitDone;
}

void Daemon::StopAll() {
  formers_.Stop();
  service_.StopWatchdog();
  page_.Stop();
  if (admin_) admin_->Stop();
  if (wire_) wire_->Stop();
  memory_.Stop();
  host_.Stop();
  if (kernel_bans_) kernel_bans_->Stop();
  // Late: where the files' disk hangs, so does this, and what is to be kept is kept by now.
  watch_.Stop();
  recorder_.Stop();
  shadow_.Stop();
  engine_.reset();
  if (telemetry_) telemetry_->Stop();
}

int RunDaemon(const std::string& path, bool core_dumps) {
  try {
    return Daemon(path, core_dumps).Run();
  } catch (const std::runtime_error& e) {  // what it is made of could not be had
    Log(LogLevel::kError, std::string(WithoutMeans(e).message()));
    return kExitNo;
  }
}

}  // namespace headgate::guard
