#include "policies/sql_scanner.h"

#include "policies/sql_pass.h"
#include "policies/sql_readings.h"

namespace headgate {
namespace {

// Apart: it takes more stack than a statement that is read once should have.
[[gnu::noinline, gnu::cold]] void JoinReadings(std::string_view sql, bool complete,
                                               const sql::Doubt& start, bool comments,
                                               const sql::Doubt& doubt, StatementMark& mark) {
  sql::Readings readings(sql, complete);
  if (comments || readings.DifferBy(start.mode)) readings.Add(start);
  readings.Add(doubt);
  readings.JoinTo(mark);
}

template <bool kText>
Scan Look(std::string_view sql, bool complete, const SqlMode& mode, std::size_t budget,
          std::span<char> text) {
  SqlMode first = mode;
  // Apart, with its letters: the digest is that of everybody's.
  if (mode.charset == SqlCharset::kSwe7) first.charset = SqlCharset::kPlain;
  sql::Pass<kText> pass(sql, complete, first, budget, text);
  Scan scan = pass.Run();
  scan.wants_more = !complete && scan.code_bytes < budget &&
                    (scan.mark.traits & BitOf(Trait::kCommentPadding)) == 0;
  if (!pass.hidden_code().empty()) [[unlikely]] {
    scan.mark.traits |= sql::TraitsOfHidden(pass.hidden_code(), mode);
  }
  const bool in_doubt = pass.comments_in_doubt() || pass.doubt().at != sql::Doubt::kNowhere ||
                        (mode.ansi_quotes && sql.find('[') != std::string_view::npos);
  const bool charset = mode.charset == SqlCharset::kUnknown || mode.charset == SqlCharset::kSwe7;
  if (in_doubt || charset || mode.quotes_unknown) [[unlikely]] {
    const sql::Doubt start{.at = 0, .budget = budget, .mode = mode, .quotes = mode.quotes_unknown};
    JoinReadings(sql, complete, start, pass.comments_in_doubt(), pass.doubt(), scan.mark);
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
