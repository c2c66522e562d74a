#include "guard/identity.h"

#include <algorithm>

#include <absl/strings/str_format.h>
#include "guard/config_values.h"

namespace headgate::guard {
namespace {

// RFC 6761, 6.3: localhost and every name below it are loopback.
bool IsLocalName(const std::string& host) {
  constexpr std::string_view kSuffix = ".localhost";
  return host == "localhost" ||
         (host.size() > kSuffix.size() &&
          host.compare(host.size() - kSuffix.size(), kSuffix.size(), kSuffix) == 0);
}

// Loopback, or the unspecified address: connect(2) takes that for loopback.
bool IsThisHost(const Address& a) {
  return a.IsLoopback() || a == Address{} || a == Address::V4(0);
}

bool IsLocal(const Endpoint& backend, const std::vector<Address>& resolved) {
  if (backend.IsUnix()) return true;
  if (backend.host.empty()) return IsThisHost(backend.address);
  return IsLocalName(backend.host) || std::any_of(resolved.begin(), resolved.end(), IsThisHost);
}

// The first backend over which identity collapses; null where there is none. [gate] transparent
// saves it elsewhere than here.
const Endpoint* FindCollapsed(const Config& config, const Resolved& resolved) {
  if (config.proxy_to_backend != ProxyToBackend::kOff) return nullptr;
  for (std::size_t i = 0; i < config.backend.size(); ++i) {
    const bool known = i < resolved.size();
    if (IsLocal(config.backend[i], known ? resolved[i] : std::vector<Address>())) {
      return &config.backend[i];
    }
  }
  return nullptr;
}

}  // namespace

bool AnyUnix(const Config& config) {
  return std::any_of(config.backend.begin(), config.backend.end(),
                     [](const Endpoint& backend) { return backend.IsUnix(); });
}

IdentityFinding JudgeIdentity(const Config& config, const Resolved& resolved) {
  IdentityFinding finding;
  const Endpoint* local = FindCollapsed(config, resolved);
  finding.collapsed = local != nullptr;
  if (!finding.collapsed) {
    if (config.clients_become_localhost) {
      finding.warning = "has no meaning here: the server does not see the clients as localhost";
    }
    return finding;
  }
  if (config.transparent) {
    finding.error = absl::StrFormat(
        "over %s transparent cannot work: a server on this host would answer the clients by its "
        "own routes. Set [gate] transparent = false and proxy_to_backend = \"v2\", or run the gate "
        "on another host than the server",
        ToText(*local));
    return finding;
  }
  if (!config.clients_become_localhost) {
    finding.error = absl::StrFormat(
        "over %s every client would be localhost to the server, and user@host grants would not "
        "hold. Set [gate] proxy_to_backend = \"v2\" and name this host in the server's "
        "proxy_protocol_networks, or connect by a non-loopback address, or accept it with [gate] "
        "clients_become_localhost = true",
        ToText(*local));
    return finding;
  }
  finding.warning =
      "every client is localhost to the server: user@host grants do not tell clients apart, and "
      "localhost_only_users are refused from other hosts";
  const auto& names = config.limits.localhost_users;
  const auto& sources = config.limits.local_sources;
  if (std::any_of(sources.begin(), sources.end(), IsWide)) {
    finding.error =
        "local_sources says which clients are on this host, and has a network so wide that "
        "strangers are in it: localhost_only_users would be refused from nowhere there";
  } else if (names.empty()) {
    finding.error =
        "clients_become_localhost needs localhost_only_users: the server lets such "
        "users in from localhost without a password";
  } else if (AnyUnix(config) && std::find(names.begin(), names.end(), config.user) != names.end()) {
    finding.error = absl::StrFormat(
        "over a unix socket the gate must not run as [gate] user = %s, "
        "which the server lets in by its uid",
        Quoted(config.user));
  }
  return finding;
}

absl::Status JudgeRunningUser(const Config& config, bool collapsed, const std::string& name,
                              unsigned uid) {
  if (uid == 0) {
    return absl::FailedPreconditionError(
        "the gate does not run as root: name another [gate] user, such as \"headgate\"");
  }
  const auto& names = config.limits.localhost_users;
  const bool lets_in = std::find(names.begin(), names.end(), name) != names.end();
  if (collapsed && AnyUnix(config) && lets_in) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the gate does not run as %s over a unix socket: the server would let every client in as "
        "that user; run it as a user that is no database account",
        name));
  }
  return absl::OkStatus();
}

}  // namespace headgate::guard
