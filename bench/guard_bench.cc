// What the query guard's books cost a statement, alone and when threads share them.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "policies/busy_budget.h"
#include "policies/digest_table.h"
#include "policies/query_account.h"
#include "policies/rule_matcher.h"
#include "policies/statement_queue.h"
#include "tests/support/no_listeners.h"

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;

const KeyedHash kHash(1, 2);
const Time kNow{hours(1)};

// A full table; each thread runs a statement of its own, or all the same one (range 1).
void BM_DigestFindCountUnpin(benchmark::State& state) {
  static DigestTable table(kHash, 4096);
  const std::uint64_t tag = table.TagOf("default");
  if (state.thread_index() == 0) {
    for (std::uint64_t d = 1; d <= 4096; ++d)
      static_cast<void>(table.Insert("default", d, "", kNow));
  }
  const auto own =
      static_cast<std::uint64_t>(4096 - (state.range(0) == 0 ? state.thread_index() : 0));
  static_cast<void>(table.Insert("default", own, "", kNow));
  const DigestTable::Pin stays = table.Find(tag, own);
  AnswerFacts a;
  a.rows = 1;
  a.bytes = 100;
  Time now = kNow;
  for (auto _ : state) {
    now += microseconds(10);
    const DigestTable::Pin pin = table.Find(tag, own);
    benchmark::DoNotOptimize(pin->Predicted());
    pin->OnAnswer(a, microseconds(100), now);
  }
}
BENCHMARK(BM_DigestFindCountUnpin)->Arg(0)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(BM_DigestFindCountUnpin)->Arg(1)->Threads(2)->UseRealTime();

void BM_DigestFindMiss(benchmark::State& state) {
  DigestTable table(kHash, 4096);
  std::uint64_t d = 1;
  for (; d <= 8192; ++d) static_cast<void>(table.Insert("default", d, "", kNow));
  const std::uint64_t tag = table.TagOf("default");
  for (auto _ : state) benchmark::DoNotOptimize(table.Find(tag, ++d));
}
BENCHMARK(BM_DigestFindMiss);

// A flood of statements never seen again: each takes a place from another.
void BM_DigestInsertEvicting(benchmark::State& state) {
  DigestTable table(kHash, 4096);
  const std::string text(200, 'x');
  std::uint64_t d = 1;
  for (; d <= 8192; ++d) static_cast<void>(table.Insert("default", d, text, kNow));
  for (auto _ : state) benchmark::DoNotOptimize(table.Insert("default", ++d, text, kNow));
  state.counters["entry_bytes"] = sizeof(DigestEntry);
}
BENCHMARK(BM_DigestInsertEvicting);

void BM_BusyStartSettle(benchmark::State& state) {
  static BusyBudget busy;
  Time now = kNow;
  for (auto _ : state) {
    now += microseconds(100);
    const auto charged = busy.Start(2, microseconds(120), now);
    busy.Settle(2, charged.value_or(Duration::zero()), microseconds(100), now);
  }
}
BENCHMARK(BM_BusyStartSettle)->Threads(1)->Threads(2)->UseRealTime();

void BM_GaugeTakeRelease(benchmark::State& state) {
  static NoWakeups wakeups;
  static StatementQueue queue(kHash, wakeups);
  static StatementGauge gauge;
  for (auto _ : state) {
    if (gauge.TryTake(100)) queue.Release(gauge);
  }
}
BENCHMARK(BM_GaugeTakeRelease)->Threads(1)->Threads(2)->UseRealTime();

// A full queue of as many sources: one leaves, the next is woken and takes its place.
void BM_QueueHandOver(benchmark::State& state) {
  NoWakeups wakeups;
  StatementQueue queue(kHash, wakeups);
  StatementGauge gauge;
  gauge.TakeAnyway();
  std::vector<std::unique_ptr<StatementQueue::Waiter>> waiters;
  for (std::uint32_t i = 0; i < StatementQueue::kPerGauge; ++i) {
    waiters.push_back(std::make_unique<StatementQueue::Waiter>(queue, ConnectionId{0, i},
                                                               Address::V4(0x0a000000 + i)));
    static_cast<void>(queue.Enter(gauge, 1, *waiters.back()));
  }
  std::size_t next = 0;
  for (auto _ : state) {
    StatementQueue::Waiter& w = *waiters[next++ % waiters.size()];
    queue.Release(gauge);
    benchmark::DoNotOptimize(queue.Try(w, 1));
    static_cast<void>(queue.Enter(gauge, 1, w));
  }
}
BENCHMARK(BM_QueueHandOver);

void BM_NoRules(benchmark::State& state) {
  const std::vector<Rule> rules;
  const RuleMatcher matcher(rules);
  const RuleSubject subject;
  for (auto _ : state) benchmark::DoNotOptimize(matcher.Match(subject));
}
BENCHMARK(BM_NoRules);

void BM_TwentyRules(benchmark::State& state) {
  std::vector<Rule> rules(20);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    rules[i].digest = i % 2 == 0 ? i + 1 : 0;
    rules[i].users = {"report*"};
  }
  const RuleMatcher matcher(rules);
  RuleSubject subject;
  subject.command = CommandKind::kQuery;
  subject.user = "shop_ro";
  for (auto _ : state) benchmark::DoNotOptimize(matcher.Match(subject));
}
BENCHMARK(BM_TwentyRules);

}  // namespace
}  // namespace headgate
