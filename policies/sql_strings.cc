#include "policies/sql_strings.h"

#include <bit>

#include "policies/sql_one_byte.h"

namespace headgate::sql {
namespace {

unsigned Byte(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool In(unsigned c, unsigned first, unsigned last) { return c >= first && c <= last; }

bool LeadsTwo(unsigned c, SqlCharset charset) {
  switch (charset) {
    default:
      return false;
    case SqlCharset::kGbk:
    case SqlCharset::kGb18030:
      return In(c, 0x81, 0xFE);
    case SqlCharset::kSjis:  // and cp932
      return In(c, 0x81, 0x9F) || In(c, 0xE0, 0xFC);
    case SqlCharset::kBig5:
      return In(c, 0xA1, 0xF9);
  }
}

bool FollowsAsSecond(unsigned c, SqlCharset charset) {
  switch (charset) {
    default:
      return false;
    case SqlCharset::kGbk:
    case SqlCharset::kGb18030:
      return In(c, 0x40, 0x7E) || In(c, 0x80, 0xFE);
    case SqlCharset::kSjis:
      return In(c, 0x40, 0x7E) || In(c, 0x80, 0xFC);
    case SqlCharset::kBig5:
      return In(c, 0x40, 0x7E) || In(c, 0xA1, 0xFE);
  }
}

// Of the host behind an @, where a byte stands for itself in all charsets. Facts: MariaDB 10.11.
bool IsHostByte(char c, SqlCharset charset) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '.' || IsHostLetterIn(charset, c)) return true;
  if (!IsWordByte(c) || byte < 0x80) return IsWordByte(c);
  switch (charset) {
    case SqlCharset::kGbk:
      return In(byte, 0xA1, 0xFE);
    case SqlCharset::kSjis:
      return false;
    case SqlCharset::kBig5:
      return In(byte, 0xA1, 0xF9);
    default:
      return !IsBlankIn(charset, c);
  }
}

std::size_t OneByteWordEnd(std::string_view text, std::size_t at, SqlCharset charset) {
  const auto goes_on = [charset](char c) {
    return IsLetterIn(charset, c) || (IsWordByte(c) && !IsBlankIn(charset, c));
  };
  while (at < text.size() && goes_on(text[at])) ++at;
  return at;
}

// The next quote or, where it escapes, backslash; the text's end if there is none.
std::size_t NextOf(std::string_view text, std::size_t at, char quote, char escape) {
#ifdef HEADGATE_SCAN_SSE2
  for (; at + 16 <= text.size(); at += 16) {
    const Vector v = LoadVector(text.data() + at);
    const unsigned bits = TopBits(Where(v == Splat(quote)) | Where(v == Splat(escape)));
    if (bits != 0) return at + static_cast<std::size_t>(std::countr_zero(bits));
  }
#endif
  while (at < text.size() && text[at] != quote && text[at] != escape) ++at;
  return at;
}

// How many bytes the UTF-8 character at `at` has; 0 if there is none.
std::size_t Utf8Size(std::string_view text, std::size_t at) {
  const unsigned c = Byte(text, at);
  const std::size_t n = In(c, 0xC2, 0xDF) ? 2 : In(c, 0xE0, 0xEF) ? 3 : In(c, 0xF0, 0xF4) ? 4 : 0;
  if (n == 0 || at + n > text.size()) return 0;
  for (std::size_t i = 1; i < n; ++i) {
    if (!In(Byte(text, at + i), 0x80, 0xBF)) return 0;
  }
  return n;
}

std::size_t DigitsEnd(std::string_view text, std::size_t at) {
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at;
}

// The end of an exponent that begins at `at`, or `at` if none does.
std::size_t ExponentEnd(std::string_view text, std::size_t at) {
  if (at >= text.size() || (text[at] | 0x20) != 'e') return at;
  std::size_t digits = at + 1;
  if (digits < text.size() && (text[digits] == '+' || text[digits] == '-')) ++digits;
  const std::size_t end = DigitsEnd(text, digits);
  return end > digits ? end : at;
}

// 0x1F and 0b01, with a small letter: the whole number's end, or 0 if it is none.
std::size_t BitsEnd(std::string_view text, std::size_t from) {
  if (from + 2 >= text.size() || text[from] != '0') return 0;
  const char base = text[from + 1];
  if (base != 'x' && base != 'b') return 0;
  std::size_t at = from + 2;
  const auto fits = [base](char c) {
    if (base == 'b') return c == '0' || c == '1';
    return IsDigit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
  };
  while (at < text.size() && fits(text[at])) ++at;
  const bool more = at < text.size() && IsWordByte(text[at]);
  return at > from + 2 && !more ? at : 0;
}

}  // namespace

std::size_t CharSize(std::string_view text, std::size_t at, SqlCharset charset) {
  if (at + 1 >= text.size() || !LeadsTwo(Byte(text, at), charset)) return 1;
  const unsigned second = Byte(text, at + 1);
  if (FollowsAsSecond(second, charset)) return 2;
  if (charset == SqlCharset::kGb18030 && at + 3 < text.size() && In(second, '0', '9') &&
      In(Byte(text, at + 2), 0x81, 0xFE) && In(Byte(text, at + 3), '0', '9')) {
    return 4;
  }
  return 1;
}

End QuoteEnd(std::string_view text, std::size_t from, char quote, bool backslash,
             SqlCharset charset) {
  const char escape = backslash ? '\\' : quote;
  std::size_t at = from;
  while (at < text.size()) {
    if (!IsWide(charset)) {
      at = NextOf(text, at, quote, escape);
      if (at >= text.size()) break;
    } else if (const std::size_t n = CharSize(text, at, charset); n > 1) {
      at += n;
      continue;
    }
    if (text[at] == quote) {
      if (at + 1 >= text.size() || text[at + 1] != quote) return {at, at + 1, true};
      at += 2;
    } else if (text[at] == escape && at + 1 < text.size()) {
      at += 1 + CharSize(text, at + 1, charset);
    } else {
      ++at;
    }
  }
  return {text.size(), text.size(), false};
}

std::size_t WideWordEnd(std::string_view text, std::size_t from, SqlCharset charset, bool& odd) {
  if (IsOneByte(charset)) return OneByteWordEnd(text, from, charset);
  std::size_t at = from;
  while (at < text.size()) {
    if (charset != SqlCharset::kPlain) {
      const std::size_t n = CharSize(text, at, charset);
      if (n == 1 && !IsWordByte(text[at])) break;
      at += n;
      continue;
    }
    if (!IsWordByte(text[at])) break;
    const std::size_t n = Byte(text, at) < 0x80 ? 1 : Utf8Size(text, at);
    if (n == 0 && Byte(text, at) == 0xA0) break;
    if (n == 2 && Byte(text, at) == 0xC2 && Byte(text, at + 1) == 0xA0) odd = true;
    at += n == 0 ? 1 : n;
  }
  return at;
}

NumberEnd ScanNumber(std::string_view text, std::size_t from) {
  if (const std::size_t bits = BitsEnd(text, from); bits != 0) return {bits, NumberKind::kBits};
  std::size_t at = DigitsEnd(text, from);
  if (at < text.size() && text[at] == '.') {
    at = DigitsEnd(text, at + 1);
    return {ExponentEnd(text, at), NumberKind::kNumber};
  }
  const std::size_t exponent = ExponentEnd(text, at);
  if (exponent > at) return {exponent, NumberKind::kNumber};
  if (at < text.size() && IsWordByte(text[at])) return {from, NumberKind::kWord};
  return {at, NumberKind::kNumber};
}

std::size_t LineComment(std::string_view text, std::size_t from, SqlCharset charset) {
  if (text[from] == '-') {
    if (from + 1 >= text.size() || text[from + 1] != '-') return 0;
    // The server wants white space or a control character behind it, or the end.
    const unsigned next = from + 2 < text.size() ? Byte(text, from + 2) : 0;
    const bool follows =
        next <= ' ' || next == 0x7F || (next >= 0x80 && BeginsCommentIn(charset, text[from + 2]));
    if (!follows) return 0;
  }
  const std::size_t line = text.find('\n', from);
  return (line == std::string_view::npos ? text.size() : line + 1) - from;
}

std::size_t HostEnd(std::string_view text, std::size_t from, SqlCharset charset) {
  while (from < text.size() && IsHostByte(text[from], charset)) ++from;
  return from;
}

End BlockCommentEnd(std::string_view text, std::size_t from) {
  const std::size_t star = text.find("*/", from);
  if (star == std::string_view::npos) return {text.size(), text.size(), false};
  return {star, star + 2, true};
}

}  // namespace headgate::sql
