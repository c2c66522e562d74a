// The pass over comments: those that are none, and the end of all.
#include <algorithm>

#include "policies/sql_pass.h"

namespace headgate::sql {
namespace {

// More plain comment than this is not looked past, bytes.
constexpr std::size_t kMostComment = std::size_t{64} * 1024;

// Comments for servers up to this version are executed by every server of today:
// /*!40101 ... */. Of a later one, and of /*M! and /*+, each server thinks differently.
constexpr std::uint32_t kEverybodysVersion = 50100;

// Five or six digits, else no version: `size` 0.
struct Version {
  std::uint32_t number = 0;
  std::size_t size = 0;
};
Version ParseVersion(std::string_view text) {
  Version version;
  std::uint32_t number = 0;
  std::size_t n = 0;
  for (; n < 6 && n < text.size() && IsDigit(text[n]); ++n) {
    number = number * 10 + static_cast<std::uint32_t>(text[n] - '0');
  }
  if (n >= 5) version = {number, n};
  return version;
}

}  // namespace

template <bool kText>
void Pass<kText>::CountComment(std::size_t from, std::size_t to) {
  comment_bytes_ += to - from;
  at_ = to;
  if (doubtful_end_ != kNowhere) {
    end_behind_ = std::min(sql_.size(), end_behind_ + (to - from));
  } else {
    end_ = std::min(sql_.size(), end_ + (to - from));
  }
}

template <bool kText>
bool Pass<kText>::LineComment() {
  // In a comment that is perhaps code it reaches no further than that one's end.
  const std::string_view text = doubtful_end_ != kNowhere ? Rest() : sql_;
  const std::size_t size = sql::LineComment(text, at_);
  if (size == 0) return false;
  if (doubtful_end_ != kNowhere && text[at_ + size - 1] != '\n') Set(Trait::kSyntaxOdd);
  CountComment(at_, at_ + size);
  return true;
}

template <bool kText>
void Pass<kText>::BlockComment() {
  const std::string_view head = sql_.substr(at_, 4);
  if (!in_code_comment_) {
    if (head.starts_with("/*!")) return CodeComment(3);
    if (head == "/*M!") return CodeComment(4);
    if (head.starts_with("/*+")) return CodeComment(3);
  }
  const End end = BlockCommentEnd(doubtful_end_ != kNowhere ? Rest() : sql_, at_ + 2);
  // One in another is read differently by every server.
  if (in_code_comment_ && head.size() > 2 && head[2] == '!') Set(Trait::kSyntaxOdd);
  if (!end.closed && (doubtful_end_ != kNowhere || complete_)) Set(Trait::kSyntaxOdd);
  CountComment(at_, end.after);
}

template <bool kText>
void Pass<kText>::CodeComment(std::size_t size) {
  const Version version = ParseVersion(sql_.substr(at_ + size, 6));
  const bool hint = sql_[at_ + 2] == '+';
  const bool certain =
      sql_[at_ + 2] == '!' && version.number <= kEverybodysVersion && version.size != 6;
  if (!hint) {
    Set(Trait::kExecutableComment);
    size += version.size;
  }
  in_code_comment_ = true;
  const std::string_view opening = bytes_.View(at_, std::min(at_ + size, end_));
  if (!certain) {
    const End end = BlockCommentEnd(sql_, at_ + 2);
    // With no end, the rest is either code or none: told as code, and odd.
    if (!end.closed) Unterminated();
    doubtful_end_ = end.inside;
    end_behind_ = end_;
    end_ = std::min(end_, end.inside);
    Flush();
    kind_.SetDoubtful(true);
  }
  AddComment(certain ? Part::kNobody : Part::kExpects, HashLongWord(opening, true),
             {HeadOf(TokenKind::kCodeComment), opening});
  at_ += opening.size();
}

template <bool kText>
void Pass<kText>::EndCodeComment() {
  in_code_comment_ = false;
  const bool doubtful = doubtful_end_ != kNowhere;
  if (doubtful) {
    Flush();
    end_ = end_behind_;
    kind_.SetDoubtful(false);
    const bool seen = at_ >= doubtful_end_ && doubtful_end_ < end_;
    doubtful_end_ = kNowhere;
    if (!seen) {
      at_ = std::max(at_, end_);
      return;
    }
  }
  const std::size_t to = std::min(at_ + 2, end_);
  AddComment(doubtful ? Part::kOperand : Part::kNobody, HashOperator(Op("*/")),
             {HeadOf(TokenKind::kCodeCommentEnd), bytes_.View(at_, to)});
  at_ = to;
}

template <bool kText>
bool Pass<kText>::NothingFollows() {
  while (at_ < end_) {
    const char c = bytes_[at_];
    if (c == ';' || IsSpace(c)) {
      ++at_;
    } else if ((c == '-' || c == '#') && LineComment()) {
      continue;
    } else if (c == '/' && bytes_.Peek(at_ + 1) == '*') {
      const char kind = bytes_.Peek(at_ + 2);
      const bool code = kind == '!' || kind == '+' || (kind == 'M' && bytes_.Peek(at_ + 3) == '!');
      if (code && !in_code_comment_) return false;
      BlockComment();
    } else {
      return false;
    }
  }
  return true;
}

template <bool kText>
void Pass<kText>::Semicolon() {
  Flush();
  if (kind_.compound()) return Operator(1);
  const std::string_view semicolon = bytes_.View(at_, at_ + 1);
  ++at_;
  if (NothingFollows()) return;
  Set(Trait::kMultiStatement);
  Add(Part::kExpects, HashOperator(';'), HeadOf(TokenKind::kOperator, Keyword::kNone, ';'),
      semicolon);
  Flush();
  kind_.NextStatement();
  // The server reads the next statement when it has executed this one.
  const bool unread = kind_.runs_unread();
  if (kind_.sets_charset() || unread) mode_.charset = kind_.charset();
  if (unread) mode_.charset = SqlCharset::kUnknown;
  if (mode_.charset == SqlCharset::kUnknown) {
    unsure_ = true;
    mode_.charset = reading_.charset;
  }
  if (!kind_.sets_mode() && !unread) return;
  unsure_ = true;
  mode_.ansi_quotes ^= reading_.ansi_quotes;
  mode_.no_backslash_escapes ^= reading_.no_backslash_escapes;
}

template <bool kText>
Scan Pass<kText>::Finish() {
  Flush();
  const bool cut = IsCut();
  if (in_code_comment_ && !cut) Set(Trait::kSyntaxOdd);
  if (cut) {
    digest_.Cut(last_end_ == end_);
    Set(Trait::kUninspectedTail);
  }
  if (comment_bytes_ > kMostComment) Set(Trait::kCommentPadding);
  if (kind_.charset_unknown()) Set(Trait::kSyntaxOdd);
  Scan scan;
  scan.mark.digest = digest_.Id();
  scan.mark.traits = traits_ | shape_.Finish(Room(0));
  scan.mark.kind = kind_.Kind(!cut);
  scan.mark.sets_charset = kind_.sets_charset();
  scan.mark.charset = kind_.charset();
  const bool loop = (scan.mark.traits & BitOf(Trait::kLoop)) != 0;
  if (kind_.runs_unread() || loop) {
    scan.mark.sets_charset = true;
    scan.mark.charset = SqlCharset::kUnknown;
  }
  scan.text_size = digest_.text_size();
  scan.code_bytes = end_ - std::min(end_, comment_bytes_);
  scan.comment_bytes = comment_bytes_;
  return scan;
}

template class Pass<false>;
template class Pass<true>;

}  // namespace headgate::sql
