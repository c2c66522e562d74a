// The queue under random histories: against a model, and by many threads at once.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "policies/statement_queue.h"

namespace headgate {
namespace {

using Answer = StatementQueue::Answer;

Address Source(std::uint64_t n) { return Address::V4(0x0a000000 + static_cast<unsigned>(n)); }

// Notes who was woken, for connections numbered below kConnections.
class Flags : public Wakeups {
 public:
  static constexpr std::size_t kConnections = 64;
  void Admitted(ConnectionId) override { ADD_FAILURE(); }
  void Refused(ConnectionId, Reason) override { ADD_FAILURE(); }
  void Evicted(ConnectionId, Reason) override { ADD_FAILURE(); }
  void Reclaim(ConnectionId) override {}
  void Ready(ConnectionId id) override { woken[id.serial].fetch_add(1); }
  std::array<std::atomic<int>, kConnections> woken{};
};

// One connection that runs statements, each counted in some gauges in their order, as the engine
// does: on meeting one without room it gives back what it has and waits for that one.
class Connection {
 public:
  Connection(StatementQueue& queue, Flags& flags, std::uint64_t serial, std::uint64_t sources)
      : queue_(queue),
        flags_(flags),
        serial_(serial),
        waiter_(queue, {0, serial}, Source(serial % sources)) {}

  bool running() const { return running_; }
  bool waits() const { return waiter_.gauge() != nullptr; }

  // Takes all the gauges, or waits for one of them. False: the queue is full.
  bool Start(std::vector<StatementGauge*> gauges, std::uint32_t limit) {
    gauges_ = std::move(gauges);
    return TakeAll(limit, nullptr);
  }
  void StartAhead(std::vector<StatementGauge*> gauges, std::uint32_t limit) {
    gauges_ = std::move(gauges);
    for (StatementGauge* g : gauges_) {
      if (!g->TakeAhead(limit)) break;
      taken_.push_back(g);
    }
    running_ = taken_.size() == gauges_.size();
    if (!running_) GiveBack();
  }
  // True if it was woken, whatever came of it.
  bool OnReady(std::uint32_t limit) {
    if (flags_.woken[serial_].exchange(0) == 0 || !waits()) return false;
    StatementGauge* const g = waiter_.gauge();
    if (queue_.Try(waiter_, limit)) TakeAll(limit, g);
    return true;
  }
  void GiveUp() { queue_.Leave(waiter_); }
  void End() {
    running_ = false;
    GiveBack();
  }

 private:
  bool TakeAll(std::uint32_t limit, StatementGauge* has) {
    if (has != nullptr) taken_.push_back(has);
    for (StatementGauge* g : gauges_) {
      if (g == has) continue;
      if (has != nullptr ? g->TakeTurn(limit) : g->TryTake(limit)) {
        taken_.push_back(g);
        continue;
      }
      GiveBack();
      const Answer a = queue_.Enter(*g, limit, waiter_);
      if (a == Answer::kTaken) return TakeAll(limit, g);
      return a == Answer::kWaiting;
    }
    running_ = true;
    return true;
  }
  void GiveBack() {
    for (StatementGauge* g : taken_) queue_.Release(*g);
    taken_.clear();
  }

  StatementQueue& queue_;
  Flags& flags_;
  const std::uint64_t serial_;
  std::vector<StatementGauge*> gauges_, taken_;
  bool running_ = false;
  StatementQueue::Waiter waiter_;
};

// After every step: nobody who could run is left asleep, and what is counted is what is there.
TEST(StatementQueueModel, NoWakeIsLostAndNoPlaceIsGivenTwice) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 20; ++round) {
    Flags flags;
    StatementQueue queue(KeyedHash(1, 2), flags);
    std::array<StatementGauge, 3> gauges;
    constexpr std::uint32_t kLimit = 4;
    std::deque<Connection> all;
    for (std::uint64_t i = 0; i < 40; ++i) all.emplace_back(queue, flags, i, 7);
    bool ahead = false;
    for (int step = 0; step < 5000; ++step) {
      const std::uint64_t i = random() % all.size();
      Connection& c = all[i];
      std::vector<StatementGauge*> some;
      for (StatementGauge& g : gauges) {
        if (random() % 2 == 0) some.push_back(&g);
      }
      if (c.running()) {
        c.End();
      } else if (c.waits()) {
        if (random() % 8 == 0) {
          c.GiveUp();
        } else {
          c.OnReady(kLimit);
        }
      } else if (round % 2 == 1 && random() % 8 == 0) {
        c.StartAhead(some, kLimit);
        ahead = true;
      } else {
        ASSERT_TRUE(c.Start(some, kLimit));
      }
      for (StatementGauge& g : gauges) {
        ASSERT_LE(g.running(), ahead ? 2 * kLimit : kLimit);
      }
      // Everybody awake acts: then nobody may be waiting at a gauge with room.
      if (step % 10 != 0) continue;
      for (bool any = true; any;) {
        any = false;
        for (Connection& each : all) any |= each.OnReady(kLimit);
      }
      std::uint32_t waiting = 0;
      for (StatementGauge& g : gauges) {
        waiting += g.waiting();
        ASSERT_TRUE(g.waiting() == 0 || g.running() >= kLimit) << step;
      }
      ASSERT_EQ(waiting, queue.size());
    }
    for (Connection& c : all) c.running() ? c.End() : c.GiveUp();
    for (StatementGauge& g : gauges) {
      EXPECT_EQ(g.running(), 0U);
      EXPECT_EQ(g.waiting(), 0U);
    }
  }
}

// Every thread only ever goes on with a connection that waits when it was woken: a lost wake would
// leave all of them waiting.
TEST(StatementQueueModel, ThreadsLoseNoWake) {
  Flags flags;
  StatementQueue queue(KeyedHash(1, 2), flags);
  std::array<StatementGauge, 3> gauges;
  constexpr std::uint32_t kLimit = 2;
  std::atomic<int> most{0}, now_running{0}, stuck{0};
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  const auto started = [&] {
    const int now = now_running.fetch_add(1) + 1;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
  };
  const auto work = [&](std::uint64_t thread) {
    std::mt19937_64 random(thread);
    std::deque<Connection> mine;
    for (std::uint64_t i = 0; i < 16; ++i) mine.emplace_back(queue, flags, thread * 16 + i, 5);
    int ended = 0;
    for (int step = 0; ended < 4000; ++step) {
      Connection& c = mine[random() % mine.size()];
      if (c.running()) {
        now_running.fetch_sub(1);
        c.End();
        ++ended;
      } else if (c.waits()) {
        if (random() % 64 == 0) c.GiveUp();
        if (c.waits()) c.OnReady(kLimit);
        if (c.running()) started();
      } else {
        // All need the first: no more than its limit can run.
        if (!c.Start({gauges.data(), &gauges[1 + random() % 2]}, kLimit)) ++stuck;
        if (c.running()) started();
      }
      if (step % 1024 == 0) {
        std::this_thread::yield();
        if (std::chrono::steady_clock::now() > give_up) {
          ++stuck;
          break;
        }
      }
    }
    for (Connection& c : mine) {
      if (c.running()) now_running.fetch_sub(1);
      c.running() ? c.End() : c.GiveUp();
    }
  };
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) threads.emplace_back(work, t);
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(stuck, 0);
  EXPECT_LE(most, static_cast<int>(kLimit));
  EXPECT_GE(most, 1);
  EXPECT_EQ(queue.size(), 0U);
  for (StatementGauge& g : gauges) EXPECT_EQ(g.running() + g.waiting(), 0U);
}

}  // namespace
}  // namespace headgate
