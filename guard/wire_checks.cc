#include "guard/wire_checks.h"

#include <algorithm>

#include <absl/strings/str_format.h>
#include "net/nft_ruleset.h"

namespace headgate::guard {
namespace {

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
  if (config.listen.size() == 1 && config.listen.front().IsPassed()) {
    findings.Error("firewall.redirect",
                   "needs an address in [gate] listen to lead to: it is "
                   "\"systemd\"");
    return;
  }
  const std::vector<std::uint16_t> ports = TcpPorts(config.listen);
  const bool reached = std::any_of(config.listen.begin(), config.listen.end(), [](const auto& e) {
    return !e.IsUnix() && !e.address.IsLoopback();
  });
  const std::string key = "firewall.redirect";
  if (std::find(ports.begin(), ports.end(), from) != ports.end()) {
    findings.Error(key, absl::StrFormat("the gate listens on port %d itself: there is nothing to "
                                        "redirect; set it to 0",
                                        from));
  } else if (ports.size() > 1) {
    findings.Error(key, "needs one port to lead to, but [gate] listen has several");
  } else if (!reached) {
    findings.Error(
        key,
        "leads to where clients came in, and nobody listens there: [gate] listen has this "
        "host's loopback only");
  }
}

// What a redirect leads to is the first address of the interface that a client came in by.
void WarnOfRedirect(const Config& config, Findings& findings) {
  const FirewallConfig& firewall = config.firewall;
  if (firewall.fail == FailMode::kOpen && firewall.redirect == 0 && !config.transparent) {
    findings.Warn("firewall.fail", "there is nothing to open without a redirect or transparent");
  }
  if (firewall.redirect == 0) return;
  if (!firewall.enforce) {
    findings.Warn("firewall.redirect",
                  absl::StrFormat("is not loaded with enforce = false: who calls port %d gets past "
                                  "the gate, unless `headgate firewall apply` has loaded it",
                                  firewall.redirect));
  }
  const auto narrow = [](const Endpoint& e) {
    return !e.IsUnix() && !e.IsWildcard() && !e.address.IsLoopback();
  };
  if (std::any_of(config.listen.begin(), config.listen.end(), narrow)) {
    findings.Warn("firewall.redirect",
                  "leads to the first address of the interface that a client came in by, and "
                  "[gate] listen names addresses: with more than one on an interface write 0.0.0.0 "
                  "and [::]");
  }
}

void CheckFirewall(const Config& config, Findings& findings) {
  const FirewallConfig& firewall = config.firewall;
  if (!net::IsTableName(firewall.table)) {
    findings.Error("firewall.table",
                   "begins with \"headgate\", and has up to 31 letters, digits and '_': all of the "
                   "table is headgate's own, so it is not to be called as anybody else's");
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
                  "the kernel knows no logins, and counts what may be spoofed: these limits bind "
                  "every source but those in [source] never_ban and exempt and in the networks of "
                  "classes, and SYNs in the name of an application's host use up what it has; "
                  "name the application's networks in one of them");
  }
  if (!firewall.enforce && firewall.static_limits) {
    findings.Warn("firewall.static_limits",
                  "are rules of the kernel's table, which is not loaded with enforce = false");
  }
  const bool passed = config.listen.size() == 1 && config.listen.front().IsPassed();
  if (firewall.enforce && !passed && TcpPorts(config.listen).empty()) {
    findings.Error("firewall.enforce", "[gate] listen has no TCP port to guard");
  }
  CheckRedirect(config, findings);
  WarnOfRedirect(config, findings);
}

}  // namespace

void CheckWire(const Config& config, Findings& findings) {
  CheckObserver(config, findings);
  CheckFirewall(config, findings);
}

}  // namespace headgate::guard
