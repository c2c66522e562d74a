// Levels: what raises them, what they lay over the limits, and who is untouched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "tests/policies/headroom_fixture.h"

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(HeadroomTest, StrangersThatFillTheSlotsRaiseTheLevelAndItFallsAgain) {
  limits_.classes[0].reserve = 1;
  Start();
  auto in = Fill(15);
  EXPECT_EQ(Status().level, Level::kCalm);
  for (TicketPtr& t : Fill(2)) in.push_back(std::move(t));
  EXPECT_EQ(Status().level, Level::kElevated);
  EXPECT_EQ(Status().level_cause, "free_slots");
  for (TicketPtr& t : Fill(5)) in.push_back(std::move(t));
  EXPECT_EQ(Status().level, Level::kAttack);
  in.clear();
  Pass(seconds(29));
  EXPECT_EQ(Status().level, Level::kAttack);
  Pass(seconds(2));
  EXPECT_EQ(Status().level, Level::kElevated);
  Pass(seconds(31));
  EXPECT_EQ(Status().level, Level::kCalm);
  EXPECT_EQ(Status().level_changes, 4u);
}

TEST_F(HeadroomTest, TheFirstApplicationOfAFreshGateMayFillTheServerAndEarnsItsTrust) {
  WithoutClasses();
  Start();
  const auto pool = Pool(20);
  ASSERT_EQ(Got(pool), 20u);
  EXPECT_EQ(Status().level, Level::kCalm);
  Work(pool, 4);
  EXPECT_EQ(Status().known_good, 1u);
  EXPECT_EQ(Status().implicit_reserve, 15u) << "its share of the slots";
  EXPECT_EQ(Status().level, Level::kCalm);
}

TEST_F(HeadroomTest, AKnownGoodPoolThatFillsTheServerIsNoPressure) {
  WithoutClasses();
  Start();
  auto pool = Pool(20);
  Work(pool, 4);
  pool.clear();
  pool = Pool(20);
  EXPECT_EQ(Got(pool), 20u);
  Pass(seconds(1));
  EXPECT_EQ(Status().level, Level::kCalm);
}

TEST_F(HeadroomTest, WhoWorkedALittleForLongIsTrustedThatFarAndNoFurther) {
  WithoutClasses();
  Start();
  auto pool = Pool(8);
  auto poisoner = std::vector<TicketPtr>();
  poisoner.push_back(Enter(Foe(1), "weak"));
  for (int minute = 0; minute < 4; ++minute) {
    engine_->OnStatementCompleted(*poisoner[0], now_);
    Work(pool, 1);
  }
  ASSERT_EQ(Status().implicit_pairs, 2u);
  pool.clear();
  while (TicketPtr t = Enter(Foe(1), "weak")) poisoner.push_back(std::move(t));
  EXPECT_NE(Status().level, Level::kCalm);
  Pass(seconds(1));
  for (int i = 0; i < 8; ++i) {
    pool.push_back(Accept(App()));
    if (Login(pool.back(), "shop").kind == Kind::kAdmit) engine_->OnLoginOk(*pool.back(), now_);
    for (int turn = 0; turn < 3; ++turn) {
      Answer(poisoner);
      Pass(milliseconds(20));
    }
  }
  EXPECT_EQ(Status().waiting, 0u);
  EXPECT_THAT(refused_, IsEmpty());
}

TEST_F(HeadroomTest, UnderAttackStrangersHaveTheLevelsLimits) {
  WithoutClasses();
  Over(Level::kAttack).source.connections = Share::Number(2);
  Start();
  const auto in = Fill(21);
  ASSERT_EQ(Status().level, Level::kAttack);
  EXPECT_NE(Accept(Foe(50)), nullptr);
  const TicketPtr first = Accept(Foe(51));
  const TicketPtr second = Accept(Foe(51));
  EXPECT_EQ(Knock(Foe(51)).verdict.reason, Reason::kSourceConnections);
}

TEST_F(HeadroomTest, ALevelsLimitsBindNeitherKnownGoodNorReservedSources) {
  limits_.classes[0].sources = {{App(), 128}};
  Over(Level::kAttack).source.connections = Share::Number(1);
  Over(Level::kElevated).source.connections = Share::Number(1);
  Start();
  engine_->OnWire(5000, false, now_);
  ASSERT_NE(Status().level, Level::kCalm);
  EXPECT_EQ(Got(Pool(8)), 8u);
}

TEST_F(HeadroomTest, RefusalsByALevelsLimitsDoNotKeepItUp) {
  WithoutClasses();
  limits_.pressure.attack.refusals = {10, 10};
  Over(Level::kAttack).source.connections = Share::Number(1);
  Start();
  auto in = Fill(21);
  ASSERT_EQ(Status().level, Level::kAttack);
  in.clear();
  const TicketPtr one = Accept(Foe(7));
  std::uint64_t refused = 0;
  for (int i = 0; i < 62 && Status().level == Level::kAttack; ++i) {
    for (int n = 0; n < 100; ++n) {
      refused += Knock(Foe(7)).verdict.kind == Kind::kRefuse ? 1 : 0;
    }
    Pass(milliseconds(500));
  }
  EXPECT_GT(refused, 1000u);
  EXPECT_NE(Status().level, Level::kAttack);
  EXPECT_EQ(Status().bans, 0u) << "nor is anybody banned for them";
}

TEST_F(HeadroomTest, OtherRefusalsRaiseTheLevel) {
  limits_.source.connect_rate = {1, 1};
  limits_.source.ban_after = {};
  Start();
  for (int i = 0; i < 4; ++i) {
    for (std::uint32_t n = 0; n < 40; ++n) static_cast<void>(Knock(Foe(3)));
    Pass(milliseconds(300));
  }
  EXPECT_EQ(Status().level, Level::kElevated);
  EXPECT_EQ(Status().level_cause, "refusals");
}

TEST_F(HeadroomTest, SpoofedSynsNeverReachAttack) {
  Start();
  for (int i = 0; i < 100; ++i) {
    engine_->OnWire(1e9, false, now_);
    Pass(milliseconds(100));
  }
  EXPECT_EQ(Status().level, Level::kElevated);
}

TEST_F(HeadroomTest, UnderAttackNothingIsEarnedButWhileElevatedItIs) {
  WithoutClasses();
  Start();
  auto hoard = Fill(21);
  ASSERT_EQ(Status().level, Level::kAttack);
  for (int i = 0; i < 4; ++i) {
    for (const TicketPtr& t : hoard) engine_->OnStatementCompleted(*t, now_);
    Pass(minutes(1));
    static_cast<void>(Fill(1));  // somebody waits again: the level stays
  }
  EXPECT_EQ(Status().known_good, 0u);
  hoard.clear();
  Pass(minutes(2));
  auto pool = Pool(3);
  for (int i = 0; i < 30; ++i) {
    engine_->OnWire(1e6, false, now_);
    for (const TicketPtr& t : pool) engine_->OnStatementCompleted(*t, now_);
    Pass(seconds(9));
  }
  EXPECT_EQ(Status().level, Level::kElevated);
  EXPECT_EQ(Status().known_good, 1u);
}

TEST_F(HeadroomTest, NewPodsOfTheApplicationAreNoPressure) {
  limits_.slots = {.max_connections = 151, .max_connections_auto = false, .keep_free = 5};
  WithoutClasses();
  Start();
  std::vector<TicketPtr> sessions;
  for (std::uint32_t pod = 0; pod < 6; ++pod) {
    for (int i = 0; i < 12; ++i) {
      sessions.push_back(Enter(Address::V4(App().V4HostOrder() + pod), "shop"));
    }
  }
  ASSERT_EQ(Got(sessions), 72u);
  Work(sessions, 4);
  ASSERT_EQ(Status().implicit_reserve, 72u);
  for (std::uint32_t pod = 0; pod < 6; ++pod) {  // one after another gets a new address
    for (std::uint32_t i = 0; i < 12; ++i) {
      TicketPtr& t = sessions[pod * 12 + i];
      t = Enter(Address::V4(App().V4HostOrder() + 100 + pod), "shop");
      ASSERT_NE(t, nullptr);
    }
    EXPECT_EQ(Status().level, Level::kCalm) << pod;
  }
  Work(sessions, 4);
  EXPECT_EQ(Status().known_good, 12u);
}

TEST_F(HeadroomTest, SilenceAndWaitingInVainDoNotPress) {
  limits_.source.ban_after = {};
  Start();
  for (int i = 0; i < 8; ++i) {
    for (std::uint32_t n = 0; n < 200; ++n) {
      const TicketPtr t = Accept(Foe(n));
      EXPECT_TRUE(engine_->Gate(*t, Reason::kPendingDeadline, now_));
    }
    Pass(milliseconds(250));
  }
  EXPECT_EQ(Status().level, Level::kCalm);
}

TEST_F(HeadroomTest, APoolThatResetsItsSessionsKeepsItsTrust) {
  WithoutClasses();
  Start();
  auto pool = Pool(20);
  Work(pool, 4);
  for (const TicketPtr& t : pool) {
    ASSERT_EQ(engine_->OnChangeUser(*t, {.user = "shop", .database = ""}, now_).kind, Kind::kAdmit);
    engine_->OnLoginOk(*t, now_);
  }
  Pass(seconds(1));
  EXPECT_EQ(Status().level, Level::kCalm);
}

TEST_F(HeadroomTest, NoMoreIsCalledBackThanIsOwed) {
  limits_.classes[0].lend = true;
  limits_.classes[0].reserve = 1;
  Start();
  Earn(App(), "shop");
  auto strangers = Fill(20);
  ASSERT_THAT(strangers, SizeIs(20));
  Pass(seconds(1));
  std::vector<TicketPtr> waiting;
  for (int i = 0; i < 10; ++i) {
    waiting.push_back(Accept(App()));
    ASSERT_EQ(Login(waiting.back(), "shop").kind, Kind::kWait);
  }
  for (int i = 0; i < 10; ++i) Pass(milliseconds(20));
  EXPECT_THAT(reclaims_, SizeIs(1));
}

TEST_F(HeadroomTest, ABorrowerThatIsNeverIdleEndsWithItsNextCommand) {
  limits_.classes[0].lend = true;
  Start();
  Earn(App(), "shop");
  auto strangers = Fill(20);
  for (const TicketPtr& t : strangers) static_cast<void>(Ask(t, "UPDATE t SET x = 1"));
  const TicketPtr owner = Accept(App());
  ASSERT_EQ(Login(owner, "shop").kind, Kind::kWait);
  ASSERT_THAT(reclaims_, SizeIs(1));
  for (const TicketPtr& s : strangers) {
    if (IdOf(*s) != reclaims_[0]) continue;
    engine_->OnAnswer(*s, {.command = CommandKind::kQuery}, now_);
    const CommandVerdict v = Ask(s, "UPDATE t SET x = 2");
    EXPECT_EQ(v.kind, CommandVerdict::Kind::kClose);
    EXPECT_EQ(v.reason, Reason::kReclaimed);
  }
}

TEST_F(HeadroomTest, AClassThatIsNotEnforcedKeepsNothingFromOthers) {
  limits_.classes[0].enforce = false;
  Start();
  EXPECT_THAT(Fill(20), SizeIs(20));
}

TEST_F(HeadroomTest, UnderAttackASlotThatIsLeftIdleGoesToSomebodyWhoWaits) {
  WithoutClasses();
  Start();
  auto hoard = Fill(21);
  ASSERT_EQ(Status().level, Level::kAttack);
  Pass(seconds(6));
  const TicketPtr newcomer = Accept(Foe(99));
  ASSERT_EQ(Login(newcomer, "weak").kind, Kind::kWait);
  EXPECT_THAT(reclaims_, SizeIs(1));
  EXPECT_EQ(Answer(hoard), 1u);
  EXPECT_THAT(admitted_, SizeIs(1));
}

}  // namespace
}  // namespace headgate
