// Charts over time as inline SVG, for a page that is one file: no script, no font and no picture
// from elsewhere. What each place of it stands for is in a <title>, which browsers show beside the
// mouse.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::guard {

// Text as HTML and SVG take it, in attributes as well: valid UTF-8 without control characters, and
// nothing that ends a tag or a quote.
[[nodiscard]] std::string HtmlText(std::string_view text);

// The time axis: `buckets` of the same width, the first one beginning at `begin_ms` (since 1970).
struct TimeAxis {
  std::int64_t begin_ms = 0;
  double bucket_ms = 1000;  // above 0
  std::size_t buckets = 0;

  [[nodiscard]] double span_ms() const { return bucket_ms * static_cast<double>(buckets); }
  // "2026-01-31 14:00:05", with as many digits of a second as the width of a bucket asks for.
  [[nodiscard]] std::string At(std::size_t bucket) const;
};

struct ChartSeries {
  enum class Kind : std::uint8_t {
    kStack,
    kLine,
    kDashed
  };  // kStack: one upon the other, in order
  std::string name;
  std::string colour;  // a class of the page's style: "c1"
  Kind kind = Kind::kStack;
  std::vector<double> values;  // one for each bucket, not negative
};

// Stretches that the background shows.
struct ChartBand {
  std::size_t from = 0, to = 0;  // buckets, `to` not included
  std::string style;             // a class of the page's style
  std::string says;
};

struct TimeChart {
  std::string title, about;
  std::string unit;    // behind numbers in a bucket's words: " a second"
  double width = 600;  // of the drawing, in the units that its letters are 11 of
  TimeAxis axis;
  std::vector<ChartSeries> series;
  std::vector<ChartBand> bands;
};
// A <figure> with caption, chart and legend. Series of zeros only are left out.
[[nodiscard]] std::string FigureOf(const TimeChart& chart);

// Rows against time: the more, the darker.
struct HeatMap {
  std::string title, about;
  double width = 600;  // as above
  TimeAxis axis;
  struct Row {
    std::string name;
    std::string style;           // a class of the page's style for its name; empty = none
    std::vector<double> values;  // one for each bucket
  };
  std::vector<Row> rows;
};
[[nodiscard]] std::string FigureOf(const HeatMap& map);

// At about how many marks `count`, the round steps that an axis to `most` has: 1, 2 or 5 times a
// power of ten. Above 0.
[[nodiscard]] double RoundStep(double most, int count);

}  // namespace headgate::guard
