// What known-good pairs are kept, and that nobody gains what another's history earned.
#include <gtest/gtest.h>

#include "tests/policies/known_good_fixture.h"

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// The n-th of 100 addresses in 50 wide prefixes.
Address Foreign(int n) {
  return V4(66, static_cast<std::uint8_t>(n / 2), static_cast<std::uint8_t>(n % 2), 7);
}

TEST_F(KnownGoodTest, WhatIsKeptIsWhatIsUsedAtOnce) {
  WorkFor(9, web1_, 14);
  EXPECT_EQ(ReserveOf(web1_), 0U);  // on the way
  WorkFor(1, web1_, 14);
  EXPECT_EQ(ReserveOf(web1_), 14U);
  WorkFor(600, web1_, 14);
  EXPECT_EQ(ReserveOf(web1_), 14U);
}

TEST_F(KnownGoodTest, APoolThatLogsInWithinOneMinuteHasItAll) {
  limits_.minutes = 1;
  Work(web1_, 28);
  EXPECT_EQ(ReserveOf(web1_), 28U);
  PassMinute();
  Work(web1_, 28);
  EXPECT_EQ(ReserveOf(web1_), 28U);
}

TEST_F(KnownGoodTest, IdleSessionsEarnNothing) {
  Work(web1_, 100);
  PassMinute();
  WorkFor(300, web1_, 2);
  EXPECT_EQ(ReserveOf(web1_), 2U);
}

// PHP without a pool: sessions come and go, 3,000 a minute, 6 at a time.
TEST_F(KnownGoodTest, ShortSessionsCountAsManyAsAreThereAtOnce) {
  for (int minute = 0; minute < 60; ++minute, PassMinute()) {
    for (int i = 0; i < 500; ++i) {
      for (int s = 0; s < 6; ++s) k_.OnStatement(web1_, limits_, now_, true, /*first=*/true);
      for (int s = 0; s < 6; ++s) k_.OnSessionEnded(web1_);
    }
  }
  EXPECT_EQ(ReserveOf(web1_), 6U);
}

TEST_F(KnownGoodTest, ReconnectingEarnsNothing) {
  for (int minute = 0; minute < 60; ++minute, PassMinute()) {
    for (int i = 0; i < 100; ++i) {
      Work(web1_, 1);
      Leave(web1_, 1);
    }
  }
  EXPECT_EQ(ReserveOf(web1_), 1U);
}

// The gate started under attack: nobody saw the pool's sessions begin.
TEST_F(KnownGoodTest, APoolThatLoggedInAboveCalmEarnsWhenItIsCalm) {
  calm_ = false;
  WorkFor(30, web1_, 28);
  EXPECT_EQ(k_.candidates(), 0U);
  calm_ = true;
  WorkFor(10, web1_, 28);
  EXPECT_EQ(ReserveOf(web1_), 28U);
}

TEST_F(KnownGoodTest, FrozenAboveCalm) {
  WorkFor(20, web1_, 10);
  calm_ = false;
  WorkFor(24 * 60, web1_, 90);
  EXPECT_EQ(ReserveOf(web1_), 10U);
  EXPECT_EQ(k_.Export(now_)[0].minutes, 20U);
  calm_ = true;
  Work(web1_, 90);
  EXPECT_LE(ReserveOf(web1_), 11U);  // begins to grow again, no faster than ever
}

TEST_F(KnownGoodTest, GrowsByAQuarterAnHourAtMost) {
  WorkFor(24 * 60, web1_, 20);
  std::uint32_t before = ReserveOf(web1_);
  EXPECT_EQ(before, 20U);
  // Growth leaves it room to use at once; from there on by the hour.
  WorkFor(5 * 60, web1_, 100);
  before = ReserveOf(web1_);
  for (int hour = 0; hour < 8; ++hour) {
    WorkFor(60, web1_, 100);
    EXPECT_LE(ReserveOf(web1_), before + std::max(before / 4 + 1, 1U)) << hour;
    before = ReserveOf(web1_);
  }
  WorkFor(24 * 60, web1_, 100);
  EXPECT_GE(ReserveOf(web1_), 100U);
}

TEST_F(KnownGoodTest, GrowsByOneAnHourWhereAQuarterIsLess) {
  WorkFor(10, web1_, 1);
  EXPECT_EQ(ReserveOf(web1_), 1U);
  WorkFor(59, web1_, 60);
  EXPECT_EQ(ReserveOf(web1_), 1U);
  WorkFor(2, web1_, 60);
  EXPECT_EQ(ReserveOf(web1_), 2U);
  WorkFor(60, web1_, 63);
  EXPECT_EQ(ReserveOf(web1_), 3U);
}

TEST_F(KnownGoodTest, APoolThatGrowsByDayHasItsDayByTheSecondNoon) {
  const auto day = [&] {
    WorkFor(12 * 60, web1_, 40);
    Leave(web1_, 35);
    WorkFor(12 * 60, web1_, 5);
  };
  WorkFor(12 * 60, web1_, 5);
  EXPECT_EQ(ReserveOf(web1_), 5U);
  day();
  const std::uint32_t first = ReserveOf(web1_);
  EXPECT_GT(first, 20U);
  WorkFor(6 * 60, web1_, 40);
  EXPECT_GE(ReserveOf(web1_), 40U);
  EXPECT_LE(ReserveOf(web1_), 45U);
  day();
  EXPECT_GE(ReserveOf(web1_), 40U);  // by night as well: it is for the next day
}

TEST_F(KnownGoodTest, SilentForAWeekItHasNoReserveUntilItSpeaks) {
  WorkFor(60, web1_, 14);
  now_ += KnownGood::kDemandKept;
  EXPECT_EQ(ReserveOf(web1_), 0U);
  EXPECT_TRUE(k_.IsKnownGood(web1_));
  Work(web1_, 1);
  EXPECT_EQ(ReserveOf(web1_), 14U);
}

TEST_F(KnownGoodTest, AHostThatWasReplacedComesAfterAllOthersUntilItWorksAgain) {
  WorkFor(60, web1_, 63);
  WorkFor(60, web2_, 63);
  EXPECT_EQ(ReserveOf(web1_), 57U);
  WorkFor(1, web2_, 63);
  EXPECT_EQ(ReserveOf(web1_), kSlots - 63);
  EXPECT_EQ(ReserveOf(web2_), 63U);
  Work(web1_, 1);
  EXPECT_EQ(ReserveOf(web1_), 57U);
}

TEST_F(KnownGoodTest, OverAWeekendAllKeepTheirRank) {
  const PairKey weak = Pair(Foreign(0), "intern");
  WorkFor(600, web1_, 100);
  now_ += hours(62);
  WorkFor(20, weak, 100);
  EXPECT_GE(ReserveOf(web1_), 100U);
}

// The app: 14 sessions on each of two hosts.
class Attacked : public KnownGoodTest {
 protected:
  void AppWorks() {
    Work(web1_, 14);
    Work(web2_, 14);
  }
  // A weak account on `hosts` beside the app from the first minute: within an hour from 1 to 100
  // sessions, then all of them idle but for `awake`. Returns what it was kept at most.
  std::uint32_t Poison(int hosts, std::uint32_t awake, int hours_after) {
    std::uint32_t most = 0;
    for (int minute = 0; minute < 60 * (1 + hours_after); ++minute, PassMinute()) {
      AppWorks();
      const auto ramp = static_cast<std::uint32_t>(1 + minute * 99 / 59);
      const std::uint32_t sessions = minute < 60 ? ramp : awake;
      for (std::uint32_t s = 0; s < sessions; ++s) ++active_[s % hosts];
      for (int h = 0; h < hosts; ++h) Work(Pair(Foreign(h), "intern"), active_[h]);
      active_.fill(0);
      if (minute < 9) continue;
      EXPECT_EQ(ReserveOfUser("shop"), 28U) << minute;
      EXPECT_LE(SlotsOf(Reserves()), kSlots);
      most = std::max(most, ReserveOfUser("intern"));
    }
    return most;
  }

 private:
  std::array<std::uint32_t, 100> active_{};
};

TEST_F(Attacked, APoisonerGainsNothingOfTheApplicationsReserve) {
  // What it showed in its first minutes, and growth for the hour in which it worked.
  EXPECT_LE(Poison(1, 0, 12), 14U);
}

TEST_F(Attacked, NorByKeepingAFewOfItsHoardAwake) { EXPECT_LE(Poison(1, 3, 48), kSlots - 28); }

TEST_F(Attacked, NorFromAHundredAddresses) { EXPECT_LE(Poison(100, 0, 12), kSlots - 28); }

TEST_F(Attacked, NorFromAHundredAddressesThatWorkForDays) {
  EXPECT_EQ(Poison(100, 100, 6), kSlots - 28);
}

// The app's own account, from elsewhere, after ten minutes: who was there keeps what it has, that
// hour and a week later.
TEST_F(Attacked, TheApplicationsOwnAccountFromElsewhereGetsWhatIsLeft) {
  for (int i = 0; i < 10; ++i, PassMinute()) AppWorks();
  for (int minute = 0; minute < 7 * 24 * 60; ++minute, PassMinute()) {
    AppWorks();
    if (minute > 120 && minute % 60 != 0) continue;  // to save time
    for (int h = 0; h < 100; ++h) Work(Pair(Foreign(h), "shop"), 5);
    ASSERT_EQ(ReserveOf(web1_), 14U) << minute;
    ASSERT_EQ(ReserveOf(web2_), 14U) << minute;
  }
  EXPECT_EQ(SlotsOf(Reserves()), kSlots);
}

// Pods are replaced daily by others of the same prefix, under new addresses; a weak account stays.
TEST_F(Attacked, NewPodsOfTheApplicationInheritItsAge) {
  for (int day = 0; day < 12; ++day) {
    const PairKey pod = Pair(V4(10, 0, 0, static_cast<std::uint8_t>(10 + day)), "shop");
    const PairKey weak = Pair(Foreign(0), "intern");
    for (int minute = 0; minute < 60; ++minute, PassMinute()) {
      Work(pod, 28);
      if (day > 0) Work(weak, 113);
    }
    ASSERT_EQ(ReserveOf(pod), 28U) << day;
    now_ += hours(23);
  }
}

}  // namespace
}  // namespace headgate
