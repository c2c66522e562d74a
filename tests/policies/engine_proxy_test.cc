// Clients that come through a proxy: what is theirs, what is the proxy's, and what the kernel is
// told.
#include <chrono>
#include <string>

#include "tests/policies/engine_fixture.h"

namespace headgate {
namespace {

using std::chrono::minutes;

class EngineProxyTest : public EngineTest {
 protected:
  EngineProxyTest() {
    limits_.proxies = {{Proxy(), 128}};
    limits_.source.ban_after = {0.001, 5};
    limits_.pending.max = 1000;
  }
  static Address Proxy() { return Address::V4(0xc0000205); }

  AcceptResult Through(const Address& client, Arrival how = Arrival::kProxied) {
    return engine_->OnAccept({0, ++serial_}, client, now_, how);
  }
  // Until it is banned, if it can be.
  void Misbehave(const Address& client, Arrival how) {
    for (int i = 0; i < 10; ++i) {
      const AcceptResult r = Through(client, how);
      if (r.ticket) engine_->Count(*r.ticket, Reason::kMalformedLogin, now_);
    }
  }
};

TEST_F(EngineProxyTest, LimitsAreOfTheTrueSource) {
  limits_.source.connect_rate = {0.001, 3};
  limits_.source.ban_after = {};
  Start();
  for (int i = 0; i < 3; ++i) EXPECT_NE(Through(Foe(1)).ticket, nullptr);
  EXPECT_EQ(Through(Foe(1)).verdict.reason, Reason::kConnectRate);
  EXPECT_NE(Through(Foe(2)).ticket, nullptr);
}

TEST_F(EngineProxyTest, ABanThroughAProxyBindsInTheGateOnly) {
  Start();
  Misbehave(Foe(1), Arrival::kProxied);
  const auto bans = engine_->Bans(now_);
  ASSERT_EQ(bans.size(), 1u);
  EXPECT_EQ(bans[0].network, SourceNetwork(Foe(1)));
  EXPECT_TRUE(bans[0].gate_only);
  EXPECT_EQ(Through(Foe(1)).verdict.reason, Reason::kBanned);
  EXPECT_NE(Through(Foe(2)).ticket, nullptr);
}

TEST_F(EngineProxyTest, OfWhoComesDirectlyTheKernelIsTold) {
  Start();
  Misbehave(Foe(1), Arrival::kDirect);
  ASSERT_EQ(engine_->Bans(now_).size(), 1u);
  EXPECT_FALSE(engine_->Bans(now_)[0].gate_only);
}

TEST_F(EngineProxyTest, MetDirectlyWhileBannedTheKernelIsToldThen) {
  Start();
  Misbehave(Foe(1), Arrival::kProxied);
  const std::uint64_t before = engine_->BanVersion();
  EXPECT_EQ(Through(Foe(1)).verdict.reason, Reason::kBanned);
  EXPECT_EQ(engine_->BanVersion(), before);
  EXPECT_EQ(Knock(Foe(1)).verdict.reason, Reason::kBanned);
  EXPECT_NE(engine_->BanVersion(), before);
  ASSERT_EQ(engine_->Bans(now_).size(), 1u);
  EXPECT_FALSE(engine_->Bans(now_)[0].gate_only);
}

TEST_F(EngineProxyTest, AProxyIsNeitherChargedNorBanned) {
  Start();
  for (const Arrival how : {Arrival::kProxyItself, Arrival::kProxyLocal, Arrival::kDirect}) {
    Misbehave(Proxy(), how);
  }
  for (int i = 0; i < 10; ++i) engine_->Count(Reason::kProxyHeader, Proxy(), now_);
  EXPECT_TRUE(engine_->Bans(now_).empty());
  EXPECT_EQ(Acted(Reason::kProxyHeader), 10u);
}

TEST_F(EngineProxyTest, ARuleDoesNotBanItEither) {
  Rule rule;
  rule.name = "out";
  rule.users = {"shop"};
  rule.action = RuleAction::kBan;
  limits_.rules = {rule};
  Start();
  for (const Arrival how : {Arrival::kProxyItself, Arrival::kProxied}) {
    const TicketPtr t = Through(how == Arrival::kProxied ? Foe(1) : Proxy(), how).ticket;
    ASSERT_EQ(Login(t, "shop").kind, Kind::kAdmit);
    engine_->OnLoginOk(*t, now_);
    CommandFacts facts;
    facts.command = CommandKind::kQuery;
    facts.sql = "SELECT 1";
    (void)engine_->OnCommand(*t, facts, now_);
  }
  ASSERT_EQ(engine_->Bans(now_).size(), 1u);
  EXPECT_EQ(engine_->Bans(now_)[0].network, SourceNetwork(Foe(1)));
  EXPECT_TRUE(engine_->Bans(now_)[0].gate_only);
}

TEST_F(EngineProxyTest, ItsOwnConnectionsHaveNoLimitsBySource) {
  limits_.source.connect_rate = {0.001, 1};
  limits_.source.prefix_connections = Share::Number(1);
  Start();
  for (int i = 0; i < 10; ++i) {
    EXPECT_NE(Through(Proxy(), Arrival::kProxyLocal).ticket, nullptr);
  }
}

// It may be anybody behind a NAT that has the same address.
TEST_F(EngineProxyTest, WhoIsNamedByItsAddressIsLimitedLikeAnybody) {
  limits_.source.connect_rate = {0.001, 3};
  Start();
  for (int i = 0; i < 3; ++i) EXPECT_NE(Through(Proxy(), Arrival::kProxyItself).ticket, nullptr);
  EXPECT_EQ(Through(Proxy(), Arrival::kProxyItself).verdict.reason, Reason::kConnectRate);
  EXPECT_NE(Through(Proxy(), Arrival::kProxyLocal).ticket, nullptr);
  EXPECT_TRUE(engine_->Bans(now_).empty());
}

TEST_F(EngineProxyTest, ABanFromBeforeItWasAProxyDoesNotBindIt) {
  limits_.proxies.clear();
  Start();
  Misbehave(Proxy(), Arrival::kDirect);
  ASSERT_EQ(engine_->Bans(now_).size(), 1u);
  limits_.proxies = {{Proxy(), 128}};
  Reload();
  // Whoever names it: another proxy as well.
  for (const Arrival how : {Arrival::kProxyItself, Arrival::kProxyLocal, Arrival::kProxied}) {
    EXPECT_NE(Through(Proxy(), how).ticket, nullptr);
  }
  EXPECT_NE(Through(Foe(1)).ticket, nullptr);
}

TEST_F(EngineProxyTest, AnOperatorsBanBindsItsOwnConnectionsAndNobodyBehindIt) {
  Start();
  EXPECT_TRUE(engine_->Ban(SourceNetwork(Proxy()), minutes(1), "operator", now_));
  EXPECT_EQ(Through(Proxy(), Arrival::kProxyItself).verdict.reason, Reason::kBanned);
  EXPECT_NE(Through(Foe(1)).ticket, nullptr);
  EXPECT_FALSE(engine_->Bans(now_)[0].gate_only);
}

TEST_F(EngineProxyTest, WhatAnOperatorBansIsPushedWhoeverItWasBefore) {
  Start();
  Misbehave(Foe(1), Arrival::kProxied);
  EXPECT_TRUE(engine_->Ban(SourceNetwork(Foe(1)), minutes(1), "operator", now_));
  ASSERT_EQ(engine_->Bans(now_).size(), 1u);
  EXPECT_FALSE(engine_->Bans(now_)[0].gate_only);
}

TEST_F(EngineProxyTest, NoBanOfAProxyIsTakenOverFromTheKernel) {
  Start();
  engine_->RestoreBans(
      {{.network = SourceNetwork(Proxy()), .left = minutes(5), .times = 1, .reason = ""}}, {},
      now_);
  EXPECT_TRUE(engine_->Bans(now_).empty());
}

TEST_F(EngineProxyTest, NobodyThroughAProxyIsOnThisHost) {
  limits_.identity_collapsed = true;
  limits_.localhost_users = {"root"};
  limits_.source.ban_after = {};
  Start();
  const Address loopback = Address::V4(0x7f000001);
  const auto knock = [&](Arrival how) {
    const TicketPtr t = Through(loopback, how).ticket;
    return Login(t, "root");
  };
  EXPECT_EQ(knock(Arrival::kDirect).kind, Kind::kAdmit);
  EXPECT_EQ(knock(Arrival::kProxied).reason, Reason::kPasswordlessUser);
  EXPECT_EQ(knock(Arrival::kProxyItself).reason, Reason::kPasswordlessUser);
}

TEST_F(EngineProxyTest, AHeaderWhereNoneMayBeIsTheSourcesOwnFault) {
  Start();
  for (int i = 0; i < 10; ++i) {
    const AcceptResult r = Knock(Foe(1));
    if (r.ticket) engine_->Count(*r.ticket, Reason::kProxyForbidden, now_);
  }
  EXPECT_EQ(engine_->Bans(now_).size(), 1u);
}

TEST_F(EngineProxyTest, WhoIsEvictedForAProxiedOneIsChargedAsItCame) {
  limits_.pending.max = 1;
  limits_.source.ban_after = {0.001, 1};
  Start();
  std::vector<TicketPtr> all;
  all.push_back(Through(Foe(1)).ticket);
  for (int i = 0; i < 4; ++i) all.push_back(Through(Foe(1)).ticket);
  ASSERT_EQ(engine_->Bans(now_).size(), 1u);
  EXPECT_TRUE(engine_->Bans(now_)[0].gate_only);
}

}  // namespace
}  // namespace headgate
