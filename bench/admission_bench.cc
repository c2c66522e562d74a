// What the engine's decisions cost: a whole cycle of a client that logs in, the refusals an attack
// is made of, and the bytes a source costs. In virtual time, so that no limit but the one looked at
// binds. Arguments: how many sources the engine knows, visited in no order a cache could guess.
#include <benchmark/benchmark.h>

#include <map>
#include <memory>
#include <vector>

#include "bench/known_sources.h"

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::uint32_t kFew = 1'000;
constexpr std::uint32_t kMany = 1'000'000;

struct Driver : KnownSources {
  using KnownSources::KnownSources;

  void Report(benchmark::State& state) const {
    state.counters["bytes_per_source"] = bytes_per_source;
    state.counters["idle_bytes"] = idle_bytes;
  }
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
