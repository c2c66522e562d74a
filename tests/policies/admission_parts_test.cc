// The parts that decide who goes next: the lane, the waiting room, the classes, login names.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "policies/class_matcher.h"
#include "policies/login_lane.h"
#include "policies/login_name.h"
#include "policies/login_ramp.h"
#include "policies/waiting_room.h"

namespace headgate {
namespace {

using std::chrono::seconds;
using Answer = LoginLane::Answer;
using Rank = LoginLane::Rank;
using Tier = WaitingRoom::Tier;
using Try = WaitingRoom::Try;

Address Peer(std::uint32_t n) { return Address::V4(0x0a000000 + n); }

TEST(LoginLaneTest, KeepsAShareForKnownGoodAndOneAtLeastForOthers) {
  LoginLane lane(KeyedHash(1, 2));
  LoginLimits limits;
  limits.in_progress = 4;
  limits.rate = {};
  limits.known_good_share = 1.0;
  lane.Configure(limits);
  const Time now{};
  ASSERT_EQ(lane.MayEnter(Peer(1), Rank::kStranger, now), Answer::kFree);
  const auto one = lane.Enter(Peer(1), Rank::kStranger, now);
  EXPECT_EQ(lane.MayEnter(Peer(2), Rank::kStranger, now), Answer::kFull);
  std::vector<LoginLane::Lease> known;
  for (int i = 0; i < 3; ++i) known.push_back(lane.Enter(Peer(3), Rank::kKnownGood, now));
  EXPECT_EQ(lane.MayEnter(Peer(4), Rank::kKnownGood, now), Answer::kFull);
  known.pop_back();
  EXPECT_EQ(lane.MayEnter(Peer(4), Rank::kKnownGood, now), Answer::kFree);
}

TEST(LoginLaneTest, BindsSourcesAndTheRateOfStrangers) {
  LoginLane lane(KeyedHash(1, 2));
  LoginLimits limits;
  limits.per_source = 1;
  limits.rate = {1, 2};
  lane.Configure(limits);
  Time now{seconds(1)};
  auto a = lane.Enter(Peer(1), Rank::kStranger, now);
  EXPECT_EQ(lane.MayEnter(Peer(1), Rank::kStranger, now), Answer::kSourceFull);
  a.Release();
  auto b = lane.Enter(Peer(1), Rank::kStranger, now);
  EXPECT_EQ(lane.MayEnter(Peer(2), Rank::kStranger, now), Answer::kRate);
  EXPECT_EQ(lane.MayEnter(Peer(2), Rank::kKnownGood, now), Answer::kFree);
  EXPECT_EQ(lane.MayEnter(Peer(2), Rank::kStranger, lane.NextToken(now)), Answer::kFree);
  b.Release();
  EXPECT_EQ(lane.in_progress(), 0u);
}

TEST(LoginLaneTest, StrangersLeaveMembersAndTheseKnownGoodTheirPlaces) {
  LoginLane lane(KeyedHash(1, 2));
  lane.Configure({.in_progress = 8, .per_source = 2, .known_good_share = 0.5, .rate = {}});
  const Time now{};
  std::vector<LoginLane::Lease> in;
  const auto fill = [&](Rank rank) {
    std::uint32_t places = 0;
    for (std::uint32_t n = 1; lane.MayEnter(Peer(n), rank, now) == Answer::kFree; ++n, ++places) {
      in.push_back(lane.Enter(Peer(n), rank, now));
    }
    return places;
  };
  EXPECT_EQ(fill(Rank::kStranger), 4U);
  EXPECT_EQ(fill(Rank::kMember), 2U);
  EXPECT_EQ(fill(Rank::kKnownGood), 2U);
  EXPECT_EQ(lane.MayEnter(Peer(99), Rank::kKnownGood, now), Answer::kFull);
  in.clear();
  EXPECT_EQ(lane.in_progress(), 0U);
  EXPECT_EQ(fill(Rank::kMember), 6U);
  EXPECT_EQ(lane.MayEnter(Peer(99), Rank::kStranger, now), Answer::kFull);
}

TEST(LoginLaneTest, AMembersSourceHasItsShareBesideStrangersFromThere) {
  LoginLane lane(KeyedHash(1, 2));
  lane.Configure({.in_progress = 16, .per_source = 1, .known_good_share = 0.5, .rate = {1, 1}});
  const Time now{seconds(1)};
  const auto stranger = lane.Enter(Peer(1), Rank::kStranger, now);
  EXPECT_EQ(lane.MayEnter(Peer(1), Rank::kMember, now), Answer::kFree) << "nor does the rate bind";
  const auto member = lane.Enter(Peer(1), Rank::kMember, now);
  EXPECT_EQ(lane.MayEnter(Peer(1), Rank::kMember, now), Answer::kSourceFull);
  EXPECT_EQ(lane.CountOf(Peer(1), Rank::kMember), 1U);
}

// --- with members

class LaneWithMembersTest : public ::testing::Test {
 protected:
  LaneWithMembersTest() {
    lane_.Configure({.in_progress = 16, .per_source = 2, .known_good_share = 0.5, .rate = {}},
                    /*members=*/true);
  }
  // As many as get in, each from a source of its own.
  std::uint32_t Fill(Rank rank) {
    std::uint32_t places = 0;
    for (std::uint32_t n = 1; lane_.MayEnter(Peer(n), rank, {}) == Answer::kFree; ++n, ++places) {
      in_.push_back(lane_.Enter(Peer(n), rank, {}));
    }
    return places;
  }
  LoginLane lane_{KeyedHash(1, 2)};
  std::vector<LoginLane::Lease> in_;
};

TEST_F(LaneWithMembersTest, AllOthersTogetherLeaveThemTheirHalf) {
  EXPECT_EQ(Fill(Rank::kKnownGood), 12U);
  EXPECT_EQ(Fill(Rank::kStranger), 0U);
  EXPECT_EQ(lane_.PartOf(Rank::kKnownGood), LoginLane::Part::kNotMembers);
  EXPECT_EQ(Fill(Rank::kMember), 4U);
  EXPECT_EQ(lane_.in_progress(), lane_.max());
  in_.clear();
  EXPECT_EQ(Fill(Rank::kStranger), 8U);
  EXPECT_EQ(Fill(Rank::kKnownGood), 4U);
  EXPECT_EQ(Fill(Rank::kMember), 4U);
}

TEST_F(LaneWithMembersTest, WithoutThemKnownGoodMayHaveAll) {
  lane_.Configure({.in_progress = 16, .per_source = 2, .known_good_share = 0.5, .rate = {}});
  EXPECT_EQ(Fill(Rank::kKnownGood), 16U);
}

TEST_F(LaneWithMembersTest, TheSmallestLanesShutNobodyOut) {
  for (std::uint32_t all = 1; all <= 20; ++all) {
    for (const double share : {0.0, 0.3, 0.5, 1.0}) {
      lane_.Configure({.in_progress = all, .per_source = 2, .known_good_share = share, .rate = {}},
                      /*members=*/true);
      for (const Rank first : {Rank::kStranger, Rank::kMember, Rank::kKnownGood}) {
        const std::uint32_t got = Fill(first);
        EXPECT_GE(got, 1U) << all << " " << share;
        EXPECT_LE(lane_.in_progress(), all);
        in_.clear();
      }
    }
  }
}

// Whatever the others do, and in whatever order.
TEST_F(LaneWithMembersTest, MembersAlwaysFindWhatIsKept) {
  std::uint64_t seed = 1;
  const auto draw = [&](std::uint32_t below) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::uint32_t>(seed >> 33) % below;
  };
  std::vector<LoginLane::Lease> members;
  std::uint32_t pod = 100;  // each another one
  for (int step = 0; step < 20'000; ++step) {
    const auto rank = draw(2) == 0 ? Rank::kStranger : Rank::kKnownGood;
    const Address who = Peer(draw(30));
    if (lane_.MayEnter(who, rank, {}) == Answer::kFree) in_.push_back(lane_.Enter(who, rank, {}));
    if (draw(3) == 0 && !in_.empty()) {
      in_.pop_back();
    }
    for (; members.size() < 4; ++pod) {
      ASSERT_EQ(lane_.MayEnter(Peer(pod), Rank::kMember, {}), Answer::kFree) << step;
      members.push_back(lane_.Enter(Peer(pod), Rank::kMember, {}));
    }
    for (std::uint32_t stay = draw(5); members.size() > stay;) members.pop_back();
    ASSERT_LE(lane_.in_progress(), lane_.max());
  }
}

TEST_F(LaneWithMembersTest, OneKnownGoodSourceHasHalfOfAllAtMost) {
  std::uint32_t places = 0;
  while (lane_.MayEnter(Peer(1), Rank::kKnownGood, {}) == Answer::kFree) {
    in_.push_back(lane_.Enter(Peer(1), Rank::kKnownGood, {}));
    ++places;
  }
  EXPECT_EQ(places, 8U);
  EXPECT_EQ(lane_.MayEnter(Peer(1), Rank::kKnownGood, {}), Answer::kSourceFull);
  EXPECT_EQ(lane_.MayEnter(Peer(2), Rank::kKnownGood, {}), Answer::kFree);
  EXPECT_EQ(lane_.CountOf(Peer(1), Rank::kKnownGood), 8U);
  in_.clear();
  EXPECT_EQ(lane_.CountOf(Peer(1), Rank::kKnownGood), 0U);
  lane_.Configure({.in_progress = 16, .per_source = 11, .known_good_share = 0.5, .rate = {}});
  EXPECT_EQ(lane_.MostOf(Rank::kKnownGood), 11U);
}

class WaitingRoomTest : public ::testing::Test {
 protected:
  WaitingRoomTest() { room_.Configure({.max = 100, .per_source = 10, .queue = seconds(5)}); }
  void Enter(std::uint64_t who, std::uint32_t source, Tier tier = Tier::kOther,
             SlotLedger::ClassId c = 0, Time not_before = {}) {
    room_.Enter({.who = reinterpret_cast<void*>(who),
                 .source = Peer(source),
                 .class_id = c,
                 .tier = tier,
                 .deadline = now_ + seconds(5),
                 .not_before = not_before},
                now_);
  }
  // Lets in as many as asked for, but nobody of `full`.
  std::vector<std::uint64_t> Serve(int most, SlotLedger::ClassId full = 99) {
    std::vector<std::uint64_t> in;
    room_.Serve(now_, [&](const WaitingRoom::Applicant& a) {
      if (most == 0 || a.class_id == full) return Try::kGroupBlocked;
      --most;
      in.push_back(reinterpret_cast<std::uint64_t>(a.who));
      return Try::kIn;
    });
    return in;
  }
  WaitingRoom room_{KeyedHash(1, 2)};
  Time now_{seconds(10)};
};

TEST_F(WaitingRoomTest, RoundRobinBySourceAndInOrderInside) {
  for (std::uint64_t i = 1; i <= 4; ++i) Enter(i, 1);
  Enter(5, 2);
  Enter(6, 3);
  EXPECT_EQ(Serve(10), (std::vector<std::uint64_t>{1, 5, 6, 2, 3, 4}));
  EXPECT_EQ(room_.size(), 0u);
}

TEST_F(WaitingRoomTest, TrustGoesFirst) {
  Enter(1, 1);
  Enter(2, 2, Tier::kKnownNeighbour);
  Enter(3, 3, Tier::kKnownGood);
  EXPECT_EQ(Serve(10), (std::vector<std::uint64_t>{3, 2, 1}));
}

TEST_F(WaitingRoomTest, AFullClassDoesNotBlockTheOthers) {
  Enter(1, 1, Tier::kOther, 0);
  Enter(2, 1, Tier::kOther, 1);
  EXPECT_EQ(Serve(10, /*full=*/0), (std::vector<std::uint64_t>{2}));
  EXPECT_EQ(room_.size(), 1u);
}

TEST_F(WaitingRoomTest, ADelayedOneQueuesWhenItsTimeHasCome) {
  Enter(1, 1, Tier::kOther, 0, now_ + seconds(1));
  Enter(2, 2);
  EXPECT_EQ(Serve(10), (std::vector<std::uint64_t>{2}));
  EXPECT_EQ(room_.NextEvent(), now_ + seconds(1));
  now_ += seconds(1);
  EXPECT_EQ(Serve(10), (std::vector<std::uint64_t>{1}));
  EXPECT_EQ(room_.NextEvent(), kNever);
}

TEST_F(WaitingRoomTest, ABlockedSourceIsPassedOver) {
  Enter(1, 1);
  Enter(2, 2);
  std::vector<std::uint64_t> in;
  room_.Serve(now_, [&](const WaitingRoom::Applicant& a) {
    if (a.source == Peer(1)) return Try::kSourceBlocked;
    in.push_back(reinterpret_cast<std::uint64_t>(a.who));
    return Try::kIn;
  });
  EXPECT_EQ(in, (std::vector<std::uint64_t>{2}));
}

TEST_F(WaitingRoomTest, IsBoundedAndTrustDisplaces) {
  room_.Configure({.max = 3, .per_source = 2, .queue = seconds(5)});
  Enter(1, 1);
  Enter(2, 1);
  EXPECT_EQ(room_.Ask(Peer(1), Tier::kOther).room, WaitingRoom::Room::kSourceFull);
  Enter(3, 2);
  const WaitingRoom::Answer trusted = room_.Ask(Peer(2), Tier::kKnownGood);
  EXPECT_EQ(trusted.room, WaitingRoom::Room::kDisplacing);
  EXPECT_EQ(trusted.displaced, reinterpret_cast<void*>(1));  // the oldest of the greediest source
}

TEST_F(WaitingRoomTest, ASourcesShareBindsOnlyOnceHalfTheRoomIsTaken) {
  room_.Configure({.max = 100, .per_source = 10, .queue = seconds(5)});
  for (std::uint64_t who = 1; who <= 49; ++who) Enter(who, 1);
  EXPECT_EQ(room_.Ask(Peer(1), Tier::kOther).room, WaitingRoom::Room::kYes);
  Enter(50, 1);
  EXPECT_EQ(room_.Ask(Peer(1), Tier::kOther).room, WaitingRoom::Room::kSourceFull);
  EXPECT_EQ(room_.Ask(Peer(2), Tier::kOther).room, WaitingRoom::Room::kYes);
}

TEST_F(WaitingRoomTest, AFullRoomIsPaidForByTheGreediestOfTheWorstTier) {
  room_.Configure({.max = 3, .per_source = 3, .queue = seconds(5)});
  Enter(1, 1);
  Enter(2, 1);
  Enter(3, 2);
  const WaitingRoom::Answer newcomer = room_.Ask(Peer(3), Tier::kOther);
  EXPECT_EQ(newcomer.room, WaitingRoom::Room::kDisplacing);
  EXPECT_EQ(newcomer.displaced, reinterpret_cast<void*>(1));
  EXPECT_EQ(room_.Ask(Peer(1), Tier::kOther).room, WaitingRoom::Room::kFull);  // greediest itself
  EXPECT_EQ(room_.size(), 3u);  // asking changes nothing
}

TEST_F(WaitingRoomTest, AWorseTierNeverDisplacesABetterOne) {
  room_.Configure({.max = 1, .per_source = 3, .queue = seconds(5)});
  Enter(1, 1, Tier::kKnownGood);
  EXPECT_EQ(room_.Ask(Peer(2), Tier::kOther).room, WaitingRoom::Room::kFull);
  EXPECT_EQ(room_.Ask(Peer(2), Tier::kKnownGood).room, WaitingRoom::Room::kDisplacing);
}

TEST_F(WaitingRoomTest, DeadlinesInOrder) {
  Enter(1, 1);
  now_ += seconds(1);
  Enter(2, 2);
  EXPECT_EQ(room_.Overdue(now_), nullptr);
  EXPECT_EQ(room_.Overdue(now_ + seconds(4)), reinterpret_cast<void*>(1));
}

TEST(ClassMatcherTest, FirstMatchWinsAndTheLastTakesTheRest) {
  std::vector<ClassLimits> classes(4);
  classes[0].sources = {Cidr{Peer(0), 96 + 24}};
  classes[0].users = {"shop", "shop_*"};
  classes[1].users = {"report*"};
  classes[2].databases = {"batch?"};
  const ClassMatcher m(classes);
  EXPECT_EQ(m.Match(Peer(7), "shop_ro", ""), 0u);
  EXPECT_EQ(m.Match(Peer(700), "shop_ro", ""), 3u);
  EXPECT_EQ(m.Match(Peer(7), "reporter", "batch1"), 1u);
  EXPECT_EQ(m.Match(Peer(7), "x", "batch1"), 2u);
  EXPECT_EQ(m.Match(Peer(7), "x", ""), 3u);
}

TEST(ClassMatcherTest, ASubjectIsOneMoreThatHasToMatch) {
  std::vector<ClassLimits> classes(2);
  classes[0].users = {"shop"};
  classes[0].subjects = {"CN=shop*", "*"};
  const ClassMatcher m(classes);
  EXPECT_EQ(m.Match(Peer(7), "shop", "", "CN=shop-1"), 0u);
  EXPECT_EQ(m.Match(Peer(7), "other", "", "CN=shop-1"), 1u);
  EXPECT_EQ(m.Match(Peer(7), "shop", ""), 1u);  // without a certificate not even "*" matches
}

TEST(ClassMatcherTest, APatternOfASubjectHasItsParts) {
  std::vector<ClassLimits> classes(2);
  classes[0].subjects = {"CN=billing-*,O=Example"};
  const ClassMatcher m(classes);
  EXPECT_EQ(m.Match(Peer(7), "", "", "CN=billing-1,O=Example"), 0u);
  for (const char* other :
       {"CN=billing-1,OU=guests,O=Example", "CN=billing-1,O=Evil\\,O=Example", "CN=billing-1",
        "O=Example", "CN=billing-1,O=Example,C=XX", "CN=x,O=Example", ",CN=billing-1,O=Example"}) {
    EXPECT_EQ(m.Match(Peer(7), "", "", other), 1u) << other;
  }
}

TEST(LoginNameTest, AsTheServerReadsIt) {
  EXPECT_EQ(CanonicalUser("'root'"), "root");
  EXPECT_EQ(CanonicalUser("'"), "'");
  EXPECT_EQ(CanonicalUser("''"), "");
  const std::vector<std::string> users = {"root", ""};
  for (const char* sent : {"root", "'root'", "@0072oot", "r@006f@006ft", "''", "", "root\xC3",
                           "root\xE2\x82", "root\xF0\x9F\x98",
                           "root\xF0"
                           "A",
                           "'root'\xC3"}) {
    EXPECT_TRUE(MeansOneOf(users, sent)) << sent;
  }
  for (const char* sent :
       {"ro\xC3\xB6t", "root\x80", "Root", "root2", "root@", "@007", "@00720", "a@b.example"}) {
    EXPECT_FALSE(MeansOneOf(users, sent)) << sent;
  }
}

TEST(LoginRampTest, TwiceAsFastAfterASecondThatWentWellAndHalfAfterOneThatDidNot) {
  LoginRamp ramp;
  Time now{seconds(100)};
  EXPECT_FALSE(ramp.active());
  ramp.Start({10, 10}, now);
  const auto second = [&](bool ok, bool failed) {
    if (ok) ramp.OnLoginOk();
    if (failed) ramp.OnServerFailed();
    now += LoginRamp::kStep;
    ramp.Tick(now);
    return ramp.rate();
  };
  EXPECT_EQ(second(true, false), 20);
  EXPECT_EQ(second(true, false), 40);
  EXPECT_EQ(second(false, false), 40) << "nobody has tried";
  EXPECT_EQ(second(true, true), 20);
  EXPECT_EQ(second(false, true), 10);
  EXPECT_EQ(second(false, true), 10) << "never slower than at first";
  for (const double rate : {20, 40, 80, 160}) EXPECT_EQ(second(true, false), rate);
  EXPECT_EQ(second(true, false), 0);
  EXPECT_FALSE(ramp.active());
  ramp.Start({10, 10}, now);
  for (int i = 0; i < 59; ++i) EXPECT_EQ(second(false, true), 10);
  EXPECT_EQ(second(false, true), 0) << "a minute at the longest";
}

}  // namespace
}  // namespace headgate
