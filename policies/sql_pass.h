// The one pass: cuts a statement into tokens and tells them to the digest, the kind finder and the
// shape. Only included by sql_scanner.cc.
//
// Threads: one per scan. Lifetime: views the statement.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string_view>

#include "policies/digest.h"
#include "policies/query_shape.h"
#include "policies/sql_blocks.h"
#include "policies/sql_chars.h"
#include "policies/sql_keyword_table.h"
#include "policies/sql_keywords.h"
#include "policies/sql_kind.h"
#include "policies/sql_one_byte.h"
#include "policies/sql_scanner.h"
#include "policies/sql_strings.h"
#include "policies/token_act.h"

namespace headgate::sql {

// From where on a text is perhaps read otherwise than as it was: its first statements are done by
// then, and one of them sets how.
struct Doubt {
  static constexpr std::size_t kNowhere = ~std::size_t{0};
  std::size_t at = kNowhere;
  std::size_t budget = 0;  // of what is looked at from there on, bytes
  SqlMode mode;            // what is known of it: the charset kUnknown, or what was set last
  bool quotes = false;     // sql_mode is another, perhaps
  bool unread = false;     // ... and behind each semicolon again
};

// A text that is read once more (sql_readings.h): comments as the server takes them whose version
// the mode has, and no further than to a doubt.
struct Again {
  bool unread = false;  // as Doubt has it, of what was before
  // From here on all ways to read it are the same: a doubt is none.
  std::size_t sure_from = Doubt::kNowhere;
};

// Tokens are folded into the digest as they are cut; the other listeners are told of them a batch
// at a time, so that every loop has its few variables in registers. kText: whether the normalised
// statement is written; that is the slower of the two.
template <bool kText>
class Pass {
 public:
  Pass(std::string_view sql, bool complete, const SqlMode& mode, std::size_t budget,
       std::span<char> text, const Again* again = nullptr)
      : sql_(sql.substr(0, kLongest)),
        bytes_(sql_),
        complete_(complete && sql.size() <= kLongest),
        mode_(mode),
        again_(again != nullptr),
        unread_(again_ && again->unread),
        sure_from_(again_ ? again->sure_from : kNowhere),
        end_(budget < sql_.size() ? budget : sql_.size()),
        digest_(memory_, text) {
    if (mode_.charset == SqlCharset::kUnknown) mode_.charset = SqlCharset::kPlain;
  }

  Scan Run();
  // The first one; after Run().
  [[nodiscard]] const Doubt& doubt() const { return doubt_; }
  // Which comments are code hangs on the server; after Run().
  [[nodiscard]] bool comments_in_doubt() const { return comments_in_doubt_; }
  // What the statement prepares or executes from a string, if it does; after Run().
  [[nodiscard]] std::string_view hidden_code() const { return shape_.hidden_code(); }

 private:
  static constexpr std::size_t kNowhere = Doubt::kNowhere;
  static constexpr std::size_t kLongest = std::size_t{1} << 31;
  static constexpr std::size_t kBatch = 128;  // tokens
  static constexpr std::size_t kBefore = 3;   // of those before them

  // Not initialised: only what was written is read.
  union Batch {
    Batch() {
      constexpr TokenHead kNothing{};  // Act::kNothing
      for (std::size_t i = 0; i < kBefore; ++i) ::new (&tokens[i]) Token(kNothing, {});
    }
    std::array<Token, kBefore + kBatch> tokens;
  };

  // Cuts tokens until end_: what is frequent by itself (sql_cutter.h), the rest by Rare().
  class Cutter;
  // The same where signs may be letters, each with a second look.
  void CutSlowly();
  void Rare();
  // That one, and those whose kind hangs on what is directly before them. False: end_ is another.
  bool RareTokens();

  void SpecialWord();
  bool PrefixedString(std::size_t word_end);
  void String(std::size_t from, char quote);
  void QuotedName(char quote);
  void Bits(std::size_t from);
  void Number();
  void At();
  void Dot();
  void Operator(std::size_t size);
  void LongOperator();
  void Semicolon();
  void NextIsReadAs();
  void Backslash();

  bool LineComment();
  void BlockComment();
  void CodeComment(std::size_t size);
  void CommentOfServer(std::string_view head);
  void EndCodeComment();
  void CountComment(std::size_t from, std::size_t to);

  Scan Finish();
  // Where a token of the batch has its place.
  [[nodiscard]] Token* Room(std::size_t i) { return batch_.tokens.data() + kBefore + i; }
  // Tells the batch.
  void Flush();
  void EndsWith(const Token& last) {
    const auto end = static_cast<std::size_t>(last.text.data() - sql_.data()) + last.text.size();
    last_end_ = last.kind == TokenKind::kOperator ? kNowhere : end;
  }
  [[nodiscard]] std::string_view Written(const Token& token) const;
  void Add(Part part, std::uint64_t hash, const TokenHead& head, std::string_view text) {
    if (out_ == Room(kBatch)) Flush();
    // Made where it stays: a copy in between would be read before it is written.
    const Token& token = *::new (static_cast<void*>(out_++)) Token(head, text);
    digest_.Take(part, hash, kText ? Written(token) : std::string_view());
  }
  void AddLiteral(TokenKind kind, std::size_t from, std::size_t to) {
    Add(Part::kValue, 0, HeadOf(kind), bytes_.View(from, to));
  }
  // The tokens of the batch are told first: what it is may hang on them.
  void AddComment(Part part, std::uint64_t hash, const Token& token);
  void AddOperator(Part part, std::uint32_t op, std::size_t size);

  [[nodiscard]] std::string_view Rest() const { return bytes_.View(0, end_); }
  // Behind a semicolon; passes over white space, comments and further semicolons.
  [[nodiscard]] bool NothingFollows();
  // The statement goes on behind what is looked at.
  [[nodiscard]] bool IsCut() const { return !complete_ || end_ < sql_.size(); }
  // A string, a name or a comment has no end, and not because the statement goes on unseen.
  void Unterminated() {
    if (doubtful_end_ != kNowhere || !IsCut()) Set(Trait::kSyntaxOdd);
  }
  void Set(Trait t) { traits_ |= BitOf(t); }

  std::string_view sql_;
  Bytes bytes_;
  bool complete_;
  SqlMode mode_;
  bool again_;
  bool unread_;
  std::size_t sure_from_;
  bool comments_in_doubt_ = false;
  Doubt doubt_;
  std::size_t at_ = 0;
  std::size_t end_;                  // of what is looked at: the budget, and the comments so far
  std::size_t name_end_ = kNowhere;  // of the last name: a dot here is no number's
  // A word that begins here is of the kind special_.
  std::size_t special_at_ = kNowhere;
  TokenKind special_ = TokenKind::kName;
  bool in_code_comment_ = false;
  std::size_t doubtful_end_ = kNowhere;  // of a comment that may be code: end_ is its star
  std::size_t end_behind_ = 0;           // what end_ is behind that
  std::size_t comment_bytes_ = 0;
  TraitSet traits_ = 0;
  std::size_t last_end_ = kNowhere;  // of the last token, if it is one that could go on
  Batch batch_;
  Token* out_ = Room(0);  // behind the batch's
  Padding padding_;
  DigestMemory<kText> memory_;
  DigestBuilder<kText> digest_;
  KindFinder kind_;
  ShapeBuilder shape_;
};

}  // namespace headgate::sql
