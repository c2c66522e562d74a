#include "guard/backends.h"

#include <algorithm>

#include <absl/strings/str_format.h>
#include "guard/identity.h"

namespace headgate::guard {

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

absl::StatusOr<BackendNames> SettleBackends(
    const Config& config, const std::function<std::vector<Address>(const std::string&)>& resolve) {
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
    return absl::UnavailableError("[gate] backend: " + settled.warnings.at(0));
  }
  const IdentityFinding finding = JudgeIdentity(config, all);
  if (!finding.error.empty()) {
    return absl::FailedPreconditionError("[gate] backend: " + finding.error);
  }
  settled.collapsed = finding.collapsed;
  return settled;
}

}  // namespace headgate::guard
