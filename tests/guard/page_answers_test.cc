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
  for (const char* target :
       {"/status", "/metrics", "/history", "/history?last=20", "/sources?limit=8&sort=refused",
        "/sources?limit=8&sort=connections", "/digests?limit=10&sort=time", "/bans"}) {
    EXPECT_EQ(Ask(target).status, 200U) << target;
  }
  const int asked = asked_;
  for (const char* target : {"/",
                             "/sources",
                             "/digests",
                             "/backends",
                             "/config",
                             "/sessions",
                             "/ban",
                             "/unban",
                             "/reload",
                             "/drain",
                             "/backend",
                             "/explain?address=192.0.2.1",
                             "/waiting",
                             "/pools",
                             "/wire",
                             "/STATUS",
                             "/status/",
                             "//status",
                             "/status%3f",
                             "/./status",
                             "",
                             "/status?",
                             "/status?x",
                             "/sources?limit=9&sort=refused",
                             "/sources?sort=refused&limit=8",
                             "/history?last=21"}) {
    EXPECT_EQ(Ask(target).status, 404U) << target;
  }
  EXPECT_EQ(asked_, asked);
}

TEST_F(PageAnswersTest, ManyWhoLookOnCostOneQuestion) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(*Ask("/status").body, "/status1");
  EXPECT_EQ(asked_, 1);
  now_ += PageAnswers::kFresh;
  EXPECT_EQ(*Ask("/status").body, "/status2");
  EXPECT_EQ(*Ask("/bans").body, "/bans3") << "another question";
}

TEST_F(PageAnswersTest, NobodyMakesTheGateWorkOrStarvesAnother) {
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(Ask("/digests?limit=" + std::to_string(1000 + i)).status, 404U);
    EXPECT_EQ(Ask("/sources?limit=8&sort=refused").status, 200U);
    EXPECT_EQ(Ask("/status").status, 200U);
    now_ += milliseconds(1);
  }
  EXPECT_EQ(asked_, 4) << "two questions, twice each";
}

}  // namespace
}  // namespace headgate::guard
