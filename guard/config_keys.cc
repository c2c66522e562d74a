#include "guard/config_keys.h"

#include <algorithm>

#include <absl/strings/str_format.h>
#include "guard/config_key_makers.h"

namespace headgate::guard {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Key<Config> MaxConnections() {
  return {"slots",
          "max_connections",
          "whole number or \"auto\"",
          "1 to 100000, or \"auto\"",
          kReload,
          [](const Node& n, Config& c) {
            SlotLimits& slots = c.limits.slots;
            if (const auto* text = std::get_if<std::string>(&n.value); text && *text == "auto") {
              slots.max_connections_auto = true;
              slots.max_connections = SlotLimits().max_connections;
              return Faults();
            }
            Faults faults = ReadCount(n, {1, 100000}, slots.max_connections);
            if (faults.empty()) slots.max_connections_auto = false;
            if (!faults.empty()) AddChoice("\"auto\"", faults.front());
            return faults;
          },
          [](const Config& c) {
            const SlotLimits& slots = c.limits.slots;
            return slots.max_connections_auto ? std::string("\"auto\"")
                                              : absl::StrFormat("%d", slots.max_connections);
          },
          [](const Config& from, Config& to) {
            to.limits.slots.max_connections = from.limits.slots.max_connections;
            to.limits.slots.max_connections_auto = from.limits.slots.max_connections_auto;
          }};
}

std::vector<Key<Config>> GateKeys() {
  using C = Config;
  const char* t = "gate";
  return {
      Choice<2>(
          t, "mode", {"enforce", "observe"}, kReload,
          [](auto& c) -> auto& { return c.limits.mode; }),
      Endpoints(
          "listen", false, [](auto& c) -> auto& { return c.listen; }),
      Endpoints(
          "backend", true, [](auto& c) -> auto& { return c.backend; }),
      Choice<2>(
          t, "failover", {"off", "sticky"}, kRestart, [](auto& c) -> auto& { return c.failover; }),
      Choice<3>(
          t, "proxy_to_backend", {"off", "v1", "v2"}, kRestart,
          [](auto& c) -> auto& { return c.proxy_to_backend; }),
      Bool<C>(
          t, "clients_become_localhost", kRestart,
          [](auto& c) -> auto& { return c.clients_become_localhost; }),
      Texts<C>(
          t, "localhost_only_users", [](auto& c) -> auto& { return c.limits.localhost_users; }),
      Networks<C>(
          t, "local_sources", [](auto& c) -> auto& { return c.limits.local_sources; }),
      Networks<C>(
          t, "proxy_from_clients", [](auto& c) -> auto& { return c.limits.proxies; }),
      Bool<C>(
          t, "transparent", kRestart, [](auto& c) -> auto& { return c.transparent; }),
      Text<C>(
          t, "user", kRestart, [](auto& c) -> auto& { return c.user; }),
      Count<C>(
          t, "threads", {0, 256}, kRestart, [](auto& c) -> auto& { return c.threads; }),
      Span<C>(
          t, "drain", {Duration::zero(), hours(1)}, [](auto& c) -> auto& { return c.drain; }),
      Span<C>(
          t, "upgrade_drain", {Duration::zero(), hours(24)},
          [](auto& c) -> auto& { return c.upgrade_drain; }),
  };
}

std::vector<Key<Config>> TlsKeys() {
  using C = Config;
  const char* t = "gate";
  return {
      Choice<3>(
          t, "tls", {"off", "terminate", "passthrough"}, kRestart,
          [](auto& c) -> auto& { return c.tls.mode; }),
      Text<C>(
          t, "certificate", kReload, [](auto& c) -> auto& { return c.tls.certificate; }),
      Text<C>(
          t, "private_key", kReload, [](auto& c) -> auto& { return c.tls.private_key; }),
      Text<C>(
          t, "client_ca", kReload, [](auto& c) -> auto& { return c.tls.client_ca; }),
      Choice<3>(
          t, "client_certificates", {"off", "optional", "required"}, kReload,
          [](auto& c) -> auto& { return c.tls.client_certificates; }),
      Text<C>(
          t, "backend_ca", kReload, [](auto& c) -> auto& { return c.tls.backend_ca; }),
      Choice<3>(
          t, "backend_verify", {"name", "ca", "none"}, kReload,
          [](auto& c) -> auto& { return c.tls.backend_verify; }),
      Text<C>(
          t, "backend_name", kReload, [](auto& c) -> auto& { return c.tls.backend_name; }),
      Bool<C>(
          t, "backend_plaintext", kReload,
          [](auto& c) -> auto& { return c.tls.backend_plaintext; }),
  };
}

std::vector<Key<Config>> AdmissionKeys() {
  using C = Config;
  return {
      MaxConnections(),
      Count<C>(
          "slots", "keep_free", {0, 10000}, kReload,
          [](auto& c) -> auto& { return c.limits.slots.keep_free; }),
      RateOf<C>(
          "slots", "start_ramp", [](auto& c) -> auto& { return c.limits.slots.start_ramp; }),
      Bool<C>(
          "slots", "enforce", kReload, [](auto& c) -> auto& { return c.limits.slots.enforce; }),
      Count<C>(
          "pending", "max", {1, 1000000}, kReload,
          [](auto& c) -> auto& { return c.limits.pending.max; }),
      Fraction<C>(
          "pending", "known_good_share",
          [](auto& c) -> auto& { return c.limits.pending.known_good_share; }),
      Span<C>(
          "pending", "deadline", {milliseconds(100), minutes(5)},
          [](auto& c) -> auto& { return c.limits.pending.deadline; }),
      Bool<C>(
          "pending", "enforce", kReload, [](auto& c) -> auto& { return c.limits.pending.enforce; }),
      Count<C>(
          "waiting", "max", {0, 100000}, kReload,
          [](auto& c) -> auto& { return c.limits.waiting.max; }),
      Count<C>(
          "waiting", "per_source", {1, 100000}, kReload,
          [](auto& c) -> auto& { return c.limits.waiting.per_source; }),
      Span<C>(
          "waiting", "queue", {milliseconds(1), minutes(5)},
          [](auto& c) -> auto& { return c.limits.waiting.queue; }),
      Bool<C>(
          "waiting", "enforce", kReload, [](auto& c) -> auto& { return c.limits.waiting.enforce; }),
  };
}

std::vector<Key<Config>> LoginKeys() {
  using C = Config;
  const char* t = "login";
  return {
      Count<C>(
          t, "in_progress", {1, 10000}, kReload,
          [](auto& c) -> auto& { return c.limits.login.in_progress; }),
      Count<C>(
          t, "per_source", {1, 10000}, kReload,
          [](auto& c) -> auto& { return c.limits.login.per_source; }),
      Fraction<C>(
          t, "known_good_share", [](auto& c) -> auto& { return c.limits.login.known_good_share; }),
      RateOf<C>(
          t, "rate", [](auto& c) -> auto& { return c.limits.login.rate; }),
      Span<C>(
          t, "deadline", {milliseconds(100), minutes(5)},
          [](auto& c) -> auto& { return c.limits.login.deadline; }),
      RateOf<C>(
          t, "failures", [](auto& c) -> auto& { return c.limits.login.failures; }),
      Span<C>(
          t, "lock", {seconds(1), hours(24)}, [](auto& c) -> auto& { return c.limits.login.lock; }),
      Span<C>(
          t, "lock_max", {seconds(1), hours(24 * 7)},
          [](auto& c) -> auto& { return c.limits.login.lock_max; }),
      Bool<C>(
          t, "enforce", kReload, [](auto& c) -> auto& { return c.limits.login.enforce; }),
  };
}

std::vector<Key<Config>> SourceKeys() {
  using C = Config;
  const char* t = "source";
  return {
      RateOf<C>(
          t, "connect_rate", [](auto& c) -> auto& { return c.limits.source.connect_rate; }),
      ShareOf<C>(
          t, "connections", [](auto& c) -> auto& { return c.limits.source.connections; }),
      ShareOf<C>(
          t, "prefix_connections",
          [](auto& c) -> auto& { return c.limits.source.prefix_connections; }),
      RateOf<C>(
          t, "tls_rate", [](auto& c) -> auto& { return c.limits.source.tls_rate; }),
      RateOf<C>(
          t, "ban_after", [](auto& c) -> auto& { return c.limits.source.ban_after; }),
      Span<C>(
          t, "ban", {seconds(1), hours(24 * 7)},
          [](auto& c) -> auto& { return c.limits.source.ban; }),
      Span<C>(
          t, "ban_max", {seconds(1), hours(24 * 30)},
          [](auto& c) -> auto& { return c.limits.source.ban_max; }),
      Networks<C>(
          t, "never_ban", [](auto& c) -> auto& { return c.limits.source.never_ban; }),
      Networks<C>(
          t, "exempt", [](auto& c) -> auto& { return c.limits.source.exempt; }),
      Count<C>(
          t, "table_size", {1024, 16777216}, kRestart,
          [](auto& c) -> auto& { return c.limits.source.table_size; }),
      Bool<C>(
          t, "enforce", kReload, [](auto& c) -> auto& { return c.limits.source.enforce; }),
  };
}

std::vector<Key<Config>> OtherKeys() {
  using C = Config;
  return {
      Choice<3>(
          "refuse", "how", {"error", "reset", "drop"}, kReload,
          [](auto& c) -> auto& { return c.limits.how; }),
      Choice<6>(
          "log", "level", {"trace", "debug", "info", "warning", "error", "off"}, kReload,
          [](auto& c) -> auto& { return c.log_level; }),
      Text<C>(
          "log", "decisions", kRestart, [](auto& c) -> auto& { return c.log_decisions; }),
      RateOf<C>(
          "log", "sample", [](auto& c) -> auto& { return c.log_sample; }),
  };
}

// What [default_class] takes comes first.
std::vector<Key<ClassLimits>> MakeClassKeys() {
  using L = ClassLimits;
  const char* t = "class";
  return {
      Count<L>(
          t, "reserve", {0, 100000}, kReload, [](auto& c) -> auto& { return c.reserve; }),
      Bool<L>(
          t, "lend", kReload, [](auto& c) -> auto& { return c.lend; }),
      ShareOf<L>(
          t, "max", [](auto& c) -> auto& { return c.max; }),
      ShareOf<L>(
          t, "unproven", [](auto& c) -> auto& { return c.unproven; }),
      Span<L>(
          t, "queue", {milliseconds(1), minutes(5)}, [](auto& c) -> auto& { return c.queue; }),
      Bool<L>(
          t, "enforce", kReload, [](auto& c) -> auto& { return c.enforce; }),
      Text<L>(
          t, "name", kReload, [](auto& c) -> auto& { return c.name; }),
      Networks<L>(
          t, "sources", [](auto& c) -> auto& { return c.sources; }),
      Texts<L>(
          t, "users", [](auto& c) -> auto& { return c.users; }),
      Texts<L>(
          t, "databases", [](auto& c) -> auto& { return c.databases; }),
      Texts<L>(
          t, "subjects", [](auto& c) -> auto& { return c.subjects; }),
  };
}
constexpr std::size_t kDefaultClassKeys = 6;

}  // namespace

std::span<const Key<Config>> ConfigKeys() {
  static const std::vector<Key<Config>> keys = [] {
    std::vector<Key<Config>> all;
    for (auto part : {GateKeys(), TlsKeys(), AdmissionKeys(), LoginKeys(), SourceKeys(),
                      StatementKeys(), HeadroomKeys(), WireKeys(), AdminKeys(), OtherKeys()}) {
      std::move(part.begin(), part.end(), std::back_inserter(all));
    }
    return all;
  }();
  return keys;
}

std::span<const Key<ClassLimits>> ClassKeys() {
  static const std::vector<Key<ClassLimits>> keys = MakeClassKeys();
  return keys;
}

std::span<const Key<ClassLimits>> DefaultClassKeys() {
  return ClassKeys().first(kDefaultClassKeys);
}

}  // namespace headgate::guard
