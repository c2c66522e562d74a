#include "guard/wire_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(WireChecks, DefaultsAreFine) {
  const Loaded loaded = ParseBeside("[observer]\n[firewall]\n");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->observer, ObserverConfig());
  EXPECT_EQ(loaded.config->firewall, FirewallConfig());
  EXPECT_THAT(Warnings(loaded), IsEmpty());
}

TEST(WireChecks, NothingCountsSynsWithoutAnObserver) {
  const std::string when = "[pressure.elevated.when]\nsyn_rate = \"9/s\"\n";
  EXPECT_THAT(Warnings(ParseBeside(when)), IsEmpty());
  EXPECT_THAT(Warnings(ParseBeside(when + "[observer]\ninterface = \"\"\n")),
              ElementsAre(HasSubstr("pressure.elevated.when.syn_rate: nothing counts SYNs")));
  EXPECT_THAT(Warnings(ParseBeside("[observer]\ninterface = \"\"\nfilter = \"tcp\"\n")),
              ElementsAre(HasSubstr("observer.filter: means nothing")));
}

TEST(WireChecks, BaselineIsATimeOrOff) {
  const Loaded off = ParseBeside("[observer]\nbaseline = \"off\"\n");
  ASSERT_TRUE(off.config);
  EXPECT_EQ(off.config->observer.baseline, Duration::zero());
  EXPECT_THAT(Errors(ParseBeside("[observer]\nbaseline = \"1h\"\n")),
              ElementsAre(HasSubstr("observer.baseline: ")));
}

TEST(WireChecks, NamesOfTables) {
  const auto errors = [](const std::string& name) {
    return Errors(ParseBeside("[firewall]\ntable = \"" + name + "\"\n"));
  };
  for (const char* good :
       {"headgate", "headgate_2", "headgateA", "headgate_lmnopqrstuvwxyz0123456"}) {
    EXPECT_THAT(errors(good), IsEmpty()) << good;
  }
  for (const char* bad :
       {"", "filter", "redirect", "headgat", "headgate-b", "headgate b", "headgate;flush ruleset",
        "headgate\xc3\xa4", "Headgate", "headgate_lmnopqrstuvwxyz01234567"}) {
    EXPECT_THAT(errors(bad), ElementsAre(HasSubstr("firewall.table: begins with"))) << bad;
  }
}

TEST(WireChecks, RedirectLeadsToOnePortThatIsAnother) {
  const auto errors = [](const std::string& listen) {
    return Errors(ParseBeside("gate.listen = " + listen + "\n[firewall]\nredirect = 3306\n"));
  };
  EXPECT_THAT(errors("[\"0.0.0.0:3310\", \"[::]:3310\"]"), IsEmpty());
  EXPECT_THAT(errors("[\"0.0.0.0:3306\"]"), ElementsAre(HasSubstr("listens on port 3306 itself")));
  EXPECT_THAT(errors("[\"0.0.0.0:3310\", \"0.0.0.0:3311\"]"),
              ElementsAre(HasSubstr("has several")));
  EXPECT_THAT(errors("[\"127.0.0.1:3310\"]"), ElementsAre(HasSubstr("loopback only")));
}

TEST(WireChecks, WhatHasNoEffectIsSaid) {
  EXPECT_THAT(Warnings(ParseBeside("[firewall]\nkeep_bans = true\n")),
              ElementsAre(HasSubstr("firewall.keep_bans: ")));
  EXPECT_THAT(Warnings(ParseBeside("gate.mode = \"observe\"\n[firewall]\nenforce = true\n")),
              Contains(HasSubstr("firewall.enforce: ")));
  EXPECT_THAT(Warnings(ParseBeside("[firewall]\nenforce = true\nstatic_limits = true\n")),
              ElementsAre(HasSubstr("firewall.static_limits: the kernel knows no logins")));
  EXPECT_THAT(Warnings(ParseBeside("gate.listen = [\"0.0.0.0:3310\"]\n[firewall]\n"
                                   "redirect = 3306\n")),
              ElementsAre(HasSubstr("firewall.redirect: is not loaded with enforce = false")));
  EXPECT_THAT(Warnings(ParseBeside("[firewall]\nfail = \"open\"\n")),
              ElementsAre(HasSubstr("firewall.fail: there is nothing to open")));
  EXPECT_THAT(Warnings(ParseBeside("gate.listen = [\"192.0.2.1:3310\"]\n[firewall]\n"
                                   "enforce = true\nfail = \"open\"\nredirect = 3306\n")),
              ElementsAre(HasSubstr("the first address of the interface")));
  EXPECT_THAT(Warnings(ParseBeside("gate.listen = [\"0.0.0.0:3310\"]\n[firewall]\n"
                                   "enforce = true\nfail = \"open\"\nredirect = 3306\n")),
              IsEmpty());
}

TEST(WireChecks, FailIsOneOfTwo) {
  EXPECT_EQ(ParseBeside("").config->firewall.fail, FailMode::kClosed);
  EXPECT_THAT(Errors(ParseBeside("[firewall]\nfail = \"ajar\"\n")),
              ElementsAre(HasSubstr("firewall.fail: ")));
}

}  // namespace
}  // namespace headgate::guard
