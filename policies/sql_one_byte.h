// What the charsets of one byte for each character have beside ASCII that is no part of a word:
// white space, and what may follow the two minus signs of a comment.
//
// Facts: MariaDB 10.11, asked for each byte of each charset; the maps of MySQL are the same. Bytes
// that are neither letters nor these are an error wherever they stand.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string_view>

#include "policies/statement.h"

namespace headgate::sql {

constexpr bool IsOneByte(SqlCharset charset) { return charset >= SqlCharset::kLatin1; }
// The backslash may be a part of its characters.
constexpr bool IsWide(SqlCharset charset) {
  return charset >= SqlCharset::kGbk && charset <= SqlCharset::kGb18030;
}

constexpr bool IsBlankIn(SqlCharset charset, char c) {
  switch (charset) {
    case SqlCharset::kLatin1:  // and latin2, latin5, greek, dec8, geostd8, armscii8
    case SqlCharset::kCp1250:
    case SqlCharset::kHebrew:
    case SqlCharset::kLatin7:
      return c == '\xa0';
    case SqlCharset::kCp852:  // and cp866, keybcs2
      return c == '\xff';
    default:
      return false;
  }
}

// Of the bytes from 0x80 on.
constexpr std::string_view ControlsIn(SqlCharset charset) {
  switch (charset) {
    case SqlCharset::kCp1250:
      return "\x80\x81\x83\x88\x90\x98";
    case SqlCharset::kHebrew:
      return "\xfd\xfe";
    case SqlCharset::kLatin7:
      return "\x81\x83\x88\x8a\x8c\x90\x98\x9a\x9c\x9f\xa1\xa5";
    case SqlCharset::kCp850:
      return "\xff";
    case SqlCharset::kHp8:
      return "\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92"
             "\x93\x94\x95\x96\x97\x98\x99\x9a\x9b\x9c\x9d\x9e\x9f\xa0\xb1\xb2\xf2\xf3\xf4"
             "\xf5\xff";
    case SqlCharset::kMacroman:
      return "\x80\xcb\xe5";
    default:
      return {};
  }
}
// A comment begins with it behind two minus signs.
constexpr bool BeginsCommentIn(SqlCharset charset, char c) {
  return IsBlankIn(charset, c) || ControlsIn(charset).find(c) != std::string_view::npos;
}

// Signs of ASCII that are letters.
constexpr bool IsLetterIn(SqlCharset charset, char c) {
  constexpr std::string_view kSwedish = "[]^{}~";
  return charset == SqlCharset::kSwe7 && kSwedish.find(c) != std::string_view::npos;
}
// The same in a user variable's name, where no sign is anything else.
constexpr bool IsHostLetterIn(SqlCharset charset, char c) {
  constexpr std::string_view kSwedish = "@[\\]^`{|}~";
  return charset == SqlCharset::kSwe7 && kSwedish.find(c) != std::string_view::npos;
}

}  // namespace headgate::sql
