#include "guard/tls_files.h"

#include <utility>

#include <absl/strings/str_format.h>
#include "guard/log.h"
#include "guard/tls_checks.h"

namespace headgate::guard {
namespace {

Problem Warning(std::string file, std::string key, std::string message) {
  return {Problem::Severity::kWarning, std::move(file), {}, std::move(key), std::move(message)};
}

// What is read is told from before: a file that is replaced meanwhile is news at the next look.
TlsTrial Take(const net::TlsOptions& options, std::vector<net::TlsPrint>& read) {
  read = net::PrintsOfFiles(options);
  TlsTrial trial = TryTlsFiles(options);
  // Here the gate itself looks.
  for (net::TlsFault& fault : trial.faults) fault.unreadable = false;
  return trial;
}

// The certificates that run, though the file has done with them.
std::shared_ptr<const net::TlsContext> Renew(const net::TlsOptions& running,
                                             std::vector<net::TlsPrint>& read,
                                             std::vector<Problem>& problems) {
  const TlsTrial trial = Take(running, read);
  for (const net::TlsFault& fault : trial.faults) {
    problems.push_back(Warning("[gate] " + fault.key + " as it runs", "",
                               fault.message + "; what was loaded before stays"));
  }
  return trial.context;
}

}  // namespace

Loaded LoadForReload(const std::string& path, const net::TlsOptions& running,
                     std::vector<net::TlsPrint>& read) {
  const bool runs = running.mode == net::TlsMode::kTerminate;
  HostFacts host = ReadHostFacts();
  // Backends need a restart, and a look-up may take its time: operators ask meanwhile.
  host.resolve = nullptr;
  TlsTrial trial;
  std::vector<net::TlsFault> later;
  // Asked where the file wants to terminate TLS.
  host.try_tls = [&](const net::TlsOptions& options) {
    if (runs) return trial = Take(options, read);
    later = TryTlsFiles(options).faults;
    return TlsTrial();
  };
  Loaded loaded = LoadConfig(path, host);
  if (!loaded.config) return loaded;
  for (const net::TlsFault& fault : later) {
    const std::string key = "gate." + fault.key;
    const bool lacks = loaded.origins.Of(key) == "default";
    loaded.problems.push_back(Warning(loaded.origins.Of(lacks ? "gate.tls" : key), key,
                                      fault.message + "; needed by the restart that `tls` needs"));
  }
  const bool stays = loaded.config->tls.mode == net::TlsMode::kTerminate;
  if (runs) loaded.tls = stays ? trial.context : Renew(running, read, loaded.problems);
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
