// An engine that has seen each of so many sources once: what benches of single decisions start
// from. In virtual time, so that no limit but the one looked at binds. Threads: one. Lifetime: a
// KnownSources owns its engine, and what the engine speaks to.
#pragma once

#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "policies/engine.h"
#include "tests/support/no_listeners.h"

namespace headgate {

// Bytes the process has allocated and not freed, small and mapped.
inline double Allocated() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

inline Limits BenchLimits(std::uint32_t sources) {
  Limits limits = Limits::Defaults();
  limits.source.table_size = std::max(limits.source.table_size, sources);
  limits.source.ban_after = Rate{};  // a refusal is to stay the refusal it is
  // A thousand sources of four prefixes could not fill the pending budget otherwise.
  limits.source.connections = Share::Off();
  limits.source.prefix_connections = Share::Off();
  return limits;
}

struct KnownSources {
  explicit KnownSources(std::uint32_t n) : sources(n) {
    const double before = Allocated();
    engine = std::make_unique<Engine>(std::make_shared<const Limits>(BenchLimits(n)),
                                      EngineSecrets{1, 2}, wakeups, decisions);
    const double empty = Allocated();
    for (std::uint32_t i = 0; i < sources; ++i) {
      AcceptResult a = engine->OnAccept(NextId(), Next(), now);
      engine->OnClientGone(*a.ticket, now);
    }
    idle_bytes = empty - before;
    bytes_per_source = (Allocated() - empty) / sources;
  }

  ConnectionId NextId() { return {0, ++serial}; }

  // Every source once before any comes again: the step is odd and prime to both counts. Visited in
  // no order a cache could guess.
  Address Next() {
    at = static_cast<std::uint32_t>((at + std::uint64_t{2654435761U}) % sources);
    return Address::V4(0x0b000000U + at);
  }

  std::uint32_t sources;
  NoWakeups wakeups;
  NoDecisions decisions;
  std::unique_ptr<Engine> engine;
  Time now{std::chrono::hours(1)};
  std::uint64_t serial = 0;
  std::uint32_t at = 0;
  double idle_bytes = 0;
  double bytes_per_source = 0;
};

}  // namespace headgate
