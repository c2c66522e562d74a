#include "guard/metrics.h"

#include "guard/version.h"

namespace headgate::guard {
namespace {

void CollectGate(const StatusFacts& f, MetricSet& out) {
  out.Set("headgate_build_info", Version(), 1);
  out.Set("headgate_uptime_seconds", f.uptime);
  out.Set("headgate_enforcing", f.mode == Mode::kEnforce);
  out.Set("headgate_draining", f.draining);
  out.Set("headgate_connections", f.gate.connections);
  out.Set("headgate_connections_max", f.gate.max_clients);
  out.Set("headgate_reloads_total", f.reloads.done);
  out.Set("headgate_reloads_refused_total", f.reloads.refused);
  out.Set("headgate_reload_ok", f.reloads.last != "refused");
  out.Set("headgate_log_dropped_total", f.log_dropped);
  if (!f.page.address.empty()) out.Set("headgate_page_up", f.page.up);
  if (!f.state.path.empty()) {
    out.Set("headgate_state_saves_total", f.state.saves);
    if (f.state.saved_unix_ms > 0) {
      out.Set("headgate_state_saved_timestamp_seconds",
              static_cast<double>(f.state.saved_unix_ms) / 1000);
    }
    out.Set("headgate_state_failing", f.state.error.empty() ? 0 : 1);
  }
}

void CollectPressure(const EngineStatus& e, bool enforced, MetricSet& out) {
  out.Set("headgate_pressure_level", static_cast<double>(e.level));
  out.Set("headgate_pressure_level_seconds", e.level_for);
  out.Set("headgate_pressure_changes_total", e.level_changes);
  out.Set("headgate_pressure_enforced", enforced);
}

}  // namespace

MetricSet CollectMetrics(const StatusFacts& f) {
  MetricSet out;
  CollectGate(f, out);
  CollectPressure(f.engine, f.pressure_enforced, out);
  CollectEngine(f.engine, out);
  out.Set("headgate_tls_sessions", f.gate.tls_sessions);
  out.Set("headgate_tls_handshakes_total", f.gate.tls_handshakes);
  out.Set("headgate_tls_resumed_total", f.gate.tls_resumed);
  CollectBackends(f.gate, out);
  CollectHost(f.host, f.process, out);
  CollectShadow(f.shadow, out);
  CollectWire(f.wire, out);
  CollectFirewall(f.firewall, f.now, out);
  return out;
}

}  // namespace headgate::guard
