#include <utility>

#include <absl/strings/str_format.h>
#include "guard/json_text.h"
#include "guard/short_number.h"
#include "guard/sources.h"
#include "guard/top_table.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

// In the order they are shown; the highest rank goes first where the terminal is narrow.
std::vector<TableColumn> Columns() {
  return {{"SOURCE", 24},         {"REFUSED", 7, true},   {"/S", 5, true},
          {"CONNS", 6, true, 1},  {"IN", 5, true, 2},     {"PEND", 5, true, 6},
          {"WAIT", 5, true, 5},   {"LOGIN", 5, true, 7},  {"ORPHAN", 6, true, 8},
          {"KNOWN", 5, false, 4}, {"BANNED", 6, true, 3}, {"LAST REASON", 0, false, 0, 20}};
}

std::string Count(const json::value& row, const char* name) {
  const double n = NumberOf(At(row, {name}));
  return n == 0 ? "-" : ShortNumber(n);
}

TableRow Row(const json::value& row) {
  std::string reason = TextAt(row, "reason");
  if (!reason.empty() && !IsTrue(At(row, {"acted"}))) reason += ", dry run";
  const json::value& banned = At(row, {"banned_s"});
  return {
      {TextAt(row, "source"), Count(row, "refused"), Count(row, "refused_per_s"),
       Count(row, "connections"), Count(row, "in"), Count(row, "pending"), Count(row, "waiting"),
       Count(row, "logins"), Count(row, "orphans"), IsTrue(At(row, {"known_good"})) ? "good" : "",
       banned.is_number() ? SpanText(NumberOf(banned)) : "", std::move(reason)},
      {},
      {}};
}

}  // namespace

std::string SourcesText(const std::string& text, std::size_t columns) {
  const json::value root = ParseAnswer(text);
  if (!At(root, {"sources"}).is_array()) return text + "\n";
  std::vector<TableRow> rows;
  for (const json::value& row : ListAt(root, {"sources"})) rows.push_back(Row(row));
  if (rows.empty()) return "nobody is connected, and nobody was turned away lately\n";
  return TableText(Columns(), rows, columns) +
         absl::StrFormat("%d shown; %.0f sources are tracked\n", rows.size(),
                         NumberOf(At(root, {"tracked"})));
}

}  // namespace headgate::guard
