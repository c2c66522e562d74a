#include "guard/svg_chart.h"

#include <algorithm>
#include <cmath>

#include <absl/strings/str_format.h>
#include "guard/short_number.h"
#include "guard/svg_axes.h"

namespace headgate::guard {
namespace {

using Kind = ChartSeries::Kind;

bool IsEmpty(const ChartSeries& series) {
  return std::none_of(series.values.begin(), series.values.end(), [](double v) { return v > 0; });
}

double ValueAt(const ChartSeries& series, std::size_t bucket) {
  return bucket < series.values.size() ? series.values[bucket] : 0;
}

// One chart on its way to text.
class Drawing {
 public:
  explicit Drawing(const TimeChart& chart) : chart_(chart), below_(chart.axis.buckets, 0.0) {
    frame_.width = chart.width;
    for (const ChartSeries& series : chart.series) {
      if (!IsEmpty(series)) shown_.push_back(&series);
    }
    std::vector<double> sums(chart.axis.buckets, 0.0);
    double most = 0;
    for (const ChartSeries* series : shown_) {
      for (std::size_t i = 0; i < sums.size(); ++i) {
        const double value = ValueAt(*series, i);
        if (series->kind == Kind::kStack) sums[i] += value;
        most = std::max({most, value, sums[i]});
      }
    }
    step_ = RoundStep(most, 4);
    most_ = std::max(step_ * std::ceil(most / step_), step_);
  }

  std::string Text() {
    std::string out = absl::StrFormat("<figure><figcaption>%s <span class=\"soft\">%s</span>",
                                      HtmlText(chart_.title), HtmlText(chart_.about));
    out += "</figcaption>";
    out += OpenSvg(frame_, chart_.axis, chart_.title);
    for (const ChartBand& band : chart_.bands) out += Band(band);
    out += ValueMarks(frame_, most_, step_);
    for (const ChartSeries* series : shown_) {
      out += series->kind == Kind::kStack ? Stack(*series) : Line(*series);
    }
    return out + Words() + "</svg>" + Legend() + "</figure>\n";
  }

 private:
  std::string Band(const ChartBand& band) const {
    const double from = frame_.X(static_cast<double>(band.from), chart_.axis);
    const double to = frame_.X(static_cast<double>(band.to), chart_.axis);
    return absl::StrFormat(
        R"(<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s</title></rect>)",
        HtmlText(band.style), from, frame_.top, to - from, frame_.down(), HtmlText(band.says));
  }

  // A step for each bucket, and back along what is below it.
  std::string Stack(const ChartSeries& series) {
    std::string there, back;
    for (std::size_t i = 0; i < below_.size(); ++i) {
      const double x = frame_.X(static_cast<double>(i), chart_.axis);
      const double next = frame_.X(static_cast<double>(i + 1), chart_.axis);
      const double low = frame_.Y(below_[i], most_);
      below_[i] += ValueAt(series, i);
      absl::StrAppendFormat(&there, "%s%.1f %.1fH%.1f", i == 0 ? "M" : "L", x,
                            frame_.Y(below_[i], most_), next);
      back.insert(0, absl::StrFormat("L%.1f %.1fH%.1f", next, low, x));
    }
    return absl::StrFormat(R"(<path class="area %s" d="%s%sZ"/>)", HtmlText(series.colour), there,
                           back);
  }

  std::string Line(const ChartSeries& series) const {
    std::string points;
    for (std::size_t i = 0; i < below_.size(); ++i) {
      absl::StrAppendFormat(&points, "%s%.1f %.1fH%.1f", i == 0 ? "M" : "L",
                            frame_.X(static_cast<double>(i), chart_.axis),
                            frame_.Y(ValueAt(series, i), most_),
                            frame_.X(static_cast<double>(i + 1), chart_.axis));
    }
    return absl::StrFormat(R"(<path class="line %s%s" d="%s"/>)", HtmlText(series.colour),
                           series.kind == Kind::kDashed ? " dashed" : "", points);
  }

  // What the mouse is told over each bucket that has something to tell.
  std::string Words() const {
    std::string out;
    for (std::size_t i = 0; i < below_.size(); ++i) {
      std::string says;
      for (const ChartSeries* series : shown_) {
        const double value = ValueAt(*series, i);
        if (value <= 0) continue;
        absl::StrAppendFormat(&says, "\n%s %s%s", series->name, ShortNumber(value), chart_.unit);
      }
      if (says.empty()) continue;
      // Line by line: white space is one space to HtmlText.
      std::string lines = HtmlText(chart_.axis.At(i));
      for (std::size_t at = 1, end = 0; at < says.size(); at = end + 1) {
        end = std::min(says.find('\n', at), says.size());
        lines += "\n" + HtmlText(std::string_view(says).substr(at, end - at));
      }
      const double x = frame_.X(static_cast<double>(i), chart_.axis);
      absl::StrAppendFormat(
          &out,
          R"(<rect class="hot" x="%.1f" y="%.1f" width="%.2f" height="%.1f"><title>%s</title></rect>)",
          x, frame_.top, frame_.across() / static_cast<double>(below_.size()), frame_.down(),
          lines);
    }
    return out;
  }

  std::string Legend() const {
    std::string out = "<ul class=\"legend\">";
    for (const ChartSeries* series : shown_) {
      const char* mark = series->kind == Kind::kStack    ? "fill"
                         : series->kind == Kind::kDashed ? "dash"
                                                         : "";
      absl::StrAppendFormat(&out, R"(<li><i class="%s %s"></i>%s</li>)", mark,
                            HtmlText(series->colour), HtmlText(series->name));
    }
    if (shown_.empty()) out += "<li class=\"soft\">nothing all the time</li>";
    return out + "</ul>";
  }

  const TimeChart& chart_;
  ChartFrame frame_;
  std::vector<const ChartSeries*> shown_;
  std::vector<double> below_;
  double step_ = 1, most_ = 1;
};

constexpr double kRow = 18;
constexpr double kNames = 150;
constexpr int kShades = 9;

// Of `value` among values up to `most`: 0 is nothing. By its logarithm, or one flood would leave
// all others white.
int ShadeOf(double value, double most) {
  if (value <= 0) return 0;
  const double part = std::log1p(value) / std::log1p(most);
  return std::clamp(static_cast<int>(std::ceil(part * kShades)), 1, kShades);
}

// Neighbours of one shade are one rectangle.
std::string HeatRow(const HeatMap& map, const HeatMap::Row& row, const ChartFrame& frame, double y,
                    double most) {
  std::string out =
      absl::StrFormat(R"(<text class="name %s" x="%.1f" y="%.1f">%s</text>)", HtmlText(row.style),
                      frame.left - 8, y + 13, HtmlText(row.name));
  const std::size_t n = map.axis.buckets;
  const auto value = [&](std::size_t i) { return i < row.values.size() ? row.values[i] : 0; };
  for (std::size_t from = 0, to = 0; from < n; from = to) {
    const int shade = ShadeOf(value(from), most);
    double sum = 0;
    for (to = from; to < n && ShadeOf(value(to), most) == shade; ++to) sum += value(to);
    if (shade == 0) continue;
    const double x = frame.X(static_cast<double>(from), map.axis);
    const double width = frame.X(static_cast<double>(to), map.axis) - x;
    absl::StrAppendFormat(
        &out,
        R"(<rect class="heat" x="%.1f" y="%.1f" width="%.1f" height="%.1f" opacity="%.2f"><title>%s)"
        "\n%s: %s</title></rect>",
        x, y + 1, width, kRow - 2, 0.15 + 0.85 * shade / kShades, HtmlText(map.axis.At(from)),
        HtmlText(row.name), ShortNumber(sum));
  }
  return out;
}

}  // namespace

std::string FigureOf(const TimeChart& chart) { return Drawing(chart).Text(); }

std::string FigureOf(const HeatMap& map) {
  ChartFrame frame;
  frame.width = map.width;
  frame.left = kNames;
  frame.top = 4;
  frame.height = frame.top + kRow * static_cast<double>(map.rows.size()) + frame.bottom;
  double most = 0;
  for (const HeatMap::Row& row : map.rows) {
    for (const double value : row.values) most = std::max(most, value);
  }
  std::string out =
      absl::StrFormat("<figure><figcaption>%s <span class=\"soft\">%s</span></figcaption>",
                      HtmlText(map.title), HtmlText(map.about));
  out += OpenSvg(frame, map.axis, map.title);
  for (std::size_t i = 0; i < map.rows.size(); ++i) {
    const double y = frame.top + kRow * static_cast<double>(i);
    absl::StrAppendFormat(&out, R"(<path class="grid" d="M%.1f %.1fH%.1f"/>)", frame.left, y + kRow,
                          frame.width - frame.right);
    out += HeatRow(map, map.rows[i], frame, y, most);
  }
  return out + "</svg></figure>\n";
}

}  // namespace headgate::guard
