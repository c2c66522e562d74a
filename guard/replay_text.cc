#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/json_text.h"
#include "guard/replay_report.h"
#include "guard/replay_words.h"
#include "guard/short_number.h"
#include "guard/top_table.h"

namespace headgate::guard {
namespace {

constexpr std::size_t kSources = 20;
constexpr std::size_t kTouches = 20;

std::string TextCell(std::uint64_t n) { return n == 0 ? "-" : ShortNumber(static_cast<double>(n)); }

// The kinds of outcomes that there were any of: a column each.
template <class Row>
std::vector<std::size_t> KindsOf(const std::vector<Row>& rows) {
  OutcomeCounts all{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += row.acted[i];
  }
  std::vector<std::size_t> kinds;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] > 0) kinds.push_back(i);
  }
  return kinds;
}

using Columns = std::vector<TableColumn>;

void AddKinds(const std::vector<std::size_t>& kinds, Columns& columns) {
  for (const std::size_t i : kinds) {
    std::string title(Name(static_cast<Outcome::What>(i)));
    for (char& c : title) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    columns.push_back({.title = title, .width = 7, .right = true});
  }
}

TableRow PlainRow(std::vector<std::string> cells) {
  return {.cells = std::move(cells), .style = {}, .bar = {}};
}

std::string LimitTable(const ReplayReport& report) {
  const auto kinds = KindsOf(report.limits);
  Columns columns = {{.title = "REASON", .width = 20}};
  AddKinds(kinds, columns);
  for (const char* title : {"DRY RUN", "TOUCHED", "SOURCES"}) {
    columns.push_back({.title = title, .width = 7, .right = true});
  }
  columns.push_back({.title = "FIRST", .width = 11});
  columns.push_back({.title = "LAST", .width = 11});
  columns.push_back({.title = "LIMIT"});
  std::vector<TableRow> rows;
  for (const ReplayLimit& limit : report.limits) {
    std::vector<std::string> cells = {std::string(Name(limit.reason))};
    for (const std::size_t i : kinds) cells.push_back(TextCell(limit.acted[i]));
    cells.push_back(TextCell(Sum(limit.would_act)));
    cells.push_back(TextCell(limit.touched));
    cells.push_back(ShortNumber(std::round(limit.sources)));
    cells.push_back(ShortWhen(report, limit.first));
    cells.push_back(ShortWhen(report, limit.last));
    cells.push_back(limit.title + (limit.where.empty() ? "" : "  " + limit.where));
    rows.push_back(PlainRow(std::move(cells)));
  }
  return TableText(columns, rows, 0);
}

std::string SourceTable(const ReplayReport& report) {
  const auto kinds = KindsOf(report.sources);
  Columns columns = {{.title = "SOURCE", .width = 24}, {.title = "USER", .width = 14}};
  AddKinds(kinds, columns);
  columns.push_back({.title = "DRY RUN", .width = 7, .right = true});
  columns.push_back({.title = "TOUCHED", .width = 7, .right = true});
  columns.push_back({.title = "LAST REASON"});
  std::vector<TableRow> rows;
  for (const ReplaySource& source : report.sources) {
    if (rows.size() == kSources) break;
    std::vector<std::string> cells = {source.source, source.user};
    for (const std::size_t i : kinds) cells.push_back(TextCell(source.acted[i]));
    cells.push_back(TextCell(source.would_act));
    cells.push_back(TextCell(source.touched));
    cells.emplace_back(Name(source.reason));
    rows.push_back(PlainRow(std::move(cells)));
  }
  return TableText(columns, rows, 0);
}

std::string TouchLine(const ReplayReport& report, const ReplayTouch& touch) {
  std::string line =
      absl::StrFormat("  %s  %s %s", WhenText(report, touch.at), touch.source, Name(touch.what));
  if (touch.how_long > Duration::zero()) line += " for " + SpanOf(touch.how_long);
  if (touch.unfinished) line += ", in vain so far";
  if (!touch.user.empty()) line += ", user " + touch.user;
  if (!touch.class_name.empty()) line += ", class " + touch.class_name;
  line += ": " + touch.title;
  if (!touch.where.empty()) line += " (" + touch.where + ")";
  return line + "\n";
}

std::string SlotsText(const ReplayReport& report) {
  const auto most = std::max_element(
      report.timeline.begin(), report.timeline.end(),
      [](const ReplayBucket& a, const ReplayBucket& b) { return a.leases < b.leases; });
  if (most == report.timeline.end()) return "not looked at";
  std::uint32_t waiting = 0, pending = 0;
  for (const ReplayBucket& b : report.timeline) {
    waiting = std::max(waiting, b.waiting);
    pending = std::max(pending, b.pending);
  }
  return absl::StrFormat("at most %u of %u in use, %u waiting, %u without a login", most->leases,
                         most->capacity, waiting, pending);
}

void AddLevels(const ReplayReport& report, std::string& out) {
  const auto at = [&](std::size_t bucket) {
    return WhenText(report, report.begin + report.bucket * static_cast<std::int64_t>(bucket));
  };
  const auto stretches = Stretches(report);
  if (stretches.empty()) Row(out, "pressure", "calm all the time");
  for (const LevelStretch& s : stretches) {
    Row(out, "pressure", absl::StrFormat("%s from %s to %s", Name(s.level), at(s.from), at(s.to)));
  }
}

void AddAgreement(const ReplayReport& report, std::string& out) {
  const auto& a = report.agreement;
  if (!a.known) return;
  Row(out, "agreement",
      absl::StrFormat("%s verdicts as the gate gave them, %s others", FullNumber(a.same),
                      FullNumber(a.different)));
  for (const std::string& line : a.first) out += "  " + line + "\n";
}

}  // namespace

std::string ReplayText(const ReplayReport& report) {
  std::string out;
  std::string inputs;
  for (const std::string& input : report.inputs) inputs += (inputs.empty() ? "" : ", ") + input;
  Row(out, "replay", report.config + " against " + inputs);
  Row(out, "period",
      absl::StrFormat("%s to %s UTC, %s", WhenText(report, report.begin),
                      WhenText(report, report.end), SpanOf(report.end - report.begin)));
  Row(out, "traffic", TrafficText(report));
  Row(out, "verdict", VerdictOf(report));
  if (report.held_shortly > 0) {
    Row(out, "",
        absl::StrFormat("%s times one of them waited less than %s", FullNumber(report.held_shortly),
                        SpanOf(report.shortly)));
  }
  Row(out, "slots", SlotsText(report));
  AddLevels(report, out);
  AddAgreement(report, out);
  for (const std::string& note : report.notes) Row(out, "note", note);
  if (!report.limits.empty()) out += "\n" + LimitTable(report);
  if (!report.sources.empty()) {
    absl::StrAppendFormat(&out, "\n%s source%s met a limit; the most first\n",
                          AboutCount(report.sources_refused),
                          std::llround(report.sources_refused) == 1 ? "" : "s");
    out += SourceTable(report);
  }
  if (!report.touches.empty()) out += "\nThe protected, as it happened:\n";
  for (std::size_t i = 0; i < std::min(report.touches.size(), kTouches); ++i) {
    out += TouchLine(report, report.touches[i]);
  }
  if (report.touched > kTouches) {
    absl::StrAppendFormat(&out, "  and %s more\n", FullNumber(report.touched - kTouches));
  }
  return out;
}

}  // namespace headgate::guard
