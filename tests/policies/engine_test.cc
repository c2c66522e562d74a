// The engine by scenario: what attackers do, and what the application must not notice.
#include "policies/engine.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/policies/engine_fixture.h"

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(EngineTest, ClaimedUserMassesTouchNeitherReserveNorKnownGoodLane) {
  limits_.login.in_progress = 8;
  limits_.login.per_source = 1;
  Start();
  Earn(App(), "shop");
  std::vector<TicketPtr> masses;
  for (std::uint32_t i = 0; i < 200; ++i) {
    masses.push_back(Accept(Foe(i)));
    static_cast<void>(Login(masses.back(), "shop"));
  }
  EXPECT_EQ(Status().logins, 4u) << "half of the lane is kept";
  std::vector<TicketPtr> app;
  for (int i = 0; i < 8; ++i) {
    app.push_back(Enter(App(), "shop"));
    EXPECT_NE(app.back(), nullptr) << i;
  }
  EXPECT_LE(Status().classes[0].unproven, 10u);
  masses.clear();
  app.clear();
  ExpectNothingHeld();
}

TEST_F(EngineTest, HoardersWithAWeakAccountLeaveTheReserve) {
  limits_.login.rate = {};
  Start();
  Earn(App(), "shop");
  std::vector<TicketPtr> hoard;
  for (std::uint32_t i = 0; i < 60; ++i) {
    TicketPtr t = Accept(Foe(i));
    if (Login(t, "weak").kind == Kind::kAdmit) engine_->OnLoginOk(*t, now_);
    hoard.push_back(std::move(t));
  }
  EXPECT_EQ(Status().leases, 12u);
  std::vector<TicketPtr> app;
  for (int i = 0; i < 8; ++i) app.push_back(Enter(App(), "shop"));
  for (const TicketPtr& t : app) EXPECT_NE(t, nullptr);
  EXPECT_EQ(Status().leases, 20u);
}

TEST_F(EngineTest, BadPasswordsLockThePairAndNotTheNeighbours) {
  limits_.login.failures = {0.01, 4};
  limits_.source.ban_after = {};
  Start();
  for (int i = 0; i < 8; ++i) FailLogin(App(), "cron");
  EXPECT_EQ(Status().locked_pairs, 1u);
  EXPECT_EQ(Login(Accept(App()), "cron").reason, Reason::kPairLocked);
  EXPECT_NE(Enter(App(), "shop"), nullptr);
  EXPECT_NE(Enter(Address::V4(App().V4HostOrder() + 1), "cron"), nullptr);
  Pass(minutes(2));
  EXPECT_NE(Login(Accept(App()), "cron").kind, Kind::kRefuse);
}

TEST_F(EngineTest, QuotesDoNotMakeAnotherPair) {
  limits_.login.failures = {0.01, 4};
  limits_.source.ban_after = {};
  Start();
  for (const char* user : {"cron", "'cron'",
                           "\xff"
                           "cron\xff",
                           "cron", "'cron'", "cron"}) {
    FailLogin(App(), user);
  }
  EXPECT_EQ(Login(Accept(App()), "'cron'").reason, Reason::kPairLocked);
}

TEST_F(EngineTest, FailuresSlowThePairDown) {
  Start();
  for (int i = 0; i < 4; ++i) FailLogin(Foe(1), "shop");
  admitted_.clear();
  const TicketPtr t = Accept(Foe(1));
  EXPECT_EQ(Login(t, "shop").kind, Kind::kWait);
  Pass(milliseconds(100));
  EXPECT_TRUE(admitted_.empty());
  Pass(seconds(2));
  EXPECT_EQ(admitted_.size(), 1u);
}

TEST_F(EngineTest, GoingOnAfterRefusalsBansLongerEachTime) {
  limits_.source.connect_rate = {1, 1};
  limits_.source.ban_after = {1, 3};
  Start();
  const auto flood = [&] {
    for (int i = 0; i < 20; ++i) Knock(Foe(1)).ticket.reset();
  };
  flood();
  ASSERT_EQ(engine_->Bans(now_).size(), 1u);
  EXPECT_EQ(engine_->Bans(now_)[0].until - now_, minutes(1));
  EXPECT_EQ(Knock(Foe(1)).verdict.reason, Reason::kBanned);
  EXPECT_EQ(Knock(Foe(2)).verdict.kind, Kind::kAdmit);
  Pass(seconds(61));
  flood();
  ASSERT_EQ(engine_->Bans(now_).size(), 1u);
  EXPECT_EQ(engine_->Bans(now_)[0].until - now_, minutes(2));
}

TEST_F(EngineTest, NobodyWithASessionOrTrustIsBanned) {
  limits_.source.connect_rate = {1, 1};
  limits_.source.ban_after = {1, 3};
  Start();
  const TicketPtr in = Enter(Foe(1), "weak");
  for (int i = 0; i < 20; ++i) Knock(Foe(1)).ticket.reset();
  EXPECT_TRUE(engine_->Bans(now_).empty());
  Pass(seconds(100));
  Earn(App(), "shop");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Knock(App()).verdict.kind, Kind::kAdmit);
  EXPECT_TRUE(engine_->Bans(now_).empty());
}

// Bans are by /64; the lists may name single IPv6 addresses, as "::1" by default.
TEST_F(EngineTest, NeverBannedAddressesKeepTheirSourceFromBans) {
  limits_.source.connect_rate = {1, 1};
  limits_.source.ban_after = {1, 3};
  Address never, exempt;
  never.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5};
  exempt.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5};
  limits_.source.never_ban = {{never, 128}};
  limits_.source.exempt = {{exempt, 128}};
  Start();
  for (int i = 0; i < 20; ++i) {
    Knock(never).ticket.reset();
    engine_->Count(Reason::kMalformedLogin, exempt, now_);
  }
  EXPECT_EQ(Status().bans, 0u);
  EXPECT_EQ(Acted(Reason::kConnectRate), 19u);
}

// The share binds because others crowd the room: an application that starts its pool meanwhile
// has to try again, and must be let to.
TEST_F(EngineTest, APoolTurnedAwayByACrowdIsNotBanned) {
  limits_.waiting = {.max = 80, .per_source = 8};
  Start();
  std::vector<TicketPtr> all;
  for (std::uint32_t i = 0; i < 60; ++i) {
    all.push_back(Accept(Foe(i / 2)));
    static_cast<void>(Login(all.back(), "shop"));
  }
  for (int i = 0; i < 200; ++i) {
    all.push_back(Accept(App()));
    static_cast<void>(Login(all.back(), "shop"));
  }
  EXPECT_GT(Acted(Reason::kWaitingPerSource), 150u);
  EXPECT_EQ(Status().bans, 0u);
}

TEST_F(EngineTest, ABanEvictsWhoHasNotLoggedIn) {
  limits_.source.ban_after = {1, 3};
  Start();
  const TicketPtr silent = Accept(Foe(1));
  const TicketPtr other = Accept(Foe(2));
  for (int i = 0; i < 10; ++i) engine_->Count(Reason::kMalformedLogin, Foe(1), now_);
  ASSERT_EQ(evicted_.size(), 1u);
  EXPECT_EQ(evicted_[0].reason, Reason::kBanApplied);
  EXPECT_EQ(engine_->Bans(now_)[0].times, 1u) << "what was in flight does not double it";
  EXPECT_EQ(Login(silent, "weak").kind, Kind::kRefuse) << "a login that crosses the eviction";
  EXPECT_EQ(Login(other, "weak").kind, Kind::kAdmit);
}

TEST_F(EngineTest, TheOperatorsBanBindsWhateverTheTableSays) {
  limits_.source.enforce = false;
  Start();
  const TicketPtr in = Enter(Foe(1), "weak");
  engine_->Ban(SourceNetwork(Foe(1)), minutes(1), "operator", now_);
  EXPECT_EQ(evicted_.size(), 1u);
  EXPECT_EQ(Knock(Foe(1)).verdict.reason, Reason::kBanned);
  EXPECT_TRUE(engine_->Unban(SourceNetwork(Foe(1)), now_));
  EXPECT_EQ(Knock(Foe(1)).verdict.kind, Kind::kAdmit);
}

TEST_F(EngineTest, AFullSourceTableRefusesNobody) {
  limits_.source.table_size = 16;
  limits_.pending.max = 2000;
  Start();
  std::vector<TicketPtr> all;
  for (std::uint32_t i = 0; i < 1000; ++i) all.push_back(Accept(Foe(i)));
  EXPECT_EQ(Status().sources, 16u);
  EXPECT_GT(Acted(Reason::kSourceTableFull), 0u);
  all.clear();
  ExpectNothingHeld();
}

TEST_F(EngineTest, TheGreediestPendingPays) {
  limits_.pending.max = 10;
  Start();
  const TicketPtr app = Accept(App());
  std::vector<TicketPtr> flood;
  for (int i = 0; i < 50; ++i) flood.push_back(Accept(Foe(7)));
  EXPECT_EQ(evicted_.size(), 41u);
  EXPECT_EQ(Status().pending, 10u);
  EXPECT_EQ(Login(flood[0], "weak").reason, Reason::kPendingEvicted);
  EXPECT_EQ(Login(app, "shop").kind, Kind::kAdmit);
  flood.clear();
}

TEST_F(EngineTest, ASourceIsBoundOnlyWhileRoomIsScarce) {
  limits_.source.connections = Share::Percent(25);
  limits_.pending.max = 40;
  Start();
  std::vector<TicketPtr> all;
  for (int i = 0; i < 20; ++i) all.push_back(Accept(Foe(1)));
  all.push_back(Accept(Foe(2)));
  EXPECT_EQ(Knock(Foe(1)).verdict.reason, Reason::kSourceConnections);
  EXPECT_EQ(Knock(Foe(3)).verdict.kind, Kind::kAdmit);
}

TEST_F(EngineTest, OrphansHoldTheirSlots) {
  limits_.classes.erase(limits_.classes.begin());
  limits_.slots.max_connections = 7;  // two slots
  limits_.classes[0].unproven = Share::Off();
  Start();
  TicketPtr a = Enter(App(), "x");
  TicketPtr b = Enter(App(), "x");
  engine_->OnClientGone(*a, now_);
  EXPECT_EQ(Status().orphans, 1u);
  const TicketPtr c = Accept(App());
  EXPECT_EQ(Login(c, "x").kind, Kind::kWait);
  EXPECT_TRUE(admitted_.empty());
  engine_->OnBackendEnded(*a, now_);
  EXPECT_EQ(admitted_.size(), 1u);
  EXPECT_EQ(Status().leases, 2u);
}

TEST_F(EngineTest, AFullClassDoesNotBlockTheOthers) {
  limits_.classes[0].max = Share::Number(1);
  limits_.classes[0].reserve = 0;
  Start();
  const TicketPtr one = Enter(App(), "shop");
  std::vector<TicketPtr> waiting;
  for (std::uint32_t i = 0; i < 5; ++i) {
    waiting.push_back(Accept(Foe(i)));
    EXPECT_EQ(Login(waiting.back(), "shop").kind, Kind::kWait);
  }
  EXPECT_NE(Enter(Foe(9), "weak"), nullptr);
  Pass(seconds(5));
  ASSERT_EQ(refused_.size(), 5u);
  EXPECT_EQ(refused_[0].reason, Reason::kWaitingDeadline);
}

TEST_F(EngineTest, ShrinkingLimitsLetsNobodyInUntilItFits) {
  Start();
  std::vector<TicketPtr> in;
  for (int i = 0; i < 10; ++i) in.push_back(Enter(App(), "weak"));
  limits_.slots.max_connections = 10;
  limits_.classes[0].reserve = 2;
  Reload();
  EXPECT_EQ(Status().slots_capacity, 5u);
  EXPECT_EQ(Status().leases, 10u);
  const TicketPtr next = Accept(App());
  EXPECT_EQ(Login(next, "weak").kind, Kind::kWait);
  in.resize(3);
  EXPECT_TRUE(admitted_.empty()) << "two of five are the shop's";
  in.resize(2);
  EXPECT_EQ(admitted_.size(), 1u);
}

TEST_F(EngineTest, AClassThatIsGoneCountsOn) {
  Start();
  TicketPtr in = Enter(App(), "shop");
  limits_.classes.erase(limits_.classes.begin());
  Reload();
  EXPECT_EQ(Status().leases, 1u);
  in.reset();
  ExpectNothingHeld();
}

TEST_F(EngineTest, TheBackends1040LowersTheCapacity) {
  Start();
  std::vector<TicketPtr> in;
  for (int i = 0; i < 5; ++i) in.push_back(Enter(App(), "weak"));
  TicketPtr last = Accept(App());
  ASSERT_EQ(Login(last, "weak").kind, Kind::kAdmit);
  engine_->OnLoginFailed(*last, LoginFailure::kBackendFull, now_);
  last.reset();
  EXPECT_EQ(Status().slots_capacity, 5u);
  Pass(seconds(10));
  EXPECT_EQ(Status().slots_capacity, 6u);
}

TEST_F(EngineTest, PasswordlessUsersAreRefusedFromElsewhereInEveryMode) {
  limits_.identity_collapsed = true;
  limits_.mode = Mode::kObserve;
  Start();
  for (const char* user :
       {"root", "'root'", "@0072oot", "", "mysql", "\xffroot\xff", "'root\xff"}) {
    EXPECT_EQ(Login(Accept(Foe(1)), user).reason, Reason::kPasswordlessUser) << user;
  }
  EXPECT_EQ(Login(Accept(Address::V4(0x7f000001)), "root").kind, Kind::kAdmit);
  TicketPtr in = Enter(Foe(2), "weak");
  EXPECT_EQ(engine_->OnChangeUser(*in, {.user = "root", .database = ""}, now_).reason,
            Reason::kPasswordlessUser);
}

TEST_F(EngineTest, ChangeUserMovesTheLeaseWithoutWaiting) {
  Start();
  TicketPtr in = Enter(Foe(1), "weak");
  EXPECT_EQ(engine_->OnChangeUser(*in, {.user = "shop", .database = ""}, now_).kind, Kind::kAdmit);
  EXPECT_EQ(Status().classes[0].unproven, 1u);
  EXPECT_EQ(Status().classes[1].leases, 0u);
  EXPECT_EQ(Status().logins, 1u);
  engine_->OnLoginOk(*in, now_);
  EXPECT_EQ(Status().classes[0].unproven, 0u);
  EXPECT_EQ(Status().logins, 0u);
}

TEST_F(EngineTest, ChangeUserLoopsCountAsLogins) {
  limits_.source.connect_rate = {1, 5};
  Start();
  TicketPtr in = Enter(Foe(1), "weak");
  int done = 0;
  while (engine_->OnChangeUser(*in, {.user = "weak", .database = ""}, now_).kind == Kind::kAdmit) {
    engine_->OnLoginOk(*in, now_);
    ASSERT_LT(++done, 10);
  }
  EXPECT_EQ(done, 4);
  EXPECT_EQ(Acted(Reason::kChangeUserRefused), 1u);
}

TEST_F(EngineTest, KnownGoodGoesAheadInTheWaitingRoom) {
  limits_.slots.max_connections = 6;  // one slot
  limits_.classes.erase(limits_.classes.begin());
  Start();
  Earn(App(), "shop");
  TicketPtr in = Enter(Foe(0), "weak");
  const TicketPtr foe = Accept(Foe(1));
  EXPECT_EQ(Login(foe, "weak").kind, Kind::kWait);
  const TicketPtr app = Accept(App());
  const std::uint64_t serial = serial_;
  EXPECT_EQ(Login(app, "shop").kind, Kind::kWait);
  in.reset();
  ASSERT_EQ(admitted_.size(), 1u);
  EXPECT_EQ(admitted_[0].id.serial, serial);
}

// A ticket dropped in whatever state gives everything back.
TEST_F(EngineTest, NothingLeaksWhereverATicketEnds) {
  limits_.slots.max_connections = 7;
  limits_.classes.erase(limits_.classes.begin());
  limits_.classes[0].unproven = Share::Off();
  Start();
  const auto drop_after = [&](auto steps) {
    TicketPtr t = Accept(App());
    steps(*t);
    t.reset();
    ExpectNothingHeld();
  };
  const LoginClaim claim{.user = "x", .database = ""};
  drop_after([&](Ticket&) {});
  drop_after([&](Ticket& t) { engine_->OnClientGone(t, now_); });
  drop_after([&](Ticket& t) { static_cast<void>(engine_->OnLogin(t, claim, now_)); });
  drop_after([&](Ticket& t) {
    static_cast<void>(engine_->OnLogin(t, claim, now_));
    engine_->OnClientGone(t, now_);
  });
  drop_after([&](Ticket& t) {
    static_cast<void>(engine_->OnLogin(t, claim, now_));
    engine_->OnLoginFailed(t, LoginFailure::kStalled, now_);
  });
  drop_after([&](Ticket& t) {
    static_cast<void>(engine_->OnLogin(t, claim, now_));
    engine_->OnLoginOk(t, now_);
    engine_->OnClientGone(t, now_);
    engine_->OnBackendEnded(t, now_);
  });
  drop_after([&](Ticket& t) {
    static_cast<void>(engine_->OnLogin(t, claim, now_));
    engine_->OnLoginOk(t, now_);
    static_cast<void>(engine_->OnChangeUser(t, claim, now_));
  });
  TicketPtr a = Enter(App(), "x"), b = Enter(App(), "x");
  TicketPtr waiting = Accept(App());
  ASSERT_EQ(Login(waiting, "x").kind, Kind::kWait);
  waiting.reset();
  a.reset();
  b.reset();
  ExpectNothingHeld();
}

}  // namespace
}  // namespace headgate
