#include "policies/statement_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "tests/policies/fixed_hash.h"

namespace headgate {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Answer = StatementQueue::Answer;

Address Source(std::uint32_t n) { return Address::V4(0x0a000000 + n); }

class Woken : public Wakeups {
 public:
  void Admitted(ConnectionId) override { ADD_FAILURE(); }
  void Refused(ConnectionId, Reason) override { ADD_FAILURE(); }
  void Evicted(ConnectionId, Reason) override { ADD_FAILURE(); }
  void Reclaim(ConnectionId) override {}
  void Ready(ConnectionId id) override { ids.push_back(id.serial); }
  std::vector<std::uint64_t> Take() { return std::exchange(ids, {}); }
  std::vector<std::uint64_t> ids;
};

class StatementQueueTest : public ::testing::Test {
 protected:
  // A connection numbered `serial`, of source number serial / 100.
  StatementQueue::Waiter& Waiter(std::uint64_t serial) {
    auto& w = waiters[serial];
    if (w == nullptr) {
      w = std::make_unique<StatementQueue::Waiter>(
          queue, ConnectionId{0, serial}, Source(static_cast<std::uint32_t>(serial / 100)));
    }
    return *w;
  }
  Answer Enter(std::uint64_t serial, std::uint32_t limit = 1) {
    return queue.Enter(gauge, limit, Waiter(serial));
  }
  bool Try(std::uint64_t serial, std::uint32_t limit = 1) {
    return queue.Try(Waiter(serial), limit);
  }

  Woken woken;
  StatementQueue queue{kHash, woken};
  StatementGauge gauge;
  std::map<std::uint64_t, std::unique_ptr<StatementQueue::Waiter>> waiters;
};

TEST_F(StatementQueueTest, TheGaugeCounts) {
  EXPECT_TRUE(gauge.TryTake(2));
  EXPECT_TRUE(gauge.TryTake(2));
  EXPECT_FALSE(gauge.TryTake(2));
  EXPECT_TRUE(gauge.TryTake(3));
  EXPECT_TRUE(gauge.TakeAhead(2));  // twice the limit
  EXPECT_FALSE(gauge.TakeAhead(2));
  gauge.TakeAnyway();
  EXPECT_EQ(gauge.running(), 5U);
  for (int i = 0; i < 5; ++i) queue.Release(gauge);
  EXPECT_EQ(gauge.running(), 0U);
  EXPECT_TRUE(gauge.TryTake(StatementGauge::kNoLimit));
  EXPECT_TRUE(gauge.TakeAhead(StatementGauge::kNoLimit));
  EXPECT_THAT(woken.ids, IsEmpty());
}

TEST_F(StatementQueueTest, ReleaseWakesOneWhichThenHasThePlace) {
  ASSERT_TRUE(gauge.TryTake(1));
  EXPECT_EQ(Enter(1), Answer::kWaiting);
  EXPECT_EQ(Enter(2), Answer::kWaiting);
  EXPECT_FALSE(Try(1));  // not woken
  queue.Release(gauge);
  EXPECT_THAT(woken.Take(), ElementsAre(1));
  EXPECT_FALSE(gauge.TryTake(1));  // a newcomer does not overtake the one that was woken
  EXPECT_FALSE(Try(2));
  EXPECT_TRUE(Try(1));
  EXPECT_EQ(Waiter(1).gauge(), nullptr);
  EXPECT_EQ(gauge.running(), 1U);
  EXPECT_EQ(gauge.waiting(), 1U);
  EXPECT_THAT(woken.Take(), IsEmpty());
  queue.Release(gauge);
  EXPECT_THAT(woken.Take(), ElementsAre(2));
  EXPECT_TRUE(Try(2));
  queue.Release(gauge);
  EXPECT_TRUE(gauge.TryTake(1));  // nobody waits any more
}

TEST_F(StatementQueueTest, ANewcomerBetweenReleaseAndWakeQueuesUp) {
  ASSERT_TRUE(gauge.TryTake(1));
  ASSERT_EQ(Enter(1), Answer::kWaiting);
  queue.Release(gauge);
  EXPECT_EQ(Enter(2), Answer::kWaiting);
  EXPECT_THAT(woken.Take(), ElementsAre(1));
}

TEST_F(StatementQueueTest, RoomFoundWhenEnteringIsTaken) {
  EXPECT_EQ(Enter(1), Answer::kTaken);  // given back since the TryTake()
  EXPECT_EQ(Waiter(1).gauge(), nullptr);
  EXPECT_EQ(gauge.running(), 1U);
  EXPECT_EQ(queue.size(), 0U);
}

TEST_F(StatementQueueTest, RoundRobinBySourceAndFirstComeFirstServedWithin) {
  ASSERT_TRUE(gauge.TryTake(1));
  for (const std::uint64_t c : {101, 102, 103, 201, 202, 301}) {
    ASSERT_EQ(Enter(c), Answer::kWaiting);
  }
  std::vector<std::uint64_t> order;
  for (int i = 0; i < 6; ++i) {
    queue.Release(gauge);
    ASSERT_EQ(woken.ids.size(), 1U);
    order.push_back(woken.ids[0]);
    ASSERT_TRUE(Try(woken.Take()[0]));
  }
  EXPECT_THAT(order, ElementsAre(101, 201, 301, 102, 202, 103));
}

TEST_F(StatementQueueTest, WhoGoesAwayPassesTheWakeOn) {
  ASSERT_TRUE(gauge.TryTake(1));
  for (const std::uint64_t c : {1, 2, 3, 4}) ASSERT_EQ(Enter(c), Answer::kWaiting);
  waiters.erase(2);  // a connection that dies while it waits
  EXPECT_THAT(woken.Take(), IsEmpty());
  queue.Release(gauge);
  EXPECT_THAT(woken.Take(), ElementsAre(1));
  waiters.erase(1);  // and one that dies when it was woken
  EXPECT_THAT(woken.Take(), ElementsAre(3));
  queue.Leave(Waiter(3));
  EXPECT_THAT(woken.Take(), ElementsAre(4));
  queue.Leave(Waiter(4));
  queue.Leave(Waiter(4));
  EXPECT_THAT(woken.Take(), IsEmpty());
  EXPECT_EQ(gauge.waiting(), 0U);
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_TRUE(gauge.TryTake(1));
}

TEST_F(StatementQueueTest, ATransactionGoesAheadAndTheWokenKeepsItsTurn) {
  ASSERT_TRUE(gauge.TryTake(1));
  ASSERT_EQ(Enter(101), Answer::kWaiting);
  ASSERT_EQ(Enter(102), Answer::kWaiting);
  ASSERT_EQ(Enter(201), Answer::kWaiting);
  queue.Release(gauge);
  EXPECT_THAT(woken.Take(), ElementsAre(101));
  ASSERT_TRUE(gauge.TakeAhead(1));
  EXPECT_FALSE(Try(101));
  EXPECT_THAT(woken.Take(), IsEmpty());
  queue.Release(gauge);
  EXPECT_THAT(woken.Take(), ElementsAre(101));
  EXPECT_TRUE(Try(101));
}

// Two statements that need two gauges, each with its turn at the other one's.
TEST_F(StatementQueueTest, WhoHasItsTurnAtOneGaugeIsNoNewcomerAtAnother) {
  StatementGauge other;
  ASSERT_TRUE(gauge.TryTake(1));
  ASSERT_TRUE(other.TryTake(1));
  ASSERT_EQ(Enter(1), Answer::kWaiting);
  ASSERT_EQ(queue.Enter(other, 1, Waiter(2)), Answer::kWaiting);
  queue.Release(gauge);
  queue.Release(other);
  EXPECT_THAT(woken.Take(), ElementsAre(1, 2));
  ASSERT_TRUE(Try(1));
  EXPECT_FALSE(other.TryTake(1));
  EXPECT_TRUE(other.TakeTurn(1));
  EXPECT_FALSE(Try(2));
  queue.Release(other);
  queue.Release(gauge);
  EXPECT_THAT(woken.Take(), ElementsAre(2));
  EXPECT_TRUE(Try(2));
  EXPECT_TRUE(gauge.TakeTurn(1));
  waiters.clear();
}

TEST_F(StatementQueueTest, AReloadRaisesAndLowersTheLimit) {
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(gauge.TryTake(4));
  for (const std::uint64_t c : {1, 2, 3}) ASSERT_EQ(Enter(c, 4), Answer::kWaiting);
  queue.Release(gauge);
  EXPECT_THAT(woken.Take(), ElementsAre(1));
  EXPECT_FALSE(Try(1, 2));                    // lowered: three run
  EXPECT_THAT(woken.Take(), ElementsAre(2));  // as far as anybody knows 2's is still four
  EXPECT_FALSE(Try(2, 2));
  EXPECT_FALSE(Try(3, 2));
  woken.Take();
  EXPECT_FALSE(Try(3, 2));
  EXPECT_THAT(woken.Take(), IsEmpty());
  queue.Release(gauge);
  EXPECT_THAT(woken.Take(), IsEmpty());
  EXPECT_FALSE(Try(3, 9));  // raised, but not its turn; it is woken at once
  EXPECT_THAT(woken.Take(), ElementsAre(3));
  EXPECT_TRUE(Try(3, 9));
}

// A source that is unknown to the gate and one that is not share a user's gauge.
TEST_F(StatementQueueTest, AStricterLimitHoldsUpNobodyElse) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(gauge.TryTake(10));
  ASSERT_EQ(Enter(101, 4), Answer::kWaiting);
  ASSERT_EQ(Enter(102, 10), Answer::kWaiting);
  ASSERT_EQ(Enter(201, 10), Answer::kWaiting);
  queue.Release(gauge);
  EXPECT_THAT(woken.Take(), ElementsAre(102));
  EXPECT_TRUE(Try(102, 10));
  queue.Release(gauge);
  EXPECT_THAT(woken.Take(), ElementsAre(201));
  EXPECT_TRUE(Try(201, 10));
  EXPECT_EQ(Enter(301, 11), Answer::kTaken);  // nobody who could use it waits before it
  for (int i = 0; i < 7; ++i) queue.Release(gauge);
  EXPECT_THAT(woken.Take(), IsEmpty());
  queue.Release(gauge);
  EXPECT_THAT(woken.Take(), ElementsAre(101));
}

TEST_F(StatementQueueTest, OneSourceDoesNotFillTheQueueOfAGauge) {
  gauge.TakeAnyway();
  for (std::uint64_t i = 0; i < StatementQueue::kPerGauge; ++i) {
    StatementQueue::Waiter& w = *(waiters[i] = std::make_unique<StatementQueue::Waiter>(
                                      queue, ConnectionId{0, i}, Source(7)));
    EXPECT_EQ(queue.Enter(gauge, 1, w),
              i < StatementQueue::kPerGauge / 2 ? Answer::kWaiting : Answer::kFull);
  }
  for (std::uint64_t i = 0; i < StatementQueue::kPerGauge / 2; ++i) {
    ASSERT_EQ(Enter(1000 + 100 * i), Answer::kWaiting) << i;
  }
  EXPECT_EQ(Enter(1'000'000), Answer::kFull);
  EXPECT_EQ(queue.size(), StatementQueue::kPerGauge);
}

TEST_F(StatementQueueTest, OneSourceDoesNotFillTheQueueOfAll) {
  std::deque<StatementGauge> gauges(2 * StatementQueue::kPlaces);
  std::uint64_t serial = 0;
  std::uint32_t entered = 0;
  const auto enter = [&](const Address& source) {
    gauges[serial].TakeAnyway();
    auto& w = waiters[serial];
    w = std::make_unique<StatementQueue::Waiter>(queue, ConnectionId{0, serial}, source);
    return queue.Enter(gauges[serial++], 1, *w);
  };
  while (enter(Source(7)) == Answer::kWaiting) ++entered;
  EXPECT_EQ(entered, StatementQueue::kPlaces / 2);
  while (enter(Source(100 + serial)) == Answer::kWaiting) ++entered;
  EXPECT_EQ(entered, StatementQueue::kPlaces);
  waiters.clear();  // before the gauges
}

TEST_F(StatementQueueTest, AskingTakesNoPlace) {
  EXPECT_EQ(queue.WouldEnter(gauge, 1, Source(1)), Answer::kTaken);
  EXPECT_TRUE(gauge.HasRoom(1));
  ASSERT_TRUE(gauge.TryTake(1));
  EXPECT_FALSE(gauge.HasRoom(1));
  EXPECT_EQ(queue.WouldEnter(gauge, 1, Source(1)), Answer::kWaiting);
  EXPECT_EQ(queue.size(), 0U);
  for (std::uint64_t i = 0; queue.WouldEnter(gauge, 1, Source(1)) == Answer::kWaiting; ++i) {
    ASSERT_EQ(Enter(100 + i % 100 + i / 100 * 10000), Answer::kWaiting) << i;
    ASSERT_LT(i, StatementQueue::kPerGauge);
  }
  EXPECT_GT(queue.size(), 0U);
  waiters.clear();
}

}  // namespace
}  // namespace headgate
