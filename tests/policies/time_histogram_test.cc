#include "policies/time_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>
#include <vector>

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(TimeHistogram, EmptyIsZero) {
  TimeHistogram h;
  EXPECT_EQ(h.Quantile(0.5), Duration::zero());
}

TEST(TimeHistogram, EveryTimeIsFoundAgainWithin13Percent) {
  for (double ns = 1100; ns < 4.3e12; ns *= 1.01) {
    TimeHistogram h;
    h.Add(Duration(static_cast<std::int64_t>(ns)));
    for (const double q : {0.0, 0.5, 0.99, 1.0}) {
      ASSERT_NEAR(static_cast<double>(h.Quantile(q).count()) / ns, 1, 0.13) << ns;
    }
  }
}

TEST(TimeHistogram, ExtremesFallIntoTheLastBuckets) {
  TimeHistogram h;
  for (const Duration d : {Duration::min(), Duration(-1), Duration::zero(), Duration(1023)}) {
    h.Add(d);
  }
  EXPECT_LE(h.Quantile(1), microseconds(1));
  h.Clear();
  for (const Duration d : {Duration(hours(2)), Duration::max()}) h.Add(d);
  EXPECT_GT(h.Quantile(0), hours(1));
  EXPECT_LT(h.Quantile(1), hours(2));
}

TEST(TimeHistogram, QuantilesOfADistribution) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> times(14, 2);  // around a millisecond, with a long tail
  TimeHistogram h;
  std::vector<double> all;
  for (int i = 0; i < 20'000; ++i) {
    const auto ns = static_cast<std::int64_t>(times(random));
    h.Add(Duration(ns));
    all.push_back(static_cast<double>(ns));
  }
  std::sort(all.begin(), all.end());
  for (const double q : {0.5, 0.95, 0.99}) {
    const double truth = all[static_cast<std::size_t>(q * 20'000) - 1];
    EXPECT_NEAR(static_cast<double>(h.Quantile(q).count()) / truth, 1, 0.13) << q;
  }
}

TEST(TimeHistogram, TheRareSlowOneShowsOnlyInTheLastQuantiles) {
  TimeHistogram h;
  for (int i = 0; i < 98; ++i) h.Add(milliseconds(1));
  h.Add(seconds(10));
  h.Add(seconds(10));
  EXPECT_LT(h.Quantile(0.95), milliseconds(2));
  EXPECT_GT(h.Quantile(0.99), seconds(8));
}

TEST(TimeHistogram, TheYoungerHalfDecidesInTheLongRun) {
  TimeHistogram h;
  const auto add = [&](Duration d, std::uint32_t n) {
    for (; n > 0; --n) h.Add(d);
  };
  add(milliseconds(1), TimeHistogram::kHalveAt);
  add(seconds(1), TimeHistogram::kHalveAt / 2 - 10);
  EXPECT_LT(h.Quantile(0.5), milliseconds(2));
  add(seconds(1), 20);
  EXPECT_GT(h.Quantile(0.5), milliseconds(500));
}

TEST(TimeHistogram, ThreadsLoseNone) {
  TimeHistogram h;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) h.Add(i % 2 == 0 ? milliseconds(1) : seconds(1));
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_LT(h.Quantile(0.5), milliseconds(2));
  EXPECT_GT(h.Quantile(0.50003), milliseconds(500));  // to one in 40,000
}

}  // namespace
}  // namespace headgate
