#include "policies/usage_book.h"

#include <gtest/gtest.h>

#include "policies/engine.h"
#include "tests/policies/usage_fixture.h"

namespace headgate::testing {
namespace {

using M = GroupMeasure;

class UsageBookTest : public ::testing::Test {
 protected:
  MinuteSeries::Summary Of(M m) { return book_.Groups().at(0).Of(m).Of({}); }
  MinuteSeries::Summary Of(SourceMeasure m) { return book_.Of(m).Of({}); }

  UsageBook book_{Duration::zero()};
  Talker talk_{book_};
};

TEST_F(UsageBookTest, SlotsAreHeldUntilTheBackendEnds) {
  const auto a = talk_.LogIn(Ten(1, 0, 1), "shop", 0);
  const auto b = talk_.LogIn(Ten(1, 0, 2), "shop", 1);
  const auto c = talk_.LogIn(Ten(1, 0, 2), "shop", 2);
  talk_.Run(a, 3, 0.1);
  talk_.Run(b, 3, 0.1);
  talk_.Leave(c, 10);
  talk_.Leave(b, 11);
  book_.Finish();
  EXPECT_EQ(Of(M::kSlots).peak, 3);
  EXPECT_EQ(Of(M::kSourceSlots).peak, 2);
  EXPECT_EQ(book_.Groups()[0].sources.size(), 2U);
  EXPECT_EQ(book_.Groups()[0].logins, 3U);
}

TEST_F(UsageBookTest, WhatLastsCountsInEveryMinute) {
  const auto a = talk_.LogIn(Ten(1, 0, 1), "shop", 0);
  talk_.Run(a, 1, 0.1);
  talk_.Run(a, 3600, 0.1);
  book_.Finish();
  EXPECT_EQ(Of(M::kSlots).minutes, 61);
  EXPECT_EQ(Of(M::kCommands).minutes, 2);
}

TEST_F(UsageBookTest, CommandsOfABusySecond) {
  const auto a = talk_.LogIn(Ten(1, 0, 1), "shop", 0);
  const auto b = talk_.LogIn(Ten(1, 0, 2), "shop", 0);
  for (int i = 0; i < 8; ++i) talk_.Run(a, 10 + i * 0.1, 0.01);
  for (int i = 0; i < 3; ++i) talk_.Run(b, 10.85 + i * 0.02, 0.01);
  book_.Finish();
  EXPECT_EQ(Of(M::kCommands).peak, 11);
  EXPECT_EQ(Of(M::kSourceCommands).peak, 8);
  EXPECT_EQ(book_.Groups()[0].statements, 11U);
}

TEST_F(UsageBookTest, RunningAtOnceAndForHowLong) {
  const auto a = talk_.LogIn(Ten(1, 0, 1), "shop", 0);
  const auto b = talk_.LogIn(Ten(1, 0, 1), "shop", 0);
  talk_.Ask(a, 10);
  talk_.Ask(b, 15);
  talk_.Answer(b, 20);
  talk_.Answer(a, 40);
  book_.Finish();
  EXPECT_EQ(Of(M::kRunning).peak, 2);
  EXPECT_EQ(Of(M::kLongest).peak, 30);
  // From 10 to 20 one of them all the time, the other one half of it.
  EXPECT_NEAR(Of(M::kBusy).peak, 1.5, 0.01);
}

TEST_F(UsageBookTest, AShortStatementAtTheTurnOfAMinuteIsNotAMinuteOfRunning) {
  const auto a = talk_.LogIn(Ten(1, 0, 1), "shop", 0);
  talk_.Run(a, 59.99, 0.02);
  talk_.Run(a, 119.99, 0.02);
  talk_.Run(a, 200, 0.01);
  book_.Finish();
  EXPECT_LT(Of(M::kBusy).peak, 0.01);
  EXPECT_LT(Of(M::kSourceBusy).peak, 0.01);
}

TEST_F(UsageBookTest, ALongStatementRunsInEveryMinuteOfIt) {
  const auto a = talk_.LogIn(Ten(1, 0, 1), "shop", 0);
  talk_.Run(a, 10, 600);
  book_.Finish();
  EXPECT_NEAR(Of(M::kBusy).peak, 1, 0.01);
  EXPECT_GE(Of(M::kBusy).minutes, 9);
}

TEST_F(UsageBookTest, StatementsSentAheadRunOneAfterTheOther) {
  const auto a = talk_.LogIn(Ten(1, 0, 1), "shop", 0);
  for (int i = 0; i < 5; ++i) talk_.Ask(a, 1);
  for (int i = 0; i < 5; ++i) talk_.Answer(a, 2 + i);
  book_.Finish();
  EXPECT_EQ(Of(M::kRunning).peak, 1);
  EXPECT_EQ(Of(M::kLongest).peak, 1);
}

TEST_F(UsageBookTest, ASourceThatNeverWorksIsNobodyToLearnFrom) {
  for (int i = 0; i < 300; ++i) talk_.Connect(Ten(9, 0, 1), 1);
  const auto a = talk_.LogIn(Ten(1, 0, 1), "shop", 2);
  talk_.Run(a, 3, 0.1);
  book_.Finish();
  EXPECT_EQ(Of(SourceMeasure::kConnects).peak, 1);
  EXPECT_EQ(Of(SourceMeasure::kConnections).peak, 1);
}

TEST_F(UsageBookTest, TheFirstBurstOfOneThatWorksLaterCounts) {
  std::vector<ConnectionId> pool;
  for (int i = 0; i < 20; ++i) pool.push_back(talk_.LogIn(Ten(1, 0, 1), "shop", 1));
  talk_.Run(pool[0], 300, 0.1);
  book_.Finish();
  EXPECT_EQ(Of(SourceMeasure::kConnects).peak, 20);
  EXPECT_EQ(Of(SourceMeasure::kConnections).peak, 20);
  EXPECT_EQ(Of(SourceMeasure::kLogins).peak, 20);
}

TEST_F(UsageBookTest, WhatTheLiveGateRefusedIsNoUse) {
  const ConnectionId id = talk_.Connect(Ten(1, 0, 1), 0);
  Told refused;
  refused.of = Told::Of::kVerdict;
  refused.kind = static_cast<std::uint8_t>(Verdict::Kind::kRefuse);
  talk_.Tell(id, 1, event::Login{{.user = "shop", .database = {}}}, refused);
  talk_.Tell({0, 99}, 1, event::Accepted{Ten(1, 0, 2), Arrival::kDirect}, refused);
  book_.Finish();
  EXPECT_TRUE(book_.Groups().empty());
}

TEST_F(UsageBookTest, UsersAndNetworksAreGroups) {
  talk_.Run(talk_.LogIn(Ten(1, 0, 1), "shop", 0), 1, 0.1);
  talk_.Run(talk_.LogIn(Ten(1, 7, 1), "shop", 0), 1, 0.1);
  talk_.Run(talk_.LogIn(Ten(2, 0, 1), "shop", 0), 1, 0.1);
  talk_.Run(talk_.LogIn(Ten(1, 0, 1), "reports", 0), 1, 0.1);
  book_.Finish();
  const auto groups = book_.Groups();
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0].user, "reports");
  EXPECT_EQ(groups[1].sources.size(), 2U);
}

TEST_F(UsageBookTest, AnotherUserOnTheSameConnectionTakesItsSlot) {
  const auto a = talk_.LogIn(Ten(1, 0, 1), "shop", 0);
  talk_.Tell(a, 5, event::ChangeUser{{.user = "reports", .database = {}}});
  talk_.Tell(a, 5, event::LoginOk{});
  talk_.Run(a, 6, 0.1);
  talk_.Leave(a, 7);
  book_.Finish();
  const auto groups = book_.Groups();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].Of(M::kSlots).Of({}).peak, 1);
  EXPECT_EQ(groups[0].statements, 1U);
  EXPECT_EQ(groups[1].statements, 0U);
}

TEST_F(UsageBookTest, GroupsAreBounded) {
  for (std::size_t i = 0; i < UsageBook::kMostGroups + 50; ++i) {
    talk_.LogIn(Ten(1, 0, 1), "user" + std::to_string(i), 1);
  }
  book_.Finish();
  EXPECT_EQ(book_.Groups().size(), UsageBook::kMostGroups);
  EXPECT_EQ(book_.left_out(), 50U);
}

}  // namespace
}  // namespace headgate::testing
