#include "policies/sql_keywords.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>

namespace headgate {
namespace {

std::string Upper(std::string_view word) {
  std::string upper(word);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

TEST(SqlKeywords, EveryWordIsFoundInEveryCase) {
  std::set<std::string_view> spellings;
  for (auto k = 1; k < static_cast<int>(Keyword::kSize); ++k) {
    const auto keyword = static_cast<Keyword>(k);
    const std::string_view word = Spelling(keyword);
    ASSERT_FALSE(word.empty()) << k;
    EXPECT_TRUE(spellings.insert(word).second) << word;
    EXPECT_EQ(FindKeyword(word), keyword) << word;
    EXPECT_EQ(FindKeyword(Upper(word)), keyword) << word;
    std::string mixed(word);
    mixed[0] = Upper(word)[0];
    EXPECT_EQ(FindKeyword(mixed), keyword) << word;
  }
}

TEST(SqlKeywords, WhatIsNearlyAWordIsNone) {
  for (auto k = 1; k < static_cast<int>(Keyword::kSize); ++k) {
    const std::string word(Spelling(static_cast<Keyword>(k)));
    EXPECT_EQ(FindKeyword(word + "_"), Keyword::kNone) << word;
    EXPECT_EQ(FindKeyword("$" + word), Keyword::kNone) << word;
    std::string wide = word;
    wide.back() = static_cast<char>(wide.back() | 0x80);
    EXPECT_EQ(FindKeyword(wide), Keyword::kNone) << word;
  }
  EXPECT_EQ(FindKeyword(""), Keyword::kNone);
  EXPECT_EQ(FindKeyword("selec"), Keyword::kNone);
  EXPECT_EQ(FindKeyword("get\x7flock"), Keyword::kNone);
}

TEST(SqlKeywords, KindsAreKeptApart) {
  EXPECT_TRUE(IsReserved(Keyword::kSelect) && IsReserved(Keyword::kZerofill));
  EXPECT_FALSE(IsReserved(Keyword::kCommit) || IsReserved(Keyword::kSleep));
  EXPECT_FALSE(IsReserved(Keyword::kNone) || IsFunction(Keyword::kNone));
  EXPECT_TRUE(IsFunction(Keyword::kSleep) && IsFunction(Keyword::kAbs));
  EXPECT_FALSE(IsFunction(Keyword::kRepeat) || IsFunction(Keyword::kXa));
}

}  // namespace
}  // namespace headgate
