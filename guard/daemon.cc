#include "guard/daemon.h"

#include <thread>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/config_text.h"
#include "guard/core_dumps.h"
#include "guard/daemon_impl.h"
#include "guard/exit_status.h"
#include "guard/log.h"

namespace headgate::guard {

int Daemon::Run() {
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

int Daemon::Fail(const absl::Status& status) {
  Log(LogLevel::kError, std::string(status.message()));
  return kExitNo;
}

absl::Status Daemon::About(std::string_view what, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrFormat("%s: %s", what, std::string(status.message())));
}

int Daemon::Loop() {
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

void Daemon::Drain() {
  const Duration patience = control_->running().drain;
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

int RunDaemon(const std::string& path, bool core_dumps) { return Daemon(path, core_dumps).Run(); }

}  // namespace headgate::guard
