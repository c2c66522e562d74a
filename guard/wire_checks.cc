#include "guard/wire_checks.h"

#include <algorithm>
#include <set>

#include <absl/strings/str_format.h>

namespace headgate::guard {
namespace {

constexpr std::size_t kLongestTable = 31;

// What nft takes as a name without quotes.
bool IsIdentifier(const std::string& name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && name.size() <= kLongestTable && letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void CheckObserver(const Config& config, Findings& findings) {
  const ObserverConfig& observer = config.observer;
  const PressureWhen& elevated = config.limits.pressure.elevated;
  const std::string syn_rate = "pressure.elevated.when.syn_rate";
  // The default stands in the sample file, and means nothing by it.
  const bool meant = elevated.syn_rate != PressureLimits().elevated.syn_rate;
  if (observer.interface.empty() && findings.Written(syn_rate) && meant) {
    findings.Warn(syn_rate, "nothing counts SYNs while [observer] interface is \"\"");
  }
  if (observer.interface.empty() && !observer.filter.empty()) {
    findings.Warn("observer.filter", "means nothing while interface is \"\"");
  }
}

void CheckRedirect(const Config& config, Findings& findings) {
  const std::uint32_t from = config.firewall.redirect;
  if (from == 0) return;
  std::set<std::uint16_t> ports;
  for (const Endpoint& listen : config.listen) {
    if (!listen.IsUnix()) ports.insert(listen.port);
  }
  if (ports.count(static_cast<std::uint16_t>(from)) > 0) {
    findings.Error("firewall.redirect",
                   absl::StrFormat("the gate listens on port %d itself: there is nothing to "
                                   "redirect; set it to 0",
                                   from));
  } else if (ports.size() > 1) {
    findings.Error("firewall.redirect", "needs one port to lead to, but [gate] listen has several");
  }
}

void CheckFirewall(const Config& config, Findings& findings) {
  const FirewallConfig& firewall = config.firewall;
  if (!IsIdentifier(firewall.table)) {
    findings.Error("firewall.table",
                   absl::StrFormat("takes up to %d letters, digits and '_', and no digit in front",
                                   kLongestTable));
  }
  if (firewall.keep_bans && !firewall.enforce) {
    findings.Warn("firewall.keep_bans",
                  "bans are kept by the kernel, and none is pushed there with enforce = false");
  }
  if (firewall.enforce && config.limits.mode == Mode::kObserve) {
    findings.Warn("firewall.enforce", "[gate] mode is \"observe\": no ban is pushed");
  }
  if (firewall.static_limits) {
    findings.Warn("firewall.static_limits",
                  "the kernel knows no logins: these limits bind every source but those in "
                  "[source] never_ban and exempt and in the networks of classes, a pool of the "
                  "application that is in none of them too");
  }
  CheckRedirect(config, findings);
}

}  // namespace

void CheckWire(const Config& config, Findings& findings) {
  CheckObserver(config, findings);
  CheckFirewall(config, findings);
}

}  // namespace headgate::guard
