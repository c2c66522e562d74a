#include "policies/hour_counts.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

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
  EXPECT_EQ(hours.HowMany().compared, 7U * 24);
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
  EXPECT_EQ(hours.HowMany().compared, 0U);
}

constexpr Minute kWeek = kMinutesOfWeek;
Minute AtHour(int day, int hour) { return day * kMinutesOfDay + hour * kMinutesOfHour; }

// An application of which nothing is told but from 8 to 18 o'clock.
void OfficeDay(HourCounts& hours, int day) {
  for (int h = 8; h < 18; ++h) hours.Add(HourMeasure::kCommands, AtHour(day, h), 4000);
}

TEST(HourCounts, WhereNobodyLookedIsNotNothing) {
  HourCounts two_captures;
  for (const int day : {0, 4}) {
    for (const int h : {10, 11}) two_captures.Add(HourMeasure::kConnects, AtHour(day, h), 4000);
  }
  EXPECT_TRUE(two_captures.Unusual().empty());
  EXPECT_EQ(two_captures.HowMany().compared, 0U);
  HourCounts over_a_weekend;
  for (const int day : {4, 7, 8, 9, 10}) OfficeDay(over_a_weekend, day);
  EXPECT_TRUE(over_a_weekend.Unusual().empty());
  EXPECT_EQ(over_a_weekend.HowMany().compared, 50U);
  HourCounts from_friday;
  for (const int day : {4, 7}) OfficeDay(from_friday, day);
  EXPECT_TRUE(from_friday.Unusual().empty());
}

TEST(HourCounts, AQuietNightIsNothing) {
  HourCounts hours;
  for (int day = 0; day < 5; ++day) OfficeDay(hours, day);
  hours.Add(HourMeasure::kCommands, AtHour(4, 23), 9000);
  OfficeDay(hours, 5);
  ASSERT_EQ(hours.Unusual().size(), 1U);
  EXPECT_EQ(hours.Unusual()[0].from, AtHour(4, 23));
}

// Of a gate: its ticks say that it was there.
TEST(HourCounts, WhereSomebodyLookedThereWasNothing) {
  HourCounts hours;
  for (int h = 0; h < 5 * 24; ++h) hours.Told(AtHour(0, h));
  hours.Add(HourMeasure::kConnects, AtHour(5, 3), 4000);
  ASSERT_EQ(hours.Unusual().size(), 1U);
  EXPECT_EQ(hours.Unusual()[0].usual, 0);
}

// The backup of Sunday, so many weeks; in one of them something else as well.
HourCounts Backups(int weeks, int flooded = -1) {
  HourCounts hours;
  for (int hour = 0; hour < weeks * 7 * 24; ++hour) {
    hours.Add(HourMeasure::kConnects, AtHour(0, hour), 200);
    if (hour % (7 * 24) != 6 * 24 + 3) continue;
    const bool more = hour / (7 * 24) == flooded;
    hours.Add(HourMeasure::kRunningTime, AtHour(0, hour), more ? 90'000 : 9000);
  }
  return hours;
}

TEST(HourCounts, WhatComesEachWeekIsUsualOnceThereAreWeeksEnough) {
  EXPECT_EQ(Backups(3).Unusual().size(), 3U);
  EXPECT_TRUE(Backups(4).Unusual().empty());
  const HourCounts flooded = Backups(5, 3);
  ASSERT_EQ(flooded.Unusual().size(), 1U);
  EXPECT_EQ(flooded.Unusual()[0].from, 3 * kWeek + AtHour(6, 3));
}

TEST(HourCounts, ThreeDaysCannotTell) {
  HourCounts hours;
  Day(hours, 0);
  Day(hours, 1);
  Day(hours, 2, 50);
  EXPECT_EQ(hours.HowMany().compared, 0U);
  EXPECT_TRUE(hours.Unusual().empty());
}

TEST(HourMeasureTest, EachHasItsWords) {
  std::set<std::string> words;
  for (std::size_t m = 0; m < static_cast<std::size_t>(HourMeasure::kCount); ++m) {
    words.insert(Name(static_cast<HourMeasure>(m)));
  }
  EXPECT_EQ(words.size(), static_cast<std::size_t>(HourMeasure::kCount));
  EXPECT_FALSE(words.contains(""));
}

}  // namespace
}  // namespace headgate
