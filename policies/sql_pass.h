// The one pass: cuts a statement into tokens and tells them to the digest, the kind finder and the
// shape. Only included by sql_scanner.cc.
//
// Threads: one per scan. Lifetime: views the statement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "policies/digest.h"
#include "policies/query_shape.h"
#include "policies/sql_chars.h"
#include "policies/sql_keyword_table.h"
#include "policies/sql_keywords.h"
#include "policies/sql_kind.h"
#include "policies/sql_scanner.h"
#include "policies/sql_strings.h"

namespace headgate::sql {

// kText: whether the normalised statement is written; that is the slower of the two.
template <bool kText>
class Pass {
 public:
  Pass(std::string_view sql, bool complete, const SqlMode& mode, std::size_t budget,
       std::span<char> text)
      : sql_(sql),
        bytes_(sql),
        complete_(complete),
        mode_(mode),
        end_(budget < sql.size() ? budget : sql.size()),
        digest_(text) {}

  Scan Run();
  // What the statement prepares or executes from a string, if it does; after Run().
  [[nodiscard]] std::string_view hidden_code() const { return shape_.hidden_code(); }

 private:
  void Step();

  void Word();
  void SpecialWord(std::size_t end);
  void TellWord(std::size_t end, Keyword keyword, const Sixteen& folded);
  void TellName(TokenKind kind, Keyword keyword, std::string_view name, std::string_view written);
  bool PrefixedString(std::size_t word_end);
  void String(std::size_t from, char quote);
  void QuotedName(char quote);
  void Bits(std::size_t from);
  void Number();
  void Null(std::size_t end);
  void At();
  void Dot();
  void Operator(std::size_t size);
  void LongOperator();
  void Semicolon();
  void Backslash();

  bool LineComment();
  void BlockComment();
  void CodeComment(std::size_t size);
  void EndCodeComment();
  void CountComment(std::size_t from, std::size_t to);

  Scan Finish();
  [[nodiscard]] std::string_view Rest() const { return bytes_.View(0, end_); }
  // Behind a semicolon; passes over white space, comments and further semicolons.
  [[nodiscard]] bool NothingFollows();
  // What was to be looked at, and no more, is gone through or cut.
  [[nodiscard]] bool IsCut() const { return !complete_ || end_ < sql_.size(); }
  // A string, a name or a comment has no end, and not because the statement goes on unseen.
  void Unterminated() {
    if (doubtful_end_ != kNowhere || !IsCut()) Set(Trait::kSyntaxOdd);
  }
  void Punctuation(char c) {
    const auto op = static_cast<std::uint32_t>(c);
    Tell(Token{TokenKind::kOperator, Keyword::kNone, op, bytes_.View(at_, at_ + 1)});
    ++at_;
  }

  void Tell(const Token& token) {
    shape_.Take(token);
    if (kind_.listening()) [[unlikely]] {
      kind_.Take(token);
    }
  }
  void Tell(TokenKind kind, std::string_view text) { Tell(Token{kind, Keyword::kNone, 0, text}); }
  void Set(Trait t) { traits_ |= BitOf(t); }

  std::string_view sql_;
  Bytes bytes_;
  bool complete_;
  SqlMode mode_;
  std::size_t at_ = 0;
  std::size_t end_;                  // of what is looked at: the budget, and the comments so far
  std::size_t token_end_ = 0;        // of the last one that may go on behind end_
  std::size_t name_end_ = kNowhere;  // of the last name: a dot here is no number's
  // A word that begins here is of the kind special_.
  std::size_t special_at_ = kNowhere;
  TokenKind special_ = TokenKind::kName;
  bool in_code_comment_ = false;
  std::size_t doubtful_end_ = kNowhere;  // of a comment that may be code: end_ is its star
  std::size_t end_behind_ = 0;           // what end_ is behind that
  std::size_t comment_bytes_ = 0;
  TraitSet traits_ = 0;
  DigestBuilder<kText> digest_;
  KindFinder kind_;
  ShapeBuilder shape_;

  static constexpr std::size_t kNowhere = ~std::size_t{0};
};

}  // namespace headgate::sql
