#include "policies/sql_charset_names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace headgate::sql {
namespace {

struct Charset {
  std::string_view name;
  SqlCharset charset;
  std::array<std::uint8_t, 8> collations;  // those below 256, as far as there are some
};
constexpr std::array<Charset, 22> kCharsets{{
    {"gbk", SqlCharset::kGbk, {28, 87}},
    {"sjis", SqlCharset::kSjis, {13, 88}},
    {"cp932", SqlCharset::kSjis, {95, 96}},
    {"big5", SqlCharset::kBig5, {1, 84}},
    {"gb18030", SqlCharset::kGb18030, {248, 249, 250}},
    {"latin1", SqlCharset::kLatin1, {5, 8, 15, 31, 47, 48, 49, 94}},
    {"latin2", SqlCharset::kLatin1, {2, 9, 21, 27, 77}},
    {"latin5", SqlCharset::kLatin1, {30, 78}},
    {"greek", SqlCharset::kLatin1, {25, 70}},
    {"dec8", SqlCharset::kLatin1, {3, 69}},
    {"geostd8", SqlCharset::kLatin1, {92, 93}},
    {"armscii8", SqlCharset::kLatin1, {32, 64}},
    {"cp1250", SqlCharset::kCp1250, {26, 34, 44, 66, 99}},
    {"hebrew", SqlCharset::kHebrew, {16, 71}},
    {"latin7", SqlCharset::kLatin7, {20, 41, 42, 79}},
    {"cp850", SqlCharset::kCp850, {4, 80}},
    {"cp852", SqlCharset::kCp852, {40, 81}},
    {"cp866", SqlCharset::kCp852, {36, 68}},
    {"keybcs2", SqlCharset::kCp852, {37, 73}},
    {"hp8", SqlCharset::kHp8, {6, 72}},
    {"macroman", SqlCharset::kMacroman, {39, 53}},
    {"swe7", SqlCharset::kSwe7, {10, 82}},
}};

// Those that no client can use (utf16 and its kind) are left out.
constexpr std::array<std::string_view, 16> kPlain{
    "utf8mb4", "utf8",  "utf8mb3", "binary", "ascii",  "cp1251", "cp1256",  "cp1257",
    "koi8r",   "koi8u", "tis620",  "euckr",  "gb2312", "ujis",   "eucjpms", "macce"};

bool SameName(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char c, char l) {
    return (c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c) == l;
  });
}

// As a collation's number is written; 0 for what is none. Those from 256 on have the charsets of
// some below, on one of the servers.
unsigned SmallNumber(std::string_view text) {
  if (text.empty() || text.front() == '0') return 0;
  unsigned number = 0;
  const char* const end = text.data() + text.size();
  const auto [behind, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && behind == end && number < 256 ? number : 0;
}

}  // namespace

SqlCharset CharsetOfNumber(unsigned collation) {
  for (const Charset& c : kCharsets) {
    const auto& known = c.collations;
    const bool is = std::find(known.begin(), known.end(), collation) != known.end();
    if (is && collation != 0) return c.charset;
  }
  return SqlCharset::kPlain;
}

SqlCharset CharsetNamed(std::string_view name) {
  for (const Charset& c : kCharsets) {
    if (SameName(name, c.name)) return c.charset;
  }
  const bool plain = std::any_of(kPlain.begin(), kPlain.end(),
                                 [&](std::string_view known) { return SameName(name, known); });
  if (plain) return SqlCharset::kPlain;
  const unsigned number = SmallNumber(name);
  return number != 0 ? CharsetOfNumber(number) : SqlCharset::kUnknown;
}

}  // namespace headgate::sql
