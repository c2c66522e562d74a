// Lending, calling back, and implicit reserves without configuration.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/policies/headroom_fixture.h"

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

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

// There is nothing to kill: the server waits for the rest of the statement.
TEST_F(HeadroomTest, ABorrowerInTheMiddleOfAStatementIsClosed) {
  limits_.classes[0].lend = true;
  Start();
  Earn(App(), "shop");
  auto strangers = Fill(20);
  for (const TicketPtr& t : strangers) static_cast<void>(Ask(t, "INSERT INTO t VALUES (1)"));
  Pass(seconds(2));
  const SweepFacts facts{.can_kill = true, .client_silent = seconds(2)};
  for (const TicketPtr& t : strangers) static_cast<void>(engine_->OnSweep(*t, facts, now_));
  const TicketPtr owner = Accept(App());
  ASSERT_EQ(Login(owner, "shop").kind, Kind::kWait);
  ASSERT_THAT(reclaims_, SizeIs(1));
  EXPECT_EQ(Answer(strangers, facts), 1u);
}

// The engine wants to see more of a text, and the client says no more.
TEST_F(HeadroomTest, ABorrowerWhoseTextNeverComesIsClosed) {
  limits_.classes[0].lend = true;
  Start();
  Earn(App(), "shop");
  auto strangers = Fill(20);
  const std::string comment = "/*" + std::string(65534, 'x');
  CommandFacts half;
  half.command = CommandKind::kQuery;
  half.sql = comment;
  half.complete = false;
  half.length = 200'000;
  for (const TicketPtr& t : strangers) {
    ASSERT_EQ(engine_->OnCommand(*t, half, now_).kind, CommandVerdict::Kind::kMore);
  }
  Pass(seconds(1));
  const TicketPtr owner = Accept(App());
  ASSERT_EQ(Login(owner, "shop").kind, Kind::kWait);
  ASSERT_THAT(reclaims_, SizeIs(1));
  EXPECT_EQ(Answer(strangers), 1u);
}

// Each of them would be busy otherwise.
TEST_F(HeadroomTest, StrangersInTheMiddleOfAStatementAreIdle) {
  WithoutClasses();
  limits_.known_good.minutes = 1;
  Start();
  auto pool = Pool(6);
  Work(pool, 2);
  auto strangers = Fill(14);
  ASSERT_THAT(strangers, SizeIs(14));
  pool.clear();
  for (const TicketPtr& t : strangers) static_cast<void>(Ask(t, "INSERT INTO t VALUES (1)"));
  engine_->OnServerFacts({.max_connections = 25, .foreign = 6}, now_);  // no room is left
  Pass(seconds(2));
  const SweepFacts facts{.client_silent = seconds(2)};
  for (const TicketPtr& t : strangers) static_cast<void>(engine_->OnSweep(*t, facts, now_));
  const TicketPtr owner = Accept(App());
  ASSERT_EQ(Login(owner, "shop").kind, Kind::kWait);
  EXPECT_THAT(reclaims_, SizeIs(1));
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

TEST_F(HeadroomTest, WhoHasAnImplicitReserveLeftIsNotHeldUpByWhoHasUsedHis) {
  WithoutClasses();
  limits_.known_good.minutes = 10;
  Start();
  auto pool = Pool(6);
  const Address other = Foe(200);
  for (int i = 0; i < 4; ++i) pool.push_back(Enter(other, "shop"));
  ASSERT_EQ(Got(pool), 10u);
  Work(pool, 12);
  ASSERT_EQ(Status().implicit_reserve, 10u);
  pool.resize(6);
  engine_->OnWire(5000, false, now_);
  const auto strangers = Fill(20);
  ASSERT_EQ(Status().free_slots, 4u) << "the other's";
  engine_->OnServerFacts({.max_connections = 25, .foreign = 4}, now_);
  const TicketPtr greedy = Accept(App());
  ASSERT_EQ(Login(greedy, "shop").kind, Kind::kWait);
  const TicketPtr owed = Accept(other);
  ASSERT_EQ(Login(owed, "shop").kind, Kind::kWait);
  engine_->OnServerFacts({.max_connections = 25}, now_);
  ASSERT_THAT(admitted_, SizeIs(1));
  EXPECT_EQ(admitted_[0].id, IdOf(*owed));
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

}  // namespace
}  // namespace headgate
