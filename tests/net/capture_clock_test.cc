#include "net/capture_clock.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace headgate::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kNoon{seconds(1'700'000'000)};

// Stamps relative to noon in, times relative to noon out.
std::vector<Duration> Told(CaptureClock& clock, const std::vector<Duration>& stamps) {
  std::vector<Duration> told;
  for (const Duration stamp : stamps) told.push_back(clock.Take(kNoon + stamp) - kNoon);
  return told;
}
using Times = std::vector<Duration>;

TEST(CaptureClock, TimeThatGoesOnIsAsItWas) {
  CaptureClock clock;
  const Times times{seconds(0), milliseconds(5), milliseconds(5), seconds(3), hours(7), hours(8)};
  EXPECT_EQ(Told(clock, times), times);
  EXPECT_EQ(clock.steps(), 0U);
  EXPECT_EQ(clock.moved(), 0U);
}

TEST(CaptureClock, ALittleOutOfOrderIsTheTimeBefore) {
  CaptureClock clock;
  EXPECT_EQ(Told(clock, {seconds(1), milliseconds(998), milliseconds(1001)}),
            (Times{seconds(1), seconds(1), milliseconds(1001)}));
  EXPECT_EQ(clock.steps(), 0U);
  EXPECT_EQ(clock.moved(), 0U);
}

TEST(CaptureClock, AClockSetBackMovesWhatFollows) {
  CaptureClock clock;
  EXPECT_EQ(
      Told(clock, {seconds(0), -minutes(10), -minutes(10) + seconds(1), -minutes(10) + seconds(4)}),
      (Times{seconds(0), seconds(0), seconds(1), seconds(4)}));
  EXPECT_EQ(clock.steps(), 1U);
  EXPECT_EQ(clock.moved(), 3U);
}

TEST(CaptureClock, TwoInterfacesWithClocksOfTheirOwnDoNotMakeTimeRace) {
  CaptureClock clock;
  Duration last{};
  for (int i = 0; i < 1000; ++i) {
    last = clock.Take(kNoon + milliseconds(i * 10)) - kNoon;
    last = clock.Take(kNoon + milliseconds(i * 10 + 3) - seconds(5)) - kNoon;
  }
  EXPECT_LT(last, seconds(11));
  EXPECT_EQ(clock.steps(), 1U);
}

TEST(CaptureClock, OneStampFromFarAheadIsNotBelieved) {
  CaptureClock clock;
  EXPECT_EQ(Told(clock, {seconds(0), hours(24 * 365 * 5), seconds(1), seconds(2)}),
            (Times{seconds(0), seconds(0), seconds(1), seconds(2)}));
  EXPECT_EQ(clock.moved(), 1U);
  EXPECT_EQ(clock.steps(), 0U);
}

TEST(CaptureClock, AfterDaysOfSilenceTimeHasGoneOn) {
  CaptureClock clock;
  EXPECT_EQ(Told(clock, {seconds(0), hours(50), hours(50) + seconds(1)}),
            (Times{seconds(0), seconds(0), hours(50) + seconds(1)}));
}

TEST(CaptureClock, WhateverIsStampedTimeNeverGoesBack) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    CaptureClock clock;
    Time last{};
    for (int i = 0; i < 300; ++i) {
      const auto span = std::uint64_t{1} << random() % 64;
      const auto stamp = static_cast<std::int64_t>(random() % span % 9'200'000'000'000'000'001);
      const Time at = clock.Take(Time(Duration(stamp)));
      ASSERT_GE(at, last);
      ASSERT_LE(at, CaptureClock::kEnd);
      last = at;
    }
  }
}

}  // namespace
}  // namespace headgate::net
