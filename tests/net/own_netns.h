// A network namespace for each test of the real nft, so that no ruleset but its own is touched.
//
// Threads: unshare(2) is per thread; threads and children made afterwards are in it as well.
// Lifetime: the namespace goes with the process, or with the next test's.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "net/address_text.h"
#include "net/firewall_plan.h"
#include "net/firewall_sync.h"
#include "net/nft_program.h"

namespace headgate::net {

class OwnNetns : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root: a network namespace";
    if (access("/usr/sbin/nft", X_OK) != 0) GTEST_SKIP() << "needs nft (Debian package nftables)";
    const ino_t before = Inode();
    if (unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "needs CAP_SYS_ADMIN: a network namespace";
    ASSERT_NE(Inode(), before);
  }

  // What nft says; the test fails when it complains.
  std::string Nft(const std::vector<std::string>& args, std::string_view input = {}) {
    auto out = NftProgram().Run(args, input);
    EXPECT_TRUE(out.ok()) << out.status();
    return out.value_or("");
  }
  NftListing Listing(const std::string& table = "headgate") {
    auto out = ParseListing(Nft({"-j", "list", "table", "inet", table}), table);
    EXPECT_TRUE(out.ok()) << out.status();
    return out.value_or(NftListing{});
  }

 private:
  static ino_t Inode() {
    struct stat s {};
    EXPECT_EQ(stat("/proc/thread-self/ns/net", &s), 0);
    return s.st_ino;
  }
};

inline Cidr Net(const char* text) { return ParseCidr(text).value(); }

// The `i`th of many IPv4 hosts.
inline Cidr Host(std::uint32_t i) { return {Address::V4(0x0a000000 + i), 128}; }

inline std::vector<WantedBan> Hosts(std::uint32_t n, Time until) {
  std::vector<WantedBan> bans;
  for (std::uint32_t i = 0; i < n; ++i) bans.push_back({Host(i), until, false});
  return bans;
}

inline FirewallOptions SomeFirewall() {
  FirewallOptions options;
  options.ports = {3306};
  options.never = {Net("127.0.0.0/8"), Net("::1")};
  return options;
}

inline FirewallSync MakeSync(const FirewallOptions& options,
                             NftRunner run = NftProgram().AsRunner()) {
  return FirewallSync({.ruleset = MakeRuleset(options).value(),
                       .hosts = options.hosts,
                       .networks = options.networks},
                      std::move(run));
}

}  // namespace headgate::net
