#include "guard/backends.h"

#include <algorithm>

#include <absl/strings/str_format.h>
#include "guard/identity.h"

namespace headgate::guard {
namespace {

// What was in use before; else the first in the list.
std::string WantedOf(const Config& config, const std::string& remembered, BackendNames& settled) {
  std::string first = ToText(config.backend.front());
  if (remembered.empty()) return first;
  const bool listed =
      std::any_of(config.backend.begin(), config.backend.end(),
                  [&](const Endpoint& backend) { return ToText(backend) == remembered; });
  if (listed || settled.ConnectOf(remembered)) return remembered;
  settled.warnings.push_back(absl::StrFormat(
      "%s, in use before the restart, is not in the list any more: it starts with %s", remembered,
      first));
  return first;
}

// Another server than before is a failover: nobody's business here but with "sticky".
absl::Status ChooseStart(const Config& config, const std::string& remembered,
                         BackendNames& settled) {
  const std::string wanted = WantedOf(config, remembered, settled);
  if (const auto there = settled.ConnectOf(wanted)) {
    settled.start = *there;
    return absl::OkStatus();
  }
  const std::string what =
      absl::StrFormat("%s%s cannot be looked up", wanted,
                      wanted == remembered ? ", in use before the restart," : "");
  if (config.failover != Failover::kSticky) {
    return absl::UnavailableError(absl::StrFormat(
        "[gate] backend: %s, and with failover = \"off\" no other one is used unasked: mend the "
        "look-up, write its address here, or take it out of the list",
        what));
  }
  settled.start = settled.connect.front();
  settled.warnings.push_back(
      absl::StrFormat("%s: failover = \"sticky\" goes on with %s", what, settled.shown.front()));
  return absl::OkStatus();
}

}  // namespace

std::string BackendNames::ShownOf(const std::string& name) const {
  const auto found = std::find(connect.begin(), connect.end(), name);
  return found == connect.end() ? name : shown[static_cast<std::size_t>(found - connect.begin())];
}

std::optional<std::string> BackendNames::ConnectOf(const std::string& name) const {
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (name == shown[i] || name == connect[i]) return connect[i];
  }
  return std::nullopt;
}

std::vector<Address> BackendNames::Addresses() const {
  std::vector<Address> out;
  for (const std::string& text : connect) {
    const auto endpoint = ParseEndpoint(text);
    if (endpoint && !endpoint->IsUnix()) out.push_back(endpoint->address);
  }
  return out;
}

absl::StatusOr<BackendNames> SettleBackends(
    const Config& config, const std::function<std::vector<Address>(const std::string&)>& resolve,
    const std::string& remembered) {
  BackendNames settled;
  Resolved all;
  for (const Endpoint& backend : config.backend) {
    Endpoint target = backend;
    auto& addresses = all.emplace_back();
    if (!backend.host.empty()) {
      addresses = resolve(backend.host);
      if (addresses.empty()) {
        settled.warnings.push_back(backend.host + " cannot be looked up");
        continue;
      }
      target.host.clear();
      target.address = addresses.front();
    }
    const std::string text = ToText(target);
    if (const auto twin = settled.ConnectOf(text)) {
      return absl::FailedPreconditionError(
          absl::StrFormat("[gate] backend: %s and %s are the same server, %s", ToText(backend),
                          settled.ShownOf(text), text));
    }
    settled.shown.push_back(ToText(backend));
    settled.connect.push_back(text);
  }
  if (settled.connect.empty()) {
    std::string all_of_them;
    for (const std::string& warning : settled.warnings) {
      all_of_them += (all_of_them.empty() ? "" : "; ") + warning;
    }
    return absl::UnavailableError("[gate] backend: " + all_of_them);
  }
  if (auto s = ChooseStart(config, remembered, settled); !s.ok()) return s;
  const IdentityFinding finding = JudgeIdentity(config, all);
  if (!finding.error.empty()) {
    return absl::FailedPreconditionError("[gate] backend: " + finding.error);
  }
  settled.collapsed = finding.collapsed;
  return settled;
}

const net::BackendStatus* CurrentOf(const std::vector<net::BackendStatus>& backends) {
  const auto at =
      std::find_if(backends.begin(), backends.end(), [](const auto& b) { return b.current; });
  return at == backends.end() ? nullptr : &*at;
}

}  // namespace headgate::guard
