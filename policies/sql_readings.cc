#include "policies/sql_readings.h"

#include <algorithm>
#include <array>
#include <span>

namespace headgate::sql {
namespace {

// GB18030 apart, whose texts end where those of GBK do. First those of several bytes, then those
// with blanks of their own, then those that only differ by what follows two minus signs.
constexpr std::array<SqlCharset, 13> kWays{
    SqlCharset::kPlain,  SqlCharset::kGbk,    SqlCharset::kSjis,  SqlCharset::kBig5,
    SqlCharset::kLatin1, SqlCharset::kCp852,  SqlCharset::kCp850, SqlCharset::kCp1250,
    SqlCharset::kHebrew, SqlCharset::kLatin7, SqlCharset::kHp8,   SqlCharset::kMacroman,
    SqlCharset::kSwe7};

// As a character's second byte it is none of the signs that it looks like. A letter is a part of a
// name either way.
bool LooksLikeASign(char c) {
  constexpr std::string_view kSigns = "@[\\]^`{|}~";
  return kSigns.find(c) != std::string_view::npos;
}

bool IsHigh(std::string_view sql, std::size_t at) {
  return at < sql.size() && (sql[at] & 0x80) != 0;
}

// The last sign that swe7 has for a letter, some only in a user variable's name.
std::size_t LastLetter(std::string_view sql) {
  const bool variables = sql.find('@') != std::string_view::npos;
  return sql.find_last_of(variables ? "[\\]^`{|}~" : "[]^{}~");
}

// The last byte from 0x80 on behind two minus signs.
std::size_t LastDashes(std::string_view sql) {
  std::size_t at = sql.rfind("--");
  while (at != std::string_view::npos && !IsHigh(sql, at + 2)) {
    if (at == 0) return std::string_view::npos;
    at = sql.rfind("--", at - 1);
  }
  return at == std::string_view::npos ? at : at + 2;
}

// The last byte that begins a character in some charsets, and a character or white space in others.
std::size_t LastWide(std::string_view sql) {
  for (std::size_t at = sql.size(); at-- > 0;) {
    if ((sql[at] & 0x80) == 0) continue;
    const bool sign = at + 1 < sql.size() && LooksLikeASign(sql[at + 1]);
    if (sign || sql[at] == '\xa0') return at;
  }
  return Doubt::kNowhere;
}

bool Same(const StatementMark& a, const StatementMark& b) {
  return a.sets_charset == b.sets_charset && (!a.sets_charset || a.charset == b.charset);
}

}  // namespace

TraitSet TraitsOfHidden(std::string_view hidden, const SqlMode& mode) {
  Pass<false> pass(hidden, true, mode, hidden.size(), {});
  const StatementMark mark = pass.Run().mark;
  TraitSet traits = mark.traits;
  // Nobody sees when that is executed, and from then on how the rest is read.
  if (mark.sets_charset) traits |= BitOf(Trait::kHiddenCode);
  if (!pass.comments_in_doubt()) return traits;
  const Again again;
  return traits | Pass<false>(hidden, true, mode, hidden.size(), {}, &again).Run().mark.traits;
}

Readings::Readings(std::string_view sql, bool complete)
    : sql_(sql),
      complete_(complete),
      double_quote_(sql.rfind('"')),
      backslash_(sql.rfind('\\')),
      bracket_(sql.rfind('[')),
      several_(LastWide(sql)),
      blank_(sql.find_last_of("\xa0\xff")),
      dashes_(LastDashes(sql)),
      letter_(LastLetter(sql)) {
  for (const std::size_t last :
       {double_quote_, backslash_, bracket_, several_, blank_, dashes_, letter_}) {
    if (last != kNowhere) sure_from_ = std::max(sure_from_, last + 1);
  }
}

bool Readings::Counts(SqlCharset charset, std::size_t at) const {
  switch (charset) {
    case SqlCharset::kPlain:
      return true;
    case SqlCharset::kGbk:
    case SqlCharset::kSjis:
    case SqlCharset::kBig5:
      return Within(at, several_);
    case SqlCharset::kLatin1:
    case SqlCharset::kCp852:
    case SqlCharset::kCp850:
      return Within(at, blank_);
    case SqlCharset::kSwe7:
      return Within(at, letter_);
    default:
      return Within(at, dashes_);
  }
}

bool Readings::CharsetsDiffer(std::size_t at) const {
  return std::any_of(kWays.begin() + 1, kWays.end(),
                     [&](SqlCharset way) { return Counts(way, at); });
}

void Readings::Add(const Doubt& doubt) {
  if (doubt.at == kNowhere) return;
  if (doubt.at > 0 && doubt.at >= sure_from_) return;
  const bool charsets = doubt.mode.charset == SqlCharset::kUnknown && CharsetsDiffer(doubt.at);
  const bool names =
      doubt.quotes && (Within(doubt.at, double_quote_) || Within(doubt.at, bracket_));
  const bool escapes = doubt.quotes && Within(doubt.at, backslash_);
  Reading reading{doubt.at, doubt.budget, doubt.mode, doubt.unread};
  reading.mode.quotes_unknown = reading.mode.brackets = false;
  if (reading.mode.charset == SqlCharset::kUnknown) reading.mode.charset = SqlCharset::kPlain;
  for (unsigned way = 0; way < (charsets ? kWays.size() : 1); ++way) {
    if (charsets && !Counts(kWays[way], doubt.at)) continue;
    if (charsets) reading.mode.charset = kWays[way];
    for (unsigned bits = 0; bits < 4; ++bits) {
      if (((bits & 1) != 0 && !names) || ((bits & 2) != 0 && !escapes)) continue;
      reading.mode.ansi_quotes = doubt.mode.ansi_quotes != ((bits & 1) != 0);
      reading.mode.no_backslash_escapes = doubt.mode.no_backslash_escapes != ((bits & 2) != 0);
      Push(reading);
      PushWithBrackets(reading);
    }
  }
}

void Readings::PushWithBrackets(Reading reading) {
  if (!Within(reading.at, bracket_) || !MayHaveBrackets(reading.mode)) return;
  reading.mode.brackets = true;
  Push(reading);
}

void Readings::Push(const Reading& reading) {
  const auto taken = std::span(readings_).first(size_);
  const bool known = std::any_of(taken.begin(), taken.end(), [&](const Reading& r) {
    return r.at == reading.at && r.mode == reading.mode && r.unread == reading.unread;
  });
  if (known) return;
  too_many_ |= size_ == kMost;
  if (!too_many_) readings_[size_++] = reading;
}

void Readings::JoinTo(StatementMark& mark) {
  for (std::size_t i = 0; i < size_; ++i) Read(readings_[i], mark);
  if (too_many_) mark.traits |= BitOf(Trait::kHiddenCode);
}

void Readings::Read(const Reading& reading, StatementMark& mark) {
  const Again again{reading.unread, sure_from_ - std::min(sure_from_, reading.at)};
  const std::string_view rest = sql_.substr(reading.at);
  Pass<false> pass(rest, complete_, reading.mode, reading.budget, {}, &again);
  const StatementMark read = pass.Run().mark;
  TraitSet traits = read.traits;
  if (!pass.hidden_code().empty()) traits |= TraitsOfHidden(pass.hidden_code(), reading.mode);
  mark.traits |= traits & ~BitOf(Trait::kSyntaxOdd);
  // What is never delayed is so in each of them.
  const bool exempt = mark.kind == StatementKind::kEnd || mark.kind == StatementKind::kKill;
  if (reading.at == 0 && exempt && read.kind != mark.kind) mark.kind = StatementKind::kOther;
  JoinCharset(reading, read, pass.doubt().at == kNowhere, mark);
  Doubt next = pass.doubt();
  if (next.at == kNowhere) return;
  next.at += reading.at;
  Add(next);
}

void Readings::JoinCharset(const Reading& reading, const StatementMark& read, bool to_the_end,
                           StatementMark& mark) const {
  const bool whole = reading.at == 0 && to_the_end;
  if (whole ? Same(read, mark) : !read.sets_charset) return;
  // There is no other way to read it.
  if (whole && size_ == 1 && reading.mode.version != 0) {
    mark.sets_charset = read.sets_charset;
    mark.charset = read.charset;
    return;
  }
  mark.sets_charset = true;
  mark.charset = SqlCharset::kUnknown;
}

}  // namespace headgate::sql
