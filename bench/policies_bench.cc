// What the single policies cost at their bounds, under the load an attack would choose.
#include <benchmark/benchmark.h>

#include "policies/ban_list.h"
#include "policies/known_good.h"
#include "policies/pair_lock.h"
#include "policies/pending.h"
#include "policies/source_table.h"

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;

const KeyedHash kHash(1, 2);
const Time kNow{hours(1)};

// Scattered over the whole IPv6 unicast space: every one its own wide prefix, or nearly.
Address Scattered(std::uint64_t n) {
  Address a;
  std::uint64_t bits = (n + 1) * 0x9e3779b97f4a7c15U;
  for (std::size_t i = 1; i < 8; ++i, bits >>= 8) a.bytes[i] = static_cast<std::uint8_t>(bits);
  a.bytes[0] = 0x20;
  return a;
}

void BM_HashAddress(benchmark::State& state) {
  Address a = Scattered(1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(kHash(a));
    ++a.bytes[3];
  }
}
BENCHMARK(BM_HashAddress);

void BM_TokenBucketTake(benchmark::State& state) {
  TokenBucket bucket;
  const Rate rate{50, 200};
  Time now = kNow;
  for (auto _ : state) {
    now += microseconds(1);
    benchmark::DoNotOptimize(bucket.Take(rate, now));
  }
}
BENCHMARK(BM_TokenBucketTake);

// More sources than the table holds: every touch evicts.
void BM_SourceTableEvicting(benchmark::State& state) {
  SourceTable table(kHash, 262144);
  std::uint64_t n = 0;
  for (; n < 300'000; ++n) static_cast<void>(table.Touch(Scattered(n)));
  for (auto _ : state) benchmark::DoNotOptimize(table.Touch(Scattered(n++)));
  state.counters["entry_bytes"] = static_cast<double>(SourceTable::EntryBytes());
}
BENCHMARK(BM_SourceTableEvicting);

void BM_BanCheck(benchmark::State& state) {
  BanList bans(kHash);
  for (std::uint64_t n = 0; n < BanList::kDefaultCapacity; ++n) {
    bans.Escalate(Scattered(n), minutes(1), hours(1), "bench", kNow);
  }
  std::uint64_t n = 0;
  for (auto _ : state) benchmark::DoNotOptimize(bans.IsBanned(Scattered(n++ % 100'000), kNow));
}
BENCHMARK(BM_BanCheck);

void BM_BanWhenFull(benchmark::State& state) {
  BanList bans(kHash);
  std::uint64_t n = 0;
  for (auto _ : state) bans.Escalate(Scattered(n++), minutes(1), hours(1), "bench", kNow);
}
BENCHMARK(BM_BanWhenFull)->MinTime(0.5);

// Each newcomer from a network of its own: the most groups the tree can have.
void BM_PendingEvicting(benchmark::State& state) {
  PendingBudget pending(kHash);
  const PendingLimits limits;
  std::uint64_t n = 0;
  for (; n < limits.max; ++n) static_cast<void>(pending.Enter(Scattered(n), false, n, limits));
  for (auto _ : state) {
    benchmark::DoNotOptimize(pending.Enter(Scattered(n), false, n, limits));
    ++n;
  }
}
BENCHMARK(BM_PendingEvicting);

void BM_PairFailureWhenFull(benchmark::State& state) {
  PairLock locks(kHash);
  const LoginLimits limits;
  std::uint64_t n = 0;
  for (; n < PairLock::kDefaultCapacity; ++n) {
    static_cast<void>(locks.OnFailure({Scattered(n), 7}, limits, kNow));
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(locks.OnFailure({Scattered(n++), 7}, limits, kNow));
  }
}
BENCHMARK(BM_PairFailureWhenFull);

void BM_IsKnownGood(benchmark::State& state) {
  KnownGood known(kHash, 65536);
  KnownGoodLimits once;
  once.minutes = 1;
  for (std::uint64_t n = 0; n < 65536; ++n) {
    known.OnStatement({Scattered(n), 7}, once, kNow, true, true);
  }
  std::uint64_t n = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(known.IsKnownGood({Scattered(n++ % 100'000), 7}));
  }
}
BENCHMARK(BM_IsKnownGood);

}  // namespace
}  // namespace headgate
