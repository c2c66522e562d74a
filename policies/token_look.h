// Which tokens the shape has to look at, and what the others are to the one behind them: a byte that
// is made with the token, so that most tokens cost the shape one comparison.
//
// Threads: constant tables. Lifetime: static.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "policies/sql_token.h"

namespace headgate {

// What the token before was; the low bits of Token::look.
enum class Before : std::uint8_t {
  kNothing,
  kWord,
  kName,
  kColumn,  // a name that was counted as a column: said by the shape
  kNumber,
  kValue,
  kOpen,
  kClose,
  kComma,
  kDot,
  kAt,
  kOther
};

namespace look {
inline constexpr std::uint8_t kBefore = 0x0F;
// The others say when the shape has something to do.
inline constexpr std::uint8_t kComma = 0x10;
inline constexpr std::uint8_t kValue = 0x20;
inline constexpr std::uint8_t kName = 0x40;  // where names, and what connects them, count
inline constexpr std::uint8_t kAlways = 0x80;

using K = Keyword;
inline constexpr std::size_t kKeywords = static_cast<std::size_t>(K::kSize);

// Of kWord. Words at which the shape has something to do; all others are names or passed over.
inline constexpr std::array<std::uint8_t, kKeywords> kWords = [] {
  std::array<std::uint8_t, kKeywords> looks{};
  for (std::size_t k = 0; k < kKeywords; ++k) {
    looks[k] = IsReserved(static_cast<K>(k))
                   ? static_cast<std::uint8_t>(Before::kWord)
                   : static_cast<std::uint8_t>(kName | static_cast<std::uint8_t>(Before::kName));
  }
  for (const K k :
       {K::kSelect,    K::kFrom,      K::kWhere,     K::kJoin,     K::kStraightJoin, K::kNatural,
        K::kOn,        K::kUsing,     K::kAnd,       K::kOr,       K::kXor,          K::kBetween,
        K::kIn,        K::kGroup,     K::kOrder,     K::kHaving,   K::kLimit,        K::kUnion,
        K::kExcept,    K::kIntersect, K::kSet,       K::kUpdate,   K::kDelete,       K::kWith,
        K::kRecursive, K::kValues,    K::kOutfile,   K::kDumpfile, K::kLike,         K::kRegexp,
        K::kRlike,     K::kFor,       K::kLock,      K::kFlush,    K::kTable,        K::kTables,
        K::kPrepare,   K::kExecute,   K::kImmediate, K::kCreate,   K::kAlter,        K::kDrop,
        K::kShow,      K::kExplain,   K::kAnalyze,   K::kDescribe, K::kDesc,         K::kBegin,
        K::kLoop,      K::kWhile,     K::kRepeat,    K::kDual,     K::kOver,         K::kWindow,
        K::kReturning, K::kInto,      K::kInsert,    K::kReplace,  K::kCall,         K::kGrant,
        K::kRevoke,    K::kLoad,      K::kDo,        K::kKill,     K::kProcedure,    K::kFunction,
        K::kTrigger,   K::kEvent,     K::kPackage}) {
    looks[static_cast<std::size_t>(k)] |= kAlways;
  }
  return looks;
}();

constexpr std::uint8_t Of(std::uint8_t bits, Before before) {
  return static_cast<std::uint8_t>(bits | static_cast<std::uint8_t>(before));
}

constexpr std::uint8_t OfOperator(std::uint32_t op) {
  switch (op) {
    case Op("("):
      return Of(kAlways, Before::kOpen);
    case Op(")"):
      return Of(kAlways, Before::kClose);
    case Op(","):
      return Of(kComma, Before::kComma);
    case Op("."):
      return Of(kName, Before::kDot);
    case Op("@"):
      return Of(0, Before::kAt);
    case Op("="):
    case Op("<=>"):
      return Of(kName, Before::kOther);
    case Op("&&"):
    case Op("||"):
      return Of(kAlways, Before::kOther);
    case Op(";"):
      return Of(kAlways, Before::kNothing);
    default:
      return Of(0, Before::kOther);
  }
}
}  // namespace look

constexpr bool Acts(Keyword k) {
  return (look::kWords[static_cast<std::size_t>(k)] & look::kAlways) != 0;
}

// The whole head of such a token.
constexpr TokenHead HeadOf(TokenKind kind, Keyword keyword = Keyword::kNone, std::uint32_t op = 0) {
  TokenHead head{kind, 0, keyword, op};
  switch (kind) {
    case TokenKind::kWord:
      head.look = look::kWords[static_cast<std::size_t>(keyword)];
      break;
    case TokenKind::kName:
    case TokenKind::kQuotedName:
      head.look = look::Of(look::kName, Before::kName);
      break;
    case TokenKind::kOperator:
      head.look = look::OfOperator(op);
      break;
    case TokenKind::kNumber:
      head.look = look::Of(look::kValue, Before::kNumber);
      break;
    default:
      head.look = look::Of(look::kValue, Before::kValue);
      break;
  }
  return head;
}

}  // namespace headgate
