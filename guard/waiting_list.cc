#include "guard/waiting_list.h"

#include <array>
#include <boost/json.hpp>

#include <absl/strings/str_format.h>
#include "guard/json_text.h"
#include "guard/printable.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

std::int64_t Milliseconds(Duration d) {
  return std::chrono::floor<std::chrono::milliseconds>(d).count();
}

json::object RowJson(const WaitingStatus& row) {
  json::value left;
  if (row.left != Duration::max()) left = Milliseconds(row.left);
  return {{"source", net::ToText(row.peer)},
          {"user", Printable(row.user)},
          {"class", Printable(row.class_name)},
          {"position", row.position},
          {"waited_ms", Milliseconds(row.waited)},
          {"expected_ms", Milliseconds(row.expected)},
          {"left_ms", left},
          {"known_good", row.known_good}};
}

std::string Span(const json::value& ms) {
  return ms.is_number() ? SpanText(NumberOf(ms) / 1000) : "-";
}

std::string Line(const std::string& turn, const std::string& in_class, const std::string& source,
                 const std::string& user, const std::array<std::string, 3>& spans) {
  return absl::StrFormat("%4s  %-12s %8s %8s %8s  %-39s %s\n", turn, Cut(in_class, 12), spans[0],
                         spans[1], spans[2], source, Cut(user, 40));
}

}  // namespace

std::string WaitingJson(const std::vector<WaitingStatus>& rows, std::size_t total) {
  json::array list;
  for (const WaitingStatus& row : rows) list.push_back(RowJson(row));
  return json::serialize(json::object{{"waiting", std::move(list)}, {"total", total}});
}

std::string WaitingText(const std::string& text) {
  const json::value root = ParseAnswer(text);
  if (!At(root, {"waiting"}).is_array()) return text + "\n";
  const json::array& rows = ListAt(root, {"waiting"});
  if (rows.empty()) return "nobody waits\n";
  std::string out = Line("TURN", "CLASS", "SOURCE", "USER", {"WAITED", "EXPECTED", "LEFT"});
  for (const json::value& row : rows) {
    out += Line(
        Plain(At(row, {"position"})), Plain(At(row, {"class"})), Plain(At(row, {"source"})),
        Plain(At(row, {"user"})) + (IsTrue(At(row, {"known_good"})) ? " *" : ""),
        {Span(At(row, {"waited_ms"})), Span(At(row, {"expected_ms"})), Span(At(row, {"left_ms"}))});
  }
  out += "* known-good\n";
  const double total = NumberOf(At(root, {"total"}));
  if (total > static_cast<double>(rows.size())) {
    absl::StrAppendFormat(&out, "the first %d of %.0f; --limit shows more\n", rows.size(), total);
  }
  return out;
}

}  // namespace headgate::guard
