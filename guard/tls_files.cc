#include "guard/tls_files.h"

#include <utility>

#include <absl/strings/str_format.h>
#include "guard/log.h"
#include "guard/tls_checks.h"

namespace headgate::guard {

Loaded LoadForReload(const std::string& path) {
  HostFacts host = ReadHostFacts();
  // Backends need a restart, and a look-up may take its time: operators ask meanwhile.
  host.resolve = nullptr;
  TlsTrial trial;
  host.try_tls = [&](const net::TlsOptions& options) { return trial = TryTlsFiles(options); };
  Loaded loaded = LoadConfig(path, host);
  if (!loaded.config) return loaded;
  for (const net::TlsFault& fault : trial.faults) {
    loaded.problems.push_back(
        {.file = path, .at = {}, .key = "gate." + fault.key, .message = fault.message});
  }
  if (AnyError(loaded.problems)) loaded.config.reset();
  loaded.tls = std::move(trial.context);
  return loaded;
}

void WarnOfTlsFiles(const Config& config, const std::string& user) {
  if (config.tls.mode != net::TlsMode::kTerminate) return;
  for (const net::TlsFault& fault : TryTlsFiles(config.tls).faults) {
    Log(LogLevel::kWarning,
        absl::StrFormat("[gate] %s: %s: a reload will be refused until the user %s can read it",
                        fault.key, fault.message, user));
  }
}

}  // namespace headgate::guard
