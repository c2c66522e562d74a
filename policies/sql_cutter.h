// Cuts the frequent tokens: words, names, numbers, punctuation. Only included by sql_pass.cc.
//
// It has what changes with every token as members of its own, which no call sees, so that they stay
// in registers; around the rare tokens they are brought back to the pass.
//
// Threads: one per scan. Lifetime: that of a call of Pass::Run().
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

#include "policies/sql_blocks.h"
#include "policies/sql_pass.h"

namespace headgate::sql {

// A reserved word expects an operand, except the few that are operands.
constexpr std::array<Part, kKeywords> MakeParts() {
  std::array<Part, kKeywords> parts{};
  for (std::size_t k = 0; k < kKeywords; ++k) {
    parts[k] = IsReserved(static_cast<Keyword>(k)) ? Part::kExpects : Part::kOperand;
  }
  for (const Keyword k :
       {Keyword::kTrue, Keyword::kFalse, Keyword::kCurrentDate, Keyword::kCurrentTime,
        Keyword::kCurrentTimestamp, Keyword::kCurrentUser, Keyword::kDefault}) {
    parts[static_cast<std::size_t>(k)] = Part::kOperand;
  }
  parts[static_cast<std::size_t>(Keyword::kIs)] = Part::kNullGuard;
  parts[static_cast<std::size_t>(Keyword::kNot)] = Part::kNullGuard;
  parts[static_cast<std::size_t>(Keyword::kNull)] = Part::kNull;
  return parts;
}
inline constexpr std::array<Part, kKeywords> kParts = MakeParts();

template <bool kText>
class Pass<kText>::Cutter {
 public:
  static void Run(Pass& pass) {
    Cutter cutter(pass);
    cutter.CutAll();
  }

 private:
  static constexpr std::uint64_t kHighBits = 0x8080808080808080U;

  explicit Cutter(Pass& pass)
      : pass_(pass), bytes_(pass.bytes_), blocks_(pass.sql_), digest_(pass.digest_) {
    Load();
  }

  [[gnu::always_inline]] void CutAll() {
    while (blocks_.Next(at_)) {
      if (count_ == kBatch) [[unlikely]] {
        Tell();
      }
      if (!Frequent(bytes_[at_])) {
        Save();
        pass_.Rare();
        Load();
      }
    }
    at_ = std::max(at_, end_);
    Save();
  }

  [[gnu::always_inline]] void Load() {
    at_ = pass_.at_;
    end_ = pass_.end_;
    special_ = pass_.special_at_;
    variable_ = pass_.special_ == TokenKind::kVariable;
    name_end_ = pass_.name_end_;
    count_ = pass_.count_;
    digest_.TakeOver(pass_.digest_);
    blocks_.GoTo(at_, end_);
  }
  [[gnu::always_inline]] void Save() {
    pass_.at_ = at_;
    pass_.special_at_ = special_;
    pass_.name_end_ = name_end_;
    pass_.count_ = count_;
    pass_.digest_.TakeOver(digest_);
  }
  [[gnu::always_inline]] void Tell() {
    pass_.count_ = count_;
    pass_.Flush();
    count_ = 0;
  }

  [[nodiscard, gnu::always_inline]] bool Frequent(char c) {
    switch (ClassOf(c)) {
      case Char::kWord:
        return Word();
      case Char::kDigit:
        return Number();
      case Char::kDot:
        if (at_ != name_end_ || !IsWordByte(bytes_.Peek(at_ + 1)) || variable_) return false;
        special_ = at_ + 1;
        return Punctuation('.', Part::kExpects);
      case Char::kComma:
        return Punctuation(',', Part::kComma);
      case Char::kOpen:
        return Punctuation('(', Part::kOpen);
      case Char::kClose:
        return Punctuation(')', Part::kClose);
      case Char::kOperator:
        return Punctuation(c, c == '+' ? Part::kSign : Part::kExpects);
      default:
        return false;
    }
  }

  [[nodiscard, gnu::always_inline]] bool Word() {
    const std::size_t stop = blocks_.WordEnd(at_);
    const std::size_t size = stop - at_;
    if (size > kLongestHashed) return false;
    const char next = bytes_.Peek(stop);
    if (next == '\'' && size == 1) return false;  // N'x'
    const Sixteen word = bytes_.Load(at_, size);
    if (((word.low | word.high) & kHighBits) != 0) return false;
    const bool behind = at_ == special_;
    if (behind && variable_) return false;
    name_end_ = stop;
    if (behind || (next == '.' && IsWordByte(bytes_.Peek(stop + 1)))) {
      Put(Part::kOperand, HashWord(word, false), TokenKind::kName, Keyword::kNone, stop);
    } else {
      Look(word, stop);
    }
    return true;
  }

  // A word that may be one of the language.
  [[gnu::always_inline]] void Look(const Sixteen& word, std::size_t stop) {
    const Sixteen folded = Fold(word, stop - at_);
    const Keyword k = kKeywordTable.Find(folded);
    const std::uint64_t hash = HashWord(k == Keyword::kNone ? word : folded, IsReserved(k));
    Put(kParts[static_cast<std::size_t>(k)], hash, TokenKind::kWord, k, stop);
  }

  [[nodiscard, gnu::always_inline]] bool Number() {
    std::size_t stop = at_ + 1;
    while (stop < end_ && IsDigit(bytes_[stop])) ++stop;
    const char next = bytes_.Peek(stop);
    if (IsWordByte(next) || next == '.' || at_ == special_) return false;
    Put(Part::kValue, 0, TokenKind::kNumber, Keyword::kNone, stop);
    return true;
  }

  [[gnu::always_inline]] bool Punctuation(char c, Part part) {
    const auto op = static_cast<std::uint32_t>(static_cast<unsigned char>(c));
    Put(part, HashOperator(op), TokenKind::kOperator, Keyword::kNone, at_ + 1, op);
    return true;
  }

  [[gnu::always_inline]] void Put(Part part, std::uint64_t hash, TokenKind kind, Keyword k,
                                  std::size_t stop, std::uint32_t op = 0) {
    // Made where it stays: a copy in between would be read before it is written.
    const Token* token = ::new (static_cast<void*>(&pass_.batch_.tokens[count_++]))
        Token{kind, k, op, {bytes_.data() + at_, stop - at_}};
    digest_.Take(part, hash, kText ? pass_.Written(*token) : std::string_view());
  }

  Pass& pass_;
  Bytes bytes_;
  Blocks blocks_;
  DigestBuilder<kText> digest_;
  std::size_t at_ = 0, end_ = 0;
  std::size_t special_ = 0, name_end_ = 0;
  bool variable_ = false;
  std::size_t count_ = 0;
};

}  // namespace headgate::sql
