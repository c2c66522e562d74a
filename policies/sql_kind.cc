#include "policies/sql_kind.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "policies/sql_keywords.h"

namespace headgate::sql {
namespace {

// How many words of CREATE may come before it is known what is created (definer and options).
constexpr std::uint8_t kCreateWords = 12;

struct CharsetName {
  std::string_view name;  // or a collation's number, as character_set_client takes it too
  SqlCharset charset;
};
constexpr std::array<CharsetName, 16> kCharsets{{{"gbk", SqlCharset::kGbk},
                                                 {"28", SqlCharset::kGbk},
                                                 {"87", SqlCharset::kGbk},
                                                 {"sjis", SqlCharset::kSjis},
                                                 {"13", SqlCharset::kSjis},
                                                 {"88", SqlCharset::kSjis},
                                                 {"cp932", SqlCharset::kSjis},
                                                 {"95", SqlCharset::kSjis},
                                                 {"96", SqlCharset::kSjis},
                                                 {"big5", SqlCharset::kBig5},
                                                 {"1", SqlCharset::kBig5},
                                                 {"84", SqlCharset::kBig5},
                                                 {"gb18030", SqlCharset::kGb18030},
                                                 {"248", SqlCharset::kGb18030},
                                                 {"249", SqlCharset::kGb18030},
                                                 {"250", SqlCharset::kGb18030}}};

// Without a second byte that is a backslash.
constexpr std::array<std::string_view, 35> kPlainCharsets{
    "utf8",   "utf8mb3", "utf8mb4", "latin1",   "latin2",  "latin5",   "latin7", "ascii",  "binary",
    "cp1250", "cp1251",  "cp1256",  "cp1257",   "koi8r",   "koi8u",    "greek",  "hebrew", "tis620",
    "euckr",  "gb2312",  "ujis",    "eucjpms",  "cp850",   "cp852",    "cp866",  "hp8",    "dec8",
    "swe7",   "keybcs2", "macce",   "macroman", "geostd8", "armscii8", "utf16",  "utf32"};

bool SameName(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] | 0x20) : a[i];
    if (c != lower[i]) return false;
  }
  return true;
}

bool IsNumber(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

SqlCharset FindCharset(std::string_view name) {
  for (const CharsetName& c : kCharsets) {
    if (SameName(name, c.name)) return c.charset;
  }
  // A collation's number is a plain one's, a name that is not known perhaps a function's.
  const bool plain = std::find_if(kPlainCharsets.begin(), kPlainCharsets.end(), [&](auto known) {
                       return SameName(name, known);
                     }) != kPlainCharsets.end();
  return plain || IsNumber(name) ? SqlCharset::kPlain : SqlCharset::kUnknown;
}

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

bool IsExempt(StatementKind k) { return k == StatementKind::kEnd || k == StatementKind::kKill; }

}  // namespace

void KindFinder::Take(const Token& token) {
  if (token.kind == TokenKind::kOperator) {
    if (token.op == '(') ++depth_;
    if (token.op == ')' && depth_ > 0) --depth_;
    if (state_ == State::kExempt && token.op == '(') Become(StatementKind::kOther);
    if (state_ == State::kSet && token.op == ',') global_ = false;
    return;
  }
  const bool comment =
      token.kind == TokenKind::kCodeComment || token.kind == TokenKind::kCodeCommentEnd;
  switch (state_) {
    case State::kSetValue:
      return comment ? void() : SetValue(token);
    case State::kSet:
      return Set(token);
    default:
      if (token.kind == TokenKind::kWord) TakeWord(token);
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
      runs_unread_ |= compound_;
      return Become(compound_ ? StatementKind::kCall : StatementKind::kBegin);
    case State::kCreate:
      return Create(k);
    default:
      return;
  }
}

void KindFinder::First(const Token& token) {
  // What only some servers see decides nothing; neither can what comes behind it.
  if (doubtful_) {
    const bool set = token.keyword == Keyword::kSet;
    return Become(StatementKind::kOther, set ? State::kSet : State::kDone);
  }
  switch (token.keyword) {
    case Keyword::kSelect:
    case Keyword::kValues:
    case Keyword::kDo:
      return Become(StatementKind::kSelect);
    case Keyword::kTable:
      // ANALYZE TABLE t, or TABLE t and EXPLAIN TABLE t.
      return Become(kind_ == StatementKind::kDdl ? StatementKind::kDdl : StatementKind::kSelect);
    case Keyword::kWith:
      state_ = State::kWith;
      return;
    case Keyword::kRecursive:
      return;
    case Keyword::kInsert:
    case Keyword::kUpdate:
    case Keyword::kDelete:
    case Keyword::kReplace:
    case Keyword::kLoad:
      return Become(StatementKind::kWrite);
    case Keyword::kCreate:
    case Keyword::kAlter:
      return Become(StatementKind::kDdl, State::kCreate);
    case Keyword::kDrop:
    case Keyword::kRename:
    case Keyword::kTruncate:
    case Keyword::kOptimize:
    case Keyword::kRepair:
    case Keyword::kGrant:
    case Keyword::kRevoke:
    case Keyword::kCheck:
      return Become(StatementKind::kDdl);
    case Keyword::kExplain:
    case Keyword::kDescribe:
    case Keyword::kDesc:
      return Become(StatementKind::kShow, State::kExplain);
    case Keyword::kAnalyze:
      return Become(StatementKind::kDdl, State::kExplain);  // of a table, or as EXPLAIN
    case Keyword::kSet:
      return Become(StatementKind::kSet, State::kSet);
    case Keyword::kShow:
      return Become(StatementKind::kShow);
    case Keyword::kExecute:
      runs_unread_ = true;
      return Become(StatementKind::kCall);
    case Keyword::kCall:  // the server keeps the caller's charset and mode
    case Keyword::kHandler:
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
      runs_unread_ |= token.keyword == Keyword::kNone || token.keyword == Keyword::kIf ||
                      token.keyword == Keyword::kCase;
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
      state_ = State::kSetStatement;
      return;
    case Keyword::kGlobal:
    case Keyword::kPersist:
      global_ = true;
      return;
    case Keyword::kSqlMode:
      sets_mode_ = true;
      return;
    case Keyword::kCharacter:
    case Keyword::kChar:
      character_ = true;
      return;
    case Keyword::kSet:
      if (behind_character) state_ = State::kSetValue;
      return;
    case Keyword::kNames:
    case Keyword::kCharset:
      if (depth_ == 0) state_ = State::kSetValue;
      return;
    case Keyword::kCharacterSetClient:
      if (!global_ && depth_ == 0) state_ = State::kSetValue;
      return;
    default:
      return;
  }
}

void KindFinder::SetValue(const Token& token) {
  state_ = State::kSet;
  const bool literal = token.kind == TokenKind::kString || token.kind == TokenKind::kNumber ||
                       token.kind == TokenKind::kQuotedName || token.kind == TokenKind::kWord;
  const SqlCharset found = literal && depth_ == 0 ? FindCharset(token.text) : SqlCharset::kUnknown;
  sets_charset_ = true;
  charset_ = found;
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
      state_ = State::kDone;
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
  compound_ = global_ = character_ = false;
  depth_ = 0;
  words_ = 0;
}

StatementKind KindFinder::Kind(bool whole) const {
  // UNLOCK, START and the like with nothing behind are errors for the server: kOther.
  const StatementKind kind = several_ ? Together(common_, kind_) : kind_;
  return IsExempt(kind) && !whole ? StatementKind::kOther : kind;
}

}  // namespace headgate::sql
