// Parentheses, the calls among them, settings, and the values that stand there.
#include <algorithm>
#include <bit>
#include <iterator>
#include <string_view>

#include "policies/query_shape.h"
#include "policies/sql_keywords.h"

namespace headgate {
namespace {

constexpr std::uint32_t kHugeList = 1000;
constexpr unsigned kDeep = 16;
constexpr double kLongSleep = 10, kLongLock = 60;  // seconds
constexpr double kInflated = 4 << 20;              // bytes REPEAT and its kind may make
constexpr double kFedWith = 10'000;                // ... and of them be hashed, parsed, packed
constexpr double kBigBuffer = 256 << 20, kManyRounds = 100'000, kDay = 86'400;

// A pattern's string may stand behind CONCAT(, a parenthesis or a character set.
constexpr std::uint32_t kNear = 3;

// In any case of letters.
bool IsServersOwn(std::string_view schema) {
  constexpr std::string_view kOwn[] = {"mariadb_schema", "oracle_schema", "maxdb_schema"};
  return std::any_of(std::begin(kOwn), std::end(kOwn), [&](std::string_view own) {
    return std::equal(schema.begin(), schema.end(), own.begin(), own.end(), [](char a, char b) {
      return (a == '_' ? a : static_cast<char>(a | 0x20)) == b;
    });
  });
}

}  // namespace

void ShapeBuilder::Open() {
  if (depth_ + beyond_ >= kDeep) Set(Trait::kDeepNesting);
  if (depth_ + 1 == kMaxFrames) {
    ++beyond_;
    Set(Trait::kVeryDeepNesting);
    return;
  }
  Block& b = *block_;
  const bool from = b.clause == Clause::kFrom && AtBase();
  Frame& f = *++frame_;
  ++depth_;
  f = Frame{};
  f.kind = FrameKind::kGroup;
  if (before() == Act::kColumn) {
    b.joins.NoColumn();  // it is a function
    b.joins.Value();
  }
  if (dynamic_) Set(Trait::kHiddenCode);
  if (from && b.table == TableState::kExpected) {
    f.kind = FrameKind::kFrom;
  } else if (from && b.table == TableState::kUsing) {
    b.joins.LinkLast();
    b.filtered = true;
    b.table = TableState::kDone;
  } else if (from && b.table == TableState::kNamed && IsName(before())) {
    b.joins.PinLast();  // JSON_TABLE and its kind see the tables before them
  } else if (word() == Keyword::kIn) {
    f.kind = FrameKind::kIn;
    f.wanted = kCommas;
  } else if (word() == Keyword::kAs) {
    f.cte = b.clause == Clause::kWith;
  } else if (RoleOf(Called()) != CallRole::kNone) {
    OpenCall(f);
  }
}

// Behind a dot there are only names, but for the schemas that MariaDB has its own functions in.
Keyword ShapeBuilder::Called() const {
  const Token& dot = now_[-2];
  if (now_[-1].kind != TokenKind::kName || dot.kind != TokenKind::kOperator || dot.op != Op(".")) {
    return word();
  }
  const Keyword function = FindKeyword(now_[-1].text);
  return IsFunction(function) && IsServersOwn(now_[-3].text) ? function : Keyword::kNone;
}

void ShapeBuilder::OpenCall(Frame& f) {
  f.kind = FrameKind::kCall;
  f.role = RoleOf(Called());
  f.wanted = f.role == CallRole::kWait ? kLiterals | kCommas : kLiterals;
  switch (f.role) {
    case CallRole::kSleep:
      Set(Trait::kSleep);
      block_->sleeps = true;
      return;
    case CallRole::kWait:
      return Set(Trait::kGetLock);
    case CallRole::kBenchmark:
      return Set(Trait::kBenchmark);
    case CallRole::kLoadFile:
      return Set(Trait::kLoadFile);
    case CallRole::kCode:
      return Set(Trait::kHeavyFunction);
    case CallRole::kRegexp:
      return Set(Trait::kRegexp);
    case CallRole::kAggregate:
      if (block_->clause == Clause::kOther) block_->aggregated = true;
      return;
    case CallRole::kSetVar:
      LeaveClause(Clause::kSet);
      return;
    case CallRole::kRand:
      if (block_->clause == Clause::kOrder) Set(Trait::kOrderByRand);
      return;
    default:
      return;
  }
}

void ShapeBuilder::Close() {
  if (beyond_ > 0) {
    --beyond_;
    return;
  }
  if (depth_ == 0) return;
  const Frame& f = *frame_--;
  --depth_;
  if (f.size > frame_->size) frame_->size = f.size;
  switch (f.kind) {
    case FrameKind::kBlock:
      return EndBlock(f);
    case FrameKind::kFrom:
      LeaveClause(Clause::kFrom);
      block_->table = TableState::kNamed;
      return;
    case FrameKind::kIn:
      if (f.commas >= kHugeList) Set(Trait::kHugeInList);
      return;
    case FrameKind::kCall:
      return EndCall(f);
    default:
      return;
  }
}

void ShapeBuilder::EndCall(const Frame& f) {
  const bool plain =
      before() == Act::kNumber && (before_that() == Act::kOpen || before_that() == Act::kComma);
  switch (f.role) {
    case CallRole::kSleep:
      if (!plain || f.number >= kLongSleep) Set(Trait::kLongWait);
      return;
    case CallRole::kWait: {
      const bool forever = f.commas == 0 || (before() == Act::kNumber && now_[-2].op == Op("-") &&
                                             IsOther(before_that()));
      if (forever || (plain && f.number > kLongLock)) Set(Trait::kLongWait);
      return;
    }
    case CallRole::kRepeat: {
      const double made = f.number * std::max(1.0, f.size);
      if (made >= kInflated) Set(Trait::kBufferInflation);
      frame_->size = std::max(frame_->size, made);
      return;
    }
    case CallRole::kFed:
    case CallRole::kXpath:
      if (f.size >= kFedWith) Set(Trait::kHeavyFunction);
      return;
    case CallRole::kCrypt:
      if (f.number >= kManyRounds) Set(Trait::kHeavyFunction);
      return;
    case CallRole::kSetVar:
      EndSetting();
      return LeaveClause(Clause::kOther);
    default:
      return;
  }
}

void ShapeBuilder::EndSetting() {
  const double number = frames_[0].number;
  const bool set = frames_[0].commas != 0;
  switch (set ? RoleOfSetting(setting_) : SettingRole::kNone) {
    case SettingRole::kBuffer:
      if (number > kBigBuffer) Set(Trait::kBufferInflation);
      break;
    case SettingRole::kRounds:
      if (number > kManyRounds) Set(Trait::kBufferInflation);
      break;
    case SettingRole::kSeconds:
      if (number == 0 || number >= kDay) Set(Trait::kTimeLimitOff);
      break;
    case SettingRole::kMilliseconds:
      if (number == 0 || number >= kDay * 1000) Set(Trait::kTimeLimitOff);
      break;
    case SettingRole::kNone:
      break;
  }
  setting_ = Keyword::kNone;
  frames_[0].number = 0;
  frames_[0].commas = 0;
}

// Between tables, settings, and nothing else that matters.
void ShapeBuilder::Comma() {
  if (blocks_beyond_ > 0) return;
  Block& b = *block_;
  if (b.clause == Clause::kFrom || b.clause == Clause::kOn) {
    LeaveClause(Clause::kFrom);
    b.table = TableState::kExpected;
  } else if (b.clause == Clause::kSet) {
    EndSetting();
  }
}

void ShapeBuilder::Number(std::string_view text) {
  const double value = NumberOf(text);
  if (block_->clause == Clause::kLimit) {
    if (word() != Keyword::kOffset && value < 1024) {
      block_->limit = static_cast<unsigned>(std::bit_width(static_cast<unsigned>(value)));
    }
    return;
  }
  const bool setting = setting_ != Keyword::kNone;
  Frame& f = setting ? frames_[0] : *frame_;
  if (Behind(Op("*"))) {
    f.number *= value;
  } else if (Behind(Op("<<"))) {
    f.number *=
        static_cast<double>(std::uint64_t{1} << static_cast<unsigned>(std::min(63.0, value)));
  } else {
    f.number = value;
  }
  if (setting) f.commas = 1;  // there is one
}

void ShapeBuilder::String(std::string_view text) {
  if (pattern_ != 0 && count() - pattern_ <= kNear && !text.empty()) {
    if (regexp_) {
      if (Backtracks(text)) Set(Trait::kNestedRegexp);
    } else if (text.front() == '%' || text.front() == '_') {
      Set(Trait::kLeadingWildcard);
    }
  }
  pattern_ = 0;
  if (!dynamic_) kept_ = 0;
  if (dynamic_) hidden_code_ = text;
  Frame& f = *frame_;
  switch (f.role) {
    case CallRole::kRepeat:
      f.size = std::max(f.size, static_cast<double>(text.size()));
      return;
    case CallRole::kRegexp:
      if (Backtracks(text)) Set(Trait::kNestedRegexp);
      return;
    case CallRole::kCrypt:
      if (text.find("rounds=") != std::string_view::npos) Set(Trait::kHeavyFunction);
      return;
    case CallRole::kXpath:
      // A step to all descendants inside a condition of another: quadratic, and not killable.
      if (text.find("[//") != std::string_view::npos) Set(Trait::kHeavyFunction);
      return;
    default:
      return;
  }
}

}  // namespace headgate
