#include "guard/status.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <tuple>

#include "guard/backends.h"
#include "guard/figures_json.h"
#include "guard/json_text.h"
#include "guard/printable.h"
#include "guard/shadow_text.h"
#include "guard/shared_address.h"
#include "guard/version.h"
#include "guard/wire_status.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

constexpr std::string_view kLevelNames[kLevels] = {"calm", "elevated", "attack"};

json::object Counts(const std::array<std::uint64_t, kReasonCount>& counts) {
  json::object out;
  for (std::size_t i = 1; i < counts.size(); ++i) {
    const std::string_view name = Name(static_cast<Reason>(i));
    out[json::string_view(name.data(), name.size())] = counts[i];
  }
  return out;
}

std::int64_t WholeSeconds(Duration d) {
  return std::chrono::duration_cast<std::chrono::seconds>(d).count();
}

std::int64_t WholeMilliseconds(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

// How many of them are about statements.
std::uint64_t AboutStatements(const std::array<std::uint64_t, kReasonCount>& counts) {
  std::uint64_t sum = 0;
  for (std::size_t i = 1; i < counts.size(); ++i) {
    if (IsAboutStatement(static_cast<Reason>(i))) sum += counts[i];
  }
  return sum;
}

json::array Classes(const std::vector<ClassStatus>& classes) {
  json::array out;
  for (const ClassStatus& c : classes) {
    out.push_back(json::object{{"name", JsonText(c.name)},
                               {"leases", c.leases},
                               {"unproven", c.unproven},
                               {"reserve", c.reserve},
                               {"max", c.max},
                               {"waiting", c.waiting},
                               {"lent", c.lent},
                               {"refused_logins", c.refused_logins},
                               {"refused_commands", c.refused_commands},
                               {"may_use", c.may_use},
                               {"expected_wait_ms", WholeMilliseconds(c.expected_wait)}});
  }
  return out;
}

json::object NowAndMax(std::uint32_t now, std::uint32_t max) {
  return {{"now", now}, {"max", max}};
}

json::array Rules(const std::vector<EngineStatus::RuleStatus>& rules) {
  json::array out;
  for (const EngineStatus::RuleStatus& rule : rules) {
    out.push_back(json::object{
        {"name", JsonText(rule.name)}, {"acted", rule.acted}, {"would_act", rule.would_act}});
  }
  return out;
}

json::object Slots(const EngineStatus& e) {
  return {{"capacity", e.slots_capacity},
          {"leases", e.leases},
          {"orphans", e.orphans},
          {"free", e.free_slots},
          {"server_max", e.server_max},
          {"foreign", e.foreign},
          {"former", e.former},
          {"ramp", e.ramp},
          {"implicit",
           {{"pairs", e.implicit_pairs},
            {"reserve", e.implicit_reserve},
            {"unused", e.implicit_unused},
            {"binds", e.implicit_binds}}}};
}

json::object Pressure(const EngineStatus& e, bool enforced) {
  return {{"level", JsonText(kLevelNames[static_cast<std::size_t>(e.level)])},
          {"cause", JsonText(e.level_cause)},
          {"for_s", WholeSeconds(e.level_for)},
          {"changes", e.level_changes},
          {"enforce", enforced}};
}

// The one in use, in short; where there is none the first.
json::object CurrentBackend(const std::vector<net::BackendStatus>& backends) {
  const net::BackendStatus* current = CurrentOf(backends);
  if (current == nullptr && !backends.empty()) current = &backends.front();
  const net::BackendStatus none;
  const net::BackendStatus& b = current == nullptr ? none : *current;
  return {
      {"address", JsonText(b.name)}, {"up", b.up}, {"server_version", Printable(b.server_version)}};
}

json::object State(const StateStatus& state) {
  return {{"path", JsonText(state.path)},
          {"saves", state.saves},
          {"saved_unix_ms", state.saved_unix_ms},
          {"error", Printable(state.error)}};
}

// Null, or who many clients seem to share.
json::value SharedAddressJson(const EngineStatus& e) {
  if (!e.shared_address) return nullptr;
  const AddressLoad& load = e.shared_address->load;
  return json::object{{"source", JsonText(net::SourceText(load.source))},
                      {"sessions", load.sessions},
                      {"all_sessions", load.all_sessions},
                      {"users", load.users},
                      {"connects", load.connects},
                      {"all_connects", load.all_connects},
                      {"refused", load.refused},
                      {"warning", JsonText(SharedAddressText(*e.shared_address))}};
}

void AddEngine(const EngineStatus& e, json::object& out) {
  out["slots"] = Slots(e);
  out["pending"] = NowAndMax(e.pending, e.pending_max);
  out["waiting"] = NowAndMax(e.waiting, e.waiting_max);
  out["logins"] = NowAndMax(e.logins, e.logins_max);
  out["sources"] = e.sources;
  out["bans"] = e.bans;
  out["known_good"] = e.known_good;
  out["locked_pairs"] = e.locked_pairs;
  out["classes"] = Classes(e.classes);
  out["acted"] = Counts(e.acted);
  out["would_act"] = Counts(e.would_act);
  out["delayed"] = Counts(e.delayed);
  out["of_protected"] = Counts(e.of_protected);
  out["statements_of_protected"] = AboutStatements(e.of_protected);
  out["protected"] = {{"known", e.protected_known},
                      {"waiting", e.protected_waiting},
                      {"longest_wait_ms", WholeMilliseconds(e.protected_longest_wait)},
                      {"banned", e.protected_banned}};
  out["statements"] = {{"running", e.statements_running},  {"held", e.statements_held},
                       {"commands", e.commands},           {"errors", e.statement_errors},
                       {"request_bytes", e.request_bytes}, {"answer_bytes", e.answer_bytes}};
  out["latency"] = LatencyJson(e.latency);
  out["digests"] = NowAndMax(e.digests, e.digests_max);
  out["rules"] = Rules(e.rules);
  out["shared_address"] = SharedAddressJson(e);
  out["accepted"] = e.accepted;
  out["logins_ok"] = e.logins_ok;
  out["logins_failed"] = e.logins_failed;
}

}  // namespace

std::string StatusJson(const StatusFacts& facts) {
  json::object out;
  out["version"] = JsonText(Version());
  out["mode"] = facts.mode == Mode::kObserve ? "observe" : "enforce";
  out["uptime_s"] = WholeSeconds(facts.uptime);
  out["draining"] = facts.draining;
  out["listening"] = TextList(facts.listening);
  out["backend"] = CurrentBackend(facts.gate.backends);
  out["backends"] = BackendList(facts.gate, facts.now);
  out["failover"] = facts.failover == Failover::kSticky ? "sticky" : "off";
  out["pressure"] = Pressure(facts.engine, facts.pressure_enforced);
  out["state"] = State(facts.state);
  out["monitor"] = {{"configured", facts.gate.monitor_configured},
                    {"up", facts.gate.monitor_up},
                    {"error", Printable(facts.gate.monitor_error)},
                    {"kills", facts.gate.kills}};
  out["observer"] = ObserverJson(facts.wire);
  out["firewall"] = FirewallJson(facts.firewall, facts.now);
  AddEngine(facts.engine, out);
  out["connections"] = facts.gate.connections;
  out["max_clients"] = facts.gate.max_clients;
  out["tls"] = {{"sessions", facts.gate.tls_sessions},
                {"handshakes", facts.gate.tls_handshakes},
                {"resumed", facts.gate.tls_resumed}};
  out["reloads"] = {{"done", facts.reloads.done},
                    {"refused", facts.reloads.refused},
                    {"last", JsonText(facts.reloads.last)}};
  out["page"] = {{"address", JsonText(facts.page.address)},
                 {"up", facts.page.up},
                 {"error", Printable(facts.page.error)}};
  out["shadow"] = ShadowJson(facts.shadow);
  out["log_dropped"] = facts.log_dropped;
  out["server"] = ServerJson(facts.gate.backends, facts.now);
  out["host"] = HostJson(facts.host);
  out["process"] = ProcessJson(facts.process);
  return json::serialize(out);
}

std::string BansJson(std::vector<BanInfo> bans, Time now) {
  std::sort(bans.begin(), bans.end(), [](const BanInfo& a, const BanInfo& b) {
    return std::tie(a.until, a.network) < std::tie(b.until, b.network);
  });
  json::array list;
  for (const BanInfo& ban : bans) {
    const double left = std::chrono::duration<double>(ban.until - now).count();
    list.push_back(json::object{{"source", JsonText(net::ToText(ban.network))},
                                {"remaining_s", static_cast<std::int64_t>(std::ceil(left))},
                                {"times", ban.times},
                                {"operator", ban.by_operator},
                                {"gate_only", ban.gate_only},
                                {"reason", JsonText(ban.reason)}});
  }
  return json::serialize(json::object{{"bans", list}});
}

}  // namespace headgate::guard
