// One look of the monitor's at the server: who is connected, who waits for a lock, its capacity and
// how it fares. Two statements, and a third one every few seconds for replication.
//
// Threads: the monitor's; every Ask blocks, see server_client.h. Lifetime: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "net/live_ids.h"
#include "net/server_client.h"
#include "net/server_figures.h"
#include "policies/statement.h"

namespace headgate::net {

// Connection ids at the backend, ascending.
using BackendIds = std::vector<std::uint32_t>;

// What a server turned out not to have or not to answer; asked again after the next login.
struct Unanswerable {
  bool innodb = false;
  bool replication = false;
};

struct Processes {
  std::vector<ListedThread> threads;  // without the server's own
  // Who waits for a row lock, a metadata lock or a lock of the whole server, if asked for.
  BackendIds lock_waits;
};

// The variables of `figures` as well.
[[nodiscard]] absl::StatusOr<Processes> AskProcesses(ServerClient& client, bool lock_waits,
                                                     Unanswerable& not_there,
                                                     ServerFigures& figures);
// The counters.
[[nodiscard]] absl::Status AskStatus(ServerClient& client, ServerFigures& figures);
// Whether it is a replica. Not an error where the account may not ask (MariaDB: REPLICA MONITOR,
// MySQL: REPLICATION CLIENT).
[[nodiscard]] absl::Status AskReplication(ServerClient& client, Unanswerable& not_there,
                                          ServerFigures& figures);

// How long the server has been running, to the second.
[[nodiscard]] absl::StatusOr<Duration> AskUptime(ServerClient& client);

// client.greeting() with the plugin that a MySQL names in it.
[[nodiscard]] absl::StatusOr<mysql::Greeting> AskGreeting(ServerClient& client);

[[nodiscard]] ServerFacts FactsOf(const ServerFigures& figures);

}  // namespace headgate::net
