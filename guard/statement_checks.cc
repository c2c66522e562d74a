#include "guard/statement_checks.h"

#include <string>
#include <vector>

#include <absl/strings/str_format.h>
#include "guard/config_text.h"
#include "guard/statement_values.h"

namespace headgate::guard {
namespace {

// A table that says something about statements, with what came of it.
struct Scope {
  std::string key;  // "class.0.query"
  const QueryLimits* query = nullptr;
};

std::vector<Scope> QueryScopes(const Config& config) {
  std::vector<Scope> scopes = {{"query", &config.query},
                               {"query.unknown", &config.limits.unknown_query}};
  const auto& classes = config.limits.classes;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const bool is_default = i + 1 == classes.size();
    const std::string name = is_default ? "default_class" : absl::StrFormat("class.%d", i);
    scopes.push_back({name + ".query", &classes[i].query});
  }
  return scopes;
}

void CheckMonitor(const Config& config, bool on, Findings& findings) {
  const net::MonitorOptions& monitor = config.monitor;
  const std::string& file = monitor.password_file;
  if (!monitor.user.empty() && (file.empty() || file.front() != '/')) {
    findings.Error("monitor.password_file",
                   "needs an absolute path, or user = \"\" for no monitor");
  } else if (!monitor.user.empty() && !on && findings.Written("monitor")) {
    findings.Warn("monitor.password_file",
                  absl::StrFormat("%s does not exist: the monitor is off until it does", file));
  }
  if (!monitor.address.empty() && !ParseEndpoint(monitor.address)) {
    findings.Error("monitor.address",
                   absl::StrFormat("%s is no address: expected \"192.0.2.1:3307\", "
                                   "\"db.example:3307\" or \"unix:/path\"",
                                   Shown(monitor.address)));
  }
}

void CheckDeadline(const Scope& scope, Findings& findings) {
  const QueryLimits& q = *scope.query;
  const bool said =
      findings.Written(scope.key + ".deadline") || findings.Written(scope.key + ".all");
  if (!said || q.deadline == Duration::zero() || !q.enforce) return;
  std::string message =
      "nobody can kill without a [monitor]: the deadline becomes a limit of the session, which any "
      "client can undo; ";
  if (q.all) {
    message += "MySQL keeps it for SELECT only (max_execution_time), MariaDB for every statement";
  } else {
    message +=
        "MySQL keeps it for SELECT (max_execution_time), MariaDB not at all unless all = true, as "
        "its max_statement_time would end writes too";
  }
  findings.Warn(scope.key + ".deadline", message);
}

void CheckAgainstSlots(const Scope& scope, std::uint32_t capacity, Findings& findings) {
  const QueryLimits& q = *scope.query;
  const auto check = [&](const char* name, std::uint32_t limit) {
    const std::string key = scope.key + "." + name;
    if (limit <= capacity || !findings.Written(key)) return;
    findings.Warn(key, absl::StrFormat("%d limits nobody: there are %d slots", limit, capacity));
  };
  check("running", q.running);
  check("user_running", q.user_running);
  check("class_running", q.class_running);
  check("digest_running", q.digest_running);
}

// Commands that no application does without.
void CheckRefusedCommands(const Scope& scope, Findings& findings) {
  const std::string key = scope.key + ".refuse_commands";
  constexpr CommandSet kVital = BitOf(CommandKind::kQuery) | BitOf(CommandKind::kQuit) |
                                BitOf(CommandKind::kPing) | BitOf(CommandKind::kInitDb);
  const auto vital = NamesIn(scope.query->refuse_commands & kVital, CommandNames());
  if (vital.empty() || !findings.Written(key)) return;
  findings.Warn(key, "every client needs " + ListedAs(vital, std::identity()));
}

void CheckShape(const std::string& key, const ShapeLimits& shape, Findings& findings) {
  if (!findings.Written(key)) return;
  const auto check = [&](const char* low_name, std::uint32_t low, const char* high_name,
                         std::uint32_t high) {
    if (low == 0 || high == 0 || low <= high) return;
    findings.Error(key + "." + low_name,
                   absl::StrFormat("%d is above %s %d: the thresholds go log, delay, refuse", low,
                                   high_name, high));
  };
  check("log", shape.log, "delay", shape.delay);
  check("delay", shape.delay, "refuse", shape.refuse);
  if (shape.delay == 0) check("log", shape.log, "refuse", shape.refuse);
}

}  // namespace

bool MonitorOn(const Config& config, const HostFacts& host) {
  const net::MonitorOptions& monitor = config.monitor;
  return !monitor.user.empty() && (!host.file_exists || host.file_exists(monitor.password_file));
}

void CheckStatements(const Config& config, std::uint32_t capacity, const HostFacts& host,
                     Findings& findings) {
  const bool monitor_on = MonitorOn(config, host);
  CheckMonitor(config, monitor_on, findings);
  for (const Scope& scope : QueryScopes(config)) {
    if (!monitor_on) CheckDeadline(scope, findings);
    if (capacity > 0) CheckAgainstSlots(scope, capacity, findings);
    CheckRefusedCommands(scope, findings);
  }
  CheckShape("shape", config.shape, findings);
  const auto& classes = config.limits.classes;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const std::string name =
        i + 1 == classes.size() ? "default_class" : absl::StrFormat("class.%d", i);
    CheckShape(name + ".shape", classes[i].shape, findings);
  }
}

}  // namespace headgate::guard
