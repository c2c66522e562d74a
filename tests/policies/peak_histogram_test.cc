#include "policies/peak_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace headgate {
namespace {

TEST(PeakHistogram, EveryPeakCountsInABucketAtMostAnEighthWide) {
  std::size_t before = 0;
  for (std::uint32_t peak = 0; peak <= PeakHistogram::kMost; ++peak) {
    const std::size_t bucket = PeakHistogram::BucketOf(peak);
    ASSERT_TRUE(bucket == before || bucket == before + 1) << peak;
    ASSERT_LT(bucket, PeakHistogram::kBuckets);
    const std::uint32_t top = PeakHistogram::TopOf(bucket);
    ASSERT_GE(top, peak);
    ASSERT_LE(top, peak < 32 ? peak : peak + peak / 8) << peak;
    before = bucket;
  }
  EXPECT_EQ(before, PeakHistogram::kBuckets - 1);
  EXPECT_EQ(PeakHistogram::BucketOf(UINT32_MAX), before);
  EXPECT_EQ(PeakHistogram::TopOf(before), PeakHistogram::kMost);
}

TEST(PeakHistogram, AgreesWithSorting) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    PeakHistogram h;
    std::vector<std::uint32_t> peaks(1 + random() % 100);
    for (std::uint32_t& p : peaks) h.Add(p = static_cast<std::uint32_t>(1 + random() % 31));
    std::uint32_t running = random() % 2 == 0 ? 0 : 1 + random() % 31;
    if (running > 0) peaks.push_back(running);
    std::sort(peaks.begin(), peaks.end());
    for (const std::uint32_t percent : {1U, 50U, 95U, 100U}) {
      const std::size_t rank = (peaks.size() * percent + 99) / 100;
      ASSERT_EQ(h.Percentile(percent, running), peaks[rank - 1]) << percent;
    }
  }
}

TEST(PeakHistogram, NothingIsZero) {
  PeakHistogram h;
  h.Add(0);
  EXPECT_EQ(h.Percentile(95, 0), 0U);
  EXPECT_EQ(h.Percentile(95, 3), 3U);
  EXPECT_TRUE(h.Counts().empty());
}

TEST(PeakHistogram, FollowsWhatChangesAndNeverRunsOver) {
  PeakHistogram h;
  for (int i = 0; i < 100'000; ++i) {
    h.Add(20);
    ASSERT_LT(h.minutes(), PeakHistogram::kHalveAt);
  }
  EXPECT_EQ(h.Percentile(95, 0), 20U);
  for (int i = 0; i < 200; ++i) h.Add(30);  // three hours and a bit
  EXPECT_EQ(h.Percentile(95, 0), 30U);
  for (std::uint32_t i = 0; i < 4 * PeakHistogram::kHalveAt; ++i) h.Add(5);
  EXPECT_EQ(h.Percentile(95, 0), 5U);
}

TEST(PeakHistogram, GoesAndComesBack) {
  PeakHistogram h;
  for (const std::uint32_t peak : {1U, 7U, 7U, 40U, 500U}) h.Add(peak);
  EXPECT_EQ(h.Counts().size(), PeakHistogram::BucketOf(500) + 1);
  const auto back = PeakHistogram::From(h.Counts());
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->Counts(), h.Counts());
  EXPECT_EQ(back->minutes(), 5U);
  EXPECT_EQ(PeakHistogram::From({})->minutes(), 0U);
}

TEST(PeakHistogram, WhatCannotBeIsNotTaken) {
  const std::vector<std::uint16_t> too_long(PeakHistogram::kBuckets + 1);
  EXPECT_FALSE(PeakHistogram::From(too_long).has_value());
  EXPECT_FALSE(PeakHistogram::From(std::vector<std::uint16_t>{3}).has_value());
  std::vector<std::uint16_t> huge(PeakHistogram::kBuckets, UINT16_MAX);
  huge[0] = 0;
  const auto bounded = PeakHistogram::From(huge);
  ASSERT_TRUE(bounded.has_value());
  EXPECT_LT(bounded->minutes(), PeakHistogram::kHalveAt);
  EXPECT_GT(bounded->minutes(), PeakHistogram::kHalveAt / 4);
}

}  // namespace
}  // namespace headgate
