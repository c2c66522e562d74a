#include "policies/baseline.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <random>

namespace headgate {
namespace {

constexpr std::uint32_t kWeek = 7 * 3600;

TEST(Baseline, ExpectsNothingBeforeItHasSeenEnough) {
  Baseline b;
  for (std::uint32_t i = 0; i + 1 < Baseline::kEnough; ++i) b.Learn(100, 5, kWeek);
  EXPECT_FALSE(b.Of(5).known);
  b.Learn(100, 5, kWeek);
  ASSERT_TRUE(b.Of(5).known);
  EXPECT_NEAR(b.Of(5).mean, 100, 0.01);
  EXPECT_NEAR(b.Of(5).deviation, 10, 0.01) << "at least that of a Poisson process";
}

TEST(Baseline, LearnsMeanAndDeviation) {
  std::mt19937 random(7);
  std::normal_distribution<double> values(500, 80);
  Baseline b;
  for (int i = 0; i < 20'000; ++i) b.Learn(values(random), 3, kWeek);
  EXPECT_NEAR(b.Of(3).mean, 500, 10);
  EXPECT_NEAR(b.Of(3).deviation, 80, 8);
}

TEST(Baseline, KnowsTheHoursApartAndStandsInForOneNotSeen) {
  Baseline b;
  for (int i = 0; i < 1000; ++i) b.Learn(1000, 9, kWeek);
  for (int i = 0; i < 1000; ++i) b.Learn(10, 3, kWeek);
  EXPECT_NEAR(b.Of(9).mean, 1000, 1);
  EXPECT_NEAR(b.Of(3).mean, 10, 1);
  ASSERT_TRUE(b.Of(15).known);
  EXPECT_FALSE(b.Of(15).whole);
  EXPECT_GT(b.Of(15).mean, 10);
  EXPECT_LT(b.Of(15).mean, 1000);
}

TEST(Baseline, AFloodMovesItByLittle) {
  Baseline b;
  for (int i = 0; i < 3600; ++i) b.Learn(20, 0, kWeek);
  for (int i = 0; i < 300; ++i) b.Learn(1e9, 0, kWeek);
  EXPECT_LT(b.Of(0).mean, 40);
}

TEST(Baseline, AChangeThatStaysIsLearnt) {
  Baseline b;
  for (int i = 0; i < 3600; ++i) b.Learn(20, 0, kWeek);
  for (int i = 0; i < 4 * 3600; ++i) b.Learn(400, 0, kWeek);
  const Baseline::Expected e = b.Of(0);
  EXPECT_LT((400 - e.mean) / e.deviation, 4);
}

TEST(Baseline, TakesNoSampleThatIsNoRate) {
  Baseline b;
  for (int i = 0; i < 1000; ++i) {
    b.Learn(std::numeric_limits<double>::quiet_NaN(), 0, kWeek);
    b.Learn(-1, 0, kWeek);
    b.Learn(std::numeric_limits<double>::infinity(), 0, kWeek);
  }
  EXPECT_FALSE(b.Of(0).known);
}

TEST(Baseline, GoesOnWhereItWasAndRefusesWhatCannotBeItsOwn) {
  Baseline b;
  for (int i = 0; i < 400; ++i) b.Learn(50, 12, kWeek);
  Baseline again;
  again.Restore(b.hours());
  EXPECT_EQ(again.hours(), b.hours());
  Baseline::Hours bad{};
  bad[0] = {-1, 1, 1000};
  bad[1] = {std::nanf(""), 1, 1000};
  bad[2] = {1, -1, 1000};
  Baseline none;
  none.Restore(bad);
  EXPECT_EQ(none.hours(), Baseline::Hours{});
}

TEST(Baseline, HoursOfTheDay) {
  EXPECT_EQ(HourOfDay(Time{}), 0U);
  EXPECT_EQ(HourOfDay(Time{std::chrono::hours(23) + std::chrono::minutes(59)}), 23U);
  EXPECT_EQ(HourOfDay(Time{std::chrono::hours(24 * 20000 + 7)}), 7U);
  EXPECT_EQ(HourOfDay(Time{std::chrono::hours(-1)}), 23U);
  EXPECT_LT(HourOfDay(Time::min()), 24U);
  EXPECT_LT(HourOfDay(Time::max()), 24U);
}

}  // namespace
}  // namespace headgate
