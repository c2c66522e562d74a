// What only the server knows how to read: whatever it may be has the traits of each reading.
#include "policies/sql_readings.h"

#include <gtest/gtest.h>

#include <iterator>
#include <string>
#include <vector>

#include "policies/sql_scanner.h"

namespace headgate {
namespace {

constexpr SqlMode kUnknown{.charset = SqlCharset::kUnknown};
constexpr SqlMode kMaria{.mariadb = true, .version = 101106};
constexpr SqlMode kMySql{.version = 80036};

StatementMark Mark(const std::string& sql, const SqlMode& mode = {}) {
  return ScanStatement(sql, true, mode, sql.size(), {}).mark;
}
bool ReadsAs(const std::string& sql, Trait t, const SqlMode& mode = {}) {
  return (Mark(sql, mode).traits & BitOf(t)) != 0;
}
bool Sleeps(const std::string& sql, const SqlMode& mode = {}) {
  return ReadsAs(sql, Trait::kSleep, mode);
}

TEST(SqlReadings, FunctionsOfTheServersOwnSchemas) {
  for (const char* sql :
       {"SELECT mariadb_schema.SLEEP(1)", "SELECT oracle_schema.sleep(1)",
        "SELECT MaxDB_Schema.Sleep (1)", "SELECT `mariadb_schema`.`SLEEP`(1)",
        "SELECT mariadb_schema . SLEEP (1)", "SELECT mariadb_schema/**/./**/SLEEP(1)",
        "SELECT mariadb_schema .SLEEP(1)", "SELECT a FROM t WHERE mariadb_schema.sleep(1) = b",
        "SELECT a FROM t WHERE b = mariadb_schema.sleep(1)", "DO mariadb_schema.`sleep`/**/(1)"}) {
    EXPECT_TRUE(Sleeps(sql)) << sql;
  }
  for (const char* sql :
       {"SELECT shop.SLEEP(1)", "SELECT mariadb_schema.sleepy(1)",
        "SELECT mariadb_schem\x01.SLEEP(1)", "SELECT mariadb_schema.sleep",
        "SELECT t.sleep FROM mariadb_schema.t", "SELECT mariadb_schema.t.sleep(1)"}) {
    EXPECT_FALSE(Sleeps(sql)) << sql;
  }
  // Where a batch of tokens ends makes no difference.
  for (int n = 0; n < 140; ++n) {
    std::string sql = "SELECT ";
    for (int i = 0; i < n; ++i) sql += "+";
    EXPECT_TRUE(Sleeps(sql + "mariadb_schema.SLEEP(1)")) << n;
  }
}

TEST(SqlReadings, ACharsetThatIsNotKnownIsEach) {
  for (const char* sql :
       {"SELECT '\xbf\\', SLEEP(1) -- '", "SELECT '\x83\\', SLEEP(1) -- '",
        "SELECT '\xa5\\', SLEEP(1) -- '", "SELECT \"\xe0\\\", SLEEP(1) -- \"",
        "SELECT `\xbf``, SLEEP(1) -- `", "SELECT '\x81\x30\x81\x30\xbf\\', SLEEP(1) -- '",
        "SELECT '\xbf\\\\', SLEEP(1) -- '"}) {
    EXPECT_FALSE(Sleeps(sql) && std::string(sql).find("\\\\") == std::string::npos) << sql;
    EXPECT_TRUE(Sleeps(sql, kUnknown)) << sql;
  }
  // As many statements as in any of them.
  EXPECT_TRUE(ReadsAs("SELECT '\xbf\\'; DO 1 -- '", Trait::kMultiStatement, kUnknown));
  // Nothing else is said of a text for which it makes no difference.
  for (const char* sql :
       {"SELECT '\xc3\xa9', \"it\\'s\" FROM t WHERE a = '\xbf'", "SELECT 1; SELECT '\\\xbf'"}) {
    EXPECT_EQ(Mark(sql, kUnknown), Mark(sql)) << sql;
  }
  // The digest is that of the plain reading, and a wrong reading's odd end is not the text's.
  const std::string wide = "SELECT '\xe9\\'s'";
  EXPECT_EQ(Mark(wide, kUnknown), Mark(wide));
}

TEST(SqlReadings, WhatSetsTheCharsetUnseenIsSaid) {
  for (const char* sql : {"SET character_set_client = @x",
                          "SET character_set_client = CONCAT('g', 'bk')",
                          "SET character_set_client = (SELECT 'gbk')",
                          "SET character_set_client = 0x67626B",
                          "SET character_set_client = BINARY 'gbk'",
                          "SET character_set_client = 27 + 1",
                          "SET character_set_client = @'utf8'",
                          "SET character_set_client = latin1(1)",
                          "SET character_set_client = 'utf8' || x",
                          "SET NAMES nosuch",
                          "SET NAMES DEFAULT",
                          "SET GLOBAL a = 1, character_set_client = gbk",
                          "EXECUTE s",
                          "EXECUTE IMMEDIATE 'SET NAMES gbk'",
                          "BEGIN NOT ATOMIC SET NAMES gbk; END",
                          "BEGIN SET NAMES gbk; END",
                          "IF 1 THEN SET NAMES gbk; END IF",
                          "CASE 1 WHEN 1 THEN SET NAMES gbk; END CASE",
                          "LOOP SET NAMES gbk; END LOOP",
                          "x: BEGIN NOT ATOMIC SET NAMES gbk; END",
                          "`x` : LOOP SET NAMES gbk; END LOOP",
                          "truncate: LOOP SET NAMES gbk; END LOOP",
                          "DECLARE a INT; BEGIN SET NAMES gbk; END",
                          "CREATE PROCEDURE p() SELECT 1; SET NAMES gbk",
                          "SET sql_mode = ''; DELETE FROM t",
                          "SET sql_mode = 'ANSI_QUOTES'; SELECT \"'\"; SET NAMES gbk; -- '\""}) {
    EXPECT_TRUE(Mark(sql).sets_charset) << sql;
    EXPECT_EQ(Mark(sql).charset, SqlCharset::kUnknown) << sql;
  }
  for (const auto& [sql, charset] : std::vector<std::pair<const char*, SqlCharset>>{
           {"SET CHAR SET gbk", SqlCharset::kGbk},
           {"SET @@local.`character_set_client` = gbk", SqlCharset::kGbk},
           {"SET /*! NAMES */ gbk", SqlCharset::kGbk},
           {"SET NAMES /*!40101 utf8 */ COLLATE utf8_bin, @a = 1 + 1", SqlCharset::kPlain},
           {"SET NAMES gbk; SET @a = 1", SqlCharset::kGbk},
           {"SET sql_mode = ''; SET NAMES gbk; SET @a = 1", SqlCharset::kGbk}}) {
    EXPECT_TRUE(Mark(sql).sets_charset) << sql;
    EXPECT_EQ(Mark(sql).charset, charset) << sql;
  }
  for (const char* sql :
       {"CALL p()", "BEGIN WORK", "START TRANSACTION", "SELECT 1", "SET sql_mode = ''",
        "SET STATEMENT sql_mode = '' FOR SELECT 1",
        "CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; END", "UPDATE t SET names = 1",
        "FLUSH TABLES", "DO 1", "PREPARE s FROM 'SET NAMES gbk'"}) {
    EXPECT_FALSE(Mark(sql).sets_charset) << sql;
  }
}

TEST(SqlReadings, BehindASetOfSqlModeTheRestIsReadInEach) {
  for (const char* set :
       {"SET sql_mode = 'x'; ", "SET @@session.`sql_mode` = @a; ", "EXECUTE s; ",
        "EXECUTE IMMEDIATE 'x'; ", "BEGIN NOT ATOMIC SET sql_mode = 'x'; END; ",
        "IF 1 THEN SET sql_mode = 'x'; SELECT 1; END IF; ", "BEGIN DO 1; DO 2; END; SELECT 1; ",
        "SET sql_mode = 'ANSI_QUOTES'; SELECT \"'\"; SET sql_mode = 'y'; SELECT \"'\"; ",
        "CREATE PROCEDURE p() SELECT 1; SET sql_mode = 'x'; ",
        "SELECT 1; SET sql_mode = 1; DO 1; "}) {
    for (const char* rest : {"SELECT '\\', SLEEP(1) -- '", "SELECT \"'\", SLEEP(1), \"'\"",
                             "SELECT \"\\\", SLEEP(1) -- \"", "SELECT '\\'', SLEEP(1) -- '",
                             "SELECT '\\', \"', SLEEP(1) -- \""}) {
      EXPECT_TRUE(Sleeps(std::string(set) + rest)) << set << rest;
    }
  }
  for (const char* set :
       {"EXECUTE s; ", "BEGIN NOT ATOMIC SET NAMES gbk; END; ", "SET character_set_client = @x; ",
        "SET NAMES gbk; SET sql_mode = 'x'; "}) {
    EXPECT_TRUE(Sleeps(std::string(set) + "SELECT '\xbf\\', SLEEP(1) -- '")) << set;
  }
  EXPECT_FALSE(Sleeps("SET STATEMENT sql_mode = 'x' FOR SELECT '\\', SLEEP(1) -- '"));
  EXPECT_FALSE(Sleeps("SELECT 1; SELECT '\\', SLEEP(1) -- '"));
}

TEST(SqlReadings, WithoutAQuoteOrABackslashBehindNothingIsReadTwice) {
  for (const char* rest : {"SELECT 'a'", "DELETE FROM t; SET sql_mode = ''; SELECT '\xc3\xa9'"}) {
    const std::string set = "SET sql_mode = 'x'; ";
    EXPECT_EQ(Mark(set + rest).traits, Mark(rest).traits | BitOf(Trait::kMultiStatement)) << rest;
  }
}

TEST(SqlReadings, AFailedSetLeavesTheQuotesUnknown) {
  const SqlMode mode{.quotes_unknown = true};
  EXPECT_TRUE(Sleeps("SELECT '\\', SLEEP(1) -- '", mode));
  EXPECT_TRUE(Sleeps("SELECT \"'\", SLEEP(1), \"'\"", mode));
  EXPECT_EQ(Mark("SELECT 'a' FROM `t`", mode), Mark("SELECT 'a' FROM `t`"));
}

TEST(SqlReadings, BracketsMayBeQuotes) {
  const SqlMode ansi{.ansi_quotes = true, .mariadb = true, .version = 101106};
  const SqlMode failed{.quotes_unknown = true, .mariadb = true, .version = 101106};
  for (const char* sql :
       {"SELECT 1 [a'b], SLEEP(60), 2 [c'd]", "SELECT 1 [a]]'b], SLEEP(60), 2 [c'd]",
        "SELECT 1 [a\"b], SLEEP(60), 2 [c\"d]", "SELECT 1 [/*], SLEEP(60), 2 [*/]",
        "SELECT 1 [-- ], SLEEP(60)", "SELECT t.[a`b], SLEEP(60), t.[c`d] FROM t",
        "EXECUTE IMMEDIATE 'DO 1 [a\\'b], SLEEP(60), 2 [c\\'d]'"}) {
    EXPECT_TRUE(Sleeps(sql, ansi)) << sql;
    EXPECT_TRUE(Sleeps(sql, failed)) << sql;
    EXPECT_TRUE(Sleeps(std::string("SET sql_mode = 'MSSQL'; ") + sql, kMaria)) << sql;
    EXPECT_EQ(Mark(sql, ansi).digest, Mark(sql, {.ansi_quotes = true, .version = 1}).digest) << sql;
  }
  EXPECT_TRUE(Sleeps("DO [SLEEP](60)", ansi));
  // MySQL has no such mode, and without ANSI_QUOTES MariaDB is not in it.
  EXPECT_FALSE(Sleeps("SELECT 1 [a'b], SLEEP(60), 2 [c'd]", kMaria));
  EXPECT_FALSE(
      Sleeps("SELECT 1 [a'b], SLEEP(60), 2 [c'd]", {.quotes_unknown = true, .version = 80036}));
}

// Texts of what the readings differ by, put together at random.
class Texts {
 public:
  std::string Next() {
    static constexpr const char* kParts[] = {"'",
                                             "'",
                                             "\"",
                                             "\"",
                                             "`",
                                             "\\",
                                             "\\",
                                             "\xbf",
                                             "\x83",
                                             "\xa5",
                                             "\xa0",
                                             "\xff",
                                             "--\xa0",
                                             "--\x80",
                                             "[",
                                             "]",
                                             "\x81\x30",
                                             " ",
                                             "|",
                                             "@",
                                             "^",
                                             ",",
                                             "\n",
                                             "-- ",
                                             "#",
                                             "a",
                                             "SLEEP(1)",
                                             "get_lock('a')",
                                             "SELECT ",
                                             " FROM t, u",
                                             " WHERE a = b",
                                             "DELETE FROM t ",
                                             "LIKE '%",
                                             "; ",
                                             "; ",
                                             ";SET sql_mode=@a;",
                                             "SET NAMES gbk; ",
                                             "EXECUTE s;",
                                             "BEGIN NOT ATOMIC ",
                                             " END;",
                                             "SET character_set_client=@c; ",
                                             "(",
                                             ")"};
    std::string text;
    for (int n = 2 + Random(14); n > 0; --n) text += kParts[Random(std::size(kParts))];
    return text;
  }

 private:
  unsigned Random(std::size_t below) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<unsigned>(state_ >> 33) % static_cast<unsigned>(below);
  }
  std::uint64_t state_ = 1;
};

TEST(SqlReadings, AsManyTraitsAsInAnyOfThem) {
  constexpr TraitSet kOdd = BitOf(Trait::kSyntaxOdd);
  Texts texts;
  unsigned more = 0;
  for (int i = 0; i < 30'000; ++i) {
    const std::string text = texts.Next();
    const TraitSet unknown = Mark(text, kUnknown).traits;
    const TraitSet set = Mark("SET sql_mode = @a; " + text).traits;
    if (((unknown | set) & BitOf(Trait::kHiddenCode)) != 0) continue;
    for (const SqlCharset charset :
         {SqlCharset::kPlain, SqlCharset::kGbk, SqlCharset::kSjis, SqlCharset::kBig5,
          SqlCharset::kGb18030, SqlCharset::kLatin1, SqlCharset::kCp1250, SqlCharset::kHebrew,
          SqlCharset::kLatin7, SqlCharset::kCp850, SqlCharset::kCp852, SqlCharset::kHp8,
          SqlCharset::kMacroman, SqlCharset::kSwe7}) {
      const TraitSet traits = Mark(text, {.charset = charset}).traits;
      ASSERT_EQ(traits & ~kOdd & ~unknown, 0U)
          << ::testing::PrintToString(text) << static_cast<int>(charset);
      more += (unknown & ~traits & ~kOdd) != 0;
    }
    for (unsigned bits = 0; bits < 4; ++bits) {
      const SqlMode mode{.ansi_quotes = (bits & 1) != 0, .no_backslash_escapes = (bits & 2) != 0};
      const TraitSet traits = Mark(text, mode).traits;
      ASSERT_EQ(traits & ~kOdd & ~set, 0U) << ::testing::PrintToString(text) << " in mode " << bits;
    }
  }
  EXPECT_GT(more, 1000U);  // the readings do differ
}

// So many doubts that nobody would go through all readings.
TEST(SqlReadings, ThereIsAnEndToIt) {
  std::string sql = "SET sql_mode = @a; ";
  for (int i = 0; i < 300; ++i) sql += "SET sql_mode = @a; SELECT \"\\\"; ";
  EXPECT_TRUE(ReadsAs(sql, Trait::kHiddenCode));
  EXPECT_FALSE(
      ReadsAs("SET sql_mode = @a; SET sql_mode = @a; SELECT \"\\\"; ", Trait::kHiddenCode));
}

TEST(SqlReadings, VersionsAreCodeToSomeServers) {
  // Without it the comment would stand between the name and its parenthesis.
  for (const char* sql :
       {"SELECT SLEEP/*!99999 ' */(1)", "SELECT SLEEP/*!999999 ' */(1)",
        "SELECT /*!99999 /* x */ ' */ SLEEP(1) -- '", "SELECT /*!99999/*/*/*/SLEEP(1)"}) {
    EXPECT_TRUE(Sleeps(sql, kMaria)) << sql;
    EXPECT_TRUE(Sleeps(sql, kMySql)) << sql;
    EXPECT_TRUE(Sleeps(sql)) << sql;
  }
  EXPECT_TRUE(Sleeps("SELECT SLEEP/*M!999999 \" */(1)", kMaria));
  EXPECT_TRUE(Sleeps("SELECT SLEEP/*M! \" */(1)", kMySql));
  // Code to the one: its quote goes on behind the star and the slash.
  EXPECT_TRUE(Sleeps("SELECT /*!101106 ' */ -- ', SLEEP(1) */", kMaria));
  EXPECT_TRUE(Sleeps("SELECT /*M!50700 ' */ -- ', SLEEP(1) */", kMaria));
  EXPECT_TRUE(Sleeps("SELECT /*!80036 ' */ -- ', SLEEP(1) */", kMySql));
  EXPECT_TRUE(Sleeps("SELECT /*!50700 ' */ -- ', SLEEP(1) */", kMySql));
  EXPECT_FALSE(Sleeps("SELECT /*!101107 ' */ -- ', SLEEP(1) */", kMaria));
  EXPECT_FALSE(Sleeps("SELECT /*!50700 ' */ -- ', SLEEP(1) */", kMaria));
  EXPECT_FALSE(Sleeps("SELECT /*!80037 ' */ -- ', SLEEP(1) */", kMySql));
  EXPECT_TRUE(Sleeps("SELECT /*! 1, /*!SLEEP(1)*/", kMaria));
  // MySQL's sixth digit has white space behind it; else it is the comment's first.
  EXPECT_TRUE(Sleeps("SELECT /*!080036 ' */ -- ', SLEEP(1) */", kMySql));
  EXPECT_FALSE(Sleeps("SELECT /*!100100 ' */ -- ', SLEEP(1) */", kMySql));
  EXPECT_TRUE(Sleeps("SELECT /*!100100, ' */ -- ', SLEEP(1) */", kMySql));
  // Hints are comments between a name and its parenthesis.
  EXPECT_TRUE(Sleeps("SELECT SLEEP /*+ x */ (1)", kMySql));
}

TEST(SqlReadings, ACharsetSetInAVersionIsWhatTheServerTakes) {
  EXPECT_EQ(Mark("/*!50503 SET NAMES gbk */", kMaria).charset, SqlCharset::kGbk);
  EXPECT_EQ(Mark("/*!50503 SET NAMES utf8mb4 */", kMySql).charset, SqlCharset::kPlain);
  EXPECT_FALSE(Mark("/*!50803 SET NAMES gbk */", kMaria).sets_charset);
  EXPECT_EQ(Mark("/*!50803 SET NAMES gbk */").charset, SqlCharset::kUnknown);
}

TEST(SqlReadings, WhatFollowsACommentThatSetsIsReadToTheEnd) {
  for (const char* opening : {"/*+ ", "/*!99999 "}) {
    const std::string sql = std::string(opening) + "SET NAMES x; SELECT 1 */, '\xbf\\' -- '";
    EXPECT_FALSE(ReadsAs(sql, Trait::kUninspectedTail)) << sql;
  }
}

TEST(SqlReadings, AStringThatIsExecutedIsReadLikewise) {
  EXPECT_TRUE(Sleeps("EXECUTE IMMEDIATE 'DO SLEEP/*!99999 x */(1)'", kMaria));
  EXPECT_TRUE(
      Sleeps("SET sql_mode = 'x'; EXECUTE IMMEDIATE '\\'; EXECUTE IMMEDIATE 'DO SLEEP(1)' -- '"));
}

// What the plain reading says of digest and kind stays, whatever the others are.
TEST(SqlReadings, DigestAndKindAreThoseOfTheFirst) {
  for (const std::string sql : {"SELECT '\xbf\\' FROM t -- '", "SELECT /*!99999 ' */ a FROM t",
                                "SELECT /*!50503 a, */ b"}) {
    for (const SqlMode& mode : {kUnknown, kMaria, kMySql}) {
      EXPECT_EQ(Mark(sql, mode).digest, Mark(sql).digest) << sql;
      EXPECT_EQ(Mark(sql, mode).kind, Mark(sql).kind) << sql;
    }
  }
}

}  // namespace
}  // namespace headgate
