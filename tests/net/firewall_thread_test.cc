#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "net/firewall.h"
#include "tests/net/nft_fake.h"
#include "tests/net/own_netns.h"

namespace headgate::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// The caller's side: bans and a version, and the log lines.
struct Gate {
  std::mutex mutex;
  std::vector<WantedBan> bans;
  std::vector<std::string> lines;
  std::atomic<std::uint64_t> version{0};

  void Set(std::vector<WantedBan> all) {
    {
      const std::lock_guard lock(mutex);
      bans = std::move(all);
    }
    ++version;
  }
  std::vector<std::string> Lines() {
    const std::lock_guard lock(mutex);
    return lines;
  }
  Firewall::Hooks Hooks() {
    return {[this] {
              const std::lock_guard lock(mutex);
              return bans;
            },
            [this] { return version.load(); },
            [this](bool warning, const std::string& message) {
              const std::lock_guard lock(mutex);
              lines.push_back((warning ? "warning: " : "info: ") + message);
            }};
  }
};

Firewall::Options Quick() {
  Firewall::Options options;
  options.firewall = SomeFirewall();
  options.poll = milliseconds(5);
  options.reconcile = milliseconds(50);
  return options;
}

bool Within(Duration limit, const std::function<bool()>& true_now) {
  for (const Time end = Now() + limit; Now() < end;) {
    if (true_now()) return true;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

using FirewallThread = OwnNetns;

TEST_F(FirewallThread, FollowsTheBansAndPutsRightWhatOthersDo) {
  Gate gate;
  auto firewall = Firewall::Make(Quick(), gate.Hooks());
  ASSERT_TRUE(firewall.ok()) << firewall.status();
  EXPECT_TRUE((*firewall)->Adopt().value().empty());
  (*firewall)->Start();
  gate.Set(Hosts(100, Now() + hours(1)));
  const auto has = [&](std::size_t n) {
    return
        [&, n] { return (*firewall)->Status().last_sync && (*firewall)->Status().in_kernel == n; };
  };
  EXPECT_TRUE(Within(seconds(20), has(100)));
  EXPECT_EQ(Listing().elements.size(), 100U);
  gate.Set(Hosts(50, Now() + hours(1)));
  EXPECT_TRUE(Within(seconds(20), has(50)));
  Nft({"flush", "ruleset"});
  EXPECT_TRUE(Within(seconds(20), [&] { return (*firewall)->Status().drift.repairs > 0; }));
  EXPECT_EQ(Listing().elements.size(), 50U);
  EXPECT_TRUE((*firewall)->Stop(true).ok());
  EXPECT_EQ(Listing().elements.size(), 50U);
  EXPECT_TRUE((*firewall)->Stop(false).ok());
  EXPECT_EQ(Nft({"list", "ruleset"}), "");
  EXPECT_TRUE(gate.Lines().empty());
}

TEST_F(FirewallThread, SomebodysOverlappingNetworkHoldsNothingUp) {
  Gate gate;
  Firewall::Options options = Quick();
  options.reconcile = hours(1);
  auto firewall = Firewall::Make(options, gate.Hooks());
  ASSERT_TRUE(firewall.ok());
  (*firewall)->Start();
  EXPECT_TRUE(Within(seconds(20), [&] { return (*firewall)->Status().last_sync.has_value(); }));
  Nft({"-f", "-"}, "add element inet headgate networks4 { 20.0.0.0/9 timeout 1h }\n");
  gate.Set({{Net("20.0.0.0/8"), Now() + hours(1), false}});
  EXPECT_TRUE(Within(seconds(20), [&] { return (*firewall)->Status().in_kernel == 1; }));
  EXPECT_TRUE((*firewall)->Stop(true).ok());
  ASSERT_EQ(Listing().elements.size(), 1U);
  EXPECT_EQ(Listing().elements[0].network, Net("20.0.0.0/8"));
  EXPECT_TRUE(gate.Lines().empty());
}

TEST_F(FirewallThread, OneLineWhenItFailsAndOneWhenItWorksAgain) {
  Gate gate;
  std::atomic<bool> broken{true};
  std::atomic<int> tries{0};
  auto firewall = Firewall::Make(Quick(), gate.Hooks(), [&](const auto& args, auto input) {
    ++tries;
    if (broken) return absl::StatusOr<std::string>(absl::InternalError("nft: Error: no"));
    return NftProgram().Run(args, input);
  });
  ASSERT_TRUE(firewall.ok());
  (*firewall)->Start();
  EXPECT_TRUE(Within(seconds(20), [&] { return tries >= 2; }));
  EXPECT_TRUE((*firewall)->Status().failing);
  broken = false;
  EXPECT_TRUE(Within(seconds(20), [&] { return gate.Lines().size() == 2; }));
  EXPECT_TRUE((*firewall)->Stop(false).ok());
  EXPECT_EQ(gate.Lines().at(0).substr(0, 9), "warning: ");
  EXPECT_EQ(gate.Lines().at(1), "info: the kernel's table is in step with the bans again");
  EXPECT_GE((*firewall)->Status().failures, 2U);
}

TEST_F(FirewallThread, ANewRulesetIsTakenWhileItRuns) {
  Gate gate;
  Firewall::Options options = Quick();
  options.reconcile = hours(1);
  std::atomic<int> pushes{0};  // of elements
  auto firewall = Firewall::Make(options, gate.Hooks(), [&](const auto& args, auto input) {
    if (args.at(0) == "-j" && args.at(1) == "-f") ++pushes;
    return NftProgram().Run(args, input);
  });
  ASSERT_TRUE(firewall.ok());
  gate.Set(Hosts(20, Now() + hours(1)));
  (*firewall)->Start();
  ASSERT_TRUE(Within(seconds(20), [&] { return (*firewall)->Status().in_kernel == 20; }));
  const int pushed = pushes;
  const auto synced = (*firewall)->Status().last_sync;
  options.firewall.never.push_back(Net("192.0.2.0/24"));
  EXPECT_TRUE((*firewall)->SetOptions(options.firewall).ok());
  EXPECT_TRUE(Within(seconds(20), [&] { return (*firewall)->Status().last_sync > synced; }));
  const auto has = [&](const char* text) {
    return Nft({"list", "table", "inet", "headgate"}).find(text) != std::string::npos;
  };
  EXPECT_TRUE(has("ip saddr { 127.0.0.0/8, 192.0.2.0/24 }"));
  EXPECT_EQ(Listing().elements.size(), 20U);
  EXPECT_EQ(pushes, pushed);
  FirewallOptions other = options.firewall;
  other.table = "headgate2";
  EXPECT_EQ((*firewall)->SetOptions(other).code(), absl::StatusCode::kInvalidArgument);
  other = options.firewall;
  other.ports = {};
  EXPECT_EQ((*firewall)->SetOptions(other).code(), absl::StatusCode::kInvalidArgument);
  // Limits come, and with them rules that are counted.
  options.firewall.limits = {.rate_per_second = 5, .burst = 10, .connections = 3};
  EXPECT_TRUE((*firewall)->SetOptions(options.firewall).ok());
  EXPECT_TRUE(Within(seconds(20), [&] { return has("over_limits"); }));
  EXPECT_TRUE((*firewall)->Stop(true).ok());
  EXPECT_TRUE(SameSkeleton(MakeRuleset(options.firewall).value(), Listing()));
  const FirewallStatus status = (*firewall)->Status();
  EXPECT_TRUE(std::any_of(status.rules.begin(), status.rules.end(),
                          [](const auto& rule) { return rule.rule == "open4"; }));
  EXPECT_EQ(status.drift.repairs, 0U);
  EXPECT_TRUE(gate.Lines().empty());
}

TEST_F(FirewallThread, ACleanStopLeavesTheRedirect) {
  Gate gate;
  Firewall::Options options = Quick();
  options.firewall.redirect_from = 3307;
  options.firewall.redirect_to = 3306;
  auto firewall = Firewall::Make(options, gate.Hooks());
  ASSERT_TRUE(firewall.ok());
  gate.Set(Hosts(20, Now() + hours(1)));
  (*firewall)->Start();
  ASSERT_TRUE(Within(seconds(20), [&] { return (*firewall)->Status().in_kernel == 20; }));
  EXPECT_TRUE((*firewall)->Stop(false).ok());
  EXPECT_TRUE(SameSkeleton(MakeRuleset(options.firewall).value(), Listing()));
  EXPECT_TRUE(Listing().elements.empty());
}

TEST_F(FirewallThread, LetsGoWhenToldTo) {
  Gate gate;
  Firewall::Options options = Quick();
  options.firewall.redirect_from = 3307;
  options.firewall.redirect_to = 3306;
  options.reconcile = hours(1);
  auto firewall = Firewall::Make(options, gate.Hooks());
  ASSERT_TRUE(firewall.ok());
  EXPECT_FALSE((*firewall)->WaitForOptions(milliseconds(1))) << "nothing runs yet";
  (*firewall)->Start();
  ASSERT_TRUE(Within(seconds(20), [&] { return (*firewall)->redirects_now(); }));
  options.firewall.open = true;
  EXPECT_TRUE((*firewall)->SetOptions(options.firewall).ok());
  EXPECT_TRUE((*firewall)->WaitForOptions(seconds(20)));
  EXPECT_FALSE((*firewall)->redirects_now());
  EXPECT_TRUE(SameSkeleton(MakeRuleset(options.firewall).value(), Listing()));
  EXPECT_TRUE((*firewall)->Stop(false).ok());
  EXPECT_EQ(Nft({"list", "ruleset"}), "");
}

// Told when nft hangs, or has no time: what was said last decides how it ends.
TEST_F(FirewallThread, WhatWasSaidLastDecidesTheEnd) {
  Gate gate;
  Firewall::Options options = Quick();
  options.firewall.redirect_from = 3307;
  options.firewall.redirect_to = 3306;
  std::atomic<bool> fails = false;
  auto firewall = Firewall::Make(options, gate.Hooks(),
                                 [&](const auto& args, auto input) -> absl::StatusOr<std::string> {
                                   if (fails) return absl::InternalError("not now");
                                   return NftProgram().Run(args, input);
                                 });
  ASSERT_TRUE(firewall.ok());
  (*firewall)->Start();
  ASSERT_TRUE(Within(seconds(20), [&] { return (*firewall)->redirects_now(); }));
  fails = true;
  options.firewall.open = true;
  EXPECT_TRUE((*firewall)->SetOptions(options.firewall).ok());
  EXPECT_FALSE((*firewall)->WaitForOptions(milliseconds(300)));
  fails = false;
  EXPECT_TRUE((*firewall)->Stop(false).ok());
  EXPECT_EQ(Nft({"list", "ruleset"}), "");
}

TEST_F(FirewallThread, WhoKeepsChangingTheTableIsTold) {
  Gate gate;
  FirewallOptions other = SomeFirewall();
  other.ports = {3399};
  const std::string theirs = PrintedText(MakeRuleset(other).value());
  // Before each look, but not between a repair and its proof.
  bool repaired = false;
  auto firewall = Firewall::Make(Quick(), gate.Hooks(), [&](const auto& args, auto input) {
    if (!std::exchange(repaired, args.at(0) == "-f") && args.at(1) == "list") {
      EXPECT_TRUE(NftProgram().Run({"-f", "-"}, theirs).ok());
    }
    return NftProgram().Run(args, input);
  });
  ASSERT_TRUE(firewall.ok());
  (*firewall)->Start();
  EXPECT_TRUE(Within(seconds(20), [&] { return (*firewall)->Status().drift.repairs >= 4; }));
  EXPECT_TRUE((*firewall)->Stop(true).ok());
  ASSERT_EQ(gate.Lines().size(), 1U);
  EXPECT_EQ(gate.Lines()[0],
            "warning: somebody else changes table headgate: 3 repairs so far; is another headgate "
            "using the same name?");
}

// All hangs, or all but the reading of a table that is not there.
TEST(FirewallHangingNft, HoldsNoStopUp) {
  for (const char* script : {"exec sleep 60",
                             "case $2 in list) echo No such file or directory >&2; exit 1;; esac; "
                             "exec sleep 60"}) {
    const FakeNft nft(script);
    Gate gate;
    Firewall::Options options = Quick();
    options.nft.paths = {nft.path()};
    options.nft.hurried = milliseconds(300);
    auto firewall = Firewall::Make(options, gate.Hooks());
    ASSERT_TRUE(firewall.ok());
    gate.Set(Hosts(7, Now() + hours(1)));
    (*firewall)->Start();
    std::this_thread::sleep_for(milliseconds(100));
    const Time began = Now();
    (*firewall)->Stop(false).IgnoreError();
    EXPECT_LT(Now() - began, seconds(5)) << script;
    EXPECT_TRUE(gate.Lines().empty());
  }
  EXPECT_EQ(NftProgram::Options().hurried, seconds(3));
}

TEST(FirewallDryRun, CountsAndNeverRunsNft) {
  Gate gate;
  std::atomic<int> runs{0};
  Firewall::Options options = Quick();
  options.enforce = false;
  auto firewall = Firewall::Make(options, gate.Hooks(), [&](const auto&, auto) {
    ++runs;
    return absl::StatusOr<std::string>("");
  });
  ASSERT_TRUE(firewall.ok());
  EXPECT_TRUE((*firewall)->Adopt().value().empty());
  gate.Set(Hosts(7, Now() + hours(1)));
  (*firewall)->Start();
  EXPECT_TRUE(Within(seconds(20), [&] { return (*firewall)->Status().would_push == 7; }));
  options.firewall.hosts = 5;
  EXPECT_TRUE((*firewall)->SetOptions(options.firewall).ok());
  EXPECT_TRUE(Within(seconds(20), [&] { return (*firewall)->Status().would_push == 5; }));
  EXPECT_TRUE((*firewall)->Stop(false).ok());
  EXPECT_EQ(runs, 0);
  EXPECT_FALSE((*firewall)->Status().enforced);
}

TEST(FirewallOptions, AreChecked) {
  Gate gate;
  Firewall::Options options = Quick();
  options.firewall.table = "not a name";
  EXPECT_FALSE(Firewall::Make(options, gate.Hooks()).ok());
}

}  // namespace
}  // namespace headgate::net
