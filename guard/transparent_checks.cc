#include "guard/transparent_checks.h"

#include <algorithm>
#include <optional>

#include <absl/strings/str_format.h>

namespace headgate::guard {
namespace {

constexpr char kKey[] = "gate.transparent";

// What is connected to, where the file or the look-up tells.
std::optional<Address> AddressOf(const Config& config, const Resolved& resolved, std::size_t i) {
  const Endpoint& backend = config.backend[i];
  if (backend.IsUnix()) return std::nullopt;
  if (backend.host.empty()) return backend.address;
  if (i >= resolved.size() || resolved[i].empty()) return std::nullopt;
  return resolved[i].front();
}

void CheckFamilies(const Config& config, const Resolved& resolved, Findings& findings) {
  for (const bool v4 : {true, false}) {
    const bool listens =
        std::any_of(config.listen.begin(), config.listen.end(),
                    [v4](const Endpoint& listen) { return listen.address.IsV4() == v4; });
    for (std::size_t i = 0; listens && i < config.backend.size(); ++i) {
      const std::optional<Address> to = AddressOf(config, resolved, i);
      if (!to || to->IsV4() == v4) continue;
      findings.Warn(kKey,
                    absl::StrFormat("the gate listens to %s, and %s has no %s address: such "
                                    "clients cannot get there",
                                    FamilyName(v4), ToText(config.backend[i]), FamilyName(v4)));
    }
  }
}

}  // namespace

void CheckTransparent(const Config& config, const Resolved& resolved, const HostFacts& host,
                      Findings& findings) {
  if (!config.transparent) return;
  if (config.proxy_to_backend != ProxyToBackend::kOff) {
    findings.Error(kKey,
                   "not together with proxy_to_backend: the server would have to take PROXY "
                   "headers from every client's address. One of the two is enough; without PROXY "
                   "in the server it is this one");
  }
  for (std::size_t i = 0; i < config.backend.size(); ++i) {
    const std::optional<Address> to = AddressOf(config, resolved, i);
    const auto& own = host.addresses;
    if (!to || to->IsLoopback() || std::find(own.begin(), own.end(), *to) == own.end()) continue;
    findings.Error("gate.backend",
                   absl::StrFormat("%s is on this host, and what a server here answers to clients "
                                   "never comes by the rules of transparent: set it to false and "
                                   "proxy_to_backend = \"v2\", or move the gate to another host",
                                   ToText(config.backend[i])));
  }
  CheckFamilies(config, resolved, findings);
}

}  // namespace headgate::guard
