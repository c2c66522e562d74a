#include "policies/glob.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace headgate {
namespace {

TEST(Glob, PlainTextMatchesItselfOnly) {
  EXPECT_TRUE(GlobMatches("shop", "shop"));
  EXPECT_FALSE(GlobMatches("shop", "shop_ro"));
  EXPECT_FALSE(GlobMatches("shop", "Shop"));
  EXPECT_FALSE(GlobMatches("shop", ""));
  EXPECT_TRUE(GlobMatches("", ""));
  EXPECT_FALSE(GlobMatches("", "shop"));
}

TEST(Glob, StarIsAnyRunAndQuestionMarkOneByte) {
  EXPECT_TRUE(GlobMatches("report*", "report"));
  EXPECT_TRUE(GlobMatches("report*", "reports_daily"));
  EXPECT_TRUE(GlobMatches("*_ro", "shop_ro_ro"));
  EXPECT_FALSE(GlobMatches("*_ro", "shop_rw"));
  EXPECT_TRUE(GlobMatches("a?c", "abc"));
  EXPECT_FALSE(GlobMatches("a?c", "ac"));
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_TRUE(GlobMatches("**", "anything"));
  EXPECT_TRUE(GlobMatches("?*", "x"));
  EXPECT_FALSE(GlobMatches("?*", ""));
  EXPECT_TRUE(GlobMatches("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(GlobMatches("a*b*c", "a-c-b"));
  EXPECT_TRUE(GlobMatches("x*", "x*y"));
  EXPECT_TRUE(GlobMatches("?", std::string_view("\0", 1)));
}

TEST(Glob, AnyOfSeveral) {
  EXPECT_FALSE(AnyGlobMatches({}, "shop"));
  EXPECT_FALSE(AnyGlobMatches({"shop_*", "Shop"}, "shop"));
  EXPECT_TRUE(AnyGlobMatches({"x", "sh?p"}, "shop"));
}

bool Naive(std::string_view p, std::string_view t) {
  if (p.empty()) return t.empty();
  if (p[0] == '*') return Naive(p.substr(1), t) || (!t.empty() && Naive(p, t.substr(1)));
  return !t.empty() && (p[0] == '?' || p[0] == t[0]) && Naive(p.substr(1), t.substr(1));
}

TEST(Glob, AgreesWithTheDefinition) {
  std::mt19937_64 random(7);
  int matches = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string pattern;
    std::string text;
    for (auto n = random() % 8; n > 0; --n) pattern += "ab*?"[random() % 4];
    for (auto n = random() % 9; n > 0; --n) text += "ab"[random() % 2];
    ASSERT_EQ(GlobMatches(pattern, text), Naive(pattern, text)) << pattern << " on " << text;
    matches += Naive(pattern, text);
  }
  EXPECT_GT(matches, 1000);
}

TEST(Glob, PatternsMadeToBacktrackStayCheap) {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "a*";
  pattern += "b";
  EXPECT_FALSE(GlobMatches(pattern, std::string(20'000, 'a')));  // exponential: would never end
}

}  // namespace
}  // namespace headgate
