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

// As the server reads it behind the mark: MySQL takes a sixth digit only before white space.
Version VersionFor(const SqlMode& server, std::string_view text) {
  Version version = ParseVersion(text.substr(0, 6));
  const bool six = version.size == 6 && text.size() > 6 && IsSpace(text[6]);
  if (server.version != 0 && !server.mariadb && version.size == 6 && !six) {
    version = {version.number / 10, 5};
  }
  return version;
}

// Whether a server executes what is marked so. `maria`: by an M.
bool Executes(const SqlMode& server, const Version& version, bool maria) {
  if (version.size == 0) return true;
  if (server.version == 0) return version.number <= kEverybodysVersion && version.size != 6;
  // What MySQL has since 5.7 MariaDB does not know.
  const bool foreign =
      server.mariadb && !maria && version.number >= 50700 && version.number < 100000;
  return !foreign && version.number <= server.version;
}

// Comments that are not executed may have others inside.
End SkippedCommentEnd(std::string_view text, std::size_t from) {
  for (;;) {
    const End end = BlockCommentEnd(text, from);
    const std::size_t inner = text.substr(0, end.inside + 1).find("/*", from);
    if (!end.closed || inner == std::string_view::npos) return end;
    from = BlockCommentEnd(text, inner + 2).after;
  }
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
  const std::size_t size = sql::LineComment(text, at_, mode_.charset);
  if (size == 0) return false;
  if (doubtful_end_ != kNowhere && text[at_ + size - 1] != '\n') Set(Trait::kSyntaxOdd);
  CountComment(at_, at_ + size);
  return true;
}

template <bool kText>
void Pass<kText>::BlockComment() {
  const std::string_view head = sql_.substr(at_, 4);
  if (again_) return CommentOfServer(head);
  if (!in_code_comment_) {
    if (head.starts_with("/*!")) return CodeComment(3);
    if (head == "/*M!") return CodeComment(4);
    if (head.starts_with("/*+")) return CodeComment(3);
  }
  const End end = BlockCommentEnd(doubtful_end_ != kNowhere ? Rest() : sql_, at_ + 2);
  // One in another is read differently by every server.
  if (in_code_comment_ && (head.starts_with("/*!") || head == "/*M!")) {
    Set(Trait::kSyntaxOdd);
    comments_in_doubt_ = true;
  }
  if (!end.closed && (doubtful_end_ != kNowhere || complete_)) Set(Trait::kSyntaxOdd);
  CountComment(at_, end.after);
}

// As the one server does. Facts: the lexers of MySQL 8.0 and 9; MariaDB 10.11 itself
// (system.same-view).
template <bool kText>
void Pass<kText>::CommentOfServer(std::string_view head) {
  const bool maria = mode_.mariadb && head == "/*M!";
  if (!maria && !head.starts_with("/*!")) {
    return CountComment(at_, BlockCommentEnd(sql_, at_ + 2).after);
  }
  const std::size_t mark = maria ? 4 : 3;
  const Version version = VersionFor(mode_, sql_.substr(at_ + mark));
  if (!Executes(mode_, version, maria)) {
    return CountComment(at_, SkippedCommentEnd(sql_, at_ + mark).after);
  }
  in_code_comment_ = true;
  at_ = std::min(at_ + mark + version.size, end_);
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
    comments_in_doubt_ = true;
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
  if (kind_.compound()) {
    Operator(1);
    return NextIsReadAs();
  }
  const std::string_view semicolon = bytes_.View(at_, at_ + 1);
  ++at_;
  if (NothingFollows()) return;
  Set(Trait::kMultiStatement);
  Add(Part::kExpects, HashOperator(';'), HeadOf(TokenKind::kOperator, Keyword::kNone, ';'),
      semicolon);
  Flush();
  kind_.NextStatement();
  NextIsReadAs();
}

// The server reads on when it has executed what is before.
template <bool kText>
void Pass<kText>::NextIsReadAs() {
  if (kind_.sets_charset()) mode_.charset = kind_.charset();
  // Read with its own letters only from a text's beginning.
  if (mode_.charset == SqlCharset::kSwe7) mode_.charset = SqlCharset::kUnknown;
  unread_ |= kind_.runs_unread();
  const bool sure = !unread_ && !kind_.sets_mode() && mode_.charset != SqlCharset::kUnknown;
  if (!sure && doubt_.at == kNowhere && at_ < sure_from_) {
    // In a comment that may be code it goes on behind that one too.
    const std::size_t end = doubtful_end_ != kNowhere ? std::max(end_, end_behind_) : end_;
    doubt_ = {at_, end - std::min(at_, end), mode_, unread_ || kind_.sets_mode(), unread_};
    if (unread_) doubt_.mode.charset = SqlCharset::kUnknown;
    if (again_) {
      sql_ = sql_.substr(0, at_);
      end_ = at_;
    }
  }
  if (mode_.charset == SqlCharset::kUnknown) mode_.charset = SqlCharset::kPlain;
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
  // SET alone is waited for as it is; with others, or where nobody knows, it has to be said.
  const bool hidden_set = kind_.sets_mode() && scan.mark.kind != StatementKind::kSet;
  if (kind_.runs_unread() || hidden_set) {
    scan.mark.sets_charset = true;
    scan.mark.charset = SqlCharset::kUnknown;
  }
  scan.text_size = digest_.text_size();
  scan.code_bytes = end_ - std::min(end_, comment_bytes_);
  scan.comment_bytes = comment_bytes_;
  return scan;
}

// For the other sources of the template; whole classes would be instantiated before they are whole.
template void Pass<false>::CountComment(std::size_t, std::size_t);
template bool Pass<false>::LineComment();
template void Pass<false>::BlockComment();
template void Pass<false>::CommentOfServer(std::string_view);
template void Pass<false>::CodeComment(std::size_t);
template void Pass<false>::EndCodeComment();
template bool Pass<false>::NothingFollows();
template void Pass<false>::Semicolon();
template void Pass<false>::NextIsReadAs();
template Scan Pass<false>::Finish();
template void Pass<true>::CountComment(std::size_t, std::size_t);
template bool Pass<true>::LineComment();
template void Pass<true>::BlockComment();
template void Pass<true>::CommentOfServer(std::string_view);
template void Pass<true>::CodeComment(std::size_t);
template void Pass<true>::EndCodeComment();
template bool Pass<true>::NothingFollows();
template void Pass<true>::Semicolon();
template void Pass<true>::NextIsReadAs();
template Scan Pass<true>::Finish();

}  // namespace headgate::sql
