#include "guard/history_facts.h"

#include <algorithm>
#include <limits>
#include <string>

#include "policies/latency_counts.h"
#include "policies/reason.h"

namespace headgate::guard {
namespace {

TimeBuckets BucketsOf(const LatencyCounts& counts) {
  constexpr double kNanoseconds = 1e9;  // of a second
  TimeBuckets out;
  for (std::size_t i = 0; i < kLatencyBuckets; ++i) {
    out.emplace_back(i == kLatencyBounds.size()
                         ? std::numeric_limits<double>::infinity()
                         : static_cast<double>(kLatencyBounds[i]) / kNanoseconds,
                     counts.buckets[i]);
  }
  return out;
}

void AddRefused(const EngineStatus& engine, HistoryFacts& facts) {
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (IsRefusal(reason) && engine.acted[i] > 0) {
      facts.refused.emplace_back(Name(reason), engine.acted[i]);
    }
    (IsAboutStatement(reason) ? facts.statements_protected : facts.refused_protected) +=
        engine.of_protected[i];
  }
}

// As "server" in GET /status.
std::optional<double> ThreadsRunning(const std::vector<net::BackendStatus>& backends) {
  const auto current = std::find_if(backends.begin(), backends.end(),
                                    [](const net::BackendStatus& b) { return b.current; });
  if (current == backends.end()) return std::nullopt;
  const net::MonitorStatus& monitor = current->monitor;
  if (!monitor.up || monitor.looked == Time() || monitor.figures.uptime == 0) return std::nullopt;
  return static_cast<double>(monitor.figures.threads_running);
}

}  // namespace

HistoryFacts FactsOf(const StatusFacts& status, std::int64_t unix_ms) {
  const EngineStatus& engine = status.engine;
  HistoryFacts facts;
  facts.at = status.now;
  facts.unix_ms = unix_ms;
  for (const ClassStatus& c : engine.classes) facts.classes.emplace_back(c.name, c.leases);
  facts.leases = engine.leases;
  facts.capacity = engine.slots_capacity;
  facts.free = engine.free_slots;
  facts.foreign = engine.foreign;
  facts.server_max = engine.server_max;
  facts.pending = engine.pending;
  facts.waiting = engine.waiting;
  facts.lane = engine.logins;
  facts.connections = static_cast<std::uint32_t>(status.gate.connections);
  facts.level = static_cast<std::uint32_t>(engine.level);
  facts.accepted = engine.accepted;
  facts.logins_ok = engine.logins_ok;
  facts.logins_failed = engine.logins_failed;
  AddRefused(engine, facts);
  facts.statement = BucketsOf(engine.latency.statement);
  facts.login = BucketsOf(engine.latency.login);
  facts.threads_running = ThreadsRunning(status.gate.backends);
  return facts;
}

}  // namespace headgate::guard
