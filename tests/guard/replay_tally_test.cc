#include "guard/replay_tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

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

  Origins origins_;
  ReplayTally tally_{origins_, std::chrono::seconds(1)};
};

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

TEST_F(ReplayTallyTest, DryRunsAndTheServersOwnEndsAreNoHarm) {
  Outcome dry = Made(1, What::kRefused, Reason::kConnectRate, "10.1.0.1");
  dry.enforced = false;
  dry.of_protected = true;
  tally_.OnOutcome(dry);
  Tell(1, What::kRefused, Reason::kBackendUnreachable, "10.1.0.1", true);
  Tell(1, What::kNoted, Reason::kShapeLog, "10.1.0.1", true);
  const ReplayReport report = tally_.Report();
  EXPECT_EQ(report.touched, 0U);
  std::uint64_t would = 0;
  for (const ReplayLimit& limit : report.limits) would += Sum(limit.would_act);
  EXPECT_EQ(would, 1U);
}

TEST_F(ReplayTallyTest, WhomTheOperatorNamesIsProtected) {
  tally_.Protect([](const Address& peer, std::string_view, std::string_view) {
    return peer == Peer("198.51.100.7");
  });
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
