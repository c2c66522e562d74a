#include "policies/shape_facts.h"

#include "gtest/gtest.h"
#include "policies/token_act.h"

namespace headgate {
namespace {

// The word has a part of its own for the shape.
bool Acts(Keyword k) {
  const auto act = static_cast<Act>(HeadOf(TokenKind::kWord, k).act);
  return act != Act::kPlain && act != Act::kName;
}

TEST(ShapeFacts, Numbers) {
  EXPECT_EQ(NumberOf("12"), 12);
  EXPECT_EQ(NumberOf("1.5"), 1.5);
  EXPECT_EQ(NumberOf(".5"), 0.5);
  EXPECT_EQ(NumberOf("1e9"), 1e9);
  EXPECT_EQ(NumberOf("1E+3"), 1000);
  EXPECT_EQ(NumberOf("5e-3"), 0);  // too small to matter
  EXPECT_EQ(NumberOf("16G"), 16.0 * (1 << 30));
  EXPECT_EQ(NumberOf("64m"), 64.0 * (1 << 20));
  EXPECT_EQ(NumberOf(""), 0);
  EXPECT_EQ(NumberOf("x"), 0);
  EXPECT_GT(NumberOf("1e999999999999"), 1e29);
  EXPECT_GT(NumberOf("99999999999999999999999999"), 1e24);
}

TEST(ShapeFacts, Sequences) {
  EXPECT_EQ(SequenceRows("seq_1_to_1000"), 10u);
  EXPECT_EQ(SequenceRows("SEQ_1_TO_1000"), 10u);
  EXPECT_EQ(SequenceRows("seq_1000_to_1"), 10u);
  EXPECT_EQ(SequenceRows("seq_0_to_1023_step_1024"), 1u);
  EXPECT_EQ(SequenceRows("seq_1_to_1000000"), 20u);
  EXPECT_GE(SequenceRows("seq_0_to_18446744073709551614"), 27u);
  for (const char* no : {"seq", "seq_1", "seq_1_to_", "sequence_1_to_9", "seq_a_to_b", "orders"}) {
    EXPECT_EQ(SequenceRows(no), 0u) << no;
  }
}

TEST(ShapeFacts, NamesIgnoreCase) {
  EXPECT_EQ(NameHash("Orders"), NameHash("oRDERS"));
  EXPECT_NE(NameHash("a"), NameHash("b"));
  EXPECT_TRUE(SameName("InFormation_Schema", "information_schema"));
  EXPECT_FALSE(SameName("information", "information_schema"));
  EXPECT_TRUE(IsSchemaScan("COLUMNS"));
  EXPECT_FALSE(IsSchemaScan("processlist"));
}

TEST(ShapeFacts, PatternsThatBacktrack) {
  for (const char* bad :
       {"(a+)+$", "^(a*)*", "(x+x+)+y", "(([a-z])+.)+[A-Z]", "(a{2,})*", ".*.*.*.*=", "((a+))+"}) {
    EXPECT_TRUE(Backtracks(bad)) << bad;
  }
  for (const char* good : {"^[A-Z]{3}-[0-9]+$", "bot|crawl", "\\[gallery[^]]*\\]", "(foo|bar)*",
                           "a+b+", "\\(a+\\)+", "[(a+)]+", ".*x.*", "", "(", ")", "+", "["}) {
    EXPECT_FALSE(Backtracks(good)) << good;
  }
}

TEST(ShapeFacts, WhatActsAndWhatIsACall) {
  EXPECT_TRUE(Acts(Keyword::kSelect));
  EXPECT_FALSE(Acts(Keyword::kNone));
  EXPECT_FALSE(Acts(Keyword::kSleep));
  EXPECT_EQ(RoleOf(Keyword::kSleep), CallRole::kSleep);
  EXPECT_EQ(RoleOf(Keyword::kNone), CallRole::kNone);
  EXPECT_EQ(RoleOfSetting(Keyword::kSortBufferSize), SettingRole::kBuffer);
  EXPECT_EQ(RoleOfSetting(Keyword::kGroupConcatMaxLen), SettingRole::kNone);
}

}  // namespace
}  // namespace headgate
