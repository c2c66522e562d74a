#include "policies/sql_pass.h"

#include <algorithm>

#include "policies/sql_cutter.h"

namespace headgate::sql {
namespace {

// Needs no quotes to be read as the same name.
bool IsPlainName(std::string_view name) {
  return !name.empty() && !IsDigit(name[0]) && std::all_of(name.begin(), name.end(), IsWordByte) &&
         (FindKeyword(name) == Keyword::kNone || IsFunction(FindKeyword(name)));
}

}  // namespace

template <bool kText>
std::string_view Pass<kText>::Written(const Token& token) const {
  if (token.keyword != Keyword::kNone && token.kind != TokenKind::kVariable) {
    return Spelling(token.keyword);
  }
  if (token.kind != TokenKind::kQuotedName || IsPlainName(token.text)) return token.text;
  const auto from = static_cast<std::size_t>(token.text.data() - sql_.data());
  return bytes_.View(from - 1, std::min(sql_.size(), from + token.text.size() + 1));
}

template <bool kText>
void Pass<kText>::Flush() {
  Token* const first = Room(0);
  if (out_ == first) return;
  for (const Token* t = first; t != out_ && kind_.listening(); ++t) kind_.Take(*t);
  shape_.Take(first, out_);
  EndsWith(out_[-1]);
  std::copy_n(out_ - kBefore, kBefore, first - kBefore);
  out_ = first;
}

template <bool kText>
void Pass<kText>::AddComment(Part part, std::uint64_t hash, const Token& token) {
  Flush();
  digest_.Take(part, hash, kText ? Written(token) : std::string_view());
  if (kind_.listening()) kind_.Take(token);
  shape_.TakeComment();
  EndsWith(token);
}

template <bool kText>
Scan Pass<kText>::Run() {
  for (;;) {
    if (mode_.charset == SqlCharset::kSwe7) {
      CutSlowly();
    } else {
      Cutter::Run(*this);
    }
    if (doubtful_end_ == kNowhere) return Finish();
    EndCodeComment();
  }
}

template <bool kText>
void Pass<kText>::CutSlowly() {
  while (at_ < end_) {
    if (IsSpace(bytes_[at_])) {
      ++at_;
    } else {
      Rare();
    }
  }
}

template <bool kText>
bool Pass<kText>::RareTokens() {
  const std::size_t end = end_;
  bool more = true;
  while (more) {
    Rare();
    // At what is special or at the dot before it.
    if (special_at_ - at_ > 1 || at_ >= end_) break;
    const char c = bytes_[at_];
    more = IsWordByte(c) || c == '.' || c == '`' || c == '"';
  }
  return end_ == end;
}

template <bool kText>
void Pass<kText>::Rare() {
  const char c = bytes_[at_];
  switch (ClassOf(c)) {
    case Char::kWord:
      return SpecialWord();
    case Char::kDigit:
      return Number();
    case Char::kQuote:
      return String(at_, c);
    case Char::kDoubleQuote:
      return mode_.ansi_quotes ? QuotedName(c) : String(at_, c);
    case Char::kBacktick:
      return QuotedName(c);
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
      AddLiteral(TokenKind::kPlaceholder, at_, at_ + 1);
      ++at_;
      return;
    case Char::kLongOperator:
      return LongOperator();
    case Char::kOperator:
      if (c == '[' && mode_.brackets) return QuotedName(']');
      if (IsLetterIn(mode_.charset, c)) return SpecialWord();
      return Operator(1);
    default:
      return Operator(1);
  }
}

// For the other sources of the template; whole classes would be instantiated before they are whole.
template std::string_view Pass<false>::Written(const Token&) const;
template void Pass<false>::Flush();
template void Pass<false>::AddComment(Part, std::uint64_t, const Token&);
template Scan Pass<false>::Run();
template void Pass<false>::Rare();
template std::string_view Pass<true>::Written(const Token&) const;
template void Pass<true>::Flush();
template void Pass<true>::AddComment(Part, std::uint64_t, const Token&);
template Scan Pass<true>::Run();
template void Pass<true>::Rare();

}  // namespace headgate::sql
