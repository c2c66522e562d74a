#include "policies/backend_health.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string_view>
#include <vector>

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Failure = BackendFailure;
using Health = BackendHealth::State;

const Time kBegin{std::chrono::hours(100)};

BackendHealth Up() {
  BackendHealth health(kBegin);
  health.OnReached(kBegin);
  return health;
}

int FailuresUntilOpen(Failure how) {
  BackendHealth health = Up();
  for (int i = 1; i <= 10; ++i) {
    health.OnFailure(how, kBegin);
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
    health.OnFailure(Failure::kRefused, kBegin);
    health.OnFailure(Failure::kRefused, kBegin);
    EXPECT_FALSE(health.sound());
    health.OnReached(kBegin);
    EXPECT_TRUE(health.sound());
  }
  EXPECT_TRUE(health.up());
}

TEST(BackendHealth, APingOnAnOldConnectionEndsNoRowAndClosesNothing) {
  BackendHealth health = Up();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(health.up());
    health.OnFailure(Failure::kRefused, kBegin);
    health.OnPing(kBegin);
  }
  EXPECT_FALSE(health.may_connect());
  EXPECT_FALSE(health.FreshlyUp(kBegin));
}

TEST(BackendHealth, UntilSomebodyTriedAllMayAndTheFirstFailureCounts) {
  BackendHealth health(kBegin);
  EXPECT_EQ(health.next_probe(), kBegin) << "at once";
  EXPECT_TRUE(health.may_connect());
  EXPECT_FALSE(health.up());
  health.OnProbeStarted(kBegin);
  EXPECT_TRUE(health.may_connect());
  health.OnProbeFailed(Failure::kRefused, kBegin);
  EXPECT_FALSE(health.may_connect());
}

TEST(BackendHealth, ProbesWithPausesThatDoubleToTwoSeconds) {
  BackendHealth health = Up();
  health.OnFailure(Failure::kNoPing, kBegin);
  Time now = kBegin;
  for (const int pause : {100, 200, 400, 800, 1600, 2000, 2000}) {
    EXPECT_EQ(health.state(), Health::kDown);
    EXPECT_EQ(health.next_probe(), now + milliseconds(pause));
    now = health.next_probe();
    health.OnProbeStarted(now);
    EXPECT_EQ(health.state(), Health::kProbing);
    EXPECT_EQ(health.next_probe(), kNever) << "one at a time";
    EXPECT_FALSE(health.may_connect());
    health.OnProbeFailed(Failure::kRefused, now);
  }
  EXPECT_EQ(health.since(), kBegin) << "the whole time";
  health.OnReached(now);
  EXPECT_TRUE(health.up());
  EXPECT_EQ(health.since(), now);
  EXPECT_EQ(health.next_probe(), kNever);
  health.OnFailure(Failure::kNoPing, now);
  EXPECT_EQ(health.next_probe(), now + milliseconds(100)) << "from the start again";
}

TEST(BackendHealth, WhatFailsWhileItIsOpenPutsNoProbeOff) {
  BackendHealth health = Up();
  health.OnFailure(Failure::kNoPing, kBegin);
  const Time due = health.next_probe();
  for (int i = 0; i < 10; ++i) health.OnFailure(Failure::kRefused, kBegin + milliseconds(10 * i));
  EXPECT_EQ(health.next_probe(), due);
}

TEST(BackendHealth, AProbeThatHangsOpensItAndStaysTheOnlyOne) {
  BackendHealth health = Up();
  health.WantProbe(kBegin);
  health.OnProbeStarted(kBegin);
  EXPECT_TRUE(health.up()) << "nothing is known against it";
  health.OnProbeOverdue(kBegin + seconds(2));
  EXPECT_EQ(health.state(), Health::kProbing);
  EXPECT_EQ(health.next_probe(), kNever);
  EXPECT_EQ(health.last_failure(), Failure::kNoGreeting);
  health.OnReached(kBegin + minutes(10));
  EXPECT_TRUE(health.up());
}

TEST(BackendHealth, WhenItOpensUnderAProbeThatOneDecides) {
  BackendHealth health = Up();
  health.WantProbe(kBegin);
  health.OnProbeStarted(kBegin);
  health.OnFailure(Failure::kNoPing, kBegin);
  EXPECT_EQ(health.state(), Health::kProbing);
  EXPECT_EQ(health.next_probe(), kNever);
  health.OnProbeFailed(Failure::kRefused, kBegin);
  EXPECT_EQ(health.state(), Health::kDown);
}

TEST(BackendHealth, AProbeThatIsLateAgainstASuccessMeansNothing) {
  BackendHealth health = Up();
  health.OnFailure(Failure::kNoPing, kBegin);
  health.OnProbeStarted(kBegin + milliseconds(100));
  health.OnReached(kBegin + milliseconds(200));
  health.OnProbeOverdue(kBegin + seconds(2));
  health.OnProbeFailed(Failure::kNoGreeting, kBegin + seconds(60));
  EXPECT_TRUE(health.up());
}

TEST(BackendHealth, AProbeWithoutAWordChangesNothing) {
  BackendHealth health = Up();
  health.WantProbe(kBegin + seconds(1));
  EXPECT_EQ(health.next_probe(), kBegin + seconds(1));
  health.OnProbeStarted(kBegin + seconds(1));
  health.OnProbeVoid();
  EXPECT_TRUE(health.up());
  EXPECT_EQ(health.next_probe(), kNever);
}

TEST(BackendHealth, KnownToBeUpWearsOff) {
  BackendHealth health = Up();
  EXPECT_TRUE(health.FreshlyUp(kBegin + BackendHealth::kFresh));
  EXPECT_FALSE(health.FreshlyUp(kBegin + BackendHealth::kFresh + milliseconds(1)));
  health.OnPing(kBegin + seconds(60));
  EXPECT_TRUE(health.FreshlyUp(kBegin + seconds(61)));
}

TEST(BackendHealth, OpenIsGoneOnceAProbeFailedAsWellOrAfterAWhile) {
  BackendHealth health = Up();
  for (int i = 0; i < 3; ++i) health.OnFailure(Failure::kRefused, kBegin);
  EXPECT_FALSE(health.may_connect());
  EXPECT_FALSE(health.Gone(kBegin)) << "those who failed may have failed for reasons of their own";
  EXPECT_FALSE(health.Gone(kBegin + BackendHealth::kGone - milliseconds(1)));
  EXPECT_TRUE(health.Gone(kBegin + BackendHealth::kGone));
  health.OnProbeStarted(kBegin);
  health.OnProbeFailed(Failure::kRefused, kBegin);
  EXPECT_TRUE(health.Gone(kBegin));
  health.OnReached(kBegin + seconds(9));
  EXPECT_FALSE(health.Gone(kBegin + seconds(9)));
  health.OnFailure(Failure::kNoPing, kBegin + seconds(9));
  EXPECT_FALSE(health.Gone(kBegin + seconds(9))) << "an earlier outage's probe is no proof";
}

TEST(BackendHealth, OneRefusalIsNotEnoughWhereNothingIsKnownYet) {
  BackendHealth health(kBegin);
  health.OnFailure(Failure::kRefused, kBegin);
  EXPECT_FALSE(health.Gone(kBegin));
  BackendHealth probed(kBegin);
  probed.OnProbeStarted(kBegin);
  probed.OnProbeFailed(Failure::kRefused, kBegin);
  EXPECT_FALSE(probed.Gone(kBegin));
  probed.OnProbeStarted(kBegin);
  probed.OnProbeFailed(Failure::kRefused, kBegin);
  EXPECT_TRUE(probed.Gone(kBegin));
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

// What operators are told of a server that is not there: each cause by its own words.
TEST(BackendHealth, EachFailureHasItsWords) {
  std::set<std::string_view> words;
  for (const Failure how : {Failure::kRefused, Failure::kNoHandshake, Failure::kNoGreeting,
                            Failure::kNoAnswer, Failure::kNoPing}) {
    EXPECT_TRUE(Name(how).starts_with("it ")) << Name(how);
    words.insert(Name(how));
  }
  EXPECT_EQ(words.size(), 5u);
  EXPECT_EQ(Name(Failure::kNone), "");
}

}  // namespace
}  // namespace headgate
