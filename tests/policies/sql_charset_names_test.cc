#include "policies/sql_charset_names.h"

#include <gtest/gtest.h>

#include <utility>

namespace headgate::sql {
namespace {

TEST(SqlCharsetNames, AreWhatBothServersKnow) {
  for (const auto& [name, charset] :
       {std::pair{"gbk", SqlCharset::kGbk}, std::pair{"GBK", SqlCharset::kGbk},
        std::pair{"28", SqlCharset::kGbk}, std::pair{"cp932", SqlCharset::kSjis},
        std::pair{"84", SqlCharset::kBig5}, std::pair{"gb18030", SqlCharset::kGb18030},
        std::pair{"utf8mb4", SqlCharset::kPlain}, std::pair{"Latin1", SqlCharset::kLatin1},
        std::pair{"8", SqlCharset::kLatin1}, std::pair{"cp866", SqlCharset::kCp852},
        std::pair{"6", SqlCharset::kHp8}, std::pair{"10", SqlCharset::kSwe7},
        std::pair{"51", SqlCharset::kPlain}, std::pair{"45", SqlCharset::kPlain},
        std::pair{"255", SqlCharset::kPlain}}) {
    EXPECT_EQ(CharsetNamed(name), charset) << name;
  }
}

TEST(SqlCharsetNames, OthersMayBeAnything) {
  // A collation of gbk's, an expression's beginning, a function's name, a number in another way.
  for (const char* name :
       {"1052", "028", "99999999999", "28.0", "g", "concat", "default", "", "gbk "}) {
    EXPECT_EQ(CharsetNamed(name), SqlCharset::kUnknown) << name;
  }
}

}  // namespace
}  // namespace headgate::sql
