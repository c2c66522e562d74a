#include "policies/sql_keywords.h"

#include <algorithm>

#include "policies/sql_chars.h"
#include "policies/sql_keyword_table.h"

namespace headgate {

static_assert(static_cast<std::size_t>(kLastReserved) + 1 ==
              static_cast<std::size_t>(Keyword::kAnsiQuotes));
static_assert(static_cast<std::size_t>(kFirstFunction) ==
              static_cast<std::size_t>(Keyword::kXa) + 1);

namespace sql {
namespace {

bool IsSpelled(std::string_view word, std::string_view spelling) {
  if (word.size() != spelling.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (Lower(word[i]) != spelling[i]) return false;
  }
  return true;
}

constexpr std::size_t CountLong() {
  std::size_t n = 0;
  for (const std::string_view s : kSpellings) n += s.size() > kLongestHashed ? 1 : 0;
  return n;
}

constexpr std::array<Keyword, CountLong()> MakeLong() {
  std::array<Keyword, CountLong()> words{};
  std::size_t n = 0;
  for (std::size_t k = 0; k < kKeywords; ++k) {
    if (kSpellings[k].size() > kLongestHashed) words[n++] = static_cast<Keyword>(k);
  }
  return words;
}
constexpr auto kLong = MakeLong();

// Their first letters, a bit each: most names are told apart by that.
constexpr std::uint32_t kLongInitials = [] {
  std::uint32_t letters = 0;
  for (const Keyword k : kLong) {
    letters |= std::uint32_t{1} << (kSpellings[static_cast<std::size_t>(k)][0] & 31);
  }
  return letters;
}();

}  // namespace

Keyword FindLongKeyword(std::string_view word) {
  if ((kLongInitials >> (word[0] & 31) & 1) == 0) return Keyword::kNone;
  for (const Keyword k : kLong) {
    if (IsSpelled(word, Spelling(k))) return k;
  }
  return Keyword::kNone;
}

bool IsPlainLongName(std::string_view word) {
  const Bytes bytes(word);
  std::uint64_t all = 0;
  for (std::size_t at = 0; at < word.size(); at += 16) {
    const Sixteen next = bytes.Load(at, std::min<std::size_t>(16, word.size() - at));
    all |= next.low | next.high;
  }
  return (all & 0x8080808080808080U) == 0 && FindLongKeyword(word) == Keyword::kNone;
}

}  // namespace sql

Keyword FindKeyword(std::string_view word) {
  if (word.empty()) return Keyword::kNone;
  if (word.size() > sql::kLongestHashed) return sql::FindLongKeyword(word);
  const sql::Bytes bytes(word);
  const Keyword k = sql::kKeywordTable.Find(sql::Fold(bytes.Load(0, word.size()), word.size()));
  // Folding keeps word bytes apart; what is in quotes has others too.
  return sql::IsSpelled(word, Spelling(k)) ? k : Keyword::kNone;
}

std::string_view Spelling(Keyword k) { return sql::kSpellings[static_cast<std::size_t>(k)]; }

}  // namespace headgate
