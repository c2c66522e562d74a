#include "guard/learn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "guard/learn_toml.h"
#include "guard/replay.h"
#include "tests/guard/config_testing.h"
#include "tests/support/simulated_week.h"

namespace headgate::guard {
namespace {

using headgate::testing::SimulatedWeek;
using headgate::testing::WeekOptions;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kBase[] =
    "[gate]\nbackend = [\"192.0.2.10:3306\"]\n[slots]\nmax_connections = 200\n"
    "[monitor]\nuser = \"\"\n";

OpenFeed WeekOf(WeekOptions options) {
  return [options]() -> absl::StatusOr<std::unique_ptr<EventFeed>> {
    return std::make_unique<SimulatedWeek>(options);
  };
}

Lesson LessonOf(const WeekOptions& options, const std::string& config = kBase) {
  const Loaded base = Parse(config);
  EXPECT_THAT(Errors(base), IsEmpty());
  ProgressBar quiet(false);
  auto lesson = Learn(WeekOf(options), {.config = *base.config}, quiet);
  EXPECT_TRUE(lesson.ok()) << lesson.status();
  return lesson.ok() ? std::move(*lesson) : Lesson{};
}

// Each of them is long: what all tests look at is made once.
const Lesson& SixDays() {
  static const Lesson lesson = LessonOf({.days = 6});
  return lesson;
}

const ProposedClass* Find(const Lesson& lesson, const std::string& user) {
  for (const ProposedClass& c : lesson.proposal.classes) {
    if (c.user == user) return &c;
  }
  return nullptr;
}

TEST(Learn, SixCleanDaysGiveClassesThatCheckAccepts) {
  const Lesson& lesson = SixDays();
  EXPECT_TRUE(lesson.proposes);
  EXPECT_THAT(lesson.proposal.unusual, IsEmpty());
  const Loaded candidate = Parse(lesson.toml);
  EXPECT_THAT(Errors(candidate), IsEmpty()) << lesson.toml;
  ASSERT_TRUE(candidate.config);
  ASSERT_NE(Find(lesson, "shop"), nullptr);
  EXPECT_EQ(Find(lesson, "shop")->name, "shop");
  EXPECT_GE(*Find(lesson, "shop")->reserve.value, 70U);
  EXPECT_EQ(candidate.config->limits.classes.front().name, "shop");
  // What the base says goes on.
  EXPECT_EQ(candidate.config->limits.slots.max_connections, 200U);
}

TEST(Learn, WhatWasSeenTooLittleGetsNoLimitAndSaysSo) {
  const Lesson& lesson = SixDays();
  const ProposedClass* cron = Find(lesson, "cron");
  ASSERT_NE(cron, nullptr);
  EXPECT_EQ(cron->why_not, "it worked in too few minutes");
  EXPECT_THAT(lesson.toml, Not(HasSubstr("\"cron\"")));
  EXPECT_THAT(lesson.toml, HasSubstr("user cron from 10.1.0.0/16: it worked in too few minutes"));
}

TEST(Learn, NothingOfTheProposalBindsWhatItWasMadeFrom) {
  for (const BoundRow& row : SixDays().bound) {
    if (row.reason == "login_lane") continue;  // to wait for one's turn
    EXPECT_EQ(row.own, 0U) << row.limit;
  }
}

TEST(Learn, TheSeventhDayWithAnAttackTouchesNobodyAndStopsIt) {
  const Loaded candidate = Parse(SixDays().toml);
  ASSERT_TRUE(candidate.config);
  SimulatedWeek seventh({.first_day = 6, .days = 1, .attack_on = 6});
  const ReplayPlan plan{.config = *candidate.config,
                        .origins = candidate.origins,
                        .protects = *Protects::Parse({"10.0.0.0/8"})};
  ProgressBar quiet(false);
  const ReplayReport report = Replay(seventh, plan, quiet);
  EXPECT_EQ(report.touched, 0U) << ReplayText(report);
  std::uint64_t benign = 0, attackers = 0;
  for (const ReplaySource& source : report.sources) {
    (source.source.starts_with("10.") ? benign : attackers) +=
        source.acted[static_cast<std::size_t>(Outcome::What::kRefused)] +
        source.acted[static_cast<std::size_t>(Outcome::What::kEvicted)];
  }
  EXPECT_EQ(benign, 0U);
  EXPECT_GT(seventh.attacks(), 500'000U);
  EXPECT_GT(attackers, seventh.attacks() * 8 / 10) << ReplayText(report);
  if (const char* file = std::getenv("HEADGATE_SHOW")) {
    FILE* out = std::fopen(file, "w");
    if (out != nullptr) {
      const std::string page = ReplayHtml(report);
      std::fwrite(page.data(), 1, page.size(), out);
      std::fclose(out);
    }
    std::puts(SixDays().toml.c_str());
    std::puts(ReplayText(report).c_str());
  }
}

TEST(Learn, AllSevenDaysWarnThatTheyHoldAnAnomaly) {
  const Lesson lesson = LessonOf({.days = 7, .attack_on = 6});
  ASSERT_FALSE(lesson.proposal.unusual.empty());
  EXPECT_THAT(lesson.toml, HasSubstr("THE DATA HOLDS AN ANOMALY"));
  EXPECT_THAT(lesson.toml, HasSubstr("2026-02-01 15:00"));
  // And is not learnt from.
  EXPECT_EQ(Find(lesson, "shop")->reserve.value, Find(SixDays(), "shop")->reserve.value);
  ASSERT_NE(Find(lesson, "guest"), nullptr);
  EXPECT_NE(Find(lesson, "guest")->why_not, "");
}

// What was proposed is adopted, and a month later learnt over.
TEST(Learn, AClassThatIsThereAlreadyGetsNoSecond) {
  const Lesson first = LessonOf({.days = 2});
  const Lesson again = LessonOf({.days = 2}, first.toml);
  const Loaded candidate = Parse(again.toml);
  EXPECT_THAT(Errors(candidate), IsEmpty()) << again.toml;
  ASSERT_TRUE(candidate.config);
  EXPECT_EQ(candidate.config->limits.classes, Parse(first.toml).config->limits.classes);
  ASSERT_NE(Find(again, "shop"), nullptr);
  EXPECT_EQ(Find(again, "shop")->of_base, "shop");
  EXPECT_THAT(again.toml, Not(HasSubstr("-learned")));
  EXPECT_THAT(again.toml, HasSubstr("user shop from 10.1.0.0/16: class \"shop\" has it"));
  // Its numbers as they would be now.
  EXPECT_THAT(again.toml, HasSubstr("#     reserve = "));
}

TEST(Learn, ReservesThatAreThereAreRoomForNobodyElse) {
  const std::string base = std::string(kBase) +
                           "[[class]]\nname = \"other\"\nusers = [\"other\"]\n"
                           "sources = [\"10.9.0.0/16\"]\nreserve = 140\n";
  const Lesson lesson = LessonOf({.days = 2}, base);
  const Loaded candidate = Parse(lesson.toml);
  EXPECT_THAT(Errors(candidate), IsEmpty()) << lesson.toml;
  ASSERT_TRUE(candidate.config);
  std::uint32_t sum = 0;
  for (const ClassLimits& c : candidate.config->limits.classes) sum += c.reserve;
  EXPECT_LE(sum, 195U * 3 / 4);
  EXPECT_GT(sum, 140U);
  EXPECT_THAT(lesson.toml, HasSubstr("all reserves together fit the slots"));
}

TEST(Learn, NoNameIsGivenTwice) {
  const Loaded base = Parse(std::string(kBase) + "[[class]]\nname = \"app\"\nusers = [\"x\"]\n");
  ASSERT_TRUE(base.config);
  TomlDraft draft(*base.config);
  Proposal proposal;
  for (const char* name : {"app", "app-learned"}) {
    ProposedClass c;
    c.name = c.user = name;
    c.sources = {SourceNetwork(Address::V4(0x0A010001))};
    proposal.classes.push_back(c);
  }
  AddProposal(proposal, true, draft);
  EXPECT_THAT(Errors(Parse(draft.Text({}))), IsEmpty()) << draft.Text({});
  EXPECT_EQ(proposal.classes[0].name, "app-learned");
  EXPECT_NE(proposal.classes[1].name, "app-learned");
}

TEST(Learn, OneDayProposesNothing) {
  const Lesson lesson = LessonOf({.days = 1});
  EXPECT_FALSE(lesson.proposes);
  EXPECT_THAT(lesson.toml, Not(HasSubstr("[[class]]")));
  EXPECT_THAT(lesson.toml, HasSubstr("Fewer than four days"));
  EXPECT_THAT(LessonText(lesson), HasSubstr("Too little was seen"));
}

TEST(Learn, TheSameDaysGiveTheSameProposal) {
  EXPECT_EQ(LessonOf({.days = 1}).toml, LessonOf({.days = 1}).toml);
}

}  // namespace
}  // namespace headgate::guard
