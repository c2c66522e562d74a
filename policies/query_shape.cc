// Words: verbs, and where clauses begin and end.
#include "policies/query_shape.h"

namespace headgate {

void ShapeBuilder::Take(Token* first, Token* last) {
  first_ = first;
  for (Token* t = first; t != last; ++t) {
    if ((t->look & wanted_) == 0) continue;
    now_ = t;
    Look(*t);
  }
  taken_ += static_cast<std::uint32_t>(last - first);
}

TraitSet ShapeBuilder::Finish(Token* end) {
  now_ = end;
  EndStatement();
  return total_;
}

[[gnu::always_inline]] inline void ShapeBuilder::Look(const Token& t) {
  switch (t.kind) {
    case TokenKind::kWord:
      if (Acts(t.keyword)) {
        Word(t.keyword);
        ChooseNext();
      }
      if (names_count_ && !IsReserved(t.keyword)) Name(t);
      return;
    case TokenKind::kName:
    case TokenKind::kQuotedName:
      if (names_count_) Name(t);
      return;
    case TokenKind::kOperator:
      return LookAtOperator(t.op);
    default:
      return LookAtValue(t);
  }
}

[[gnu::always_inline]] inline void ShapeBuilder::LookAtOperator(std::uint32_t op) {
  switch (op) {
    case Op("("):
      Open();
      return ChooseNext();
    case Op(")"):
      Close();
      return ChooseNext();
    case Op(","):
      if (frame().kind > FrameKind::kFrom) {
        ++frame().commas;
        return;
      }
      Comma();
      return ChooseNext();
    case Op("."):
      if (before() == Before::kColumn) block().joins.NoColumn();
      return;
    case Op("="):
    case Op("<=>"):
      if (names_count_) block().joins.Equality();
      return;
    case Op("&&"):
    case Op("||"):
      if (InCondition()) block().joins.CloseCondition();
      return;
    case Op(";"):
      EndStatement();
      StartStatement();
      return ChooseNext();
    default:
      return;
  }
}

void ShapeBuilder::LookAtValue(const Token& t) {
  if (names_count_) block().joins.Value();
  switch (t.kind) {
    case TokenKind::kNumber:
      if (frame().kind == FrameKind::kCall || names_count_ || word() == Keyword::kLimit ||
          block().clause == Clause::kLimit) {
        Number(t.text);
      }
      return;
    case TokenKind::kString:
      if (pattern_ != 0 || frame().role != CallRole::kNone || dynamic_) {
        String(t.text);
        ChooseNext();
      }
      return;
    case TokenKind::kVariable:
      if (names_count_ && block().clause == Clause::kSet) setting_ = t.keyword;
      return;
    case TokenKind::kBits:
      if (dynamic_) Set(Trait::kHiddenCode);
      return;
    default:
      return;
  }
}

// What matters from here on. Too many are no error: each says for itself what it is.
void ShapeBuilder::ChooseNext() {
  const Clause clause = block().clause;
  const Frame& f = frame();
  unsigned wanted = look::kAlways;
  if (names_count_) wanted |= look::kName | look::kValue;
  if (f.role != CallRole::kNone || clause == Clause::kLimit || now_->keyword == Keyword::kLimit ||
      pattern_ != 0 || dynamic_) {
    wanted |= look::kValue;
  }
  if (f.kind >= FrameKind::kIn || clause == Clause::kFrom || clause == Clause::kOn ||
      clause == Clause::kSet) {
    wanted |= look::kComma;
  }
  wanted_ = static_cast<std::uint8_t>(wanted);
}

void ShapeBuilder::Word(Keyword k) {
  switch (k) {
    case Keyword::kAnd:
      if (between_) {
        between_ = false;
        return;
      }
      [[fallthrough]];
    case Keyword::kOr:
    case Keyword::kXor:
      if (InCondition()) block().joins.CloseCondition();
      return;
    case Keyword::kBetween:
      between_ = true;
      return;
    case Keyword::kIn:
      if (names_count_) block().joins.Equality();
      return;
    case Keyword::kLike:
      pattern_ = verb_ == Keyword::kShow ? 0 : count();
      regexp_ = false;
      return;
    case Keyword::kRegexp:
    case Keyword::kRlike:
      Set(Trait::kRegexp);
      pattern_ = count();
      regexp_ = true;
      return;
    case Keyword::kOver:
      block().aggregated = false;
      return;
    case Keyword::kOutfile:
    case Keyword::kDumpfile:
      if (word() == Keyword::kInto) Set(Trait::kIntoOutfile);
      return;
    case Keyword::kSelect:
      Select();
      return;
    case Keyword::kValues:
      if (before() != Before::kOpen) break;
      Select();
      block().rows = 7;  // a guess: a hundred
      return;
    default:
      break;
  }
  Verb(k);
  if (AtBase() && blocks_beyond_ == 0) Clauses(k);
}

// The word that says what the statement does is the first, but for EXPLAIN, WITH and SET STATEMENT.
void ShapeBuilder::Verb(Keyword k) {
  Loop(k);
  switch (k) {
    case Keyword::kImmediate:
      if (word() == Keyword::kExecute) Dynamic();
      return;
    case Keyword::kProcedure:
    case Keyword::kFunction:
    case Keyword::kTrigger:
    case Keyword::kEvent:
    case Keyword::kPackage:
      if (verb_ == Keyword::kCreate || verb_ == Keyword::kAlter) routine_ = true;
      return;
    case Keyword::kTable:
    case Keyword::kTables:
      if (verb_ == Keyword::kLock && word() == Keyword::kLock) Set(Trait::kLockTables);
      return;
    default:
      break;
  }
  const bool open = verb_ == Keyword::kNone || verb_ == Keyword::kWith ||
                    verb_ == Keyword::kExplain || verb_ == Keyword::kAnalyze ||
                    verb_ == Keyword::kDescribe || verb_ == Keyword::kDesc;
  if (!open) return;
  if (k == Keyword::kUpdate) Update(word());
  if (verb_ == Keyword::kNone && k == Keyword::kSet) LeaveClause(Clause::kSet);
  const bool explains =
      verb_ == Keyword::kExplain || verb_ == Keyword::kDescribe || verb_ == Keyword::kDesc;
  const bool runs = k == Keyword::kAnalyze;  // EXPLAIN ANALYZE
  if (k == Keyword::kUpdate || k == Keyword::kDelete || runs || !explains) verb_ = k;
}

void ShapeBuilder::Clauses(Keyword k) {
  switch (k) {
    case Keyword::kFrom:
      return From();
    case Keyword::kJoin:
    case Keyword::kStraightJoin:
      return Join();
    case Keyword::kNatural:
      block().natural = true;
      return;
    case Keyword::kOn:
      return On();
    case Keyword::kUsing:
      if (block().clause == Clause::kFrom) block().table = TableState::kUsing;
      return;
    case Keyword::kWhere:
      LeaveClause(Clause::kOther);
      block().filtered = true;
      return StartCondition(Clause::kWhere);
    case Keyword::kGroup:
      block().grouped = true;
      [[fallthrough]];
    case Keyword::kHaving:
    case Keyword::kWindow:
    case Keyword::kReturning:
    case Keyword::kInto:
    case Keyword::kProcedure:
      return LeaveClause(Clause::kOther);
    case Keyword::kOrder:
      return LeaveClause(Clause::kOrder);
    case Keyword::kLimit:
      block().filtered = true;
      return LeaveClause(Clause::kLimit);
    case Keyword::kUnion:
    case Keyword::kExcept:
    case Keyword::kIntersect:
      return SetOperation();
    case Keyword::kSet:
      if (verb_ == Keyword::kUpdate) LeaveClause(Clause::kOther);
      return;
    case Keyword::kUpdate:
      if (word() == Keyword::kKey) LeaveClause(Clause::kOther);  // ON DUPLICATE KEY UPDATE
      if (word() == Keyword::kFor) block().locking = true;
      return;
    case Keyword::kWith:
      return With();
    case Keyword::kRecursive:
      if (block().clause != Clause::kWith) return;
      recursive_ = true;
      Set(Trait::kRecursiveCte);
      return;
    case Keyword::kFor:
      return For();
    case Keyword::kLock:
      return Lock();
    case Keyword::kDual:
      if (block().clause == Clause::kFrom) block().table = TableState::kDone;
      return;
    default:
      return;
  }
}

void ShapeBuilder::From() {
  if (verb_ == Keyword::kPrepare) return Dynamic();
  if (verb_ == Keyword::kShow) return;
  Block& b = block();
  b.joins.Forget();  // what the select list named connects nothing
  b.clause = Clause::kFrom;
  b.table = TableState::kExpected;
  b.has_from = true;
  names_count_ = true;
}

void ShapeBuilder::Join() {
  Block& b = block();
  if (b.clause != Clause::kFrom && b.clause != Clause::kOn) return;  // SELECT STRAIGHT_JOIN
  LeaveClause(Clause::kFrom);
  b.table = TableState::kExpected;
}

void ShapeBuilder::On() {
  Block& b = block();
  if (b.clause != Clause::kFrom && b.clause != Clause::kOn) return;
  b.joins.CloseCondition();
  b.filtered = true;
  StartCondition(Clause::kOn);
}

void ShapeBuilder::Update(Keyword before) {
  if (before == Keyword::kFor || before == Keyword::kKey) return;
  LeaveClause(Clause::kFrom);
  block().table = TableState::kExpected;
  block().has_from = true;
}

void ShapeBuilder::With() {
  if (before() == Before::kOpen) Select();
  Block& b = block();
  const bool begins = before() == Before::kOpen ||
                      (!b.has_from && b.clause == Clause::kOther && verb_ != Keyword::kFlush);
  if (begins) LeaveClause(Clause::kWith);
}

void ShapeBuilder::For() {
  if (verb_ == Keyword::kFlush) Set(Trait::kLockTables);  // FOR EXPORT
  if (block().clause != Clause::kSet) return;
  EndSetting();  // SET STATEMENT ... FOR: the statement itself comes now
  verb_ = Keyword::kNone;
  LeaveClause(Clause::kOther);
}

void ShapeBuilder::Lock() {
  if (verb_ == Keyword::kFlush) Set(Trait::kLockTables);  // WITH READ LOCK
}

// As statements of their own: what MariaDB runs without a stored routine around it.
void ShapeBuilder::Loop(Keyword k) {
  if (routine_ || verb_ == Keyword::kCreate || verb_ == Keyword::kAlter) return;
  const bool labelled = Behind(Op(":"));
  const bool inside = verb_ == Keyword::kBegin && word() != Keyword::kHandler &&
                      word() != Keyword::kCursor && before() != Before::kClose;
  const bool first = before() == Before::kNothing || labelled || inside;
  if (k == Keyword::kLoop || k == Keyword::kWhile ||
      (first && (k == Keyword::kRepeat || k == Keyword::kFor))) {
    Set(Trait::kLoop);
  }
}

void ShapeBuilder::Dynamic() {
  if (routine_) return;
  Set(Trait::kDynamicSql);
  dynamic_ = true;
}

// From here on names are looked at, if a condition could connect anything.
void ShapeBuilder::StartCondition(Clause clause) {
  block().clause = clause;
  between_ = false;
  names_count_ = block().schema_scan;
  for (unsigned i = 0; i <= block_; ++i) names_count_ |= blocks_[i].joins.tables() > 1;
}

void ShapeBuilder::LeaveClause(Clause next) {
  Block& b = block();
  b.joins.CloseCondition();
  b.clause = next;
  names_count_ = next == Clause::kFrom || next == Clause::kWith || next == Clause::kSet;
}

}  // namespace headgate
