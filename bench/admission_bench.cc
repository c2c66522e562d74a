// What the engine's decisions cost: a whole cycle of a client that logs in, the refusals an attack
// is made of, and the bytes a source costs. In virtual time, so that no limit but the one looked at
// binds. Arguments: how many sources the engine knows, visited in no order a cache could guess.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "policies/engine.h"
#include "tests/support/no_listeners.h"

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::uint32_t kFew = 1'000;
constexpr std::uint32_t kMany = 1'000'000;

// Bytes the process has allocated and not freed, small and mapped.
double Allocated() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

Limits BenchLimits(std::uint32_t sources) {
  Limits limits = Limits::Defaults();
  limits.source.table_size = std::max(limits.source.table_size, sources);
  limits.source.ban_after = Rate{};  // a refusal is to stay the refusal it is
  // A thousand sources of four prefixes could not fill the pending budget otherwise.
  limits.source.connections = Share::Off();
  limits.source.prefix_connections = Share::Off();
  return limits;
}

// An engine that has seen each of `sources` once, and its clock.
struct Driver {
  explicit Driver(std::uint32_t n) : sources(n) {
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

  // Every source once before any comes again: the step is odd and prime to both counts.
  Address Next() {
    at = static_cast<std::uint32_t>((at + std::uint64_t{2654435761U}) % sources);
    return Address::V4(0x0b000000U + at);
  }

  void Report(benchmark::State& state) const {
    state.counters["bytes_per_source"] = bytes_per_source;
    state.counters["idle_bytes"] = idle_bytes;
  }

  std::uint32_t sources;
  NoWakeups wakeups;
  NoDecisions decisions;
  std::unique_ptr<Engine> engine;
  Time now{hours(1)};
  std::uint64_t serial = 0;
  std::uint32_t at = 0;
  double idle_bytes = 0;
  double bytes_per_source = 0;
};

Driver& DriverOf(std::int64_t sources) {
  static std::map<std::int64_t, std::unique_ptr<Driver>> drivers;
  std::unique_ptr<Driver>& d = drivers[sources];
  if (d == nullptr) d = std::make_unique<Driver>(static_cast<std::uint32_t>(sources));
  return *d;
}

// From accept to the end of the backend connection, one statement between.
void BM_LoginCycle(benchmark::State& state) {
  Driver& d = DriverOf(state.range(0));
  const LoginClaim claim{"shop", "shop"};
  for (auto _ : state) {
    d.now += milliseconds(10);
    AcceptResult a = d.engine->OnAccept(d.NextId(), d.Next(), d.now);
    if (a.verdict.kind != Verdict::Kind::kAdmit ||
        d.engine->OnLogin(*a.ticket, claim, d.now).kind != Verdict::Kind::kAdmit) {
      state.SkipWithError("a client that keeps to the limits was not admitted");
      break;
    }
    d.engine->OnLoginOk(*a.ticket, d.now);
    d.engine->OnStatementCompleted(*a.ticket, d.now);
    d.engine->OnClientGone(*a.ticket, d.now);
    d.engine->OnBackendEnded(*a.ticket, d.now);
  }
  d.Report(state);
}
BENCHMARK(BM_LoginCycle)->Arg(kFew)->Arg(kMany);

// Connect and leave: what a scanner or a silent client costs beside its place.
void BM_AcceptAndGone(benchmark::State& state) {
  Driver& d = DriverOf(state.range(0));
  for (auto _ : state) {
    d.now += milliseconds(10);
    AcceptResult a = d.engine->OnAccept(d.NextId(), d.Next(), d.now);
    if (a.ticket == nullptr) {
      state.SkipWithError("refused");
      break;
    }
    d.engine->OnClientGone(*a.ticket, d.now);
  }
  d.Report(state);
}
BENCHMARK(BM_AcceptAndGone)->Arg(kFew)->Arg(kMany);

// The pending budget is full and stays so: each newcomer evicts one of the greediest.
void BM_AcceptEvictingAnother(benchmark::State& state) {
  Driver& d = DriverOf(state.range(0));
  const std::shared_ptr<const Limits> shared = d.engine->limits();
  Limits without_bans = *shared;  // else a thousand sources are soon all banned
  without_bans.source.ban_after = {};
  d.engine->Publish(std::make_shared<const Limits>(without_bans), d.now);
  std::vector<TicketPtr> held(2 * std::size_t{d.engine->limits()->pending.max});
  std::size_t at = 0;
  const auto accept = [&] {
    d.now += milliseconds(10);
    held[at] = d.engine->OnAccept(d.NextId(), d.Next(), d.now).ticket;
    at = (at + 1) % held.size();
  };
  for (std::size_t i = 0; i < held.size(); ++i) accept();
  const auto evictions = [&] {
    return d.engine->Status(d.now).acted[static_cast<std::size_t>(Reason::kPendingEvicted)];
  };
  const std::uint64_t before = evictions();
  for (auto _ : state) accept();
  // Not quite one each: some of those held longest leave before it is their turn.
  const double each = static_cast<double>(evictions() - before) / state.iterations();
  state.counters["evictions_each"] = each;
  if (each < 0.5) state.SkipWithError("the budget is not full");
  held.clear();
  d.engine->Publish(shared, d.now);
}
BENCHMARK(BM_AcceptEvictingAnother)->Arg(kFew)->Arg(kMany);

void RefuseOne(benchmark::State& state, Driver& d, const Address& peer, Reason expected) {
  std::uint64_t others = 0;
  for (auto _ : state) {
    AcceptResult a = d.engine->OnAccept(d.NextId(), peer, d.now);
    others += a.verdict.reason != expected;
    benchmark::DoNotOptimize(a.ticket);
  }
  if (others > 0) state.SkipWithError("not refused, or not for that");
}

void BM_RefuseBanned(benchmark::State& state) {
  Driver& d = DriverOf(state.range(0));
  const Address peer = Address::V4(0xc0000201);
  d.engine->Ban(SourceNetwork(peer), hours(100'000), "bench", d.now);
  RefuseOne(state, d, peer, Reason::kBanned);
}
BENCHMARK(BM_RefuseBanned)->Arg(kFew)->Arg(kMany);

void BM_RefuseConnectRate(benchmark::State& state) {
  Driver& d = DriverOf(state.range(0));
  const Address peer = Address::V4(0xc0000301);
  for (int i = 0; i < 300; ++i) static_cast<void>(d.engine->OnAccept(d.NextId(), peer, d.now));
  RefuseOne(state, d, peer, Reason::kConnectRate);
}
BENCHMARK(BM_RefuseConnectRate)->Arg(kFew)->Arg(kMany);

// What a running session pays for each statement of a minute but the first.
void BM_StatementCompleted(benchmark::State& state) {
  Driver& d = DriverOf(kFew);
  d.now += milliseconds(10);
  AcceptResult a = d.engine->OnAccept(d.NextId(), d.Next(), d.now);
  if (a.ticket == nullptr ||
      d.engine->OnLogin(*a.ticket, {"shop", ""}, d.now).kind != Verdict::Kind::kAdmit) {
    state.SkipWithError("not admitted");
    return;
  }
  d.engine->OnLoginOk(*a.ticket, d.now);
  for (auto _ : state) d.engine->OnStatementCompleted(*a.ticket, d.now);
  d.engine->OnClientGone(*a.ticket, d.now);
  d.engine->OnBackendEnded(*a.ticket, d.now);
}
BENCHMARK(BM_StatementCompleted);

}  // namespace
}  // namespace headgate
