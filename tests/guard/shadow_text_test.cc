// What `status` says of a shadow policy.
#include "guard/shadow_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>
#include <string>

namespace headgate::guard {
namespace {

namespace json = boost::json;
using How = ContrastCounts::How;
using Whose = ContrastCounts::Whose;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Rows(const std::optional<ShadowStatus>& shadow) {
  // As it comes back from a gate.
  const json::value root =
      json::parse(json::serialize(json::object{{"shadow", ShadowJson(shadow)}}));
  std::string out;
  AddShadowRows(root, out);
  return out;
}

TEST(ShadowText, NothingWhereThereIsNone) {
  EXPECT_TRUE(ShadowJson(std::nullopt).is_null());
  EXPECT_EQ(Rows(std::nullopt), "");
}

TEST(ShadowText, NamesTheLimitsThatDiffer) {
  ShadowStatus s;
  s.path = "/etc/c.toml";
  s.age = std::chrono::hours(3);
  s.queue.events = 1234;
  EXPECT_EQ(Rows(s),
            "shadow       /etc/c.toml for 3h, 1234 events\n"
            "shadow       no limit of either did anything\n");
  s.counts.At(Reason::kConnectRate, How::kTurnedAway, Whose::kCandidate) = {.all = 41,
                                                                            .of_protected = 2};
  s.counts.At(Reason::kConnectRate, How::kTurnedAway, Whose::kBoth) = {.all = 977};
  s.counts.At(Reason::kQueryRunning, How::kMadeWait, Whose::kLive) = {.all = 12};
  const std::string text = Rows(s);
  EXPECT_THAT(text, HasSubstr("shadow       refused connect_rate: 41 candidate only (2 protected), "
                              "0 live only, 977 both\n"));
  EXPECT_THAT(text, HasSubstr("shadow       made wait query_running: 0 candidate only, "
                              "12 live only, 0 both\n"));
  EXPECT_THAT(text, Not(HasSubstr("left out")));
  const json::value told = ShadowJson(s);
  EXPECT_EQ(told.at("limits").as_array().size(), 2u);
  EXPECT_EQ(told.at("refused").at("candidate_only").to_number<int>(), 41);
  EXPECT_EQ(told.at("refused").at("protected_candidate_only").to_number<int>(), 2);
  EXPECT_EQ(told.at("delayed").at("live_only").to_number<int>(), 12);
}

TEST(ShadowText, SaysWhatWasLost) {
  ShadowStatus s;
  s.found = 7;
  s.begun_anew = 1;
  s.queue.left_out = 90;
  s.queue.connections = 4;
  const std::string text = Rows(s);
  EXPECT_THAT(text, HasSubstr("7 connections were there before"));
  EXPECT_THAT(text, HasSubstr("90 left out, with 4 connections, begun anew 1 times"));
}

}  // namespace
}  // namespace headgate::guard
