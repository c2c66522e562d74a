#include "guard/firewall_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/address_text.h"
#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Config Read(const std::string& text) {
  Loaded loaded = ParseBeside(text);
  EXPECT_THAT(Errors(loaded), IsEmpty());
  return loaded.config.value_or(Config());
}

Config ReadAlone(const std::string& text) {
  Loaded loaded = Parse(text);
  EXPECT_THAT(Errors(loaded), IsEmpty());
  return loaded.config.value_or(Config());
}

Cidr Network(const char* text) { return net::ParseCidr(text).value_or(Cidr()); }

TEST(FirewallPlan, ThePortsOfTheGateEachOnce) {
  const auto options = FirewallOptionsOf(
      Read("gate.listen = [\"0.0.0.0:3310\", \"[::]:3310\", \"192.0.2.1:3311\"]\n"));
  EXPECT_THAT(options.ports, ElementsAre(3310, 3311));
  EXPECT_EQ(options.redirect_from, 0);
  EXPECT_FALSE(options.limits);
}

TEST(FirewallPlan, ARedirectLeadsToTheGate) {
  const auto options = FirewallOptionsOf(Read(
      "gate.listen = [\"0.0.0.0:3310\"]\n[firewall]\nredirect = 3306\ntable = \"headgate_b\"\n"));
  EXPECT_EQ(options.redirect_from, 3306);
  EXPECT_EQ(options.redirect_to, 3310);
  EXPECT_EQ(options.table, "headgate_b");
}

TEST(FirewallPlan, TransparentIsToldOfBothSides) {
  EXPECT_FALSE(FirewallOptionsOf(Read("gate.listen = [\"0.0.0.0:3310\"]\n")).transparent);
  const auto options = FirewallOptionsOf(
      ReadAlone("[gate]\ntransparent = true\nlisten = [\"0.0.0.0:3310\", \"192.0.2.1:3311\"]\n"
                "backend = [\"192.0.2.10:3306\", \"db.example:3307\"]\n"));
  ASSERT_TRUE(options.transparent);
  EXPECT_THAT(options.transparent->server_ports, ElementsAre(3306, 3307));
  // A name may mean another address tomorrow.
  EXPECT_THAT(options.transparent->servers,
              ElementsAre(net::Endpoint{net::ParseAddress("192.0.2.10").value(), 3306}));
  EXPECT_THAT(options.transparent->gate, SizeIs(2));
  EXPECT_EQ(options.transparent->gate[0].port, 3310);
}

TEST(FirewallPlan, StaticLimitsLeaveClassesAlone) {
  const std::string text =
      "slots.keep_free = 1\n[source]\nconnect_rate = \"7/s burst 9\"\n"
      "connections = \"20%\"\nexempt = [\"10.5.0.0/16\"]\n[[class]]\nname = \"a\"\n"
      "sources = [\"10.1.0.0/16\"]\n[firewall]\nstatic_limits = ";
  const auto off = FirewallOptionsOf(Read(text + "false\n"));
  EXPECT_FALSE(off.limits);
  EXPECT_THAT(off.never, Contains(Network("10.5.0.0/16")));
  EXPECT_THAT(off.never, Contains(Network("127.0.0.0/8")));
  EXPECT_THAT(off.never, Not(Contains(Network("10.1.0.0/16"))));
  const auto on = FirewallOptionsOf(Read(text + "true\n"));
  ASSERT_TRUE(on.limits);
  EXPECT_EQ(on.limits->rate_per_second, 7);
  EXPECT_EQ(on.limits->burst, 9);
  EXPECT_EQ(on.limits->connections, 30U);
  EXPECT_THAT(on.never, Contains(Network("10.1.0.0/16")));
}

TEST(FirewallPlan, ProxiesAreNeverDropped) {
  const auto options =
      FirewallOptionsOf(Read("gate.proxy_from_clients = [\"192.0.2.5\", \"2001:db8:1::/64\"]\n"));
  EXPECT_THAT(options.never, Contains(Network("192.0.2.5")));
  EXPECT_THAT(options.never, Contains(Network("2001:db8:1::/64")));
}

TEST(FirewallPlan, ABanThroughAProxyIsNotPushed) {
  BanInfo proxied{Network("192.0.2.1"), Time(std::chrono::hours(1)), 1, "", false, true};
  const BanInfo direct{Network("192.0.2.2"), Time(std::chrono::hours(1)), 1, "", false, false};
  const auto wanted = WantedBans({proxied, direct}, Limits::Defaults());
  ASSERT_THAT(wanted, SizeIs(1));
  EXPECT_EQ(wanted[0].network, direct.network);
}

TEST(FirewallPlan, LimitsThatDoNotActAreNoRules) {
  const std::string text = "[firewall]\nstatic_limits = true\n";
  EXPECT_TRUE(FirewallOptionsOf(Read(text)).limits);
  EXPECT_FALSE(FirewallOptionsOf(Read("gate.mode = \"observe\"\n" + text)).limits);
  EXPECT_FALSE(FirewallOptionsOf(Read("source.enforce = false\n" + text)).limits);
}

TEST(FirewallPlan, LimitsThatAreOffAreNoRules) {
  const auto options =
      FirewallOptionsOf(Read("[source]\nconnect_rate = \"off\"\nconnections = \"off\"\n[firewall]\n"
                             "static_limits = true\n"));
  ASSERT_TRUE(options.limits);
  EXPECT_EQ(options.limits->rate_per_second, 0);
  EXPECT_EQ(options.limits->connections, 0U);
}

TEST(FirewallPlan, OnlyBansThatActArePushed) {
  const Time until{std::chrono::hours(1)};
  const std::vector<BanInfo> bans = {{Network("192.0.2.1"), until, 1, "x", false},
                                     {Network("10.0.0.0/8"), until, 1, "x", true}};
  Limits limits;
  EXPECT_THAT(WantedBans(bans, limits), SizeIs(2));
  limits.source.enforce = false;
  ASSERT_THAT(WantedBans(bans, limits), SizeIs(1));
  EXPECT_EQ(WantedBans(bans, limits)[0].network, Network("10.0.0.0/8"));
  limits.mode = Mode::kObserve;
  EXPECT_THAT(WantedBans(bans, limits), IsEmpty());
}

TEST(FirewallPlan, ThereAndBack) {
  const Time until{std::chrono::hours(1)};
  const std::vector<BanInfo> bans = {{Network("10.0.0.0/8"), until, 3, "x", true}};
  const auto kept = KeptBans(WantedBans(bans, Limits()), until - std::chrono::minutes(2));
  ASSERT_THAT(kept, SizeIs(1));
  EXPECT_EQ(kept[0].network, bans[0].network);
  EXPECT_EQ(kept[0].left, std::chrono::minutes(2));
  EXPECT_TRUE(kept[0].by_operator);
}

}  // namespace
}  // namespace headgate::guard
