// What the server's own figures, its absence and its return mean for logins; lending and calling
// back; implicit reserves without configuration; levels and what they lay over the limits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "tests/policies/engine_fixture.h"

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class HeadroomTest : public EngineTest {
 protected:
  HeadroomTest() {
    // 20 slots; the lane and the unproven budget are not what these tests are about.
    limits_.login.in_progress = 200;
    limits_.login.per_source = 200;
    limits_.login.rate = {};
    for (ClassLimits& c : limits_.classes) c.unproven = Share::Percent(100);
    limits_.waiting.queue = seconds(5);
  }

  void WithoutClasses() { limits_.classes.erase(limits_.classes.begin()); }

  // As many strangers as get in, each from a /16 of its own.
  std::vector<TicketPtr> Fill(std::uint32_t most) {
    std::vector<TicketPtr> in;
    for (std::uint32_t i = 0; i < most; ++i) {
      TicketPtr t = Enter(Foe(i), "weak");
      if (t != nullptr) in.push_back(std::move(t));
    }
    return in;
  }
  // A session that runs something now and then, for `n` minutes.
  void Work(const std::vector<TicketPtr>& sessions, int n) {
    for (int i = 0; i < n; ++i) {
      for (const TicketPtr& t : sessions) engine_->OnStatementCompleted(*t, now_);
      Pass(minutes(1));
    }
  }
  std::vector<TicketPtr> Pool(std::size_t n, std::string_view user = "shop") {
    std::vector<TicketPtr> pool;
    for (std::size_t i = 0; i < n; ++i) pool.push_back(Enter(App(), user));
    return pool;
  }
  static std::size_t Got(const std::vector<TicketPtr>& pool) {
    return static_cast<std::size_t>(
        std::count_if(pool.begin(), pool.end(), [](const auto& t) { return t != nullptr; }));
  }
  // The owner of every session whose slot is wanted back looks after it.
  std::size_t Answer(std::vector<TicketPtr>& sessions, bool can_kill = false) {
    std::size_t ended = 0;
    for (const ConnectionId id : std::exchange(reclaims_, {})) {
      const auto it = std::find_if(sessions.begin(), sessions.end(), [&](const TicketPtr& t) {
        return t != nullptr && IdOf(*t) == id;
      });
      if (it == sessions.end()) continue;
      SweepFacts facts;
      facts.can_kill = can_kill;
      const SweepVerdict v = engine_->OnSweep(**it, facts, now_);
      if (v.kind != SweepVerdict::Kind::kClose) continue;
      EXPECT_EQ(v.reason, Reason::kReclaimed);
      it->reset();
      ++ended;
    }
    return ended;
  }
  ConnectionId IdOf(const Ticket& t) { return engine_->IdOf(t); }
  CommandVerdict Ask(const TicketPtr& t, std::string_view sql, bool in_transaction = false) {
    CommandFacts facts;
    facts.command = CommandKind::kQuery;
    facts.sql = sql;
    facts.length = sql.size() + 1;
    facts.in_transaction = in_transaction;
    return engine_->OnCommand(*t, facts, now_);
  }
};

// ------------------------------------------------------------------ the server's own figures

TEST_F(HeadroomTest, MaxConnectionsOfTheServerIsFollowedUpAndDown) {
  Start();
  engine_->OnServerFacts({.max_connections = 55}, now_);
  EXPECT_EQ(Status().slots_capacity, 50u);
  EXPECT_EQ(Status().server_max, 55u);
  engine_->OnServerFacts({.max_connections = 15}, now_);
  EXPECT_EQ(Status().slots_capacity, 10u);
}

TEST_F(HeadroomTest, AWaitingLoginGetsInAsSoonAsTheServerHasMoreRoom) {
  WithoutClasses();
  Start();
  const auto in = Fill(20);
  ASSERT_THAT(in, SizeIs(20));
  const TicketPtr late = Accept(Foe(99));
  ASSERT_EQ(Login(late, "weak").kind, Kind::kWait);
  engine_->OnServerFacts({.max_connections = 26}, now_);
  EXPECT_THAT(admitted_, SizeIs(1));
}

TEST_F(HeadroomTest, ForeignConnectionsShrinkWhatIsHandedOutAndTheReserveStillHolds) {
  Start();
  Earn(App(), "shop");
  engine_->OnServerFacts({.max_connections = 25, .foreign = 9}, now_);
  EXPECT_EQ(Status().free_slots, 11u);
  const auto in = Fill(20);
  EXPECT_THAT(in, SizeIs(3));  // 11 less the shop's 8
  EXPECT_EQ(Got(Pool(8)), 8u);
}

// -------------------------------------------------------------- a backend that comes and goes

TEST_F(HeadroomTest, WhileTheServerIsGoneLoginsAreToldAtOnce) {
  Start();
  engine_->OnBackend(false, now_);
  const TicketPtr t = Accept(App());
  const Verdict v = Login(t, "shop");
  EXPECT_EQ(v.kind, Kind::kRefuse);
  EXPECT_EQ(v.reason, Reason::kBackendUnreachable);
  EXPECT_EQ(Acted(Reason::kBackendUnreachable), 1u);
  EXPECT_FALSE(Status().backend_up);
  engine_->OnBackend(true, now_);
  EXPECT_NE(Enter(App(), "shop"), nullptr);
}

TEST_F(HeadroomTest, WhoWaitsIsTurnedAwayWhenTheServerGoes) {
  WithoutClasses();
  Start();
  const auto in = Fill(20);
  const TicketPtr late = Accept(Foe(99));
  ASSERT_EQ(Login(late, "weak").kind, Kind::kWait);
  engine_->OnBackend(false, now_);
  ASSERT_THAT(refused_, SizeIs(1));
  EXPECT_EQ(refused_[0].reason, Reason::kBackendUnreachable);
  EXPECT_EQ(Status().waiting, 0u);
}

TEST_F(HeadroomTest, AfterItsReturnLoginsAreLetInByARamp) {
  limits_.slots = {.max_connections = 1005, .max_connections_auto = false, .keep_free = 5};
  limits_.slots.start_ramp = {50, 50};
  limits_.waiting.max = 1000;
  limits_.waiting.queue = minutes(1);
  WithoutClasses();
  Start();
  engine_->OnBackend(false, now_);
  engine_->OnBackend(true, now_);
  std::vector<TicketPtr> herd;
  std::size_t in = 0;
  for (std::uint32_t i = 0; i < 500; ++i) {
    herd.push_back(Accept(Foe(i)));
    if (Login(herd.back(), "weak").kind == Kind::kAdmit) {
      ++in;
      engine_->OnLoginOk(*herd.back(), now_);
    }
  }
  EXPECT_LE(in, 6u);
  std::vector<std::size_t> by_second;
  for (int second = 0; second < 6; ++second) {
    const std::size_t before = in;
    for (int i = 0; i < 50; ++i) {
      Pass(milliseconds(20));
      for (const Told& t : std::exchange(admitted_, {})) {
        ++in;
        for (const TicketPtr& h : herd) {
          if (IdOf(*h) == t.id) engine_->OnLoginOk(*h, now_);
        }
      }
    }
    by_second.push_back(in - before);
  }
  EXPECT_EQ(in, 500u);
  EXPECT_LE(by_second[0], 60u);
  EXPECT_GE(by_second[0], 40u);
  EXPECT_LE(by_second[1], 120u);
  EXPECT_GT(by_second[1], by_second[0]);
}

TEST_F(HeadroomTest, AnotherBackendStartsWithAllItsSlots) {
  WithoutClasses();
  Start();
  auto old = Fill(20);
  ASSERT_THAT(old, SizeIs(20));
  engine_->OnBackendSwitched(now_);
  EXPECT_EQ(Status().leases, 0u);
  EXPECT_EQ(Status().former, 20u);
  Pass(seconds(61));  // the ramp
  const auto fresh = Fill(20);
  EXPECT_THAT(fresh, SizeIs(20));
  old.clear();
  EXPECT_EQ(Status().former, 0u);
  EXPECT_EQ(Status().leases, 20u);
}

// --------------------------------------------------------------------------- lending, calling back

TEST_F(HeadroomTest, AReserveIsLentOnlyWhereTheClassAllowsIt) {
  Start();
  EXPECT_THAT(Fill(20), SizeIs(12));
  limits_.classes[0].lend = true;
  Reload();
  EXPECT_THAT(Fill(20), SizeIs(20));
}

TEST_F(HeadroomTest, WhatWasLentIsCalledBackWhenTheOwnerAsks) {
  limits_.classes[0].lend = true;
  Start();
  Earn(App(), "shop");
  auto strangers = Fill(20);
  ASSERT_THAT(strangers, SizeIs(20));
  Pass(seconds(1));
  const TicketPtr owner = Accept(App());
  ASSERT_EQ(Login(owner, "shop").kind, Kind::kWait);
  EXPECT_THAT(reclaims_, SizeIs(1));
  EXPECT_EQ(Answer(strangers), 1u);
  EXPECT_THAT(admitted_, SizeIs(1));
}

TEST_F(HeadroomTest, ABusyBorrowerIsKilledWhereNothingIsLostByIt) {
  limits_.classes[0].lend = true;
  Start();
  Earn(App(), "shop");
  auto strangers = Fill(20);
  for (const TicketPtr& t : strangers) static_cast<void>(Ask(t, "SELECT SLEEP(100)"));
  Pass(seconds(1));
  const TicketPtr owner = Accept(App());
  ASSERT_EQ(Login(owner, "shop").kind, Kind::kWait);
  ASSERT_THAT(reclaims_, SizeIs(1));
  Ticket* t = nullptr;
  for (const TicketPtr& s : strangers) {
    if (IdOf(*s) == reclaims_[0]) t = s.get();
  }
  ASSERT_NE(t, nullptr);
  SweepFacts facts;
  facts.can_kill = true;
  const SweepVerdict kill = engine_->OnSweep(*t, facts, now_);
  EXPECT_EQ(kill.kind, SweepVerdict::Kind::kKillQuery);
  EXPECT_EQ(kill.reason, Reason::kReclaimed);
  engine_->OnAnswer(*t, {.command = CommandKind::kQuery, .error = true}, now_);
  EXPECT_EQ(engine_->OnSweep(*t, facts, now_).kind, SweepVerdict::Kind::kClose);
}

TEST_F(HeadroomTest, ASlotThatWasWantedBackFromABusyStrangerIsLookedForElsewhere) {
  WithoutClasses();
  limits_.known_good.minutes = 1;
  Start();
  auto pool = Pool(6);
  Work(pool, 2);
  auto strangers = Fill(14);
  ASSERT_THAT(strangers, SizeIs(14));
  pool.clear();
  auto more = Fill(20);  // some of the pool's slots, until the level is above calm
  Pass(seconds(1));
  for (auto& t : more) strangers.push_back(std::move(t));
  for (const TicketPtr& t : strangers) static_cast<void>(Ask(t, "SELECT 1"));
  const TicketPtr owner = Accept(App());
  if (Login(owner, "shop").kind == Kind::kWait) {
    EXPECT_THAT(reclaims_, IsEmpty()) << "nobody is idle";
  }
}

// ------------------------------------------------------------------------------ implicit reserves

TEST_F(HeadroomTest, WithoutAClassAKnownGoodPoolKeepsItsRoomFromAnyNumberOfStrangers) {
  WithoutClasses();
  limits_.known_good.minutes = 10;
  Start();
  auto pool = Pool(8);
  ASSERT_EQ(Got(pool), 8u);
  Work(pool, 12);
  EXPECT_EQ(Status().implicit_pairs, 1u);
  EXPECT_EQ(Status().implicit_reserve, 8u);
  pool.clear();  // it restarts
  auto strangers = Fill(60);
  EXPECT_NE(Status().level, Level::kCalm);
  // Whatever is missing of its eight is called back from those who sit idle.
  Pass(seconds(10));
  std::vector<TicketPtr> again;
  for (int i = 0; i < 8; ++i) {
    again.push_back(Accept(App()));
    if (Login(again.back(), "shop").kind == Kind::kAdmit) engine_->OnLoginOk(*again.back(), now_);
    for (int turn = 0; turn < 10; ++turn) {
      Answer(strangers);
      Pass(milliseconds(20));
    }
  }
  EXPECT_EQ(Status().waiting, 0u);
  EXPECT_THAT(refused_, IsEmpty());
}

TEST_F(HeadroomTest, AWeakAccountBesideTheApplicationGainsNoneOfItsReserve) {
  WithoutClasses();
  limits_.known_good.minutes = 10;
  Start();
  auto pool = Pool(8);
  auto weak = std::vector<TicketPtr>();
  weak.push_back(Enter(Foe(1), "weak"));
  for (int minute = 0; minute < 12; ++minute) {
    for (const TicketPtr& t : pool) engine_->OnStatementCompleted(*t, now_);
    engine_->OnStatementCompleted(*weak[0], now_);
    Pass(minutes(1));
  }
  const EngineStatus s = Status();
  EXPECT_EQ(s.implicit_pairs, 2u);
  EXPECT_EQ(s.implicit_reserve, 9u);
  while (TicketPtr t = Enter(Foe(1), "weak")) weak.push_back(std::move(t));
  EXPECT_EQ(Status().implicit_unused, 0u);
  pool.clear();
  while (TicketPtr t = Enter(Foe(2), "weak")) weak.push_back(std::move(t));
  for (int i = 0; i < 8; ++i) {
    pool.push_back(Accept(App()));
    if (Login(pool.back(), "shop").kind == Kind::kAdmit) engine_->OnLoginOk(*pool.back(), now_);
    for (int turn = 0; turn < 300 && Status().waiting > 0; ++turn) {
      Answer(weak);
      Pass(milliseconds(20));
    }
  }
  EXPECT_THAT(refused_, IsEmpty());
}

TEST_F(HeadroomTest, WithAClassInTheFileNobodyHasAnImplicitReserve) {
  Start();
  auto pool = Pool(4);
  Work(pool, 4);
  EXPECT_GE(Status().known_good, 1u);
  EXPECT_EQ(Status().implicit_reserve, 0u);
}

TEST_F(HeadroomTest, WhatWasEarnedOutlivesTheProcess) {
  WithoutClasses();
  Start();
  auto pool = Pool(8);
  Work(pool, 12);
  const auto records = engine_->ExportKnownGood(now_);
  pool.clear();
  now_ = Time(seconds(5));  // another boot
  Start();
  engine_->RestoreKnownGood(records, minutes(3), now_);
  EXPECT_EQ(Status().known_good, 1u);
  EXPECT_EQ(Status().implicit_reserve, 8u);
}

// ---------------------------------------------------------------------------------- levels

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
  EXPECT_EQ(Status().level, Level::kAttack);
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
  engine_->OnSynRate(5000, now_);
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
    engine_->OnSynRate(1e9, now_);
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
    engine_->OnSynRate(1e6, now_);
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

// ---------------------------------------------------------------------------------- dry run

TEST_F(HeadroomTest, PressureInDryRunIsShownAndChangesNothing) {
  WithoutClasses();
  limits_.pressure.enforce = false;
  Over(Level::kAttack).source.connections = Share::Number(1);
  Start();
  Earn(App(), "shop");
  auto hoard = Fill(21);
  EXPECT_EQ(Status().level, Level::kAttack);
  Pass(seconds(10));
  const TicketPtr a = Accept(Foe(51));
  EXPECT_NE(Accept(Foe(51)), nullptr);
  ASSERT_EQ(Login(a, "weak").kind, Kind::kWait);
  Pass(seconds(1));
  EXPECT_THAT(reclaims_, IsEmpty());
  EXPECT_FALSE(Status().implicit_binds);
}

TEST_F(HeadroomTest, SlotsAndClassesThatAreNotEnforcedAreCounted) {
  limits_.classes[0].enforce = false;
  limits_.classes[0].max = Share::Number(2);
  limits_.classes[0].reserve = 0;
  limits_.classes[1].max = Share::Off();
  Start();
  const auto pool = Pool(4);
  EXPECT_EQ(Got(pool), 4u);
  EXPECT_EQ(WouldAct(Reason::kClassFull), 2u);
  limits_.slots.enforce = false;
  Reload();
  EXPECT_THAT(Fill(30), SizeIs(30));
  EXPECT_EQ(WouldAct(Reason::kNoSlot), 14u);
}

// ------------------------------------------------------------------------------ who waits

TEST_F(HeadroomTest, WhoWaitsHasAPositionAndAnExpectedWait) {
  WithoutClasses();
  limits_.waiting.queue = seconds(20);
  Start();
  auto in = Fill(20);
  std::vector<TicketPtr> queue;
  for (std::uint32_t i = 0; i < 6; ++i) {
    queue.push_back(Accept(Foe(100 + i)));
    ASSERT_EQ(Login(queue.back(), "weak").kind, Kind::kWait);
  }
  for (int i = 0; i < 3; ++i) {  // a place comes free each second
    Pass(seconds(1));
    in.pop_back();
  }
  const auto rows = engine_->Waiting(10, now_);
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[0].position, 1u);
  EXPECT_EQ(rows[0].peer, Foe(103));
  EXPECT_EQ(rows[2].position, 3u);
  EXPECT_EQ(rows[0].user, "weak");
  EXPECT_EQ(rows[0].left, seconds(17));
  EXPECT_LT(rows[0].expected, rows[2].expected);
  EXPECT_GT(rows[2].expected, seconds(1));
  EXPECT_LE(rows[2].expected, seconds(17));
  EXPECT_THAT(engine_->Waiting(2, now_), SizeIs(2));
  EXPECT_GT(Status().classes.back().expected_wait, Duration::zero());
}

TEST_F(HeadroomTest, TheDeadlineOfAPendingStrangerIsTheLevels) {
  Over(Level::kElevated).pending.deadline = seconds(1);
  Start();
  const TicketPtr t = Accept(Foe(1));
  EXPECT_EQ(engine_->PendingDeadline(*t), limits_.pending.deadline);
  engine_->OnSynRate(1e6, now_);
  EXPECT_EQ(engine_->PendingDeadline(*t), seconds(1));
}

}  // namespace
}  // namespace headgate
