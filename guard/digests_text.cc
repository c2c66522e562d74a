#include <boost/json.hpp>
#include <cmath>

#include <absl/strings/str_format.h>
#include "guard/digests.h"
#include "guard/printable.h"
#include "guard/short_number.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

constexpr std::size_t kBar = 8;  // columns
constexpr std::size_t kNarrowest = 20;

double Number(const json::object& row, const char* name) {
  const auto* value = row.if_contains(name);
  if (value == nullptr || !value->is_number()) return 0;
  return value->to_number<double>();
}

std::string Word(const json::object& row, const char* name) {
  const auto* value = row.if_contains(name);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? "" : Printable({text->data(), text->size()});
}

std::string Span(double ms) {
  if (ms < 1) return absl::StrFormat("%.0fus", ms * 1000);
  if (ms < 1000) return absl::StrFormat("%.*fms", ms < 10 ? 1 : 0, ms);
  const double s = ms / 1000;
  if (s < 120) return absl::StrFormat("%.*fs", s < 10 ? 1 : 0, s);
  if (s < 2 * 3600) return absl::StrFormat("%.0fm", s / 60);
  return s < 2 * 86400 ? absl::StrFormat("%.0fh", s / 3600) : absl::StrFormat("%.0fd", s / 86400);
}

std::string Bar(double share) {
  const auto full = static_cast<std::size_t>(std::lround(share * kBar));
  return std::string(std::min(full, kBar), '#') + std::string(kBar - std::min(full, kBar), '.');
}

double PerStatement(const json::object& row, const char* name) {
  const double count = Number(row, "count");
  return count > 0 ? Number(row, name) / count : 0;
}

std::string Head() {
  return absl::StrFormat("%6s %-8s %6s %5s %6s %6s %6s %8s %5s %4s %6s  %-11s %-16s  %-10s  %s\n",
                         "TIME", "", "COUNT", "/S", "P50", "P95", "P99", "ROWS/ST", "NOIDX", "ERR",
                         "REFSD", "SEEN", "DIGEST", "CLASS", "STATEMENT");
}

std::string Row(const json::object& row, std::size_t columns) {
  const double share = Number(row, "share");
  std::string line = absl::StrFormat(
      "%5.1f%% %s %6s %5s %6s %6s %6s %8s %4.0f%% %4s %6s  %-11s %s  %-10s  ", share * 100,
      Bar(share), ShortNumber(Number(row, "count")), ShortNumber(Number(row, "rate")),
      Span(Number(row, "p50_ms")), Span(Number(row, "p95_ms")), Span(Number(row, "p99_ms")),
      ShortNumber(PerStatement(row, "rows")), PerStatement(row, "no_index") * 100,
      ShortNumber(Number(row, "errors")), ShortNumber(Number(row, "refused")),
      Span(Number(row, "first_seen_s") * 1000) + "-" + Span(Number(row, "last_seen_s") * 1000),
      Word(row, "digest"), Cut(Word(row, "class"), 10));
  const std::string text = Word(row, "text");
  if (columns == 0) return line + text + "\n";
  const std::size_t room = columns > line.size() + kNarrowest ? columns - line.size() : 0;
  // A narrow terminal gets the statement on a line of its own.
  if (room == 0) {
    while (line.back() == ' ') line.pop_back();
    return line + "\n        " + Cut(text, columns > 8 + kNarrowest ? columns - 8 : kNarrowest) +
           "\n";
  }
  return line + Cut(text, room) + "\n";
}

}  // namespace

std::string DigestsText(const std::string& text, std::size_t columns) {
  json::error_code error;
  const json::value root = json::parse(text, error);
  const auto* object = error ? nullptr : root.if_object();
  const auto* found = object == nullptr ? nullptr : object->if_contains("digests");
  const auto* rows = found == nullptr ? nullptr : found->if_array();
  if (rows == nullptr) return text + "\n";
  if (rows->empty()) return "no statement has been seen\n";
  std::string out = Head();
  for (const json::value& row : *rows) {
    if (row.is_object()) out += Row(row.get_object(), columns);
  }
  const double total = Number(*object, "total");
  if (total > static_cast<double>(rows->size())) {
    absl::StrAppendFormat(&out, "the first %d of %.0f by %s; --limit shows more\n", rows->size(),
                          total, Word(*object, "sort"));
  }
  return out;
}

}  // namespace headgate::guard
