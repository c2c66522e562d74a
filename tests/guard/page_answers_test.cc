// What the page may ask the gate, and how often.
#include "guard/page_answers.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace headgate::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PageAnswersTest : public ::testing::Test {
 protected:
  net::PageReply Ask(std::string_view target) { return answers_.Answer(target, now_); }

  int asked_ = 0;
  Time now_{seconds(1)};
  PageAnswers answers_{[this](std::string_view target) {
    ++asked_;
    return PageAnswers::Asked{200, "application/json",
                              std::string(target) + std::to_string(asked_)};
  }};
};

TEST_F(PageAnswersTest, PassesOnWhatIsListedAndNothingElse) {
  for (const char* target : {"/status", "/sources?limit=20&sort=refused", "/digests?limit=9",
                             "/bans", "/backends", "/history?since=7", "/metrics"}) {
    EXPECT_EQ(Ask(target).status, 200U) << target;
  }
  const int asked = asked_;
  for (const char* target :
       {"/", "/config", "/sessions", "/ban", "/unban", "/reload", "/drain", "/backend",
        "/explain?address=192.0.2.1", "/waiting", "/pools", "/wire", "/STATUS", "/status/",
        "//status", "/status%3f", "/./status", ""}) {
    EXPECT_EQ(Ask(target).status, 404U) << target;
  }
  EXPECT_EQ(Ask("/status?" + std::string(300, 'x')).status, 414U);
  EXPECT_EQ(asked_, asked);
}

TEST_F(PageAnswersTest, ManyWhoLookOnCostOneQuestion) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(*Ask("/status").body, "/status1");
  EXPECT_EQ(asked_, 1);
  now_ += PageAnswers::kFresh;
  EXPECT_EQ(*Ask("/status").body, "/status2");
  EXPECT_EQ(*Ask("/status?x").body, "/status?x3") << "another question";
}

TEST_F(PageAnswersTest, EverNewQuestionsRunDry) {
  int refused = 0;
  for (int i = 0; i < 1000; ++i) {
    refused += Ask("/digests?limit=" + std::to_string(i)).status == 429 ? 1 : 0;
    now_ += milliseconds(1);
  }
  EXPECT_LE(asked_, 121);
  EXPECT_EQ(refused + asked_, 1000);
  now_ += seconds(5);
  EXPECT_EQ(Ask("/status").status, 200U);
}

}  // namespace
}  // namespace headgate::guard
