#include "net/firewall_pace.h"

#include <gtest/gtest.h>

namespace headgate::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Work = FirewallPace::Work;

constexpr Time kNow{hours(5)};

TEST(FirewallPace, LooksFirstThenPushesWhatChanges) {
  FirewallPace pace(seconds(10));
  EXPECT_EQ(pace.Next(kNow, 1, false, kNever), Work::kReconcile);
  pace.Done(Work::kReconcile, 1, kNow, kNow, true);
  EXPECT_EQ(pace.Next(kNow, 1, true, kNever), Work::kNothing);
  EXPECT_EQ(pace.Next(kNow, 2, true, kNever), Work::kPush);
  pace.Done(Work::kPush, 2, kNow, kNow, true);
  EXPECT_EQ(pace.Next(kNow + seconds(9), 2, true, kNever), Work::kNothing);
  EXPECT_EQ(pace.Next(kNow + seconds(9), 2, true, kNow + seconds(9)), Work::kPush);
  EXPECT_EQ(pace.Next(kNow + seconds(10), 2, true, kNever), Work::kReconcile);
}

TEST(FirewallPace, ReadingBackIsATenthOfTheTimeAtMost) {
  FirewallPace pace(seconds(10));
  const Time ended = kNow + seconds(3);
  pace.Done(Work::kReconcile, 1, kNow, ended, true);
  EXPECT_EQ(pace.Next(ended + seconds(26), 1, true, kNever), Work::kNothing);
  EXPECT_EQ(pace.Next(ended + seconds(27), 1, true, kNever), Work::kReconcile);
}

TEST(FirewallPace, WhoWasBannedWhileItReadNeedNotWait) {
  FirewallPace pace(seconds(10));
  const Time ended = kNow + seconds(3);
  pace.Done(Work::kReconcile, 1, kNow, ended, true);
  EXPECT_EQ(pace.Next(ended, 2, true, kNever), Work::kPush);
}

TEST(FirewallPace, PushingIsAQuarterOfTheTimeAtMost) {
  FirewallPace pace(seconds(100));
  pace.Done(Work::kReconcile, 1, kNow, kNow, true);
  pace.Done(Work::kPush, 2, kNow, kNow + seconds(1), true);
  EXPECT_EQ(pace.Next(kNow + milliseconds(3999), 3, true, kNever), Work::kNothing);
  EXPECT_EQ(pace.Next(kNow + seconds(4), 3, true, kNever), Work::kPush);
}

TEST(FirewallPace, RestsLongerWhileItFails) {
  FirewallPace pace(seconds(10));
  Time now = kNow;
  for (const int rest : {1, 2, 4, 8, 16, 30, 30}) {
    pace.Done(Work::kReconcile, 1, now, now, false);
    EXPECT_EQ(pace.Next(now + seconds(rest) - milliseconds(1), 2, false, kNever), Work::kNothing);
    now += seconds(rest);
    EXPECT_EQ(pace.Next(now, 2, false, kNever), Work::kReconcile);
  }
  pace.Done(Work::kReconcile, 2, now, now, true);
  pace.Done(Work::kPush, 2, now, now, false);
  EXPECT_EQ(pace.Next(now + seconds(1), 2, false, kNever), Work::kReconcile);
}

TEST(FirewallPace, NoFailureIsALongRest) {
  FirewallPace pace(seconds(10));
  pace.Done(Work::kPush, 1, kNow, kNow + seconds(60), false);
  const Time ended = kNow + seconds(60);
  EXPECT_EQ(pace.Next(ended + milliseconds(29999), 1, false, kNever), Work::kNothing);
  EXPECT_EQ(pace.Next(ended + seconds(30), 1, false, kNever), Work::kReconcile);
}

TEST(FirewallQuarrel, IsToldAtTheThirdLookAndThenOnceAnHour) {
  FirewallQuarrel quarrel;
  Time now = kNow;
  const auto look = [&](bool drifted) { return quarrel.Look(now += seconds(10), drifted); };
  for (const bool drifted : {true, true, false, true, true}) EXPECT_FALSE(look(drifted));
  EXPECT_TRUE(look(true));
  for (int i = 0; i < 359; ++i) EXPECT_FALSE(look(true));
  EXPECT_TRUE(look(true));
  // It stops, and a single change after an hour is none.
  now += hours(2);
  EXPECT_FALSE(look(false));
  EXPECT_FALSE(look(true));
}

}  // namespace
}  // namespace headgate::net
