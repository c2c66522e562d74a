#include "policies/sql_scanner.h"

#include "policies/sql_pass.h"

namespace headgate {
namespace {

// What is read otherwise than once more, where nobody but the server knows how.
constexpr sql::Reading kReadings[] = {{SqlCharset::kGbk},
                                      {SqlCharset::kSjis},
                                      {SqlCharset::kBig5},
                                      {SqlCharset::kGb18030},
                                      {SqlCharset::kPlain, true},
                                      {SqlCharset::kPlain, false, true},
                                      {SqlCharset::kPlain, true, true}};
constexpr TraitSet kOfReading = BitOf(Trait::kSyntaxOdd) | BitOf(Trait::kMultiStatement);

// Only behind a byte that may be a character's first is a backslash in doubt.
bool HasWideBackslash(std::string_view sql) {
  for (std::size_t at = sql.find('\\', 1); at < sql.size(); at = sql.find('\\', at + 1)) {
    if ((static_cast<unsigned char>(sql[at - 1]) & 0x80) != 0) return true;
  }
  return false;
}

template <bool kText>
Scan Look(std::string_view sql, bool complete, const SqlMode& mode, std::size_t budget,
          std::span<char> text) {
  sql::Pass<kText> pass(sql, complete, mode, budget, text);
  Scan scan = pass.Run();
  const bool doubt = mode.charset == SqlCharset::kUnknown && HasWideBackslash(sql);
  if (pass.unsure() || doubt) [[unlikely]] {
    for (const sql::Reading& reading : kReadings) {
      sql::Pass<false> other(sql, complete, mode, budget, {}, reading);
      scan.mark.traits |= other.Run().mark.traits & ~kOfReading;
    }
  }
  scan.wants_more = !complete && scan.code_bytes < budget &&
                    (scan.mark.traits & BitOf(Trait::kCommentPadding)) == 0;
  if (const std::string_view hidden = pass.hidden_code(); !hidden.empty()) [[unlikely]] {
    // A statement in a string, which the server will read; but not what that one hides.
    const StatementMark inner = sql::Pass<false>(hidden, true, mode, hidden.size(), {}).Run().mark;
    scan.mark.traits |= inner.traits;
    // Nobody sees when that is executed, and from then on how the rest is read.
    if (inner.sets_charset) {
      scan.mark.traits |= BitOf(Trait::kHiddenCode);
      scan.mark.sets_charset = true;
      scan.mark.charset = SqlCharset::kUnknown;
    }
  }
  return scan;
}

}  // namespace

Scan ScanStatement(std::string_view sql, bool complete, const SqlMode& mode, std::size_t budget,
                   std::span<char> text) {
  return text.empty() ? Look<false>(sql, complete, mode, budget, text)
                      : Look<true>(sql, complete, mode, budget, text);
}

}  // namespace headgate
