#include "policies/sql_pass.h"

#include <algorithm>

namespace headgate::sql {
namespace {

// A word that expects an operand; the reserved ones that are operands are few.
Part PartOf(Keyword k) {
  switch (k) {
    case Keyword::kNull:
    case Keyword::kTrue:
    case Keyword::kFalse:
    case Keyword::kCurrentDate:
    case Keyword::kCurrentTime:
    case Keyword::kCurrentTimestamp:
    case Keyword::kCurrentUser:
    case Keyword::kDefault:
      return Part::kOperand;
    case Keyword::kIs:
    case Keyword::kNot:
      return Part::kNullGuard;
    default:
      return Part::kExpects;
  }
}

constexpr std::uint64_t kHighBits = 0x8080808080808080U;

}  // namespace

template <bool kText>
inline void Pass<kText>::TellWord(std::size_t end, Keyword keyword, const Sixteen& folded) {
  const std::string_view text = bytes_.View(at_, end);
  const bool reserved = IsReserved(keyword);
  digest_.Word(
      folded, reserved, reserved ? PartOf(keyword) : Part::kOperand,
      kText && keyword != Keyword::kNone ? kSpellings[static_cast<std::size_t>(keyword)] : text);
  Tell(Token{TokenKind::kWord, keyword, 0, text});
}

template <bool kText>
inline void Pass<kText>::Word() {
  const std::size_t end = std::min(bytes_.WordEnd(at_), end_);
  const std::size_t size = end - at_;
  const char next = bytes_.Peek(end);
  if (size > kLongestHashed || at_ == special_at_ || next == '\'' || next == '"') [[unlikely]] {
    return SpecialWord(end);
  }
  const Sixteen word = bytes_.Load(at_, size);
  if (((word.low | word.high) & kHighBits) != 0) [[unlikely]] {
    return SpecialWord(end);
  }
  name_end_ = token_end_ = end;
  if (next == '.' && IsWordByte(bytes_.Peek(end + 1))) {
    digest_.Word(word, false, Part::kOperand, bytes_.View(at_, end));
    Tell(TokenKind::kName, bytes_.View(at_, end));
  } else {
    const Sixteen folded = headgate::sql::Fold(word, size);
    const Keyword keyword = kKeywordTable.Find(folded);
    if (keyword == Keyword::kNull) return Null(end);
    TellWord(end, keyword, keyword == Keyword::kNone ? word : folded);
  }
  at_ = end + (next == ' ' && end < end_ ? 1 : 0);
}

// Behind a dot or an @, with a string behind, with bytes from 0x80 on, or long.
template <bool kText>
void Pass<kText>::SpecialWord(std::size_t end) {
  if (PrefixedString(end)) return;
  bool odd = false;
  const auto wide = [](char c) { return (c & 0x80) != 0; };
  if (std::any_of(sql_.begin() + static_cast<std::ptrdiff_t>(at_),
                  sql_.begin() + static_cast<std::ptrdiff_t>(end), wide)) {
    end = WideWordEnd(Rest(), at_, mode_.charset, odd);
    if (odd) Set(Trait::kSyntaxOdd);
    if (end == at_) {  // a latin1 no-break space
      ++at_;
      return;
    }
  }
  const std::string_view word = bytes_.View(at_, end);
  const bool name = bytes_.Peek(end) == '.' && IsWordByte(bytes_.Peek(end + 1));
  const bool special = at_ == special_at_;
  const Keyword keyword = FindKeyword(word);
  name_end_ = token_end_ = end;
  if (special || name) {
    const bool variable = special && special_ == TokenKind::kVariable;
    TellName(variable ? TokenKind::kVariable : TokenKind::kName,
             variable ? keyword : Keyword::kNone, word, word);
    if (variable && bytes_.Peek(end) == '.') special_at_ = end + 1;
  } else if (keyword == Keyword::kNull) {
    return Null(end);
  } else if (word.size() <= kLongestHashed) {
    const Sixteen load = bytes_.Load(at_, word.size());
    TellWord(end, keyword,
             keyword == Keyword::kNone ? load : headgate::sql::Fold(load, word.size()));
  } else {
    const bool reserved = IsReserved(keyword);
    const std::string_view text = keyword == Keyword::kNone ? word : Spelling(keyword);
    digest_.LongWord(text, reserved, reserved ? Part::kExpects : Part::kOperand, text);
    Tell(Token{TokenKind::kWord, keyword, 0, word});
  }
  at_ = end;
}

template <bool kText>
void Pass<kText>::TellName(TokenKind kind, Keyword keyword, std::string_view name,
                           std::string_view written) {
  if (name.size() > kLongestHashed) {
    digest_.LongWord(name, false, Part::kOperand, written);
  } else {
    const Bytes bytes(name);
    const Sixteen word = bytes.Load(0, name.size());
    const bool fold = keyword != Keyword::kNone;
    digest_.Word(fold ? headgate::sql::Fold(word, name.size()) : word, false, Part::kOperand,
                 fold ? Spelling(keyword) : written);
  }
  Tell(Token{kind, keyword, 0, name});
}

// N'x', x'41', b'01': true if the word is the beginning of one.
template <bool kText>
bool Pass<kText>::PrefixedString(std::size_t word_end) {
  if (word_end - at_ != 1 || at_ == special_at_ || bytes_.Peek(word_end) != '\'') return false;
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
  at_ = token_end_ = close == std::string_view::npos ? end_ : close + 1;
  digest_.Literal();
  Tell(TokenKind::kBits, bytes_.View(begin, at_));
}

// From the quote at `from`; strings with nothing but white space between them are one literal.
template <bool kText>
void Pass<kText>::String(std::size_t from, char quote) {
  digest_.Literal();
  for (;;) {
    const End end = QuoteEnd(Rest(), from + 1, quote, !mode_.no_backslash_escapes, mode_.charset);
    if (!end.closed) [[unlikely]] {
      Unterminated();
    }
    Tell(TokenKind::kString, bytes_.View(from + 1, end.inside));
    at_ = token_end_ = end.after;
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
  at_ = token_end_ = name_end_ = end.after;
  if (begin == special_at_ && special_ == TokenKind::kName) {  // @`x`
    digest_.Literal();
    return Tell(TokenKind::kName, name);
  }
  Keyword keyword = FindKeyword(name);
  const bool word = !name.empty() && keyword == Keyword::kNone && !IsDigit(name[0]) &&
                    std::all_of(name.begin(), name.end(), IsWordByte);
  if (!IsFunction(keyword)) keyword = Keyword::kNone;
  TellName(TokenKind::kQuotedName, keyword, name, word ? name : bytes_.View(begin, end.after));
}

template <bool kText>
inline void Pass<kText>::Number() {
  if (at_ == special_at_) return Word();  // t.5
  std::size_t end = at_ + 1;
  while (end < end_ && IsDigit(bytes_[end])) ++end;
  TokenKind kind = TokenKind::kNumber;
  if (end < end_ && (IsWordByte(bytes_[end]) || bytes_[end] == '.')) [[unlikely]] {
    const NumberEnd number = ScanNumber(Rest(), at_);
    if (number.kind == NumberKind::kWord) return Word();
    if (number.kind == NumberKind::kBits) kind = TokenKind::kBits;
    end = number.end;
  }
  digest_.Literal();
  Tell(kind, bytes_.View(at_, end));
  at_ = token_end_ = end;
}

template <bool kText>
void Pass<kText>::Null(std::size_t end) {
  const std::string_view text = bytes_.View(at_, end);
  if (digest_.Last() == Part::kNullGuard) {
    const Sixteen word = bytes_.Load(at_, text.size());
    digest_.Word(headgate::sql::Fold(word, text.size()), true, Part::kOperand, "null");
  } else {
    digest_.Literal();
  }
  Tell(Token{TokenKind::kWord, Keyword::kNull, 0, text});
  at_ = token_end_ = end;
}

template <bool kText>
void Pass<kText>::At() {
  const std::size_t begin = at_;
  if (bytes_.Peek(at_ + 1) == '@') {
    special_at_ = at_ + 2;
    special_ = TokenKind::kVariable;
    return Operator(2);
  }
  Operator(1);
  special_at_ = at_;
  special_ = TokenKind::kName;
  // A user variable or a host: letters, dots and dollars alike.
  std::size_t end = begin + 1;
  while (end < end_ && (IsWordByte(bytes_[end]) || bytes_[end] == '.')) ++end;
  if (end == begin + 1) return;
  digest_.Literal();
  Tell(TokenKind::kName, bytes_.View(begin + 1, end));
  at_ = token_end_ = end;
}

template <bool kText>
void Pass<kText>::Dot() {
  const char next = bytes_.Peek(at_ + 1);
  if (at_ != name_end_ && IsDigit(next)) {
    const std::size_t end = ScanNumber(Rest(), at_).end;
    digest_.Literal();
    Tell(TokenKind::kNumber, bytes_.View(at_, end));
    at_ = token_end_ = end;
    return;
  }
  if (next == '.' && bytes_.Peek(at_ + 2) == '.') {
    digest_.Dots();
    Tell(Token{TokenKind::kOperator, Keyword::kNone, Op("..."), "..."});
    at_ += 3;
    return;
  }
  if (IsWordByte(next) && special_at_ != at_ + 1) {
    special_at_ = at_ + 1;
    special_ = TokenKind::kName;
  }
  Operator(1);
}

template <bool kText>
inline void Pass<kText>::Operator(std::size_t size) {
  const std::string_view text = bytes_.View(at_, at_ + size);
  const std::uint32_t op = Op(text);
  digest_.Operator(op == Op("!=") ? Op("<>") : op,
                   op == '-' || op == '+' ? Part::kSign : Part::kExpects, text);
  Tell(Token{TokenKind::kOperator, Keyword::kNone, op, text});
  at_ += size;
}

template <bool kText>
void Pass<kText>::LongOperator() {
  const char first = bytes_[at_];
  const char second = at_ + 1 < end_ ? bytes_[at_ + 1] : '\0';
  const char third = at_ + 2 < end_ ? bytes_[at_ + 2] : '\0';
  std::size_t size = 1;
  if (first == '<' && second == '=' && third == '>') {
    size = 3;
  } else if (second == '=' && (first == '<' || first == '>' || first == '!' || first == ':')) {
    size = 2;
  } else if (second == first && first != '!' && first != ':') {
    size = 2;
  } else if (first == '<' && second == '>') {
    size = 2;
  }
  Operator(size);
}

template <bool kText>
void Pass<kText>::Backslash() {
  if (bytes_.Peek(at_ + 1) != 'N' || at_ + 1 >= end_) return Operator(1);
  digest_.Literal();
  Tell(TokenKind::kPlaceholder, bytes_.View(at_, at_ + 2));
  at_ += 2;
}

template <bool kText>
inline void Pass<kText>::Step() {
  switch (ClassOf(bytes_[at_])) {
    case Char::kSpace:
      ++at_;
      while (at_ < end_ && IsSpace(bytes_[at_])) ++at_;
      return;
    case Char::kWord:
      return Word();
    case Char::kDigit:
      return Number();
    case Char::kQuote:
      return String(at_, '\'');
    case Char::kDoubleQuote:
      return mode_.ansi_quotes ? QuotedName('"') : String(at_, '"');
    case Char::kBacktick:
      return QuotedName('`');
    case Char::kDot:
      return Dot();
    case Char::kAt:
      return At();
    case Char::kHash:
    case Char::kMinus:
      if (!LineComment()) Operator(1);
      return;
    case Char::kSlash:
      if (at_ + 1 < end_ && bytes_[at_ + 1] == '*') return BlockComment();
      return Operator(1);
    case Char::kStar:
      if (in_code_comment_ && bytes_.Peek(at_ + 1) == '/') return EndCodeComment();
      return Operator(1);
    case Char::kSemicolon:
      return Semicolon();
    case Char::kBackslash:
      return Backslash();
    case Char::kQuestion:
      digest_.Literal();
      Tell(TokenKind::kPlaceholder, bytes_.View(at_, at_ + 1));
      ++at_;
      return;
    case Char::kOpen:
      digest_.Open();
      return Punctuation('(');
    case Char::kClose:
      digest_.Close();
      return Punctuation(')');
    case Char::kComma:
      digest_.Comma();
      return Punctuation(',');
    case Char::kLongOperator:
      return LongOperator();
    case Char::kOperator:
      return Operator(1);
  }
}

template <bool kText>
Scan Pass<kText>::Run() {
  for (;;) {
    while (at_ < end_) Step();
    if (doubtful_end_ == kNowhere) return Finish();
    EndCodeComment();
  }
}

template class Pass<false>;
template class Pass<true>;

}  // namespace headgate::sql
