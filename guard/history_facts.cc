#include "guard/history_facts.h"

#include <string>

#include "guard/backends.h"
#include "guard/latency_bounds.h"
#include "policies/reason.h"

namespace headgate::guard {
namespace {

TimeBuckets BucketsOf(const LatencyCounts& counts) {
  TimeBuckets out;
  for (std::size_t i = 0; i < kLatencyBuckets; ++i) {
    out.emplace_back(LatencyBound(i), counts.buckets[i]);
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
  const net::BackendStatus* current = CurrentOf(backends);
  if (current == nullptr || !current->monitor.HasCounters()) return std::nullopt;
  return static_cast<double>(current->monitor.figures.threads_running);
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
