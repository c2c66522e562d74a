#include "policies/latency.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/policies/query_fixture.h"

namespace headgate {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(Latency, EveryBoundBelongsToItsBucketAndWhatIsAboveToTheNext) {
  for (std::size_t i = 0; i < kLatencyBounds.size(); ++i) {
    EXPECT_EQ(Latency::BucketOf(Duration(kLatencyBounds[i])), i);
    EXPECT_EQ(Latency::BucketOf(Duration(kLatencyBounds[i] + 1)), i + 1);
    EXPECT_EQ(Latency::BucketOf(Duration(kLatencyBounds[i] - 1)), i);
  }
  EXPECT_EQ(Latency::BucketOf(microseconds(500)), 0u);
  EXPECT_EQ(Latency::BucketOf(seconds(10)), kLatencyBuckets - 2);
}

TEST(Latency, ExtremesFallIntoTheOutermostBuckets) {
  Latency l;
  for (const Duration d : {Duration::min(), nanoseconds(-1), Duration::zero()}) l.Add(0, d);
  l.Add(0, std::chrono::hours(24));
  const LatencyCounts c = l.Read();
  EXPECT_EQ(c.buckets.front(), 3u);
  EXPECT_EQ(c.buckets.back(), 1u);
  EXPECT_EQ(c.sum, std::chrono::hours(24)) << "what is below zero counts as zero";
  EXPECT_EQ(c.count(), 4u);
}

TEST(Latency, NothingIsLostWhenThreadsShareSlices) {
  Latency l;
  constexpr std::uint32_t kThreads = 2 * Latency::kSlices, kEach = 2000;
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&l, t] {
      for (std::uint32_t i = 0; i < kEach; ++i) l.Add(t, milliseconds(i % 3));
    });
  }
  for (std::thread& t : threads) t.join();
  const LatencyCounts c = l.Read();
  EXPECT_EQ(c.count(), kThreads * kEach);
  EXPECT_EQ(c.sum, milliseconds(1) * (kThreads * 1999));
  EXPECT_EQ(c.buckets[0], kThreads * 667u);
  EXPECT_EQ(c.buckets[1], kThreads * 667u);
  EXPECT_EQ(c.buckets[2], kThreads * 666u);
}

class EngineLatencyTest : public QueryTest {
 protected:
  LatencyStatus Latencies() { return Status().latency; }
};

TEST_F(EngineLatencyTest, AStatementsTimeIsCountedOnceAndAPreparesIsNot) {
  Start();
  const TicketPtr t = Client();
  Run(t, milliseconds(40));
  const StatementMark mark = Prepare(t);
  EXPECT_EQ(Latencies().statement.count(), 1u);
  EXPECT_EQ(Latencies().statement.sum, milliseconds(40));
  CommandFacts execute = Text({}, CommandKind::kExecute);
  execute.prepared = &mark;
  ASSERT_EQ(Ask(t, execute).kind, Command::kPass);
  Pass(milliseconds(2));
  Answer(t, {.command = CommandKind::kExecute});
  const LatencyCounts c = Latencies().statement;
  EXPECT_EQ(c.count(), 2u);
  EXPECT_EQ(c.buckets[Latency::BucketOf(milliseconds(2))], 1u);
}

TEST_F(EngineLatencyTest, APipelinedStatementBeginsWhereTheOneBeforeEnded) {
  Start();
  const TicketPtr t = Client();
  ASSERT_EQ(Ask(t).kind, Command::kPass);
  ASSERT_EQ(Ask(t).kind, Command::kPass);
  Pass(milliseconds(30));
  Answer(t);
  Pass(milliseconds(5));
  Answer(t);
  EXPECT_EQ(Latencies().statement.sum, milliseconds(35));
}

TEST_F(EngineLatencyTest, WhatItWaitedForLocksIsNotCounted) {
  Start();
  const TicketPtr t = Client();
  ASSERT_EQ(Ask(t).kind, Command::kPass);
  for (int i = 0; i < 10; ++i) {
    Pass(milliseconds(100));
    static_cast<void>(Sweep(t, {.can_kill = true, .lock_wait = true}));
  }
  Answer(t);
  EXPECT_EQ(Latencies().statement.count(), 1u);
  EXPECT_LT(Latencies().statement.sum, milliseconds(200));
}

TEST_F(EngineLatencyTest, ALoginsTimeIsFromAcceptToItsFirstOk) {
  Start();
  const TicketPtr t = Accept(App());
  Pass(milliseconds(300));
  ASSERT_EQ(Login(t, "shop").kind, Kind::kAdmit);
  Pass(milliseconds(200));
  engine_->OnLoginOk(*t, now_);
  EXPECT_EQ(Latencies().login.count(), 1u);
  EXPECT_EQ(Latencies().login.sum, milliseconds(500));
  Pass(seconds(5));
  ASSERT_EQ(engine_->OnChangeUser(*t, {.user = "shop", .database = ""}, now_).kind, Kind::kAdmit);
  engine_->OnLoginOk(*t, now_);
  EXPECT_EQ(Latencies().login.count(), 1u) << "a change of the user is no login";
}

TEST_F(EngineLatencyTest, AFailedLoginHasNoTime) {
  Start();
  const TicketPtr t = Accept(App());
  ASSERT_EQ(Login(t, "shop").kind, Kind::kAdmit);
  engine_->OnLoginFailed(*t, LoginFailure::kAccessDenied, now_);
  EXPECT_EQ(Latencies().login.count(), 0u);
}

TEST_F(EngineLatencyTest, WaitingIsCountedHoweverItEnds) {
  limits_.classes[0].max = Share::Number(1);
  limits_.classes[0].reserve = 1;
  limits_.waiting.queue = seconds(4);
  Start();
  TicketPtr first = Enter(App(), "shop");
  ASSERT_NE(first, nullptr);
  const TicketPtr gets_in = Accept(App()), too_late = Accept(App()), leaves = Accept(App());
  ASSERT_EQ(Login(gets_in, "shop").kind, Kind::kWait);
  ASSERT_EQ(Login(too_late, "shop").kind, Kind::kWait);
  ASSERT_EQ(Login(leaves, "shop").kind, Kind::kWait);
  EXPECT_EQ(Latencies().waited.count(), 0u);
  Pass(seconds(1));
  engine_->OnClientGone(*leaves, now_);
  EXPECT_EQ(Latencies().waited.sum, seconds(1));
  Pass(seconds(1));
  engine_->OnBackendEnded(*first, now_);
  EXPECT_EQ(Latencies().waited.sum, seconds(3));
  ASSERT_EQ(admitted_.size(), 1u);
  Pass(seconds(3));
  EXPECT_EQ(Latencies().waited.count(), 3u);
  EXPECT_EQ(Latencies().waited.sum, seconds(8));
  EXPECT_EQ(Acted(Reason::kWaitingDeadline), 1u);
}

}  // namespace
}  // namespace headgate
