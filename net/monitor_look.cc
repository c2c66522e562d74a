#include "net/monitor_look.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <sstream>
#include <string_view>
#include <system_error>

namespace headgate::net {
namespace {

// 0 for what is no number.
std::uint64_t NumberOf(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? value : 0;
}

std::uint32_t SmallNumberOf(std::string_view text) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(NumberOf(text), UINT32_MAX));
}

// A greeting, and so the gate, knows the lower half of a server's 64-bit id.
std::uint32_t IdOf(std::string_view text) { return static_cast<std::uint32_t>(NumberOf(text)); }

// Rows of (id, letters): L waits for a lock, C is logging in (MySQL names no user then, MariaDB the
// claimed one), S is the server's own; and of ("server", its variables). A user's name is compared
// byte by byte: an application's may be "delayed".
constexpr std::string_view kProcesses =
    "SELECT 'server', CONCAT_WS(' ', @@GLOBAL.max_connections, @@GLOBAL.max_allowed_packet,"
    " @@GLOBAL.max_prepared_stmt_count, @@GLOBAL.read_only)"
    " UNION ALL SELECT ID, CONCAT("
    "IF(STATE LIKE 'Waiting for %lock' OR STATE = 'Waiting for table flush', 'L', ''),"
    " IF(COMMAND = 'Connect' OR USER = 'unauthenticated user', 'C', ''),"
    " IF(COMMAND = 'Daemon' OR CAST(USER AS BINARY) IN"
    " ('system user', 'event_scheduler', 'DELAYED'), 'S', ''))"
    " FROM information_schema.PROCESSLIST";
// Rows of (id, "T").
constexpr std::string_view kRowLocks =
    " UNION ALL SELECT trx_mysql_thread_id, 'T' FROM information_schema.INNODB_TRX"
    " WHERE trx_state = 'LOCK WAIT'";

constexpr const char* kStatus =
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('Threads_connected', 'Threads_running',"
    " 'Questions', 'Aborted_clients', 'Aborted_connects', 'Slow_queries',"
    " 'Innodb_buffer_pool_read_requests',"
    " 'Innodb_buffer_pool_reads', 'Uptime') OR Variable_name LIKE 'Connection\\_errors\\_%'";

void TakeVariables(const std::string& text, ServerFigures& figures) {
  std::istringstream in(text);
  std::string connections, packet, prepared, read_only;
  in >> connections >> packet >> prepared >> read_only;
  figures.max_connections = SmallNumberOf(connections);
  figures.max_allowed_packet = NumberOf(packet);
  figures.max_prepared_stmt_count = SmallNumberOf(prepared);
  // A number, or since MariaDB 12 OFF, ON or how strictly.
  figures.read_only = !read_only.empty() && read_only != "0" && read_only != "OFF";
}

void TakeThread(std::uint32_t id, const std::string& letters, Processes& out) {
  const auto has = [&](char letter) { return letters.find(letter) != std::string::npos; };
  if (has('L') || has('T')) out.lock_waits.push_back(id);
  if (!has('T') && !has('S')) out.threads.push_back({id, has('C')});
}

// The value of the first of these columns that there is.
std::string_view ColumnOf(const Rows& named, std::size_t row,
                          std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto found = std::find(named[0].begin(), named[0].end(), name);
    if (found != named[0].end()) return named[row].at(found - named[0].begin());
  }
  return "";
}

absl::StatusOr<Rows> AskReplicaStatus(ServerClient& client) {
  if (mysql::IsMariaDb(client.greeting())) return client.QueryNamed("SHOW ALL SLAVES STATUS");
  auto rows = client.QueryNamed("SHOW REPLICA STATUS");
  // MySQL before 8.0.22.
  if (absl::IsInternal(rows.status())) rows = client.QueryNamed("SHOW SLAVE STATUS");
  return rows;
}

// The first factor of MySQL's authentication_policy: a plugin, "*" for any, or "*:" and the
// default.
std::string FirstFactor(const std::string& policy) {
  const std::string first = policy.substr(0, policy.find(','));
  return first.rfind("*:", 0) == 0 ? first.substr(2) : first;
}

}  // namespace

absl::StatusOr<Processes> AskProcesses(ServerClient& client, bool lock_waits,
                                       Unanswerable& not_there, ServerFigures& figures) {
  std::string sql(kProcesses);
  const bool row_locks = lock_waits && !not_there.innodb;
  if (row_locks) sql += kRowLocks;
  const auto rows = client.Query(sql);
  if (row_locks && absl::IsNotFound(rows.status())) {
    not_there.innodb = true;
    return AskProcesses(client, lock_waits, not_there, figures);
  }
  if (!rows.ok()) return rows.status();
  Processes out;
  for (const auto& row : *rows) {
    if (row.size() != 2) return absl::InternalError("an answer nobody asked for");
    if (row[0] == "server") {
      TakeVariables(row[1], figures);
    } else {
      TakeThread(IdOf(row[0]), row[1], out);
    }
  }
  if (!lock_waits) out.lock_waits.clear();
  std::sort(out.lock_waits.begin(), out.lock_waits.end());
  return out;
}

absl::Status AskStatus(ServerClient& client, ServerFigures& figures) {
  struct Row {
    std::string_view name;
    std::uint64_t ServerFigures::*value;
  };
  static constexpr Row kRows[] = {
      {"Threads_connected", &ServerFigures::threads_connected},
      {"Threads_running", &ServerFigures::threads_running},
      {"Questions", &ServerFigures::questions},
      {"Aborted_clients", &ServerFigures::aborted_clients},
      {"Aborted_connects", &ServerFigures::aborted_connects},
      {"Slow_queries", &ServerFigures::slow_queries},
      {"Innodb_buffer_pool_read_requests", &ServerFigures::buffer_pool_read_requests},
      {"Innodb_buffer_pool_reads", &ServerFigures::buffer_pool_reads},
      {"Uptime", &ServerFigures::uptime},
  };
  const auto rows = client.Query(kStatus);
  if (!rows.ok()) return rows.status();
  figures.ForgetStatus();
  for (const auto& row : *rows) {
    if (row.size() != 2) return absl::InternalError("an answer nobody asked for");
    const std::uint64_t value = NumberOf(row[1]);
    if (row[0].rfind("Connection_errors_", 0) == 0) figures.connection_errors += value;
    for (const Row& r : kRows) {
      if (r.name == row[0]) figures.*r.value = value;
    }
    // In its first second it says 0, which is how it looks when nothing is known.
    if (row[0] == "Uptime") figures.uptime = std::max<std::uint64_t>(value, 1);
  }
  return absl::OkStatus();
}

absl::StatusOr<Duration> AskUptime(ServerClient& client) {
  const auto rows = client.Query("SHOW GLOBAL STATUS LIKE 'Uptime'");
  if (!rows.ok()) return rows.status();
  if (rows->size() != 1 || rows->front().size() != 2) return absl::InternalError("no uptime");
  return std::chrono::seconds(SmallNumberOf(rows->front()[1]));
}

absl::Status AskReplication(ServerClient& client, Unanswerable& not_there, ServerFigures& figures) {
  if (not_there.replication) return absl::OkStatus();
  const auto rows = AskReplicaStatus(client);
  if (absl::IsUnavailable(rows.status())) return rows.status();
  not_there.replication = !rows.ok();
  figures.replica = rows.ok() && rows->size() > 1;
  figures.replica_lag.reset();
  if (!figures.replica) return absl::OkStatus();
  std::uint64_t furthest = 0;
  for (std::size_t row = 1; row < rows->size(); ++row) {
    const std::string_view lag =
        ColumnOf(*rows, row, {"Seconds_Behind_Master", "Seconds_Behind_Source"});
    if (lag.empty()) return absl::OkStatus();  // one of its sources: it stands still
    furthest = std::max(furthest, NumberOf(lag));
  }
  figures.replica_lag = furthest;
  return absl::OkStatus();
}

// MySQL names the plugin new accounts get. Up to 8.0 that is a variable of its own; since 8.0.27
// the first factor of a policy, where "*" leaves it to that variable, or to its last default.
absl::StatusOr<mysql::Greeting> AskGreeting(ServerClient& client) {
  mysql::Greeting greeting = client.greeting();
  if (!greeting.auth_plugin.empty()) return greeting;
  for (const char* variable : {"authentication_policy", "default_authentication_plugin"}) {
    const auto rows = client.Query(std::string("SELECT @@GLOBAL.") + variable);
    if (absl::IsUnavailable(rows.status())) return rows.status();
    if (!rows.ok() || rows->empty() || rows->front().empty()) continue;
    const std::string plugin = FirstFactor(rows->front()[0]);
    if (plugin.empty() || plugin == "*") continue;
    greeting.auth_plugin = plugin;
    return greeting;
  }
  greeting.auth_plugin = "caching_sha2_password";
  return greeting;
}

ServerFacts FactsOf(const ServerFigures& figures) {
  return {.max_allowed_packet = figures.max_allowed_packet,
          .max_prepared_stmt_count = figures.max_prepared_stmt_count,
          .max_connections = figures.max_connections,
          .foreign = figures.foreign};
}

}  // namespace headgate::net
