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

Config ConfigBy(const std::string& text) {
  Loaded loaded = ParseBeside(text);
  EXPECT_TRUE(loaded.config.has_value()) << text;
  return std::move(loaded.config).value_or(Config());
}

constexpr char kFull[] =
    "[query]\nrunning = 3\n[pressure.attack.query]\nrunning = 1\n"
    "[[class]]\nname = \"shop\"\nusers = [\"sh\\\"op\", \"\\u00e4\"]\nquery = { busy = 2.5 }\n"
    "[[rule]]\nname = \"no \\\"sleep\\\"\"\ntrait = \"sleep\"\naction = \"refuse\"\n";

TEST(Settings, ComeBackFromJsonAsTheyWere) {
  Config config = ConfigBy(kFull);
  config.limits.identity_collapsed = true;
  const Settings settings = SettingsOf(config);
  const auto told = ParseSettings(SettingsJson(settings));
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->settings, settings);
  EXPECT_EQ(told->version, Version());
}

// What `headgate diff` says is what a reload says.
TEST(Settings, OverJsonAReloadLooksTheSame) {
  const Config running = ConfigBy(kFull);
  const Config candidate = ConfigBy(
      "gate.threads = 2\n[query]\nrunning = 4\n"
      "[[class]]\nname = \"b\"\nusers = [\"b\"]\n");
  const auto told = ParseSettings(SettingsJson(SettingsOf(running)));
  ASSERT_TRUE(told.ok());
  const Differences found = Compare(told->settings, SettingsOf(candidate));
  const ReloadPlan plan = PlanReload(running, candidate);
  EXPECT_EQ(found.changed, plan.changed);
  EXPECT_EQ(found.need_restart, plan.need_restart);
  EXPECT_THAT(found.need_restart, ElementsAre("gate.threads: 0 -> 2"));
  EXPECT_THAT(
      found.changed,
      ElementsAre("query.running: 3 -> 4", "pressure.attack.query.running: 1 -> 4",
                  "class b: new, before default", "class shop: gone", "rule no \"sleep\": gone"));
}

TEST(Settings, WhatAGateOfAnotherVersionDoesNotKnowIsLeftOut) {
  Settings running = SettingsOf(ConfigBy(""));
  const Settings candidate = SettingsOf(ConfigBy("gate.mode = \"observe\"\n"));
  std::erase_if(running.settings, [](const Setting& s) { return s.key == "gate.mode"; });
  running.settings.push_back({"gate.tomorrow", "1"});
  const Differences found = Compare(running, candidate);
  EXPECT_THAT(found.changed, IsEmpty());
  EXPECT_THAT(found.need_restart, IsEmpty());
}

// A certificate that was renewed has the same name in the file.
TEST(Settings, AnotherCertificateInTheSameFileIsTold) {
  const Config config =
      ConfigBy("gate.tls = \"terminate\"\ngate.certificate = \"c\"\ngate.private_key = \"k\"\n");
  Settings running = SettingsOf(config);
  running.files = FileSettings({{"certificate", "aa"}, {"backend_ca", "bb"}});
  const auto told = ParseSettings(SettingsJson(running));
  ASSERT_TRUE(told.ok());
  EXPECT_EQ(told->settings.files, running.files);

  Settings candidate = running;
  EXPECT_THAT(Compare(running, candidate).changed, IsEmpty());
  candidate.files = FileSettings({{"certificate", "ab"}, {"backend_ca", "bb"}});
  EXPECT_THAT(Compare(running, candidate).changed,
              ElementsAre("gate.certificate: another one in \"c\""));
  EXPECT_THAT(UnknownFiles(running, candidate), IsEmpty());
  candidate.files.clear();
  EXPECT_THAT(Compare(running, candidate).changed, IsEmpty());
  EXPECT_THAT(UnknownFiles(running, candidate), ElementsAre("gate.certificate", "gate.backend_ca"));

  const ReloadPlan plan =
      PlanReload(config, config,
                 {FileSettings({{"certificate", "aa"}}), FileSettings({{"certificate", "ab"}})});
  EXPECT_THAT(plan.changed, ElementsAre("gate.certificate: another one in \"c\""));
}

// Its name says that it is another one, and a mode that waits for a restart brings none.
TEST(Settings, AnotherFileIsToldByItsName) {
  const std::string tls = "gate.tls = \"terminate\"\ngate.private_key = \"k\"\n";
  Settings running = SettingsOf(ConfigBy(tls + "gate.certificate = \"c\"\n"));
  running.files = FileSettings({{"certificate", "aa"}});
  Settings candidate = SettingsOf(ConfigBy(tls + "gate.certificate = \"d\"\n"));
  candidate.files = FileSettings({{"certificate", "ab"}});
  EXPECT_THAT(Compare(running, candidate).changed, ElementsAre("gate.certificate: \"c\" -> \"d\""));
  const Settings off = SettingsOf(ConfigBy("gate.tls = \"off\"\n"));
  EXPECT_THAT(Compare(running, off).changed, IsEmpty());
  EXPECT_THAT(UnknownFiles(running, off), IsEmpty());
}

TEST(Settings, NoAnswerIsNoSettings) {
  for (const char* text : {"", "[]", "{}", "{\"values\":5}", "{\"error\":\"x\"}"}) {
    EXPECT_FALSE(ParseSettings(text).ok()) << text;
  }
}

}  // namespace
}  // namespace headgate::guard
