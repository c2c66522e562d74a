// What is known of the backends, the host and the gate's own process. Nothing is said of what is
// not known: an absent metric is honest, a zero is not.
#include <unistd.h>

#include "guard/metrics.h"

namespace headgate::guard {
namespace {

struct Figure {
  std::string_view name;
  std::uint64_t net::ServerFigures::*value;
};

constexpr Figure kFigures[] = {
    {"headgate_server_threads_connected", &net::ServerFigures::threads_connected},
    {"headgate_server_threads_running", &net::ServerFigures::threads_running},
    {"headgate_server_uptime_seconds", &net::ServerFigures::uptime},
    {"headgate_server_questions_total", &net::ServerFigures::questions},
    {"headgate_server_slow_queries_total", &net::ServerFigures::slow_queries},
    {"headgate_server_aborted_clients_total", &net::ServerFigures::aborted_clients},
    {"headgate_server_aborted_connects_total", &net::ServerFigures::aborted_connects},
    {"headgate_server_connection_errors_total", &net::ServerFigures::connection_errors},
};

void CollectServer(const net::BackendStatus& b, MetricSet& out) {
  const net::ServerFigures& s = b.monitor.figures;
  if (!b.monitor.HasFigures()) return;
  if (s.max_connections > 0) {
    out.Set("headgate_server_max_connections", b.name, s.max_connections);
    out.Set("headgate_server_read_only", b.name, s.read_only);
  }
  out.Set("headgate_server_foreign_connections", b.name, s.foreign);
  out.Set("headgate_server_replica", b.name, s.replica);
  if (s.replica_lag) {
    out.Set("headgate_server_replication_lag_seconds", b.name, *s.replica_lag);
  }
  if (!b.monitor.HasCounters()) return;
  for (const Figure& f : kFigures) out.Set(f.name, b.name, s.*f.value);
  if (s.buffer_pool_read_requests == 0) return;  // no InnoDB
  out.Set("headgate_server_buffer_pool_read_requests_total", b.name, s.buffer_pool_read_requests);
  out.Set("headgate_server_buffer_pool_reads_total", b.name, s.buffer_pool_reads);
}

}  // namespace

void CollectBackends(const net::GateStatus& gate, MetricSet& out) {
  for (const net::BackendStatus& b : gate.backends) {
    out.Set("headgate_backend_up", b.name, b.up);
    out.Set("headgate_backend_current", b.name, b.current);
    out.Set("headgate_backend_breaker_open", b.name, b.open);
    out.Set("headgate_monitor_configured", b.name, b.monitor.configured);
    out.Set("headgate_monitor_up", b.name, b.monitor.up);
    out.Set("headgate_monitor_kills_total", b.name, b.monitor.kills);
    CollectServer(b, out);
  }
}

void CollectHost(const HostFigures& host, const ProcessFigures& process, MetricSet& out) {
  if (host.cpu) {
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    out.Set("headgate_host_cpu_busy_seconds_total", host.cpu->busy / ticks);
    out.Set("headgate_host_cpu_seconds_total", host.cpu->total / ticks);
  }
  out.SetIf("headgate_host_memory_bytes", host.memory_total);
  out.SetIf("headgate_host_memory_available_bytes", host.memory_available);
  out.SetIf("headgate_host_disk_bytes", host.disk_total);
  out.SetIf("headgate_host_disk_free_bytes", host.disk_free);
  out.SetIf("headgate_host_error_log_bytes", host.error_log_bytes);
  out.SetIf("headgate_host_disk_age_seconds", host.disk_looked_ago);
  out.SetIf("process_resident_memory_bytes", process.resident_bytes);
  out.SetIf("process_virtual_memory_bytes", process.virtual_bytes);
  out.SetIf("process_cpu_seconds_total", process.cpu_seconds);
  out.SetIf("process_open_fds", process.open_descriptors);
  out.SetIf("process_max_fds", process.max_descriptors);
  out.SetIf("process_threads", process.threads);
  out.SetIf("process_start_time_seconds", process.start_unix_s);
}

}  // namespace headgate::guard
