// What the scanner tells of a statement, token by token: the contract between it and those who
// listen (the digest, the shape).
//
// Plain comments and white space are never told. The scanner itself finds StatementKind,
// sets_charset and the traits of the text as such: executable_comment, comment_padding,
// uninspected_tail, multi_statement, syntax_odd. All others are ShapeBuilder's (query_shape.h),
// which is told of a batch of tokens at a time, and looks at some of them (token_act.h).
//
// Threads: plain values. Lifetime: `text` is only valid during the call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headgate {

// The words that have a meaning to somebody here: sql_keywords.inc, where more may be added.
enum class Keyword : std::uint16_t {
  kNone,  // any other word
#define HEADGATE_RESERVED(name, spelling) name,
#define HEADGATE_WORD(name, spelling) name,
#define HEADGATE_FUNCTION(name, spelling) name,
#include "policies/sql_keywords.inc"
#undef HEADGATE_RESERVED
#undef HEADGATE_WORD
#undef HEADGATE_FUNCTION
  kSize  // how many there are
};

inline constexpr Keyword kLastReserved = Keyword::kZerofill;
inline constexpr Keyword kFirstFunction = Keyword::kAbs;
constexpr bool IsReserved(Keyword k) { return k != Keyword::kNone && k <= kLastReserved; }
constexpr bool IsFunction(Keyword k) { return k >= kFirstFunction; }

enum class TokenKind : std::uint8_t {
  // SELECT, users, sleep. `keyword` is what it would be as a word of the language; one that is not
  // reserved may as well be a name.
  kWord,
  // Never a word of the language: next to a dot (t.order, mysql.user), behind one @ (@x), or with
  // bytes that no word has. `keyword` is kNone.
  kName,
  // `x`, and "x" under ANSI_QUOTES. `text` is what is inside, doubled quotes left as they are.
  // `keyword` only where it is a function's (`sleep`(9) is a call), else kNone.
  kQuotedName,
  kVariable,     // sort_buffer_size of @@x and @@session.x, session itself too; with its keyword
  kString,       // 'x', "x", N'x'. `text` is what is inside, escapes left as they are
  kNumber,       // 1, .5, 1e10: without a sign
  kBits,         // 0x1F, x'1F', b'01', 0b01: `text` with its prefix
  kPlaceholder,  // ?, and \N as the literal it is
  kOperator,     // and punctuation: see `op`
  // /*!50100, /*M!100500 and /*+ and their end: what is between is told as code. `text` of the
  // first is what introduces it, of the second its star and slash.
  kCodeComment,
  kCodeCommentEnd,
};

// An operator's bytes as a number: Op("<=") at compile time.
constexpr std::uint32_t Op(std::string_view bytes) {
  std::uint32_t op = 0;
  for (const char c : bytes) op = op << 8 | static_cast<unsigned char>(c);
  return op;
}

// All of a token but its text: what is the same for every comma, and made when this is compiled
// (token_act.h). As many bytes as fit a register.
struct alignas(8) TokenHead {
  TokenKind kind = TokenKind::kOperator;
  std::uint8_t act = 0;  // what it is to the shape: an Act
  Keyword keyword = Keyword::kNone;
  // Of kOperator: one byte, or the longest of <= >= <> != <=> << >> || && := -> ->> @@ that fits.
  // A semicolon is only told when a further statement follows it.
  std::uint32_t op = 0;
};

struct Token : TokenHead {
  constexpr Token(const TokenHead& head, std::string_view written)
      : TokenHead(head), text(written) {}

  std::string_view text;  // as written, a view of the statement
};

}  // namespace headgate
