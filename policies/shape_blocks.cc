// Statements, the queries in them, and the tables these name.
#include <algorithm>
#include <bit>

#include "policies/query_shape.h"

namespace headgate {
namespace {

constexpr unsigned kManyTables = 16;
constexpr unsigned kUnions = 16, kManyUnions = 64, kUnionsOfConstants = 256;
constexpr unsigned kBigSequence = 20, kHugeSequence = 27;  // powers of two

constexpr std::uint32_t kTooManyCopies = 1000;

// What a statement only has when it runs, not when it is explained.
constexpr TraitSet kOfRunning =
    BitOf(Trait::kSleep) | BitOf(Trait::kLongWait) | BitOf(Trait::kCrossJoin) |
    BitOf(Trait::kCartesian) | BitOf(Trait::kNoWhereWrite) | BitOf(Trait::kOrderByRand) |
    BitOf(Trait::kSequenceTable) | BitOf(Trait::kHugeSequence) | BitOf(Trait::kInformationSchema);

}  // namespace

void ShapeBuilder::StartStatement() {
  depth_ = beyond_ = blocks_beyond_ = ctes_ = copies_ = 0;
  frame_ = frames_.data();
  block_ = blocks_.data();
  frames_[0] = Frame{};
  StartBlock();
  Become(Keyword::kNone);
  setting_ = Keyword::kNone;
  recursive_ = dynamic_ = false;
  kept_ = pattern_ != 0 ? kLiterals : 0;
  traits_ = 0;
}

void ShapeBuilder::EndStatement() {
  while (depth_ > 0) Close();
  EndSetting();
  const Block& b = *block_;
  const bool writes = verb_ == Keyword::kUpdate || verb_ == Keyword::kDelete;
  if (!routine_ && !b.filtered && b.joins.tables() > 0 && (writes || b.locking)) {
    Set(Trait::kNoWhereWrite);
  }
  EndBranch();
  const bool explained =
      verb_ == Keyword::kExplain || verb_ == Keyword::kDescribe || verb_ == Keyword::kDesc;
  total_ |= explained ? traits_ & ~kOfRunning : traits_;
}

void ShapeBuilder::StartBlock() {
  Block& b = *block_;
  b.joins.Reset();
  b.clause = Clause::kOther;
  b.table = TableState::kDone;
  b.filtered = b.natural = b.grouped = b.aggregated = b.locking = b.sleeps = b.has_from = false;
  b.schema_scan = b.schema_named = b.cte_member = false;
  b.branches = b.branches_of_tables = b.rows = 0;
  b.limit = JoinGraph::kMaxRows;
  names_count_ = false;
}

// Behind a parenthesis a query of its own begins.
void ShapeBuilder::Select() {
  if (verb_ == Keyword::kNone || verb_ == Keyword::kWith) Become(Keyword::kSelect);
  Frame& f = *frame_;
  if (before() == Act::kOpen && depth_ > 0 && beyond_ == 0) {
    f.table = f.kind == FrameKind::kFrom;
    f.kind = FrameKind::kBlock;
    if (outer() + 1 < kMaxBlocks) {
      ++block_;
      StartBlock();
      block_->cte_member = f.cte && recursive_;
    } else {
      ++blocks_beyond_;
    }
  }
  block_->clause = Clause::kOther;
  names_count_ = false;
}

void ShapeBuilder::SetOperation() {
  Block& b = *block_;
  if (frame_->kind == FrameKind::kFrom) {
    ++frame_->commas;  // ((SELECT ...) UNION (SELECT ...)): one table
    b.table = TableState::kExpected;
    return;
  }
  EndBranch();
  const Block before = b;
  StartBlock();
  b.branches = before.branches;
  b.branches_of_tables = before.branches_of_tables;
  b.rows = before.rows;
  b.cte_member = before.cte_member;
  b.sleeps = before.sleeps;
}

void ShapeBuilder::EndBranch() {
  Block& b = *block_;
  b.joins.CloseCondition();
  const JoinGraph::Judgement judged = b.joins.Judge();
  if (judged.product != JoinGraph::Product::kConnected) Set(Trait::kCrossJoin);
  if (judged.product == JoinGraph::Product::kCartesian) Set(Trait::kCartesian);
  if (b.cte_member && b.branches > 0 && judged.apart > 1) Set(Trait::kCteBomb);
  if (b.joins.tables() > kManyTables) Set(Trait::kManyJoins);
  if (b.schema_scan && !b.schema_named) Set(Trait::kInformationSchema);
  if (b.sleeps && b.has_from) Set(Trait::kLongWait);
  ++b.branches;
  if (b.has_from) ++b.branches_of_tables;
  if (b.branches_of_tables > kUnions || b.branches > kUnionsOfConstants) Set(Trait::kUnionChain);
  if (b.branches_of_tables > kManyUnions) Set(Trait::kLongUnion);
  unsigned rows = judged.real ? JoinGraph::kUnknownRows : judged.rows;
  if (b.aggregated && !b.grouped) rows = 0;
  b.rows = std::max(b.rows, std::min(rows, b.limit));
}

void ShapeBuilder::EndBlock(const Frame& f) {
  if (blocks_beyond_ > 0) {
    --blocks_beyond_;
    return;
  }
  EndBranch();
  const Block& inner = *block_;
  unsigned rows = inner.rows;
  if (rows < JoinGraph::kUnknownRows) {
    rows += static_cast<unsigned>(std::bit_width(inner.branches - 1));
  }
  if (inner.cte_member && inner.branches > 1) rows = JoinGraph::kUnknownRows;
  --block_;
  Block& b = *block_;
  b.sleeps |= inner.sleeps;
  if (f.table) {
    // Of the parts of a set operation in parentheses only the first is a table.
    if (frame_->kind != FrameKind::kFrom || frame_->commas == 0) b.joins.AddTable(0, rows);
    b.table = TableState::kNamed;
  } else if (f.cte) {
    EndCte(rows);
  } else {
    b.joins.Value();
    if (outer() == 0 && b.clause == Clause::kOther) b.has_from |= inner.has_from;
  }
  names_count_ = b.clause == Clause::kFrom || b.clause == Clause::kWith;
  if (InCondition()) StartCondition(b.clause);
}

// The server makes a copy of a CTE's query for each place that names it, and of those it names in
// turn: twenty CTEs that name the one before them twice took it 70 s and its memory.
void ShapeBuilder::EndCte(unsigned rows) {
  if (ctes_ == kMaxCtes) return Set(Trait::kCteBomb);
  cte_sizes_[ctes_++] = {cte_name_, rows, copies_ + 1};
  copies_ = 0;
}

void ShapeBuilder::Name(const Token& t) {
  if (before() == Act::kAt) {
    block_->joins.Value();
    return Is(Act::kValue);
  }
  switch (block_->clause) {
    case Clause::kFrom:
      if (AtBase()) Table(t.text);
      break;
    case Clause::kOn:
    case Clause::kWhere:
      Column(t.text);
      break;
    case Clause::kWith:
      if (AtBase()) cte_name_ = NameHash(t.text);
      break;
    case Clause::kSet:
      if (RoleOfSetting(t.keyword) != SettingRole::kNone) setting_ = t.keyword;
      if (!t.text.empty() && t.text[0] >= '0' && t.text[0] <= '9') Number(t.text);  // 16G
      break;
    default:
      break;
  }
  name_ = t.text;
}

void ShapeBuilder::Table(std::string_view name) {
  Block& b = *block_;
  if (Behind(Op("{"))) return;          // { OJ a LEFT JOIN b }
  if (b.table == TableState::kUsing) {  // DELETE FROM a USING a, b
    b.joins.Reset();
    b.table = TableState::kExpected;
  }
  if (b.table == TableState::kExpected) {
    AddTable(name);
    b.table = TableState::kNamed;
  } else if (b.table == TableState::kNamed) {
    if (before() != Act::kDot) {
      b.table = TableState::kDone;
    } else {
      if (SameName(name_, "information_schema") && IsSchemaScan(name)) b.schema_scan = true;
      if (const unsigned rows = SequenceRows(name)) b.joins.Resize(rows);
    }
    b.joins.Alias(NameHash(name));
  }
}

void ShapeBuilder::AddTable(std::string_view name) {
  Block& b = *block_;
  const std::uint32_t hash = NameHash(name);
  unsigned rows = JoinGraph::kUnknownRows;
  if (const unsigned sequence = SequenceRows(name)) {
    rows = sequence;
    if (rows > kBigSequence) Set(Trait::kSequenceTable);
    if (rows > kHugeSequence) Set(Trait::kHugeSequence);
  }
  for (unsigned i = 0; i < ctes_; ++i) {
    if (cte_sizes_[i].name != hash) continue;
    rows = cte_sizes_[i].rows;
    copies_ = std::min(copies_ + cte_sizes_[i].copies, kTooManyCopies);
  }
  if (copies_ == kTooManyCopies) Set(Trait::kCteBomb);
  b.joins.AddTable(hash, rows);
  if (b.natural) b.joins.LinkLast();
  b.natural = false;
}

// `x` alone, until a dot or a parenthesis says otherwise; or what stands behind `t.`.
void ShapeBuilder::Column(std::string_view name) {
  Block& b = *block_;
  if (b.schema_scan &&
      (SameName(name, "table_schema") || SameName(name, "table_name") ||
       SameName(name, "constraint_schema") || SameName(name, "schema_name") ||
       SameName(name, "trigger_schema") || SameName(name, "event_object_schema"))) {
    b.schema_named = true;
  }
  if (before() == Act::kDot) return Mention(name_);
  // INTERVAL 1 DAY, COLLATE utf8_bin
  if (before() == Act::kNumber || word() == Keyword::kCollate) return;
  b.joins.Column();
  Is(Act::kColumn);
}

// In a condition, of this query or one around it.
void ShapeBuilder::Mention(std::string_view table) {
  const std::uint32_t hash = NameHash(table);
  if (block_->joins.Mention(hash)) return;
  for (Block* b = block_; b != blocks_.data();) {
    if (!(--b)->joins.Mention(hash)) continue;
    block_->joins.Value();  // the row of the query outside is given
    return;
  }
}

}  // namespace headgate
