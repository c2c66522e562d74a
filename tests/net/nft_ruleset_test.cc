#include "net/nft_ruleset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/nft_listing.h"
#include "net/socket_address.h"
#include "tests/net/own_netns.h"

namespace headgate::net {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

FirewallOptions::Transparent SomeServers() {
  const auto at = [](const char* text) { return ParseEndpoint(text).value(); };
  return {.server_ports = {3310, 3306, 3306},
          .servers = {at("192.0.2.10:3306"), at("192.0.2.9:3306"), at("[2001:db8::10]:3310")},
          .gate = {at("0.0.0.0:3307"), at("[2001:db8::1]:3308"), at("192.0.2.1:3309")}};
}

FirewallOptions Everything() {
  FirewallOptions options = SomeFirewall();
  options.ports = {3307, 3308, 3307};
  options.redirect_from = 3306;
  options.redirect_to = 3307;
  options.never = {Net("10.1.0.0/16"), Net("127.0.0.0/8"), Net("10.0.0.0/8"), Net("::1"),
                   Net("2001:db8::/32")};
  options.limits = {.rate_per_second = 0.5, .burst = 200, .connections = 38};
  options.transparent = SomeServers();
  return options;
}

std::string Body(const FirewallOptions& options) { return BodyText(MakeRuleset(options).value()); }

TEST(NftRuleset, DropsOnlyNewConnectionsOfMembers) {
  const NftRuleset ruleset = MakeRuleset(SomeFirewall()).value();
  const std::string text = BodyText(ruleset);
  const std::string mark = " " + ruleset.digest + "\"\n";
  EXPECT_THAT(
      text,
      AllOf(HasSubstr("  set banned4 {\n    type ipv4_addr\n    size 73736\n    flags timeout\n"),
            HasSubstr("  set networks6 {\n    type ipv6_addr\n    size 9224\n"
                      "    flags interval,timeout\n"),
            HasSubstr("    type filter hook prerouting priority -300; policy accept;\n"),
            HasSubstr("    iifname != \"lo\" tcp dport { 3306 } tcp flags & (fin | syn | rst | ack)"
                      " == syn counter jump banned comment \"syn" +
                      mark),
            HasSubstr("    ip saddr { 127.0.0.0/8 } counter accept comment \"never4" + mark),
            HasSubstr("    ip saddr @banned4 counter drop comment \"banned4" + mark),
            HasSubstr("    ip6 saddr & ffff:ffff:ffff:ffff:: @banned6 counter drop comment "
                      "\"banned6" +
                      mark)));
  // Merging intervals that have timeouts made bans that never end.
  EXPECT_THAT(
      text, AllOf(Not(HasSubstr("auto-merge")), Not(HasSubstr("redirect")), Not(HasSubstr("ct "))));
}

TEST(NftRuleset, RedirectAndBackstopOnlyWhenAskedFor) {
  const std::string text = Body(Everything());
  EXPECT_THAT(
      text,
      AllOf(HasSubstr("fib daddr type local tcp dport { 3306, 3307, 3308 } tcp flags"),
            HasSubstr("iifname != \"lo\" fib daddr type local tcp dport 3306 counter redirect to "
                      ":3307"),
            HasSubstr("update @rate4 { ip saddr limit rate over 30/minute burst 200 packets }"),
            HasSubstr("add @open6 { ip6 saddr & ffff:ffff:ffff:ffff:: ct count over 38 }"),
            HasSubstr("# [source] connect_rate"), HasSubstr("# [source] connections"),
            HasSubstr("ct state new counter jump over_limits")));
  // Networks inside others would be overlapping intervals.
  EXPECT_THAT(text, AllOf(HasSubstr("ip saddr { 10.0.0.0/8, 127.0.0.0/8 } counter accept"),
                          HasSubstr("ip6 saddr { ::1, 2001:db8::/32 } counter accept")));
}

TEST(NftRuleset, OpenLeadsNobodyNewToTheGate) {
  FirewallOptions options = Everything();
  const NftRuleset closed = MakeRuleset(options).value();
  EXPECT_TRUE(closed.outlives_gate);
  EXPECT_TRUE(closed.redirects);
  options.open = true;
  const NftRuleset open = MakeRuleset(options).value();
  EXPECT_FALSE(open.outlives_gate);
  EXPECT_FALSE(open.redirects);
  const std::string text = BodyText(open);
  // The chain stays, with a rule that asks conntrack: else those led before would be reset.
  EXPECT_THAT(text,
              AllOf(HasSubstr("type nat hook prerouting priority -100"),
                    HasSubstr("fib daddr type local tcp dport 3306 ct state new counter accept "
                              "comment \"direct "),
                    Not(HasSubstr("redirect to")), Not(HasSubstr("tproxy")),
                    Not(HasSubstr("closed4")), HasSubstr("comment \"answers ")));
  // Bans hold at the server's port as well.
  EXPECT_THAT(text, HasSubstr("tcp dport { 3306, 3307, 3308 } tcp flags"));
  EXPECT_NE(open.digest, closed.digest);
}

TEST(NftRuleset, WhatLeadsToTheGateIsKnownByItsMark) {
  const std::string mark = " 0123456789abcdef";
  EXPECT_TRUE(LeadsToGate("redirect_clients", "redirect" + mark));
  EXPECT_TRUE(LeadsToGate("transparent", "clients6" + mark));
  EXPECT_TRUE(LeadsToGate("transparent", "closed4" + mark));
  EXPECT_FALSE(LeadsToGate("transparent", "answers" + mark));
  EXPECT_FALSE(LeadsToGate("redirect_clients", "direct" + mark));
  EXPECT_FALSE(LeadsToGate("banned", "redirect" + mark));
  for (const char* theirs : {"", "redirect", "redirect 0123", "redirect 0123456789abcdeg"}) {
    EXPECT_FALSE(LeadsToGate("redirect_clients", theirs)) << theirs;
  }
}

TEST(NftRuleset, TransparentLeadsHereWhatIsOurs) {
  FirewallOptions options = SomeFirewall();
  EXPECT_THAT(Body(options), Not(HasSubstr("meta mark")));
  EXPECT_FALSE(MakeRuleset(options)->outlives_gate);
  options.transparent = SomeServers();
  EXPECT_TRUE(MakeRuleset(options)->outlives_gate);
  const std::string text = Body(options);
  EXPECT_THAT(
      text,
      AllOf(HasSubstr("    type filter hook prerouting priority -149; policy accept;\n"),
            HasSubstr("    iifname != \"lo\" tcp sport { 3306, 3310 } socket transparent 1 counter "
                      "jump to_gate comment \"answers "),
            HasSubstr("meta l4proto { 1, 58 } socket transparent 1 counter jump to_gate"),
            HasSubstr("    socket wildcard 1 counter return comment \"listener "),
            HasSubstr("    counter meta mark set meta mark | 0x01000000 accept comment \"deliver "),
            HasSubstr("    iifname != \"lo\" ip daddr . tcp dport { 192.0.2.10 . 3306, 192.0.2.9 . "
                      "3306 } counter tproxy ip to :3307 meta mark set meta mark | 0x01000000 "
                      "accept comment \"clients4 "),
            HasSubstr("ip6 daddr . tcp dport { 2001:db8::10 . 3310 } counter tproxy ip6 to "
                      "[2001:db8::1]:3308 meta mark"),
            HasSubstr("192.0.2.9 . 3306 } counter reject with tcp reset comment \"closed4 "),
            HasSubstr(
                "iifname != \"lo\" ip daddr . tcp dport { 192.0.2.10 . 3306, 192.0.2.9 . 3306 } "
                "tcp flags"),
            HasSubstr("ip6 daddr . tcp dport { 2001:db8::10 . 3310 } tcp flags"),
            HasSubstr("fib daddr type local tcp dport { 3306")));
  EXPECT_THAT(Body(SomeFirewall()),
              Not(HasSubstr("fib daddr type local tcp dport { 3306, 3307 }")));
  // Who means the server and finds no gate is refused, not passed on: after the redirect.
  EXPECT_LT(text.find("clients4 "), text.find("closed4 "));
}

TEST(NftRuleset, TransparentWithoutListenersOrAddresses) {
  FirewallOptions options = SomeFirewall();
  options.transparent = SomeServers();
  options.transparent->gate.clear();
  EXPECT_THAT(Body(options), AllOf(Not(HasSubstr("tproxy")), HasSubstr("closed4 ")));
  options.transparent->servers.clear();
  EXPECT_THAT(Body(options), AllOf(HasSubstr("answers "), Not(HasSubstr("closed"))));
  options.transparent->server_ports.clear();
  EXPECT_FALSE(MakeRuleset(options).ok());
}

TEST(NftRuleset, RatesAreWholeNumbersAndNeverStricter) {
  FirewallOptions options = SomeFirewall();
  const std::pair<double, const char*> cases[] = {
      {50, "over 50/second"},      {1.5, "over 90/minute"},      {10.0 / 60, "over 10/minute"},
      {1.0 / 3600, "over 1/hour"}, {1.0 / 86400, "over 1/hour"}, {0.0123, "over 45/hour"}};
  for (const auto& [rate, text] : cases) {
    options.limits = {.rate_per_second = rate, .burst = 0.2, .connections = 0};
    EXPECT_THAT(Body(options),
                AllOf(HasSubstr(text), HasSubstr("burst 1 packets"), Not(HasSubstr("@open"))));
  }
}

TEST(NftRuleset, NoNetworkOfIPv6HoldsIPv4) {
  FirewallOptions options = SomeFirewall();
  options.never = {Net("::/0"), Net("10.0.0.0/8"), Net("2001:db8::/32")};
  EXPECT_THAT(Body(options),
              AllOf(HasSubstr("ip saddr { 10.0.0.0/8 }"), HasSubstr("ip6 saddr { ::/0 } ")));
}

TEST(NftRuleset, RefusesWhatIsNoIdentifierOrHalfSaid) {
  for (const char* name : {"",
                           "1x",
                           "a b",
                           "a;b",
                           "a-b",
                           "x{",
                           "a\"b",
                           "a\nb",
                           "\xc3\xa4",
                           "abcdefghijklmnopqrstuvwxyz012345",
                           "filter",
                           "table",
                           "redirect",
                           "headgat",
                           "Headgate",
                           "headgate-2",
                           "headgate;",
                           "headgate\n",
                           "my_headgate",
                           "headgate_abcdefghijklmnopqrstuvwx"}) {
    FirewallOptions options = SomeFirewall();
    options.table = name;
    EXPECT_EQ(MakeRuleset(options).status().code(), absl::StatusCode::kInvalidArgument) << name;
  }
  for (const char* name : {"headgate", "headgate2", "headgate_Blue", "headgatedrop"}) {
    EXPECT_TRUE(IsTableName(name)) << name;
  }
  FirewallOptions options = SomeFirewall();
  options.ports = {};
  EXPECT_FALSE(MakeRuleset(options).ok());
  options.ports = {0};
  EXPECT_FALSE(MakeRuleset(options).ok());
  options.ports = {3306};
  options.redirect_from = 3305;
  EXPECT_FALSE(MakeRuleset(options).ok());
  options.redirect_to = 3305;
  EXPECT_FALSE(MakeRuleset(options).ok());
}

TEST(NftRuleset, TheDigestIsThatOfEveryWord) {
  const std::string one = MakeRuleset(SomeFirewall())->digest;
  EXPECT_EQ(MakeRuleset(SomeFirewall())->digest, one);
  EXPECT_NE(MakeRuleset(Everything())->digest, one);
  FirewallOptions options = SomeFirewall();
  options.never.push_back(Net("192.0.2.1"));
  EXPECT_NE(MakeRuleset(options)->digest, one);
}

TEST(NftRuleset, MakesAnewOnlyWhatDiffers) {
  const NftRuleset ruleset = MakeRuleset(SomeFirewall()).value();
  EXPECT_EQ(InstallText(ruleset, {}), BodyText(ruleset));
  NftListing kernel;
  kernel.table = true;
  kernel.chains = {{"banned", "", "", "", 0}, {"backstop", "", "", "", 0}};
  for (const NftSet& s : ruleset.sets) {
    kernel.sets.push_back({s.name, s.type, s.size, s.flags, s.timeout});
  }
  kernel.sets[1].size = 7;
  EXPECT_EQ(InstallText(ruleset, kernel),
            "flush chain inet headgate banned\nflush chain inet headgate backstop\n"
            "delete chain inet headgate banned\ndelete chain inet headgate backstop\n"
            "delete set inet headgate banned6\n" +
                BodyText(ruleset));
  EXPECT_FALSE(SameSkeleton(ruleset, kernel));
  const std::string replace = RemoveText("headgate") + BodyText(ruleset);
  NftListing other = kernel;
  other.unknown = 1;
  EXPECT_EQ(InstallText(ruleset, other), replace);
  // A foreign name may be a word of the language.
  other = kernel;
  other.chains.push_back({"drop", "", "", "", 0});
  EXPECT_EQ(InstallText(ruleset, other), replace);
  other = kernel;
  other.sets.push_back({"counter", "ipv4_addr", 1, {}, 0});
  EXPECT_EQ(InstallText(ruleset, other), replace);
}

TEST(NftRuleset, KnowsAHeadgatesTable) {
  NftListing kernel;
  kernel.table = true;
  EXPECT_TRUE(MadeByHeadgate(kernel));
  kernel.sets = {{"banned4", "", 0, {}, 0}, {"rate6", "", 0, {}, 0}};
  EXPECT_TRUE(MadeByHeadgate(kernel));
  NftListing other = kernel;
  other.sets.push_back({"blocklist", "", 0, {}, 0});
  EXPECT_FALSE(MadeByHeadgate(other));
  other = kernel;
  other.unknown = 1;
  EXPECT_FALSE(MadeByHeadgate(other));
  kernel.chains = {{"input", "filter", "input", "drop", 0}};
  for (const char* comment :
       {"", "ssh", "ssh 0123456789abcdeg", "ssh 0123456789abcde", " 0123456789abcdef",
        "ssh  0123456789abcdef", "a b 0123456789abcdef", "ssh 0123456789abcdef0"}) {
    kernel.rules = {{"input", comment, 1, 0, 0}};
    EXPECT_FALSE(MadeByHeadgate(kernel)) << comment;
  }
  kernel.rules.push_back({"input", "syn 0123456789abcdef", 1, 0, 0});
  EXPECT_TRUE(MadeByHeadgate(kernel));
}

using NftRulesetReal = OwnNetns;

TEST_F(NftRulesetReal, ThePrintedTextLoadsAndLoadsTwice) {
  for (const FirewallOptions& options : {SomeFirewall(), Everything()}) {
    const NftRuleset ruleset = MakeRuleset(options).value();
    Nft({"-c", "-f", "-"}, PrintedText(ruleset));
    Nft({"-f", "-"}, PrintedText(ruleset));
    EXPECT_TRUE(SameSkeleton(ruleset, Listing()));
    Nft({"-f", "-"}, PrintedText(ruleset));
    EXPECT_TRUE(SameSkeleton(ruleset, Listing()));
  }
  std::printf("%s", PrintedText(MakeRuleset(Everything()).value()).c_str());
}

TEST_F(NftRulesetReal, OneIsMadeOfTheOtherAndBansStay) {
  const NftRuleset small = MakeRuleset(SomeFirewall()).value();
  const NftRuleset large = MakeRuleset(Everything()).value();
  Nft({"-f", "-"}, BodyText(small));
  Nft({"add", "element", "inet", "headgate", "banned4", "{", "192.0.2.1", "timeout", "5m", "}"});
  for (const NftRuleset* ruleset : {&large, &small, &small, &large}) {
    Nft({"-f", "-"}, InstallText(*ruleset, Listing()));
    EXPECT_TRUE(SameSkeleton(*ruleset, Listing()));
    EXPECT_EQ(Listing().elements.size(), 1U);
  }
  Nft({"-f", "-"}, RemoveText("headgate"));
  Nft({"-f", "-"}, RemoveText("headgate"));
  EXPECT_EQ(Nft({"list", "ruleset"}), "");
}

TEST_F(NftRulesetReal, SeesEveryChangeOfTheSkeleton) {
  const NftRuleset ruleset = MakeRuleset(Everything()).value();
  const std::vector<std::string> changes = {
      "flush chain inet headgate banned",
      "add rule inet headgate banned accept",
      "insert rule inet headgate new_connections accept",
      "add chain inet headgate other",
      "add set inet headgate other { type ipv4_addr; }",
      "add map inet headgate other { type ipv4_addr : verdict; }",
      "add counter inet headgate other",
      "chain inet headgate new_connections { policy drop; }",
      "flush chain inet headgate transparent",
      "flush chain inet headgate redirect_clients; delete chain inet headgate redirect_clients",
      "add chain inet headgate other; add rule inet headgate banned jump other",
      R"({"nftables":[{"add":{"chain":{"family":"inet","table":"headgate","name":"drop"}}}]})",
      R"({"nftables":[{"add":{"set":{"family":"inet","table":"headgate","name":"redirect",)"
      R"("type":"ipv4_addr"}}}]})"};
  for (const std::string& change : changes) {
    Nft({"-f", "-"}, PrintedText(ruleset));
    Nft({change[0] == '{' ? "-jf" : "-f", "-"}, change + "\n");
    EXPECT_FALSE(SameSkeleton(ruleset, Listing())) << change;
    Nft({"-f", "-"}, InstallText(ruleset, Listing()));
    EXPECT_TRUE(SameSkeleton(ruleset, Listing())) << change;
  }
}

}  // namespace
}  // namespace headgate::net
