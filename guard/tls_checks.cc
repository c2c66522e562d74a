#include "guard/tls_checks.h"

#include <algorithm>

#include <absl/strings/str_format.h>
#include <absl/time/time.h>
#include "guard/identity.h"

namespace headgate::guard {
namespace {

using net::BackendVerify;
using net::ClientCertificates;
using net::TlsMode;

constexpr auto kExpiresSoon = std::chrono::hours(24 * 14);

bool AnyOnThisHost(const Config& config) {
  return std::any_of(config.backend.begin(), config.backend.end(), [](const Endpoint& backend) {
    return backend.IsUnix() || (backend.host.empty() && backend.address.IsLoopback()) ||
           backend.host == "localhost";
  });
}

void CheckFiles(const net::TlsOptions& tls, const HostFacts& host, Findings& findings) {
  if (!host.try_tls) return;
  const TlsTrial trial = host.try_tls(tls);
  for (const net::TlsFault& fault : trial.faults) {
    const std::string key = "gate." + fault.key;
    if (fault.unreadable) {
      // Whoever checks need not be the gate.
      findings.Warn(key, fault.message + "; the gate's user has to be able to read it");
    } else {
      findings.Error(key, fault.message);
    }
  }
  if (trial.not_after == std::chrono::system_clock::time_point()) return;
  const auto left = trial.not_after - host.now;
  if (left > kExpiresSoon) return;
  const std::string when =
      absl::FormatTime("%Y-%m-%d", absl::FromChrono(trial.not_after), absl::UTCTimeZone());
  findings.Warn("gate.certificate",
                absl::StrFormat("%s on %s: clients that verify it turn away",
                                left.count() < 0 ? "has expired" : "expires", when));
}

void CheckBackendLeg(const Config& config, Findings& findings) {
  const net::TlsOptions& tls = config.tls;
  const bool local = AnyOnThisHost(config);
  const bool by_name = tls.backend_verify == BackendVerify::kName && tls.backend_name.empty();
  if (by_name && AnyUnix(config) && !tls.backend_plaintext) {
    findings.Error("gate.backend_name",
                   "a unix socket has no name that its certificate could be about: set this to the "
                   "name in it, or backend_verify = \"ca\"");
  }
  if (tls.backend_verify == BackendVerify::kNone) {
    findings.Warn("gate.backend_verify",
                  "whoever is between the gate and the backend can be it, and read passwords");
  }
  if (tls.backend_verify == BackendVerify::kNone && !tls.backend_ca.empty()) {
    findings.Warn("gate.backend_ca", "has no effect with backend_verify = \"none\"");
  }
  if (tls.backend_plaintext && local) {
    findings.Warn("gate.backend_plaintext",
                  "accounts with REQUIRE SSL, sha256_password, or caching_sha2_password that the "
                  "server has not cached cannot log in by TLS");
  } else if (tls.backend_plaintext) {
    findings.Warn("gate.backend_plaintext", "has no effect: no backend is on this host");
  }
}

void CheckSubjects(const Config& config, Findings& findings) {
  const bool asked = config.tls.mode == TlsMode::kTerminate &&
                     config.tls.client_certificates != ClientCertificates::kOff;
  for (std::size_t i = 0; i < config.limits.classes.size(); ++i) {
    if (config.limits.classes[i].subjects.empty() || asked) continue;
    findings.Error(absl::StrFormat("class.%d.subjects", i),
                   "matches nobody: no client is asked for a certificate; set [gate] tls = "
                   "\"terminate\" and client_certificates");
  }
}

void CheckPassthrough(const Config& config, Findings& findings) {
  findings.Warn("gate.tls",
                "\"passthrough\": the gate sees no users and no statements. What works: bans, "
                "[source], [slots], [waiting], [login] and classes by sources. What cannot: "
                "deferral (a silent client takes a slot until [login] deadline), users and "
                "databases of classes, known-good, [query], [shape], [[rule]], KILL by the "
                "gate's ids; and a TLS handshake that breaks off counts for the server's "
                "max_connect_errors against the gate");
  if (config.limits.login.known_good_share > 0) {
    findings.Warn("login.known_good_share",
                  "with [gate] tls = \"passthrough\" nobody becomes known-good, and this share of "
                  "in_progress stays empty: set it to 0");
  }
  if (config.clients_become_localhost) {
    findings.Error("gate.tls",
                   "\"passthrough\" cannot tell root from others, whom the server lets in from "
                   "localhost without a password: not with clients_become_localhost");
  }
  for (std::size_t i = 0; i < config.limits.classes.size(); ++i) {
    const ClassLimits& c = config.limits.classes[i];
    if (c.users.empty() && c.databases.empty()) continue;
    findings.Error(absl::StrFormat("class.%d", i),
                   "users and databases are not seen with [gate] tls = \"passthrough\": the class "
                   "would match nobody");
  }
}

void CheckUnused(const Config& config, Findings& findings) {
  net::TlsOptions plain;
  plain.mode = config.tls.mode;
  for (const char* key : {"certificate", "private_key", "client_ca", "client_certificates",
                          "backend_ca", "backend_verify", "backend_name", "backend_plaintext"}) {
    const std::string name = std::string("gate.") + key;
    if (findings.Written(name) && config.tls != plain)
      findings.Warn(name, "has no effect without tls = \"terminate\"");
  }
}

}  // namespace

void CheckTls(const Config& config, const HostFacts& host, Findings& findings) {
  CheckSubjects(config, findings);
  switch (config.tls.mode) {
    case TlsMode::kTerminate:
      CheckFiles(config.tls, host, findings);
      return CheckBackendLeg(config, findings);
    case TlsMode::kPassthrough:
      CheckPassthrough(config, findings);
      return CheckUnused(config, findings);
    case TlsMode::kOff:
      return CheckUnused(config, findings);
  }
}

TlsTrial TryTlsFiles(const net::TlsOptions& options) {
  TlsTrial trial;
  trial.context = net::TlsContext::Make(options, trial.faults);
  if (trial.context != nullptr) trial.not_after = trial.context->not_after();
  return trial;
}

}  // namespace headgate::guard
