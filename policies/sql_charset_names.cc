#include "policies/sql_charset_names.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace headgate::sql {
namespace {

struct CharsetName {
  std::string_view name;
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

// Those that no client can use (utf16 and its kind) are left out.
constexpr std::array<std::string_view, 33> kPlain{
    "utf8mb4", "utf8",    "utf8mb3", "latin1",   "binary",  "ascii",   "latin2", "latin5", "latin7",
    "cp1250",  "cp1251",  "cp1256",  "cp1257",   "koi8r",   "koi8u",   "greek",  "hebrew", "tis620",
    "euckr",   "gb2312",  "ujis",    "eucjpms",  "cp850",   "cp852",   "cp866",  "hp8",    "dec8",
    "swe7",    "keybcs2", "macce",   "macroman", "geostd8", "armscii8"};

bool SameName(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char c, char l) {
    return (c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c) == l;
  });
}

// As a collation's number is written. Those from 256 on have the charsets of some below, on one of
// the servers.
bool IsSmallNumber(std::string_view text) {
  if (text.empty() || text.front() == '0') return false;
  unsigned number = 0;
  const char* const end = text.data() + text.size();
  const auto [behind, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && behind == end && number < 256;
}

}  // namespace

SqlCharset CharsetNamed(std::string_view name) {
  for (const CharsetName& c : kCharsets) {
    if (SameName(name, c.name)) return c.charset;
  }
  const bool plain = std::any_of(kPlain.begin(), kPlain.end(),
                                 [&](std::string_view known) { return SameName(name, known); });
  return plain || IsSmallNumber(name) ? SqlCharset::kPlain : SqlCharset::kUnknown;
}

}  // namespace headgate::sql
