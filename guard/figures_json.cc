#include "guard/figures_json.h"

#include <boost/json.hpp>
#include <chrono>

#include "guard/backends.h"
#include "guard/latency_bounds.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

template <typename T>
json::value OrNull(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value();
}

// Null where the figure is not known.
template <typename T>
json::value If(bool known, T value) {
  return known ? json::value(value) : json::value();
}

json::value Milliseconds(const std::optional<Duration>& d) {
  if (!d) return {};
  return std::chrono::duration_cast<std::chrono::milliseconds>(*d).count();
}

json::object Times(const LatencyCounts& counts) {
  json::array buckets;
  for (std::size_t i = 0; i < kLatencyBuckets; ++i) {
    json::value upper;  // null: infinite
    if (i < kLatencyBounds.size()) upper = LatencyBound(i);
    buckets.push_back(json::array{upper, counts.buckets[i]});
  }
  return {{"count", counts.count()}, {"sum_s", InSeconds(counts.sum)}, {"buckets", buckets}};
}

}  // namespace

json::object LatencyJson(const LatencyStatus& latency) {
  return {{"statement", Times(latency.statement)},
          {"login", Times(latency.login)},
          {"waited", Times(latency.waited)}};
}

json::object ServerJson(const std::vector<net::BackendStatus>& backends, Time now) {
  const net::BackendStatus* current = CurrentOf(backends);
  const net::MonitorStatus none;
  const net::MonitorStatus& m = current == nullptr ? none : current->monitor;
  const net::ServerFigures& s = m.figures;
  const bool seen = m.HasFigures();
  const bool variables = seen && s.max_connections > 0;
  const bool status = m.HasCounters();
  const bool pool = status && s.buffer_pool_read_requests > 0;
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - m.looked).count();
  return {{"looked_ms_ago", If(seen, age)},
          {"max_connections", If(variables, s.max_connections)},
          {"read_only", If(variables, s.read_only)},
          {"foreign", If(seen, s.foreign)},
          {"threads_connected", If(status, s.threads_connected)},
          {"threads_running", If(status, s.threads_running)},
          {"questions", If(status, s.questions)},
          {"slow_queries", If(status, s.slow_queries)},
          {"buffer_pool_read_requests", If(pool, s.buffer_pool_read_requests)},
          {"buffer_pool_reads", If(pool, s.buffer_pool_reads)},
          {"aborted_clients", If(status, s.aborted_clients)},
          {"aborted_connects", If(status, s.aborted_connects)},
          {"connection_errors", If(status, s.connection_errors)},
          {"uptime_s", If(status, s.uptime)},
          {"replica", If(seen, s.replica)},
          {"replica_lag_s", seen ? OrNull(s.replica_lag) : json::value()}};
}

json::object HostJson(const HostFigures& host) {
  return {{"cpu_used", OrNull(host.cpu_used)},
          {"memory_total", OrNull(host.memory_total)},
          {"memory_available", OrNull(host.memory_available)},
          {"disk_total", OrNull(host.disk_total)},
          {"disk_free", OrNull(host.disk_free)},
          {"error_log_bytes", OrNull(host.error_log_bytes)},
          {"looked_ms_ago", Milliseconds(host.looked_ago)},
          {"disk_looked_ms_ago", Milliseconds(host.disk_looked_ago)}};
}

json::object ProcessJson(const ProcessFigures& process) {
  return {{"resident_bytes", OrNull(process.resident_bytes)},
          {"cpu_s", OrNull(process.cpu_seconds)},
          {"open_descriptors", OrNull(process.open_descriptors)},
          {"max_descriptors", OrNull(process.max_descriptors)},
          {"threads", OrNull(process.threads)}};
}

}  // namespace headgate::guard
