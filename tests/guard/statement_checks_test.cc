#include "guard/statement_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Loaded WithoutMonitor(const std::string& text) {
  HostFacts host;
  host.file_exists = [](const std::string&) { return false; };
  return Parse(Beside(text), host);
}

TEST(StatementChecks, DeadlineWithoutAMonitorIsExplained) {
  EXPECT_THAT(Warnings(WithoutMonitor("")), IsEmpty());  // [query.unknown] has one by default
  EXPECT_THAT(Warnings(ParseBeside("query.deadline = \"5s\"\n")), IsEmpty());  // file is there
  EXPECT_THAT(Warnings(WithoutMonitor("query.deadline = \"5s\"\n")),
              ElementsAre(AllOf(HasSubstr("t.toml:3:7: warning: query.deadline"),
                                HasSubstr("MariaDB not at all unless all = true"))));
  EXPECT_THAT(Warnings(WithoutMonitor("query.deadline = \"5s\"\nquery.all = true\n")),
              ElementsAre(HasSubstr("MariaDB for every statement")));
  EXPECT_THAT(Warnings(WithoutMonitor("query.deadline = \"5s\"\nquery.enforce = false\n")),
              IsEmpty());
  EXPECT_THAT(Warnings(ParseBeside("monitor.user = \"\"\n[default_class]\n"
                                   "query = { deadline = \"5s\" }\n")),
              ElementsAre(HasSubstr("default_class.query.deadline")));
}

// One warning where it is said, none for each class that inherits it.
TEST(StatementChecks, WhatIsInheritedIsToldOnce) {
  const std::string classes =
      "[[class]]\nname = \"a\"\nusers = [\"a\"]\n[[class]]\nname = \"b\"\nusers = [\"b\"]\n";
  EXPECT_THAT(Warnings(WithoutMonitor(classes + "[query]\ndeadline = \"5s\"\nrunning = 200\n")),
              SizeIs(2));
}

TEST(StatementChecks, MonitorPaths) {
  EXPECT_THAT(Errors(ParseBeside("monitor.password_file = \"pw\"\n")),
              ElementsAre(HasSubstr("monitor.password_file: needs an absolute path")));
  EXPECT_THAT(Errors(ParseBeside("[monitor]\nuser = \"\"\npassword_file = \"\"\n")), IsEmpty());
  EXPECT_THAT(Errors(ParseBeside("monitor.address = \"3307\"\n")),
              ElementsAre(HasSubstr("monitor.address: \"3307\" is no address")));
  EXPECT_THAT(Warnings(WithoutMonitor("monitor.interval = \"2s\"\n")),
              ElementsAre(HasSubstr("does not exist: the monitor is off until it does")));
}

TEST(StatementChecks, RunningAboveTheSlots) {
  EXPECT_THAT(Warnings(ParseBeside("query.running = 146\n")), IsEmpty());
  EXPECT_THAT(Warnings(ParseBeside("query.running = 147\n")),
              ElementsAre(HasSubstr("query.running: 147 limits nobody: there are 146 slots")));
  EXPECT_THAT(Warnings(ParseBeside("[query.unknown]\ndigest_running = 147\n")),
              ElementsAre(HasSubstr("query.unknown.digest_running")));
}

TEST(StatementChecks, VitalCommands) {
  EXPECT_THAT(Warnings(ParseBeside("query.refuse_commands = [\"debug\", \"query\"]\n")),
              ElementsAre(HasSubstr("every client needs [\"query\"]")));
}

TEST(StatementChecks, ThresholdsGoUp) {
  EXPECT_THAT(Errors(ParseBeside("shape.log = 90\n")),
              ElementsAre(HasSubstr("shape.log: 90 is above delay 80")));
  EXPECT_THAT(Errors(ParseBeside("shape.delay = 101\n")),
              ElementsAre(HasSubstr("shape.delay: 101 is above refuse 100")));
  EXPECT_THAT(Errors(ParseBeside("shape.delay = \"off\"\nshape.log = 101\n")),
              ElementsAre(HasSubstr("shape.log: 101 is above refuse 100")));
  EXPECT_THAT(Errors(ParseBeside("[default_class]\nshape = { refuse = 60 }\n")),
              ElementsAre(HasSubstr("default_class.shape.delay: 80 is above refuse 60")));
  EXPECT_THAT(Errors(ParseBeside("shape.delay = \"off\"\nshape.refuse = \"off\"\n")), IsEmpty());
}

TEST(RuleChecks, Names) {
  EXPECT_THAT(Errors(ParseBeside("[[rule]]\nuser = \"a\"\n")),
              ElementsAre(HasSubstr("t.toml:3:1: rule.name: needed")));
  EXPECT_THAT(Errors(ParseBeside("[[rule]]\nname = \"a\"\nuser = \"a\"\n"
                                 "[[rule]]\nname = \"a\"\nuser = \"b\"\n")),
              ElementsAre(HasSubstr("t.toml:7:1: rule.name: \"a\" is the name of two rules")));
}

TEST(RuleChecks, UnknownClass) {
  const std::string shop = "[[class]]\nname = \"shop\"\nusers = [\"shop\"]\n";
  const std::string rule = "[[rule]]\nname = \"a\"\nclass = ";
  EXPECT_THAT(Errors(ParseBeside(shop + rule + "[\"shop\", \"default\"]\n")), IsEmpty());
  EXPECT_THAT(Errors(ParseBeside(shop + rule + "\"shpo\"\n")),
              ElementsAre(HasSubstr("there is no class \"shpo\"; did you mean \"shop\"?")));
}

TEST(RuleChecks, WhatNeverMatches) {
  EXPECT_THAT(Errors(ParseBeside("[[rule]]\nname = \"a\"\ndigest = \"select 1\"\n"
                                 "command = \"ping\"\n")),
              ElementsAre(HasSubstr("never matches: only [\"query\", \"prepare\", \"execute\"")));
  EXPECT_THAT(Errors(ParseBeside("[[rule]]\nname = \"a\"\nregex = \"x\"\n"
                                 "command = \"execute\"\n")),
              ElementsAre(HasSubstr("only [\"query\", \"prepare\"] have")));
  const std::string longer = "select '" + std::string(2000, 'x') + "'";
  EXPECT_THAT(Warnings(ParseBeside("[[rule]]\nname = \"a\"\ndigest = \"" + longer +
                                   "\"\n[query]\ninspect = \"1KiB\"\n")),
              ElementsAre(AllOf(HasSubstr("rule.digest: never matches in class default"),
                                HasSubstr("only 1KiB"))));
}

TEST(RuleChecks, WhatIsSaidInVain) {
  EXPECT_THAT(Warnings(ParseBeside("[[rule]]\nname = \"a\"\nuser = \"a\"\nmessage = \"m\"\n")),
              ElementsAre(HasSubstr("rule.message: nobody reads it")));
  EXPECT_THAT(Warnings(ParseBeside("[[rule]]\nname = \"a\"\nuser = \"a\"\ndelay = \"1s\"\n")),
              ElementsAre(HasSubstr("rule.delay: has no effect")));
  EXPECT_THAT(Warnings(ParseBeside("[[rule]]\nname = \"a\"\naction = \"allow\"\n"
                                   "trait = \"uninspected_tail\"\n")),
              ElementsAre(HasSubstr("never allowed")));
}

TEST(RuleChecks, ARuleThatTakesEverything) {
  const std::string all = "[[rule]]\nname = \"all\"\naction = \"refuse\"\n";
  EXPECT_THAT(Warnings(ParseBeside(all)), ElementsAre(HasSubstr("matches every command")));
  EXPECT_THAT(Warnings(ParseBeside(all + "[[rule]]\nname = \"b\"\nuser = \"b\"\n")),
              ElementsAre(HasSubstr("matches every command"), HasSubstr("is ever reached")));
}

}  // namespace
}  // namespace headgate::guard
