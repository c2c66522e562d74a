// The fingerprint of a statement: what remains of it when the values are gone, as a 64-bit id and,
// if somebody wants to read it, as text.
//
// What is one: literals become `?`; lists of them `?, ...`; (?) and (?, ...) of several rows become
// (?), ... and (?, ...), ...; white space, comments and the case of the language's words do not
// count. The case of names does, as they differ for the server; quoted or not, a name is the same.
// That is what DBAs know from performance_schema (MariaDB 10.11: SELECT ?, ... FROM t WHERE a IN
// (...), VALUES (...) /* , ... */). Where it differs from it:
//  * A sign before a literal belongs to it wherever no operand is before it: `a = -1` is `a = ?`
//    there too only behind ( , and operators of arithmetic.
//  * Adjacent strings are one literal ('a' 'b'), and so is an introduced one's text.
//  * NULL is a literal except behind IS and NOT, also where it is a column's option.
//  * Only the words of sql_keywords.inc are words of the language; one that is not reserved is the
//    same as the name in lower case.
//  * Optimizer hints and comments that only some servers execute (newer than 5.1, or /*M!) keep
//    their frame and count.
//  * Several statements in one have one fingerprint together.
//  * A statement longer than what was looked at is cut before its unfinished list of values, and
//    has another id than a complete one.
// And from pt-fingerprint: that folds names too, takes (?) and (?, ...) and any number of rows for
// one, and replaces digits inside names.
//
// The text is a statement again: looked at, it has the same id (unless it was cut to fit). So it
// can be pasted into a rule.
//
// The id: a token's bytes as a little-endian number (those of longer ones folded, 16 at a time, by
// a product of 64 by 64 bits with the sum of its halves, as in wyhash and MUM), marked with what
// kind it is, is xored to the id so far, and that folded with kStep. It depends on nothing but the
// bytes: the same on every machine and in every build. It is not keyed; whoever wants to can make
// two statements with one id, so tables hash it again with a secret. Never 0.
//
// Threads: one per scan. Lifetime: writes into a text that must outlive it.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "policies/sql_chars.h"

namespace headgate::sql {

// What a token is to the fingerprint.
enum class Part : std::uint8_t {
  kNone,     // before the first
  kExpects,  // an operand follows: SELECT, =, BETWEEN
  kOperand,  // a name, a closed parenthesis
  kSign,
  kComma,
  kOpen,
  kNullGuard,  // IS, NOT: a NULL behind them is no literal
  // From here on, literals and their lists: operands too.
  kValue,     // ?
  kValues,    // ?, ...
  kRow,       // (?)
  kRows,      // (?), ...
  kWideRow,   // (?, ...)
  kWideRows,  // (?, ...), ...
  // Only in what is taken.
  kClose,
  kNull,
  kDots,    // of our own text: the list before goes on
  kNobody,  // does not count
};

// Of a word or name of at most 16 bytes, folded if the language knows it. `reserved` keeps SELECT
// and `select` apart.
[[nodiscard]] constexpr std::uint64_t HashWord(const Sixteen& bytes, bool reserved);
// The same for more than 16 bytes.
[[nodiscard]] std::uint64_t HashLongWord(std::string_view bytes, bool reserved);
[[nodiscard]] constexpr std::uint64_t HashOperator(std::uint32_t op);

namespace digest_internal {
inline constexpr std::uint64_t kStep = 0x9fb21c651e98df25U;
inline constexpr std::uint64_t kLow = 0xa0761d6478bd642fU;
inline constexpr std::uint64_t kHigh = 0xe7037ed1a0b428dbU;
inline constexpr std::uint64_t kReserved = 0x8ebc6af09c88c6e3U;
inline constexpr std::uint64_t kOperator = 0x589965cc75374cc3U;
inline constexpr std::uint64_t kValue = 0x1d8e4e27c47d124fU;
inline constexpr std::uint64_t kValues = 0xeb44accab455d165U;
inline constexpr std::uint64_t kRow = 0x2127599bf4325c37U;
inline constexpr std::uint64_t kRows = 0x880355f21e6d1965U;
inline constexpr std::uint64_t kWide = 0x65c3f1a9d2b7480dU;
inline constexpr std::uint64_t kNull = 0xb492b66fbe98f273U;
inline constexpr std::uint64_t kCut = 0x4cf5ad432745937fU;

constexpr std::uint64_t Fold(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) + static_cast<std::uint64_t>(product >> 64);
}
}  // namespace digest_internal

[[gnu::always_inline]] constexpr std::uint64_t HashWord(const Sixteen& bytes, bool reserved) {
  namespace d = digest_internal;
  std::uint64_t token = bytes.low ^ (reserved ? d::kReserved : 0);
  if (bytes.high != 0) token ^= d::Fold(bytes.high ^ d::kLow, d::kHigh);
  return token;
}
constexpr std::uint64_t HashOperator(std::uint32_t op) { return op ^ digest_internal::kOperator; }

// What was before each of the last tokens; apart from the builder, so that a copy of that one is
// small enough for registers.
template <bool kText>
struct DigestMemory {
  static constexpr std::size_t kKept = 8;  // tokens, as many as their parts' word has bytes
  std::array<std::uint64_t, kKept> ids{};
  std::array<std::size_t, kText ? kKept : 1> text_sizes{};
};

// Folds tokens. kText: whether it writes the text; the id is the same.
template <bool kText>
class DigestBuilder {
 public:
  DigestBuilder(DigestMemory<kText>& memory, std::span<char> text)
      : memory_(&memory), text_(text) {}

  // What `other` has come to, word by word: vectors would wait for its words to be stored.
  [[gnu::always_inline]] void TakeOver(const DigestBuilder& other) {
    id_ = other.id_;
    parts_ = other.parts_;
    count_ = other.count_;
    if constexpr (kText) size_ = other.size_;
  }

  // `token` is its hash and `text` how it is written, of what is no literal and no list.
  [[gnu::always_inline]] void Take(Part part, std::uint64_t token, std::string_view text) {
    switch (part) {
      default:
        return Push(part, token, text);
      case Part::kValue:
        return Literal();
      case Part::kClose:
        return Close(token);
      case Part::kNull:
        return Last() == Part::kNullGuard ? Push(Part::kOperand, digest_internal::kNull, "null")
                                          : Literal();
      case Part::kDots:
        return Dots(token);
      case Part::kNobody:
        return;
    }
  }

  // The same for a part that changes nothing before it: up to kNullGuard.
  [[gnu::always_inline]] void TakeWord(Part part, std::uint64_t token, std::string_view text) {
    Push(part, token, text);
  }

  // The statement goes on behind what was looked at; `in_token`: even the last token does.
  void Cut(bool in_token);

  [[nodiscard]] std::uint64_t Id() const {
    namespace d = digest_internal;
    const std::uint64_t id = d::Fold(id_ ^ d::kLow, (cut_ ? d::kCut : 0) ^ d::kHigh);
    return id == 0 ? 1 : id;
  }
  [[nodiscard]] std::size_t text_size() const { return size_; }

 private:
  [[nodiscard]] Part Last(unsigned before = 0) const {
    return static_cast<Part>(parts_ >> 8 * before & 0xFF);
  }
  static bool IsValue(Part p) { return p == Part::kValue || p == Part::kValues; }
  static bool IsOperand(Part p) { return p == Part::kOperand || p >= Part::kValue; }

  // Takes in its signs, and the list it goes on.
  [[gnu::always_inline]] void Literal() {
    while (Last() == Part::kSign && !IsOperand(Last(1))) Pop(1);
    if (Last() == Part::kComma && IsValue(Last(1))) {
      Pop(2);
      return Push(Part::kValues, digest_internal::kValues, "?, ...");
    }
    Push(Part::kValue, digest_internal::kValue, "?");
  }

  [[gnu::always_inline]] void Close(std::uint64_t token) {
    if (Last(1) != Part::kOpen || !IsValue(Last())) return Push(Part::kOperand, token, ")");
    const bool wide = Last() == Part::kValues;
    Pop(2);
    const Part row = wide ? Part::kWideRow : Part::kRow;
    const Part rows = wide ? Part::kWideRows : Part::kRows;
    if (Last() == Part::kComma && (Last(1) == row || Last(1) == rows)) {
      Pop(2);
      return PushRows(wide);
    }
    Push(row, digest_internal::kRow ^ (wide ? digest_internal::kWide : 0),
         wide ? "(?, ...)" : "(?)");
  }

  [[gnu::always_inline]] void Dots(std::uint64_t token) {
    const Part list = Last() == Part::kComma ? Last(1) : Part::kNone;
    if (IsValue(list)) return Literal();
    if (list < Part::kRow) return Push(Part::kOperand, token, "...");
    Pop(2);
    PushRows(list >= Part::kWideRow);
  }

  [[gnu::always_inline]] void PushRows(bool wide) {
    Push(wide ? Part::kWideRows : Part::kRows,
         digest_internal::kRows ^ (wide ? digest_internal::kWide : 0),
         wide ? "(?, ...), ..." : "(?), ...");
  }

  [[gnu::always_inline]] void Push(Part part, std::uint64_t token, std::string_view text) {
    memory_->ids[count_ % kKept] = id_;
    if constexpr (kText) {
      memory_->text_sizes[count_ % kKept] = size_;
      Write(part, text);
    }
    ++count_;
    parts_ = parts_ << 8 | static_cast<std::uint64_t>(part);
    id_ = digest_internal::Fold(id_ ^ token, digest_internal::kStep);
  }
  // Takes back the last n tokens, of those that Last() still knows.
  [[gnu::always_inline]] void Pop(unsigned n) {
    parts_ >>= 8 * n;
    count_ -= n;
    id_ = memory_->ids[count_ % kKept];
    if constexpr (kText) size_ = memory_->text_sizes[count_ % kKept];
  }

  void Write(Part part, std::string_view text);
  [[nodiscard]] bool WantsSpace(Part part, std::string_view text) const;

  static constexpr std::size_t kKept = DigestMemory<kText>::kKept;

  DigestMemory<kText>* memory_;
  std::uint64_t id_ = digest_internal::kStep;  // not 0, which a token of zeros would leave
  std::uint64_t parts_ = 0;                    // the last tokens' Part, the last one lowest
  std::size_t count_ = 0;
  std::span<char> text_;
  std::size_t size_ = 0;
  bool cut_ = false;
};

extern template class DigestBuilder<false>;
extern template class DigestBuilder<true>;

}  // namespace headgate::sql
