#include "guard/top_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "guard/json_text.h"
#include "tests/guard/top_testing.h"

namespace headgate::guard {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::SizeIs;

const TopReason* ReasonOf(const TopModel& model, const std::string& name) {
  for (const TopReason& reason : model.look()->reasons) {
    if (reason.name == name) return &reason;
  }
  return nullptr;
}

TEST(TopModel, RatesAreThoseBetweenTwoLooks) {
  TopModel model = CalmModel();
  EXPECT_EQ(model.rates().connects, std::nullopt);
  EXPECT_EQ(model.rates().refused, std::nullopt);
  model.Take(LookAt(AttackAnswers(), kLookedAt + seconds(5)));
  EXPECT_THAT(model.rates().connects, Optional(400.0));
  EXPECT_THAT(model.rates().admitted, Optional(20.0));
  EXPECT_THAT(model.rates().failed, Optional(2.0));
  EXPECT_THAT(model.rates().refused, Optional(250.0));
  ASSERT_NE(ReasonOf(model, "connect_rate"), nullptr);
  EXPECT_THAT(ReasonOf(model, "connect_rate")->per_s, Optional(200.0));
  EXPECT_TRUE(ReasonOf(model, "connect_rate")->refusal);
  EXPECT_FALSE(ReasonOf(model, "client_closed")->refusal);
  EXPECT_FALSE(ReasonOf(model, "login_failed")->refusal);  // the server's word
  EXPECT_THAT(model.look()->digests[0].per_s, Optional(100.0));
  EXPECT_THAT(model.look()->digests[0].busy, Optional(0.2));
}

TEST(TopModel, AGateStartedAnewHasNoRates) {
  TopModel model = AttackModel();
  TopAnswers answers = CalmAnswers();
  answers.status = With(answers.status, R"("uptime_s":10800)", R"("uptime_s":1)");
  model.Take(LookAt(answers, kLookedAt + seconds(6)));
  EXPECT_EQ(model.rates().connects, std::nullopt);
  EXPECT_EQ(model.rates().refused, std::nullopt);
}

TEST(TopModel, TwoLooksAtOneMoment) {
  TopModel model = CalmModel();
  model.Take(LookAt(AttackAnswers(), kLookedAt));
  EXPECT_EQ(model.rates().connects, std::nullopt);
}

TEST(TopModel, ASourceIsListedOnce) {
  const TopModel model = CalmModel();
  ASSERT_THAT(model.look()->sources, SizeIs(2));
  EXPECT_EQ(model.look()->sources[0].source, "198.51.100.7");
  EXPECT_EQ(model.look()->sources[0].refused, 2);
  EXPECT_EQ(model.look()->sources[1].source, "192.0.2.20");
  EXPECT_TRUE(model.look()->sources[1].known_good);
}

TEST(TopModel, WhatIsNoAnswerOfAGate) {
  for (const char* status :
       {"", "nonsense", "[]", "{}", R"({"pressure":5})", R"({"error":"no"})"}) {
    TopAnswers answers;
    answers.status = status;
    EXPECT_FALSE(ParseLook(answers, kLookedAt).ok()) << status;
  }
}

TEST(TopModel, WhatIsMissingOrOfAnotherKindIsEmpty) {
  TopAnswers answers;
  answers.status = R"({"pressure":{"level":7},"classes":[5,{"name":null}],"backends":{},
                       "acted":{"banned":"many","x":3},"slots":null})";
  answers.refused = R"({"sources":[null,{}]})";
  answers.digests = "<html>";
  answers.bans = R"({"bans":"none"})";
  const auto look = ParseLook(answers, kLookedAt);
  ASSERT_TRUE(look.ok());
  EXPECT_EQ(look->level, "");
  EXPECT_THAT(look->classes, SizeIs(2));
  EXPECT_THAT(look->reasons, SizeIs(1));  // x, which this program does not know
  EXPECT_THAT(look->sources, SizeIs(1));
  EXPECT_THAT(look->bans, SizeIs(0));
}

TEST(TopModel, Warnings) {
  TopAnswers answers = CalmAnswers();
  EXPECT_EQ(LookAt(answers).warning, "");
  answers.status = With(answers.status, R"("shared_address":null)",
                        R"("shared_address":{"warning":"one address stands for many"})");
  EXPECT_EQ(LookAt(answers).warning, "one address stands for many");
  answers.status = With(answers.status, R"("configured":true,"up":true,"error":"")",
                        R"("configured":true,"up":false,"error":"denied")");
  EXPECT_THAT(LookAt(answers).warning, HasSubstr("denied"));
  answers.status = With(answers.status, R"("draining":false)", R"("draining":true)");
  EXPECT_THAT(LookAt(answers).warning, HasSubstr("shutting down"));
}

// What a changed answer makes of the verdict.
TopVerdict JudgeWith(std::string TopAnswers::*body, std::string_view from, std::string_view to) {
  TopAnswers answers = CalmAnswers();
  answers.*body = With(answers.*body, from, to);
  TopModel model;
  model.Take(LookAt(answers));
  return Judge(model);
}

TEST(TopSafety, Safe) {
  TopModel model = CalmModel();
  EXPECT_EQ(Judge(model).safety, TopSafety::kSafe);
  EXPECT_EQ(Judge(model).why, "shop uses 13, 20 reserved; none waits");
  model.Take(LookAt(CalmAnswers(), kLookedAt + seconds(1)));
  EXPECT_EQ(Judge(model).why, "shop uses 13, 20 reserved; none waits, none was refused");
  EXPECT_EQ(Judge(AttackModel()).safety, TopSafety::kSafe);
}

TEST(TopSafety, OneOfTheProtectedWaits) {
  const char* none = R"("waiting":0,"longest_wait_ms":0)";
  const TopVerdict verdict =
      JudgeWith(&TopAnswers::status, none, R"("waiting":3,"longest_wait_ms":3100)");
  EXPECT_EQ(verdict.safety, TopSafety::kWaiting);
  EXPECT_EQ(verdict.why, "3 of those protected wait for a slot, the longest for 3s");
  // A moment is no harm.
  EXPECT_EQ(JudgeWith(&TopAnswers::status, none, R"("waiting":3,"longest_wait_ms":300)").safety,
            TopSafety::kSafe);
}

TEST(TopSafety, WhoClaimsTheClassMayWait) {
  EXPECT_EQ(JudgeWith(&TopAnswers::status, R"("max":40,"waiting":0)",
                      R"("max":40,"waiting":3,"expected_wait_ms":5000)")
                .safety,
            TopSafety::kSafe);
}

TEST(TopSafety, AGateThatShutsDownLetsNobodyIn) {
  EXPECT_EQ(JudgeWith(&TopAnswers::status, R"("draining":false)", R"("draining":true)").safety,
            TopSafety::kRefused);
}

TEST(TopSafety, ABanBindsThem) {
  const TopVerdict verdict = JudgeWith(&TopAnswers::status, R"("longest_wait_ms":0,"banned":0)",
                                       R"("longest_wait_ms":0,"banned":2)");
  EXPECT_EQ(verdict.safety, TopSafety::kRefused);
  EXPECT_EQ(verdict.why, "2 bans bind those protected: `headgate bans`, `headgate unban`");
}

// A gate that has refused so many protected clients since it started.
TopAnswers WithRefused(int of_class, int of_login) {
  TopAnswers answers = CalmAnswers();
  answers.status = With(answers.status, R"("acted":{)",
                        R"("of_protected":{"class_full":)" + std::to_string(of_class) +
                            R"(,"login_failed":)" + std::to_string(of_login) +
                            R"(},"acted":{"class_full":)" + std::to_string(of_class) + ",");
  return answers;
}

TEST(TopSafety, RefusedInTheLastMinute) {
  TopModel model;
  const auto look = [&](int of_class, int of_login, int at) {
    model.Take(LookAt(WithRefused(of_class, of_login), kLookedAt + seconds(at)));
    return Judge(model);
  };
  EXPECT_EQ(look(7, 1, 0).safety, TopSafety::kSafe);  // who knows when they were
  EXPECT_EQ(look(7, 1, 10).safety, TopSafety::kSafe);
  EXPECT_EQ(look(11, 1, 20).why, "4 of those protected in the last minute, last: class_full");
  EXPECT_EQ(look(11, 2, 30).why, "5 of those protected in the last minute, last: login_failed");
  EXPECT_EQ(look(11, 2, 70).safety, TopSafety::kRefused);
  EXPECT_EQ(look(11, 2, 80).why, "1 of those protected in the last minute, last: login_failed");
  EXPECT_EQ(look(11, 2, 90).safety, TopSafety::kSafe);
  EXPECT_EQ(look(3, 0, 100).safety, TopSafety::kSafe);
}

TEST(TopSafety, RefusedByAGateThatWasStartedAnew) {
  TopModel model;
  model.Take(LookAt(WithRefused(1, 0)));
  TopAnswers anew = WithRefused(5, 0);
  anew.status = With(anew.status, R"("uptime_s":10800)", R"("uptime_s":3)");
  model.Take(LookAt(anew, kLookedAt + seconds(1)));
  EXPECT_EQ(Judge(model).safety, TopSafety::kSafe);
}

TEST(TopSafety, NoServer) {
  EXPECT_EQ(
      JudgeWith(&TopAnswers::status, R"("current":true,"up":true)", R"("current":true,"up":false)")
          .safety,
      TopSafety::kDown);
  EXPECT_EQ(
      JudgeWith(&TopAnswers::status, R"("current":true,"up":true)", R"("current":false,"up":true)")
          .safety,
      TopSafety::kDown);
}

TEST(TopSafety, NobodyIsProtected) {
  TopAnswers answers = CalmAnswers();
  answers.status = With(answers.status, R"("known":true)", R"("known":false)");
  TopModel model;
  model.Take(LookAt(answers));
  EXPECT_EQ(Judge(model).safety, TopSafety::kUnknown);
  EXPECT_THAT(Judge(model).why, HasSubstr("nobody is protected"));
}

TEST(TopSafety, NoAnswerIsNoSafety) {
  TopModel model;
  EXPECT_EQ(Judge(model).safety, TopSafety::kUnknown);
  model = CalmModel();
  model.Fail("no complete answer in time");
  EXPECT_EQ(Judge(model).safety, TopSafety::kUnknown);
  model.Take(LookAt(CalmAnswers(), kLookedAt + seconds(9)));
  EXPECT_EQ(Judge(model).safety, TopSafety::kSafe);
}

TEST(TopModel, AsJson) {
  EXPECT_EQ(ModelJson(TopModel()), "{}");
  const auto first = ParseAnswer(ModelJson(CalmModel()));
  EXPECT_TRUE(At(first, {"rates", "connects"}).is_null());
  const auto root = ParseAnswer(ModelJson(AttackModel()));
  EXPECT_EQ(Plain(At(root, {"application", "word"})), "SAFE");
  EXPECT_EQ(NumberOf(At(root, {"rates", "connects"})), 400);
  EXPECT_EQ(NumberOf(At(root, {"rates", "by_reason", "connect_rate"})), 200);
  EXPECT_EQ(Plain(At(root, {"status", "mode"})), "enforce");
  EXPECT_THAT(ListAt(root, {"sources"}), SizeIs(5));
  EXPECT_THAT(ListAt(root, {"digests"}), SizeIs(2));
  EXPECT_THAT(ListAt(root, {"bans"}), SizeIs(2));
}

}  // namespace
}  // namespace headgate::guard
