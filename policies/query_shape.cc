// The tokens in turn; words: verbs, and where clauses begin and end.
#include "policies/query_shape.h"

namespace headgate {
namespace {

constexpr ActSet kNames = SetOf({Act::kName, Act::kDot, Act::kEquals}) | kLiterals;
constexpr ActSet kIdle =
    SetOf({Act::kNothing, Act::kPlain, Act::kColumn, Act::kAt, Act::kOperator});
// Whatever may change what is looked at.
constexpr ActSet kAlways =
    ((ActSet{1} << static_cast<unsigned>(Act::kSize)) - 1) & ~(kIdle | kNames | kCommas);

}  // namespace

void ShapeBuilder::Take(Token* first, const Token* last) {
  first_ = first;
  ActSet wanted = kAlways | wanted_;
  for (Token* t = first; t != last; ++t) {
    const auto act = static_cast<Act>(t->act);
    if (!Has(wanted, act)) continue;
    now_ = t;
    if (act == Act::kName && IsPath(t, last)) {
      Mention(t->text);
      t += 2;
      name_ = t->text;
      continue;
    }
    Look(act);
    wanted = kAlways | wanted_;
  }
  taken_ += static_cast<std::uint32_t>(last - first);
}

// `t.column` in a condition: as its tokens one by one would have it, which take longer.
[[gnu::always_inline]] inline bool ShapeBuilder::IsPath(const Token* t, const Token* last) const {
  return last - t > 2 && static_cast<Act>(t[1].act) == Act::kDot &&
         static_cast<Act>(t[2].act) == Act::kName && InCondition() && names_count_ &&
         !block_->schema_scan && before() != Act::kDot && before() != Act::kAt;
}

TraitSet ShapeBuilder::Finish(Token* end) {
  now_ = end;
  EndStatement();
  return total_;
}

// What matters from here on. Too much is no error: each says for itself what it is.
[[gnu::always_inline]] inline void ShapeBuilder::ChooseNext() {
  static constexpr std::array<ActSet, 8> kOfClause = [] {
    std::array<ActSet, 8> sets{};
    for (const Clause c : {Clause::kFrom, Clause::kOn, Clause::kSet}) {
      sets[static_cast<std::size_t>(c)] = kCommas;
    }
    sets[static_cast<std::size_t>(Clause::kLimit)] = kLiterals;
    return sets;
  }();
  wanted_ = kOfClause[static_cast<std::size_t>(block_->clause)] | frame_->wanted | kept_ |
            (names_count_ ? kNames : 0);
}

[[gnu::always_inline]] inline void ShapeBuilder::Look(Act act) {
  switch (act) {
    case Act::kName:
      if (names_count_) Name(*now_);
      return;
    case Act::kOpen:
      Open();
      return ChooseNext();
    case Act::kClose:
      Close();
      return ChooseNext();
    case Act::kComma:
      if (frame_->kind > FrameKind::kFrom) {
        ++frame_->commas;
        return;
      }
      Comma();
      return ChooseNext();
    case Act::kDot:
      if (before() == Act::kColumn) block_->joins.NoColumn();
      return;
    case Act::kEquals:
    case Act::kIn:
      if (names_count_) block_->joins.Equality();
      return;
    case Act::kAndOr:
      if (between_ && now_->keyword == Keyword::kAnd) {
        between_ = false;
        return;
      }
      [[fallthrough]];
    case Act::kConnects:
      if (InCondition()) block_->joins.CloseCondition();
      return;
    case Act::kBetween:
      between_ = true;
      return;
    case Act::kNumber:
    case Act::kString:
    case Act::kVariable:
    case Act::kBits:
    case Act::kValue:
      return LookAtValue(act);
    default:
      Word(act);
      return ChooseNext();
  }
}

inline void ShapeBuilder::LookAtValue(Act act) {
  if (names_count_) block_->joins.Value();
  switch (act) {
    case Act::kNumber:
      if (frame_->kind == FrameKind::kCall || names_count_ || word() == Keyword::kLimit ||
          block_->clause == Clause::kLimit) {
        Number(now_->text);
      }
      return;
    case Act::kString:
      if (pattern_ != 0 || frame_->role != CallRole::kNone || dynamic_) {
        String(now_->text);
        ChooseNext();
      }
      return;
    case Act::kVariable:
      if (names_count_ && block_->clause == Clause::kSet) setting_ = now_->keyword;
      return;
    case Act::kBits:
      if (dynamic_) Set(Trait::kHiddenCode);
      return;
    default:
      return;
  }
}

inline void ShapeBuilder::Word(Act act) {
  const Keyword k = now_->keyword;
  switch (act) {
    case Act::kSelect:
      return Select();
    case Act::kLike:
    case Act::kRegexp:
      return Pattern(act == Act::kRegexp);
    case Act::kOver:
      block_->aggregated = false;
      return;
    case Act::kOutfile:
    case Act::kOutfileName:
      if (word() == Keyword::kInto) Set(Trait::kIntoOutfile);
      break;
    case Act::kSemicolon:
      EndStatement();
      StartStatement();
      return;
    case Act::kVerb:
    case Act::kVerbName:
      Verb(k);
      break;
    default:
      if (act == Act::kValues && before() == Act::kOpen) {
        Select();
        block_->rows = 7;  // a guess: a hundred
        return;
      }
      if (verb_open_ || act == Act::kFor || act == Act::kLeave) Verb(k);
      if (AtBase() && blocks_beyond_ == 0) WordOfClause(act);
      return;
  }
  if (names_count_ && act <= Act::kOutfileName) Name(*now_);
}

inline void ShapeBuilder::WordOfClause(Act act) {
  switch (act) {
    case Act::kFrom:
      return From();
    case Act::kJoin:
      return Join();
    case Act::kNatural:
      block_->natural = true;
      return;
    case Act::kOn:
      return On();
    case Act::kUsing:
      if (block_->clause == Clause::kFrom) block_->table = TableState::kUsing;
      return;
    case Act::kWhere:
      LeaveClause(Clause::kOther);
      block_->filtered = true;
      return StartCondition(Clause::kWhere);
    case Act::kGroup:
      block_->grouped = true;
      [[fallthrough]];
    case Act::kLeave:
      return LeaveClause(Clause::kOther);
    case Act::kOrder:
      return LeaveClause(Clause::kOrder);
    case Act::kLimit:
      block_->filtered = true;
      return LeaveClause(Clause::kLimit);
    case Act::kSetOperation:
      return SetOperation();
    case Act::kSet:
      if (verb_ == Keyword::kUpdate) LeaveClause(Clause::kOther);
      return;
    case Act::kUpdate:
      if (word() == Keyword::kKey) LeaveClause(Clause::kOther);  // ON DUPLICATE KEY UPDATE
      if (word() == Keyword::kFor) block_->locking = true;
      return;
    case Act::kWith:
      return With();
    case Act::kRecursive:
      if (block_->clause != Clause::kWith) return;
      recursive_ = true;
      return Set(Trait::kRecursiveCte);
    case Act::kFor:
      return For();
    case Act::kLock:
      if (verb_ == Keyword::kFlush) Set(Trait::kLockTables);  // WITH READ LOCK
      return;
    case Act::kDual:
      if (block_->clause == Clause::kFrom) block_->table = TableState::kDone;
      return;
    default:
      return;
  }
}

// LIKE or REGEXP: the next string is its pattern.
void ShapeBuilder::Pattern(bool regexp) {
  if (regexp) Set(Trait::kRegexp);
  pattern_ = regexp || verb_ != Keyword::kShow ? count() : 0;
  regexp_ = regexp;
  kept_ = kLiterals;
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
  if (!verb_open_) return;
  if (k == Keyword::kUpdate) Update(word());
  if (verb_ == Keyword::kNone && k == Keyword::kSet) LeaveClause(Clause::kSet);
  const bool explains =
      verb_ == Keyword::kExplain || verb_ == Keyword::kDescribe || verb_ == Keyword::kDesc;
  const bool runs = k == Keyword::kAnalyze;  // EXPLAIN ANALYZE
  if (k == Keyword::kUpdate || k == Keyword::kDelete || runs || !explains) Become(k);
}

void ShapeBuilder::Become(Keyword verb) {
  verb_ = verb;
  verb_open_ = verb == Keyword::kNone || verb == Keyword::kWith || verb == Keyword::kExplain ||
               verb == Keyword::kAnalyze || verb == Keyword::kDescribe || verb == Keyword::kDesc;
}

void ShapeBuilder::From() {
  if (verb_ == Keyword::kPrepare) return Dynamic();
  if (verb_ == Keyword::kShow) return;
  Block& b = *block_;
  b.joins.Forget();  // what the select list named connects nothing
  b.clause = Clause::kFrom;
  b.table = TableState::kExpected;
  b.has_from = true;
  names_count_ = true;
}

void ShapeBuilder::Join() {
  Block& b = *block_;
  if (b.clause != Clause::kFrom && b.clause != Clause::kOn) return;  // SELECT STRAIGHT_JOIN
  LeaveClause(Clause::kFrom);
  b.table = TableState::kExpected;
}

void ShapeBuilder::On() {
  Block& b = *block_;
  if (b.clause != Clause::kFrom && b.clause != Clause::kOn) return;
  b.joins.CloseCondition();
  b.filtered = true;
  StartCondition(Clause::kOn);
}

void ShapeBuilder::Update(Keyword before) {
  if (before == Keyword::kFor || before == Keyword::kKey) return;
  LeaveClause(Clause::kFrom);
  block_->table = TableState::kExpected;
  block_->has_from = true;
}

void ShapeBuilder::With() {
  if (before() == Act::kOpen) Select();
  Block& b = *block_;
  const bool begins = before() == Act::kOpen ||
                      (!b.has_from && b.clause == Clause::kOther && verb_ != Keyword::kFlush);
  if (begins) LeaveClause(Clause::kWith);
}

void ShapeBuilder::For() {
  if (verb_ == Keyword::kFlush) Set(Trait::kLockTables);  // FOR EXPORT
  if (block_->clause != Clause::kSet) return;
  EndSetting();  // SET STATEMENT ... FOR: the statement itself comes now
  Become(Keyword::kNone);
  LeaveClause(Clause::kOther);
}

// As statements of their own: what MariaDB runs without a stored routine around it.
void ShapeBuilder::Loop(Keyword k) {
  if (routine_ || verb_ == Keyword::kCreate || verb_ == Keyword::kAlter) return;
  const bool labelled = Behind(Op(":"));
  const bool inside = verb_ == Keyword::kBegin && word() != Keyword::kHandler &&
                      word() != Keyword::kCursor && before() != Act::kClose;
  const bool first = before() == Act::kNothing || before() == Act::kSemicolon || labelled || inside;
  if (k == Keyword::kLoop || k == Keyword::kWhile ||
      (first && (k == Keyword::kRepeat || k == Keyword::kFor))) {
    Set(Trait::kLoop);
  }
}

void ShapeBuilder::Dynamic() {
  if (routine_) return;
  Set(Trait::kDynamicSql);
  dynamic_ = true;
  kept_ = kLiterals;
}

// From here on names are looked at, if a condition could connect anything.
void ShapeBuilder::StartCondition(Clause clause) {
  block_->clause = clause;
  between_ = false;
  names_count_ = block_->schema_scan;
  for (const Block* b = blocks_.data(); b <= block_; ++b) names_count_ |= b->joins.tables() > 1;
}

void ShapeBuilder::LeaveClause(Clause next) {
  Block& b = *block_;
  b.joins.CloseCondition();
  b.clause = next;
  names_count_ = next == Clause::kFrom || next == Clause::kWith || next == Clause::kSet;
}

}  // namespace headgate
