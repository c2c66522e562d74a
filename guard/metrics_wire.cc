// What the observer and the firewall tell.
#include <numeric>

#include "guard/metrics.h"

namespace headgate::guard {
namespace {

void CollectCounts(const WireCounts& c, MetricSet& out) {
  out.Set("headgate_observer_packets_total", c.packets);
  out.Set("headgate_observer_bytes_total", c.bytes);
  out.Set("headgate_observer_syn_total", c.syn);
  out.Set("headgate_observer_syn_ack_total", c.syn_ack);
  out.Set("headgate_observer_completed_total", c.completed);
  out.Set("headgate_observer_abandoned_total", c.abandoned);
  out.Set("headgate_observer_rst_total", c.rst);
  out.Set("headgate_observer_retransmissions_total", c.retransmissions);
  out.Set("headgate_observer_zero_windows_total", c.zero_windows);
}

void CollectKernel(const net::KernelCounters& k, MetricSet& out) {
  out.SetIf("headgate_kernel_listen_overflows_total", k.listen_overflows);
  out.SetIf("headgate_kernel_listen_drops_total", k.listen_drops);
  out.SetIf("headgate_kernel_syn_cookies_total", k.syn_cookies_sent);
  out.SetIf("headgate_kernel_request_queue_drops_total", k.request_queue_drops);
  out.SetIf("headgate_kernel_conntrack_entries", k.conntrack_count);
  out.SetIf("headgate_kernel_conntrack_entries_max", k.conntrack_max);
}

}  // namespace

void CollectWire(const std::optional<Wire::View>& view, MetricSet& out) {
  if (!view) return;
  const WireStatus& w = view->wire;
  const auto& frames = view->capture.frames;
  out.Set("headgate_observer_up", view->capture.up);
  out.Set("headgate_observer_frames_total",
          std::accumulate(frames.begin(), frames.end(), std::uint64_t{0}));
  out.Set("headgate_observer_decode_errors_total", view->capture.decode_errors());
  out.Set("headgate_observer_dropped_total", view->capture.kernel.dropped);
  out.Set("headgate_observer_interface_dropped_total", view->capture.kernel.interface_dropped);
  CollectCounts(w.total, out);
  out.Set("headgate_observer_half_open", w.last.half_open);
  out.Set("headgate_observer_flows", w.last.flows);
  out.Set("headgate_observer_sources", w.last.sources);
  out.Set("headgate_observer_untracked_total", w.untracked);
  out.Set("headgate_observer_bypass_total", w.bypass);
  out.Set("headgate_observer_alarms_total", w.alarms);
  out.Set("headgate_observer_alarms", w.standing.size());
  CollectKernel(w.kernel, out);
}

void CollectFirewall(const net::FirewallStatus& f, Time now, MetricSet& out) {
  out.Set("headgate_firewall_enforced", f.enforced);
  out.Set("headgate_firewall_bans_wanted", f.wanted);
  out.Set("headgate_firewall_bans_in_kernel", f.in_kernel);
  out.Set("headgate_firewall_bans_would_push", f.would_push);
  out.Set("headgate_firewall_bans_unpushed", f.unpushed);
  if (f.last_sync) out.Set("headgate_firewall_sync_age_seconds", now - *f.last_sync);
  out.Set("headgate_firewall_sync_seconds", f.sync_took);
  out.Set("headgate_firewall_drift_missing_total", f.drift.missing);
  out.Set("headgate_firewall_drift_foreign_total", f.drift.foreign);
  out.Set("headgate_firewall_drift_changed_total", f.drift.changed);
  out.Set("headgate_firewall_drift_table_lost_total", f.drift.table_lost);
  out.Set("headgate_firewall_drift_rules_changed_total", f.drift.rules_changed);
  out.Set("headgate_firewall_repairs_total", f.drift.repairs);
  out.Set("headgate_firewall_failures_total", f.failures);
  out.Set("headgate_firewall_failing", f.failing);
  out.Set("headgate_firewall_dropped_packets_total", f.dropped_packets);
  out.Set("headgate_firewall_dropped_bytes_total", f.dropped_bytes);
  for (const net::FirewallRuleCount& rule : f.rules) {
    out.Set("headgate_firewall_rule_packets_total", rule.rule, rule.packets);
  }
}

}  // namespace headgate::guard
