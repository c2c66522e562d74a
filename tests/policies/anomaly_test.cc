#include "policies/anomaly.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = AnomalyEvent::Kind;

class AnomalyTest : public testing::Test {
 protected:
  // Intervals of a second with so many handshakes, those the gate opened itself among them.
  std::vector<AnomalyEvent> Second(std::uint64_t syn, Duration length = seconds(1)) {
    WireInterval i;
    i.from = now_;
    i.to = now_ += length;
    i.counts.syn = i.counts.completed = syn;
    i.own_syn = i.own_completed = own_;
    return anomaly_.OnInterval(i);
  }
  std::vector<AnomalyEvent> Go(std::uint64_t syn, Duration how_long) {
    std::vector<AnomalyEvent> all;
    for (const Time end = now_ + how_long; now_ < end;) {
      for (const AnomalyEvent& e : Second(syn)) all.push_back(e);
    }
    return all;
  }
  // A normal day's noise.
  std::vector<AnomalyEvent> Noise(double mean, Duration how_long) {
    std::poisson_distribution<std::uint64_t> syn(mean);
    std::vector<AnomalyEvent> all;
    for (const Time end = now_ + how_long; now_ < end;) {
      for (const AnomalyEvent& e : Second(syn(random_))) all.push_back(e);
    }
    return all;
  }

  Anomaly anomaly_{hours(24 * 7)};
  Time now_{hours(24 * 20000)};
  std::uint64_t own_ = 0;
  std::mt19937 random_{3};
};

TEST_F(AnomalyTest, NoAlarmInTheFirstMinutesWhateverComes) {
  EXPECT_TRUE(Go(10, minutes(2)).empty());
  EXPECT_TRUE(Go(100'000, minutes(2)).empty());
  EXPECT_FALSE(anomaly_.Presses());
}

TEST_F(AnomalyTest, AFloodIsASpikeAfterThreeSecondsAndOverTenAfterIt) {
  EXPECT_TRUE(Noise(20, minutes(10)).empty());
  EXPECT_TRUE(Go(5000, seconds(2)).empty());
  const auto raised = Second(5000);
  ASSERT_EQ(raised.size(), 2U);
  EXPECT_EQ(raised[1].feature, WireFeature::kCompleted);
  EXPECT_EQ(raised[0].kind, Kind::kSpike);
  EXPECT_EQ(raised[0].feature, WireFeature::kSyn);
  EXPECT_EQ(raised[0].at, now_);
  EXPECT_EQ(raised[0].value, 5000);
  EXPECT_NEAR(raised[0].expected, 20, 3);
  EXPECT_TRUE(anomaly_.Presses());
  EXPECT_TRUE(Go(5000, minutes(1)).empty()) << "told once";
  EXPECT_TRUE(Noise(20, seconds(9)).empty());
  EXPECT_TRUE(anomaly_.Stands(WireFeature::kSyn));
  const auto over = Second(20);
  ASSERT_EQ(over.size(), 2U);
  EXPECT_EQ(over[0].kind, Kind::kOver);
  EXPECT_FALSE(anomaly_.Presses());
}

TEST_F(AnomalyTest, AStandingAlarmDoesNotFlapAtPulses) {
  Noise(20, minutes(10));
  std::size_t told = 0;
  for (int pulse = 0; pulse < 30; ++pulse) {
    told += Go(5000, seconds(4)).size();
    told += Noise(20, seconds(5)).size();
  }
  EXPECT_EQ(told, 2U);
}

TEST_F(AnomalyTest, PulsesOfASecondAreSeen) {
  Noise(20, minutes(10));
  std::size_t told = 0;
  for (int pulse = 0; pulse < 5; ++pulse) {
    told += Second(50'000).size();
    told += Noise(20, seconds(2)).size();
  }
  EXPECT_EQ(told, 2U);
  EXPECT_TRUE(anomaly_.Stands(WireFeature::kSyn));
}

TEST_F(AnomalyTest, PressesForAWhileOnly) {
  Noise(20, minutes(10));
  Go(5000, seconds(3));
  EXPECT_TRUE(anomaly_.Presses());
  Go(5000, Anomaly::kPressesFor);
  EXPECT_TRUE(anomaly_.Stands(WireFeature::kCompleted));
  EXPECT_FALSE(anomaly_.Presses());
}

TEST_F(AnomalyTest, WhatCanBeSpoofedPressesByARateOfItsOwnOnly) {
  Go(0, minutes(10));
  for (int i = 0; i < 5; ++i) {
    WireInterval interval;
    interval.from = now_;
    interval.to = now_ += seconds(1);
    interval.counts.syn = interval.counts.abandoned = 100'000;
    interval.sources = 90'000;
    static_cast<void>(anomaly_.OnInterval(interval));
  }
  EXPECT_TRUE(anomaly_.Stands(WireFeature::kSyn));
  EXPECT_TRUE(anomaly_.Stands(WireFeature::kAbandoned));
  EXPECT_FALSE(anomaly_.Presses());
}

TEST_F(AnomalyTest, WhatTheGateOpensItselfIsNobodysDoing) {
  Go(0, minutes(10));
  own_ = 5000;
  EXPECT_TRUE(Go(5000, minutes(1)).empty());
}

TEST_F(AnomalyTest, ANightlyJobIsUsualAfterSomeNights) {
  std::vector<std::size_t> alarms;
  for (int day = 0; day < 9; ++day) {
    std::size_t raised = 0;
    for (int hour = 0; hour < 24; ++hour) {
      raised += Noise(5, minutes(20)).size();
      if (hour == 2) raised += Noise(300, minutes(5)).size();
      raised += Noise(5, hour == 2 ? minutes(35) : minutes(40)).size();
    }
    alarms.push_back(raised);
  }
  EXPECT_GT(alarms[0], 0U);
  for (int day = 4; day < 9; ++day) EXPECT_EQ(alarms[day], 0U) << "night " << day;
}

TEST_F(AnomalyTest, AChangeThatStaysIsUsualAfterSomeDays) {
  for (int day = 0; day < 8; ++day) Noise(30, hours(24));
  std::vector<std::size_t> alarms;
  for (int day = 0; day < 8; ++day) alarms.push_back(Noise(300, hours(24)).size());
  EXPECT_GT(alarms[0], 0U);
  for (int day = 4; day < 8; ++day) EXPECT_EQ(alarms[day], 0U) << "day " << day;
}

TEST_F(AnomalyTest, ASlowRiseIsADrift) {
  Noise(200, hours(1));
  now_ += hours(23);
  std::vector<AnomalyEvent> events;
  double mean = 200;
  for (int i = 0; i < 1200 && events.empty(); ++i) events = Noise(mean += 1, seconds(1));
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events[0].kind, Kind::kDrift);
}

TEST_F(AnomalyTest, NoiseOfADayRaisesNothing) {
  std::size_t raised = 0;
  for (int minute = 0; minute < 3 * 24 * 60; ++minute) {  // three days, tenfold between 4 and 16 h
    const double hour = minute % 1440 / 60.0;
    const double day = 1 - std::cos((hour - 4) / 24 * 2 * M_PI);
    raised += Noise(50 + 225 * day, minutes(1)).size();
  }
  EXPECT_EQ(raised, 0U);
}

TEST_F(AnomalyTest, WhatIsUsualAtAnHourIsNoAlarmAtIt) {
  for (int day = 0; day < 3; ++day) {
    for (int hour = 0; hour < 24; ++hour) {
      const auto events = Noise(hour == 2 ? 2000 : 50, minutes(10));
      EXPECT_TRUE(day == 0 || events.empty()) << "day " << day << " hour " << hour;
      now_ += minutes(50);
    }
  }
  EXPECT_TRUE(Noise(50, minutes(10)).empty());
}

TEST_F(AnomalyTest, NumbersTooSmallToMatterAlarmNobody) {
  Go(0, minutes(10));
  EXPECT_TRUE(Go(49, minutes(10)).empty());
  EXPECT_FALSE(Go(101, minutes(10)).empty()) << "ten times what matters to nobody";
}

TEST_F(AnomalyTest, GapsOfACaptureSayNothing) {
  Noise(20, minutes(10));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Second(1'000'000'000, hours(5)).empty());
  EXPECT_TRUE(Second(1'000'000, seconds(0)).empty());
  EXPECT_TRUE(Second(1'000'000, seconds(-5)).empty());
}

TEST_F(AnomalyTest, TroubleOfTheNetworkIsToldAndDoesNotPress) {
  Go(0, minutes(10));
  std::size_t told = 0;
  for (int i = 0; i < 5; ++i) {
    WireInterval interval;
    interval.from = now_;
    interval.to = now_ += seconds(1);
    interval.counts.retransmissions = 100'000;
    told += anomaly_.OnInterval(interval).size();
  }
  EXPECT_EQ(told, 1U);
  EXPECT_TRUE(anomaly_.Stands(WireFeature::kRetransmissions));
  EXPECT_FALSE(anomaly_.Presses());
}

TEST_F(AnomalyTest, AfterARestartEverybodyMayComeBack) {
  Noise(20, hours(2));
  now_ += hours(22);  // the same hour, seen whole
  Anomaly again(hours(24 * 7));
  again.Restore(anomaly_.Export());
  anomaly_ = again;
  EXPECT_TRUE(Go(1000, seconds(20)).empty());
  EXPECT_TRUE(Noise(20, minutes(5)).empty());
  EXPECT_EQ(Go(5000, seconds(3)).size(), 2U);
}

TEST_F(AnomalyTest, WithoutMemoryNothingIsUnusual) {
  anomaly_ = Anomaly(Duration::zero());
  Noise(20, minutes(10));
  EXPECT_TRUE(Go(1'000'000, minutes(1)).empty());
  EXPECT_FALSE(anomaly_.Expect(WireFeature::kSyn, now_).known);
}

TEST_F(AnomalyTest, EveryFeatureHasANameOfItsOwn) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kWireFeatures; ++i) {
    names.push_back(Name(static_cast<WireFeature>(i)));
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
  EXPECT_FALSE(names.front().empty());
}

}  // namespace
}  // namespace headgate
