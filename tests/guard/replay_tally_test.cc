#include "guard/replay_tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <vector>

#include "guard/replay_words.h"
#include "policies/own_key.h"
#include "tests/guard/replay_testing.h"

namespace headgate::guard::testing {
namespace {

using What = Outcome::What;

class ReplayTallyTest : public ::testing::Test {
 protected:
  ReplayTallyTest() {
    origins_.Set("source.connect_rate", "candidate.toml:12");
    origins_.Set(std::string("class.shop") + kOfClass + "max", "candidate.toml:31");
    tally_.OnEvent(Connects(0, "10.1.0.1"));
  }
  void Tell(double at, What what, Reason reason, const std::string& peer, bool is_protected = false,
            Duration how_long = {}) {
    Outcome o = Made(at, what, reason, peer, "shop", "shop");
    o.of_protected = is_protected;
    o.how_long = how_long;
    tally_.OnOutcome(o);
  }

  void Protect(const std::vector<std::string>& who) {
    tally_.Protect(*Protects::Parse(who), std::make_shared<const Limits>(limits_));
  }
  template <typename E>
  void On(double at, std::uint64_t serial, const E& what) {
    tally_.OnEvent({At(at), {0, serial}, what});
  }
  // Somebody comes and is turned away at the door.
  void RefusedAtTheDoor(double at, std::uint64_t serial, const std::string& peer) {
    tally_.OnEvent(Connects(at, peer, serial));
    Outcome o = Made(at, What::kRefused, Reason::kConnectRate, peer);
    o.id = {0, serial};
    tally_.OnOutcome(o);
    tally_.OnGone(o.id);
  }
  void Leave(double at, std::uint64_t serial) {
    On(at, serial, event::Forgotten{});
    tally_.Forget({0, serial});
  }
  void LogsIn(double at, std::uint64_t serial, std::string_view user) {
    On(at, serial, event::Login{{.user = user, .database = ""}});
    On(at, serial, event::LoginOk{});
  }

  Limits limits_ = Limits::Defaults();
  Origins origins_;
  ReplayTally tally_{origins_, std::chrono::seconds(1)};
};

// The candidate never saw its login packet; the capture has it.
TEST_F(ReplayTallyTest, WhoIsTurnedAwayAtTheDoorIsKnownByWhatHeDidThen) {
  Protect({"user:shop"});
  RefusedAtTheDoor(1, 7, "192.0.2.1");
  EXPECT_EQ(tally_.Report().touched, 0U);
  LogsIn(1.1, 7, "shop");
  Leave(9, 7);
  const ReplayReport report = tally_.Report();
  ASSERT_EQ(report.touched, 1U);
  EXPECT_EQ(report.touches[0].at, At(1));
  EXPECT_EQ(report.touches[0].user, "shop");
  EXPECT_EQ(report.limits[0].touched, 1U);
  ASSERT_EQ(report.sources.size(), 1U);
  EXPECT_EQ(report.sources[0].touched, 1U);
  EXPECT_EQ(AnswerOf(report), ReplayAnswer::kTouched);
}

TEST_F(ReplayTallyTest, WhomTheServerRefusedIsNoneOfYours) {
  Protect({"user:shop"});
  RefusedAtTheDoor(1, 7, "192.0.2.1");
  On(1.1, 7, event::Login{{.user = "shop", .database = ""}});
  On(1.2, 7, event::LoginFailed{LoginFailure::kAccessDenied});
  Leave(2, 7);
  RefusedAtTheDoor(3, 8, "192.0.2.1");
  LogsIn(3.1, 8, "other");
  tally_.Finish();
  EXPECT_EQ(tally_.Report().touched, 0U);
}

// There is his claim, and nothing that speaks against it.
TEST_F(ReplayTallyTest, WhoseLoginCameToNothingIsBelieved) {
  Protect({"user:shop"});
  for (const std::uint64_t serial : {7, 8}) {
    RefusedAtTheDoor(1, serial, "192.0.2.1");
    On(1.1, serial, event::Login{{.user = "shop", .database = ""}});
  }
  Leave(2, 7);
  EXPECT_EQ(tally_.Report().touched, 1U);
  tally_.Finish();
  EXPECT_EQ(tally_.Report().touched, 2U);
}

TEST_F(ReplayTallyTest, AClassIsKnownByWhatALoginClaims) {
  ClassLimits shop;
  shop.name = "shop";
  shop.users = {"shop"};
  limits_.classes.insert(limits_.classes.begin(), shop);
  Protect({"class:shop"});
  RefusedAtTheDoor(1, 7, "192.0.2.1");
  LogsIn(1.1, 7, "shop");
  EXPECT_EQ(tally_.Report().touched, 1U);
}

// However a class with a reserve tells its own.
TEST_F(ReplayTallyTest, AClassWithAReserveIsProtectedByItsUsers) {
  ClassLimits shop;
  shop.name = "shop";
  shop.users = {"shop"};
  shop.reserve = 10;
  limits_.classes.insert(limits_.classes.begin(), shop);
  Protect({});
  EXPECT_EQ(AnswerOf(tally_.Report()), ReplayAnswer::kNobodySeen);
  RefusedAtTheDoor(1, 7, "192.0.2.1");
  LogsIn(1.1, 7, "shop");
  EXPECT_EQ(tally_.Report().touched, 1U);
}

TEST_F(ReplayTallyTest, ABanIsHarmToWhoCameFromThereBefore) {
  Protect({"user:shop", "2001:db8::7"});
  const auto ban = [this](double at, const std::string& source) {
    tally_.OnOutcome(Made(at, What::kBanned, Reason::kBanApplied, source));
  };
  ban(1, "192.0.2.1");
  EXPECT_EQ(tally_.Report().touched, 0U);
  tally_.OnEvent(Connects(2, "192.0.2.1", 7));
  LogsIn(2.1, 7, "shop");
  Leave(3, 7);
  ban(4, "192.0.2.1");
  EXPECT_EQ(tally_.Report().touched, 1U);
  // It binds all of a /64.
  ban(5, "2001:db8::");
  EXPECT_EQ(tally_.Report().touched, 2U);
}

// In a replay it is the candidate's deadline that was too short.
TEST_F(ReplayTallyTest, ADeadlineIsHarmToWhoGotInLater) {
  Protect({"192.0.2.0/24"});
  for (const Reason reason : {Reason::kLoginDeadline, Reason::kPendingDeadline}) {
    for (const std::uint64_t serial : {7, 8}) {
      tally_.OnEvent(Connects(1, "192.0.2.1", serial));
      Outcome o = Made(1.1, What::kRefused, reason, "192.0.2.1");
      o.id = {0, serial};
      tally_.OnOutcome(o);
    }
    LogsIn(1.3, 7, "x");
    Leave(2, 7);
    Leave(2, 8);
  }
  const ReplayReport report = tally_.Report();
  EXPECT_EQ(report.touched, 2U);
  ASSERT_EQ(report.touches.size(), 2U);
  EXPECT_EQ(report.touches[0].reason, Reason::kLoginDeadline);
}

TEST_F(ReplayTallyTest, OfWhomNobodySawNothingIsSaid) {
  Protect({"user:shpo", "10.1.0.1"});
  EXPECT_EQ(AnswerOf(tally_.Report()), ReplayAnswer::kNobodySeen);
  EXPECT_THAT(VerdictOf(tally_.Report()), ::testing::HasSubstr("Nobody who is protected was seen"));
  tally_.OnEvent(Connects(1, "10.1.0.1", 7));
  LogsIn(1, 7, "shop");
  EXPECT_EQ(AnswerOf(tally_.Report()), ReplayAnswer::kUntouched);
  EXPECT_THAT(tally_.claims().Unmet(), ::testing::ElementsAre("user:shpo"));
}

TEST_F(ReplayTallyTest, UsersThatTlsHidesAreCounted) {
  Protect({"user:shop"});
  tally_.OnEvent(Connects(1, "192.0.2.1", 7));
  On(1, 7, event::Login{{.user = "", .database = ""}});
  On(1, 7, event::Opaque{});
  EXPECT_EQ(tally_.claims().unnamed(), 1U);
  EXPECT_EQ(AnswerOf(tally_.Report()), ReplayAnswer::kNobodySeen);
}

// Between two looks it is as the first of them found it, and the most is the most.
TEST_F(ReplayTallyTest, TheStateIsCarriedOnAndPeaksAreKept) {
  EngineStatus status;
  status.slots_capacity = 146;
  status.leases = 10;
  tally_.OnStatus(status, At(0));
  tally_.OnLevel({.at = At(10.01), .from = Level::kCalm, .to = Level::kAttack, .cause = {}});
  status.level = Level::kAttack;
  tally_.OnEvent(Connects(10.02, "10.1.0.1", 2));
  tally_.OnStatus(status, At(10.06));
  Reenactment::Peaks peaks;
  peaks.at = At(11);
  peaks.room = {.leases = 117, .capacity = 146, .pending = 3, .waiting = 5, .classes = {{90, 2}}};
  tally_.OnPeaks(peaks);
  tally_.OnEvent(Connects(20, "10.1.0.1", 3));
  status.level = Level::kCalm;
  tally_.OnStatus(status, At(20));
  const ReplayReport report = tally_.Report();
  for (const ReplayBucket& b : report.timeline) {
    EXPECT_GE(b.leases, 10U);
    EXPECT_EQ(b.capacity, 146U);
  }
  const auto stretches = Stretches(report);
  ASSERT_EQ(stretches.size(), 1U);
  EXPECT_EQ(stretches[0].level, Level::kAttack);
  EXPECT_NEAR(static_cast<double>(stretches[0].from) * static_cast<double>(report.bucket.count()),
              10e9, 1e8);
  const std::string text = ReplayText(report);
  EXPECT_THAT(text, ::testing::HasSubstr("at most 117 of 146 in use, 5 waiting, 3 without"));
  EXPECT_EQ(report.classes[0].most_leases, 90U);
  EXPECT_EQ(report.classes[0].when, At(11));
}

TEST_F(ReplayTallyTest, ALookIsDueWithEachBucket) {
  EXPECT_EQ(tally_.NextLook(), At(0));
  tally_.OnStatus({}, At(0));
  const Time next = tally_.NextLook();
  EXPECT_GT(next, At(0));
  EXPECT_LE(next, At(0.05));
  // With wider ones it is later.
  tally_.OnEvent(Connects(1000, "10.1.0.1"));
  EXPECT_GT(tally_.NextLook(), At(4));
  EXPECT_LT(tally_.NextLook(), At(10));
}

TEST_F(ReplayTallyTest, ALimitIsNamedWithItsPlace) {
  Tell(1, What::kRefused, Reason::kConnectRate, "203.0.113.1");
  Tell(2, What::kRefused, Reason::kClassFull, "203.0.113.1");
  const ReplayReport report = tally_.Report();
  ASSERT_EQ(report.limits.size(), 2U);
  EXPECT_EQ(report.limits[0].title, "[source] connect_rate");
  EXPECT_EQ(report.limits[0].where, "candidate.toml:12");
  EXPECT_EQ(report.limits[1].title, "[[class]] shop: max");
  EXPECT_EQ(report.limits[1].where, "candidate.toml:31");
}

TEST_F(ReplayTallyTest, OnlyTheProtectedAreTouched) {
  Tell(1, What::kRefused, Reason::kConnectRate, "203.0.113.1");
  EXPECT_EQ(tally_.Report().touched, 0U);
  Tell(2, What::kRefused, Reason::kClassFull, "10.1.0.1", true);
  const ReplayReport report = tally_.Report();
  EXPECT_EQ(report.touched, 1U);
  ASSERT_EQ(report.touches.size(), 1U);
  EXPECT_EQ(report.touches[0].source, "10.1.0.1");
  // What touches them goes first, however often others acted.
  EXPECT_EQ(report.limits[0].reason, Reason::kClassFull);
  EXPECT_THAT(VerdictOf(report), ::testing::HasSubstr("[[class]] shop: max (candidate.toml:31)"));
}

TEST_F(ReplayTallyTest, AShortWaitIsNoHarm) {
  Tell(1, What::kQueued, Reason::kLoginLane, "10.1.0.1", true, std::chrono::milliseconds(20));
  EXPECT_EQ(tally_.Report().touched, 0U);
  EXPECT_EQ(tally_.Report().held_shortly, 1U);
  Tell(2, What::kQueued, Reason::kLoginLane, "10.1.0.1", true, std::chrono::seconds(2));
  EXPECT_EQ(tally_.Report().touched, 1U);
}

TEST_F(ReplayTallyTest, ShortWaitsThatAddUpAreHarm) {
  Outcome o = Made(1, What::kDelayed, Reason::kQueryRate, "10.1.0.1", "shop", "shop");
  o.of_protected = true;
  o.how_long = std::chrono::milliseconds(100);
  o.behind = std::chrono::milliseconds(900);
  tally_.OnOutcome(o);
  EXPECT_EQ(tally_.Report().touched, 0U);
  o.behind = std::chrono::milliseconds(1000);
  tally_.OnOutcome(o);
  EXPECT_EQ(tally_.Report().touched, 1U);
}

TEST_F(ReplayTallyTest, DryRunsAndTheServersOwnEndsAreNoHarm) {
  Outcome dry = Made(1, What::kRefused, Reason::kConnectRate, "10.1.0.1");
  dry.enforced = false;
  dry.of_protected = true;
  tally_.OnOutcome(dry);
  Tell(1, What::kRefused, Reason::kBackendUnreachable, "10.1.0.1", true);
  Tell(1, What::kNoted, Reason::kShapeLog, "10.1.0.1", true);
  const ReplayReport report = tally_.Report();
  EXPECT_EQ(report.touched, 0U);
  EXPECT_EQ(report.would_touch, 1U);
  std::uint64_t would = 0;
  for (const ReplayLimit& limit : report.limits) would += Sum(limit.would_act);
  EXPECT_EQ(would, 1U);
}

TEST_F(ReplayTallyTest, WhomTheOperatorNamesIsProtected) {
  Protect({"198.51.100.7"});
  Tell(1, What::kRefused, Reason::kConnectRate, "198.51.100.8");
  EXPECT_EQ(tally_.Report().touched, 0U);
  Tell(1, What::kRefused, Reason::kConnectRate, "198.51.100.7");
  EXPECT_EQ(tally_.Report().touched, 1U);
}

TEST_F(ReplayTallyTest, TimeIsKeptInABoundedNumberOfBuckets) {
  for (int i = 0; i < 100'000; ++i) {
    tally_.OnEvent(Connects(i, "10.1.0.1"));
    if (i % 10 == 0) Tell(i, What::kRefused, Reason::kConnectRate, "203.0.113.1");
  }
  const ReplayReport report = tally_.Report();
  EXPECT_LE(report.timeline.size(), kMostBuckets);
  EXPECT_GE(report.timeline.size(), kMostBuckets / 2);
  std::uint64_t connects = 0, refused = 0;
  for (const ReplayBucket& b : report.timeline) {
    connects += b.connects;
    refused += b.acted[static_cast<std::size_t>(Reason::kConnectRate)];
  }
  EXPECT_EQ(connects, report.traffic.connects);
  EXPECT_EQ(refused, 10'000U);
  ASSERT_EQ(report.sources.size(), 1U);
  const auto& over_time = report.sources[0].over_time;
  EXPECT_EQ(std::accumulate(over_time.begin(), over_time.end(), 0.0), 10'000);
  EXPECT_LE(over_time.size(), report.timeline.size());
}

TEST_F(ReplayTallyTest, SourcesAreBoundedAndTheGreatestAreThere) {
  for (unsigned i = 0; i < 20'000; ++i) {
    Outcome o = Made(i * 0.01, What::kRefused, Reason::kConnectRate, "10.0.0.1");
    o.peer = Address::V4(0x0B000000U + i);
    tally_.OnOutcome(o);
    if (i % 20 == 0) Tell(i * 0.01, What::kRefused, Reason::kConnectRate, "203.0.113.9");
  }
  const ReplayReport report = tally_.Report();
  EXPECT_LE(report.sources.size(), 100U);
  EXPECT_EQ(report.sources[0].source, "203.0.113.9");
  EXPECT_NEAR(report.sources_refused, 20'001, 1000);
}

TEST_F(ReplayTallyTest, TouchesAreBounded) {
  for (int i = 0; i < 500; ++i) {
    Tell(i, What::kRefused, Reason::kClassFull, "10.1.0.1", true);
  }
  EXPECT_EQ(tally_.Report().touched, 500U);
  EXPECT_EQ(tally_.Report().touches.size(), kMostTouches);
  // The first by time, in that order, also where one was found late.
  Tell(-1, What::kRefused, Reason::kClassFull, "10.1.0.2", true);
  const auto touches = tally_.Report().touches;
  EXPECT_EQ(touches.size(), kMostTouches);
  EXPECT_EQ(touches.front().source, "10.1.0.2");
  EXPECT_EQ(touches.back().at, At(48));
}

TEST(ReplayTally, OfNothingThereIsNothing) {
  Origins origins;
  ReplayTally tally(origins, std::chrono::seconds(1));
  const ReplayReport report = tally.Report();
  EXPECT_TRUE(report.timeline.empty());
  EXPECT_FALSE(ReplayText(report).empty());
  EXPECT_FALSE(ReplayHtml(report).empty());
  EXPECT_FALSE(ReplayJson(report).empty());
}

}  // namespace
}  // namespace headgate::guard::testing
