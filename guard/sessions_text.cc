#include <algorithm>

#include <absl/strings/str_format.h>
#include "guard/json_text.h"
#include "guard/sessions.h"
#include "guard/top_table.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

// No address is cut: half of one is somebody else.
std::vector<TableColumn> Columns(std::size_t peer) {
  return {{"ID", 10, false, 4},    {"PEER", peer},         {"STATE", 7},
          {"FOR", 5, true},        {"DOES", 13},           {"USER", 16},
          {"CLASS", 12, false, 1}, {"KNOWN", 5, false, 2}, {"DATABASE", 0, false, 3}};
}

// "busy", "idle 12s", and whether a transaction is open.
std::string Doing(const json::value& row) {
  std::string text;
  if (IsTrue(At(row, {"busy"}))) text = "busy";
  const json::value& idle = At(row, {"idle_s"});
  if (idle.is_number()) text = "idle " + SpanText(NumberOf(idle));
  if (IsTrue(At(row, {"in_transaction"}))) text += " trx";
  return text;
}

TableRow Row(const json::value& row) {
  return {{TextAt(row, "id"), TextAt(row, "peer"), TextAt(row, "state"),
           SpanText(NumberOf(At(row, {"for_s"}))), Doing(row), TextAt(row, "user"),
           TextAt(row, "class"), IsTrue(At(row, {"known_good"})) ? "good" : "",
           TextAt(row, "database")},
          {},
          {}};
}

}  // namespace

std::string SessionsText(const std::string& text, std::size_t columns) {
  const json::value root = ParseAnswer(text);
  if (!At(root, {"sessions"}).is_array()) return text + "\n";
  std::vector<TableRow> rows;
  std::size_t peer = 15;
  for (const json::value& row : ListAt(root, {"sessions"})) {
    rows.push_back(Row(row));
    peer = std::max(peer, TextAt(row, "peer").size());
  }
  if (rows.empty()) return "nobody is connected\n";
  std::string out = TableText(Columns(peer), rows, columns);
  const double total = NumberOf(At(root, {"total"}));
  if (total > static_cast<double>(rows.size())) {
    absl::StrAppendFormat(&out, "%d of %.0f; --limit shows more\n", rows.size(), total);
  }
  return out;
}

}  // namespace headgate::guard
