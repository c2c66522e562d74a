// What is told of one source and one login, limit by limit. That the verdicts come true is the
// matter of explain_property_test.cc.
#include <gmock/gmock.h>

#include <chrono>

#include "tests/policies/explain_fixture.h"

namespace headgate {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(ExplainTest, ACalmGateLetsANewcomerIn) {
  Start();
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(e.connection.kind, Outlook::kPasses);
  EXPECT_EQ(e.statement.kind, Outlook::kPasses);
  EXPECT_EQ(e.source, SourceNetwork(Foe(1)));
  EXPECT_EQ(e.class_name, "default");
  EXPECT_EQ(e.connections, 0u);
  EXPECT_FALSE(e.ban || e.exempt || e.known_source || e.known_good || e.balancer);
  for (const ExplainRow& row : e.rows) {
    EXPECT_NE(row.state, State::kBinds) << row.key;
  }
}

TEST_F(ExplainTest, TheConnectRateThatIsUsedUpSaysWhenTheNextMayCome) {
  limits_.source.connect_rate = {2, 3};
  Start();
  for (int i = 0; i < 2; ++i) Accept(Foe(1));
  EXPECT_EQ(At(Explain(Foe(1)), "source.connect_rate").state, State::kApplies);
  Accept(Foe(1));
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(e.connection.kind, Outlook::kRefused);
  EXPECT_EQ(e.connection.reason, Reason::kConnectRate);
  const ExplainRow row = At(e, "source.connect_rate");
  EXPECT_EQ(row.state, State::kBinds);
  EXPECT_EQ(row.now, 3);
  EXPECT_EQ(row.limit, 3);
  EXPECT_EQ(row.left, std::chrono::milliseconds(500));
  EXPECT_EQ(Explain(Foe(2)).connection.kind, Outlook::kPasses);
}

TEST_F(ExplainTest, ADryRunBindsAndDoesNotAct) {
  limits_.source.connect_rate = {1, 1};
  limits_.source.enforce = false;
  Start();
  Accept(Foe(1));
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(e.connection.kind, Outlook::kPasses);
  EXPECT_EQ(At(e, "source.connect_rate").state, State::kBinds);
  EXPECT_FALSE(At(e, "source.connect_rate").acts);
}

TEST_F(ExplainTest, ConnectionsBindOnlyWhileRoomIsScarce) {
  limits_.source.connections = Share::Number(2);
  Start();
  std::vector<TicketPtr> in;
  for (int i = 0; i < 3; ++i) in.push_back(Enter(Foe(1), "weak"));
  Explanation e = Explain(Foe(1));
  EXPECT_EQ(e.in, 3u);
  EXPECT_EQ(e.of_user, 3u);
  EXPECT_FALSE(e.scarce);
  EXPECT_EQ(At(e, "source.connections").state, State::kDoesNotApply);
  EXPECT_THAT(At(e, "source.connections").why, ::testing::HasSubstr("would bind"));
  engine_->OnServerFacts({.max_connections = 8}, now_);
  e = Explain(Foe(1));
  EXPECT_TRUE(e.scarce);
  EXPECT_EQ(e.connection.reason, Reason::kSourceConnections);
}

TEST_F(ExplainTest, ABanTellsByWhomAndHowWide) {
  Start();
  engine_->Ban({Address::V4(0xc6010000), kV4Bits + 16}, minutes(5), "attack", now_);
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(e.connection.reason, Reason::kBanned);
  ASSERT_TRUE(e.ban.has_value());
  EXPECT_TRUE(e.ban->by_operator);
  EXPECT_EQ(e.ban->network.bits, kV4Bits + 16);
  EXPECT_EQ(e.ban_left, minutes(5));
  EXPECT_EQ(At(e, "ban").why, "by an operator: attack");
}

TEST_F(ExplainTest, AnExemptSourceSaysSo) {
  limits_.source.connect_rate = {1, 1};
  limits_.source.exempt = {SourceNetwork(Foe(1))};
  Start();
  Accept(Foe(1));
  const Explanation e = Explain(Foe(1));
  EXPECT_TRUE(e.exempt);
  EXPECT_EQ(e.connection.kind, Outlook::kPasses);
  EXPECT_EQ(At(e, "source.exempt").network, SourceNetwork(Foe(1)));
  EXPECT_EQ(At(e, "source.connect_rate").state, State::kDoesNotApply);
}

TEST_F(ExplainTest, ALoadBalancerIsToldOf) {
  limits_.proxies = {SourceNetwork(Foe(1))};
  Start();
  EXPECT_TRUE(Explain(Foe(1)).balancer);
  EXPECT_NE(Find(Explain(Foe(1)), "gate.proxy_from_clients"), nullptr);
  EXPECT_EQ(Find(Explain(Foe(2)), "gate.proxy_from_clients"), nullptr);
}

TEST_F(ExplainTest, ALockedPairSaysForHowLong) {
  limits_.login.failures = {0.001, 3};
  limits_.login.lock = seconds(30);
  Start();
  for (int i = 0; i < 4; ++i) FailLogin(Foe(1), "weak");
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(e.connection.reason, Reason::kPairLocked);
  const ExplainRow row = At(e, "login.lock");
  EXPECT_EQ(row.state, State::kBinds);
  EXPECT_GT(row.left, seconds(20));
  EXPECT_LE(row.left, seconds(30));
  EXPECT_EQ(Explain(Foe(1), "other").connection.kind, Outlook::kPasses);
  EXPECT_EQ(Explain(Foe(1), std::nullopt).connection.kind, Outlook::kPasses);
}

TEST_F(ExplainTest, AFewFailuresHoldTheNextOneBack) {
  Start();
  for (int i = 0; i < 3; ++i) FailLogin(Foe(1), "weak");
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(e.connection.kind, Outlook::kWaits);
  EXPECT_EQ(e.connection.reason, Reason::kPairLocked);
  EXPECT_EQ(e.connection.expected, std::chrono::milliseconds(250));
  EXPECT_EQ(At(e, "login.failures").left, e.connection.expected);
}

TEST_F(ExplainTest, TheClassIsToldWithItsMatchers) {
  limits_.classes[0].sources = {{Address::V4(0x0a000000), kV4Bits + 8}};
  ClassLimits cert;
  cert.name = "cert";
  cert.subjects = {"CN=app"};
  limits_.classes.insert(limits_.classes.begin(), cert);
  Start();
  const Explanation app = Explain(App(), "shop");
  EXPECT_EQ(app.class_name, "shop");
  EXPECT_EQ(app.class_why, "by the address and the user; may be cert (by its certificate)");
  EXPECT_NE(Find(app, "class.shop.max"), nullptr);
  const Explanation foe = Explain(Foe(1), "shop");
  EXPECT_EQ(foe.class_name, "default");
  EXPECT_EQ(foe.class_why, "shop is not by the address; may be cert (by its certificate)");
  EXPECT_NE(Find(foe, "default_class.max"), nullptr);
  EXPECT_THAT(Explain(App(), std::nullopt).class_why, ::testing::HasSubstr("shop (by its user)"));
}

TEST_F(ExplainTest, AFullClassMakesWait) {
  limits_.classes[0].max = Share::Number(2);
  limits_.classes[0].queue = seconds(7);
  limits_.classes[0].unproven = Share::Percent(100);
  Start();
  const TicketPtr one = Client(), two = Client();
  const Explanation e = Explain(App(), "shop");
  EXPECT_EQ(e.connection.kind, Outlook::kWaits);
  EXPECT_EQ(e.connection.reason, Reason::kClassFull);
  EXPECT_EQ(e.connection.at_most, seconds(7));
  EXPECT_EQ(At(e, "class.shop.max").state, State::kBinds);
  EXPECT_EQ(At(e, "class.shop.max").now, 2);
  EXPECT_EQ(At(e, "class.shop.queue").limit, 7);
  EXPECT_EQ(Explain(Foe(1)).connection.kind, Outlook::kPasses);
}

TEST_F(ExplainTest, ABackendThatIsDownRefuses) {
  Start();
  engine_->OnBackend(false, now_);
  EXPECT_EQ(Explain(Foe(1)).connection.reason, Reason::kBackendUnreachable);
  engine_->OnBackend(true, now_);
  EXPECT_NE(Find(Explain(Foe(1)), "slots.start_ramp"), nullptr);
}

TEST_F(ExplainTest, WhatALevelLaysOverSaysWhyItDoesNotApply) {
  Over(Level::kAttack).source.connections = Share::Number(1);
  limits_.pressure.attack = {.free_slots = 0, .refusals = {1, 1}, .syn_rate = {}};
  Start();
  const char* key = "pressure.attack.source.connections";
  EXPECT_EQ(At(Explain(Foe(1)), key).state, State::kDoesNotApply);
  EXPECT_EQ(At(Explain(Foe(1)), key).why, "the level is calm");
  const TicketPtr in = Accept(Foe(1));
  for (int i = 0; i < 60; ++i) {
    engine_->Count(Reason::kMalformedLogin, Foe(2), now_);
    Pass(std::chrono::milliseconds(100));
  }
  ASSERT_EQ(engine_->level(), Level::kAttack);
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(e.level, Level::kAttack);
  EXPECT_EQ(At(e, key).state, State::kBinds);
  EXPECT_EQ(e.connection.reason, Reason::kSourceConnections);
}

TEST_F(ExplainTest, StatementsThatRunAreCounted) {
  Rest().running = 1;
  Start();
  const TicketPtr t = Stranger();
  ASSERT_EQ(Ask(t).kind, Command::kPass);
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(e.statement.kind, Outlook::kWaits);
  EXPECT_EQ(e.statement.reason, Reason::kQueryRunning);
  EXPECT_EQ(e.statement.at_most, Rest().wait);
  EXPECT_EQ(At(e, "default_class.query.running").state, State::kBinds);
  EXPECT_EQ(At(e, "default_class.query.running").now, 1);
  EXPECT_EQ(Explain(Foe(2)).statement.kind, Outlook::kPasses);
}

TEST_F(ExplainTest, RulesThatCouldMatchAreTold) {
  Rule all, some, other;
  all.name = "all";
  all.users = {"weak"};
  all.action = RuleAction::kRefuse;
  some.name = "some";
  some.traits = BitOf(Trait::kCommentPadding);
  other.name = "other";
  other.users = {"shop"};
  limits_.rules = {some, other, all};
  Start();
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(e.statement.reason, Reason::kRule);
  EXPECT_EQ(e.statement.rule, "all");
  EXPECT_EQ(At(e, "rule.all").state, State::kBinds);
  EXPECT_EQ(At(e, "rule.all").why, "refuses every statement");
  EXPECT_EQ(At(e, "rule.some").why, "logs statements by traits");
  EXPECT_EQ(Find(e, "rule.other"), nullptr);
}

// It lets everybody in, and counts whom that would have cost.
TEST_F(ExplainTest, APendingBudgetThatIsFullInADryRun) {
  limits_.pending.max = 2;
  limits_.pending.enforce = false;
  Start();
  const TicketPtr a = Accept(Foe(1));
  EXPECT_EQ(At(Explain(Foe(3)), "pending.max").state, State::kApplies);
  const TicketPtr b = Accept(Foe(2));
  const ExplainRow row = At(Explain(Foe(3)), "pending.max");
  EXPECT_EQ(row.state, State::kBinds);
  EXPECT_FALSE(row.acts);
  EXPECT_EQ(row.reason, Reason::kPendingEvicted);
  EXPECT_EQ(Explain(Foe(3)).connection.kind, Outlook::kPasses);
}

// Rates of the same pace are told apart by their bursts.
TEST_F(ExplainTest, ALevelsBurstIsTheLevelsKey) {
  limits_.unknown_query.rate = {5, 10};
  Over(Level::kAttack).query.rate = {5, 2};
  limits_.pressure.attack = {.free_slots = 0, .refusals = {1, 1}, .syn_rate = {}};
  Start();
  for (int i = 0; i < 60; ++i) {
    engine_->Count(Reason::kMalformedLogin, Foe(2), now_);
    Pass(std::chrono::milliseconds(100));
  }
  ASSERT_EQ(engine_->level(), Level::kAttack);
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(At(e, "pressure.attack.query.rate").limit, 2);
  EXPECT_EQ(Find(e, "query.unknown.rate"), nullptr);
}

TEST_F(ExplainTest, AReservedSourceIsNotAskedForItsRate) {
  limits_.source.connect_rate = {1, 1};
  ClassLimits& shop = limits_.classes.emplace(limits_.classes.begin())[0];
  shop.name = "shop";
  shop.sources = {SourceNetwork(Foe(1))};
  shop.reserve = 2;
  Start();
  const TicketPtr t = Accept(Foe(1));
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(e.connection.kind, Outlook::kPasses);
  EXPECT_EQ(At(e, "source.connect_rate").state, State::kDoesNotApply);
  EXPECT_EQ(At(e, "source.connect_rate").why, "the address is of a class with a reserve");
}

TEST_F(ExplainTest, ObserveLetsEverythingPass) {
  limits_.mode = Mode::kObserve;
  limits_.source.connect_rate = {1, 1};
  Rest().running = 1;
  Start();
  const TicketPtr t = Stranger();
  ASSERT_EQ(Ask(t).kind, Command::kPass);
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(e.mode, Mode::kObserve);
  EXPECT_EQ(e.connection.kind, Outlook::kPasses);
  EXPECT_EQ(e.statement.kind, Outlook::kPasses);
  EXPECT_EQ(At(e, "default_class.query.running").state, State::kBinds);
  EXPECT_FALSE(At(e, "default_class.query.running").acts);
  EXPECT_FALSE(At(e, "source.connect_rate").acts);
}

TEST_F(ExplainTest, AnIPv6AddressIsItsSlash64) {
  Start();
  Address a, b;
  a.bytes = b.bytes = {0x20, 0x01, 0x0d, 0xb8};
  b.bytes[15] = 9;
  const TicketPtr t = Enter(a, "weak");
  EXPECT_EQ(Explain(b).in, 1u);
  EXPECT_EQ(Explain(b).source.bits, 64);
}

}  // namespace
}  // namespace headgate
