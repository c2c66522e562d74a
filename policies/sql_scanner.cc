#include "policies/sql_scanner.h"

#include "policies/sql_pass.h"
#include "policies/sql_readings.h"

namespace headgate {
namespace {

template <bool kText>
Scan Look(std::string_view sql, bool complete, const SqlMode& mode, std::size_t budget,
          std::span<char> text) {
  sql::Pass<kText> pass(sql, complete, mode, budget, text);
  Scan scan = pass.Run();
  scan.wants_more = !complete && scan.code_bytes < budget &&
                    (scan.mark.traits & BitOf(Trait::kCommentPadding)) == 0;
  if (!pass.hidden_code().empty()) [[unlikely]] {
    scan.mark.traits |= sql::TraitsOfHidden(pass.hidden_code(), mode);
  }
  const bool in_doubt = pass.comments_in_doubt() || pass.doubt().at != sql::Doubt::kNowhere;
  if (in_doubt || mode.charset == SqlCharset::kUnknown || mode.quotes_unknown) [[unlikely]] {
    sql::Readings readings(sql, complete);
    if (pass.comments_in_doubt() || readings.DifferBy(mode)) {
      readings.Add({.at = 0, .budget = budget, .mode = mode, .quotes = mode.quotes_unknown});
    }
    readings.Add(pass.doubt());
    readings.JoinTo(scan.mark);
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
