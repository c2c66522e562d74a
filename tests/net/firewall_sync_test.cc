// What the real nft does not do on demand: fail in the middle.
#include "net/firewall_sync.h"

#include <gtest/gtest.h>

#include "tests/net/own_netns.h"

namespace headgate::net {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Time kSynced{hours(5)};

// An nft whose table is as MakeRuleset() has it and holds no elements, and which fails when told
// to.
struct Script {
  NftRuleset ruleset = MakeRuleset(SomeFirewall()).value();
  std::vector<std::string> inputs;  // of transactions
  std::size_t reads = 0;
  int fail_after = -1;  // transactions
  Time now = kSynced;
  bool table = false;
  int garbage = 0;  // so many readings are noise
  std::function<void()> on_run = [] {};

  absl::StatusOr<std::string> Run(const std::vector<std::string>& args, std::string_view input) {
    on_run();
    if (args.at(1) == "list") return List();
    if (fail_after == 0) return absl::InternalError("nft: Error: no");
    if (fail_after > 0) --fail_after;
    inputs.emplace_back(input);
    if (args.at(0) == "-f") table = input.find("chain") != std::string_view::npos;
    return std::string();
  }
  absl::StatusOr<std::string> List() {
    ++reads;
    if (garbage > 0 && garbage-- > 0) return std::string("{\"nftables\": [{\"table\": ");
    if (!table) return absl::NotFoundError("none");
    std::string out = R"({"nftables":[{"table":{"family":"inet","name":"headgate"}})";
    const std::string ours = R"("family":"inet","table":"headgate",)";
    for (const NftSet& s : ruleset.sets) {
      out += ",{\"set\":{" + ours + "\"name\":\"" + s.name + "\",\"type\":\"" + s.type +
             "\",\"size\":" + std::to_string(s.size) + ",\"flags\":[";
      for (const std::string& flag : s.flags)
        out += (out.back() == '[' ? "\"" : ",\"") + flag + '"';
      out += "]}}";
    }
    for (const NftChain& c : ruleset.chains) {
      out += ",{\"chain\":{" + ours + "\"name\":\"" + c.name + "\"";
      if (!c.type.empty()) {
        out += R"(,"hook":"prerouting","policy":"accept","type":")" + c.type +
               "\",\"prio\":" + std::to_string(c.priority);
      }
      out += "}}";
      for (const NftRule& r : c.rules) {
        out += ",{\"rule\":{" + ours + "\"chain\":\"" + c.name + "\",\"comment\":\"" +
               RuleComment(ruleset, r) + "\"}}";
      }
    }
    return out + "]}";
  }
  NftRunner Runner() {
    return [this](const auto& args, std::string_view input) { return Run(args, input); };
  }
};

struct Fixture {
  Script script;
  FirewallSync sync{{.ruleset = script.ruleset, .batch = 3, .clock = [this] { return script.now; }},
                    script.Runner()};
};

TEST(FirewallSync, AFailedTransactionIsReadBackAndDoneAgain) {
  Fixture f;
  const auto wanted = Hosts(7, kSynced + seconds(60));
  ASSERT_TRUE(f.sync.Reconcile({}).ok());
  ASSERT_TRUE(f.sync.in_step());
  f.script.fail_after = 1;
  EXPECT_FALSE(f.sync.Push(wanted).ok());
  EXPECT_FALSE(f.sync.in_step());
  EXPECT_EQ(f.sync.Status().in_kernel, 3U);  // one batch went through
  EXPECT_TRUE(f.sync.Status().failing);
  EXPECT_EQ(f.sync.Status().last_error, "nft: Error: no");
  f.script.fail_after = -1;
  f.script.inputs.clear();
  // Read back, the table is empty: all seven are pushed, and what failed is no drift.
  EXPECT_TRUE(f.sync.Reconcile(wanted).ok());
  EXPECT_EQ(f.script.inputs.size(), 3U);
  EXPECT_TRUE(f.sync.in_step());
  const FirewallStatus status = f.sync.Status();
  EXPECT_FALSE(status.failing);
  EXPECT_EQ(status.failures, 1U);
  EXPECT_EQ(status.drift.missing, 0U);
}

TEST(FirewallSync, NothingToDoRunsNothing) {
  Fixture f;
  ASSERT_TRUE(f.sync.Reconcile({}).ok());
  const auto wanted = Hosts(2, kSynced + seconds(60));
  ASSERT_TRUE(f.sync.Push(wanted).ok());
  f.script.inputs.clear();
  ASSERT_TRUE(f.sync.Push(wanted).ok());
  EXPECT_TRUE(f.script.inputs.empty());
  // What has ended leaves by itself.
  f.script.now += seconds(61);
  ASSERT_TRUE(f.sync.Push({}).ok());
  EXPECT_TRUE(f.script.inputs.empty());
}

TEST(FirewallSync, WhatIsGoneIsCountedOnceAndBrought) {
  Fixture f;
  const auto wanted = Hosts(4, kSynced + seconds(60));
  ASSERT_TRUE(f.sync.Reconcile(wanted).ok());
  EXPECT_EQ(f.sync.Status().drift.missing, 0U);
  f.script.inputs.clear();
  ASSERT_TRUE(f.sync.Reconcile(wanted).ok());
  EXPECT_EQ(f.sync.Status().drift.missing, 4U);
  EXPECT_EQ(f.sync.Status().drift.repairs, 1U);
  EXPECT_EQ(f.script.inputs.size(), 2U);
  f.script.table = false;
  ASSERT_TRUE(f.sync.Reconcile(wanted).ok());
  EXPECT_EQ(f.sync.Status().drift.table_lost, 1U);
  EXPECT_EQ(f.sync.Status().drift.missing, 4U);
}

TEST(FirewallSync, ARedirectThatIsLostIsNotBelievedIn) {
  Fixture f;
  FirewallOptions options = SomeFirewall();
  options.redirect_from = 3307;
  options.redirect_to = options.ports.front();
  f.script.ruleset = MakeRuleset(options).value();
  f.sync.SetRuleset(f.script.ruleset, options.hosts, options.networks);
  ASSERT_TRUE(f.sync.Reconcile({}).ok());
  ASSERT_TRUE(f.sync.redirects_now());
  // That nft fails says nothing of a redirect that is still there.
  f.script.fail_after = 0;
  EXPECT_FALSE(f.sync.Reconcile(Hosts(1, kSynced + seconds(60))).ok());
  EXPECT_TRUE(f.sync.redirects_now());
  f.script.table = false;
  EXPECT_FALSE(f.sync.Reconcile({}).ok());
  EXPECT_FALSE(f.sync.redirects_now());
  f.script.fail_after = -1;
  EXPECT_TRUE(f.sync.Reconcile({}).ok());
  EXPECT_TRUE(f.sync.redirects_now());
}

TEST(FirewallSync, WhatCannotBeReadIsReplaced) {
  Fixture f;
  ASSERT_TRUE(f.sync.Reconcile({}).ok());
  f.script.inputs.clear();
  f.script.garbage = 1;
  ASSERT_TRUE(f.sync.Reconcile({}).ok());
  EXPECT_EQ(f.script.inputs.at(0), RemoveText("headgate") + BodyText(f.script.ruleset));
  f.script.garbage = 2;
  EXPECT_FALSE(f.sync.Reconcile({}).ok());
  EXPECT_TRUE(f.sync.Reconcile({}).ok());
}

TEST(FirewallSync, WhatCannotBeReadAtTheBeginningIsLetBe) {
  Fixture f;
  f.script.garbage = 3;
  for (const absl::Status& status :
       {f.sync.Adopt().status(), f.sync.Reconcile({}), f.sync.Remove()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  }
  EXPECT_TRUE(f.script.inputs.empty());
  EXPECT_TRUE(f.sync.Reconcile({}).ok());
}

TEST(FirewallSync, NewerFlagsAreTheSameSkeleton) {
  Fixture f;
  const std::string flags = R"("flags":["timeout"])";
  FirewallSync sync({.ruleset = f.script.ruleset, .clock = [] { return kSynced; }},
                    [&](const auto& args, std::string_view input) {
                      auto out = f.script.Run(args, input);
                      if (!out.ok()) return out;
                      for (std::size_t at = 0; (at = out->find(flags, at)) != out->npos;) {
                        out->replace(at, flags.size(), R"("flags":"timeout")");
                      }
                      return out;
                    });
  EXPECT_TRUE(sync.Reconcile({}).ok()) << sync.Status().last_error;
  EXPECT_TRUE(sync.Reconcile({}).ok());
  EXPECT_EQ(sync.Status().drift.repairs, 0U);
}

TEST(FirewallSync, StopsBetweenTransactions) {
  Script script;
  bool stopping = false;
  FirewallSync sync({.ruleset = script.ruleset,
                     .batch = 3,
                     .clock = [] { return kSynced; },
                     .stopping = [&] { return stopping; }},
                    script.Runner());
  ASSERT_TRUE(sync.Reconcile({}).ok());
  script.inputs.clear();
  script.on_run = [&] { stopping = true; };
  const auto wanted = Hosts(9, kSynced + seconds(60));
  EXPECT_TRUE(absl::IsCancelled(sync.Push(wanted)));
  EXPECT_EQ(script.inputs.size(), 1U);
  EXPECT_EQ(sync.Status().in_kernel, 3U);
  EXPECT_FALSE(sync.Status().failing);
  script.reads = 0;
  EXPECT_TRUE(absl::IsCancelled(sync.Reconcile(wanted)));
  EXPECT_EQ(script.reads, 1U);
  EXPECT_EQ(script.inputs.size(), 1U);
  EXPECT_TRUE(sync.Remove().ok());
}

TEST(FirewallSync, MoreThanIsWantedIsNeverShown) {
  Fixture f;
  ASSERT_TRUE(f.sync.Reconcile(Hosts(9, kSynced + seconds(60))).ok());
  f.script.on_run = [&] { EXPECT_LE(f.sync.Status().in_kernel, f.sync.Status().wanted); };
  ASSERT_TRUE(f.sync.Push(Hosts(2, kSynced + seconds(60))).ok());
  EXPECT_EQ(f.sync.Status().in_kernel, 2U);
  f.script.now += seconds(60);
  ASSERT_TRUE(f.sync.Push({}).ok());
  EXPECT_EQ(f.sync.Status().in_kernel, 0U);
}

TEST(FirewallSync, DryRunRunsNothing) {
  Fixture f;
  auto wanted = Hosts(4, kSynced + seconds(60));
  wanted.push_back({Net("10.0.0.0/8"), kSynced + seconds(60), true});
  wanted.push_back({Net("10.0.0.0/16"), kSynced + seconds(60), true});
  f.sync.Pretend(wanted);
  EXPECT_EQ(f.sync.Status().would_push, 5U);
  EXPECT_EQ(f.sync.Status().covered, 1U);
  EXPECT_EQ(f.script.inputs.size() + f.script.reads, 0U);
}

}  // namespace
}  // namespace headgate::net
