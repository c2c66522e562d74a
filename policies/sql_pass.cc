#include "policies/sql_pass.h"

#include <algorithm>

namespace headgate::sql {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080U;

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
constexpr std::array<Part, kKeywords> kParts = MakeParts();

constexpr Part PartOf(Keyword k) { return kParts[static_cast<std::size_t>(k)]; }

constexpr Part PartOf(std::uint32_t op) {
  return op == '-' || op == '+' ? Part::kSign : Part::kExpects;
}

Token TokenOf(const Record& r, const Bytes& bytes) {
  return {r.kind, r.keyword, r.op, bytes.View(r.from, std::size_t{r.from} + r.size)};
}

// Needs no quotes to be read as the same name.
bool IsPlainName(std::string_view name) {
  return !name.empty() && !IsDigit(name[0]) && std::all_of(name.begin(), name.end(), IsWordByte) &&
         (FindKeyword(name) == Keyword::kNone || IsFunction(FindKeyword(name)));
}

}  // namespace

template <bool kText>
std::string_view Pass<kText>::Written(const Record& r) const {
  if (r.keyword != Keyword::kNone && r.kind != TokenKind::kVariable) return Spelling(r.keyword);
  const std::string_view text = bytes_.View(r.from, std::size_t{r.from} + r.size);
  if (r.kind != TokenKind::kQuotedName || IsPlainName(text)) return text;
  return bytes_.View(r.from - 1, std::min(sql_.size(), std::size_t{r.from} + r.size + 1));
}

template <bool kText>
void Pass<kText>::Flush() {
  DigestBuilder<kText> digest = digest_;
  for (std::size_t i = 0; i < count_; ++i) {
    const Record& r = batch_[i];
    digest.Take(r.part, r.hash, kText ? Written(r) : std::string_view());
  }
  digest_ = digest;
  for (std::size_t i = 0; i < count_ && kind_.listening(); ++i) {
    kind_.Take(TokenOf(batch_[i], bytes_));
  }
  for (std::size_t i = 0; i < count_; ++i) shape_.Take(TokenOf(batch_[i], bytes_));
  if (count_ > 0) {
    const Record& last = batch_[count_ - 1];
    last_end_ = last.kind == TokenKind::kOperator ? kNowhere : std::size_t{last.from} + last.size;
  }
  count_ = 0;
}

template <bool kText>
Scan Pass<kText>::Run() {
  for (;;) {
    Cut();
    if (doubtful_end_ == kNowhere) return Finish();
    EndCodeComment();
  }
}

template <bool kText>
void Pass<kText>::Cut() {
  Bytes bytes = bytes_;  // a copy of its own, which no call sees: it stays in registers
  std::size_t at = at_;
  std::size_t end = end_;
  std::size_t special = special_at_;
  bool variable = special_ == TokenKind::kVariable;
  std::size_t name_end = name_end_;
  std::size_t count = count_;
  const auto punctuation = [&](char c, Part part) {
    const auto op = static_cast<std::uint32_t>(c);
    Record& r = batch_[count++];
    r = Of(part, HashOperator(op), TokenKind::kOperator, Keyword::kNone, at, at + 1);
    r.op = op;
    ++at;
  };
  while (at < end) {
    if (count == kBatch) [[unlikely]] {
      count_ = count;
      Flush();
      count = 0;
    }
    const char c = bytes[at];
    switch (ClassOf(c)) {
      case Char::kSpace:
        ++at;
        while (at < end && IsSpace(bytes[at])) ++at;
        continue;
      case Char::kWord: {
        const std::size_t stop = std::min(bytes.WordEnd(at), end);
        const char next = bytes.Peek(stop);
        if (stop - at > kLongestHashed || next == '\'' || next == '"') break;
        const Sixteen word = bytes.Load(at, stop - at);
        if (((word.low | word.high) & kHighBits) != 0 || (at == special && variable)) break;
        name_end = stop;
        if (at == special || (next == '.' && IsWordByte(bytes.Peek(stop + 1)))) {
          batch_[count++] =
              Of(Part::kOperand, HashWord(word, false), TokenKind::kName, Keyword::kNone, at, stop);
        } else {
          const Sixteen folded = Fold(word, stop - at);
          const Keyword k = kKeywordTable.Find(folded);
          const std::uint64_t hash = HashWord(k == Keyword::kNone ? word : folded, IsReserved(k));
          batch_[count++] = Of(PartOf(k), hash, TokenKind::kWord, k, at, stop);
        }
        at = stop + (next == ' ' && stop < end ? 1 : 0);
        continue;
      }
      case Char::kDigit: {
        std::size_t stop = at + 1;
        while (stop < end && IsDigit(bytes[stop])) ++stop;
        const char next = bytes.Peek(stop);
        if (IsWordByte(next) || next == '.' || at == special) break;
        batch_[count++] = Of(Part::kValue, 0, TokenKind::kNumber, Keyword::kNone, at, stop);
        at = stop;
        continue;
      }
      case Char::kDot:
        if (at != name_end || !IsWordByte(bytes.Peek(at + 1)) || variable) break;
        special = at + 1;
        punctuation('.', Part::kExpects);
        continue;
      case Char::kOpen:
        punctuation('(', Part::kOpen);
        continue;
      case Char::kClose:
        punctuation(')', Part::kClose);
        continue;
      case Char::kComma:
        punctuation(',', Part::kComma);
        continue;
      case Char::kOperator:
        punctuation(c, PartOf(static_cast<std::uint32_t>(static_cast<unsigned char>(c))));
        continue;
      default:
        break;
    }
    at_ = at;
    special_at_ = special;
    name_end_ = name_end;
    count_ = count;
    Rare();
    at = at_;
    end = end_;
    special = special_at_;
    variable = special_ == TokenKind::kVariable;
    name_end = name_end_;
    count = count_;
  }
  at_ = at;
  special_at_ = special;
  name_end_ = name_end;
  count_ = count;
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
    default:
      return Operator(1);
  }
}

template class Pass<false>;
template class Pass<true>;

}  // namespace headgate::sql
