// What a running gate tells Prometheus: everything that `status` knows, by the names of
// metric_names.h.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include "guard/metric_set.h"
#include "guard/status.h"

namespace headgate::guard {

[[nodiscard]] MetricSet CollectMetrics(const StatusFacts& facts);

// Its parts, in files of their own.
void CollectEngine(const EngineStatus& engine, MetricSet& out);     // ..._engine
void CollectBackends(const net::GateStatus& gate, MetricSet& out);  // ..._server
void CollectHost(const HostFigures& host, const ProcessFigures& process, MetricSet& out);
void CollectShadow(const std::optional<ShadowStatus>& shadow, MetricSet& out);  // ..._shadow
void CollectWire(const std::optional<Wire::View>& view, MetricSet& out);        // ..._wire
void CollectFirewall(const net::FirewallStatus& firewall, Time now, MetricSet& out);

}  // namespace headgate::guard
