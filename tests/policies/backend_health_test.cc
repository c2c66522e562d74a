#include "policies/backend_health.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Failure = BackendFailure;
using State = BackendHealth::State;

const Time kNow{std::chrono::hours(100)};

BackendHealth Up() {
  BackendHealth health(kNow);
  health.OnReached(kNow);
  return health;
}

int FailuresUntilOpen(Failure how) {
  BackendHealth health = Up();
  for (int i = 1; i <= 10; ++i) {
    health.OnFailure(how, kNow);
    if (!health.may_connect()) return i;
  }
  return -1;
}

TEST(BackendHealth, HowManyInARowOpenIt) {
  EXPECT_EQ(FailuresUntilOpen(Failure::kNoPing), 1);
  EXPECT_EQ(FailuresUntilOpen(Failure::kRefused), 3);
  EXPECT_EQ(FailuresUntilOpen(Failure::kNoHandshake), 3);
  EXPECT_EQ(FailuresUntilOpen(Failure::kNoGreeting), 2);
  EXPECT_EQ(FailuresUntilOpen(Failure::kNoAnswer), 2);
  EXPECT_EQ(FailuresUntilOpen(Failure::kNone), -1);
}

TEST(BackendHealth, ASuccessEndsTheRow) {
  BackendHealth health = Up();
  for (int i = 0; i < 100; ++i) {
    health.OnFailure(Failure::kRefused, kNow);
    health.OnFailure(Failure::kRefused, kNow);
    EXPECT_FALSE(health.sound());
    health.OnReached(kNow);
    EXPECT_TRUE(health.sound());
  }
  EXPECT_TRUE(health.up());
}

TEST(BackendHealth, APingOnAnOldConnectionEndsNoRowAndClosesNothing) {
  BackendHealth health = Up();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(health.up());
    health.OnFailure(Failure::kRefused, kNow);
    health.OnPing(kNow);
  }
  EXPECT_FALSE(health.may_connect());
  EXPECT_FALSE(health.FreshlyUp(kNow));
}

TEST(BackendHealth, UntilSomebodyTriedAllMayAndTheFirstFailureCounts) {
  BackendHealth health(kNow);
  EXPECT_EQ(health.next_probe(), kNow) << "at once";
  EXPECT_TRUE(health.may_connect());
  EXPECT_FALSE(health.up());
  health.OnProbeStarted(kNow);
  EXPECT_TRUE(health.may_connect());
  health.OnProbeFailed(Failure::kRefused, kNow);
  EXPECT_FALSE(health.may_connect());
}

TEST(BackendHealth, ProbesWithPausesThatDoubleToTwoSeconds) {
  BackendHealth health = Up();
  health.OnFailure(Failure::kNoPing, kNow);
  Time now = kNow;
  for (const int pause : {100, 200, 400, 800, 1600, 2000, 2000}) {
    EXPECT_EQ(health.state(), State::kDown);
    EXPECT_EQ(health.next_probe(), now + milliseconds(pause));
    now = health.next_probe();
    health.OnProbeStarted(now);
    EXPECT_EQ(health.state(), State::kProbing);
    EXPECT_EQ(health.next_probe(), kNever) << "one at a time";
    EXPECT_FALSE(health.may_connect());
    health.OnProbeFailed(Failure::kRefused, now);
  }
  EXPECT_EQ(health.since(), kNow) << "the whole time";
  health.OnReached(now);
  EXPECT_TRUE(health.up());
  EXPECT_EQ(health.since(), now);
  EXPECT_EQ(health.next_probe(), kNever);
  health.OnFailure(Failure::kNoPing, now);
  EXPECT_EQ(health.next_probe(), now + milliseconds(100)) << "from the start again";
}

TEST(BackendHealth, WhatFailsWhileItIsOpenPutsNoProbeOff) {
  BackendHealth health = Up();
  health.OnFailure(Failure::kNoPing, kNow);
  const Time due = health.next_probe();
  for (int i = 0; i < 10; ++i) health.OnFailure(Failure::kRefused, kNow + milliseconds(10 * i));
  EXPECT_EQ(health.next_probe(), due);
}

TEST(BackendHealth, AProbeThatHangsOpensItAndStaysTheOnlyOne) {
  BackendHealth health = Up();
  health.WantProbe(kNow);
  health.OnProbeStarted(kNow);
  EXPECT_TRUE(health.up()) << "nothing is known against it";
  health.OnProbeOverdue(kNow + seconds(2));
  EXPECT_EQ(health.state(), State::kProbing);
  EXPECT_EQ(health.next_probe(), kNever);
  EXPECT_EQ(health.last_failure(), Failure::kNoGreeting);
  health.OnReached(kNow + minutes(10));
  EXPECT_TRUE(health.up());
}

TEST(BackendHealth, WhenItOpensUnderAProbeThatOneDecides) {
  BackendHealth health = Up();
  health.WantProbe(kNow);
  health.OnProbeStarted(kNow);
  health.OnFailure(Failure::kNoPing, kNow);
  EXPECT_EQ(health.state(), State::kProbing);
  EXPECT_EQ(health.next_probe(), kNever);
  health.OnProbeFailed(Failure::kRefused, kNow);
  EXPECT_EQ(health.state(), State::kDown);
}

TEST(BackendHealth, AProbeThatIsLateAgainstASuccessMeansNothing) {
  BackendHealth health = Up();
  health.OnFailure(Failure::kNoPing, kNow);
  health.OnProbeStarted(kNow + milliseconds(100));
  health.OnReached(kNow + milliseconds(200));
  health.OnProbeOverdue(kNow + seconds(2));
  health.OnProbeFailed(Failure::kNoGreeting, kNow + seconds(60));
  EXPECT_TRUE(health.up());
}

TEST(BackendHealth, AProbeWithoutAWordChangesNothing) {
  BackendHealth health = Up();
  health.WantProbe(kNow + seconds(1));
  EXPECT_EQ(health.next_probe(), kNow + seconds(1));
  health.OnProbeStarted(kNow + seconds(1));
  health.OnProbeVoid();
  EXPECT_TRUE(health.up());
  EXPECT_EQ(health.next_probe(), kNever);
}

TEST(BackendHealth, KnownToBeUpWearsOff) {
  BackendHealth health = Up();
  EXPECT_TRUE(health.FreshlyUp(kNow + BackendHealth::kFresh));
  EXPECT_FALSE(health.FreshlyUp(kNow + BackendHealth::kFresh + milliseconds(1)));
  health.OnPing(kNow + seconds(60));
  EXPECT_TRUE(health.FreshlyUp(kNow + seconds(61)));
}

TEST(BackendHealth, OpenIsGoneOnceAProbeFailedAsWellOrAfterAWhile) {
  BackendHealth health = Up();
  for (int i = 0; i < 3; ++i) health.OnFailure(Failure::kRefused, kNow);
  EXPECT_FALSE(health.may_connect());
  EXPECT_FALSE(health.Gone(kNow)) << "those who failed may have failed for reasons of their own";
  EXPECT_FALSE(health.Gone(kNow + BackendHealth::kGone - milliseconds(1)));
  EXPECT_TRUE(health.Gone(kNow + BackendHealth::kGone));
  health.OnProbeStarted(kNow);
  health.OnProbeFailed(Failure::kRefused, kNow);
  EXPECT_TRUE(health.Gone(kNow));
  health.OnReached(kNow + seconds(9));
  EXPECT_FALSE(health.Gone(kNow + seconds(9)));
  health.OnFailure(Failure::kNoPing, kNow + seconds(9));
  EXPECT_FALSE(health.Gone(kNow + seconds(9))) << "an earlier outage's probe is no proof";
}

TEST(BackendHealth, OneRefusalIsNotEnoughWhereNothingIsKnownYet) {
  BackendHealth health(kNow);
  health.OnFailure(Failure::kRefused, kNow);
  EXPECT_FALSE(health.Gone(kNow));
  BackendHealth probed(kNow);
  probed.OnProbeStarted(kNow);
  probed.OnProbeFailed(Failure::kRefused, kNow);
  EXPECT_FALSE(probed.Gone(kNow));
  probed.OnProbeStarted(kNow);
  probed.OnProbeFailed(Failure::kRefused, kNow);
  EXPECT_TRUE(probed.Gone(kNow));
}

constexpr BackendChoice::Standing kOpen{.open = true, .gone = true};
constexpr BackendChoice::Standing kDoubtful{.open = true};
constexpr BackendChoice::Standing kStale{};
constexpr BackendChoice::Standing kGood{.known_up = true};
constexpr BackendChoice::Standing kReplica{.known_up = true, .read_only = true};

TEST(BackendChoice, OffStaysWhateverHappens) {
  BackendChoice choice(/*sticky=*/false, 0);
  EXPECT_FALSE(choice.Reconsider({kOpen, kGood}));
  EXPECT_EQ(choice.current(), 0U);
  EXPECT_TRUE(choice.Use(1)) << "but for the operator's word";
  EXPECT_FALSE(choice.Use(1));
  EXPECT_EQ(choice.current(), 1U);
}

TEST(BackendChoice, StickyGoesToTheFirstThatIsUpAndNeverBackByItself) {
  BackendChoice choice(/*sticky=*/true, 0);
  EXPECT_FALSE(choice.Reconsider({kStale, kGood, kGood})) << "not open: no reason to leave";
  EXPECT_TRUE(choice.Looking({kDoubtful, kStale, kOpen}));
  EXPECT_FALSE(choice.Reconsider({kDoubtful, kGood, kGood})) << "not gone yet";
  EXPECT_FALSE(choice.Reconsider({kOpen, kStale, kOpen})) << "nowhere to go";
  EXPECT_TRUE(choice.Reconsider({kOpen, kGood, kGood}));
  EXPECT_EQ(choice.current(), 1U);
  EXPECT_FALSE(choice.Reconsider({kGood, kGood, kGood}));
  EXPECT_TRUE(choice.Reconsider({kGood, kOpen, kGood})) << "by preference";
  EXPECT_EQ(choice.current(), 0U);
}

TEST(BackendChoice, AReadOnlyServerRanksBehindWritableOnesAndIsStillOne) {
  BackendChoice choice(/*sticky=*/true, 0);
  EXPECT_TRUE(choice.Reconsider({kOpen, kReplica, kGood}));
  EXPECT_EQ(choice.current(), 2U);
  EXPECT_TRUE(choice.Reconsider({kOpen, kReplica, kOpen}));
  EXPECT_EQ(choice.current(), 1U);
  EXPECT_FALSE(choice.Reconsider({kGood, kReplica, kGood})) << "no reason to leave one that is up";
}

}  // namespace
}  // namespace headgate
