#include "policies/pressure.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class PressureTest : public testing::Test {
 protected:
  PressureTest() { p_.Configure({}); }

  // 100 slots, none of them trusted.
  bool Free(std::uint32_t free) { return p_.OnRoom({free, 100 - free, 100}, now_); }
  // Refusals at a steady rate, told every 250 ms, with ticks.
  void Refuse(double per_second, Duration how_long) {
    for (const Time end = now_ + how_long; now_ < end; now_ += milliseconds(250)) {
      p_.OnRefusals(static_cast<std::uint64_t>(total_ += per_second / 4), now_);
      p_.OnTick(now_);
    }
  }
  void Tick(Duration how_long) {
    for (const Time end = now_ + how_long; now_ < end; now_ += seconds(1)) p_.OnTick(now_);
  }

  Pressure p_;
  Time now_{std::chrono::hours(1)};
  double total_ = 0;
};

TEST_F(PressureTest, CalmUntilThereIsCause) {
  EXPECT_FALSE(Free(100));
  EXPECT_FALSE(Free(20));
  Tick(minutes(10));
  EXPECT_EQ(p_.level(), Level::kCalm);
  EXPECT_STREQ(p_.cause(), "");
  EXPECT_EQ(p_.changes(), 0U);
}

TEST_F(PressureTest, RisesAtOnceAndAsFarAsThereIsCause) {
  EXPECT_TRUE(Free(19));
  EXPECT_EQ(p_.level(), Level::kElevated);
  EXPECT_STREQ(p_.cause(), "free_slots");
  EXPECT_EQ(p_.since(), now_);
  EXPECT_FALSE(Free(5));
  EXPECT_TRUE(Free(4));
  EXPECT_EQ(p_.level(), Level::kAttack);
  EXPECT_EQ(p_.changes(), 2U);
  Pressure at_once;
  at_once.Configure({});
  EXPECT_TRUE(at_once.OnRoom({0, 100, 100}, now_));
  EXPECT_EQ(at_once.level(), Level::kAttack);
  EXPECT_EQ(at_once.changes(), 1U);
}

TEST_F(PressureTest, FallsOneLevelAtATimeEachAfterCalm) {
  Free(0);
  now_ += seconds(1);
  EXPECT_FALSE(Free(100));
  const Time relieved = now_;
  Tick(seconds(29));
  EXPECT_EQ(p_.level(), Level::kAttack);
  Tick(seconds(2));
  EXPECT_EQ(p_.level(), Level::kElevated);
  EXPECT_GE(p_.since(), relieved + seconds(29));
  EXPECT_STREQ(p_.cause(), "free_slots");
  Tick(seconds(28));
  EXPECT_EQ(p_.level(), Level::kElevated);
  Tick(seconds(2));
  EXPECT_EQ(p_.level(), Level::kCalm);
  EXPECT_STREQ(p_.cause(), "");
  EXPECT_EQ(p_.changes(), 3U);
}

// Between two ticks cause may come and go.
TEST_F(PressureTest, CauseBetweenTicksCounts) {
  Free(0);
  for (int i = 0; i < 100; ++i, now_ += seconds(1)) {
    Free(1);
    Free(90);
    EXPECT_FALSE(p_.OnTick(now_));
  }
  EXPECT_EQ(p_.level(), Level::kAttack);
}

TEST_F(PressureTest, DoesNotFlapAtAThreshold) {
  for (int i = 0; i < 3600; ++i, now_ += seconds(1)) {
    Free(i % 60 < 40 ? 22 : 19);  // it is over at 25
    p_.OnTick(now_);
  }
  EXPECT_EQ(p_.level(), Level::kElevated);
  EXPECT_EQ(p_.changes(), 1U);
  Free(24);
  Tick(minutes(5));
  EXPECT_EQ(p_.level(), Level::kElevated);
  Free(25);
  Tick(minutes(1));
  EXPECT_EQ(p_.level(), Level::kCalm);
}

TEST_F(PressureTest, WhatHoldsTheLowerLevelDoesNotHoldTheHigher) {
  Free(0);
  Free(15);
  Tick(minutes(10));
  EXPECT_EQ(p_.level(), Level::kElevated);
  EXPECT_EQ(p_.changes(), 2U);
}

TEST_F(PressureTest, AKnownGoodPoolThatFillsTheServerIsCalm) {
  EXPECT_FALSE(p_.OnRoom({0, 0, 146}, now_));
  EXPECT_FALSE(p_.OnRoom({0, 7, 146}, now_));  // and a handful of strangers
  EXPECT_FALSE(p_.OnRoom({30, 20, 146}, now_));
  EXPECT_EQ(p_.level(), Level::kCalm);
}

TEST_F(PressureTest, AServerFullOfStrangersIsAttack) {
  EXPECT_TRUE(p_.OnRoom({0, 118, 146}, now_));
  EXPECT_EQ(p_.level(), Level::kAttack);
}

TEST_F(PressureTest, AFewStrangersComingAndGoingAreNoPressure) {
  Free(100);
  EXPECT_TRUE(p_.OnRoom({0, 8, 146}, now_));
  for (int i = 0; i < 600; ++i, now_ += seconds(1)) {
    EXPECT_FALSE(p_.OnRoom({0, i % 2 == 0 ? 6U : 8U, 146}, now_));  // at its own threshold
    p_.OnTick(now_);
  }
  EXPECT_EQ(p_.level(), Level::kAttack);
  p_.OnRoom({0, 5, 146}, now_);
  Tick(minutes(2));
  EXPECT_EQ(p_.level(), Level::kCalm);
}

TEST_F(PressureTest, NoSlotsAtAll) {
  EXPECT_FALSE(p_.OnRoom({0, 0, 0}, now_));
  EXPECT_FALSE(p_.OnRoom({1, 0, 1}, now_));
  EXPECT_TRUE(p_.OnRoom({0, 1, 1}, now_));
}

TEST_F(PressureTest, RefusalsByTheirRate) {
  Refuse(45, minutes(2));
  EXPECT_EQ(p_.level(), Level::kCalm);
  Refuse(60, seconds(3));
  EXPECT_EQ(p_.level(), Level::kElevated);
  EXPECT_STREQ(p_.cause(), "refusals");
  Refuse(45, minutes(5));  // over below 40
  EXPECT_EQ(p_.level(), Level::kElevated);
  Refuse(600, seconds(2));
  EXPECT_EQ(p_.level(), Level::kAttack);
  Refuse(450, minutes(5));
  EXPECT_EQ(p_.level(), Level::kAttack);
  Refuse(100, minutes(5));
  EXPECT_EQ(p_.level(), Level::kElevated);
  Refuse(0, minutes(1));
  EXPECT_EQ(p_.level(), Level::kCalm);
  EXPECT_EQ(p_.changes(), 4U);
}

TEST_F(PressureTest, AFloodOfRefusalsIsSeenWithinASecond) {
  Refuse(0, seconds(2));
  Refuse(5000, milliseconds(250));
  EXPECT_EQ(p_.level(), Level::kAttack);
}

TEST_F(PressureTest, AHandfulOfRefusalsAtOnceIsNoRate) {
  Refuse(0, seconds(10));
  total_ += 40;
  Refuse(0, seconds(10));
  EXPECT_EQ(p_.level(), Level::kCalm);
}

TEST_F(PressureTest, RefusalsToldOftenOrSeldom) {
  // Every millisecond 30 of them, then once in a second.
  for (int i = 0; i < 1000; ++i, now_ += milliseconds(1)) {
    p_.OnRefusals(static_cast<std::uint64_t>(total_ += 0.03), now_);
  }
  EXPECT_EQ(p_.level(), Level::kCalm);
  for (int i = 0; i < 60; ++i) {
    now_ += seconds(1);
    p_.OnRefusals(static_cast<std::uint64_t>(total_ += 49), now_);
  }
  EXPECT_EQ(p_.level(), Level::kCalm);
  now_ += seconds(10);  // late: as a rate it is little
  EXPECT_FALSE(p_.OnRefusals(static_cast<std::uint64_t>(total_ += 200), now_));
  now_ += seconds(1);
  EXPECT_TRUE(p_.OnRefusals(static_cast<std::uint64_t>(total_ += 60), now_));
}

TEST_F(PressureTest, ATotalThatBeginsAnewIsNoFlood) {
  total_ = 1e9;
  Refuse(0, seconds(2));
  total_ = 3;
  Refuse(0, seconds(2));
  total_ = 1e9;
  now_ -= seconds(1);  // a thread behind
  EXPECT_FALSE(p_.OnRefusals(1'000'000'000, now_));
  EXPECT_EQ(p_.level(), Level::kCalm);
}

TEST_F(PressureTest, SynsElevateAndNeverMakeAnAttack) {
  EXPECT_FALSE(p_.OnSynRate(1000, now_));
  EXPECT_TRUE(p_.OnSynRate(1e12, now_));
  EXPECT_EQ(p_.level(), Level::kElevated);
  EXPECT_STREQ(p_.cause(), "syn_rate");
  PressureLimits limits;
  limits.attack.syn_rate = {1, 1};
  p_.Configure(limits);
  EXPECT_FALSE(p_.OnSynRate(1e12, now_));
  EXPECT_EQ(p_.level(), Level::kElevated);
  // Nor do they hold one.
  Free(0);
  Free(100);
  for (int i = 0; i < 300; ++i, now_ += seconds(1)) {
    p_.OnSynRate(1e6, now_);
    p_.OnTick(now_);
  }
  EXPECT_EQ(p_.level(), Level::kElevated);
  EXPECT_STREQ(p_.cause(), "syn_rate");
}

TEST_F(PressureTest, SynsAreForgottenWhenNobodyTells) {
  p_.OnSynRate(5000, now_);
  Tick(seconds(39));
  EXPECT_EQ(p_.level(), Level::kElevated);
  Tick(seconds(4));
  EXPECT_EQ(p_.level(), Level::kCalm);
}

TEST_F(PressureTest, NoNumberIsNoRate) {
  EXPECT_FALSE(p_.OnSynRate(std::numeric_limits<double>::quiet_NaN(), now_));
  EXPECT_FALSE(p_.OnSynRate(-5, now_));
}

TEST_F(PressureTest, WhatIsOffNeitherRaisesNorHolds) {
  Free(0);
  p_.OnSynRate(5000, now_);
  PressureLimits off;
  off.elevated = off.attack = {};
  off.calm_after = Duration::zero();
  p_.Configure(off);
  EXPECT_EQ(p_.level(), Level::kAttack);
  EXPECT_TRUE(p_.OnTick(now_));
  EXPECT_TRUE(p_.OnTick(now_));
  EXPECT_EQ(p_.level(), Level::kCalm);
  EXPECT_FALSE(Free(0));
  EXPECT_FALSE(p_.OnSynRate(1e12, now_));
  Refuse(1e6, seconds(3));
  EXPECT_EQ(p_.level(), Level::kCalm);
}

TEST_F(PressureTest, AWhileWithoutCauseIsCountedFromTheLastOfIt) {
  Free(0);
  for (int i = 0; i < 10; ++i) {
    Free(100);
    Tick(seconds(28));
    Free(0);
    EXPECT_EQ(p_.level(), Level::kAttack);
  }
  EXPECT_EQ(p_.changes(), 1U);
}

TEST_F(PressureTest, AnAnomalyElevatesAndNoMore) {
  EXPECT_FALSE(p_.OnAnomaly(false, now_));
  EXPECT_TRUE(p_.OnAnomaly(true, now_));
  EXPECT_EQ(p_.level(), Level::kElevated);
  EXPECT_STREQ(p_.cause(), "anomaly");
  EXPECT_FALSE(p_.OnAnomaly(true, now_));
  p_.OnAnomaly(false, now_);
  Tick(PressureLimits().calm_after + seconds(2));
  EXPECT_EQ(p_.level(), Level::kCalm);
}

TEST_F(PressureTest, AnAnomalyNobodyTellsOfAnyMoreIsForgotten) {
  p_.OnAnomaly(true, now_);
  Tick(Pressure::kWireKept + PressureLimits().calm_after - seconds(2));
  EXPECT_EQ(p_.level(), Level::kElevated);
  Tick(seconds(6));
  EXPECT_EQ(p_.level(), Level::kCalm);
}

TEST_F(PressureTest, AnomaliesCanBeLeftOut) {
  PressureLimits limits;
  limits.elevated.anomalies = false;
  p_.Configure(limits);
  EXPECT_FALSE(p_.OnAnomaly(true, now_));
  EXPECT_EQ(p_.level(), Level::kCalm);
}

}  // namespace
}  // namespace headgate
