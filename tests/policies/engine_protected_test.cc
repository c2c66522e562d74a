// Whether the application is safe: what befalls those the gate is there for.
#include <gtest/gtest.h>

#include "tests/policies/engine_fixture.h"

namespace headgate {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class EngineProtected : public EngineTest {
 protected:
  [[nodiscard]] std::uint64_t Denied(Reason reason) const {
    return engine_->Status(now_).of_protected[static_cast<std::size_t>(reason)];
  }
  [[nodiscard]] std::uint64_t AllDenied() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : engine_->Status(now_).of_protected) sum += count;
    return sum;
  }
  // The class `shop` with its own network.
  void GiveNetwork() { limits_.classes.front().sources = {SourceNetwork(App())}; }
  CommandVerdict Ask(const TicketPtr& t, std::string_view sql) {
    CommandFacts facts;
    facts.command = CommandKind::kQuery;
    facts.sql = sql;
    facts.length = sql.size() + 1;
    return engine_->OnCommand(*t, facts, now_);
  }
};

TEST_F(EngineProtected, NobodyIsKnownAtFirst) {
  limits_.classes.front().reserve = 0;
  Start();
  EXPECT_FALSE(engine_->Status(now_).protected_known);
  Earn(App(), "shop");
  EXPECT_TRUE(engine_->Status(now_).protected_known);
}

TEST_F(EngineProtected, AClassWithAReserveAndNetworksIsSomebody) {
  Start();
  EXPECT_FALSE(engine_->Status(now_).protected_known) << "a claim of its user says nothing";
  GiveNetwork();
  Reload();
  EXPECT_TRUE(engine_->Status(now_).protected_known);
}

TEST_F(EngineProtected, StrangersWhoStallLeaveItALaneBeforeItIsKnown) {
  limits_.login.in_progress = 4;
  limits_.waiting.max = 0;
  GiveNetwork();
  Start();
  std::vector<TicketPtr> stalled;
  for (std::uint32_t n = 1; n <= 3; ++n) {
    stalled.push_back(Accept(Foe(n)));
    const Verdict v = Login(stalled.back(), "shop");
    EXPECT_EQ(v.kind, n <= 2 ? Kind::kAdmit : Kind::kRefuse);
    EXPECT_EQ(v.reason, n <= 2 ? Reason::kNone : Reason::kLoginLane);
  }
  EXPECT_NE(Enter(App(), "shop"), nullptr);
  EXPECT_EQ(Enter(App(), "somebody"), nullptr) << "who is of no class with a reserve is a stranger";
}

TEST_F(EngineProtected, AStrangersRefusalIsNoneOfThem) {
  limits_.source.connect_rate = {.per_second = 1, .burst = 1};
  Start();
  const TicketPtr one = Accept(Foe(1));
  EXPECT_EQ(Knock(Foe(1)).ticket, nullptr);
  EXPECT_EQ(AllDenied(), 0U);
  EXPECT_EQ(engine_->Status(now_).acted[static_cast<std::size_t>(Reason::kConnectRate)], 1U);
}

TEST_F(EngineProtected, AClaimMakesNobodyProtected) {
  limits_.classes.front().max = Share::Number(1);
  limits_.classes.front().reserve = 1;
  limits_.waiting.max = 0;
  Start();
  const TicketPtr one = Accept(Foe(1));
  ASSERT_EQ(Login(one, "shop").kind, Kind::kAdmit);
  const TicketPtr two = Accept(Foe(2));
  ASSERT_EQ(Login(two, "shop").kind, Kind::kRefuse);
  EXPECT_EQ(AllDenied(), 0U);
}

TEST_F(EngineProtected, AKnownGoodLoginIs) {
  limits_.waiting.max = 0;
  limits_.classes.front().max = Share::Number(1);
  limits_.classes.front().reserve = 1;
  Start();
  Earn(App(), "shop");
  const TicketPtr one = Enter(App(), "shop");
  ASSERT_NE(one, nullptr);
  const TicketPtr two = Accept(App());
  ASSERT_EQ(Login(two, "shop").kind, Kind::kRefuse);
  EXPECT_EQ(Denied(Reason::kClassFull), 1U);
}

TEST_F(EngineProtected, AReservedNetworkIsNotBoundByTheRateNorBannedByTheGate) {
  GiveNetwork();
  limits_.source.connect_rate = {.per_second = 1, .burst = 1};
  limits_.source.ban_after = {.per_second = 0.01, .burst = 2};
  Start();
  for (int i = 0; i < 30; ++i) EXPECT_NE(Accept(App()), nullptr);
  for (int i = 0; i < 30; ++i) FailLogin(App(), "shop");
  EXPECT_TRUE(engine_->Bans(now_).empty());
}

TEST_F(EngineProtected, BansThatBindThem) {
  GiveNetwork();
  Start();
  Earn(Foe(7), "other");
  EXPECT_EQ(engine_->Status(now_).protected_banned, 0U);
  ASSERT_TRUE(engine_->Ban(SourceNetwork(Foe(1)), minutes(5), "test", now_));
  EXPECT_EQ(engine_->Status(now_).protected_banned, 0U);
  ASSERT_TRUE(engine_->Ban(SourceNetwork(App()), minutes(5), "test", now_));
  EXPECT_EQ(engine_->Status(now_).protected_banned, 1U);
  ASSERT_TRUE(engine_->Ban(SourceNetwork(Foe(7)), minutes(5), "test", now_));
  EXPECT_EQ(engine_->Status(now_).protected_banned, 2U);
  Cidr wide = SourceNetwork(App());
  wide.bits = 96 + 8;
  wide.address = Masked(wide.address, wide.bits);
  ASSERT_TRUE(engine_->Ban(wide, minutes(5), "test", now_));
  EXPECT_EQ(engine_->Status(now_).protected_banned, 3U);
  EXPECT_EQ(engine_->UnbanAll(now_), 4U);
  EXPECT_EQ(engine_->Status(now_).protected_banned, 0U);
}

TEST_F(EngineProtected, BansThatDoNotActBindNobody) {
  GiveNetwork();
  limits_.mode = Mode::kObserve;
  Start();
  ASSERT_TRUE(engine_->Ban(SourceNetwork(App()), minutes(5), "test", now_));
  EXPECT_EQ(engine_->Status(now_).protected_banned, 0U);
}

TEST_F(EngineProtected, WhoIsBannedIsDenied) {
  GiveNetwork();
  Start();
  ASSERT_TRUE(engine_->Ban(SourceNetwork(App()), minutes(5), "test", now_));
  EXPECT_EQ(Knock(App()).ticket, nullptr);
  EXPECT_EQ(Denied(Reason::kBanned), 1U);
  ASSERT_TRUE(engine_->Ban(SourceNetwork(Foe(1)), minutes(5), "test", now_));
  EXPECT_EQ(Knock(Foe(1)).ticket, nullptr);
  EXPECT_EQ(Denied(Reason::kBanned), 1U);
}

TEST_F(EngineProtected, WhoWaitsAndForHowLong) {
  GiveNetwork();
  limits_.classes.front().max = Share::Number(1);
  limits_.classes.front().reserve = 1;
  Start();
  const TicketPtr in = Enter(App(), "shop");
  ASSERT_NE(in, nullptr);
  const TicketPtr waits = Accept(App());
  ASSERT_EQ(Login(waits, "shop").kind, Kind::kWait);
  const TicketPtr claims = Accept(Foe(1));
  static_cast<void>(Login(claims, "shop"));
  Pass(seconds(2));
  const EngineStatus status = engine_->Status(now_);
  EXPECT_EQ(status.protected_waiting, 1U);
  EXPECT_EQ(status.protected_longest_wait, seconds(2));
}

TEST_F(EngineProtected, WhoBecomesKnownGoodWhileItIsIn) {
  limits_.classes.front().reserve = 0;
  Rule rule;
  rule.name = "none";
  rule.users = {"shop"};
  rule.commands = BitOf(CommandKind::kQuery);
  rule.action = RuleAction::kRefuse;
  limits_.rules.push_back(rule);
  Start();
  const TicketPtr t = Enter(App(), "shop");
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(Ask(t, "SELECT 1").kind, CommandVerdict::Kind::kRefuse);
  EXPECT_EQ(Denied(Reason::kRule), 0U) << "a stranger";
  for (int i = 0; i < 3; ++i) {
    engine_->OnStatementCompleted(*t, now_);
    Pass(minutes(1));
  }
  EXPECT_EQ(Ask(t, "SELECT 1").kind, CommandVerdict::Kind::kRefuse);
  EXPECT_EQ(Denied(Reason::kRule), 1U);
}

TEST_F(EngineProtected, OutOfWhatAllNeedEverybodyIsTurnedAway) {
  Start();
  for (const Reason r : {Reason::kDescriptors, Reason::kMemory, Reason::kAcceptFailed}) {
    engine_->Count(r, Address{}, now_);
    EXPECT_EQ(Denied(r), 1U);
  }
}

TEST_F(EngineProtected, StatementsCountAndAClientsOwnEndsDoNot) {
  GiveNetwork();
  Rule rule;
  rule.name = "none";
  rule.commands = BitOf(CommandKind::kQuery);
  rule.action = RuleAction::kRefuse;
  limits_.rules.push_back(rule);
  Start();
  const TicketPtr t = Enter(App(), "shop");
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(Ask(t, "SELECT 1").kind, CommandVerdict::Kind::kRefuse);
  EXPECT_EQ(Denied(Reason::kRule), 1U);
  const std::uint64_t before = AllDenied();
  for (const Reason own : {Reason::kMalformedLogin, Reason::kProtocolError, Reason::kTlsFailed,
                           Reason::kIdle, Reason::kStalledRead, Reason::kClientClosed}) {
    engine_->Count(*t, own, now_);
  }
  EXPECT_EQ(AllDenied(), before);
  engine_->Count(*t, Reason::kBackendFull, now_);
  EXPECT_EQ(AllDenied(), before + 1);
}

}  // namespace
}  // namespace headgate
