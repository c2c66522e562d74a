#include "guard/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Config With(const std::string& text) {
  Loaded loaded = ParseBeside(text);
  EXPECT_TRUE(loaded.config.has_value()) << text;
  return std::move(loaded.config).value_or(Config());
}

TEST(Reload, NothingChanged) {
  const Config config = With("");
  const ReloadPlan plan = PlanReload(config, config);
  EXPECT_THAT(plan.changed, IsEmpty());
  EXPECT_THAT(plan.need_restart, IsEmpty());
  EXPECT_EQ(plan.next, config);
}

TEST(Reload, WhatCanChangeChanges) {
  const ReloadPlan plan =
      PlanReload(With(""), With("gate.mode = \"observe\"\nsource.connect_rate = \"5/s\"\n"));
  EXPECT_THAT(plan.changed, ElementsAre("gate.mode: \"enforce\" -> \"observe\"",
                                        "source.connect_rate: \"50/s burst 200\" -> \"5/s\""));
  EXPECT_EQ(plan.next.limits.mode, Mode::kObserve);
  EXPECT_EQ(plan.next.limits.source.connect_rate, (Rate{5, 5}));
}

TEST(Reload, RestartKeysKeepTheirRunningValueAndAreNamed) {
  Config running = With("");
  running.limits.identity_collapsed = true;
  const ReloadPlan plan =
      PlanReload(running, With("gate.threads = 3\ngate.listen = [\"192.0.2.1:3306\"]\n"
                               "source.table_size = 2048\npending.max = 7\n"));
  EXPECT_THAT(plan.need_restart,
              ElementsAre("gate.listen: [\"0.0.0.0:3306\", \"[::]:3306\"] -> [\"192.0.2.1:3306\"]",
                          "gate.threads: 0 -> 3", "source.table_size: 262144 -> 2048"));
  EXPECT_THAT(plan.changed, ElementsAre("pending.max: 4096 -> 7"));
  EXPECT_EQ(plan.next.listen, running.listen);
  EXPECT_EQ(plan.next.threads, 0u);
  EXPECT_EQ(plan.next.limits.source.table_size, 262144u);
  EXPECT_EQ(plan.next.limits.pending.max, 7u);
  EXPECT_TRUE(plan.next.limits.identity_collapsed);
}

// Right for the identity that a restart would bring, but not for the one that runs.
TEST(Reload, ACollapsedIdentityKeepsItsListOfUsers) {
  Config running = With("");
  running.limits.identity_collapsed = true;
  const ReloadPlan plan =
      PlanReload(running, With("gate.proxy_to_backend = \"v2\"\ngate.localhost_only_users = []\n"));
  EXPECT_EQ(plan.next.limits.localhost_users, running.limits.localhost_users);
  EXPECT_THAT(plan.changed, IsEmpty());
  EXPECT_EQ(plan.need_restart.size(), 2u);

  running.limits.identity_collapsed = false;
  EXPECT_THAT(PlanReload(running, With("gate.localhost_only_users = []\n")).need_restart,
              IsEmpty());
}

TEST(Reload, Classes) {
  const std::string a = "[[class]]\nname = \"a\"\nusers = [\"a\"]\n";
  const std::string b = "[[class]]\nname = \"b\"\nusers = [\"b\"]\n";
  EXPECT_THAT(PlanReload(With(a), With(a + b)).changed,
              ElementsAre("class b: new, before default"));
  EXPECT_THAT(PlanReload(With(a + b), With(b)).changed, ElementsAre("class a: gone"));
  EXPECT_THAT(PlanReload(With(a + b), With(b + a)).changed, ElementsAre("class: another order"));
  // The first that matches is taken, whatever else comes or goes.
  const std::string c = "[[class]]\nname = \"c\"\nusers = [\"c\"]\n";
  EXPECT_THAT(PlanReload(With(a + b), With(b + c + a)).changed,
              ElementsAre("class c: new, before a", "class: another order"));
  EXPECT_THAT(PlanReload(With(a + b + c), With(b + a)).changed,
              ElementsAre("class c: gone", "class: another order"));
  EXPECT_THAT(PlanReload(With(a + b), With(b + "reserve = 3\n" + a)).changed,
              ElementsAre("class b reserve: 0 -> 3", "class: another order"));
  const ReloadPlan plan = PlanReload(With(a), With(a + "reserve = 3\n"));
  EXPECT_THAT(plan.changed, ElementsAre("class a reserve: 0 -> 3"));
  EXPECT_EQ(plan.next.limits.classes[0].reserve, 3u);
  EXPECT_THAT(PlanReload(With(""), With("default_class.max = \"50%\"\n")).changed,
              ElementsAre("class default max: \"100%\" -> \"50%\""));
}

TEST(Reload, QueryLimitsAreToldWhereTheyAreSaid) {
  const std::string a = "[[class]]\nname = \"a\"\nusers = [\"a\"]\n";
  // Every class inherits it, and none says so again.
  const ReloadPlan all = PlanReload(With(a), With(a + "[query]\nrunning = 9\n"));
  EXPECT_THAT(all.changed, ElementsAre("query.running: \"off\" -> 9"));
  EXPECT_EQ(all.next.limits.classes[0].query.running, 9u);
  EXPECT_EQ(all.next.limits.classes[1].query.running, 9u);
  EXPECT_THAT(PlanReload(With(a), With(a + "query = { busy = 2.5 }\n")).changed,
              ElementsAre("class a query.busy: \"off\" -> 2.5"));
  EXPECT_THAT(PlanReload(With(a), With(a + "shape = { refuse = 90 }\n")).changed,
              ElementsAre("class a shape.refuse: 100 -> 90"));
  EXPECT_THAT(PlanReload(With(""), With("[query.unknown]\nrunning = \"off\"\n")).changed,
              ElementsAre("query.unknown.running: 4 -> \"off\""));
  EXPECT_THAT(PlanReload(With(""), With("[shape.points]\nsleep = 1\n")).changed,
              ElementsAre("shape.points.sleep: 60 -> 1"));
}

TEST(Reload, TheMonitorAndTheDigestTableNeedARestart) {
  const Config running = With("");
  const ReloadPlan plan = PlanReload(
      running, With("monitor.user = \"x\"\nmonitor.interval = \"2s\"\nquery.digests = 64\n"));
  EXPECT_THAT(plan.need_restart,
              ElementsAre("monitor.user: \"headgate\" -> \"x\"",
                          "monitor.interval: \"1s\" -> \"2s\"", "query.digests: 4096 -> 64"));
  EXPECT_EQ(plan.next.limits.digests, 4096u);
  EXPECT_EQ(plan.next.monitor, running.monitor);
}

// All of it is of the mode that only a restart brings.
TEST(Reload, TlsKeysWaitWithTheirMode) {
  const std::string tls =
      "gate.tls = \"terminate\"\ngate.certificate = \"c\"\ngate.private_key = \"k\"\n";
  const Config on = With(tls), off = With("");
  const ReloadPlan to_on = PlanReload(off, on);
  EXPECT_THAT(to_on.changed, IsEmpty());
  EXPECT_THAT(to_on.need_restart,
              ElementsAre("gate.tls: \"off\" -> \"terminate\"", "gate.certificate: \"\" -> \"c\"",
                          "gate.private_key: \"\" -> \"k\""));
  EXPECT_EQ(to_on.next.tls, off.tls);
  const ReloadPlan to_off = PlanReload(on, off);
  EXPECT_THAT(to_off.changed, IsEmpty());
  EXPECT_EQ(to_off.need_restart.size(), 3u);
  EXPECT_EQ(to_off.next.tls, on.tls);
  EXPECT_THAT(PlanReload(on, With(tls + "gate.backend_verify = \"ca\"\n")).changed,
              ElementsAre("gate.backend_verify: \"name\" -> \"ca\""));
}

TEST(Reload, Rules) {
  const std::string a = "[[rule]]\nname = \"a\"\nuser = \"x\"\n";
  const std::string b = "[[rule]]\nname = \"b\"\nuser = \"y\"\n";
  EXPECT_THAT(PlanReload(With(a), With(a + b)).changed, ElementsAre("rule b: new, the last"));
  EXPECT_THAT(PlanReload(With(a), With(b + a)).changed, ElementsAre("rule b: new, before a"));
  EXPECT_THAT(PlanReload(With(a + b), With(b)).changed, ElementsAre("rule a: gone"));
  EXPECT_THAT(PlanReload(With(a + b), With(b + a)).changed, ElementsAre("rule: another order"));
  const ReloadPlan plan = PlanReload(With(a), With(a + "action = \"refuse\"\nregex = \"z\"\n"));
  EXPECT_THAT(plan.changed,
              ElementsAre("rule a regex: \"\" -> \"z\"", "rule a action: \"log\" -> \"refuse\""));
  ASSERT_NE(plan.next.limits.rules[0].pattern, nullptr);
  EXPECT_TRUE(plan.next.limits.rules[0].pattern->Matches("xyz"));
}

// A level follows the table it is a copy of, and only what it says itself is told.
TEST(Reload, LevelsFollowTheirTables) {
  const std::string own = "[pressure.elevated.source]\nconnections = 9\n";
  const ReloadPlan base = PlanReload(With(own), With(own + "[source]\nprefix_connections = 40\n"));
  EXPECT_THAT(base.changed, ElementsAre("source.prefix_connections: \"50%\" -> 40"));
  for (const LevelLimits& level : base.next.limits.at) {
    EXPECT_EQ(level.source.prefix_connections, Share::Number(40));
  }
  EXPECT_EQ(base.next.limits.At(Level::kElevated).source.connections, Share::Number(9));
  EXPECT_THAT(PlanReload(With(own), With("")).changed,
              ElementsAre("pressure.elevated.source.connections: 9 -> \"25%\""));
  EXPECT_THAT(PlanReload(With(""), With("[pressure.attack.query]\nrunning = 1\n")).changed,
              ElementsAre("pressure.attack.query.running: 4 -> 1"));
  EXPECT_THAT(PlanReload(With(""), With("[pressure.elevated.waiting]\nqueue = \"1s\"\n")).changed,
              ElementsAre("pressure.elevated.waiting.queue: \"5s\" -> \"1s\""));
}

TEST(Reload, LevelsKeepTheSizeOfTheTableThatRuns) {
  const ReloadPlan plan = PlanReload(With(""), With("source.table_size = 2048\n"));
  for (const LevelLimits& level : plan.next.limits.at) {
    EXPECT_EQ(level.source.table_size, 262144u);
  }
}

TEST(Reload, HeadroomKeys) {
  const ReloadPlan plan =
      PlanReload(With(""), With("slots.start_ramp = \"off\"\n[pressure]\ncalm_after = \"5s\"\n"
                                "[known_good]\ngrowth = \"off\"\nshare = 0.5\nstate = \"/x/y\"\n"
                                "[default_class]\nreserve = 2\nlend = true\n"));
  EXPECT_THAT(plan.changed,
              ElementsAre("slots.start_ramp: \"50/s\" -> \"off\"",
                          "known_good.growth: \"25%/h\" -> \"off\"",
                          "known_good.share: 0.75 -> 0.5", "pressure.calm_after: \"30s\" -> \"5s\"",
                          "class default reserve: 0 -> 2", "class default lend: false -> true"));
  EXPECT_THAT(plan.need_restart,
              ElementsAre("known_good.state: \"/var/lib/headgate/state\" -> \"/x/y\""));
  EXPECT_EQ(plan.next.state_file, "/var/lib/headgate/state");
}

}  // namespace
}  // namespace headgate::guard
