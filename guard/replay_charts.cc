#include "guard/replay_charts.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include <absl/strings/str_format.h>
#include "guard/replay_words.h"
#include "guard/svg_chart.h"

namespace headgate::guard {
namespace {

using Kind = ChartSeries::Kind;

constexpr std::size_t kReasonsShown = 6;
constexpr std::size_t kSourcesShown = 16;

TimeAxis AxisOf(const ReplayReport& report) {
  return {.begin_ms = report.UnixMs(report.begin),
          .bucket_ms = std::chrono::duration<double, std::milli>(report.bucket).count(),
          .buckets = report.timeline.size()};
}

double BucketSeconds(const ReplayReport& report) {
  return std::chrono::duration<double>(report.bucket).count();
}

template <class Get>
ChartSeries SeriesOf(const ReplayReport& report, std::string name, std::string colour, Kind kind,
                     const Get& get) {
  ChartSeries series{std::move(name), std::move(colour), kind, {}};
  for (const ReplayBucket& b : report.timeline)
    series.values.push_back(static_cast<double>(get(b)));
  return series;
}

std::vector<ChartBand> Bands(const ReplayReport& report) {
  std::vector<ChartBand> bands;
  for (const LevelStretch& s : Stretches(report)) {
    const std::string name(Name(s.level));
    bands.push_back({s.from, s.to, name, "pressure: " + name});
  }
  return bands;
}

std::vector<Reason> MostReasons(const ReplayReport& report) {
  std::vector<std::pair<std::uint64_t, Reason>> sums;
  for (std::size_t r = 0; r < kReasonCount; ++r) {
    std::uint64_t sum = 0;
    for (const ReplayBucket& b : report.timeline) sum += b.acted[r];
    if (sum > 0) sums.emplace_back(sum, static_cast<Reason>(r));
  }
  std::stable_sort(sums.begin(), sums.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  if (sums.size() > kReasonsShown) sums.resize(kReasonsShown);
  std::vector<Reason> out;
  out.reserve(sums.size());
  for (const auto& [sum, reason] : sums) out.push_back(reason);
  return out;
}

}  // namespace

std::string SlotsFigure(const ReplayReport& report) {
  TimeChart chart{.title = "Slots of the server",
                  .about = "connections at the server, at most at once in each stretch of time",
                  .unit = "",
                  .axis = AxisOf(report),
                  .series = {},
                  .bands = Bands(report)};
  chart.series.push_back(
      SeriesOf(report, "in use", "c1", Kind::kStack, [](const auto& b) { return b.leases; }));
  chart.series.push_back(
      SeriesOf(report, "there are", "c9", Kind::kDashed, [](const auto& b) { return b.capacity; }));
  return FigureOf(chart);
}

std::string LimitsFigure(const ReplayReport& report) {
  TimeChart chart{.title = "Whom the limits met",
                  .about = "a second, by reason; what was carried out",
                  .unit = " a second",
                  .width = 1240,
                  .axis = AxisOf(report),
                  .series = {},
                  .bands = Bands(report)};
  const double seconds = BucketSeconds(report);
  const std::vector<Reason> reasons = MostReasons(report);
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    const auto r = static_cast<std::size_t>(reasons[i]);
    chart.series.push_back(
        SeriesOf(report, std::string(Name(reasons[i])), absl::StrFormat("c%d", i + 1), Kind::kStack,
                 [&](const auto& b) { return static_cast<double>(b.acted[r]) / seconds; }));
  }
  chart.series.push_back(
      SeriesOf(report, "all others", "c8", Kind::kStack, [&](const ReplayBucket& b) {
        std::uint64_t sum = 0;
        for (const std::uint64_t n : b.acted) sum += n;
        for (const Reason r : reasons) sum -= b.acted[static_cast<std::size_t>(r)];
        return static_cast<double>(sum) / seconds;
      }));
  chart.series.push_back(
      SeriesOf(report, "of the protected", "c9", Kind::kLine,
               [&](const auto& b) { return static_cast<double>(b.touched) / seconds; }));
  return FigureOf(chart);
}

std::string TrafficFigure(const ReplayReport& report) {
  TimeChart chart{.title = "What came",
                  .about = "a second: new connections, and logins that the server accepted",
                  .unit = " a second",
                  .axis = AxisOf(report),
                  .series = {},
                  .bands = Bands(report)};
  const double seconds = BucketSeconds(report);
  chart.series.push_back(SeriesOf(report, "connections", "c2", Kind::kLine, [&](const auto& b) {
    return static_cast<double>(b.connects) / seconds;
  }));
  chart.series.push_back(SeriesOf(report, "logins", "c3", Kind::kLine, [&](const auto& b) {
    return static_cast<double>(b.logins) / seconds;
  }));
  return FigureOf(chart);
}

std::string WaitingFigure(const ReplayReport& report) {
  TimeChart chart{.title = "Before the server",
                  .about =
                      "at most at once: without a login yet, waiting for a slot; and statements "
                      "that run",
                  .unit = "",
                  .axis = AxisOf(report),
                  .series = {},
                  .bands = Bands(report)};
  chart.series.push_back(SeriesOf(report, "without a login", "c5", Kind::kStack,
                                  [](const auto& b) { return b.pending; }));
  chart.series.push_back(
      SeriesOf(report, "waiting", "c6", Kind::kStack, [](const auto& b) { return b.waiting; }));
  chart.series.push_back(SeriesOf(report, "statements running", "c3", Kind::kLine,
                                  [](const auto& b) { return b.running; }));
  return FigureOf(chart);
}

std::string SourcesFigure(const ReplayReport& report) {
  HeatMap map{.title = "Who met a limit, and when",
              .about = "a source a row; the darker, the more often (by its logarithm)",
              .axis = AxisOf(report),
              .rows = {}};
  for (const ReplaySource& source : report.sources) {
    if (map.rows.size() == kSourcesShown) break;
    if (Sum(source.acted) == 0) continue;
    map.rows.push_back({source.source, source.touched > 0 ? "mine" : "", source.over_time});
  }
  return map.rows.empty() ? "" : FigureOf(map);
}

}  // namespace headgate::guard
