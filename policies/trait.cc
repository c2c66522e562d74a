#include "policies/trait.h"

#include <algorithm>
#include <bit>

namespace headgate {
namespace {

struct TraitRow {
  Trait trait;
  std::string_view name;
  std::uint16_t points;
};

constexpr std::array<TraitRow, kTraitCount> kTraits = {{
    {Trait::kSleep, "sleep", 60},
    {Trait::kLongWait, "long_wait", 60},
    {Trait::kBenchmark, "benchmark", 100},
    {Trait::kGetLock, "get_lock", 40},
    {Trait::kCrossJoin, "cross_join", 60},
    {Trait::kCartesian, "cartesian", 40},
    {Trait::kNoWhereWrite, "no_where_write", 50},
    {Trait::kLeadingWildcard, "leading_wildcard", 20},
    {Trait::kRegexp, "regexp", 20},
    {Trait::kNestedRegexp, "nested_regexp", 80},
    {Trait::kHugeInList, "huge_in_list", 30},
    {Trait::kDeepNesting, "deep_nesting", 60},
    {Trait::kVeryDeepNesting, "very_deep_nesting", 40},
    {Trait::kUnionChain, "union_chain", 60},
    {Trait::kLongUnion, "long_union", 40},
    {Trait::kRecursiveCte, "recursive_cte", 30},
    {Trait::kCteBomb, "cte_bomb", 100},
    {Trait::kManyJoins, "many_joins", 60},
    {Trait::kIntoOutfile, "into_outfile", 100},
    {Trait::kLoadFile, "load_file", 100},
    {Trait::kBufferInflation, "buffer_inflation", 100},
    {Trait::kOrderByRand, "order_by_rand", 40},
    {Trait::kSequenceTable, "sequence_table", 60},
    {Trait::kHugeSequence, "huge_sequence", 40},
    {Trait::kDynamicSql, "dynamic_sql", 30},
    {Trait::kHiddenCode, "hidden_code", 70},
    {Trait::kLoop, "loop", 100},
    {Trait::kExecutableComment, "executable_comment", 0},
    {Trait::kCommentPadding, "comment_padding", 100},
    {Trait::kUninspectedTail, "uninspected_tail", 0},
    {Trait::kMultiStatement, "multi_statement", 10},
    {Trait::kLockTables, "lock_tables", 40},
    {Trait::kTimeLimitOff, "time_limit_off", 50},
    {Trait::kInformationSchema, "information_schema", 40},
    {Trait::kHeavyFunction, "heavy_function", 100},
    {Trait::kSyntaxOdd, "syntax_odd", 40},
}};

constexpr bool TraitsInOrder() {
  for (std::size_t i = 0; i < kTraits.size(); ++i) {
    if (static_cast<std::size_t>(kTraits[i].trait) != i) return false;
  }
  return true;
}
static_assert(TraitsInOrder(), "one row per trait, in the order of the enum");

}  // namespace

std::string_view Name(Trait t) {
  const auto i = static_cast<std::size_t>(t);
  return i < kTraits.size() ? kTraits[i].name : std::string_view("none");
}

const TraitPoints& DefaultPoints() {
  static constexpr TraitPoints kPoints = [] {
    TraitPoints points{};
    for (std::size_t i = 0; i < kTraits.size(); ++i) points[i] = kTraits[i].points;
    return points;
  }();
  return kPoints;
}

std::uint32_t Score(TraitSet traits, const TraitPoints& points) {
  std::uint32_t score = 0;
  for (; traits != 0; traits &= traits - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(traits));
    if (i < points.size()) score += points[i];
  }
  return std::min<std::uint32_t>(score, 65535);
}

}  // namespace headgate
