#include "policies/usage_book.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "policies/engine.h"
#include "tests/policies/usage_fixture.h"

namespace headgate::testing {
namespace {

using M = GroupMeasure;

class UsageBookTest : public ::testing::Test {
 protected:
  const UsageGroup& Group(std::size_t i = 0) { return *book_.Groups().at(i); }
  MinuteSeries::Summary Of(M m) { return Group().Of(m).Of({}); }
  double Peak(const RateSeries& series) { return Peak(series.seconds()); }
  double Peak(const MinuteSeries& series) { return series.Of({}).peak; }

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
  EXPECT_EQ(Group().Sources().size(), 2U);
  EXPECT_EQ(Group().logins(), 3U);
}

TEST_F(UsageBookTest, WhatLastsCountsInEveryMinute) {
  const auto a = talk_.LogIn(Ten(1, 0, 1), "shop", 0);
  talk_.Run(a, 1, 0.1);
  talk_.Run(a, 3600, 0.1);
  book_.Finish();
  EXPECT_EQ(Of(M::kSlots).minutes, 61);
  EXPECT_EQ(Group().commands().seconds().minutes(), 2);
}

TEST_F(UsageBookTest, CommandsOfABusySecond) {
  const auto a = talk_.LogIn(Ten(1, 0, 1), "shop", 0);
  const auto b = talk_.LogIn(Ten(1, 0, 2), "shop", 0);
  talk_.Run(a, 1, 0.1);
  talk_.Run(b, 2, 0.1);
  for (int i = 0; i < 8; ++i) talk_.Run(a, 10 + i * 0.1, 0.01);
  for (int i = 0; i < 3; ++i) talk_.Run(b, 10.85 + i * 0.02, 0.01);
  for (int i = 0; i < 4; ++i) talk_.Run(a, 15 + i, 0.01);
  book_.Finish();
  EXPECT_EQ(Peak(Group().commands()), 11);
  EXPECT_EQ(Peak(Group().source_commands()), 8);
  // At a rate of one a second: in seconds 10, 15, 16, 17, 18.
  EXPECT_EQ(Group().commands().BurstOf(0, {}), 11);
  EXPECT_EQ(Group().statements(), 17U);
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
  talk_.Run(a, 1, 0.1);
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
  EXPECT_EQ(Peak(book_.sources().connects()), 1);
  EXPECT_EQ(Peak(book_.sources().connections()), 1);
}

TEST_F(UsageBookTest, TheFirstBurstOfOneThatWorksLaterCounts) {
  std::vector<ConnectionId> pool;
  for (int i = 0; i < 20; ++i) pool.push_back(talk_.LogIn(Ten(1, 0, 1), "shop", 1));
  talk_.Run(pool[0], 300, 0.1);
  book_.Finish();
  EXPECT_EQ(Peak(book_.sources().connects()), 20);
  EXPECT_EQ(Peak(book_.sources().connections()), 20);
  EXPECT_EQ(Peak(book_.sources().logins()), 20);
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
  ASSERT_EQ(book_.Groups().size(), 3U);
  EXPECT_EQ(Group(0).user(), "reports");
  EXPECT_EQ(Group(1).Sources().size(), 2U);
}

TEST_F(UsageBookTest, AnotherUserOnTheSameConnectionTakesItsSlot) {
  const auto a = talk_.LogIn(Ten(1, 0, 1), "shop", 0);
  talk_.Tell(a, 5, event::ChangeUser{{.user = "reports", .database = {}}});
  talk_.Tell(a, 5, event::LoginOk{});
  talk_.Run(a, 6, 0.1);
  talk_.Leave(a, 7);
  book_.Finish();
  ASSERT_EQ(book_.Groups().size(), 2U);
  EXPECT_EQ(Peak(Group(0).Of(M::kSlots)), 1);
  EXPECT_EQ(Group(0).statements(), 1U);
  EXPECT_EQ(Group(1).statements(), 0U);
}

TEST_F(UsageBookTest, ASlotStaysWithTheUserBeforeUntilTheServerHasSaidOk) {
  const auto a = talk_.LogIn(Ten(1, 0, 1), "shop", 0);
  talk_.Run(a, 1, 0.1);
  talk_.Tell(a, 5, event::ChangeUser{{.user = "root", .database = {}}});
  talk_.Tell(a, 600, event::LoginFailed{LoginFailure::kAccessDenied});
  talk_.Leave(a, 601);
  book_.Finish();
  ASSERT_EQ(book_.Groups().size(), 1U);
  EXPECT_EQ(Of(M::kSlots).minutes, 11);
}

TEST_F(UsageBookTest, NamesThatAreOnlyClaimedTakeNoPlace) {
  for (unsigned i = 0; i < 300; ++i) {
    const auto id = talk_.Connect(Ten(i % 200, 0, 1), i);
    talk_.Tell(id, i, event::Login{{.user = "admin" + std::to_string(i), .database = {}}});
    talk_.Tell(id, i, event::LoginFailed{LoginFailure::kAccessDenied});
    talk_.Leave(id, i);
  }
  for (unsigned i = 0; i < 2 * UsageGroup::kMostMembers; ++i) {
    const auto id = talk_.Connect(Ten(1, i / 200, i % 200), 400);
    talk_.Tell(id, 400, event::Login{{.user = "shop", .database = {}}});
    talk_.Leave(id, 400);
  }
  talk_.Run(talk_.LogIn(Ten(1, 200, 1), "shop", 500), 501, 0.1);
  book_.Finish();
  ASSERT_EQ(book_.Groups().size(), 1U);
  EXPECT_EQ(Group().statements(), 1U);
  EXPECT_EQ(book_.left_out(), 0U);
}

// A weak account whose password is known in many networks.
TEST_F(UsageBookTest, WhoWorkedForAMinuteMakesRoomForWhoWorksLonger) {
  const auto night = talk_.LogIn(Ten(1, 0, 1), "night", 0);
  for (int m = 0; m < 40; ++m) talk_.Run(night, m * 60, 0.1);
  talk_.Leave(night, 2400);
  for (unsigned i = 0; i < UsageBook::kMostGroups + 50; ++i) {
    const auto id = talk_.LogIn(Ten(i % 250, 0, 2), "guest" + std::to_string(i), 3000 + i);
    talk_.Run(id, 3000 + i, 0.1);
    talk_.Leave(id, 3000.5 + i);
  }
  const auto late = talk_.LogIn(Ten(1, 0, 1), "reports", 5000);
  talk_.Run(late, 5000, 0.1);
  book_.Finish();
  const auto groups = book_.Groups();
  EXPECT_EQ(groups.size(), UsageBook::kMostGroups);
  const auto has = [&](const char* user) {
    return std::any_of(groups.begin(), groups.end(),
                       [&](const UsageGroup* g) { return g->user() == user; });
  };
  EXPECT_TRUE(has("night"));
  EXPECT_TRUE(has("reports"));
  EXPECT_EQ(book_.left_out(), 52U);  // and is told
}

// Idle sessions with a stolen password.
TEST_F(UsageBookTest, WhoLogsInAndNeverWorksIsNobodyToLearnFrom) {
  const auto a = talk_.LogIn(Ten(1, 0, 1), "shop", 0);
  talk_.Run(a, 1, 0.1);
  for (int i = 0; i < 100; ++i) {
    const auto idle = talk_.LogIn(Ten(1, 0, 66), "shop", 10);
    talk_.Ask(idle, 11);
    AnswerFacts failed;
    failed.command = CommandKind::kQuery;
    failed.error = 1064;
    talk_.Tell(idle, 11.5, event::Answer{failed});
  }
  book_.Finish();
  EXPECT_EQ(Of(M::kSlots).peak, 1);
  EXPECT_EQ(Of(M::kRunning).peak, 1);
  EXPECT_EQ(Peak(Group().commands()), 1);
  EXPECT_LT(Of(M::kBusy).peak, 0.1);
  EXPECT_EQ(Peak(book_.sources().logins()), 1);
  EXPECT_EQ(Peak(book_.sources().prefix_connections()), 1);
  EXPECT_EQ(Group().Sources().size(), 1U);
}

TEST_F(UsageBookTest, WhatOneDidBeforeItWorkedCountsOnceItDoes) {
  std::vector<ConnectionId> pool;
  for (int i = 0; i < 20; ++i) pool.push_back(talk_.LogIn(Ten(1, 0, 1), "shop", 1));
  for (int i = 1; i < 20; ++i) talk_.Leave(pool[static_cast<std::size_t>(i)], 100);
  talk_.Run(pool[0], 300, 0.1);
  book_.Finish();
  EXPECT_EQ(Of(M::kSlots).peak, 20);
  EXPECT_EQ(Peak(book_.sources().prefix_connections()), 20);
}

TEST_F(UsageBookTest, ThoseThatWereThereWhenTheTraceBeganAreNoBurst) {
  for (std::uint64_t i = 0; i < 100; ++i) {
    const ConnectionId id{1, i};
    talk_.Tell(id, 0, event::Accepted{Ten(1, 0, 1), Arrival::kDirect, true});
    talk_.Tell(id, 0, event::Login{{.user = "shop", .database = {}}});
    talk_.Tell(id, 0, event::LoginOk{});
    talk_.Run(id, 10, 0.1);
  }
  book_.Finish();
  EXPECT_EQ(Peak(book_.sources().connects()), 0);
  EXPECT_EQ(Peak(book_.sources().logins()), 0);
  EXPECT_EQ(Peak(book_.sources().connections()), 100);
  EXPECT_EQ(Of(M::kSlots).peak, 100);
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
