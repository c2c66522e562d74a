// Many threads with many connections each, at limits that all of them share: what runs never goes
// above a limit, nobody is left waiting, and at the end nothing is held. And: a statement allocates
// nothing. Meant for the thread sanitizer as well.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "policies/engine.h"

namespace {
thread_local bool counting = false;
thread_local std::uint64_t allocations = 0;
}  // namespace

// Kept whole: an inlined half of a pair looks like a mismatch to the compiler.
[[gnu::noinline]] void* operator new(std::size_t n) {
  allocations += counting ? 1 : 0;
  void* p = std::malloc(n > 0 ? n : 1);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using Ask = CommandVerdict::Kind;

class Silent : public DecisionSink {
 public:
  void OnDecision(const Decision&) override {}
};

// Posts to the threads that own the connections.
class Mailboxes : public Wakeups {
 public:
  explicit Mailboxes(std::size_t threads) : boxes_(threads) {}
  void Admitted(ConnectionId) override {}
  void Refused(ConnectionId, Reason) override {}
  void Evicted(ConnectionId, Reason) override {}
  void Reclaim(ConnectionId) override {}
  void Ready(ConnectionId id) override {
    const std::lock_guard lock(boxes_[id.thread].mutex);
    boxes_[id.thread].ids.push_back(id.serial);
  }
  std::vector<std::uint64_t> Take(std::size_t thread) {
    const std::lock_guard lock(boxes_[thread].mutex);
    return std::exchange(boxes_[thread].ids, {});
  }

 private:
  struct Box {
    std::mutex mutex;
    std::vector<std::uint64_t> ids;
  };
  std::vector<Box> boxes_;
};

Limits AllLimits() {
  Limits l = Limits::Defaults();
  l.slots.max_connections = 1000;
  l.classes.back().unproven = Share::Off();
  l.login.rate = {};
  l.login.in_progress = l.login.per_source = 1000;
  l.source.connect_rate = {};
  QueryLimits& q = l.classes.back().query;
  q.running = q.user_running = q.class_running = 100;
  q.digest_running = 100;
  q.rate = q.user_rate = q.class_rate = {1e9, 1e6};
  q.busy = q.user_busy = q.class_busy = 1000;
  q.deadline = std::chrono::seconds(10);
  return l;
}

TicketPtr Enter(Engine& engine, ConnectionId id, const Address& from, Time now) {
  AcceptResult a = engine.OnAccept(id, from, now);
  EXPECT_EQ(engine.OnLogin(*a.ticket, {.user = "shop", .database = ""}, now).kind,
            Verdict::Kind::kAdmit);
  engine.OnLoginOk(*a.ticket, now);
  return std::move(a.ticket);
}

CommandFacts Select(std::string_view sql) {
  CommandFacts f;
  f.command = CommandKind::kQuery;
  f.sql = sql;
  f.length = sql.size() + 1;
  return f;
}
const AnswerFacts kAnswer{.command = CommandKind::kQuery, .rows = 1, .bytes = 100};

constexpr std::size_t kThreads = 4;
constexpr std::size_t kEach = 6;      // connections of a thread
constexpr std::uint32_t kAtOnce = 5;  // statements of the class

class Worker {
 public:
  Worker(Engine& engine, Mailboxes& mail, std::uint32_t thread, std::atomic<std::int64_t>& running)
      : engine_(engine), mail_(mail), thread_(thread), running_(running), conns_(kEach) {
    for (std::size_t i = 0; i < kEach; ++i) Open(i);
  }

  void Run(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      for (const std::uint64_t serial : mail_.Take(thread_)) {
        Conn& c = conns_[serial % kEach];
        if (c.serial == serial && c.held) Judge(c, engine_.OnHeld(*c.ticket, now_));
      }
      Step(static_cast<std::size_t>(round) % kEach, round);
      now_ += microseconds(100);
    }
    for (std::size_t i = 0; i < kEach; ++i) Close(i);
  }
  [[nodiscard]] std::uint64_t passed() const { return passed_; }
  [[nodiscard]] bool above() const { return above_; }

 private:
  struct Conn {
    TicketPtr ticket;
    std::uint64_t serial = 0;
    bool held = false, runs = false;
    Time until{};
  };

  void Step(std::size_t i, int round) {
    Conn& c = conns_[i];
    if (c.held && now_ >= c.until) return Judge(c, engine_.OnHeld(*c.ticket, now_));
    if (round % 97 == 0) {
      Close(i);
      return Open(i);
    }
    if (c.runs) return Answer(c);
    if (!c.held) {
      static constexpr std::string_view kSql[] = {"SELECT a FROM t WHERE id = 1",
                                                  "SELECT b FROM u WHERE c = 'x'"};
      Judge(c, engine_.OnCommand(*c.ticket, Select(kSql[round % 2]), now_));
    }
    static_cast<void>(engine_.OnSweep(*c.ticket, {.can_kill = true}, now_));
  }
  void Judge(Conn& c, const CommandVerdict& v) {
    c.held = v.kind == Ask::kHold;
    c.until = v.until;
    if (v.kind != Ask::kPass) return;
    if (running_.fetch_add(1) >= kAtOnce) above_ = true;
    c.runs = true;
    ++passed_;
  }
  void Answer(Conn& c) {
    running_.fetch_sub(1);
    c.runs = false;
    engine_.OnAnswer(*c.ticket, kAnswer, now_);
  }
  void Open(std::size_t i) {
    Conn& c = conns_[i];
    c.serial = ++generation_ * kEach + i;
    c.ticket = Enter(engine_, {thread_, c.serial}, Address::V4(0x0a010100 + thread_ % 2), now_);
  }
  void Close(std::size_t i) {
    Conn& c = conns_[i];
    if (c.runs) running_.fetch_sub(1);
    if (c.serial % 2 == 0) engine_.OnClientGone(*c.ticket, now_);
    c = Conn{};
  }

  Engine& engine_;
  Mailboxes& mail_;
  const std::uint32_t thread_;
  std::atomic<std::int64_t>& running_;
  std::vector<Conn> conns_;
  Time now_{hours(1)};
  std::uint64_t generation_ = 0, passed_ = 0;
  bool above_ = false;
};

TEST(QueryStressTest, ThreadsShareTheLimits) {
  Limits limits = AllLimits();
  limits.classes.back().query.class_running = kAtOnce;
  limits.classes.back().query.digest_running = 4;
  limits.classes.back().query.wait = milliseconds(5);
  Mailboxes mail(kThreads);
  Silent silent;
  Engine engine(std::make_shared<const Limits>(limits), {1, 2}, mail, silent);
  std::atomic<std::int64_t> running{0};
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::uint32_t i = 0; i < kThreads; ++i) {
    workers.push_back(std::make_unique<Worker>(engine, mail, i, running));
  }
  std::vector<std::thread> threads;
  for (auto& w : workers) threads.emplace_back([&w] { w->Run(20'000); });
  limits.classes.back().query.user_running = 50;
  for (int i = 0; i < 50; ++i) {
    engine.Publish(std::make_shared<const Limits>(limits), Time(hours(1)));
    static_cast<void>(engine.Status(Time(hours(1))));
    static_cast<void>(engine.Digests(10, Time(hours(1))));
    std::this_thread::yield();
  }
  for (std::thread& t : threads) t.join();
  std::uint64_t passed = 0;
  for (const auto& w : workers) {
    EXPECT_FALSE(w->above()) << "more running than allowed";
    passed += w->passed();
  }
  EXPECT_GT(passed, 1000u);
  const EngineStatus s = engine.Status(Time(hours(2)));
  EXPECT_EQ(s.statements_running + s.statements_held + s.connections + s.leases, 0u);
  EXPECT_GT(s.delayed[static_cast<std::size_t>(Reason::kClassRunning)] +
                s.delayed[static_cast<std::size_t>(Reason::kDigestRunning)],
            0u);
}

// Nothing is allocated for a statement that was seen before, with no limit and with all of them.
TEST(QueryStressTest, AStatementAllocatesNothing) {
  for (const bool all : {false, true}) {
    Mailboxes mail(1);
    Silent silent;
    Limits limits = all ? AllLimits() : Limits::Defaults();
    Engine engine(std::make_shared<const Limits>(limits), {1, 2}, mail, silent);
    Time now{hours(1)};
    const TicketPtr t = Enter(engine, {0, 1}, Address::V4(0x0a010101), now);
    const CommandFacts f = Select("SELECT a, b FROM orders WHERE customer = 4711 AND id = 12345");
    const auto run = [&](int n) {
      for (int i = 0; i < n; ++i) {
        ASSERT_EQ(engine.OnCommand(*t, f, now).kind, Ask::kPass);
        ASSERT_EQ(engine.OnSweep(*t, {.can_kill = true}, now).kind, SweepVerdict::Kind::kNone);
        now += microseconds(50);
        engine.OnAnswer(*t, kAnswer, now);
      }
    };
    run(10);
    allocations = 0;
    counting = true;
    run(10'000);
    counting = false;
    EXPECT_EQ(allocations, 0u) << (all ? "with all limits" : "without limits");
  }
}

}  // namespace
}  // namespace headgate
