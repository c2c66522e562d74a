// The shape of whole statements, through the scanner. Many more: system.statement-corpus.
#include "policies/query_shape.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "policies/sql_scanner.h"
#include "policies/trait.h"

namespace headgate {
namespace {

TraitSet TraitsOf(std::string_view sql) {
  return ScanStatement(sql, true, SqlMode{}, 64 * 1024, {}).mark.traits;
}
std::string Times(unsigned n, std::string_view part) {
  std::string all;
  for (unsigned i = 0; i < n; ++i) all += part;
  return all;
}

// The names of a statement's traits, in the enum's order.
std::string Shape(std::string_view sql) {
  std::string names;
  const TraitSet traits = TraitsOf(sql);
  for (std::size_t i = 0; i < kTraitCount; ++i) {
    if ((traits >> i & 1) == 0) continue;
    if (!names.empty()) names += ' ';
    names += Name(static_cast<Trait>(i));
  }
  return names;
}

TEST(QueryShape, SleepIsACallAndNoColumn) {
  EXPECT_EQ(Shape("SELECT SLEEP(1)"), "sleep");
  EXPECT_EQ(Shape("SELECT sleep, s.sleep FROM sleep s WHERE sleep > 5"), "");
  EXPECT_EQ(Shape("SELECT 'SLEEP(100)'"), "");
  EXPECT_EQ(Shape("SELECT s.sleep(100)"), "");
  EXPECT_EQ(Shape("SELECT `sleep` (1)"), "sleep");
}

TEST(QueryShape, LongWaits) {
  EXPECT_EQ(Shape("SELECT SLEEP(10)"), "sleep long_wait");
  EXPECT_EQ(Shape("SELECT SLEEP(@x)"), "sleep long_wait");
  EXPECT_EQ(Shape("SELECT SLEEP(1) FROM t"), "sleep long_wait");
  EXPECT_EQ(Shape("SELECT a FROM t WHERE b = (SELECT SLEEP(1))"), "sleep long_wait");
  EXPECT_EQ(Shape("SELECT GET_LOCK('a', 0)"), "get_lock");
  EXPECT_EQ(Shape("SELECT GET_LOCK(?, ?)"), "get_lock");
  EXPECT_EQ(Shape("SELECT GET_LOCK('a', -1)"), "long_wait get_lock");
  EXPECT_EQ(Shape("SELECT GET_LOCK('a', 61)"), "long_wait get_lock");
  EXPECT_EQ(Shape("SELECT MASTER_GTID_WAIT('0-1-2', 2)"), "get_lock");
  EXPECT_EQ(Shape("SELECT MASTER_GTID_WAIT('0-1-2')"), "long_wait get_lock");
}

TEST(QueryShape, JoinsWithACondition) {
  for (const char* sql : {
           "SELECT * FROM a, b WHERE a.id = b.id",
           "SELECT * FROM a JOIN b ON a.id = b.id",
           "SELECT * FROM a x JOIN db.b AS y ON `x`.`id` = y.id",
           "SELECT * FROM a JOIN b USING (id)",
           "SELECT * FROM a NATURAL JOIN b",
           "SELECT * FROM a, b WHERE a_id = b_id",
           "SELECT * FROM a, b WHERE DATE(a.x) = b.y AND a.z BETWEEN 1 AND 2",
           "SELECT * FROM a, b WHERE a.x BETWEEN b.lo AND b.hi",
           "SELECT * FROM a, b WHERE (a.x, a.y) = (b.x, b.y)",
           "SELECT * FROM a, b WHERE EXISTS (SELECT 1 FROM c WHERE c.a = a.id AND c.b = b.id) AND "
           "a.id = 3",
           "SELECT * FROM a CROSS JOIN (SELECT COUNT(*) n FROM b) c",
           "SELECT * FROM a, (SELECT @n := 0) r",
           "SELECT * FROM a, b WHERE a.id = 1 AND b.id = 2",
           "SELECT * FROM a, JSON_TABLE(a.j, '$[*]' COLUMNS (x INT PATH '$')) t",
           "SELECT SUBSTRING(a.x FROM 2 FOR 3), EXTRACT(YEAR FROM a.d) FROM a FORCE INDEX (i, j)",
           "INSERT INTO t SELECT * FROM a ON DUPLICATE KEY UPDATE x = 1, y = 2, z = 3",
           "UPDATE a JOIN b ON a.id = b.id SET a.x = b.x",
           "EXPLAIN SELECT * FROM a, b, c",
       }) {
    EXPECT_EQ(Shape(sql), "") << sql;
  }
}

TEST(QueryShape, JoinsWithout) {
  for (const char* sql : {
           "SELECT * FROM a, b",
           "SELECT * FROM a JOIN b ON 1=1",
           "SELECT * FROM a JOIN b ON a.id > 0",
           "SELECT * FROM (a, b)",
           "SELECT * FROM a, b WHERE a.id = a.id",
           "SELECT * FROM a, b, c WHERE a.id = b.id",
           "SELECT 1 FROM x WHERE x.id IN (SELECT a.id FROM a, b)",
           "SELECT 1 UNION SELECT a.id FROM a CROSS JOIN b",
       }) {
    EXPECT_EQ(Shape(sql), "cross_join") << sql;
  }
  EXPECT_EQ(Shape("SELECT * FROM a, b, c"), "cross_join cartesian");
  EXPECT_EQ(Shape("SELECT * FROM a" + Times(20, " JOIN b")), "cross_join cartesian many_joins");
  EXPECT_EQ(Shape("EXPLAIN ANALYZE SELECT * FROM a, b"), "cross_join");
}

TEST(QueryShape, SmallTablesByTheirSize) {
  EXPECT_EQ(Shape("SELECT * FROM seq_1_to_10 a, seq_1_to_10 b, orders"), "");
  EXPECT_EQ(Shape("SELECT * FROM seq_1_to_1000 a, seq_1_to_1000 b"), "cross_join");
  EXPECT_EQ(Shape("SELECT * FROM seq_1_to_9999999"), "sequence_table");
  EXPECT_EQ(Shape("SELECT * FROM seq_1_to_999999999"), "sequence_table huge_sequence");
}

TEST(QueryShape, CopiesOfCtes) {
  std::string sql = "WITH c0 AS (SELECT 1 n)";
  for (int i = 1; i <= 12; ++i) {
    const std::string before = "c" + std::to_string(i - 1);
    sql += ", c" + std::to_string(i) + " AS (SELECT a.n FROM " + before + " a JOIN " + before +
           " b ON a.n = b.n)";
  }
  EXPECT_EQ(Shape(sql + " SELECT * FROM c5"), "cte_bomb");
  EXPECT_EQ(Shape("WITH a AS (SELECT 1 n), b AS (SELECT * FROM a JOIN x ON x.n = a.n)"
                  " SELECT * FROM a JOIN b ON a.n = b.n"),
            "");
}

TEST(QueryShape, RecursiveCtes) {
  EXPECT_EQ(Shape("WITH RECURSIVE c AS (SELECT 1 n UNION ALL SELECT n + 1 FROM c WHERE n < 9)"
                  " SELECT * FROM c"),
            "recursive_cte");
  EXPECT_EQ(Shape("WITH RECURSIVE c AS (SELECT 1 n UNION ALL SELECT n + 1 FROM c, (SELECT 1 UNION"
                  " SELECT 2) d) SELECT * FROM c"),
            "recursive_cte cte_bomb");
}

TEST(QueryShape, Writes) {
  EXPECT_EQ(Shape("DELETE FROM t"), "no_where_write");
  EXPECT_EQ(Shape("UPDATE t SET a = 1"), "no_where_write");
  EXPECT_EQ(Shape("SELECT * FROM t FOR UPDATE"), "no_where_write");
  EXPECT_EQ(Shape("UPDATE t SET a = 1 LIMIT 5"), "");
  EXPECT_EQ(Shape("DELETE FROM t WHERE a = 1"), "");
  EXPECT_EQ(Shape("TRUNCATE t"), "");
  EXPECT_EQ(Shape("INSERT INTO t SELECT * FROM s"), "");
  EXPECT_EQ(Shape("CREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW DELETE FROM s"), "");
}

TEST(QueryShape, Patterns) {
  EXPECT_EQ(Shape("SELECT 1 FROM t WHERE a LIKE '%x'"), "leading_wildcard");
  EXPECT_EQ(Shape("SELECT 1 FROM t WHERE a LIKE CONCAT('%', ?)"), "leading_wildcard");
  EXPECT_EQ(Shape("SELECT 1 FROM t WHERE a LIKE 'x%' AND b = '%'"), "");
  EXPECT_EQ(Shape("SHOW TABLES LIKE '%x'"), "");
  EXPECT_EQ(Shape("SELECT a RLIKE '^x'"), "regexp");
  EXPECT_EQ(Shape("SELECT a REGEXP '(x+)+'"), "regexp nested_regexp");
}

TEST(QueryShape, Lists) {
  EXPECT_EQ(Shape("SELECT 1 FROM t WHERE a IN (" + Times(1000, "1,") + "1)"), "huge_in_list");
  EXPECT_EQ(Shape("SELECT 1 FROM t WHERE a IN (" + Times(999, "1,") + "1)"), "");
  EXPECT_EQ(Shape("INSERT INTO t VALUES " + Times(3000, "(1,2),") + "(3,4)"), "");
}

TEST(QueryShape, Depth) {
  EXPECT_EQ(Shape("SELECT " + Times(16, "(") + "1" + Times(16, ")")), "");
  EXPECT_EQ(Shape("SELECT " + Times(17, "(") + "1" + Times(17, ")")), "deep_nesting");
  EXPECT_EQ(Shape("SELECT " + Times(900, "(") + "1" + Times(900, ")")),
            "deep_nesting very_deep_nesting");
  EXPECT_EQ(Shape("SELECT a FROM t WHERE a IN (" + Times(40, "SELECT a FROM t WHERE a IN (") + "1" +
                  Times(41, ")")),
            "deep_nesting");
  EXPECT_EQ(Shape("SELECT 1" + Times(900, ")")), "");
}

TEST(QueryShape, Unions) {
  EXPECT_EQ(Shape("SELECT 1" + Times(31, " UNION ALL SELECT 2")), "");
  EXPECT_EQ(Shape("SELECT a FROM t" + Times(17, " UNION SELECT a FROM t")), "union_chain");
  EXPECT_EQ(Shape("SELECT a FROM t" + Times(65, " UNION SELECT a FROM t")),
            "union_chain long_union");
  EXPECT_EQ(Shape("(SELECT a FROM t)" + Times(17, " UNION (SELECT a FROM t)")), "union_chain");
}

TEST(QueryShape, Settings) {
  EXPECT_EQ(Shape("SET sort_buffer_size = 2097152"), "");
  EXPECT_EQ(Shape("SET @@session.sort_buffer_size = 8*1024*1024*1024"), "buffer_inflation");
  EXPECT_EQ(Shape("SET tmp_table_size = 1 << 40"), "buffer_inflation");
  EXPECT_EQ(Shape("SET sort_buffer_size = @old, sql_mode = ''"), "");
  EXPECT_EQ(Shape("SELECT /*+ SET_VAR(join_buffer_size = 16G) */ 1"), "buffer_inflation");
  EXPECT_EQ(Shape("SET max_statement_time = 0"), "time_limit_off");
  EXPECT_EQ(Shape("SET STATEMENT max_statement_time = 60 FOR SELECT 1"), "");
  EXPECT_EQ(Shape("SET STATEMENT max_statement_time = 0 FOR DELETE FROM t"),
            "no_where_write time_limit_off");
}

TEST(QueryShape, HeavyFunctions) {
  EXPECT_EQ(Shape("SELECT REPEAT('-', 40)"), "");
  EXPECT_EQ(Shape("SELECT REPEAT(REPEAT('a', 3000), 3000)"), "buffer_inflation");
  EXPECT_EQ(Shape("SELECT MD5(REPEAT('a', 20000))"), "heavy_function");
  EXPECT_EQ(Shape("SELECT EXTRACTVALUE(x, '//a/b')"), "");
  EXPECT_EQ(Shape("SELECT EXTRACTVALUE(x, '//a[//b]')"), "heavy_function");
  EXPECT_EQ(Shape("SELECT ENCRYPT('x', '$6$rounds=9999999$s')"), "heavy_function");
}

TEST(QueryShape, DynamicSql) {
  EXPECT_EQ(Shape("PREPARE s FROM @q"), "dynamic_sql");
  EXPECT_EQ(Shape("PREPARE s FROM 'SELECT 1'"), "dynamic_sql");
  EXPECT_EQ(Shape("PREPARE s FROM 'SELECT SLEEP(99)'"), "sleep long_wait dynamic_sql");
  EXPECT_EQ(Shape("EXECUTE IMMEDIATE CONCAT('SELECT ', '1')"), "dynamic_sql hidden_code");
  EXPECT_EQ(Shape("EXECUTE IMMEDIATE 0x53454C"), "dynamic_sql hidden_code");
  EXPECT_EQ(Shape("EXECUTE IMMEDIATE 'SET NAMES gbk'"), "dynamic_sql hidden_code");
  EXPECT_EQ(Shape("EXECUTE s USING @a"), "");
}

TEST(QueryShape, Loops) {
  EXPECT_EQ(Shape("WHILE 1 DO DO 1; END WHILE"), "loop multi_statement");
  EXPECT_EQ(Shape("BEGIN NOT ATOMIC FOR i IN 1..9 DO DO 1; END FOR; END"), "loop");
  EXPECT_EQ(Shape("CREATE PROCEDURE p() BEGIN WHILE 1 DO SET @a = 1; END WHILE; END"), "");
  EXPECT_EQ(Shape("SELECT REPEAT('a', 3)"), "");
  EXPECT_EQ(Shape("CHECK TABLE t FOR UPGRADE"), "");
}

TEST(QueryShape, InformationSchema) {
  EXPECT_EQ(Shape("SELECT * FROM information_schema.tables"), "information_schema");
  EXPECT_EQ(Shape("SELECT * FROM INFORMATION_SCHEMA.`COLUMNS` WHERE TABLE_SCHEMA = 'x'"), "");
  EXPECT_EQ(Shape("SELECT * FROM information_schema.processlist"), "");
  // Whichever of them says where to look.
  for (const char* column : {"table_schema", "table_name", "constraint_schema", "schema_name",
                             "trigger_schema", "event_object_schema"}) {
    EXPECT_EQ(
        Shape("SELECT 1 FROM information_schema.tables WHERE " + std::string(column) + " = 'x'"),
        "")
        << column;
  }
  EXPECT_EQ(Shape("SELECT 1 FROM information_schema.tables WHERE engine = 'x'"),
            "information_schema");
}

TEST(QueryShape, LocksFilesAndTheRest) {
  EXPECT_EQ(Shape("LOCK TABLES a WRITE"), "lock_tables");
  EXPECT_EQ(Shape("FLUSH TABLES WITH READ LOCK"), "lock_tables");
  EXPECT_EQ(Shape("SELECT 1 FROM t WHERE id = 1 LOCK IN SHARE MODE"), "");
  EXPECT_EQ(Shape("SELECT 1 INTO OUTFILE '/tmp/x'"), "into_outfile");
  EXPECT_EQ(Shape("SELECT LOAD_FILE('/etc/passwd')"), "load_file");
  EXPECT_EQ(Shape("SELECT 1 FROM t ORDER BY RAND()"), "order_by_rand");
  EXPECT_EQ(Shape("SELECT RAND() FROM t ORDER BY a"), "");
  EXPECT_EQ(Shape("SELECT 1; DELETE FROM t"), "no_where_write multi_statement");
}

// Whatever comes, in whatever order, nothing is read or written where it should not be.
TEST(QueryShape, NonsenseIsPassedOver) {
  static constexpr std::string_view kParts[] = {
      "SELECT ", "FROM ", "(",       ")",          ",",          "a",
      ".",       "JOIN ", "ON ",     "USING ",     "WITH ",      "AS ",
      "UNION ",  "1",     "'x'",     "@",          "SET ",       "LIMIT ",
      "UPDATE ", "FOR ",  "IN ",     "SLEEP",      "REPEAT",     "REPLACE",
      ";",       "=",     "VALUES ", "RECURSIVE ", "seq_1_to_9", "information_schema",
      "DELETE ", "{",     "/*!",     "*/"};
  std::uint64_t state = 1;
  for (int i = 0; i < 20'000; ++i) {
    std::string sql;
    for (int n = 0; n < 60; ++n) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      sql += kParts[(state >> 33) % std::size(kParts)];
      if ((state >> 60) == 0) sql += ' ';
    }
    const TraitSet traits = TraitsOf(sql);
    EXPECT_EQ(traits >> kTraitCount, 0u);
    EXPECT_EQ(traits, TraitsOf(sql));
  }
}

TEST(QueryShape, FunctionsThatAreMetByTheirName) {
  EXPECT_EQ(Shape("SELECT BENCHMARK(10, MD5('a'))"), "benchmark");
  EXPECT_EQ(Shape("SELECT benchmark FROM benchmark"), "");
  EXPECT_EQ(Shape("SELECT SYS_EXEC('x')"), "heavy_function");
  EXPECT_EQ(Shape("SELECT REGEXP_LIKE(a, 'x') FROM t"), "regexp");
  EXPECT_EQ(Shape("SELECT REGEXP_INSTR(a, '(x+)+') FROM t"), "regexp nested_regexp");
}

TEST(QueryShape, SettingsOfRoundsAndOfMilliseconds) {
  EXPECT_EQ(Shape("SET max_recursive_iterations = 100000"), "");
  EXPECT_EQ(Shape("SET max_recursive_iterations = 100001"), "buffer_inflation");
  EXPECT_EQ(Shape("SET cte_max_recursion_depth = 4294967295"), "buffer_inflation");
  EXPECT_EQ(Shape("SET max_execution_time = 86399999"), "");
  EXPECT_EQ(Shape("SET max_execution_time = 86400000"), "time_limit_off");
  EXPECT_EQ(Shape("SET max_execution_time = 0"), "time_limit_off");
  EXPECT_EQ(Shape("SET max_statement_time = 86399"), "");
  EXPECT_EQ(Shape("SET max_statement_time = 86400"), "time_limit_off");
}

// One row joins with anything: an aggregate without groups, or nothing at all.
TEST(QueryShape, DerivedTablesOfOneRow) {
  const std::string join = "SELECT * FROM a CROSS JOIN ";
  EXPECT_EQ(Shape(join + "(SELECT COUNT(*) n FROM b) c"), "");
  EXPECT_EQ(Shape(join + "(SELECT COUNT(*) n FROM b GROUP BY x) c"), "cross_join");
  EXPECT_EQ(Shape(join + "(SELECT COUNT(*) OVER () n FROM b) c"), "cross_join");
  EXPECT_EQ(Shape(join + "(SELECT 1 n FROM DUAL) c"), "");
  EXPECT_EQ(Shape(join + "(SELECT 1 n FROM b) c"), "cross_join");
}

}  // namespace
}  // namespace headgate
