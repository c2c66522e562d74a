// The real nft and the kernel, in a network namespace of the test's own.
#include "net/firewall_open.h"

#include <gtest/gtest.h>

#include "net/socket_address.h"
#include "tests/net/own_netns.h"

namespace headgate::net {
namespace {

using std::chrono::hours;

using FirewallOpen = OwnNetns;

TEST_F(FirewallOpen, LeadsNobodyToTheGateAndLeavesTheRest) {
  const NftRunner run = NftProgram().AsRunner();
  EXPECT_TRUE(HeadgateTables(run).value().empty());
  EXPECT_FALSE(OpenTable("headgate", run).value());
  FirewallOptions options = SomeFirewall();
  FirewallSync plain = MakeSync(options);
  ASSERT_TRUE(plain.Reconcile({}).ok());
  EXPECT_FALSE(OpenTable("headgate", run).value());
  options.redirect_from = 3307;
  options.redirect_to = 3306;
  options.transparent =
      FirewallOptions::Transparent{.server_ports = {3306},
                                   .servers = {ParseEndpoint("192.0.2.10:3306").value()},
                                   .gate = {ParseEndpoint("0.0.0.0:3306").value()}};
  FirewallSync sync = MakeSync(options);
  const auto wanted = Hosts(10, Now() + hours(1));
  ASSERT_TRUE(sync.Reconcile(wanted).ok()) << sync.Status().last_error;
  EXPECT_TRUE(sync.Status().redirects);
  Nft({"add", "table", "inet", "others"});
  Nft({"add", "table", "ip", "headgate_4"});
  EXPECT_EQ(HeadgateTables(run).value(), std::vector<std::string>{"headgate"});
  EXPECT_TRUE(OpenTable("headgate", run).value());
  EXPECT_FALSE(OpenTable("headgate", run).value());
  const std::string text = Nft({"list", "table", "inet", "headgate"});
  for (const char* gone : {"redirect to", "tproxy", "reject"}) {
    EXPECT_EQ(text.find(gone), text.npos) << gone;
  }
  EXPECT_NE(text.find("socket transparent 1"), text.npos);
  EXPECT_EQ(Listing().elements.size(), 10U);
  // A gate that runs, or the next one, puts it back, and the bans with it.
  ASSERT_TRUE(sync.Reconcile(wanted).ok()) << sync.Status().last_error;
  EXPECT_EQ(sync.Status().drift.rules_changed, 1U);
  EXPECT_TRUE(SameSkeleton(MakeRuleset(options).value(), Listing()));
  EXPECT_EQ(Listing().elements.size(), 10U);
  options.open = true;
  sync.SetRuleset(MakeRuleset(options).value(), options.hosts, options.networks);
  ASSERT_TRUE(sync.Reconcile(wanted).ok()) << sync.Status().last_error;
  EXPECT_FALSE(sync.Status().redirects);
  EXPECT_FALSE(OpenTable("headgate", run).value());
}

// What bears no mark of headgate's is somebody else's, whatever it is called.
TEST_F(FirewallOpen, LetsOthersBe) {
  const std::string theirs =
      "table inet headgate { chain redirect_clients { type nat hook prerouting priority -100; tcp "
      "dport 3306 redirect to :3307 comment \"redirect\"; }; }";
  Nft({"-f", "-"}, theirs);
  const std::string before = Nft({"list", "ruleset"});
  EXPECT_FALSE(OpenTable("headgate", NftProgram().AsRunner()).value());
  EXPECT_EQ(Nft({"list", "ruleset"}), before);
}

TEST_F(FirewallOpen, AFailureIsTold) {
  const NftRunner none = [](const auto&, auto) -> absl::StatusOr<std::string> {
    return absl::PermissionDeniedError("nft needs CAP_NET_ADMIN");
  };
  EXPECT_EQ(HeadgateTables(none).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(OpenTable("headgate", none).status().code(), absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace headgate::net
