// What has one fingerprint and what has not, and how it is written.
#include "policies/digest.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "policies/sql_scanner.h"

namespace headgate {
namespace {

std::uint64_t Id(std::string_view sql, const SqlMode& mode = {}) {
  return ScanStatement(sql, true, mode, sql.size(), {}).mark.digest;
}

std::string TextOf(std::string_view sql) {
  std::array<char, 4096> text;
  const Scan scan = ScanStatement(sql, true, SqlMode(), sql.size(), text);
  EXPECT_EQ(scan.mark.digest, Id(sql)) << sql;
  return {text.data(), scan.text_size};
}

TEST(Digest, IsWrittenAsOneReadsIt) {
  const std::vector<std::pair<std::string, std::string>> expected{
      {"SELECT  a,b FROM t WHERE c='x' AND d>-1.5e3", "select a, b from t where c = ? and d > ?"},
      {"select * from orders", "select * from orders"},
      {"SELECT 1, 2, 3", "select ?, ..."},
      {"SELECT a FROM t WHERE b IN (1)", "select a from t where b in (?)"},
      {"SELECT a FROM t WHERE b IN (1,2)", "select a from t where b in (?, ...)"},
      {"INSERT INTO t VALUES (1,'a'),(2,'b'),(3,NULL)", "insert into t values (?, ...), ..."},
      {"INSERT INTO t VALUES (1),(2)", "insert into t values (?), ..."},
      {"SELECT COUNT(*) FROM `t`", "select count(*) from t"},
      {"SELECT t.`order`, `select`, `Status` FROM d.t",
       "select t.`order`, `select`, `Status` from d.t"},
      {"SELECT a - 1, b, -1 - -1", "select a - ?, b, ? - ?"},
      {"SELECT a IS NULL, a IS NOT NULL, NULL", "select a is null, a is not null, ?"},
      {"SELECT TRUE, 'a' 'b' \"c\", N'x', x'41', 0x41, b'1', \\N", "select true, ?, ..."},
      {"SET @a := 1, @@session.x = 2", "set @? := ?, @@session.x = ?"},
      {"SELECT a FROM t LIMIT 5, 10;", "select a from t limit ?, ..."},
      {"SELECT /* c */ a -- d\n FROM t # e", "select a from t"},
      {"SELECT /*!40101 SQL_NO_CACHE */ a", "select SQL_NO_CACHE a"},
      {"SELECT 1; SELECT 2", "select ?; select ?"},
  };
  for (const auto& [sql, text] : expected) EXPECT_EQ(TextOf(sql), text) << sql;
}

TEST(Digest, TextIsAStatementWithTheSameId) {
  for (const char* sql :
       {"SELECT a, 1, 2 FROM t WHERE b IN (1,2,3) AND (c,d) IN ((1,2),(3,4)) AND e IN (5)",
        "INSERT INTO `we``ird` (`a b`, `from`) VALUES (1,2),(3,4)", "SELECT `1a`, 1a, t.5, `5`",
        "SELECT @x, @`y`, @@global.z, u@'h' FROM t", "SELECT f(1), f(1,2), (1), ((1),(2))",
        "SELECT - - 1, a - - 1, +1 + +1, a.b-1", "SELECT /*+ BKA(t) */ 1 /*!99999 , 2 */",
        "UPDATE t SET a = NULL, b = b + 1 WHERE c IS NOT NULL", "SELECT `sleep`(1), SLEEP(1)",
        "SELECT master_pos_wait(1), SECOND_MICROSECOND, `information_schema`.x"}) {
    EXPECT_EQ(Id(TextOf(sql)), Id(sql)) << sql << "\n" << TextOf(sql);
  }
}

TEST(Digest, WhatDoesNotMatterDoesNotCount) {
  const std::vector<std::vector<std::string>> same{
      {"SELECT a FROM t WHERE b = 1", "select a from t where b=2",
       "Select\ta\nFrom t wHERE b = 'x' ", "SELECT a FROM t WHERE b = -1",
       "SELECT a FROM t WHERE b = ?", "SELECT a FROM t WHERE b = NULL",
       "SELECT `a` FROM `t` WHERE `b` = 0x1F", "/* x */ SELECT a -- y\nFROM t WHERE b = 1 # z",
       "SELECT a FROM t WHERE b = 'it''s' 'two'", "SELECT a FROM t WHERE b = \"it\\\"s\";",
       "SELECT a FROM t WHERE b = 1e-5", "SELECT a FROM t WHERE b = .5;;"},
      {"SELECT a FROM t WHERE b IN (1,2)", "SELECT a FROM t WHERE b IN (1, 'x', NULL, -5, ?)"},
      {"INSERT INTO t VALUES (1,2),(3,4)", "INSERT INTO t VALUES (1,2),(3,4),(5,6),(7,8,9)"},
      {"SELECT a != b", "SELECT a <> b"},
      {"COMMIT", "commit", "Commit;"},
  };
  for (const auto& set : same) {
    for (std::size_t i = 1; i < set.size(); ++i) {
      EXPECT_EQ(Id(set[i]), Id(set[0])) << set[i];
    }
  }
}

TEST(Digest, WhatMattersCounts) {
  const std::vector<std::string> different{"SELECT a FROM t",
                                           "SELECT A FROM t",
                                           "SELECT a FROM T",
                                           "SELECT b FROM t",
                                           "SELECT a, a FROM t",
                                           "SELECT a FROM t WHERE a = 1",
                                           "SELECT a FROM t WHERE a > 1",
                                           "SELECT a FROM t WHERE 1 = a",
                                           "SELECT a FROM t WHERE a IN (1)",
                                           "SELECT a FROM t WHERE a IN (1,2)",
                                           "SELECT (a) FROM t",
                                           "SELECT a FROM t WHERE a IS NULL",
                                           "SELECT a FROM t LIMIT 1",
                                           "SELECT a FROM t LIMIT 1, 2",
                                           "SELECT `select` FROM t",
                                           "SELECT select FROM t",
                                           "SELECT a.b FROM t",
                                           "SELECT a b FROM t",
                                           "SELECT ab FROM t",
                                           "SELECT a - 1 FROM t",
                                           "SELECT a, -1 FROM t",
                                           "SELECT a FROM t; SELECT 1",
                                           "SELECT averyverylongnameindeed1 FROM t",
                                           "SELECT averyverylongnameindeed2 FROM t",
                                           "SELECT a /*!99999 , b */ FROM t",
                                           "SELECT a /*!40101 , b */ FROM t",
                                           ""};
  for (std::size_t i = 0; i < different.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      EXPECT_NE(Id(different[i]), Id(different[k])) << different[i] << "\n" << different[k];
    }
  }
}

// Ids are kept in files and pasted into rules: they must not change with a build.
TEST(Digest, IdsAreTheSameForever) {
  EXPECT_EQ(Id("SELECT a FROM t WHERE b = 1"), 0xf0546eee275cf638U);
  EXPECT_EQ(Id("INSERT INTO averyverylongtablename (x) VALUES (1,2),(3,4)"), 0xcb839823286f10acU);
}

TEST(Digest, IsTheSameWhateverIsWritten) {
  const std::string sql = "SELECT a, 'x' FROM t WHERE b IN (1,2,3) AND c = d";
  const std::string whole = TextOf(sql);
  for (std::size_t room = 0; room <= whole.size() + 1; ++room) {
    std::string text(room, '\0');
    const Scan scan = ScanStatement(sql, true, SqlMode(), sql.size(), text);
    EXPECT_EQ(scan.mark.digest, Id(sql));
    EXPECT_EQ(text.substr(0, scan.text_size), whole.substr(0, room));
  }
}

TEST(Digest, IsCutBeforeAnUnfinishedListOfValues) {
  const auto cut = [](const std::string& sql, std::size_t budget) {
    return ScanStatement(sql, true, SqlMode(), budget, {}).mark.digest;
  };
  const std::string insert = "INSERT INTO t VALUES (1,'abc'),(2,'def'),(3,'ghi'),(4,'jkl')";
  const std::uint64_t id = cut(insert, 45);
  for (std::size_t budget = 40; budget < insert.size(); ++budget) {
    EXPECT_EQ(cut(insert, budget), id) << budget;
  }
  EXPECT_NE(id, Id(insert));
  EXPECT_EQ(cut("SELECT abc FROM t", 9), cut("SELECT axx FROM t", 9));
}

}  // namespace
}  // namespace headgate
