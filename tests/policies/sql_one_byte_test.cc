// Charsets of one byte: their blanks, controls and letters are read as the server reads them.
#include "policies/sql_one_byte.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "policies/sql_scanner.h"

namespace headgate {
namespace {

constexpr SqlMode kUnknown{.charset = SqlCharset::kUnknown};

StatementMark Mark(const std::string& sql, const SqlMode& mode = {}) {
  return ScanStatement(sql, true, mode, sql.size(), {}).mark;
}
bool Sleeps(const std::string& sql, const SqlMode& mode = {}) {
  return (Mark(sql, mode).traits & BitOf(Trait::kSleep)) != 0;
}

constexpr SqlMode kLatin1{.charset = SqlCharset::kLatin1};

TEST(SqlOneByte, BlanksOfLatin1) {
  for (const char* sql : {"SELECT 1 --\xa0 /*\n, SLEEP(60) --\xa0 */", "SELECT SLEEP\xa0(60)",
                          "SELECT\xc3\xa0SLEEP\xa0(60)", "SELECT 1\xa0+\xa0SLEEP(60)"}) {
    EXPECT_TRUE(Sleeps(sql, kLatin1)) << sql;
    EXPECT_TRUE(Sleeps(sql, kUnknown)) << sql;
    EXPECT_TRUE(Sleeps(std::string("SET NAMES latin1; ") + sql)) << sql;
    EXPECT_TRUE(Sleeps(std::string("EXECUTE IMMEDIATE '") + sql + "'", kLatin1)) << sql;
  }
  // The same as with the blanks that everybody has.
  const auto same = [](std::string sql, const SqlMode& mode, char blank) {
    const StatementMark read = Mark(sql, mode);
    for (char& c : sql) c = c == blank ? ' ' : c;
    EXPECT_EQ(read, Mark(sql, mode)) << sql;
  };
  for (const char* sql :
       {"SELECT @a\xa0INTO OUTFILE '/tmp/x'",
        "PREPARE \xc3\xa0"
        "FROM 'DO SLEEP(9)'",
        "SELECT 1 \xc3\xa0UNION SELECT 2", "SELECT SLEEP(60\xa0)", "SELECT 0x41\xa0UNION SELECT 1",
        "SELECT 1\xa0UNION SELECT 1e5\xa0, 1.5\xa0, .5\xa0", "SELECT 1\xa0x'\\', SLEEP(1) -- '",
        "SELECT n\xa0N'\\', SLEEP(1) -- '", "SELECT mariadb_schema.\xa0SLEEP(1)",
        "SELECT a FROM.\xa0t, u", "SELECT `a`.\xa0`b`, @@\xa0x, @\xa0x FROM t",
        "\xa0SELECT 1;\xa0SELECT 2"}) {
    same(sql, kLatin1, '\xa0');
    same(sql, {.charset = SqlCharset::kCp1250}, '\xa0');
    std::string other = sql;
    for (char& c : other) c = c == '\xa0' ? '\xff' : c == '\xc3' ? '\xa0' : c;
    same(other, {.charset = SqlCharset::kCp852}, '\xff');
  }
  // Text of another charset in it is read as it always was.
  for (const char* sql : {"SELECT '\xc3\xa0' FROM t -- \xc3\xa0", "SELECT \xc3\xa9 FROM t"}) {
    EXPECT_EQ(Mark(sql, kLatin1), Mark(sql)) << sql;
  }
}

TEST(SqlOneByte, WhatFollowsTwoMinusSigns) {
  // As MariaDB 10.11 says of each byte.
  const std::pair<SqlCharset, std::string> cases[] = {
      {SqlCharset::kLatin1, "\xa0"},
      {SqlCharset::kCp1250, "\x80\x81\x83\x88\x90\x98\xa0"},
      {SqlCharset::kHebrew, "\xa0\xfd\xfe"},
      {SqlCharset::kLatin7, "\x81\x83\x88\x8a\x8c\x90\x98\x9a\x9c\x9f\xa0\xa1\xa5"},
      {SqlCharset::kCp850, "\xff"},
      {SqlCharset::kCp852, "\xff"},
      {SqlCharset::kHp8,
       "\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95"
       "\x96\x97\x98\x99\x9a\x9b\x9c\x9d\x9e\x9f\xa0\xb1\xb2\xf2\xf3\xf4\xf5\xff"},
      {SqlCharset::kMacroman, "\x80\xcb\xe5"}};
  for (const auto& [charset, bytes] : cases) {
    for (unsigned c = 0x80; c < 0x100; ++c) {
      const std::string sql = std::string("SELECT 1 --") + static_cast<char>(c);
      const std::string hidden = sql + " /*\n, SLEEP(60) " + sql.substr(9) + " */";
      const bool comment = bytes.find(static_cast<char>(c)) != std::string::npos;
      EXPECT_EQ(Sleeps(hidden, {.charset = charset}), comment) << c;
      EXPECT_TRUE(Sleeps(hidden, kUnknown) || !comment) << c;
      EXPECT_FALSE(Sleeps(hidden)) << c;
    }
  }
  // As many as no other charset has.
  EXPECT_FALSE(Sleeps("SELECT 1 --\x82 /*\n, SLEEP(60) -- */", {.charset = SqlCharset::kCp1250}));
  EXPECT_TRUE(Sleeps("SELECT 1 --\x80 /*\n--\x91, SLEEP(60) --\x80 */", kUnknown));
}

TEST(SqlOneByte, SwedishLetters) {
  const SqlMode swedish{.charset = SqlCharset::kSwe7};
  for (const char* sql : {"PREPARE [ FROM 'DO SLEEP(9)'", "SELECT 1 [x UNION SELECT a^b, {, t.]"}) {
    std::string plain = sql;
    for (char& c : plain) c = std::string("[]^{}~").find(c) != std::string::npos ? 'k' : c;
    EXPECT_EQ(Mark(sql, swedish).traits, Mark(plain).traits) << sql;
    EXPECT_EQ(Mark(sql, kUnknown).traits & Mark(plain).traits, Mark(plain).traits) << sql;
    const std::string set = "SET NAMES swe7; ";
    EXPECT_EQ(Mark(set + sql).traits & Mark(plain).traits, Mark(plain).traits) << sql;
  }
  EXPECT_TRUE(Sleeps("SELECT @a`], SLEEP(1)", swedish));
  EXPECT_TRUE(Sleeps("SELECT @a`a\n, SLEEP(1)", kUnknown));
  for (const std::string sql :
       {"SELECT a, 'it''s' \"x\", `b`.c, 1.5e3, 0x41 FROM t WHERE /*!50000 x <=> */ @a := -1 # x",
        "SELECT N'x', /* y */ @@a.b, \\N; DO SLEEP(?) -- z"}) {
    EXPECT_EQ(Mark(sql, swedish), Mark(sql)) << sql;
  }
}

TEST(SqlOneByte, AHostEndsBeforeACharacterThatIsNone) {
  EXPECT_TRUE(Sleeps("SELECT @a\x81`, SLEEP(60), \x81`", {.charset = SqlCharset::kGbk}));
  EXPECT_TRUE(Sleeps("SELECT @a\x83`, SLEEP(60), \x83`", {.charset = SqlCharset::kSjis}));
}

}  // namespace
}  // namespace headgate
