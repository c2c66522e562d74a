#include "policies/hour_counts.h"

#include <gtest/gtest.h>

#include "policies/keyed_hash.h"

namespace headgate {
namespace {

// A day of an application: little at night, `factor` times so much by day.
void Day(HourCounts& hours, int day, double factor = 1) {
  for (int h = 0; h < 24; ++h) {
    const double n = (h < 8 ? 200 : 4000 + 100 * ((day * 7 + h) % 5)) * factor;
    hours.Add(HourMeasure::kConnects, day * kMinutesOfDay + h * kMinutesOfHour, n);
  }
}

TEST(HourCounts, DaysLikeOneAnotherHoldNothingUnusual) {
  HourCounts hours;
  for (int day = 0; day < 7; ++day) Day(hours, day);
  EXPECT_TRUE(hours.CanTell());
  EXPECT_TRUE(hours.Unusual().empty());
}

TEST(HourCounts, OneHourOfAFloodStandsOut) {
  HourCounts hours;
  for (int day = 0; day < 6; ++day) Day(hours, day);
  const Minute at = 6 * kMinutesOfDay + 3 * kMinutesOfHour;
  hours.Add(HourMeasure::kConnects, at, 90'000);
  const auto found = hours.Unusual();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].from, at);
  EXPECT_EQ(found[0].measure, HourMeasure::kConnects);
  EXPECT_EQ(found[0].value, 90'000);
  EXPECT_EQ(found[0].usual, 200);
}

TEST(HourCounts, AQuietDayIsNotUsual) {
  HourCounts hours;
  for (int day = 0; day < 7; ++day) Day(hours, day, day >= 5 ? 0.1 : 1);
  EXPECT_TRUE(hours.Unusual().empty());
}

TEST(HourCounts, FailedLoginsOutOfNothingStandOut) {
  HourCounts hours;
  for (int day = 0; day < 5; ++day) Day(hours, day);
  hours.Add(HourMeasure::kFailedLogins, 4 * kMinutesOfDay + 23 * kMinutesOfHour, 20);
  EXPECT_TRUE(hours.Unusual().empty());
  hours.Add(HourMeasure::kFailedLogins, 4 * kMinutesOfDay + 23 * kMinutesOfHour, 500);
  ASSERT_EQ(hours.Unusual().size(), 1U);
  EXPECT_EQ(hours.Unusual()[0].measure, HourMeasure::kFailedLogins);
}

TEST(HourCounts, SourcesAreCountedOnce) {
  HourCounts hours;
  const KeyedHash hash(1, 2);
  for (int day = 0; day < 5; ++day) {
    for (int h = 0; h < 24; ++h) {
      const Minute at = day * kMinutesOfDay + h * kMinutesOfHour;
      for (std::uint64_t i = 0; i < 200; ++i) {
        hours.AddSource(hash(Address::V4(static_cast<std::uint32_t>(i % 5))), at);
      }
    }
  }
  EXPECT_TRUE(hours.Unusual().empty());
  for (std::uint64_t i = 1; i < 3000; ++i) {
    hours.AddSource(hash(Address::V4(static_cast<std::uint32_t>(i))), 5 * kMinutesOfDay);
  }
  ASSERT_EQ(hours.Unusual().size(), 1U);
  EXPECT_EQ(hours.Unusual()[0].measure, HourMeasure::kSources);
  EXPECT_NEAR(hours.Unusual()[0].value, 3000, 300);
}

TEST(HourCounts, WhatIsLongAgoIsForgotten) {
  HourCounts hours;
  Day(hours, 0);
  Day(hours, 100 * 365);
  EXPECT_FALSE(hours.CanTell());
}

TEST(HourCounts, ThreeDaysCannotTell) {
  HourCounts hours;
  Day(hours, 0);
  Day(hours, 1);
  Day(hours, 2, 50);
  EXPECT_FALSE(hours.CanTell());
  EXPECT_TRUE(hours.Unusual().empty());
}

}  // namespace
}  // namespace headgate
