#include "guard/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guard/reload.h"
#include "guard/settings_json.h"
#include "guard/version.h"
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

constexpr char kFull[] =
    "[query]\nrunning = 3\n[pressure.attack.query]\nrunning = 1\n"
    "[[class]]\nname = \"shop\"\nusers = [\"sh\\\"op\", \"\\u00e4\"]\nquery = { busy = 2.5 }\n"
    "[[rule]]\nname = \"no \\\"sleep\\\"\"\ntrait = \"sleep\"\naction = \"refuse\"\n";

TEST(Settings, ComeBackFromJsonAsTheyWere) {
  Config config = With(kFull);
  config.limits.identity_collapsed = true;
  const Settings settings = SettingsOf(config);
  const auto told = ParseSettings(SettingsJson(settings));
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->settings, settings);
  EXPECT_EQ(told->version, Version());
}

// What `headgate diff` says is what a reload says.
TEST(Settings, OverJsonAReloadLooksTheSame) {
  const Config running = With(kFull);
  const Config candidate = With(
      "gate.threads = 2\n[query]\nrunning = 4\n"
      "[[class]]\nname = \"b\"\nusers = [\"b\"]\n");
  const auto told = ParseSettings(SettingsJson(SettingsOf(running)));
  ASSERT_TRUE(told.ok());
  const Differences found = Compare(told->settings, SettingsOf(candidate));
  const ReloadPlan plan = PlanReload(running, candidate);
  EXPECT_EQ(found.changed, plan.changed);
  EXPECT_EQ(found.need_restart, plan.need_restart);
  EXPECT_THAT(found.need_restart, ElementsAre("gate.threads: 0 -> 2"));
  EXPECT_THAT(found.changed,
              ElementsAre("query.running: 3 -> 4", "pressure.attack.query.running: 1 -> 4",
                          "class b: new", "class shop: gone", "rule no \"sleep\": gone"));
}

TEST(Settings, WhatAGateOfAnotherVersionDoesNotKnowIsLeftOut) {
  Settings running = SettingsOf(With(""));
  const Settings candidate = SettingsOf(With("gate.mode = \"observe\"\n"));
  std::erase_if(running.settings, [](const Setting& s) { return s.key == "gate.mode"; });
  running.settings.push_back({"gate.tomorrow", "1"});
  const Differences found = Compare(running, candidate);
  EXPECT_THAT(found.changed, IsEmpty());
  EXPECT_THAT(found.need_restart, IsEmpty());
}

TEST(Settings, NoAnswerIsNoSettings) {
  for (const char* text : {"", "[]", "{}", "{\"values\":5}", "{\"error\":\"x\"}"}) {
    EXPECT_FALSE(ParseSettings(text).ok()) << text;
  }
}

}  // namespace
}  // namespace headgate::guard
