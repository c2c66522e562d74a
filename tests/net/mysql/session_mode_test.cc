// How the session knows the way its next statement reads, and where its transaction stands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "net/mysql/sql_mode.h"
#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

CommandVerdict Sets(SqlCharset charset) {
  CommandVerdict v;
  v.mark.kind = StatementKind::kSet;
  v.mark.sets_charset = true;
  v.mark.charset = charset;
  return v;
}

SqlCharset CharsetNow(Driver& d) {
  d.Client(Query("SELECT 1"));
  d.Server(Ok(1));
  return d.commands.back().facts.mode.charset;
}

// gbk, sjis, big5: where 0x5C may be a second byte.
TEST(SqlMode, CharsetsByTheCollationOfTheLogin) {
  const std::pair<int, SqlCharset> cases[] = {
      {28, SqlCharset::kGbk},      {87, SqlCharset::kGbk},      {1, SqlCharset::kBig5},
      {84, SqlCharset::kBig5},     {13, SqlCharset::kSjis},     {88, SqlCharset::kSjis},
      {95, SqlCharset::kSjis},     {96, SqlCharset::kSjis},     {248, SqlCharset::kGb18030},
      {249, SqlCharset::kGb18030}, {250, SqlCharset::kGb18030}, {45, SqlCharset::kPlain},
      {33, SqlCharset::kPlain},    {8, SqlCharset::kLatin1},    {36, SqlCharset::kCp852},
      {51, SqlCharset::kPlain}};
  for (const auto& [id, charset] : cases) {
    EXPECT_EQ(CharsetOfCollation(static_cast<std::uint16_t>(id)), charset) << id;
    Driver d;
    LoginFields fields;
    fields.charset = id;
    d.LogIn(fields, MariaDb1011());
    EXPECT_EQ(CharsetNow(d), charset) << id;
  }
  EXPECT_EQ(CharsetOfCollation(1024 + 28), SqlCharset::kGbk);  // gbk_chinese_nopad_ci
  EXPECT_EQ(CharsetOfCollation(1024 + 8), SqlCharset::kLatin1);
  EXPECT_EQ(CharsetOfCollation(2048 + 28), SqlCharset::kPlain);
}

TEST(SqlMode, SetNamesHoldsFromItsOkOn) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.verdicts = {Sets(SqlCharset::kGbk), {}, Sets(SqlCharset::kSjis)};
    d.Client(Query("SET NAMES gbk") + Query("SELECT 1"));
    EXPECT_EQ(d.commands.size(), 1u);  // nobody knows yet how the second one reads
    d.Server(Ok(1));
    ASSERT_EQ(d.commands.size(), 2u);
    EXPECT_EQ(d.commands[1].facts.mode.charset, SqlCharset::kGbk);
    d.Server(Ok(1));
    // It may be the second of two settings that was not to be had.
    d.Client(Query("SET NAMES sjis"));
    d.Server(Err(1, 1115, "#42000Unknown character set"));
    EXPECT_EQ(CharsetNow(d), SqlCharset::kUnknown);
  });
}

TEST(SqlMode, BehindAFailedSetTheQuotesAreUnknownUntilAnAnswerTells) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    CommandVerdict set;
    set.mark.kind = StatementKind::kSet;
    d.verdicts = {set};
    d.Client(Query("SET sql_mode = 'ANSI_QUOTES', @a = (SELECT 1 UNION SELECT 2)"));
    EXPECT_FALSE(d.commands.back().facts.mode.quotes_unknown);
    d.Server(Err(1, 1242, "#21000Subquery returns more than 1 row"));
    d.Client(Query("SELECT nonsense"));
    EXPECT_TRUE(d.commands.back().facts.mode.quotes_unknown);
    d.Server(Err(1, 1054, "#42S22"));
    d.Client(Query("SELECT 1"));
    EXPECT_TRUE(d.commands.back().facts.mode.quotes_unknown);
    d.Server(Ok(1));
    d.Client(Query("SELECT 1"));
    EXPECT_FALSE(d.commands.back().facts.mode.quotes_unknown);
  });
}

TEST(SqlMode, TheServersVersionIsThatOfItsGreeting) {
  for (const auto& [greeting, mariadb, version] :
       {std::tuple{MariaDb1011(), true, 101106U}, std::tuple{MySql80(), false, 80036U}}) {
    Driver d(greeting);
    d.LogIn({}, greeting);
    d.Client(Query("SELECT 1"));
    EXPECT_EQ(d.commands.back().facts.mode.mariadb, mariadb);
    EXPECT_EQ(d.commands.back().facts.mode.version, version);
  }
}

TEST(SqlMode, APreparedSetNamesCountsWhenItRuns) {
  Driver d;
  d.LogIn();
  d.verdicts = {Sets(SqlCharset::kBig5)};
  d.Client(Command(0x16, "SET NAMES big5"));
  d.Server(Packet(1, Hex({0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})));
  EXPECT_EQ(CharsetNow(d), SqlCharset::kPlain);
  d.Client(Command(0x17, Number(1, 4) + std::string(5, '\0')));
  d.Server(Ok(1));
  EXPECT_EQ(CharsetNow(d), SqlCharset::kBig5);
}

TEST(SqlMode, APreparedSetNamesThatRunsByAGuessedIdCountsAsWell) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.verdicts = {Sets(SqlCharset::kBig5)};
    d.Client(Command(0x16, "SET NAMES big5") + Command(0x17, Number(1, 4) + std::string(5, '\0')) +
             Query("SELECT 1"));
    d.Server(Packet(1, Hex({0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})));
    EXPECT_EQ(d.commands.size(), 2u);
    d.Server(Ok(1));
    ASSERT_EQ(d.commands.size(), 3u);
    EXPECT_EQ(d.commands.back().facts.mode.charset, SqlCharset::kBig5);
  });
}

TEST(SqlMode, AResetBringsBackTheLoginsAndAChangeUserItsOwn) {
  AtEveryCut([](Driver& d) {
    LoginFields fields;
    fields.charset = 28;
    d.LogIn(fields, MariaDb1011());
    d.verdicts = {Sets(SqlCharset::kPlain)};
    d.Client(Query("SET NAMES utf8"));
    d.Server(Ok(1));
    EXPECT_EQ(CharsetNow(d), SqlCharset::kPlain);
    d.Client(Command(0x1F) + Query("SELECT 1"));
    d.Server(Ok(1));
    EXPECT_EQ(d.commands.back().facts.mode.charset, SqlCharset::kGbk);
    d.Server(Ok(1));
    d.Client(Command(0x11, "bob" + kNul + kNul + kNul + Hex({13, 0}) + "dummy" + kNul));
    d.Server(Ok(1));
    EXPECT_EQ(CharsetNow(d), SqlCharset::kSjis);
  });
}

TEST(SqlMode, StatusFlagsOfTheLastAnswerDecide) {
  constexpr int kBoth = 2 | 0x0200 | 0x8000;
  AtEveryCut([](Driver& d) {
    d.Client(Packet(1, LoginPayload({})));
    d.Server(RawGreeting(MariaDb1011()));
    d.Server(AuthSwitch(2, "mysql_native_password"));
    d.Client(Packet(3, "01234567890123456789"));
    d.Server(Ok(4, kBoth));
    d.Client(Query("SELECT 1"));
    EXPECT_TRUE(d.commands.back().facts.mode.no_backslash_escapes);
    EXPECT_TRUE(d.commands.back().facts.mode.ansi_quotes);
    d.Server(Packet(1, "\x01") + Column(2, "1") + Eof(3, kBoth) + Eof(4));
    d.Client(Query("SELECT 1"));
    EXPECT_FALSE(d.commands.back().facts.mode.no_backslash_escapes);
    EXPECT_FALSE(d.commands.back().facts.mode.ansi_quotes);
  });
  // MySQL uses that bit for something else, or not at all.
  Driver mysql(MySql80());
  mysql.LogIn({}, MySql80());
  mysql.Client(Command(0x0E));
  mysql.Server(Ok(1, kBoth));
  mysql.Client(Command(0x0E));
  EXPECT_TRUE(mysql.commands.back().facts.mode.no_backslash_escapes);
  EXPECT_FALSE(mysql.commands.back().facts.mode.ansi_quotes);
}

TEST(SqlMode, TheTransactionIsAsTheServerSays) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Query("BEGIN"));
    EXPECT_FALSE(d.commands.back().facts.in_transaction);
    d.Server(Ok(1, 3));
    d.Client(Query("SELECT nonsense"));
    EXPECT_TRUE(d.commands.back().facts.in_transaction);
    d.Server(Err(1, 1054, "#42S22"));
    d.Client(Query("COMMIT"));
    EXPECT_TRUE(d.commands.back().facts.in_transaction);  // an ERR tells nothing of it
    d.Server(Ok(1, 2));
    d.Client(Command(0x0E));
    EXPECT_FALSE(d.commands.back().facts.in_transaction);
  });
}

}  // namespace
}  // namespace headgate::mysql::testing
