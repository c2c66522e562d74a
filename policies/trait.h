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
  kSleep,              // SLEEP()
  kBenchmark,          // BENCHMARK()
  kGetLock,            // GET_LOCK(), MASTER_GTID_WAIT() and other waits
  kCrossJoin,          // tables joined without a condition
  kNoWhereWrite,       // UPDATE or DELETE without WHERE and LIMIT
  kLeadingWildcard,    // LIKE '%...'
  kRegexp,             // REGEXP, RLIKE on a column
  kHugeInList,         // IN (...) of more than 1,000
  kDeepNesting,        // subqueries or parentheses deeper than 16
  kUnionChain,         // more than 16 UNION / EXCEPT / INTERSECT
  kRecursiveCte,       // WITH RECURSIVE
  kManyJoins,          // more than 16 tables
  kIntoOutfile,        // INTO OUTFILE, INTO DUMPFILE
  kLoadFile,           // LOAD_FILE()
  kBufferInflation,    // SET of session buffers, REPEAT/SPACE/RPAD with huge counts
  kOrderByRand,        // ORDER BY RAND()
  kSequenceTable,      // seq_1_to_1000000000
  kDynamicSql,         // PREPARE ... FROM, EXECUTE IMMEDIATE
  kExecutableComment,  // /*! ... */ hides code
  kCommentPadding,     // more plain comment than is looked past
  kUninspectedTail,    // longer than what is looked at
  kMultiStatement,     // several statements in one
  kLockTables,         // LOCK TABLES, FLUSH TABLES WITH READ LOCK
  kTimeLimitOff,       // SET max_statement_time, SET STATEMENT ... FOR
  kInformationSchema,  // a scan of information_schema over all schemas
  kHeavyFunction,      // nested LOAD_FILE, EXTRACTVALUE, MD5 of REPEAT, AES chains, JSON bombs
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
