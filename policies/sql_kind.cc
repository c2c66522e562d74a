#include "policies/sql_kind.h"

#include <optional>

#include "policies/sql_charset_names.h"
#include "policies/sql_keywords.h"

namespace headgate::sql {
namespace {

// How many words of CREATE may come before it is known what is created (definer and options).
constexpr std::uint8_t kCreateWords = 12;

bool OnlyReads(StatementKind k) {
  return k == StatementKind::kSelect || k == StatementKind::kShow || k == StatementKind::kSet;
}

// What two statements in one are: those that only read still do, and SET is what the next statement
// has to wait for.
StatementKind Together(StatementKind a, StatementKind b) {
  if (a == b) return a;
  if (!OnlyReads(a) || !OnlyReads(b)) return StatementKind::kOther;
  const bool sets = a == StatementKind::kSet || b == StatementKind::kSet;
  return sets ? StatementKind::kSet : StatementKind::kSelect;
}

// Those that nothing behind the word changes.
std::optional<StatementKind> KindByWord(Keyword k) {
  switch (k) {
    case Keyword::kSelect:
    case Keyword::kValues:
    case Keyword::kDo:
      return StatementKind::kSelect;
    case Keyword::kInsert:
    case Keyword::kUpdate:
    case Keyword::kDelete:
    case Keyword::kReplace:
    case Keyword::kLoad:
      return StatementKind::kWrite;
    case Keyword::kDrop:
    case Keyword::kRename:
    case Keyword::kTruncate:
    case Keyword::kOptimize:
    case Keyword::kRepair:
    case Keyword::kGrant:
    case Keyword::kRevoke:
    case Keyword::kCheck:
      return StatementKind::kDdl;
    case Keyword::kShow:
      return StatementKind::kShow;
    case Keyword::kCall:  // the server keeps the caller's charset and mode
    case Keyword::kHandler:
      return StatementKind::kCall;
    default:
      return std::nullopt;
  }
}

bool BeginsBlock(Keyword k) {
  switch (k) {
    case Keyword::kIf:
    case Keyword::kCase:
    case Keyword::kLoop:
    case Keyword::kWhile:
    case Keyword::kRepeat:
    case Keyword::kFor:
    case Keyword::kDeclare:
      return true;
    default:
      return false;
  }
}

bool IsExempt(StatementKind k) { return k == StatementKind::kEnd || k == StatementKind::kKill; }

}  // namespace

void KindFinder::Take(const Token& token) {
  switch (token.kind) {
    case TokenKind::kOperator:
      return Operator(token.op);
    case TokenKind::kCodeComment:
    case TokenKind::kCodeCommentEnd:
      return;
    default:
      break;
  }
  switch (state_) {
    case State::kSet:
      return Set(token);
    case State::kSetValue:
      return SetValue(token);
    case State::kBehindValue:
      state_ = State::kSet;
      if (token.keyword != Keyword::kCollate) charset_ = SqlCharset::kUnknown;
      return;
    default:
      if (token.kind == TokenKind::kWord) TakeWord(token);
  }
}

void KindFinder::Operator(std::uint32_t op) {
  if (op == '(') ++depth_;
  if (op == ')' && depth_ > 0) --depth_;
  if (op == ':') runs_unread_ = true;  // behind a block's label
  switch (state_) {
    case State::kExempt:
      if (op == '(') Become(StatementKind::kOther);
      return;
    case State::kFirstWord:
      state_ = State::kDone;
      return;
    case State::kSetValue:
      in_value_ |= op != '=' && op != Op(":=");
      return;
    case State::kBehindValue:
      if (op != ',' && op != ';') charset_ = SqlCharset::kUnknown;
      state_ = State::kSet;
      [[fallthrough]];
    case State::kSet:
      if (op == ',') was_global_ |= global_;
      if (op == ',') global_ = false;
      if (compound_ && op == ';') state_ = State::kBody;
      return;
    default:
      return;
  }
}

void KindFinder::TakeWord(const Token& token) {
  const Keyword k = token.keyword;
  switch (state_) {
    case State::kFirst:
    case State::kExplain:
      return First(token);
    case State::kWith:
      if (depth_ == 0 && k != Keyword::kAs && IsReserved(k)) First(token);
      return;
    case State::kSetStatement:
      if (k == Keyword::kFor) state_ = State::kFirst;
      return;
    case State::kXa:
      return Xa(k);
    case State::kStart:
      return Become(k == Keyword::kTransaction ? StatementKind::kBegin : StatementKind::kOther);
    case State::kUnlock:
      return Become(StatementKind::kEnd, State::kExempt);
    case State::kBegin:
      compound_ = k == Keyword::kNot;
      runs_unread_ |= k != Keyword::kWork;  // a block, also without NOT ATOMIC in ORACLE's mode
      return Become(compound_ ? StatementKind::kCall : StatementKind::kBegin);
    case State::kCreate:
      return Create(k);
    case State::kBody:
      if (k == Keyword::kSet) state_ = State::kSet;
      runs_unread_ |= k == Keyword::kExecute;
      return;
    case State::kFirstWord:
      state_ = State::kDone;
      return;
    default:
      return;
  }
}

void KindFinder::First(const Token& token) {
  Verb(token);
  // One that is not reserved may be a label.
  if (state_ == State::kDone && !IsReserved(token.keyword)) state_ = State::kFirstWord;
}

void KindFinder::Verb(const Token& token) {
  // What only some servers see decides nothing; neither can what comes behind it.
  if (doubtful_) {
    const bool set = token.keyword == Keyword::kSet;
    runs_unread_ |= !set;
    return Become(StatementKind::kOther, set ? State::kSet : State::kDone);
  }
  if (const auto kind = KindByWord(token.keyword)) return Become(*kind);
  switch (token.keyword) {
    case Keyword::kTable:
      // ANALYZE TABLE t, or TABLE t and EXPLAIN TABLE t.
      return Become(kind_ == StatementKind::kDdl ? StatementKind::kDdl : StatementKind::kSelect);
    case Keyword::kWith:
      state_ = State::kWith;
      return;
    case Keyword::kRecursive:
      return;
    case Keyword::kCreate:
    case Keyword::kAlter:
      return Become(StatementKind::kDdl, State::kCreate);
    case Keyword::kExplain:
    case Keyword::kDescribe:
    case Keyword::kDesc:
      return Become(StatementKind::kShow, State::kExplain);
    case Keyword::kAnalyze:
      return Become(StatementKind::kDdl, State::kExplain);  // of a table, or as EXPLAIN
    case Keyword::kSet:
      return Become(StatementKind::kSet, State::kSet);
    case Keyword::kExecute:
      runs_unread_ = true;
      return Become(StatementKind::kCall);
    case Keyword::kKill:
      return Become(StatementKind::kKill, State::kExempt);
    case Keyword::kCommit:
    case Keyword::kRollback:
    case Keyword::kRelease:
    case Keyword::kSavepoint:
      return Become(StatementKind::kEnd, State::kExempt);
    case Keyword::kBegin:
      return Become(StatementKind::kBegin, State::kBegin);
    case Keyword::kStart:
      state_ = State::kStart;
      return;
    case Keyword::kXa:
      state_ = State::kXa;
      return;
    case Keyword::kUnlock:
      state_ = State::kUnlock;
      return;
    default:
      runs_unread_ |= BeginsBlock(token.keyword);
      // EXPLAIN FORMAT = JSON SELECT: its own words come first.
      if (state_ != State::kExplain) Become(StatementKind::kOther);
  }
}

// NAMES x, CHARACTER SET x, CHARSET x, [SESSION] character_set_client = x, among other variables.
void KindFinder::Set(const Token& token) {
  const bool quoted = token.kind == TokenKind::kQuotedName;
  if (!quoted && token.kind != TokenKind::kWord && token.kind != TokenKind::kVariable) return;
  const Keyword keyword = quoted ? FindKeyword(token.text) : token.keyword;
  if (quoted && keyword != Keyword::kCharacterSetClient && keyword != Keyword::kSqlMode) return;
  const bool behind_character = character_;
  character_ = false;
  switch (keyword) {
    case Keyword::kStatement:
      if (!compound_) state_ = State::kSetStatement;
      return;
    case Keyword::kGlobal:
    case Keyword::kPersist:
      global_ = true;
      return;
    case Keyword::kSqlMode:
      sets_mode_ = true;
      runs_unread_ |= compound_;
      return;
    case Keyword::kCharacter:
    case Keyword::kChar:
      character_ = true;
      return;
    case Keyword::kSet:
      return behind_character ? ValueFollows() : void();
    case Keyword::kNames:
    case Keyword::kCharset:
      return depth_ == 0 ? ValueFollows() : void();
    case Keyword::kCharacterSetClient:
      return !global_ && depth_ == 0 ? ValueFollows() : void();
    default:
      return;
  }
}

void KindFinder::ValueFollows() {
  // A routine's body sets nothing yet. But where it ends is not known.
  runs_unread_ |= compound_;
  if (compound_) return;
  state_ = State::kSetValue;
  in_value_ = false;
}

void KindFinder::SetValue(const Token& token) {
  state_ = State::kBehindValue;
  const bool literal = token.kind == TokenKind::kString || token.kind == TokenKind::kNumber ||
                       token.kind == TokenKind::kQuotedName || token.kind == TokenKind::kWord;
  const SqlCharset found = literal ? CharsetNamed(token.text) : SqlCharset::kUnknown;
  sets_charset_ = true;
  // Of a part of an expression, or where GLOBAL stood before, nothing is known.
  charset_ = in_value_ || depth_ > 0 || was_global_ ? SqlCharset::kUnknown : found;
  // A function's name, a variable or a placeholder; or a charset that not every server will set.
  const bool call = token.kind == TokenKind::kWord && IsFunction(token.keyword);
  if (!literal || call || (doubtful_ && found != SqlCharset::kPlain)) charset_unknown_ = true;
}

void KindFinder::Xa(Keyword k) {
  switch (k) {
    case Keyword::kStart:
    case Keyword::kBegin:
      return Become(StatementKind::kBegin);
    case Keyword::kEnd:
    case Keyword::kPrepare:
    case Keyword::kCommit:
    case Keyword::kRollback:
      return Become(StatementKind::kEnd, State::kExempt);
    case Keyword::kRecover:
      return Become(StatementKind::kShow);
    default:
      return Become(StatementKind::kOther);
  }
}

void KindFinder::Create(Keyword k) {
  switch (k) {
    case Keyword::kProcedure:
    case Keyword::kFunction:
    case Keyword::kTrigger:
    case Keyword::kEvent:
    case Keyword::kPackage:
      compound_ = true;
      state_ = State::kBody;
      return;
    case Keyword::kTable:
    case Keyword::kIndex:
    case Keyword::kView:
    case Keyword::kDatabase:
    case Keyword::kSchema:
    case Keyword::kUser:
    case Keyword::kRole:
      state_ = State::kDone;
      return;
    default:
      if (++words_ >= kCreateWords) state_ = State::kDone;
  }
}

void KindFinder::Become(StatementKind kind, State next) {
  kind_ = kind;
  state_ = next;
}

void KindFinder::NextStatement() {
  common_ = several_ ? Together(common_, kind_) : kind_;
  several_ = true;
  kind_ = StatementKind::kOther;
  state_ = State::kFirst;
  compound_ = global_ = was_global_ = character_ = false;
  depth_ = 0;
  words_ = 0;
}

StatementKind KindFinder::Kind(bool whole) const {
  // UNLOCK, START and the like with nothing behind are errors for the server: kOther.
  const StatementKind kind = several_ ? Together(common_, kind_) : kind_;
  return IsExempt(kind) && !whole ? StatementKind::kOther : kind;
}

}  // namespace headgate::sql
