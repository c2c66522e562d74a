#include "policies/rate_series.h"

#include <gtest/gtest.h>

#include <chrono>

namespace headgate {
namespace {

constexpr std::size_t kOne = 0, kFive = 4;  // of kRates

// A minute with so many in each of its first seconds, put to the series.
class RateSeriesTest : public ::testing::Test {
 protected:
  void Minutes(Minute minute, int seconds, int in_each) {
    RateHighs highs;
    for (int s = 0; s < seconds; ++s) {
      for (int i = 0; i < in_each; ++i) {
        highs.Raise(meter_.Add(Time(std::chrono::seconds(minute * 60 + s))));
      }
    }
    series_.Add(minute, highs);
  }

  RateMeter meter_;
  RateSeries series_;
};

TEST_F(RateSeriesTest, SaysTheMostOfEachSecond) {
  Minutes(10, 3, 5);
  Minutes(11, 0, 0);
  Minutes(12, 1, 7);
  EXPECT_EQ(series_.seconds().Of({}).peak, 7);
  EXPECT_EQ(series_.seconds().minutes(), 2);
}

TEST_F(RateSeriesTest, ABurstIsWhatTheRateDoesNotDrain) {
  ASSERT_EQ(kRates[kFive], 5);
  Minutes(0, 20, 10);
  EXPECT_EQ(series_.BurstOf(6, {}), 10);  // all of it at the rate
  EXPECT_EQ(series_.BurstOf(kFive, {}), 200 - 19 * 5);
  EXPECT_EQ(series_.BurstOf(kOne, {}), 200 - 19);
}

TEST_F(RateSeriesTest, MinutesOneAfterTheOtherAddUp) {
  for (Minute m = 0; m < 3; ++m) Minutes(m, 60, 6);
  EXPECT_EQ(series_.BurstOf(kFive, {}), 6 + 179);
  // A pause lets it drain.
  Minutes(30, 60, 6);
  EXPECT_EQ(series_.BurstOf(kFive, {}), 6 + 179);
}

TEST_F(RateSeriesTest, WhatIsSetAsideLeavesNoDebt) {
  Minutes(0, 60, 2);
  Minutes(119, 60, 500);
  Minutes(120, 60, 2);
  EXPECT_GT(series_.BurstOf(kOne, {}), 20'000);
  MinuteSet aside;
  aside.Add(60, 120);
  EXPECT_EQ(series_.BurstOf(kOne, aside), 2 + 59);
}

TEST_F(RateSeriesTest, IsBounded) {
  const auto most = static_cast<Minute>(MinuteSeries::kMost);
  for (Minute m = 0; m < 2 * most; ++m) Minutes(m, 1, 1);
  EXPECT_EQ(series_.seconds().minutes(), most);
  EXPECT_LT(series_.entries(), 20 * MinuteSeries::kMost / 60);
}

}  // namespace
}  // namespace headgate
