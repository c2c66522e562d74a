// The real nft and the kernel, in a network namespace of the test's own.
#include <gtest/gtest.h>

#include <cstdio>
#include <thread>

#include "tests/net/firewall_kernel_testing.h"

namespace headgate::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(FirewallKernel, TwentyThousandBans) {
  FirewallSync sync = MakeSync(SomeFirewall());
  ASSERT_TRUE(sync.Reconcile({}).ok()) << sync.Status().last_error;
  auto wanted = Hosts(20000, Now() + hours(1));
  Time began = Now();
  ASSERT_TRUE(sync.Push(wanted).ok()) << sync.Status().last_error;
  std::printf("20,000 bans pushed in %.3f s\n", Seconds(Now() - began));
  EXPECT_EQ(Kernel().size(), 20000U);
  ExpectInStep(sync, wanted);
  std::printf("20,000 read back in %.3f s, the whole look %.3f s\n",
              Seconds(sync.Status().read_took), Seconds(sync.Status().sync_took));
  wanted.push_back({Host(70000), Now() + hours(1), false});
  began = Now();
  ASSERT_TRUE(sync.Push(wanted).ok());
  std::printf("one more in %.3f s\n", Seconds(Now() - began));
  for (WantedBan& ban : wanted) ban.until += hours(1);
  began = Now();
  ASSERT_TRUE(sync.Push(wanted).ok());
  std::printf("20,001 extended in %.3f s\n", Seconds(Now() - began));
  began = Now();
  ASSERT_TRUE(sync.Push({}).ok());
  std::printf("20,001 taken out in %.3f s\n", Seconds(Now() - began));
  EXPECT_EQ(Kernel().size(), 0U);
}

TEST_F(FirewallKernel, AFullTableOfEveryKind) {
  FirewallSync sync = MakeSync(SomeFirewall());
  ASSERT_TRUE(sync.Reconcile({}).ok());
  auto wanted = Hosts(65536, Now() + hours(1));
  Address a{};
  a.bytes[0] = 0x20;
  for (std::uint32_t i = 0; i < 4096; ++i) {
    // Side by side, so that intervals touch.
    wanted.push_back({{Address::V4(0x0b000000 + (i << 8)), 120}, Now() + hours(1), false});
    a.bytes[4] = static_cast<std::uint8_t>(i >> 8);
    a.bytes[5] = static_cast<std::uint8_t>(i);
    wanted.push_back({{a, 48}, Now() + hours(1), false});
  }
  Time began = Now();
  ASSERT_TRUE(sync.Push(wanted).ok()) << sync.Status().last_error;
  std::printf("65,536 hosts and 8,192 networks pushed in %.3f s\n", Seconds(Now() - began));
  ExpectInStep(sync, wanted);
  std::printf("read back in %.3f s, the whole look %.3f s\n", Seconds(sync.Status().read_took),
              Seconds(sync.Status().sync_took));
  EXPECT_EQ(sync.Status().in_kernel, 65536U + 8192U);
  // All of them others: those leave, these come.
  for (WantedBan& ban : wanted) {
    if (SetOf(ban.network) == BanSet::kBanned4) ban.network.address.bytes[12] = 99;
  }
  began = Now();
  ASSERT_TRUE(sync.Push(wanted).ok()) << sync.Status().last_error;
  std::printf("65,536 exchanged in %.3f s\n", Seconds(Now() - began));
  ExpectInStep(sync, wanted);
}

TEST_F(FirewallKernel, MoreThanASetHolds) {
  FirewallOptions options = SomeFirewall();
  options.hosts = 100;
  options.networks = 10;
  FirewallSync sync = MakeSync(options);
  auto wanted = Hosts(150, Now() + hours(1));
  wanted[149].by_operator = true;
  wanted[149].until = Now() + seconds(30);
  wanted[0].until += hours(1);
  for (std::uint32_t i = 0; i < 12; ++i) {
    wanted.push_back({{Address::V4((20 + i) << 24), 104}, Now() + hours(1), false});
  }
  ASSERT_TRUE(sync.Reconcile(wanted).ok()) << sync.Status().last_error;
  EXPECT_EQ(sync.Status().unpushed, 52U);
  EXPECT_EQ(Kernel().size(), 110U);
  EXPECT_TRUE(Kernel().contains(Host(0)));
  EXPECT_TRUE(Kernel().contains(Host(149)));
  ExpectInStep(sync, wanted);
}

TEST_F(FirewallKernel, AFlushedRulesetIsRestored) {
  FirewallSync sync = MakeSync(SomeFirewall());
  auto wanted = Hosts(10, Now() + hours(1));
  wanted.push_back({Net("192.0.0.0/16"), Now() + hours(1), true});
  wanted.push_back({Net("2001:db8::/64"), Now() + hours(1), false});
  wanted.push_back({Net("2001:db9::/32"), Now() + hours(1), false});
  ASSERT_TRUE(sync.Reconcile(wanted).ok()) << sync.Status().last_error;
  EXPECT_EQ(sync.Status().drift.table_lost, 0U);  // a start is no loss
  Nft({"flush", "ruleset"});
  ASSERT_TRUE(sync.Reconcile(wanted).ok()) << sync.Status().last_error;
  EXPECT_EQ(sync.Status().drift.table_lost, 1U);
  EXPECT_EQ(sync.Status().drift.repairs, 1U);
  EXPECT_EQ(Kernel().size(), 13U);
  ExpectInStep(sync, wanted);
}

TEST_F(FirewallKernel, ChangedChainsAreMadeAnewAndBansStay) {
  FirewallSync sync = MakeSync(SomeFirewall());
  const auto wanted = Hosts(10, Now() + hours(1));
  ASSERT_TRUE(sync.Reconcile(wanted).ok());
  std::uint64_t times = 0;
  for (const char* change :
       {"flush chain inet headgate banned", "add rule inet headgate banned drop",
        "flush chain inet headgate new_connections; delete chain inet headgate new_connections",
        "add map inet headgate m { type ipv4_addr : verdict; }"}) {
    Nft({"-f", "-"}, std::string(change) + "\n");
    ASSERT_TRUE(sync.Reconcile(wanted).ok()) << sync.Status().last_error;
    EXPECT_EQ(sync.Status().drift.rules_changed, ++times) << change;
    EXPECT_EQ(Kernel().size(), 10U);
    ExpectInStep(sync, wanted);
  }
  EXPECT_EQ(sync.Status().drift.missing, 0U);
}

TEST_F(FirewallKernel, ATableThatIsPutToSleepIsReplaced) {
  FirewallSync sync = MakeSync(SomeFirewall());
  const auto wanted = Hosts(10, Now() + hours(1));
  ASSERT_TRUE(sync.Reconcile(wanted).ok());
  Nft({"-f", "-"}, "add table inet headgate { flags dormant; }\n");
  ASSERT_TRUE(sync.Reconcile(wanted).ok()) << sync.Status().last_error;
  EXPECT_EQ(sync.Status().drift.rules_changed, 1U);
  EXPECT_EQ(Nft({"list", "table", "inet", "headgate"}).find("dormant"), std::string::npos);
  ExpectInStep(sync, wanted);
}

TEST_F(FirewallKernel, ForeignElementsLeaveAndMissingOnesComeBack) {
  FirewallSync sync = MakeSync(SomeFirewall());
  auto wanted = Hosts(10, Now() + hours(1));
  wanted.push_back({Net("20.0.0.0/8"), Now() + hours(1), false});
  ASSERT_TRUE(sync.Reconcile(wanted).ok());
  Nft({"-f", "-"},
      "delete element inet headgate banned4 { 10.0.0.1, 10.0.0.2 }\n"
      "delete element inet headgate banned4 { 10.0.0.3 }\n"
      "add element inet headgate banned4 { 10.0.0.3 timeout 5m, 192.0.2.1 timeout 1h, 192.0.2.2 }\n"
      "add element inet headgate banned6 { 2001:db8::1 timeout 1h, ::ffff:1.2.3.4 timeout 1h }\n"
      "delete element inet headgate networks4 { 20.0.0.0/8 }\n"
      "add element inet headgate networks4 { 20.0.0.0-20.5.0.9 timeout 1h, 30.0.0.0/8, "
      "31.0.0.1 timeout 1h }\n"
      "add element inet headgate networks6 { 2001:db8::/96 timeout 1h, 2001:db9::/32 timeout 1h "
      "}\n");
  ASSERT_TRUE(sync.Reconcile(wanted).ok()) << sync.Status().last_error;
  const FirewallDrift drift = sync.Status().drift;
  EXPECT_EQ(drift.missing, 3U);
  EXPECT_EQ(drift.changed, 1U);
  EXPECT_EQ(drift.foreign, 9U);
  EXPECT_EQ(drift.repairs, 1U);
  EXPECT_EQ(Kernel().size(), 11U);
  EXPECT_TRUE(Listing().odd.empty());
  EXPECT_GT(Kernel().at(Host(3)), 3500U);
  ExpectInStep(sync, wanted);
}

TEST_F(FirewallKernel, AnotherEndOrOwnerReachesTheKernel) {
  FirewallSync sync = MakeSync(SomeFirewall());
  std::vector<WantedBan> wanted = {{Host(1), Now() + seconds(60), false},
                                   {Net("20.0.0.0/8"), Now() + seconds(60), false},
                                   {Net("2001:db8::/64"), Now() + seconds(60), false},
                                   {Net("2001:db9::/32"), Now() + seconds(60), false}};
  ASSERT_TRUE(sync.Reconcile(wanted).ok());
  for (WantedBan& ban : wanted) ban.until += hours(1);
  ASSERT_TRUE(sync.Push(wanted).ok()) << sync.Status().last_error;
  for (const auto& [network, left] : Kernel()) EXPECT_GT(left, 3600U) << ToText(network);
  for (WantedBan& ban : wanted) ban.until = Now() + seconds(30);
  wanted[0].by_operator = wanted[1].by_operator = true;
  ASSERT_TRUE(sync.Push(wanted).ok()) << sync.Status().last_error;
  for (const auto& [network, left] : Kernel()) EXPECT_LE(left, 31U) << ToText(network);
  std::size_t operators = 0;
  for (const auto& e : Listing().elements) operators += e.by_operator ? 1 : 0;
  EXPECT_EQ(operators, 2U);
  wanted[0].until = kNever;
  ASSERT_TRUE(sync.Push(wanted).ok()) << sync.Status().last_error;
  EXPECT_GT(Kernel().at(Host(1)), 315000000U);
  ExpectInStep(sync, wanted);
  ASSERT_TRUE(sync.Push({}).ok());
  EXPECT_EQ(Kernel().size(), 0U);
}

TEST_F(FirewallKernel, NetworksThatOverlapTakeTurns) {
  FirewallSync sync = MakeSync(SomeFirewall());
  std::vector<WantedBan> wanted = {{Net("20.1.0.0/16"), Now() + hours(1), false},
                                   {Net("20.2.0.0/16"), Now() + hours(1), false}};
  ASSERT_TRUE(sync.Reconcile(wanted).ok());
  wanted.push_back({Net("20.0.0.0/8"), Now() + milliseconds(1500), false});
  ASSERT_TRUE(sync.Push(wanted).ok()) << sync.Status().last_error;
  EXPECT_EQ(Kernel().size(), 1U);
  EXPECT_EQ(sync.Status().covered, 2U);
  // Its end is when to push again; in the kernel it lives up to a second longer.
  EXPECT_EQ(sync.again(), wanted[2].until);
  std::this_thread::sleep_for(sync.again() - Now() + milliseconds(20));
  ASSERT_TRUE(sync.Push(wanted).ok()) << sync.Status().last_error;
  EXPECT_EQ(Kernel().size(), 2U);
  EXPECT_TRUE(Kernel().contains(Net("20.1.0.0/16")));
  wanted[2].until = Now() + hours(1);
  ASSERT_TRUE(sync.Push(wanted).ok()) << sync.Status().last_error;
  EXPECT_EQ(Kernel().size(), 1U);
  wanted.pop_back();
  ASSERT_TRUE(sync.Push(wanted).ok()) << sync.Status().last_error;
  EXPECT_EQ(Kernel().size(), 2U);
  ExpectInStep(sync, wanted);
}

TEST_F(FirewallKernel, TheWidestAndTheNarrowestNetworks) {
  FirewallSync sync = MakeSync(SomeFirewall());
  for (const std::vector<const char*>& texts : std::vector<std::vector<const char*>>{
           {"0.0.0.0/0", "::/0"},
           {"0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"},
           {"0.0.0.0/31", "255.255.255.254/31", "::/63", "ffff:ffff:ffff:fffe::/63"},
           {"0.0.0.0", "255.255.255.255", "::/64", "ffff:ffff:ffff:ffff::/64"}}) {
    std::vector<WantedBan> wanted;
    for (const char* text : texts) wanted.push_back({Net(text), Now() + hours(1), false});
    ASSERT_TRUE(sync.Reconcile(wanted).ok()) << texts[0] << sync.Status().last_error;
    EXPECT_EQ(Kernel().size(), texts.size()) << texts[0];
    ExpectInStep(sync, wanted);
  }
}

TEST_F(FirewallKernel, WhatTheKernelLetsGoBreaksNothing) {
  FirewallSync sync = MakeSync(SomeFirewall());
  auto wanted = Hosts(50, Now() + milliseconds(700));
  wanted.push_back({Net("20.1.0.0/16"), Now() + milliseconds(700), false});
  wanted.push_back({Net("30.0.0.0/8"), Now() + hours(1), false});
  ASSERT_TRUE(sync.Reconcile(wanted).ok());
  // Just gone, or just about to: banned again, for longer.
  std::this_thread::sleep_for(milliseconds(1100));
  for (WantedBan& ban : wanted) ban.until = Now() + hours(1);
  ASSERT_TRUE(sync.Push(wanted).ok()) << sync.Status().last_error;
  EXPECT_EQ(Kernel().size(), 52U);
  ExpectInStep(sync, wanted);
  // And those that are really gone are no drift.
  wanted.resize(1);
  wanted[0].until = Now() + milliseconds(700);
  ASSERT_TRUE(sync.Push(wanted).ok());
  std::this_thread::sleep_for(milliseconds(2300));
  ASSERT_TRUE(sync.Reconcile({}).ok());
  EXPECT_EQ(Kernel().size(), 0U);
  EXPECT_EQ(sync.Status().drift.missing + sync.Status().drift.foreign, 0U);
}

}  // namespace
}  // namespace headgate::net
