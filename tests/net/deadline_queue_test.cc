#include "net/deadline_queue.h"

#include <gtest/gtest.h>

#include <chrono>

namespace headgate::net {
namespace {

using std::chrono::milliseconds;

Time At(int ms) { return Time(milliseconds(ms)); }

TEST(DeadlineQueue, GivesWhatIsDueInOrderAndOnce) {
  DeadlineQueue q;
  q.Move(7, kNever, At(30));
  q.Move(8, kNever, At(10));
  q.Move(9, kNever, At(20));
  EXPECT_EQ(q.PopDue(At(9)), std::nullopt);
  EXPECT_EQ(q.PopDue(At(20)), 8U);
  EXPECT_EQ(q.PopDue(At(20)), 9U);
  EXPECT_EQ(q.PopDue(At(20)), std::nullopt);
  EXPECT_EQ(q.PopDue(At(1000)), 7U);
  EXPECT_TRUE(q.empty());
}

TEST(DeadlineQueue, MovesAndClears) {
  DeadlineQueue q;
  q.Move(1, kNever, At(10));
  q.Move(1, At(10), At(50));
  EXPECT_EQ(q.PopDue(At(49)), std::nullopt);
  q.Move(1, At(50), kNever);
  EXPECT_TRUE(q.empty());
  EXPECT_EQ(q.PopDue(At(60)), std::nullopt);
}

TEST(DeadlineQueue, TwoOfTheSameMomentAreTwo) {
  DeadlineQueue q;
  q.Move(1, kNever, At(5));
  q.Move(2, kNever, At(5));
  q.Move(1, At(5), kNever);
  EXPECT_EQ(q.PopDue(At(5)), 2U);
  EXPECT_TRUE(q.empty());
}

}  // namespace
}  // namespace headgate::net
