// What in a statement's text costs a server dear: the names of the traits, and the points each adds
// to a statement's score by default ([shape.points]).
//
// Threads: plain values. Lifetime: the names are string literals.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headgate {

enum class Trait : std::uint8_t {
  kSleep,            // SLEEP()
  kLongWait,         // SLEEP() of 10 s, of what is no number, once per row; GET_LOCK() and its kind
  kBenchmark,        // BENCHMARK()
  kGetLock,          // GET_LOCK(), MASTER_GTID_WAIT() and other waits
  kCrossJoin,        // tables joined without a condition: two, or a million small rows
  kCartesian,        // three of them, or more than a hundred million small rows
  kNoWhereWrite,     // UPDATE, DELETE, SELECT FOR UPDATE without WHERE, LIMIT and join condition
  kLeadingWildcard,  // LIKE '%...'
  kRegexp,           // REGEXP, RLIKE and their functions
  kNestedRegexp,     // (a+)+ in its pattern: backtracks without end
  kHugeInList,       // IN (...) of more than 1,000
  kDeepNesting,      // subqueries or parentheses deeper than 16
  kVeryDeepNesting,  // deeper than 64
  kUnionChain,       // more than 16 UNION / EXCEPT / INTERSECT of tables, 256 of constants
  kLongUnion,        // more than 64 of tables
  kRecursiveCte,     // WITH RECURSIVE
  kCteBomb,          // it joins itself without a condition: grows by a factor each round
  kManyJoins,        // more than 16 tables in one FROM
  kIntoOutfile,      // INTO OUTFILE, INTO DUMPFILE
  kLoadFile,         // LOAD_FILE()
  kBufferInflation,  // SET of session buffers, REPEAT/SPACE/RPAD with huge counts
  kOrderByRand,      // ORDER BY RAND()
  kSequenceTable,    // seq_1_to_N of more than a million rows
  kHugeSequence,     // of more than a hundred million
  kDynamicSql,       // PREPARE ... FROM, EXECUTE IMMEDIATE
  kHiddenCode,       // ... of what is put together by functions, or written in hex
  kLoop,             // WHILE, LOOP, REPEAT, FOR as statements outside a routine
  kExecutableComment,  // /*! ... */ hides code
  kCommentPadding,     // more plain comment than is looked past
  kUninspectedTail,    // longer than what is looked at
  kMultiStatement,     // several statements in one
  kLockTables,         // LOCK TABLES, FLUSH TABLES WITH READ LOCK
  kTimeLimitOff,       // max_statement_time or max_execution_time set to 0, or to days
  kInformationSchema,  // a scan of information_schema over all schemas
  kHeavyFunction,      // what KILL does not end: XPath, geometry, hashes of REPEAT, crypt rounds
  kSyntaxOdd,          // unterminated string or comment
  kCount
};

inline constexpr std::size_t kTraitCount = static_cast<std::size_t>(Trait::kCount);
static_assert(kTraitCount <= 64);

// One bit each.
using TraitSet = std::uint64_t;
constexpr TraitSet BitOf(Trait t) { return TraitSet{1} << static_cast<unsigned>(t); }

// snake_case, stable: "cross_join". The name in [shape.points], rules, logs and docs.
[[nodiscard]] std::string_view Name(Trait t);
// Points by trait; 0..1000 each.
using TraitPoints = std::array<std::uint16_t, kTraitCount>;
[[nodiscard]] const TraitPoints& DefaultPoints();
// The sum over the set's traits, at most 65,535.
[[nodiscard]] std::uint32_t Score(TraitSet traits, const TraitPoints& points);

}  // namespace headgate
