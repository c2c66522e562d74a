// Cuts the frequent tokens: words, names, numbers, strings, punctuation. Only included by
// sql_pass.cc.
//
// It has what changes with every token as members of its own, which no call sees, so that they stay
// in registers; around the rare tokens they are brought back to the pass. A token is frequent when
// its end is found within a block and nothing about it is odd; whatever is not cut here,
// Pass::Rare() cuts with a second look, so that this part may give up on anything.
//
// Threads: one per scan. Lifetime: that of a call of Pass::Run().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

#include "policies/sql_blocks.h"
#include "policies/sql_one_byte.h"
#include "policies/sql_pass.h"

namespace headgate::sql {

template <bool kText>
class Pass<kText>::Cutter {
 public:
  static void Run(Pass& pass) {
    Cutter cutter(pass);
    cutter.CutAll();
  }

 private:
  static constexpr std::uint64_t kHighBits = 0x8080808080808080U;

  explicit Cutter(Pass& pass) : pass_(pass), digest_(pass.digest_) {}

  // The batch has room for all tokens of a block.
  static_assert(kBatch == 128);
  static constexpr std::size_t kFull = 64;
  // A longer word may go on in the next block.
  static constexpr std::size_t kLongestSeen = 62;

  [[gnu::always_inline]] void CutAll() {
    std::size_t at = pass_.at_;
    Resume();
    while (at < pass_.end_) {
      if (out_ > pass_.Room(kFull)) [[unlikely]]
        Tell();
      block_.Load(pass_.sql_, at, pass_.end_, pass_.padding_);
      next_ = block_.starts;
      size_ = block_.size;
      while (next_ != 0) {
        std::size_t here = LowestBit(next_);
        next_ &= next_ - 1;
        if (!Frequent(here)) [[unlikely]]
          Rare(here);
      }
      at = block_.from + size_;
    }
    pass_.at_ = at;
    Save();
  }

  [[gnu::always_inline]] void Resume() {
    out_ = pass_.out_;
    digest_.TakeOver(pass_.digest_);
  }
  [[gnu::always_inline]] void Save() {
    pass_.out_ = out_;
    pass_.digest_.TakeOver(digest_);
  }
  [[gnu::always_inline]] void Tell() {
    pass_.out_ = out_;
    pass_.Flush();
    out_ = pass_.out_;
  }

  // The token at `here` in the block is not frequent.
  [[gnu::always_inline]] void Rare(std::size_t here) {
    pass_.at_ = block_.from + here;
    Save();
    const bool same = pass_.RareTokens();
    Resume();
    GoOn(pass_.at_ - block_.from, same);
  }

  // At `to` in the block; `same`: it ends where it did.
  [[gnu::always_inline]] void GoOn(std::size_t to, bool same) {
    next_ = 0;
    if (!same || to >= size_) {
      size_ = to;
      return;
    }
    const std::size_t here = to;
    // What stands here is a token of its own, whatever was before it.
    next_ = (block_.starts & From(here)) | (block_.solid & std::uint64_t{1} << here);
  }

  [[nodiscard, gnu::always_inline]] bool Frequent(std::size_t& here) {
    const char* const p = block_.bytes + here;
    const char c = *p;
    switch (ClassOf(c)) {
      case Char::kWord:
        return Word(here);
      case Char::kDigit:
        return Number(here);
      case Char::kQuote:
      case Char::kDoubleQuote:
        return String(here, c);
      case Char::kBacktick:
        return QuotedName(here);
      case Char::kDot:
        return Dot(here);
      case Char::kComma:
        return Punctuation<','>(here, Part::kComma);
      case Char::kOpen:
        return Punctuation<'('>(here, Part::kOpen);
      case Char::kClose:
        return Punctuation<')'>(here, Part::kClose);
      case Char::kStar:
        return p[1] != '/' && Punctuation<'*'>(here, Part::kExpects);
      case Char::kMinus:
        return p[1] != '-' && Punctuation<'-'>(here, Part::kSign);
      case Char::kSlash:
        return p[1] != '*' && Punctuation<'/'>(here, Part::kExpects);
      case Char::kQuestion:
        Put(Part::kValue, 0, HeadOf(TokenKind::kPlaceholder), here, 1);
        return true;
      case Char::kOperator:
        if (c == '=') return Punctuation<'='>(here, Part::kExpects);
        if (c == '+') return Punctuation<'+'>(here, Part::kSign);
        if (c == '[' && pass_.mode_.brackets) return false;
        Operator(here, 1, static_cast<unsigned char>(c));
        return true;
      case Char::kLongOperator:
        return LongOperator(here, c);
      case Char::kSpace:
      case Char::kAt:
      case Char::kHash:
      case Char::kSemicolon:
      case Char::kBackslash:
        return false;
    }
    __builtin_unreachable();
  }

  // As words may be: of at most 16 bytes, none of them wide. False: it is not.
  [[nodiscard, gnu::always_inline]] bool Load(std::size_t here, std::size_t size,
                                              Sixteen& word) const {
    if (size > kLongestHashed) return false;
    word = LoadSixteen(block_.bytes + here, size);
    return ((word.low | word.high) & kHighBits) == 0;
  }

  [[nodiscard, gnu::always_inline]] bool Word(std::size_t& here) {
    const std::size_t size = LowestBit(block_.not_words >> here);
    const char* const end = block_.bytes + here + size;
    if (*end == '\'' && size == 1) return false;  // N'x'
    const bool path = *end == '.' && IsWordByte(end[1]);
    std::uint64_t hash = 0;
    if (size > kLongestHashed) [[unlikely]] {
      const std::string_view name(block_.written + here, size);
      if (here >= block_.size || size > kLongestSeen || !IsPlainLongName(name)) return false;
      hash = HashLongWord(name, false);
    } else {
      Sixteen word;
      if (!Load(here, size, word)) return false;
      if (!path) {
        const Sixteen folded = Fold(word, size);
        const KeywordFacts& candidate = kKeywordTable.Candidate(folded);
        if (candidate.Is(folded)) return PutKeyword(candidate, here, size);
      } else if ((end[1] & 0x80) != 0) {  // in some charsets it is a blank
        return false;
      }
      hash = HashWord(word, false);
    }
    Put(Part::kOperand, hash, HeadOf(path ? TokenKind::kName : TokenKind::kWord), here, size);
    return !path || Parts(here, here + size);
  }

  [[gnu::always_inline]] bool PutKeyword(const KeywordFacts& found, std::size_t here,
                                         std::size_t size) {
    const Token& token = Write(found.head, here, size);
    if (found.part == Part::kNull) [[unlikely]] {
      digest_.Take(Part::kNull, found.hash, Written(token));
    } else {
      digest_.TakeWord(found.part, found.hash, Written(token));
    }
    return true;
  }

  // `.b` and `.b.c` behind a name; the dot is at `dot`. Not a keyword among them.
  [[nodiscard, gnu::always_inline]] bool Parts(std::size_t& here, std::size_t dot) {
    for (;;) {
      if ((next_ >> dot & 3) != 3) {  // out of sight
        pass_.name_end_ = block_.from + dot;
        return BeginAt(dot);
      }
      next_ &= next_ - 1;
      next_ &= next_ - 1;
      Put(Part::kExpects, HashOperator('.'), HeadOf(TokenKind::kOperator, Keyword::kNone, '.'), dot,
          1);
      here = dot + 1;
      const std::size_t size = LowestBit(block_.not_words >> here);
      Sixteen word;
      if (!Load(here, size, word)) {
        pass_.special_at_ = block_.from + here;
        pass_.special_ = TokenKind::kName;
        return false;
      }
      Put(Part::kOperand, HashWord(word, false), HeadOf(TokenKind::kName), here, size);
      dot = here + size;
      if (block_.bytes[dot] != '.' || !IsWordByte(block_.bytes[dot + 1])) return true;
    }
  }

  [[nodiscard, gnu::always_inline]] bool Dot(std::size_t& here) {
    const char next = block_.bytes[here + 1];
    if (IsWordByte(next)) {
      if (pass_.name_end_ != block_.from + here) return false;
      if ((next_ >> here & 2) == 0) return here > 0 && BeginAt(here);
      next_ |= std::uint64_t{1} << here;
      return Parts(here, here);
    }
    return next != '.' && Punctuation<'.'>(here, Part::kExpects);
  }

  [[nodiscard, gnu::always_inline]] bool Number(std::size_t here) {
    std::size_t end = here + LowestBit(block_.not_digits >> here);
    if (block_.bytes[end] == '.') {
      if ((next_ >> end & 1) == 0) return false;  // out of sight
      const std::uint64_t others = block_.not_digits >> end >> 1;
      if (others == 0) return false;
      end += 1 + LowestBit(others);
      if (IsWordByte(block_.bytes[end])) return false;
      next_ &= From(end - 1) << 1;
    } else if (IsWordByte(block_.bytes[end])) {
      return false;
    }
    Put(Part::kValue, 0, HeadOf(TokenKind::kNumber), here, end - here);
    return true;
  }

  [[nodiscard, gnu::always_inline]] bool String(std::size_t here, char quote) {
    if (IsWide(pass_.mode_.charset) || (quote == '"' && pass_.mode_.ansi_quotes)) return false;
    const char* const begin = block_.bytes + here + 1;
    const std::size_t size =
        FirstOf32(begin, quote, pass_.mode_.no_backslash_escapes ? quote : '\\');
    if (size == 32 || begin[size] != quote) return false;
    // Another one behind it would be a part of this literal, and a second quote of this string.
    const char* next = begin + size + 1;
    if (*next == ' ') ++next;
    if (IsSpace(*next) || *next == '\'' || *next == '"') return false;
    const std::size_t end = here + size + 2;
    if (block_.from + end > pass_.end_) return false;
    Put(Part::kValue, 0, HeadOf(TokenKind::kString), here + 1, size);
    SkipTo(end);
    return true;
  }

  // Only what could be written without the quotes.
  [[nodiscard, gnu::always_inline]] bool QuotedName(std::size_t here) {
    const std::uint64_t others = block_.not_words >> here >> 1;
    if (others == 0) return here > 0 && BeginAt(here);
    const std::size_t size = LowestBit(others);
    const std::size_t close = here + 1 + size;
    if (block_.bytes[close] != '`' || block_.bytes[close + 1] == '`' || size == 0 ||
        (next_ >> close & 1) == 0) {
      return false;
    }
    Sixteen word;
    if (!Load(here + 1, size, word)) return false;
    const Sixteen folded = Fold(word, size);
    const Keyword k = kKeywordTable.Find(folded);
    const bool function = IsFunction(k);
    const TokenHead head = HeadOf(TokenKind::kQuotedName, function ? k : Keyword::kNone);
    Put(Part::kOperand, HashWord(function ? folded : word, false), head, here + 1, size);
    pass_.name_end_ = block_.from + close + 1;
    next_ &= From(close) << 1;
    return true;
  }

  [[nodiscard, gnu::always_inline]] bool LongOperator(std::size_t here, char c) {
    const char second = block_.bytes[here + 1];
    if (second != '=' && ClassOf(second) != Char::kLongOperator) {
      Operator(here, 1, static_cast<unsigned char>(c));
      return true;
    }
    if (c != '<' && c != '>' && c != '!') return false;
    const bool two = second == '=' || (c == '<' && second == '>');
    if (!two || block_.bytes[here + 2] == '>' || (next_ >> here & 2) == 0) return false;
    next_ &= next_ - 1;
    Operator(here, 2, static_cast<std::uint32_t>(c << 8 | second));
    return true;
  }

  [[gnu::always_inline]] void Operator(std::size_t here, std::size_t size, std::uint32_t op) {
    Put(Part::kExpects, HashOperator(op == Op("!=") ? Op("<>") : op),
        HeadOf(TokenKind::kOperator, Keyword::kNone, op), here, size);
  }

  template <unsigned char kOp>
  [[gnu::always_inline]] bool Punctuation(std::size_t here, Part part) {
    Put(part, HashOperator(kOp), HeadOf(TokenKind::kOperator, Keyword::kNone, kOp), here, 1);
    return true;
  }

  // Leaves the rest to a block that begins there.
  [[gnu::always_inline]] bool BeginAt(std::size_t here) {
    next_ = 0;
    size_ = here;
    return true;
  }
  // What stands at `to` comes next, in this block or another.
  [[gnu::always_inline]] void SkipTo(std::size_t to) {
    next_ &= to < 64 ? From(to) : 0;
    if (to > size_) size_ = to;
  }

  [[gnu::always_inline]] const Token& Write(const TokenHead& head, std::size_t here,
                                            std::size_t size) {
    // Made where it stays: a copy in between would be read before it is written.
    return *::new (static_cast<void*>(out_++)) Token(head, {block_.written + here, size});
  }
  [[gnu::always_inline]] void Put(Part part, std::uint64_t hash, const TokenHead& head,
                                  std::size_t here, std::size_t size) {
    const Token& token = Write(head, here, size);
    digest_.Take(part, hash, Written(token));
  }
  [[gnu::always_inline]] std::string_view Written(const Token& token) const {
    return kText ? pass_.Written(token) : std::string_view();
  }

  Pass& pass_;
  Block block_;
  DigestBuilder<kText> digest_;
  std::uint64_t next_ = 0;  // where tokens begin in the block that were not cut
  std::size_t size_ = 0;    // of the block: the next one begins there
  Token* out_ = nullptr;    // behind the tokens of the batch
};

}  // namespace headgate::sql
