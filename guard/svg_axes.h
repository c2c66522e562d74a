// Where things stand inside a chart: the frame, the marks of its axes.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>

#include "guard/svg_chart.h"

namespace headgate::guard {

// Units of the drawing, not pixels: the page scales it to its width.
struct ChartFrame {
  double width = 600, height = 200;
  double left = 46, right = 12, top = 10, bottom = 24;

  [[nodiscard]] double across() const { return width - left - right; }
  [[nodiscard]] double down() const { return height - top - bottom; }
  [[nodiscard]] double X(double bucket, const TimeAxis& axis) const {
    return left + across() * bucket / static_cast<double>(axis.buckets);
  }
  // Of a value on an axis to `most`.
  [[nodiscard]] double Y(double value, double most) const {
    return top + down() * (1 - value / most);
  }
};

// "<svg ...>" and the times below; the caller closes it.
[[nodiscard]] std::string OpenSvg(const ChartFrame& frame, const TimeAxis& axis,
                                  const std::string& says);
// Lines across with their numbers, up to `most`.
[[nodiscard]] std::string ValueMarks(const ChartFrame& frame, double most, double step);

}  // namespace headgate::guard
