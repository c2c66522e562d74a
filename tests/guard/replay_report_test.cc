#include "guard/replay_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "guard/json_text.h"
#include "guard/progress.h"
#include "guard/protects.h"
#include "guard/replay_words.h"
#include "guard/svg_chart.h"
#include "tests/guard/replay_testing.h"

namespace headgate::guard::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A minute in which somebody with an evil name is refused once a second.
ReplayReport Evil() {
  static const Origins origins;
  ReplayTally tally(origins, std::chrono::seconds(1));
  tally.OnEvent(Connects(0, "203.0.113.1"));
  for (int i = 0; i < 60; ++i) {
    Outcome o = Made(i, Outcome::What::kRefused, Reason::kPairLocked, "203.0.113.1",
                     "</title><script>alert('x')</script>\x1b[31m\"");
    o.of_protected = true;
    tally.OnOutcome(o);
    EngineStatus status;
    status.slots_capacity = 146;
    status.leases = 10;
    status.level = i > 30 ? Level::kAttack : Level::kCalm;
    tally.OnStatus(status, At(i));
  }
  ReplayReport report = tally.Report();
  report.config = "candidate.toml";
  report.inputs = {"<b>.pcap"};
  return report;
}

TEST(ReplayHtml, IsOneFileThatRunsAndFetchesNothing) {
  const std::string html = ReplayHtml(Evil());
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("src=")));
  EXPECT_THAT(html, Not(HasSubstr("href=")));
  EXPECT_THAT(html, Not(HasSubstr("url(")));
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
}

TEST(ReplayHtml, NamesOfOutsidersAreText) {
  const std::string html = ReplayHtml(Evil());
  EXPECT_THAT(html, HasSubstr("&lt;/title&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("\x1b")));
  EXPECT_THAT(html, HasSubstr("&lt;b&gt;.pcap"));
}

TEST(ReplayText, NamesOfOutsidersCommandNoTerminal) {
  EXPECT_THAT(ReplayText(Evil()), Not(HasSubstr("\x1b")));
  const std::string shown = "</title><script>alert('x')</script>\xEF\xBF\xBD[31m\"";
  const auto root = boost::json::parse(ReplayJson(Evil()));
  EXPECT_EQ(TextAt(ListAt(root, {"sources"})[0], "user"), shown);
  EXPECT_EQ(TextAt(ListAt(root, {"touches"})[0], "user"), shown);
}

TEST(ReplayText, TellsTheLevelsAndTheTouched) {
  const std::string text = ReplayText(Evil());
  EXPECT_THAT(text, HasSubstr("attack from 2026-01-31 12:00:30 to 2026-01-31 12:00:59"));
  EXPECT_EQ(Stretches(Evil()).size(), 1U);
  EXPECT_THAT(text, HasSubstr("The protected would be touched 60 times, most by [login] failures"));
  EXPECT_THAT(text, HasSubstr("at most 10 of 146 in use"));
}

TEST(ReplayJson, HasItAll) {
  const auto root = boost::json::parse(ReplayJson(Evil()));
  EXPECT_EQ(NumberOf(guard::At(root, {"touched"})), 60);
  EXPECT_EQ(ListAt(root, {"touches"}).size(), kMostTouches);
  EXPECT_EQ(TextAt(ListAt(root, {"limits"})[0], "limit"), "[login] failures");
  EXPECT_EQ(TextAt(ListAt(root, {"timeline"}).back(), "level"), "attack");
}

TEST(Svg, StepsAreRound) {
  EXPECT_DOUBLE_EQ(RoundStep(100, 4), 50);
  EXPECT_DOUBLE_EQ(RoundStep(37, 4), 10);
  EXPECT_DOUBLE_EQ(RoundStep(0.9, 4), 0.5);
  EXPECT_DOUBLE_EQ(RoundStep(0, 4), 1);
}

TEST(Svg, AChartOfNothingIsAChart) {
  TimeChart chart;
  chart.axis.buckets = 3;
  chart.series = {{"none", "c1", ChartSeries::Kind::kStack, {0, 0, 0}}};
  EXPECT_THAT(FigureOf(chart), HasSubstr("nothing all the time"));
}

TEST(Svg, WhatStandsUponAnotherReachesTheSum) {
  TimeChart chart;
  chart.axis.buckets = 1;
  chart.series = {{"a", "c1", ChartSeries::Kind::kStack, {60}},
                  {"b", "c2", ChartSeries::Kind::kStack, {40}}};
  // To 100: the top of the frame.
  EXPECT_THAT(FigureOf(chart), HasSubstr("class=\"area c2\" d=\"M46.0 10.0"));
}

TEST(ProgressLine, TellsHowFarAndHowLong) {
  EXPECT_EQ(ProgressLine("replay", {500'000'000, 1'000'000'000}, 2),
            "replay  50% [============>           ]  250 MB/s  2s left");
  EXPECT_EQ(ProgressLine("replay", {5'000'000, 0}, 1), "replay 5.00MB  5 MB/s");
}

TEST(Protects, NetworksUsersAndClasses) {
  const auto all = Protects::Parse({"10.1.0.0/16", "user:shop*", "class:web"});
  ASSERT_TRUE(all.ok());
  EXPECT_TRUE(all->HasPeer(Peer("10.1.2.3")));
  EXPECT_FALSE(all->HasPeer(Peer("10.2.2.3")));
  EXPECT_TRUE(all->HasLogin("shop_ro", ""));
  EXPECT_TRUE(all->HasLogin("x", "web"));
  EXPECT_FALSE(all->HasLogin("x", "default"));
  EXPECT_FALSE(all->HasLogin("", ""));
}

TEST(Protects, RemembersWhomItMet) {
  auto all = *Protects::Parse({"10.1.0.0/16", "user:shop*", "class:web"});
  EXPECT_FALSE(all.MeetPeer(Peer("10.2.0.1")));
  EXPECT_TRUE(all.MeetLogin("shop", "default"));
  EXPECT_THAT(all.Unmet(), ::testing::ElementsAre("10.1.0.0/16", "class:web"));
  EXPECT_TRUE(all.MeetPeer(Peer("10.1.0.1")));
  EXPECT_TRUE(all.MeetLogin("x", "web"));
  EXPECT_TRUE(all.Unmet().empty());
}

TEST(Protects, WhatIsNoneOfThemIsAnError) {
  for (const char* wrong : {"", "shop", "user:", "10.1.0.0/99", "10.1.0.1/16"}) {
    EXPECT_FALSE(Protects::Parse({wrong}).ok()) << wrong;
  }
}

}  // namespace
}  // namespace headgate::guard::testing
