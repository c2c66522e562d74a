#include "policies/sql_scanner.h"

#include "policies/sql_pass.h"

namespace headgate {
namespace {

template <bool kText>
Scan Look(std::string_view sql, bool complete, const SqlMode& mode, std::size_t budget,
          std::span<char> text) {
  sql::Pass<kText> pass(sql, complete, mode, budget, text);
  Scan scan = pass.Run();
  scan.wants_more = !complete && scan.code_bytes < budget &&
                    (scan.mark.traits & BitOf(Trait::kCommentPadding)) == 0;
  if (const std::string_view hidden = pass.hidden_code(); !hidden.empty()) [[unlikely]] {
    // A statement in a string, which the server will read; but not what that one hides.
    const StatementMark inner = sql::Pass<false>(hidden, true, mode, hidden.size(), {}).Run().mark;
    scan.mark.traits |= inner.traits;
    // Nobody sees when that is executed, and from then on how the rest is read.
    if (inner.sets_charset) scan.mark.traits |= BitOf(Trait::kHiddenCode);
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
