#include "guard/learn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guard/learn_remarks.h"
#include "guard/learn_toml.h"
#include "guard/replay.h"
#include "policies/keyed_hash.h"
#include "policies/known_good_record.h"
#include "tests/guard/config_testing.h"
#include "tests/support/simulated_week.h"

namespace headgate::guard {
namespace {

using headgate::testing::SimulatedWeek;
using headgate::testing::WeekOptions;
using ::testing::Contains;
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
  const Lesson first = LessonOf({.days = 2});
  EXPECT_TRUE(first.proposes);
  EXPECT_EQ(first.toml, LessonOf({.days = 2}).toml);
  EXPECT_NE(first.toml, LessonOf({.seed = 2, .days = 2}).toml);
}

// A gate that knows everybody from before.
class WithMemory : public SimulatedWeek {
 public:
  explicit WithMemory(EngineSecrets secrets) : SimulatedWeek({.days = 1}), secrets_(secrets) {
    const KeyedHash hash(kSecrets.key0, kSecrets.key1);
    for (const auto& [peer, user] : Pairs()) {
      KnownGoodRecord& record = records_.emplace_back();
      record.pair = hash.Pair(peer, user);
      record.good = true;
      record.minutes = 1000;
      record.age = std::chrono::hours(48);
      record.allowed = 50;
    }
  }
  absl::StatusOr<bool> Read(const Each& each) override {
    return SimulatedWeek::Read([&](const EngineEvent& event, const Told& told) {
      if (!restored_) {
        each({.at = event.at, .id = {}, .what = event::KnownGoodRestored{&records_, {}}}, {});
      }
      restored_ = true;
      each(event, told);
    });
  }
  std::optional<EngineSecrets> secrets() const override { return secrets_; }

  static constexpr EngineSecrets kSecrets{7, 8};

 private:
  EngineSecrets secrets_;
  std::vector<KnownGoodRecord> records_;
  bool restored_ = false;
};

std::uint64_t WaitedInTheLane(EngineSecrets secrets) {
  const Loaded base = Parse(std::string(kBase) + "[login]\nrate = \"1/h burst 1\"\n");
  const OpenFeed open = [&]() -> absl::StatusOr<std::unique_ptr<EventFeed>> {
    return std::make_unique<WithMemory>(secrets);
  };
  ProgressBar quiet(false);
  const auto lesson = Learn(open, {.config = *base.config}, quiet);
  EXPECT_TRUE(lesson.ok());
  std::uint64_t bound = 0;
  for (const BoundRow& row : lesson->bound) {
    if (row.reason == "login_lane") bound += row.usual;
  }
  return bound;
}

TEST(Learn, WhatTheGateRememberedIsKnownByItsSecrets) {
  EXPECT_EQ(WaitedInTheLane(WithMemory::kSecrets), 0U);
  EXPECT_GT(WaitedInTheLane({1, 2}), 0U);
}

TEST(Learn, TheLargestThatIsProposedIsTaken) {
  const Loaded base = Parse(kBase);
  TomlDraft draft(*base.config);
  Proposal proposal;
  ProposedClass& c = proposal.classes.emplace_back();
  c.name = c.user = "app";
  c.sources = {SourceNetwork(Address::V4(0x0A010001))};
  c.rate.value = c.class_rate.value = Rate{kFastestRate, kLargestBurst};
  c.running.value = c.class_running.value = static_cast<std::uint32_t>(kMostAtOnce);
  c.busy.value = c.class_busy.value = kMostBusy;
  c.deadline.value = kLongestDeadline;
  proposal.connect_rate.value = proposal.login_rate.value = Rate{kFastestRate, kLargestBurst};
  AddProposal(proposal, true, draft);
  const Loaded parsed = Parse(draft.Text({}));
  EXPECT_THAT(Errors(parsed), IsEmpty());
  ASSERT_TRUE(parsed.config);
  EXPECT_EQ(parsed.config->limits.classes[0].query.rate, *c.rate.value);
  EXPECT_EQ(parsed.config->limits.classes[0].query.deadline, kLongestDeadline);
}

TEST(Learn, WhatIsMoreThanAKeyTakesIsTold) {
  Lesson lesson;
  lesson.proposal.connect_rate.beyond = true;
  ProposedClass& c = lesson.proposal.classes.emplace_back();
  c.name = c.user = "app";
  c.deadline.beyond = true;
  c.reserve.value = 5;
  TomlDraft draft(*Parse(kBase).config);
  AddProposal(lesson.proposal, true, draft);
  EXPECT_THAT(draft.Text({}), HasSubstr("# query.deadline: none, it would be more than it takes"));
  EXPECT_THAT(draft.Text({}), HasSubstr("# look at each: as the class has a reserve"));
  EXPECT_THAT(LessonRemarks(lesson), Contains(HasSubstr("connect_rate: none")));
}

TEST(Learn, WhatCannotBeReadTwiceIsRefused) {
  const std::string config = ::testing::TempDir() + "learn_twice.toml";
  std::ofstream(config) << kBase;
  for (const char* file : {"-", "/dev/null", "/"}) {
    LearnOptions options;
    options.config = config;
    options.files = {file};
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(RunLearn(options), 2) << file;
    EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("read twice")) << file;
  }
  std::filesystem::remove(config);
}

}  // namespace
}  // namespace headgate::guard
