// What the monitor has last read of a server: its capacity and how it fares.
//
// Threads: plain values. Lifetime: none.
#pragma once

#include <cstdint>
#include <optional>

namespace headgate::net {

struct ServerFigures {
  // Variables.
  std::uint32_t max_connections = 0;
  std::uint64_t max_allowed_packet = 0;
  std::uint32_t max_prepared_stmt_count = 0;
  bool read_only = false;
  // Status; all zero while that is not known, then also `uptime`. Counters since its start.
  std::uint64_t threads_connected = 0;
  std::uint64_t threads_running = 0;
  std::uint64_t questions = 0;  // statements that clients sent
  std::uint64_t aborted_clients = 0;
  std::uint64_t aborted_connects = 0;
  std::uint64_t connection_errors = 0;  // the sum of Connection_errors_%
  std::uint64_t slow_queries = 0;
  std::uint64_t buffer_pool_read_requests = 0;
  std::uint64_t buffer_pool_reads = 0;
  std::uint64_t uptime = 0;  // seconds; never zero while the status is known
  void ForgetStatus();

  // Connections that are not the gate's and take a slot.
  std::uint32_t foreign = 0;
  // Of a replica: how far behind its furthest source, seconds; nothing while that is not known
  // (replication stands still, the account may not ask).
  bool replica = false;
  std::optional<std::uint64_t> replica_lag{};
  bool operator==(const ServerFigures&) const = default;
};

inline void ServerFigures::ForgetStatus() {
  threads_connected = threads_running = questions = 0;
  aborted_clients = aborted_connects = connection_errors = slow_queries = 0;
  buffer_pool_read_requests = buffer_pool_reads = uptime = 0;
}

}  // namespace headgate::net
