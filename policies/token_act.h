// What a token is to the shape: a number that is made with the token, so that most tokens cost the
// shape one look at a bit, and the others one jump.
//
// Threads: constant tables. Lifetime: static.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "policies/sql_token.h"

namespace headgate {

enum class Act : std::uint8_t {
  kNothing,  // before the first
  kPlain,    // a reserved word that says nothing
  // Names, and words that may be some.
  kName,
  kVerbName,     // ... and what the statement does
  kOutfileName,  // DUMPFILE
  kColumn,       // said by the shape: it was counted as a column
  kOpen,
  kClose,
  kComma,
  kDot,
  kAt,
  kSemicolon,
  // Other operators.
  kEquals,
  kConnects,  // && ||
  kOperator,
  // Literals and their kind.
  kNumber,
  kString,
  kVariable,
  kBits,
  kValue,
  // Reserved words with a part of their own.
  kVerb,  // what the statement does, and no clause begins
  kAndOr,
  kBetween,
  kDual,
  kFor,
  kFrom,
  kGroup,
  kIn,
  kJoin,
  kLeave,  // a clause begins in which names connect nothing
  kLike,
  kLimit,
  kLock,
  kNatural,
  kOn,
  kOrder,
  kOutfile,
  kOver,
  kRecursive,
  kRegexp,
  kSelect,
  kSet,
  kSetOperation,
  kUpdate,
  kUsing,
  kValues,
  kWhere,
  kWith,
  kSize
};

// A bit each.
using ActSet = std::uint64_t;
static_assert(static_cast<unsigned>(Act::kSize) <= 64);
constexpr ActSet SetOf(std::initializer_list<Act> acts) {
  ActSet set = 0;
  for (const Act a : acts) set |= ActSet{1} << static_cast<unsigned>(a);
  return set;
}
constexpr bool Has(ActSet set, Act a) { return (set >> static_cast<unsigned>(a) & 1) != 0; }

inline constexpr ActSet kCommas = SetOf({Act::kComma});
inline constexpr ActSet kLiterals =
    SetOf({Act::kNumber, Act::kString, Act::kVariable, Act::kBits, Act::kValue});

namespace act_internal {

using K = Keyword;
inline constexpr std::size_t kKeywords = static_cast<std::size_t>(K::kSize);

inline constexpr std::array<Act, kKeywords> kActs = [] {
  std::array<Act, kKeywords> acts{};
  const auto set = [&acts](Act act, std::initializer_list<K> words) {
    for (const K k : words) acts[static_cast<std::size_t>(k)] = act;
  };
  for (std::size_t k = 0; k < kKeywords; ++k) {
    acts[k] = IsReserved(static_cast<K>(k)) ? Act::kPlain : Act::kName;
  }
  for (const K k :
       {K::kDelete,  K::kFlush, K::kTable,  K::kTables, K::kPrepare, K::kExecute, K::kImmediate,
        K::kCreate,  K::kAlter, K::kDrop,   K::kShow,   K::kExplain, K::kAnalyze, K::kDescribe,
        K::kDesc,    K::kBegin, K::kLoop,   K::kWhile,  K::kRepeat,  K::kInsert,  K::kReplace,
        K::kCall,    K::kGrant, K::kRevoke, K::kLoad,   K::kDo,      K::kKill,    K::kFunction,
        K::kTrigger, K::kEvent, K::kPackage}) {
    acts[static_cast<std::size_t>(k)] = IsReserved(k) ? Act::kVerb : Act::kVerbName;
  }
  set(Act::kAndOr, {K::kAnd, K::kOr, K::kXor});
  set(Act::kBetween, {K::kBetween});
  set(Act::kDual, {K::kDual});
  set(Act::kFor, {K::kFor});
  set(Act::kFrom, {K::kFrom});
  set(Act::kGroup, {K::kGroup});
  set(Act::kIn, {K::kIn});
  set(Act::kJoin, {K::kJoin, K::kStraightJoin});
  set(Act::kLeave, {K::kHaving, K::kWindow, K::kReturning, K::kInto, K::kProcedure});
  set(Act::kLike, {K::kLike});
  set(Act::kLimit, {K::kLimit});
  set(Act::kLock, {K::kLock});
  set(Act::kNatural, {K::kNatural});
  set(Act::kOn, {K::kOn});
  set(Act::kOrder, {K::kOrder});
  set(Act::kOutfile, {K::kOutfile});
  set(Act::kOutfileName, {K::kDumpfile});
  set(Act::kOver, {K::kOver});
  set(Act::kRecursive, {K::kRecursive});
  set(Act::kRegexp, {K::kRegexp, K::kRlike});
  set(Act::kSelect, {K::kSelect});
  set(Act::kSet, {K::kSet});
  set(Act::kSetOperation, {K::kUnion, K::kExcept, K::kIntersect});
  set(Act::kUpdate, {K::kUpdate});
  set(Act::kUsing, {K::kUsing});
  set(Act::kValues, {K::kValues});
  set(Act::kWhere, {K::kWhere});
  set(Act::kWith, {K::kWith});
  return acts;
}();

// Names are where the words may be names.
constexpr bool Agree() {
  for (std::size_t k = 0; k < kKeywords; ++k) {
    const bool name = kActs[k] >= Act::kName && kActs[k] <= Act::kOutfileName;
    if (name == IsReserved(static_cast<K>(k))) return false;
  }
  return true;
}
static_assert(Agree());

constexpr Act OfOperator(std::uint32_t op) {
  switch (op) {
    case Op("("):
      return Act::kOpen;
    case Op(")"):
      return Act::kClose;
    case Op(","):
      return Act::kComma;
    case Op("."):
      return Act::kDot;
    case Op("@"):
      return Act::kAt;
    case Op("="):
    case Op("<=>"):
      return Act::kEquals;
    case Op("&&"):
    case Op("||"):
      return Act::kConnects;
    case Op(";"):
      return Act::kSemicolon;
    default:
      return Act::kOperator;
  }
}

constexpr Act Of(TokenKind kind, Keyword keyword, std::uint32_t op) {
  switch (kind) {
    case TokenKind::kWord:
      return kActs[static_cast<std::size_t>(keyword)];
    case TokenKind::kName:
    case TokenKind::kQuotedName:
      return Act::kName;
    case TokenKind::kVariable:
      return Act::kVariable;
    case TokenKind::kString:
      return Act::kString;
    case TokenKind::kNumber:
      return Act::kNumber;
    case TokenKind::kBits:
      return Act::kBits;
    case TokenKind::kOperator:
      return OfOperator(op);
    default:
      return Act::kValue;
  }
}

}  // namespace act_internal

// The whole head of such a token.
constexpr TokenHead HeadOf(TokenKind kind, Keyword keyword = Keyword::kNone, std::uint32_t op = 0) {
  return {kind, static_cast<std::uint8_t>(act_internal::Of(kind, keyword, op)), keyword, op};
}

}  // namespace headgate
