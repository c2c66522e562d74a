#include "guard/top_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/guard/top_testing.h"

namespace headgate::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = TopKey::Kind;
using Done = TopCommand::Kind;

class TopKeys : public testing::Test {
 public:
  TopCommand Press(Kind kind) { return OnKey(view_, model_, {kind, 0}, now_); }
  TopCommand PressCharacter(char32_t c) {
    return OnKey(view_, model_, {Kind::kCharacter, c}, now_);
  }
  // The command of the last one.
  TopCommand Type(std::string_view text) {
    TopCommand last;
    for (const char c : text) last = PressCharacter(static_cast<unsigned char>(c));
    return last;
  }
  std::string Selected() {
    const auto keys = KeysOf(view_.pane, *model_.look(), view_);
    return keys.empty() ? "" : keys[SelectedRow(view_.place(), keys)];
  }

  Time now_ = kLookedAt + seconds(6);
  TopModel model_ = AttackModel();
  TopView view_;
};

TEST_F(TopKeys, Quit) {
  EXPECT_EQ(Type("q").kind, Done::kQuit);
  Type("/");
  EXPECT_EQ(Type("q").kind, Done::kNone);  // a letter of the filter
  Press(Kind::kEscape);
  Type("h");
  EXPECT_EQ(Type("q").kind, Done::kQuit);
}

TEST_F(TopKeys, Pause) {
  Type("p");
  EXPECT_TRUE(view_.paused);
  Type(" ");
  EXPECT_FALSE(view_.paused);
}

TEST_F(TopKeys, Panes) {
  Type("3");
  EXPECT_EQ(view_.pane, TopPane::kDigests);
  Press(Kind::kTab);
  EXPECT_EQ(view_.pane, TopPane::kBans);
  Press(Kind::kBackTab);
  EXPECT_EQ(view_.pane, TopPane::kDigests);
  Type("6");
  EXPECT_EQ(view_.pane, TopPane::kSlots);
  Press(Kind::kTab);
  EXPECT_EQ(view_.pane, TopPane::kAll);
  Press(Kind::kBackTab);
  EXPECT_EQ(view_.pane, TopPane::kSlots);
  Type("1");
  EXPECT_EQ(view_.pane, TopPane::kAll);
  Type("0789");
  EXPECT_EQ(view_.pane, TopPane::kAll);
}

TEST_F(TopKeys, SortAndReverse) {
  const auto keys = [&] { return KeysOf(TopPane::kSources, *model_.look(), view_); };
  EXPECT_THAT(keys(), ElementsAre("203.0.113.7", "203.0.113.8", "2001:db8:1234:5678::/64",
                                  "192.0.2.20", "198.51.100.7"));
  Type("ss");  // by connections
  EXPECT_EQ(keys().front(), "203.0.113.7");
  Type("s");  // by sessions that are in
  EXPECT_EQ(keys().front(), "192.0.2.20");
  Type("s");  // by name
  EXPECT_THAT(keys(), ElementsAre("192.0.2.20", "198.51.100.7", "2001:db8:1234:5678::/64",
                                  "203.0.113.7", "203.0.113.8"));
  Type("r");
  EXPECT_EQ(keys().front(), "203.0.113.8");
  Type("sr");
  EXPECT_EQ(keys().front(), "203.0.113.7");
}

TEST_F(TopKeys, EveryOrderOfEveryPane) {
  for (const char* pane : {"1", "2", "3", "4", "5", "6"}) {
    Type(pane);
    const auto before = KeysOf(view_.pane, *model_.look(), view_);
    for (std::size_t i = 0; i < SortsOf(view_.pane).size(); ++i) {
      Type("rsr");
      EXPECT_EQ(KeysOf(view_.pane, *model_.look(), view_).size(), before.size()) << pane;
    }
    EXPECT_EQ(KeysOf(view_.pane, *model_.look(), view_), before) << pane;
  }
}

TEST_F(TopKeys, TheSelectionStaysWithItsRow) {
  EXPECT_EQ(Selected(), "203.0.113.7");
  Press(Kind::kDown);
  EXPECT_EQ(Selected(), "203.0.113.8");
  Type("ssss");
  EXPECT_EQ(Selected(), "203.0.113.8");
  model_.Take(LookAt(CalmAnswers(), kLookedAt + seconds(10)));  // it is gone
  EXPECT_EQ(Selected(), "198.51.100.7");
}

TEST_F(TopKeys, Moving) {
  view_.page = 2;
  Press(Kind::kUp);
  EXPECT_EQ(Selected(), "203.0.113.7");
  Press(Kind::kPageDown);
  EXPECT_EQ(Selected(), "2001:db8:1234:5678::/64");
  Press(Kind::kPageDown);
  Press(Kind::kPageDown);
  EXPECT_EQ(Selected(), "198.51.100.7");
  Press(Kind::kPageUp);
  EXPECT_EQ(Selected(), "2001:db8:1234:5678::/64");
  Press(Kind::kEnd);
  EXPECT_EQ(Selected(), "198.51.100.7");
  Press(Kind::kHome);
  EXPECT_EQ(Selected(), "203.0.113.7");
}

TEST_F(TopKeys, Filter) {
  Type("/Connect");
  EXPECT_EQ(view_.filter, "Connect");
  EXPECT_THAT(KeysOf(TopPane::kSources, *model_.look(), view_),
              ElementsAre("203.0.113.7", "2001:db8:1234:5678::/64"));
  Press(Kind::kBackspace);
  EXPECT_EQ(view_.filter, "Connec");
  Press(Kind::kEnter);
  EXPECT_FALSE(view_.asking);
  EXPECT_EQ(view_.filter, "Connec");
  Type("/s");  // goes on with what is there
  EXPECT_EQ(view_.filter, "Connecs");
  Press(Kind::kEscape);
  EXPECT_EQ(view_.filter, "");
  EXPECT_FALSE(view_.asking);
  Type("/" + std::string(100, 'x'));
  EXPECT_EQ(view_.filter.size(), 40u);
  Press(Kind::kEnter);
  Press(Kind::kEscape);
  EXPECT_EQ(view_.filter, "");
}

TEST_F(TopKeys, FilterTakesNoControlCharacters) {
  Type("/");
  PressCharacter(0x1B);
  PressCharacter(0x07);
  PressCharacter(0xFC);
  EXPECT_EQ(view_.filter, "\xC3\xBC");
  Press(Kind::kBackspace);
  EXPECT_EQ(view_.filter, "");
  Press(Kind::kBackspace);
  EXPECT_EQ(view_.filter, "");
}

TEST_F(TopKeys, Ban) {
  EXPECT_EQ(Type("b").kind, Done::kNone);
  ASSERT_TRUE(view_.asking);
  EXPECT_EQ(view_.asking->target, "203.0.113.7");
  Type("10m");
  const TopCommand command = Press(Kind::kEnter);
  EXPECT_EQ(command.kind, Done::kBan);
  EXPECT_EQ(command.target, "203.0.113.7");
  EXPECT_EQ(command.how_long, "10m");
  EXPECT_FALSE(view_.asking);
}

TEST_F(TopKeys, BanIsForWhomItAsked) {
  Type("b");
  model_.Take(LookAt(CalmAnswers(), kLookedAt + seconds(10)));  // other rows meanwhile
  EXPECT_EQ(Press(Kind::kEnter).target, "203.0.113.7");
}

TEST_F(TopKeys, BanLeftAlone) {
  Type("bq1");
  EXPECT_EQ(Press(Kind::kEscape).kind, Done::kNone);
  EXPECT_FALSE(view_.asking);
  EXPECT_EQ(view_.pane, TopPane::kAll);
  Type("b");
  Type(std::string(50, '9'));
  EXPECT_EQ(Press(Kind::kEnter).how_long.size(), 12u);
}

TEST_F(TopKeys, Unban) {
  Type("4");
  const TopCommand command = Type("u");
  EXPECT_EQ(command.kind, Done::kUnban);
  EXPECT_EQ(command.target, "203.0.113.8");
  Press(Kind::kDown);
  EXPECT_EQ(Type("u").target, "203.0.113.0/28");
  Type("1");
  EXPECT_EQ(Type("u").target, "203.0.113.7");
}

TEST_F(TopKeys, NobodyToBan) {
  Type("3");
  EXPECT_EQ(Type("u").kind, Done::kNone);
  EXPECT_THAT(view_.message, HasSubstr("2 or 4"));
  Type("b");
  EXPECT_FALSE(view_.asking);
  Type("2/nothing");
  Press(Kind::kEnter);
  Type("b");
  EXPECT_FALSE(view_.asking);
  EXPECT_THAT(view_.message, HasSubstr("nobody"));
  model_ = TopModel();
  EXPECT_EQ(Type("u").kind, Done::kNone);
}

TEST_F(TopKeys, Interval) {
  Type("-");
  EXPECT_EQ(view_.interval, milliseconds(500));
  Type("--");
  EXPECT_EQ(view_.interval, milliseconds(250));
  Type("+++");
  EXPECT_EQ(view_.interval, seconds(2));
  EXPECT_EQ(view_.message, "asks every 2s");
  Type("=++++++");
  EXPECT_EQ(view_.interval, seconds(60));
  view_.interval = milliseconds(700);
  Type("+");
  EXPECT_EQ(view_.interval, seconds(1));
  view_.interval = milliseconds(700);
  Type("-");
  EXPECT_EQ(view_.interval, milliseconds(500));
}

TEST_F(TopKeys, HelpEndsWithAnyKey) {
  Type("?");
  EXPECT_TRUE(view_.help);
  Press(Kind::kDown);
  EXPECT_FALSE(view_.help);
  EXPECT_EQ(view_.place().selected, "");
}

TEST_F(TopKeys, EveryKeyBeforeTheFirstAnswer) {
  model_ = TopModel();
  for (int kind = 1; kind <= static_cast<int>(Kind::kEnd); ++kind) Press(static_cast<Kind>(kind));
  for (char32_t c = 0; c < 0x200; ++c) {
    PressCharacter(c);
    Press(Kind::kEscape);
  }
}

}  // namespace
}  // namespace headgate::guard
