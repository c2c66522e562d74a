#include "net/kill_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace headgate::net {
namespace {

using testing::ElementsAre;

constexpr Time At(int s) { return Time(std::chrono::seconds(s)); }

TEST(KillQueue, KeepsTheOrderAndIsEmptyAfterTake) {
  KillQueue queue;
  EXPECT_TRUE(queue.empty());
  for (const std::uint32_t id : {7U, 3U, 9U}) {
    EXPECT_TRUE(queue.Add(id, At(0), At(1), [](KillEnd) {}));
  }
  std::vector<std::uint32_t> ids;
  for (const KillOrder& order : queue.Take()) ids.push_back(order.backend_id);
  EXPECT_THAT(ids, ElementsAre(7, 3, 9));
  EXPECT_TRUE(queue.empty());
}

TEST(KillQueue, OneConnectionIsKilledOnceAndEverybodyIsTold) {
  KillQueue queue;
  int told = 0;
  const auto done = [&told](KillEnd) { ++told; };
  EXPECT_TRUE(queue.Add(7, At(0), At(5), done));
  EXPECT_TRUE(queue.Add(7, At(0), At(2), done));
  EXPECT_TRUE(queue.Add(7, At(0), At(3), done));
  const auto orders = queue.Take();
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].latest, At(5));
  for (const auto& tell : orders[0].done) tell(KillEnd::kDone);
  EXPECT_EQ(told, 3);
}

TEST(KillQueue, IsBoundedButNotForWhoIsInItAlready) {
  KillQueue queue;
  const auto done = [](KillEnd) {};
  for (std::uint32_t id = 1; id <= KillQueue::kMost; ++id) {
    EXPECT_TRUE(queue.Add(id, At(0), At(1), done));
  }
  EXPECT_FALSE(queue.Add(KillQueue::kMost + 1, At(0), At(1), done));
  EXPECT_TRUE(queue.Add(1, At(0), At(1), done));
  EXPECT_EQ(queue.Take().size(), KillQueue::kMost);
  EXPECT_TRUE(queue.Add(1, At(0), At(1), done)) << "its place is free again";
}

}  // namespace
}  // namespace headgate::net
