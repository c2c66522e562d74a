#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include <absl/strings/str_format.h>
#include "guard/backends.h"
#include "guard/json_text.h"
#include "guard/printable.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

json::object MonitorJson(const net::MonitorStatus& monitor) {
  const net::ServerFigures& f = monitor.figures;
  json::value lag;
  if (f.replica_lag) lag = *f.replica_lag;
  return {{"configured", monitor.configured},
          {"up", monitor.up},
          {"error", Printable(monitor.error)},
          {"kills", monitor.kills},
          {"max_connections", f.max_connections},
          {"threads_connected", f.threads_connected},
          {"threads_running", f.threads_running},
          {"foreign", f.foreign},
          {"aborted_connects", f.aborted_connects},
          {"connection_errors", f.connection_errors},
          {"slow_queries", f.slow_queries},
          {"pool_read_requests", f.buffer_pool_read_requests},
          {"pool_reads", f.buffer_pool_reads},
          {"uptime_s", f.uptime},
          {"replica", f.replica},
          {"replication_lag_s", lag}};
}

// What the monitor read, where it read anything.
std::string FiguresText(const json::value& monitor) {
  const auto figure = [&](const char* name) { return Plain(At(monitor, {name})); };
  if (NumberOf(At(monitor, {"max_connections"})) == 0) return "";
  std::string text = figure("threads_connected") + " of " + figure("max_connections") +
                     " connections, " + figure("foreign") + " foreign, " +
                     figure("threads_running") + " running";
  const json::value& lag = At(monitor, {"replication_lag_s"});
  if (lag.is_number()) text += ", lag " + SpanText(NumberOf(lag));
  return text;
}

std::string Line(const json::value& backend) {
  const bool current = IsTrue(At(backend, {"current"}));
  std::string line =
      absl::StrFormat("%c %-32s %-10s %6s  %s", current ? '*' : ' ', Plain(At(backend, {"name"})),
                      Plain(At(backend, {"state"})), SpanText(NumberOf(At(backend, {"for_s"}))),
                      Plain(At(backend, {"server_version"})));
  if (IsTrue(At(backend, {"read_only"}))) line += ", read-only";
  const std::string error = Plain(At(backend, {"error"}));
  if (!error.empty()) line += ": " + error;
  const std::string figures = FiguresText(At(backend, {"monitor"}));
  return line + "\n" + (figures.empty() ? "" : "    " + figures + "\n");
}

}  // namespace

json::array BackendList(const net::GateStatus& gate, Time now) {
  json::array list;
  for (const net::BackendStatus& b : gate.backends) {
    const Duration lasts = b.since == Time() ? Duration::zero() : now - b.since;
    list.push_back(json::object{{"name", JsonText(b.name)},
                                {"current", b.current},
                                {"up", b.up},
                                {"state", JsonText(b.state)},
                                {"for_s", std::max(0.0, std::floor(Seconds(lasts)))},
                                {"error", Printable(b.last_error)},
                                {"server_version", Printable(b.server_version)},
                                {"read_only", b.read_only},
                                {"monitor", MonitorJson(b.monitor)}});
  }
  return list;
}

std::string BackendsJson(const net::GateStatus& gate, Failover failover, Time now) {
  return json::serialize(
      json::object{{"backends", BackendList(gate, now)},
                   {"failover", failover == Failover::kSticky ? "sticky" : "off"}});
}

std::string BackendsText(const std::string& text) {
  const json::value root = ParseAnswer(text);
  if (!At(root, {"backends"}).is_array()) return text + "\n";
  std::string out = absl::StrFormat("  %-32s %-10s %6s  %s\n", "BACKEND", "STATE", "FOR", "SERVER");
  for (const json::value& backend : ListAt(root, {"backends"})) out += Line(backend);
  const bool sticky = Plain(At(root, {"failover"})) == "sticky";
  return out + "* in use; " +
         (sticky ? "failover is sticky: to the next that works, back only by "
                 : "failover is off: another one only by ") +
         "`headgate backend use NAME`\n";
}

std::string UsingText(const std::string& text) {
  const json::value root = ParseAnswer(text);
  if (!At(root, {"using"}).is_string()) return text + "\n";
  const json::value& warning = At(root, {"warning"});
  return "using " + Printable(Plain(At(root, {"using"}))) + "\n" +
         (warning.is_string() ? "warning: " + Printable(Plain(warning)) + "\n" : "");
}

}  // namespace headgate::guard
