#include "guard/config_checks.h"

#include <algorithm>
#include <set>

#include <absl/strings/str_format.h>
#include "guard/admin_checks.h"
#include "guard/config_text.h"
#include "guard/config_values.h"
#include "guard/headroom_checks.h"
#include "guard/identity.h"
#include "guard/statement_checks.h"
#include "guard/tls_checks.h"
#include "guard/transparent_checks.h"
#include "guard/wire_checks.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

// No load balancers need more; what is wider has clients in it.
constexpr std::uint8_t kWideV4 = kV4Bits + 8;
constexpr std::uint8_t kWideV6 = 32;
constexpr std::uint8_t kSourceV6 = 64;

class Checker {
 public:
  Checker(const Config& config, const KeyPositions& positions, const HostFacts& host)
      : config_(config), limits_(config.limits), host_(host), findings_(positions) {}

  std::vector<Problem> Run() {
    CheckLoops();
    CheckIdentity();
    CheckProxies();
    CheckExempt();
    CheckClasses();
    CheckPairsOfValues();
    CheckDescriptors();
    CheckSurroundings();
    CheckStatements(config_, Capacity(), host_, findings_);
    CheckHeadroom(config_, Capacity(), host_, findings_);
    CheckRules(config_, findings_);
    CheckWire(config_, findings_);
    CheckTls(config_, host_, findings_);
    return findings_.Take();
  }

 private:
  void Error(const std::string& key, std::string message) {
    findings_.Error(key, std::move(message));
  }
  void Warn(const std::string& key, std::string message) {
    findings_.Warn(key, std::move(message));
  }

  bool IsOwn(const Address& address) const {
    return address.IsLoopback() || std::find(host_.addresses.begin(), host_.addresses.end(),
                                             address) != host_.addresses.end();
  }

  void CheckLoops() {
    if (config_.listen.empty()) Error("gate.listen", "needs at least one address");
    std::set<std::string> seen;
    for (const Endpoint& listen : config_.listen) {
      if (listen.IsPassed() && config_.listen.size() > 1) {
        Error("gate.listen",
              "\"systemd\" stands alone: the addresses are those of the socket unit");
      }
      if (!seen.insert(ToText(listen)).second) {
        Error("gate.listen", absl::StrFormat("%s stands here twice", ToText(listen)));
      }
      for (const Endpoint& backend : config_.backend) CheckLoop(listen, backend);
    }
  }

  void CheckLoop(const Endpoint& listen, const Endpoint& backend) {
    if (backend.IsUnix() || listen.IsPassed() || backend.port != listen.port) return;
    const bool itself = backend.host.empty() && backend.address == listen.address;
    const bool local_name = backend.host == "localhost";
    const bool same_family = local_name || backend.address.IsV4() == listen.address.IsV4() ||
                             listen.address == Address::V4(0);
    const bool covered = listen.IsWildcard() && (local_name || IsOwn(backend.address));
    if (!itself && !(covered && same_family)) return;
    Error("gate.backend",
          absl::StrFormat("%s is where the gate itself listens (%s): it would connect to itself in "
                          "a loop; let the server listen on another port",
                          ToText(backend), ToText(listen)));
  }

  void CheckIdentity() {
    if (config_.backend.empty()) return;
    Resolved resolved;
    for (const Endpoint& backend : config_.backend) {
      auto& addresses = resolved.emplace_back();
      if (backend.host.empty() || !host_.resolve) continue;
      addresses = host_.resolve(backend.host);
      if (addresses.empty()) {
        Warn("gate.backend", backend.host + " cannot be looked up from here now");
      }
    }
    const IdentityFinding finding = JudgeIdentity(config_, resolved);
    if (!finding.error.empty()) Error("gate.backend", finding.error);
    if (!finding.warning.empty()) Warn("gate.clients_become_localhost", finding.warning);
    CheckTransparent(config_, resolved, host_, findings_);
  }

  void CheckProxies() {
    for (const Cidr& network : limits_.proxies) {
      if (network.bits > kSourceV6 && !network.IsV4() && !network.address.IsLoopback()) {
        findings_.Note("gate.proxy_from_clients",
                       absl::StrFormat("%s: its whole /64 is neither charged nor banned, as IPv6 "
                                       "sources are networks of 64 bits; give load balancers a "
                                       "/64 in which nobody else is",
                                       net::ToText(network)));
      }
      const bool everybody = network.bits == (network.IsV4() ? kV4Bits : 0);
      if (!everybody && network.bits >= (network.IsV4() ? kWideV4 : kWideV6)) continue;
      Warn("gate.proxy_from_clients",
           absl::StrFormat("%s holds %s: whoever connects from there may claim to be anybody, "
                           "must send a PROXY header to get in, and is never banned; name the load "
                           "balancers' own addresses",
                           net::ToText(network),
                           everybody ? "everybody" : "far more than load balancers"));
    }
  }

  void CheckExempt() {
    const auto& exempt = limits_.source.exempt;
    if (std::none_of(exempt.begin(), exempt.end(), IsWide)) return;
    Warn("source.exempt",
         "so wide that strangers are in it: they have no limits of [source], and are never banned "
         "for what they do to them; name your own networks");
  }

  std::uint32_t Capacity() const {
    const SlotLimits& slots = limits_.slots;
    return slots.max_connections > slots.keep_free ? slots.max_connections - slots.keep_free : 0;
  }

  void CheckClasses() {
    std::set<std::string> names;
    for (std::size_t i = 0; i < limits_.classes.size(); ++i) {
      const ClassLimits& c = limits_.classes[i];
      const bool is_default = i + 1 == limits_.classes.size();
      const std::string key =
          is_default ? std::string("default_class") : absl::StrFormat("class.%d", i);
      if (is_default) continue;
      CheckName(c, key, names);
      if (NamesNobody(c, key)) {
        Warn(key, absl::StrFormat("class \"%s\" names no sources, users, databases or subjects: it "
                                  "takes everybody, and nothing below it is reached",
                                  c.name));
      }
    }
  }

  // Whose names do not parse names somebody all the same.
  bool NamesNobody(const ClassLimits& c, const std::string& key) const {
    for (const char* matcher : {".sources", ".users", ".databases", ".subjects"}) {
      if (findings_.Faulty(key + matcher)) return false;
    }
    return c.sources.empty() && c.users.empty() && c.databases.empty() && c.subjects.empty();
  }

  void CheckName(const ClassLimits& c, const std::string& key, std::set<std::string>& names) {
    const bool plain = std::all_of(c.name.begin(), c.name.end(), [](char letter) {
      return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
             (letter >= '0' && letter <= '9') || letter == '_' || letter == '-' || letter == '.';
    });
    if (c.name.empty()) {
      Error(key + ".name", "needed: a class has a name");
    } else if (c.name == "default") {
      Error(key + ".name", "\"default\" is the name of [default_class]");
    } else if (!plain || c.name.size() > 64) {
      Error(key + ".name", "takes up to 64 letters, digits, '_', '-' and '.'");
    } else if (!names.insert(c.name).second) {
      Error(key + ".name", absl::StrFormat("\"%s\" is the name of two classes", c.name));
    }
  }

  void CheckPairsOfValues() {
    const LoginLimits& login = limits_.login;
    if (login.lock > login.lock_max && !findings_.Faulty("login.lock_max")) {
      Error("login.lock",
            absl::StrFormat("%s is above lock_max %s", ToText(login.lock), ToText(login.lock_max)));
    }
    if (limits_.source.ban > limits_.source.ban_max && !findings_.Faulty("source.ban_max")) {
      Error("source.ban", absl::StrFormat("%s is above ban_max %s", ToText(limits_.source.ban),
                                          ToText(limits_.source.ban_max)));
    }
    if (login.per_source > login.in_progress && !findings_.Faulty("login.in_progress")) {
      Warn("login.per_source", absl::StrFormat("%d is above in_progress %d: it limits nobody",
                                               login.per_source, login.in_progress));
    }
    if (login.known_good_share == 1) {
      Warn("login.known_good_share", "keeps the whole lane but one place for known-good logins");
    }
    if (limits_.pending.known_good_share == 1) {
      Warn("pending.known_good_share", "keeps every pending place for known-good sources");
    }
  }

  void CheckDescriptors() {
    if (host_.descriptors == 0) return;
    // A session takes two descriptors, a pending or waiting client one.
    const std::uint64_t needed = limits_.pending.max + limits_.waiting.max + 2ull * Capacity();
    if (needed <= host_.descriptors) return;
    Warn("pending.max",
         absl::StrFormat(
             "pending %d, waiting %d and %d slots may need %d descriptors, the limit is "
             "%d: the gate pauses accepting before it runs out; raise LimitNOFILE or "
             "lower max",
             limits_.pending.max, limits_.waiting.max, Capacity(), needed, host_.descriptors));
  }

  void CheckSurroundings() {
    if (limits_.mode == Mode::kObserve) {
      Warn("gate.mode", "\"observe\": limits decide and count, and never act");
    }
    CheckAdmin(config_, host_, findings_);
    if (!config_.log_decisions.empty() && config_.log_decisions.front() != '/') {
      Error("log.decisions", "needs an absolute path, or \"\" for none");
    }
  }

  const Config& config_;
  const Limits& limits_;
  const HostFacts& host_;
  Findings findings_;
};

}  // namespace

std::vector<Problem> CheckWhole(const Config& config, const KeyPositions& positions,
                                const HostFacts& host) {
  return Checker(config, positions, host).Run();
}

}  // namespace headgate::guard
