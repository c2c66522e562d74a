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
#include "policies/token_act.h"
#include "policies/trait.h"

namespace headgate {

class ShapeBuilder {
 public:
  ShapeBuilder() { StartStatement(); }
  ShapeBuilder(const ShapeBuilder&) = delete;
  ShapeBuilder& operator=(const ShapeBuilder&) = delete;

  // Of the tokens [first, last), in the order of the text, those that count. The three before
  // `first` are those before it in the text, or Act::kNothing; what it says of them there is kept
  // for it.
  void Take(Token* first, const Token* last);
  // One that counts as a token, and is nothing to its neighbours.
  void TakeComment() { ++taken_; }
  // `end` is behind the last token, and the three before it as for Take().
  [[nodiscard]] TraitSet Finish(Token* end);

  // The string that PREPARE ... FROM or EXECUTE IMMEDIATE runs, as written; empty if none. Its own
  // traits are the statement's too: whoever scans can scan it as well.
  [[nodiscard]] std::string_view hidden_code() const { return hidden_code_; }

 private:
  static constexpr unsigned kMaxFrames = 65;  // parentheses; deeper ones are counted only
  static constexpr unsigned kMaxBlocks = 16;  // queries within queries, likewise
  static constexpr unsigned kMaxCtes = 64;    // more than a report has

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
    ActSet wanted;         // what is looked at because of it
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

  [[nodiscard]] bool AtBase() const { return frame_->kind <= FrameKind::kFrom && beyond_ == 0; }
  [[nodiscard]] bool InCondition() const {
    return block_->clause == Clause::kOn || block_->clause == Clause::kWhere;
  }
  void Set(Trait t) { traits_ |= BitOf(t); }
  // Of queries around this one, how many there are.
  [[nodiscard]] std::size_t outer() const {
    return static_cast<std::size_t>(block_ - blocks_.data());
  }

  // The tokens before the one that is looked at, and what it is itself to the next.
  [[nodiscard]] Act before() const { return static_cast<Act>(now_[-1].act); }
  [[nodiscard]] Act before_that() const { return static_cast<Act>(now_[-2].act); }
  static bool IsName(Act a) { return a >= Act::kName && a <= Act::kOutfileName; }
  static bool IsOther(Act a) { return a >= Act::kEquals && a <= Act::kOperator; }
  void Is(Act a) { now_->act = static_cast<std::uint8_t>(a); }
  // What a parenthesis here calls: a function, or another word that stands before it.
  [[nodiscard]] Keyword Called() const;
  // The keyword of the token before, if it was a word.
  [[nodiscard]] Keyword word() const {
    return now_[-1].kind <= TokenKind::kQuotedName ? now_[-1].keyword : Keyword::kNone;
  }
  // It was this operator.
  [[nodiscard]] bool Behind(std::uint32_t op) const {
    return IsOther(before()) && now_[-1].op == op;
  }
  [[nodiscard]] std::uint32_t count() const {
    return taken_ + static_cast<std::uint32_t>(now_ - first_) + 1;
  }

  // query_shape.cc: all tokens.
  void Look(Act act);
  void Word(Act act);
  void WordOfClause(Act act);
  void LookAtValue(Act act);
  bool IsPath(const Token* t, const Token* last) const;
  void ChooseNext();
  void Pattern(bool regexp);

  // ... words and clauses.
  void Verb(Keyword k);
  void Become(Keyword verb);
  void From();
  void Join();
  void On();
  void Update(Keyword before);
  void With();
  void For();
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
  void Name(const Token& t);
  void Table(std::string_view name);
  void Column(std::string_view name);
  void Mention(std::string_view table);
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
  Token* first_ = nullptr;     // of those that are taken
  Token* now_ = nullptr;       // looked at
  ActSet wanted_ = 0;          // what is looked at
  ActSet kept_ = 0;            // ... until somebody says it no longer is
  std::uint32_t taken_ = 0;    // tokens before them
  std::uint32_t pattern_ = 0;  // where the last LIKE or REGEXP was; 0: nowhere near
  bool regexp_ = false;        // it was REGEXP
  bool routine_ = false;       // the rest is the body of a stored routine
  bool recursive_ = false, dynamic_ = false, between_ = false;
  bool names_count_ = false;  // names are worth a look
  bool verb_open_ = true;     // the next word may say what the statement does
  Keyword verb_ = Keyword::kNone;
  Keyword setting_ = Keyword::kNone;
  unsigned depth_ = 0, beyond_ = 0, blocks_beyond_ = 0, ctes_ = 0;
  Frame* frame_ = nullptr;  // the innermost
  Block* block_ = nullptr;
  std::uint32_t cte_name_ = 0;
  std::uint32_t copies_ = 0;  // of CTEs, by what was named so far in this one
  std::string_view name_;     // the last one that was looked at
  std::string_view hidden_code_;
  std::array<Frame, kMaxFrames> frames_;
  std::array<Block, kMaxBlocks> blocks_;
  std::array<Cte, kMaxCtes> cte_sizes_;
};

}  // namespace headgate
