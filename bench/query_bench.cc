// What the query guard costs a statement: asked about, passed, answered; alone and when threads
// share an engine, without limits and with all of them.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "policies/engine.h"
#include "tests/support/no_listeners.h"

namespace headgate {
namespace {

using std::chrono::nanoseconds;

constexpr std::string_view kPointSelect =
    "SELECT a, b FROM orders WHERE customer = 4711 AND id = 5";
static_assert(kPointSelect.size() + 1 == 57, "as the scanner's smallest text");

Limits LimitsFor(bool all) {
  Limits l = Limits::Defaults();
  if (!all) return l;
  QueryLimits& q = l.classes.back().query;
  q.running = q.user_running = q.class_running = q.digest_running = 1000;
  q.rate = q.user_rate = q.class_rate = {1e9, 1e9};
  q.busy = q.user_busy = q.class_busy = 1e6;
  q.deadline = q.idle = std::chrono::minutes(1);
  Rule& rule = l.rules.emplace_back();
  rule.name = "somebody else";
  rule.users = {"report*"};
  return l;
}

// range 0: with all limits.
void BM_Statement(benchmark::State& state) {
  static NoWakeups wakeups;
  static NoDecisions decisions;
  static std::unique_ptr<Engine> engines[2];
  static std::mutex mutex;
  Engine* engine = nullptr;
  {
    const std::lock_guard lock(mutex);
    auto& made = engines[state.range(0)];
    if (made == nullptr) {
      made =
          std::make_unique<Engine>(std::make_shared<const Limits>(LimitsFor(state.range(0) != 0)),
                                   EngineSecrets{1, 2}, wakeups, decisions);
    }
    engine = made.get();
  }
  // Slower than the real clock, so that no run begins before another has ended.
  Time now{std::chrono::steady_clock::now().time_since_epoch()};
  const auto thread = static_cast<std::uint32_t>(state.thread_index());
  AcceptResult a = engine->OnAccept({thread, 1}, Address::V4(0x0a010100 + thread), now);
  if (engine->OnLogin(*a.ticket, {"shop", "shop"}, now).kind != Verdict::Kind::kAdmit) {
    state.SkipWithError("not admitted");
    return;
  }
  engine->OnLoginOk(*a.ticket, now);
  CommandFacts f;
  f.command = CommandKind::kQuery;
  f.sql = kPointSelect;
  f.length = kPointSelect.size() + 1;
  const AnswerFacts answer{.command = CommandKind::kQuery, .rows = 1, .bytes = 100};
  for (auto _ : state) {
    if (engine->OnCommand(*a.ticket, f, now).kind != CommandVerdict::Kind::kPass) {
      state.SkipWithError("not passed");
      break;
    }
    now += nanoseconds(200);
    engine->OnAnswer(*a.ticket, answer, now);
  }
}
BENCHMARK(BM_Statement)->Arg(0)->Arg(1)->Threads(1)->Threads(2)->UseRealTime();

}  // namespace
}  // namespace headgate
