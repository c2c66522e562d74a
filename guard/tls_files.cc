#include "guard/tls_files.h"

#include <absl/strings/str_format.h>
#include "guard/log.h"
#include "guard/tls_checks.h"

namespace headgate::guard {

Loaded LoadForReload(const std::string& path) {
  Loaded loaded = LoadConfig(path);
  if (!loaded.config || loaded.config->tls.mode != net::TlsMode::kTerminate) return loaded;
  for (const net::TlsFault& fault : TryTlsFiles(loaded.config->tls).faults) {
    loaded.problems.push_back(
        {.file = path, .at = {}, .key = "gate." + fault.key, .message = fault.message});
  }
  if (AnyError(loaded.problems)) loaded.config.reset();
  return loaded;
}

std::shared_ptr<const net::TlsContext> ReloadTls(const Config& config) {
  if (config.tls.mode != net::TlsMode::kTerminate) return nullptr;
  std::vector<net::TlsFault> faults;
  auto context = net::TlsContext::Make(config.tls, faults);
  for (const net::TlsFault& fault : faults) {
    Log(LogLevel::kError,
        absl::StrFormat("reload: TLS stays as it was: [gate] %s: %s", fault.key, fault.message));
  }
  return context;
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
