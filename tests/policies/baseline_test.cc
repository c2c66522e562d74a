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
  for (std::uint32_t i = 0; i + 1 < Baseline::kEnough; ++i) b.Learn(100, 0, 5, kWeek);
  EXPECT_FALSE(b.Of(5).known);
  b.Learn(100, 0, 5, kWeek);
  ASSERT_TRUE(b.Of(5).known);
  EXPECT_NEAR(b.Of(5).mean, 100, 0.01);
  EXPECT_NEAR(b.Of(5).deviation, 10, 0.01) << "at least that of a Poisson process";
}

TEST(Baseline, LearnsMeanAndDeviation) {
  std::mt19937 random(7);
  std::normal_distribution<double> values(500, 80);
  Baseline b;
  for (int i = 0; i < 20'000; ++i) b.Learn(values(random), 0, 3, kWeek);
  EXPECT_NEAR(b.Of(3).mean, 500, 10);
  EXPECT_NEAR(b.Of(3).deviation, 80, 8);
}

TEST(Baseline, KnowsTheHoursApartAndStandsInForOneNotSeen) {
  Baseline b;
  for (int i = 0; i < 1000; ++i) b.Learn(1000, 0, 9, kWeek);
  for (int i = 0; i < 1000; ++i) b.Learn(10, 0, 3, kWeek);
  EXPECT_NEAR(b.Of(9).mean, 1000, 1);
  EXPECT_NEAR(b.Of(3).mean, 10, 1);
  ASSERT_TRUE(b.Of(15).known);
  EXPECT_FALSE(b.Of(15).whole);
  EXPECT_GT(b.Of(15).mean, 10);
  EXPECT_LT(b.Of(15).mean, 1000);
}

TEST(Baseline, AFloodMovesItByLittle) {
  Baseline b;
  for (int i = 0; i < 3600; ++i) b.Learn(20, 0, 0, kWeek);
  for (int i = 0; i < 300; ++i) b.Learn(1e9, 0, 0, kWeek);
  EXPECT_LT(b.Of(0).mean, 40);
}

TEST(Baseline, AChangeThatStaysIsLearnt) {
  Baseline b;
  for (int i = 0; i < 3600; ++i) b.Learn(20, 0, 0, kWeek);
  for (int i = 0; i < 4 * 3600; ++i) b.Learn(400, 0, 0, kWeek);
  const Baseline::Expected e = b.Of(0);
  EXPECT_LT((400 - e.mean) / e.deviation, 4);
}

TEST(Baseline, TakesNoSampleThatIsNoRate) {
  Baseline b;
  for (int i = 0; i < 1000; ++i) {
    b.Learn(std::numeric_limits<double>::quiet_NaN(), 0, 0, kWeek);
    b.Learn(-1, 0, 0, kWeek);
    b.Learn(std::numeric_limits<double>::infinity(), 0, 0, kWeek);
  }
  EXPECT_FALSE(b.Of(0).known);
}

TEST(Baseline, APeakIsLearntInSomeDaysAndFadesInMore) {
  Baseline b;
  const auto day = [&](double burst) {  // five minutes of it at 2 o'clock, else 5
    for (std::size_t hour = 0; hour < Baseline::kHours; ++hour) {
      for (int i = 0; i < 3600; ++i) {
        const double value = hour == 2 && i >= 1000 && i < 1300 ? burst : 5;
        b.Learn(value, value, hour, kWeek);
      }
    }
  };
  day(300);
  EXPECT_LT(b.Of(2).peak, 100) << "one day is not enough";
  day(300);
  day(300);
  EXPECT_NEAR(b.Of(2).peak, 300, 1);
  EXPECT_NEAR(b.Of(3).peak, 300, 1) << "jobs are not to the second";
  EXPECT_LT(b.Of(5).peak, 10);
  EXPECT_LT(b.Of(2).mean, 40) << "no mean is moved by it";
  for (int i = 0; i < 14; ++i) day(5);
  EXPECT_LT(b.Of(2).peak, 60);
}

TEST(Baseline, GoesOnWhereItWasAndRefusesWhatCannotBeItsOwn) {
  Baseline b;
  for (int i = 0; i < 400; ++i) b.Learn(50, 0, 12, kWeek);
  Baseline again;
  again.Restore(b.hours());
  EXPECT_EQ(again.hours()[12], b.hours()[12]);
  EXPECT_EQ(again.hours()[Baseline::kLately].samples, 0U) << "that was another time";
  Baseline::Hours bad{};
  bad[0] = {-1, 1, 1000, 0};
  bad[1] = {std::nanf(""), 1, 1000, 0};
  bad[2] = {1, -1, 1000, 0};
  bad[3] = {1, 1, 1000, -1};
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
