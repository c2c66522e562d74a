// Finds in a statement's tokens what costs a server dear: the traits of trait.h, in the same one
// pass that makes the digest.
//
// It knows of SQL what it needs for that: where clauses begin and end, which parentheses are calls,
// lists, subqueries, and which tables a FROM names (join_graph.h). What it does not understand it
// passes over. A statement it reads wrongly has a trait too many or too few, and nothing worse.
//
// Threads: confined to its statement. Lifetime: plain value of about 8 kB, for the stack; no
// allocation. It keeps views of the statement until Finish().
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "policies/join_graph.h"
#include "policies/shape_facts.h"
#include "policies/sql_token.h"
#include "policies/trait.h"

namespace headgate {

class ShapeBuilder {
 public:
  ShapeBuilder() { StartStatement(); }

  void Take(const Token& t);
  [[nodiscard]] TraitSet Finish();

  // The string that PREPARE ... FROM or EXECUTE IMMEDIATE runs, as written; empty if none. Its own
  // traits are the statement's too: whoever scans can scan it as well.
  [[nodiscard]] std::string_view hidden_code() const { return hidden_code_; }

 private:
  static constexpr unsigned kMaxFrames = 65;  // parentheses; deeper ones are counted only
  static constexpr unsigned kMaxBlocks = 16;  // queries within queries, likewise
  static constexpr unsigned kMaxCtes = 64;    // more than a report has

  // What the token before was.
  enum class Before : std::uint8_t {
    kNothing,
    kWord,
    kName,
    kColumn,  // a name that was counted as a column
    kNumber,
    kValue,
    kOpen,
    kClose,
    kComma,
    kDot,
    kAt,
    kOther
  };
  // What an open parenthesis is. Up to kFrom, clauses begin and end in it.
  enum class FrameKind : std::uint8_t { kStatement, kBlock, kFrom, kGroup, kIn, kCall };
  struct Frame {
    FrameKind kind;
    CallRole role;         // kCall
    bool table;            // stands where a table is expected
    bool cte;              // is the body of a CTE
    std::uint32_t commas;  // kFrom: set operations; kStatement: the setting has a number
    double number;         // kCall and settings: the last number
    double size;           // of what REPEAT and its kind make inside, bytes
  };
  enum class Clause : std::uint8_t { kOther, kFrom, kOn, kWhere, kOrder, kLimit, kWith, kSet };
  enum class TableState : std::uint8_t { kExpected, kNamed, kDone, kUsing };
  struct Block {
    JoinGraph joins;
    Clause clause;
    TableState table;
    bool filtered;  // WHERE, LIMIT or a join condition
    bool natural, grouped, aggregated, locking, sleeps, has_from;
    bool schema_scan, schema_named;
    bool cte_member;  // of a recursive CTE
    unsigned branches, branches_of_tables;
    unsigned rows, limit;  // powers of two: of the branches before; of this one at most
  };
  struct Cte {
    std::uint32_t name;
    unsigned rows;
    std::uint32_t copies;  // of queries, when it is named once
  };

  [[nodiscard]] Frame& frame() { return frames_[depth_]; }
  [[nodiscard]] Block& block() { return blocks_[block_]; }
  [[nodiscard]] bool AtBase() { return frame().kind <= FrameKind::kFrom && beyond_ == 0; }
  [[nodiscard]] bool InCondition() {
    return block().clause == Clause::kOn || block().clause == Clause::kWhere;
  }
  void Set(Trait t) { traits_ |= BitOf(t); }

  Before TakeOperator(std::uint32_t op);
  Before TakeValue(const Token& t);

  // query_shape.cc: words and clauses.
  void Word(Keyword k);
  void Verb(Keyword k);
  void Clauses(Keyword k);
  void From();
  void Join();
  void On();
  void Update(Keyword before);
  void With();
  void For();
  void Lock();
  void Loop(Keyword k);
  void Dynamic();
  void StartCondition(Clause clause);
  void LeaveClause(Clause next);

  // shape_blocks.cc: statements, queries, their tables.
  void StartStatement();
  void EndStatement();
  void StartBlock();
  void Select();
  void SetOperation();
  void EndBranch();
  void EndBlock(const Frame& f);
  void EndCte(unsigned rows);
  Before Name(const Token& t);
  Before Table(std::string_view name);
  Before Column(std::string_view name);
  void AddTable(std::string_view name);

  // shape_calls.cc: parentheses and what stands in them.
  void Open();
  void Close();
  void OpenCall(Frame& f);
  void EndCall(const Frame& f);
  void EndSetting();
  void Comma();
  void Number(std::string_view text);
  void String(std::string_view text);

  TraitSet traits_ = 0;        // of this statement
  TraitSet total_ = 0;         // of those before it
  std::uint32_t count_ = 0;    // tokens
  std::uint32_t pattern_ = 0;  // where the last LIKE or REGEXP was; 0: nowhere near
  bool regexp_ = false;        // it was REGEXP
  bool routine_ = false;       // the rest is the body of a stored routine
  bool recursive_ = false, dynamic_ = false, between_ = false;
  bool names_count_ = false;  // names are worth a look
  Before before_ = Before::kNothing, before_that_ = Before::kNothing;
  Keyword word_ = Keyword::kNone;  // the token before, if it was a word
  Keyword verb_ = Keyword::kNone;
  Keyword setting_ = Keyword::kNone;
  std::uint32_t op_ = 0;  // the last operator but parentheses, commas and dots
  unsigned depth_ = 0, beyond_ = 0, block_ = 0, blocks_beyond_ = 0, ctes_ = 0;
  std::uint32_t cte_name_ = 0;
  std::uint32_t copies_ = 0;  // of CTEs, by what was named so far in this one
  std::string_view name_;     // the last one that was looked at
  std::string_view hidden_code_;
  std::array<Frame, kMaxFrames> frames_;
  std::array<Block, kMaxBlocks> blocks_;
  std::array<Cte, kMaxCtes> cte_sizes_;
};

[[gnu::always_inline]] inline void ShapeBuilder::Take(const Token& t) {
  ++count_;
  Before now = Before::kOther;
  Keyword word = Keyword::kNone;
  switch (t.kind) {
    case TokenKind::kWord:
      word = t.keyword;
      now = Before::kWord;
      if (Acts(word)) Word(word);
      if (!IsReserved(word)) now = names_count_ ? Name(t) : Before::kName;
      break;
    case TokenKind::kName:
    case TokenKind::kQuotedName:
      word = t.keyword;
      now = names_count_ ? Name(t) : Before::kName;
      break;
    case TokenKind::kOperator:
      now = TakeOperator(t.op);
      break;
    case TokenKind::kCodeComment:
    case TokenKind::kCodeCommentEnd:
      return;
    default:
      now = TakeValue(t);
      break;
  }
  before_that_ = before_;
  before_ = now;
  word_ = word;
}

[[gnu::always_inline]] inline ShapeBuilder::Before ShapeBuilder::TakeOperator(std::uint32_t op) {
  switch (op) {
    case Op("("):
      Open();
      return Before::kOpen;
    case Op(")"):
      Close();
      return Before::kClose;
    case Op(","):
      if (frame().kind <= FrameKind::kFrom) {
        Comma();
      } else {
        ++frame().commas;
      }
      return Before::kComma;
    case Op("."):
      if (before_ == Before::kColumn) block().joins.NoColumn();
      return Before::kDot;
    case Op("@"):
      return Before::kAt;
    case Op("="):
    case Op("<=>"):
      if (names_count_) block().joins.Equality();
      break;
    case Op("&&"):
    case Op("||"):
      if (InCondition()) block().joins.CloseCondition();
      break;
    case Op(";"):
      EndStatement();
      StartStatement();
      return Before::kNothing;
    default:
      break;
  }
  op_ = op;
  return Before::kOther;
}

inline ShapeBuilder::Before ShapeBuilder::TakeValue(const Token& t) {
  if (names_count_) block().joins.Value();
  switch (t.kind) {
    case TokenKind::kNumber:
      if (frame().kind == FrameKind::kCall || names_count_ || word_ == Keyword::kLimit ||
          block().clause == Clause::kLimit) {
        Number(t.text);
      }
      return Before::kNumber;
    case TokenKind::kString:
      if (pattern_ != 0 || frame().role != CallRole::kNone || dynamic_) String(t.text);
      return Before::kValue;
    case TokenKind::kVariable:
      if (names_count_ && block().clause == Clause::kSet) setting_ = t.keyword;
      return Before::kValue;
    case TokenKind::kBits:
      if (dynamic_) Set(Trait::kHiddenCode);
      return Before::kValue;
    default:
      return Before::kValue;
  }
}

}  // namespace headgate
