#include "guard/top_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "guard/sessions.h"
#include "guard/sources.h"
#include "guard/top_keys.h"
#include "tests/guard/top_testing.h"

namespace headgate::guard {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TopFrame FrameOf(std::size_t columns, std::size_t rows, Time now = kLookedAt + seconds(5)) {
  return {{columns, rows}, true, now, "12:03:04"};
}

std::string Drawn(const TopModel& model, const TopView& view, const TopFrame& frame) {
  return DrawTop(model, view, frame).screen.Text();
}

std::string LineOf(const std::string& text, std::size_t number) {
  std::istringstream lines(text);
  std::string line;
  for (std::size_t i = 0; i <= number; ++i) std::getline(lines, line);
  return line;
}

TEST(TopLayout, Calm80x24) {
  EXPECT_EQ("\n" + Drawn(CalmModel(), {}, FrameOf(80, 24, kLookedAt)), R"(
 headgate 0.1.0  enforce  CALM 2h  up 3h  192.0.2.10:3306 up           12:03:04
 application SAFE: shop uses 13, 20 reserved; none waits
 slots   17/55      #########....................  free 36  orphans 0  foreign 2
 pending 3/4000     #.....  waiting 0/500      ......  lane    1/16       #.....
 a second: admitted -  refused -  failed -  connects -    clients now 21
 CLASS           USED RESERVE   MAX  WAIT  LENT SLOTS, OF ALL
 shop              13      20    40             ########++++...........
 default            4            35             ##..................
 REFUSED BY               /S  IN ALL  BANNED by left           LEFT REASON
 none                                 none
 SOURCE by refused/s       REF/S REFUSED  CONNS   IN KNOWN BANNED LAST REASON
>198.51.100.7                  0       2      4    4              login_failed
 192.0.2.20                    0             13   13 good
 DIGEST by busy     BUSY     /S    P99 REFSD STATEMENT
 00000000000000aa      -      -  3.5ms       select name from items where id = ?
 00000000000000bb      -      -   1.2s     3 select count(*) from orders







 q quit  p pause  s sort  r reverse  / filter  1-6 pane  b ban  u unban  h help
)");
}

TEST(TopLayout, Attack80x24) {
  EXPECT_EQ("\n" + Drawn(AttackModel(), {}, FrameOf(80, 24)), R"(
 headgate  enforce  ATTACK 2m by refusals  up 3h  192.0.2.10:3306 up   12:03:04
 application SAFE: shop uses 13, 20 reserved; none waits, none was refused
 slots   17/55      #########....................  free 36  orphans 0  foreign 2
 pending 4000/4000  ######  waiting 0/500      ......  lane    1/16       #.....
 a second: admitted 20  refused 250  failed 2  connects 400    clients now 21
 CLASS           USED RESERVE   MAX  WAIT  LENT SLOTS, OF ALL
 shop              13      20    40             ########++++...........
 default            4            35             ##..................
 REFUSED BY               /S  IN ALL  BANNED by left           LEFT REASON
 connect_rate            200    1000  203.0.113.8                5m login_failed
 banned                   50     250  203.0.113.0/28            58m operator
 SOURCE by refused/s       REF/S REFUSED  CONNS   IN KNOWN BANNED LAST REASON
>203.0.113.7                 140     700     90                   connect_rate
 203.0.113.8                  60     300                       5m banned
 2001:db8:1234:5678::/64       2      20      5                   connect_rate
 192.0.2.20                    0             13   13 good
 198.51.100.7                  0       2      4    4              login_failed
 DIGEST by busy     BUSY     /S    P99 REFSD STATEMENT
 00000000000000aa    0.2    100  3.5ms       select name from items where id = ?
 00000000000000bb      0      0   1.2s     3 select count(*) from orders



 q quit  p pause  s sort  r reverse  / filter  1-6 pane  b ban  u unban  h help
)");
}

TEST(TopLayout, Attack100x30InBlocks) {
  TopFrame frame = FrameOf(100, 30);
  frame.ascii = false;
  const std::string text = Drawn(AttackModel(), {}, frame);
  EXPECT_THAT(text, HasSubstr("select name from items where id = ?"));
  EXPECT_THAT(text,
              HasSubstr("shop              13      20    40             ████████████▒▒▒▒▒▒▒···"));
  EXPECT_THAT(text, Not(HasSubstr("####")));
}

TEST(TopLayout, Attack40x10) {
  EXPECT_EQ("\n" + Drawn(AttackModel(), {}, FrameOf(40, 10)), R"(
 headgate  enforce  ATTACK 2m  12:03:04
 application SAFE: shop uses 13, 20 rese
 slots   17/55      ######..............
 pending 400  waiting 0/5  lane    1/1
 a second: admitted 20  refused 250  fai
 CLASS           USED  WAIT SLOTS, OF AL
 shop              13       ###+.....
 default            4       #.......

 q quit  p pause  s sort  r reverse  / f
)");
}

// Every size, every pane, before and after the first answer: never past the edge.
TEST(TopLayout, AnySize) {
  const TopModel models[] = {TopModel(), CalmModel(), AttackModel()};
  for (const TopModel& model : models) {
    for (std::size_t pane = 0; pane < kTopPanes; ++pane) {
      TopView view;
      view.pane = static_cast<TopPane>(pane);
      for (const std::size_t columns : {1, 2, 3, 9, 20, 39, 75, 76, 80, 200}) {
        for (const std::size_t rows : {1, 2, 3, 4, 5, 6, 7, 9, 12, 24, 50}) {
          const TopDrawn drawn = DrawTop(model, view, FrameOf(columns, rows));
          EXPECT_GE(drawn.page, 1u);
          EXPECT_EQ(drawn.screen.size(), (ScreenSize{columns, rows}));
        }
      }
    }
  }
  EXPECT_EQ(Drawn(AttackModel(), {}, FrameOf(0, 0)), "");
}

TEST(TopLayout, WhatMattersStaysWhereRoomIsShort) {
  EXPECT_THAT(LineOf(Drawn(AttackModel(), {}, FrameOf(30, 5)), 0), HasSubstr("ATTACK 2m"));
  EXPECT_THAT(LineOf(Drawn(AttackModel(), {}, FrameOf(30, 5)), 1), HasSubstr("application SAFE"));
}

TEST(TopLayout, NoAnswerIsLoud) {
  TopModel model = AttackModel();
  model.Fail("no complete answer in time");
  TopView view;
  const TopDrawn drawn = DrawTop(model, view, FrameOf(100, 24, kLookedAt + seconds(12)));
  EXPECT_EQ(LineOf(drawn.screen.Text(), 1),
            " NO ANSWER for 7 s: no complete answer in time; what is below is old");
  EXPECT_TRUE(drawn.screen.At(1, 0).style.reverse);
  EXPECT_EQ(drawn.screen.At(1, 99).style.tone, Tone::kBad);
  EXPECT_THAT(drawn.screen.Text(), Not(HasSubstr("SAFE")));
  // Not even an error: the question is on its way for too long.
  EXPECT_THAT(Drawn(AttackModel(), view, FrameOf(100, 24, kLookedAt + seconds(9))),
              HasSubstr("NO ANSWER for 4 s; what is below is old"));
  view.paused = true;
  EXPECT_THAT(Drawn(AttackModel(), view, FrameOf(100, 24, kLookedAt + seconds(900))),
              HasSubstr("SAFE"));
}

TEST(TopLayout, NeverAnAnswer) {
  TopModel model;
  EXPECT_THAT(Drawn(model, {}, FrameOf(80, 24)), HasSubstr("application UNKNOWN"));
  model.Fail("admin socket /x: no headgate listens there");
  EXPECT_THAT(Drawn(model, {}, FrameOf(80, 24)),
              HasSubstr("NO ANSWER: admin socket /x: no headgate listens there\n"));
}

TEST(TopLayout, Paused) {
  TopView view;
  view.paused = true;
  const std::string text = Drawn(AttackModel(), view, FrameOf(80, 24));
  EXPECT_THAT(LineOf(text, 0), HasSubstr("PAUSED 12:03:04"));
  EXPECT_THAT(LineOf(text, 23), HasSubstr("p go on"));
}

TEST(TopLayout, TheLastLine) {
  TopView view;
  const auto last = [&] { return LineOf(Drawn(AttackModel(), view, FrameOf(80, 24)), 23); };
  EXPECT_THAT(last(), HasSubstr("q quit"));
  EXPECT_THAT(last(), HasSubstr("h help"));
  Say(view, "banned 203.0.113.7 for 1h", false, kLookedAt);
  EXPECT_EQ(last(), " banned 203.0.113.7 for 1h");
  Say(view, "old", false, kLookedAt - seconds(60));
  EXPECT_THAT(last(), HasSubstr("q quit"));
  view.asking = {TopView::Asking::What::kBanTime, "203.0.113.7", "10"};
  EXPECT_EQ(last(), " ban 203.0.113.7 for (empty: [source] ban): 10_  Enter: do it  Esc: leave it");
  view.asking = {TopView::Asking::What::kFilter, "", "or"};
  EXPECT_EQ(last(), " only with: or_  Enter: do it  Esc: all");
  view.asking.reset();
  view.filter = "or";
  EXPECT_THAT(last(), StartsWith(" only \"or\" (Esc: all)  q quit"));
}

TEST(TopLayout, EveryKeyIsInTheHelp) {
  TopView view;
  view.help = true;
  const std::string text = Drawn(AttackModel(), view, FrameOf(80, 24));
  for (const char* word : {"\n q ", "\n p, blank", "1 to 6, Tab", "arrows", "PgUp", "PgDn", "Home",
                           "End", "\n s, r", "\n / ", "\n b ", "\n u ", "\n + -", "\n h, ?"}) {
    EXPECT_THAT(text, HasSubstr(word));
  }
}

TEST(TopLayout, PanesAlone) {
  TopView view;
  const auto drawn = [&](TopPane pane, std::size_t columns) {
    view.pane = pane;
    return Drawn(AttackModel(), view, FrameOf(columns, 24));
  };
  EXPECT_THAT(drawn(TopPane::kReasons, 120),
              HasSubstr("The source connects more often than [source] connect_rate allows."));
  EXPECT_THAT(drawn(TopPane::kReasons, 80), HasSubstr("client_closed"));
  EXPECT_THAT(drawn(TopPane::kSlots, 120),
              HasSubstr("* 192.0.2.10:3306            up              2h       21/60       2 "
                        "10.11.6-MariaDB"));
  EXPECT_THAT(drawn(TopPane::kDigests, 120), HasSubstr("3 DIGESTS: 2 of 2"));
  EXPECT_THAT(drawn(TopPane::kBans, 80), HasSubstr(">203.0.113.8"));
  EXPECT_THAT(drawn(TopPane::kSources, 80), HasSubstr("2 SOURCES: 5 of the 1520"));
}

TEST(TopLayout, DryRunsHaveTheirColumn) {
  TopAnswers answers = AttackAnswers();
  answers.status = With(answers.status, R"("would_act":{"connect_rate":0})",
                        R"("would_act":{"connect_rate":70})");
  answers.status = With(answers.status, R"("mode":"enforce")", R"("mode":"observe")");
  answers.refused =
      With(answers.refused, R"("reason":"banned")", R"("reason":"banned","acted":false)");
  TopModel model = CalmModel();
  model.Take(LookAt(answers, kLookedAt + seconds(5)));
  const std::string text = Drawn(model, {}, FrameOf(100, 24));
  EXPECT_THAT(text, HasSubstr("OBSERVE ONLY"));
  EXPECT_THAT(text, HasSubstr("would refuse 14"));
  EXPECT_THAT(text, HasSubstr("connect_rate            200    1000      70"));
  EXPECT_THAT(text, HasSubstr("banned, dry run"));
}

TEST(TopLayout, NamesFromOutsideAreText) {
  TopAnswers answers = AttackAnswers();
  answers.digests = With(answers.digests, "select name from items",
                         "\\u001b]0;owned\\u0007\\u009b31m\\u202eselect");
  answers.status = With(answers.status, R"("name":"shop")", R"("name":"sh\u001b[2Jop")");
  answers.status =
      With(answers.status, R"("cause":"refusals")", R"("cause":"\u001b[31mred\u001b[0m")");
  TopModel model = CalmModel();
  model.Take(LookAt(answers, kLookedAt + seconds(5)));
  TopFrame frame = FrameOf(160, 30);
  frame.ascii = false;
  for (std::size_t pane = 0; pane < kTopPanes; ++pane) {
    TopView view;
    view.pane = static_cast<TopPane>(pane);
    Say(view, "\x1b]0;a message\x07", true, kLookedAt + seconds(5));
    const std::string text = Drawn(model, view, frame);
    EXPECT_THAT(text, HasSubstr(" ?]0;a message?"));
    EXPECT_THAT(text, HasSubstr("by ?[31mred?[0m"));
    for (const char c : text) {
      EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
      EXPECT_NE(c, '\x7F');
    }
    EXPECT_THAT(text, Not(HasSubstr("\xC2\x9B")));
    EXPECT_THAT(text, Not(HasSubstr("\xE2\x80\xAE")));
  }
  EXPECT_THAT(Drawn(model, {}, frame), HasSubstr("?]0;owned??31m?select where id = ?"));
}

TEST(TopLayout, StillHasNoKeysAndNoSelection) {
  TopView view;
  view.still = true;
  const std::string text = Drawn(AttackModel(), view, FrameOf(80, 24));
  EXPECT_THAT(text, Not(HasSubstr("q quit")));
  EXPECT_THAT(text, Not(HasSubstr(">")));
}

TEST(Tables, Sources) {
  const std::string json = R"({"sources":[
    {"source":"203.0.113.7","pending":3,"waiting":0,"logins":1,"in":0,"orphans":0,"connections":4,
     "refused":700,"refused_per_s":12.5,"reason":"connect_rate","acted":false,"known_good":false,
     "banned_s":null},
    {"source":"2001:db8::/64","connections":1,"in":1,"refused":0,"refused_per_s":0,"reason":null,
     "acted":true,"known_good":true,"banned_s":300}],"tracked":12})";
  EXPECT_EQ("\n" + SourcesText(json, 0), R"(
SOURCE                   REFUSED    /S  CONNS    IN  PEND  WAIT LOGIN ORPHAN KNOWN BANNED LAST REASON
203.0.113.7                  700    12      4     -     3     -     1      -              connect_rate, dry run
2001:db8::/64                  -     -      1     1     -     -     -      - good      5m
2 shown; 12 sources are tracked
)");
  EXPECT_EQ("\n" + SourcesText(json, 80), R"(
SOURCE                   REFUSED    /S  CONNS    IN BANNED LAST REASON
203.0.113.7                  700    12      4     -        connect_rate, dry run
2001:db8::/64                  -     -      1     1     5m
2 shown; 12 sources are tracked
)");
  EXPECT_EQ(SourcesText(R"({"sources":[],"tracked":0})", 80),
            "nobody is connected, and nobody was turned away lately\n");
  EXPECT_EQ(SourcesText("nonsense", 80), "nonsense\n");
}

TEST(Tables, Sessions) {
  const std::string json = R"({"sessions":[
    {"id":"0-17","peer":"203.0.113.7","user":"a\u001b[2Jb","database":"shop","class":"shop",
     "state":"in","for_s":100.5,"busy":false,"idle_s":12.5,"in_transaction":true,
     "known_good":true},
    {"id":"1-3","peer":"2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff","user":"","database":"","class":"","state":"pending",
     "for_s":0.4,"busy":false,"idle_s":null,"in_transaction":false,"known_good":false}],
    "total":5})";
  EXPECT_EQ("\n" + SessionsText(json, 0), R"(
ID         PEER                                   STATE     FOR DOES          USER             CLASS        KNOWN DATABASE
0-17       203.0.113.7                            in       100s idle 12s trx  a?[2Jb           shop         good  shop
1-3        2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff pending 400ms
2 of 5; --limit shows more
)");
  EXPECT_EQ("\n" + SessionsText(json, 80), R"(
PEER                                   STATE     FOR DOES          USER
203.0.113.7                            in       100s idle 12s trx  a?[2Jb
2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff pending 400ms
2 of 5; --limit shows more
)");
  EXPECT_EQ(SessionsText(R"({"sessions":[],"total":0})", 80), "nobody is connected\n");
  EXPECT_EQ(SessionsText("[]", 80), "[]\n");
}

TEST(Tables, MoreRowsThanAScreenHas) {
  std::vector<TableRow> rows;
  for (int i = 0; i < 2500; ++i) rows.push_back({{std::to_string(i)}, {}, {}});
  const std::string text = TableText({{"N", 5}}, rows, 20);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2501);
  EXPECT_THAT(text, StartsWith("N\n0\n1\n"));
  EXPECT_THAT(text, HasSubstr("\n998\n999\n1000\n"));
  EXPECT_THAT(text, HasSubstr("\n2499\n"));
}

}  // namespace
}  // namespace headgate::guard
