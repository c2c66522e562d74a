// Whose table it is in the real kernel: another run's, somebody else's, one that is opened or
// emptied.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/net/firewall_kernel_testing.h"

namespace headgate::net {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST_F(FirewallKernel, AnotherRunFindsWhatThisOneLeft) {
  std::vector<WantedBan> wanted = {{Host(1), Now() + hours(1), false},
                                   {Net("20.0.0.0/8"), Now() + hours(2), true},
                                   {Net("2001:db8::/64"), Now() + hours(3), true}};
  FirewallSync first = MakeSync(SomeFirewall());
  EXPECT_TRUE(first.Adopt().value().empty());
  ASSERT_TRUE(first.Reconcile(wanted).ok());
  FirewallOptions other = SomeFirewall();
  other.ports = {3307};
  FirewallSync second = MakeSync(other);
  const auto found = second.Adopt();
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), 3U);
  for (const WantedBan& ban : *found) {
    const auto same = std::find_if(wanted.begin(), wanted.end(),
                                   [&](const WantedBan& w) { return w.network == ban.network; });
    ASSERT_NE(same, wanted.end());
    EXPECT_EQ(same->by_operator, ban.by_operator);
    EXPECT_TRUE(SameEnd(same->until, ban.until, seconds(3), Now()));
  }
  ASSERT_TRUE(second.Reconcile(*found).ok()) << second.Status().last_error;
  EXPECT_EQ(second.Status().drift.rules_changed, 0U);
  ExpectInStep(second, *found);
  ASSERT_TRUE(second.Remove().ok());
  ASSERT_TRUE(second.Remove().ok());
  EXPECT_EQ(Nft({"list", "ruleset"}), "");
}

TEST_F(FirewallKernel, SomebodyElsesTableIsLetBe) {
  for (const char* content :
       {"chain input { type filter hook input priority 0; policy drop; tcp dport 22 accept; }",
        "set blocklist { type ipv4_addr; }", "map m { type ipv4_addr : verdict; }",
        "chain a { counter comment \"web 12345\"; }; set banned4 { type ipv4_addr; }"}) {
    Nft({"-f", "-"}, std::string("table inet headgate { ") + content + "; }\n");
    const std::string before = Nft({"list", "ruleset"});
    FirewallSync sync = MakeSync(SomeFirewall());
    for (const absl::Status& status : {sync.Adopt().status(), sync.Reconcile({}), sync.Remove(),
                                       sync.RemoveBans(), sync.Reconcile({})}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << content << status;
      EXPECT_EQ(status.message(),
                "table inet headgate is somebody else's: it has chains that are not headgate's; "
                "choose another [firewall] table");
    }
    EXPECT_EQ(Nft({"list", "ruleset"}), before);
    Nft({"flush", "ruleset"});
    EXPECT_TRUE(sync.Reconcile({}).ok());
    // From now on it is ours, whatever is done to it.
    Nft({"flush", "table", "inet", "headgate"});
    EXPECT_TRUE(sync.Reconcile({}).ok()) << sync.Status().last_error;
    Nft({"flush", "ruleset"});
  }
}

TEST_F(FirewallKernel, AnEmptyTableIsTaken) {
  Nft({"-f", "-"}, "table inet headgate { set banned4 { type ipv4_addr; }; }\n");
  FirewallSync sync = MakeSync(SomeFirewall());
  EXPECT_TRUE(sync.Adopt().ok());
  EXPECT_TRUE(sync.Reconcile(Hosts(3, Now() + hours(1))).ok()) << sync.Status().last_error;
  EXPECT_EQ(Kernel().size(), 3U);
  // `headgate firewall remove`, in a process of its own.
  EXPECT_TRUE(MakeSync(SomeFirewall()).Remove().ok());
  EXPECT_EQ(Nft({"list", "ruleset"}), "");
}

TEST_F(FirewallKernel, AChainWithAWordOfTheLanguageForNameIsNoObstacle) {
  FirewallSync sync = MakeSync(SomeFirewall());
  const auto wanted = Hosts(10, Now() + hours(1));
  ASSERT_TRUE(sync.Reconcile(wanted).ok());
  Nft({"-j", "-f", "-"},
      R"({"nftables":[{"add":{"chain":{"family":"inet","table":"headgate","name":"drop"}}}]})");
  ASSERT_TRUE(sync.Reconcile(wanted).ok()) << sync.Status().last_error;
  EXPECT_EQ(sync.Status().drift.rules_changed, 1U);
  EXPECT_EQ(Kernel().size(), 10U);
  ExpectInStep(sync, wanted);
}

TEST_F(FirewallKernel, BansLeaveAndTheTableStays) {
  FirewallOptions options = SomeFirewall();
  options.redirect_from = 3307;
  options.redirect_to = 3306;
  FirewallSync sync = MakeSync(options);
  EXPECT_TRUE(sync.outlives_gate());
  EXPECT_FALSE(MakeSync(SomeFirewall()).outlives_gate());
  EXPECT_TRUE(sync.RemoveBans().ok());
  EXPECT_EQ(Nft({"list", "ruleset"}), "");
  auto wanted = Hosts(10, Now() + hours(1));
  wanted.push_back({Net("20.0.0.0/8"), Now() + hours(1), false});
  wanted.push_back({Net("2001:db8::/48"), Now() + hours(1), false});
  ASSERT_TRUE(sync.Reconcile(wanted).ok()) << sync.Status().last_error;
  EXPECT_TRUE(sync.RemoveBans().ok()) << sync.Status().last_error;
  EXPECT_EQ(sync.Status().in_kernel, 0U);
  EXPECT_EQ(Kernel().size(), 0U);
  EXPECT_TRUE(SameSkeleton(MakeRuleset(options).value(), Listing()));
  Nft({"flush", "ruleset"});
  EXPECT_TRUE(sync.RemoveBans().ok());
  EXPECT_EQ(Nft({"list", "ruleset"}), "");
}

}  // namespace
}  // namespace headgate::net
