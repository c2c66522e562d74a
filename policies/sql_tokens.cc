// The pass over the tokens that are not frequent, or need more than a look.
#include <algorithm>

#include "policies/sql_one_byte.h"
#include "policies/sql_pass.h"

namespace headgate::sql {

// Behind a dot or an @, with a string behind, with bytes from 0x80 on, or long.
template <bool kText>
void Pass<kText>::SpecialWord() {
  std::size_t end = std::min(bytes_.WordEnd(at_), end_);
  if (PrefixedString(end)) return;
  const std::string_view run = bytes_.View(at_, end);
  const auto wide = [](char c) { return (c & 0x80) != 0; };
  if (mode_.charset == SqlCharset::kSwe7 || std::any_of(run.begin(), run.end(), wide)) {
    bool odd = false;
    end = WideWordEnd(Rest(), at_, mode_.charset, odd);
    if (odd) Set(Trait::kSyntaxOdd);
    if (end == at_) {  // a blank of one of the charsets
      ++at_;
      return;
    }
  }
  const std::string_view word = bytes_.View(at_, end);
  const char behind_dot = bytes_.Peek(end) == '.' ? bytes_.Peek(end + 1) : '\0';
  const bool name = (IsWordByte(behind_dot) && !IsBlankIn(mode_.charset, behind_dot)) ||
                    IsLetterIn(mode_.charset, behind_dot);
  const bool variable = at_ == special_at_ && special_ == TokenKind::kVariable;
  const bool plain = !name && at_ != special_at_;
  const Keyword keyword = plain || variable ? FindKeyword(word) : Keyword::kNone;
  const bool reserved = plain && IsReserved(keyword);
  std::uint64_t hash = 0;
  if (word.size() > kLongestHashed) {
    hash = HashLongWord(plain && keyword != Keyword::kNone ? Spelling(keyword) : word, reserved);
  } else {
    const Sixteen bytes = bytes_.Load(at_, word.size());
    hash =
        HashWord(plain && keyword != Keyword::kNone ? Fold(bytes, word.size()) : bytes, reserved);
  }
  const Part part = keyword == Keyword::kNull ? Part::kNull
                    : reserved                ? Part::kExpects
                                              : Part::kOperand;
  const TokenKind kind = variable ? TokenKind::kVariable
                         : plain  ? TokenKind::kWord
                                  : TokenKind::kName;
  Add(variable ? Part::kOperand : part, hash, HeadOf(kind, keyword), word);
  at_ = name_end_ = end;
  if (variable && bytes_.Peek(end) == '.') special_at_ = end + 1;
}

// N'x', x'41', b'01': true if the word is the beginning of one.
template <bool kText>
bool Pass<kText>::PrefixedString(std::size_t word_end) {
  if (word_end - at_ != 1 || at_ == special_at_ || word_end >= end_) return false;
  if (bytes_[word_end] != '\'') return false;
  switch (bytes_[at_] | 0x20) {
    case 'n':
      String(word_end, '\'');
      return true;
    case 'x':
    case 'b':
      Bits(word_end);
      return true;
    default:
      return false;
  }
}

template <bool kText>
void Pass<kText>::Bits(std::size_t from) {
  const std::size_t begin = at_;
  const std::size_t close = Rest().find('\'', from + 1);
  if (close == std::string_view::npos) Unterminated();
  at_ = close == std::string_view::npos ? end_ : close + 1;
  AddLiteral(TokenKind::kBits, begin, at_);
}

// From the quote at `from`; strings with nothing but white space between them are one literal.
template <bool kText>
void Pass<kText>::String(std::size_t from, char quote) {
  Part part = Part::kValue;
  for (;;) {
    const End end = QuoteEnd(Rest(), from + 1, quote, !mode_.no_backslash_escapes, mode_.charset);
    if (!end.closed) [[unlikely]] {
      Unterminated();
    }
    Add(part, 0, HeadOf(TokenKind::kString), bytes_.View(from + 1, end.inside));
    part = Part::kNobody;
    at_ = end.after;
    from = at_;
    while (from < end_ && IsSpace(bytes_[from])) ++from;
    if (from >= end_) return;
    if (bytes_[from] != '\'' && (bytes_[from] != '"' || mode_.ansi_quotes)) return;
    quote = bytes_[from];
  }
}

template <bool kText>
void Pass<kText>::QuotedName(char quote) {
  const std::size_t begin = at_;
  const End end = QuoteEnd(Rest(), at_ + 1, quote, false, mode_.charset);
  if (!end.closed) Unterminated();
  const std::string_view name = bytes_.View(begin + 1, end.inside);
  at_ = name_end_ = end.after;
  if (begin == special_at_ && special_ == TokenKind::kName) {  // @`x`
    return AddLiteral(TokenKind::kName, begin + 1, end.inside);
  }
  const Keyword found = FindKeyword(name);
  const Keyword keyword = IsFunction(found) ? found : Keyword::kNone;
  std::uint64_t hash = 0;
  if (name.size() > kLongestHashed) {
    hash = HashLongWord(keyword == Keyword::kNone ? name : Spelling(keyword), false);
  } else {
    const Sixteen bytes = bytes_.Load(begin + 1, name.size());
    hash = HashWord(keyword == Keyword::kNone ? bytes : Fold(bytes, name.size()), false);
  }
  Add(Part::kOperand, hash, HeadOf(TokenKind::kQuotedName, keyword), name);
}

template <bool kText>
void Pass<kText>::Number() {
  if (at_ == special_at_) return SpecialWord();  // t.5
  bool odd = false;
  // A blank of the charset ends it, which is a letter to whoever does not know it.
  const std::size_t blank =
      IsOneByte(mode_.charset) ? WideWordEnd(Rest(), at_, mode_.charset, odd) : end_;
  const bool ends = blank < end_ && IsBlankIn(mode_.charset, bytes_[blank]);
  const NumberEnd number = ScanNumber(ends ? bytes_.View(0, blank) : Rest(), at_);
  if (number.kind == NumberKind::kWord) return SpecialWord();
  AddLiteral(number.kind == NumberKind::kBits ? TokenKind::kBits : TokenKind::kNumber, at_,
             number.end);
  at_ = number.end;
}

template <bool kText>
void Pass<kText>::At() {
  if (at_ + 1 < end_ && bytes_[at_ + 1] == '@') {
    Operator(2);
    special_at_ = at_;
    special_ = TokenKind::kVariable;
    return;
  }
  Operator(1);
  special_at_ = at_;
  special_ = TokenKind::kName;
  const std::size_t end = HostEnd(Rest(), at_, mode_.charset);
  if (end == at_) return;
  AddLiteral(TokenKind::kName, at_, end);
  at_ = end;
}

template <bool kText>
void Pass<kText>::Dot() {
  const char next = bytes_.Peek(at_ + 1);
  if (at_ != name_end_ && at_ + 1 < end_ && IsDigit(next)) {
    const std::size_t end = ScanNumber(Rest(), at_).end;
    AddLiteral(TokenKind::kNumber, at_, end);
    at_ = end;
    return;
  }
  if (at_ + 2 < end_ && next == '.' && bytes_[at_ + 2] == '.') {
    AddOperator(Part::kDots, Op("..."), 3);
    return;
  }
  if (IsWordByte(next) && special_at_ != at_ + 1) {
    special_at_ = at_ + 1;
    special_ = TokenKind::kName;
  }
  Operator(1);
}

template <bool kText>
void Pass<kText>::Operator(std::size_t size) {
  const std::uint32_t op = Op(bytes_.View(at_, at_ + size));
  AddOperator(op == '-' || op == '+' ? Part::kSign : Part::kExpects, op, size);
}

template <bool kText>
void Pass<kText>::AddOperator(Part part, std::uint32_t op, std::size_t size) {
  Add(part, HashOperator(op == Op("!=") ? Op("<>") : op),
      HeadOf(TokenKind::kOperator, Keyword::kNone, op), bytes_.View(at_, at_ + size));
  at_ += size;
}

template <bool kText>
void Pass<kText>::LongOperator() {
  const char first = bytes_[at_];
  const char second = at_ + 1 < end_ ? bytes_[at_ + 1] : '\0';
  const char third = at_ + 2 < end_ ? bytes_[at_ + 2] : '\0';
  if (first == '<' && second == '=' && third == '>') return Operator(3);
  const bool compares =
      second == '=' && (first == '<' || first == '>' || first == '!' || first == ':');
  const bool doubled = second == first && first != '!' && first != ':';
  const bool differs = first == '<' && second == '>';
  Operator(compares || doubled || differs ? 2 : 1);
}

template <bool kText>
void Pass<kText>::Backslash() {
  if (at_ + 1 >= end_ || bytes_[at_ + 1] != 'N') return Operator(1);
  AddLiteral(TokenKind::kPlaceholder, at_, at_ + 2);
  at_ += 2;
}

// Explicitly only what is defined here; the rest is in sql_pass.cc and sql_comments.cc.
// For the other sources of the template; whole classes would be instantiated before they are whole.
template void Pass<false>::SpecialWord();
template bool Pass<false>::PrefixedString(std::size_t);
template void Pass<false>::Bits(std::size_t);
template void Pass<false>::String(std::size_t, char);
template void Pass<false>::QuotedName(char);
template void Pass<false>::Number();
template void Pass<false>::At();
template void Pass<false>::Dot();
template void Pass<false>::Operator(std::size_t);
template void Pass<false>::AddOperator(Part, std::uint32_t, std::size_t);
template void Pass<false>::LongOperator();
template void Pass<false>::Backslash();
template void Pass<true>::SpecialWord();
template bool Pass<true>::PrefixedString(std::size_t);
template void Pass<true>::Bits(std::size_t);
template void Pass<true>::String(std::size_t, char);
template void Pass<true>::QuotedName(char);
template void Pass<true>::Number();
template void Pass<true>::At();
template void Pass<true>::Dot();
template void Pass<true>::Operator(std::size_t);
template void Pass<true>::AddOperator(Part, std::uint32_t, std::size_t);
template void Pass<true>::LongOperator();
template void Pass<true>::Backslash();

}  // namespace headgate::sql
