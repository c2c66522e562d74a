// The entry for the SQL scanner. The first byte says how to read: two bits each for the charset and
// the quotes, whether that is all, how much to look at. The rest is the statement.
#include <array>
#include <span>

#include "policies/sql_scanner.h"
#include "tests/fuzz/entries.h"

namespace headgate::mysql::fuzz {
namespace {

constexpr std::array<SqlCharset, 4> kCharsets{SqlCharset::kPlain, SqlCharset::kGbk,
                                              SqlCharset::kSjis, SqlCharset::kGb18030};

bool Same(const Scan& a, const Scan& b) {
  return a.mark == b.mark && a.code_bytes == b.code_bytes && a.comment_bytes == b.comment_bytes &&
         a.wants_more == b.wants_more;
}

}  // namespace

void FuzzScanner(Bytes in) {
  if (in.empty()) return;
  const unsigned how = in[0];
  const std::string_view sql = AsText(in.subspan(1));
  const SqlMode mode{kCharsets[how & 3], (how & 4) != 0, (how & 8) != 0};
  const bool complete = (how & 16) == 0;
  const std::size_t budget = (how & 32) != 0 ? (how >> 6) * std::size_t{40} : sql.size();

  const Scan scan = ScanStatement(sql, complete, mode, budget, {});
  Check(scan.mark.digest != 0 && scan.text_size == 0);
  Check(scan.code_bytes + scan.comment_bytes <= sql.size());
  Check(scan.code_bytes <= budget);
  Check(!complete || budget < sql.size() ||
        (scan.mark.traits & BitOf(Trait::kUninspectedTail)) == 0);
  Check(complete || (scan.mark.traits & BitOf(Trait::kUninspectedTail)) != 0);
  Check(!scan.wants_more || !complete);
  // In a charset that nobody knows it has the traits of each. What is code hangs on the server too.
  SqlMode unknown = mode;
  unknown.charset = SqlCharset::kUnknown;
  const StatementMark any = ScanStatement(sql, complete, unknown, budget, {}).mark;
  const TraitSet apart = BitOf(Trait::kSyntaxOdd);
  const bool all_read = (any.traits & BitOf(Trait::kHiddenCode)) == 0;
  if (all_read && sql.find("/*") == std::string_view::npos) {
    Check((scan.mark.traits & ~any.traits & ~apart) == 0);
  }
  // Whoever wants the text gets the same id, as much of it as fits, and not a byte more.
  std::array<char, 256> text;
  const std::size_t room = std::array<std::size_t, 3>{1, 17, text.size() - 1}[sql.size() % 3];
  text[room] = '\x7f';
  const Scan written = ScanStatement(sql, complete, mode, budget, std::span(text).first(room));
  Check(Same(scan, written) && written.text_size <= room && text[room] == '\x7f');
}

}  // namespace headgate::mysql::fuzz
