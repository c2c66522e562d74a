// What a level of pressure lays over the tables of the file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guard/config_keys.h"
#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Limits LimitsBy(const std::string& text) {
  Loaded loaded = ParseBeside(text);
  EXPECT_THAT(Errors(loaded), IsEmpty()) << text;
  return loaded.config ? loaded.config->limits : Limits();
}

TEST(PressureConfig, LevelsAreCopiesOfTheFilesTables) {
  const Limits limits = LimitsBy(
      "[pending]\ndeadline = \"7s\"\n[waiting]\nqueue = \"9s\"\nper_source = 3\n"
      "[source]\nprefix_connections = 77\nconnect_rate = \"60/s\"\n[query.unknown]\nrunning = 2\n");
  for (const LevelLimits& level : limits.at) {
    EXPECT_EQ(level.pending, limits.pending);
    EXPECT_EQ(level.waiting, limits.waiting);
    EXPECT_EQ(level.query, limits.unknown_query);
    EXPECT_EQ(level.source.prefix_connections, Share::Number(77));
  }
  EXPECT_EQ(limits.At(Level::kElevated).source, limits.source);
}

TEST(PressureConfig, AnAttackIsStricterByDefault) {
  const auto at_attack = [](const std::string& text) {
    return LimitsBy(text).At(Level::kAttack).source;
  };
  EXPECT_EQ(at_attack("").connect_rate, (Rate{5, 5}));
  EXPECT_EQ(at_attack("").connections, Share::Number(5));
  EXPECT_EQ(at_attack("source.connect_rate = \"off\"\n").connect_rate, (Rate{5, 5}));
  // Never laxer than calm.
  EXPECT_EQ(at_attack("source.connect_rate = \"2/s\"\n").connect_rate, (Rate{2, 2}));
  EXPECT_EQ(at_attack("source.connections = 3\n").connections, Share::Number(3));
  EXPECT_EQ(at_attack("source.connections = 30\n").connections, Share::Number(5));
}

TEST(PressureConfig, WhatTheFileSaysHoldsAtThatLevelOnly) {
  const Limits limits = LimitsBy(
      "[pressure.elevated]\nsource = { connect_rate = \"20/s\" }\nwaiting = { queue = \"1s\" }\n"
      "[pressure.attack.source]\nconnect_rate = \"off\"\nconnections = \"1%\"\n"
      "[pressure.attack.pending]\ndeadline = \"2s\"\n"
      "[pressure.attack.query]\nrunning = 1\nbusy = 0.5\n"
      "[pressure]\ncalm_after = \"1m\"\nenforce = false\n"
      "[pressure.attack.when]\nfree_slots = \"1%\"\nrefusals = \"off\"\n");
  const LevelLimits& elevated = limits.At(Level::kElevated);
  const LevelLimits& attack = limits.At(Level::kAttack);
  EXPECT_EQ(elevated.source.connect_rate, (Rate{20, 20}));
  EXPECT_EQ(elevated.waiting.queue, seconds(1));
  EXPECT_EQ(elevated.pending.deadline, seconds(5));
  EXPECT_TRUE(attack.source.connect_rate.Off());
  EXPECT_EQ(attack.source.connections, Share::Percent(1));
  EXPECT_EQ(attack.waiting.queue, seconds(5));
  EXPECT_EQ(attack.pending.deadline, seconds(2));
  EXPECT_EQ(attack.query.running, 1u);
  EXPECT_EQ(attack.query.busy, 0.5);
  EXPECT_EQ(attack.query.deadline, limits.unknown_query.deadline);
  EXPECT_EQ(elevated.query, limits.unknown_query);
  EXPECT_EQ(limits.source.connect_rate, (Rate{50, 200}));
  EXPECT_EQ(limits.pressure.calm_after, minutes(1));
  EXPECT_FALSE(limits.pressure.enforce);
  EXPECT_EQ(limits.pressure.attack.free_slots, 0.01);
  EXPECT_TRUE(limits.pressure.attack.refusals.Off());
}

TEST(PressureConfig, TheOrderInTheFileIsNoMatter) {
  const std::string level = "[pressure.elevated.source]\nconnections = 9\n";
  const std::string base = "[source]\nconnections = 40\nprefix_connections = 50\n";
  EXPECT_EQ(LimitsBy(level + base), LimitsBy(base + level));
  EXPECT_EQ(LimitsBy(level + base).At(Level::kElevated).source.prefix_connections,
            Share::Number(50));
}

TEST(PressureConfig, MistakesAreNamedWhereTheyStand) {
  const auto errors = [](const std::string& text) { return Errors(ParseBeside(text)); };
  EXPECT_THAT(errors("[pressure.attack.when]\nsyn_rate = \"9/s\"\n"),
              ElementsAre(AllOf(HasSubstr("t.toml:4:1: pressure.attack.when.syn_rate"),
                                HasSubstr("spoof"))));
  EXPECT_THAT(errors("[pressure.attak]\n"),
              ElementsAre(HasSubstr("pressure.attak: there is no such table; did you mean "
                                    "pressure.attack?")));
  EXPECT_THAT(errors("[pressure.attack.sorce]\n"),
              ElementsAre(HasSubstr("did you mean pressure.attack.source?")));
  EXPECT_THAT(errors("[pressure.elevated.source]\nban = \"1m\"\n"),
              ElementsAre(HasSubstr("pressure.elevated.source.ban: there is no such key")));
  EXPECT_THAT(errors("[pressure.elevated.pending]\ndeadline = \"1ms\"\n"),
              ElementsAre(HasSubstr("t.toml:4:12: pressure.elevated.pending.deadline: 1ms is "
                                    "outside")));
  EXPECT_THAT(errors("[pressure.elevated.query]\ninspect = \"1KiB\"\n"),
              ElementsAre(HasSubstr("pressure.elevated.query.inspect: there is no such key")));
  EXPECT_THAT(errors("pressure.elevated.source = 5\n"),
              ElementsAre(HasSubstr("expected a table, got a whole number")));
  EXPECT_THAT(errors("pressure.elevated = 5\n"), ElementsAre(HasSubstr("expected a table")));
}

TEST(PressureConfig, ClassesLendAndAreTriedOut) {
  const Limits limits = LimitsBy(
      "slots.start_ramp = \"10/s\"\nslots.enforce = false\n"
      "[[class]]\nname = \"a\"\nusers = [\"a\"]\nreserve = 5\nlend = true\nenforce = false\n"
      "[default_class]\nreserve = 1\nlend = true\n");
  EXPECT_TRUE(limits.classes[0].lend);
  EXPECT_FALSE(limits.classes[0].enforce);
  EXPECT_TRUE(limits.classes[1].lend);
  EXPECT_TRUE(limits.classes[1].enforce);
  EXPECT_EQ(limits.slots.start_ramp, (Rate{10, 10}));
  EXPECT_FALSE(limits.slots.enforce);
}

TEST(PressureConfig, Growth) {
  EXPECT_EQ(LimitsBy("known_good.growth = \"50%/h\"\n").known_good.growth, 0.5);
  EXPECT_GT(LimitsBy("known_good.growth = \"off\"\n").known_good.growth, 1000);
  EXPECT_EQ(LimitsBy("").known_good.growth, KnownGoodLimits().growth);
}

}  // namespace
}  // namespace headgate::guard
