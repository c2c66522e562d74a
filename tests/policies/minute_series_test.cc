#include "policies/minute_series.h"

#include <gtest/gtest.h>

namespace headgate {
namespace {

TEST(MinuteSeries, WhereThereWasNothingHasNoPart) {
  MinuteSeries series;
  for (Minute m = 0; m < 100; ++m) series.Add(10 * m, 10 * m + 1, 5);
  series.Add(2000, 3000, 0);
  const auto seen = series.Of({});
  EXPECT_EQ(seen.minutes, 100);
  EXPECT_EQ(seen.peak, 5);
  EXPECT_EQ(seen.p999, 5);
  EXPECT_EQ(seen.first, 0);
  EXPECT_EQ(seen.last, 990);
}

TEST(MinuteSeries, OneMinuteInAThousandIsAboveTheQuantile) {
  MinuteSeries series;
  series.Add(0, 1998, 10);
  series.Add(1998, 1999, 50);
  series.Add(1999, 2000, 70);
  const auto seen = series.Of({});
  EXPECT_EQ(seen.peak, 70);
  EXPECT_EQ(seen.peak_at, 1999);
  EXPECT_EQ(seen.p999, 10);
}

TEST(MinuteSeries, OfLittleTheQuantileIsThePeak) {
  MinuteSeries series;
  series.Add(0, 998, 10);
  series.Add(998, 999, 70);
  EXPECT_EQ(series.Of({}).p999, 70);
}

TEST(MinuteSeries, WhatIsSetAsideDoesNotCount) {
  MinuteSeries series;
  series.Add(0, 60, 3);
  series.Add(60, 120, 900);
  series.Add(120, 180, 4);
  MinuteSet aside;
  aside.Add(60, 120);
  const auto seen = series.Of(aside);
  EXPECT_EQ(seen.peak, 4);
  EXPECT_EQ(seen.minutes, 120);
}

TEST(MinuteSeries, DaysAreThoseThatHaveMinutes) {
  MinuteSeries series;
  series.Add(0, 1, 1);
  series.Add(10, 11, 1);
  series.Add(3 * kMinutesOfDay + 5, 3 * kMinutesOfDay + 6, 1);
  EXPECT_EQ(series.Of({}).days, 2U);
}

TEST(MinuteSeries, TheWeekBeginsOnMonday) {
  // 1970-01-05 was a Monday.
  EXPECT_EQ(HourOfWeek(4 * kMinutesOfDay), 0U);
  EXPECT_EQ(HourOfWeek(0), 72U);
  MinuteSeries series;
  series.Add(4 * kMinutesOfDay + 60, 4 * kMinutesOfDay + 180, 7);
  const auto week = series.Week({});
  EXPECT_EQ(week[0], 0);
  EXPECT_EQ(week[1], 7);
  EXPECT_EQ(week[2], 7);
  EXPECT_EQ(week[3], 0);
}

TEST(MinuteSeries, IsBounded) {
  MinuteSeries series;
  const auto most = static_cast<Minute>(MinuteSeries::kMost);
  for (Minute m = 0; m < 2 * most; ++m) series.Add(m, m + 1, 1 + m % 2);
  EXPECT_EQ(series.Of({}).minutes, most);
  EXPECT_EQ(series.Of({}).first, most);
}

TEST(MinuteSeries, AStretchOfAThousandYearsIsCutToItsEnd) {
  MinuteSeries series;
  const auto most = static_cast<Minute>(MinuteSeries::kMost);
  series.Add(0, 10, 3);
  series.Add(10, 1000 * 365 * kMinutesOfDay, 1);
  EXPECT_EQ(series.Of({}).minutes, most);
  EXPECT_EQ(series.Of({}).peak, 1);
  EXPECT_EQ(series.Of({}).last, 1000 * 365 * kMinutesOfDay - 1);
}

TEST(MinuteSet, HoldsWhatIsBetweenItsEnds) {
  MinuteSet set;
  EXPECT_FALSE(set.Contains(0));
  set.Add(10, 20);
  set.Add(30, 31);
  EXPECT_FALSE(set.Contains(9));
  EXPECT_TRUE(set.Contains(10));
  EXPECT_TRUE(set.Contains(19));
  EXPECT_FALSE(set.Contains(20));
  EXPECT_TRUE(set.Contains(30));
  EXPECT_FALSE(set.Contains(31));
}

}  // namespace
}  // namespace headgate
