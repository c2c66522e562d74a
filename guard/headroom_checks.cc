#include "guard/headroom_checks.h"

#include <algorithm>
#include <set>
#include <string>

#include <absl/strings/str_format.h>
#include "guard/config_text.h"
#include "guard/config_values.h"
#include "guard/statement_checks.h"

namespace headgate::guard {
namespace {

constexpr std::size_t kMostBackends = 16;

std::string KeyOfClass(const Config& config, std::size_t i) {
  const bool is_default = i + 1 == config.limits.classes.size();
  return is_default ? std::string("default_class") : absl::StrFormat("class.%d", i);
}

void CheckBackends(const Config& config, Findings& findings) {
  if (config.backend.empty()) {
    if (findings.Written("gate.backend.faulty")) return;
    findings.Error("gate.backend",
                   "needed: where the server is, such as backend = [\"192.0.2.10:3306\"]");
  } else if (config.backend.size() > kMostBackends) {
    findings.Error("gate.backend", absl::StrFormat("more than %d backends", kMostBackends));
  }
  std::set<std::string> seen;
  for (const Endpoint& backend : config.backend) {
    if (backend.IsWildcard()) {
      findings.Error("gate.backend", absl::StrFormat("%s is no address to connect to: name the "
                                                     "server's own",
                                                     ToText(backend)));
    }
    if (!seen.insert(ToText(backend)).second) {
      findings.Error("gate.backend", absl::StrFormat("%s stands here twice", ToText(backend)));
    }
  }
}

void CheckFailover(const Config& config, Findings& findings) {
  const bool several = config.backend.size() > 1;
  if (several && !config.monitor.address.empty()) {
    findings.Error("monitor.address",
                   "is one door of one server, but there are several backends: the monitor would "
                   "count and kill at the wrong one; leave it away");
  }
  if (config.failover != Failover::kSticky) return;
  if (several) {
    findings.Warn("gate.failover",
                  "headgate does not fence: the server it leaves may live on and be written to by "
                  "others; replication and the promotion of a server are not its business (see "
                  "docs/headroom.md)");
  } else {
    findings.Warn("gate.failover", "\"sticky\" has nowhere to go: there is one backend");
  }
}

// A number that is only guessed makes a warning of what would be an error.
void Judge(const Config& config, const std::string& key, const std::string& message,
           Findings& findings) {
  if (!config.limits.slots.max_connections_auto) return findings.Error(key, message);
  findings.Warn(key, message + "; with \"auto\" the server's own number decides");
}

void CheckCapacity(const Config& config, std::uint32_t capacity, const HostFacts& host,
                   Findings& findings) {
  const SlotLimits& slots = config.limits.slots;
  if (capacity > 0) return;
  const std::string message =
      absl::StrFormat("keeps all of the %d connections: nobody gets in", slots.max_connections);
  if (slots.max_connections_auto && MonitorOn(config, host)) {
    findings.Warn("slots.keep_free", message + " until the server's own number is known");
  } else {
    findings.Error("slots.keep_free", message);
  }
}

void CheckReserves(const Config& config, std::uint32_t capacity, Findings& findings) {
  std::uint64_t reserves = 0;
  for (const ClassLimits& c : config.limits.classes) reserves += c.reserve;
  if (capacity == 0 || reserves <= capacity) return;
  const SlotLimits& slots = config.limits.slots;
  Judge(config, "class",
        absl::StrFormat("all reserves together are %d, but there are only %d slots "
                        "(max_connections %d - keep_free %d)",
                        reserves, capacity, slots.max_connections, slots.keep_free),
        findings);
}

void CheckMax(const Config& config, std::size_t i, std::uint32_t capacity, Findings& findings) {
  const ClassLimits& c = config.limits.classes[i];
  if (capacity == 0 || c.max.Of(capacity) >= c.reserve) return;
  const std::string key = KeyOfClass(config, i) + ".max";
  const std::string message =
      absl::StrFormat("class \"%s\": max %s (%d slots) is below its reserve %d", c.name,
                      ToText(c.max), c.max.Of(capacity), c.reserve);
  const bool number = c.max.kind == Share::Kind::kNumber;
  if (number) return findings.Error(key, message);
  // A reserve above all slots is told of once.
  if (c.reserve > capacity) return;
  Judge(config, key, message, findings);
}

void CheckLend(const Config& config, std::size_t i, Findings& findings) {
  const ClassLimits& c = config.limits.classes[i];
  if (!c.lend || c.reserve > 0) return;
  findings.Warn(KeyOfClass(config, i) + ".lend",
                absl::StrFormat("class \"%s\" has no reserve that it could lend", c.name));
}

// The engine lets the sources of a class into its reserve on their word for the user.
void CheckWide(const Config& config, std::size_t i, Findings& findings) {
  const ClassLimits& c = config.limits.classes[i];
  if (c.reserve == 0 || std::none_of(c.sources.begin(), c.sources.end(), IsWide)) return;
  findings.Warn(KeyOfClass(config, i) + ".sources",
                absl::StrFormat("class \"%s\": who comes from its sources may use its reserve "
                                "before the server has said OK to the login: so wide they give it "
                                "to anybody who claims a user of it; name the networks of the "
                                "application, or none",
                                c.name));
}

void CheckAuto(const Config& config, const HostFacts& host, Findings& findings) {
  const SlotLimits& slots = config.limits.slots;
  if (!slots.max_connections_auto || MonitorOn(config, host)) return;
  findings.Warn("slots.max_connections",
                absl::StrFormat("\"auto\" asks the server through a [monitor], and there is none: "
                                "it means %d, lowered when the server says it is full. Write the "
                                "server's own max_connections here, or set up the account",
                                slots.max_connections));
}

void CheckLevels(const Config& config, Findings& findings) {
  const PressureWhen& elevated = config.limits.pressure.elevated;
  const PressureWhen& attack = config.limits.pressure.attack;
  if (elevated.free_slots > 0 && attack.free_slots > 0 &&
      elevated.free_slots <= attack.free_slots) {
    findings.Error("pressure.elevated.when.free_slots",
                   absl::StrFormat("%g%% is not above [pressure.attack.when] free_slots %g%%: an "
                                   "attack is the level with fewer slots free",
                                   elevated.free_slots * 100, attack.free_slots * 100));
  }
  if (!elevated.refusals.Off() && !attack.refusals.Off() &&
      elevated.refusals.per_second >= attack.refusals.per_second) {
    findings.Error("pressure.elevated.when.refusals",
                   absl::StrFormat("%s is not below [pressure.attack.when] refusals %s: an attack "
                                   "is the level with more refusals",
                                   ToText(elevated.refusals), ToText(attack.refusals)));
  }
}

void CheckMemory(const Config& config, Findings& findings) {
  if (!config.state_file.empty() &&
      (config.state_file.front() != '/' || config.state_file.back() == '/')) {
    findings.Error("known_good.state", "needs an absolute path of a file, or \"\" for none");
  }
  if (config.limits.known_good.share == 1) {
    findings.Warn("known_good.share",
                  "may keep every slot for known-good pairs: above calm nobody else gets one");
  }
}

}  // namespace

void CheckHeadroom(const Config& config, std::uint32_t capacity, const HostFacts& host,
                   Findings& findings) {
  CheckBackends(config, findings);
  CheckFailover(config, findings);
  CheckAuto(config, host, findings);
  CheckCapacity(config, capacity, host, findings);
  CheckReserves(config, capacity, findings);
  for (std::size_t i = 0; i < config.limits.classes.size(); ++i) {
    CheckMax(config, i, capacity, findings);
    CheckLend(config, i, findings);
    CheckWide(config, i, findings);
  }
  CheckLevels(config, findings);
  CheckMemory(config, findings);
}

}  // namespace headgate::guard
