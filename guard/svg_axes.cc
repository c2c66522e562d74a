#include "guard/svg_axes.h"

#include <array>
#include <cmath>
#include <ctime>

#include <absl/strings/str_format.h>
#include "guard/iso_time.h"
#include "guard/printable.h"
#include "guard/short_number.h"

namespace headgate::guard {
namespace {

constexpr double kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;

// The steps that people read a clock by, and whole days beyond.
double TimeStep(double span_ms, int count) {
  constexpr std::array<double, 16> kSteps = {kSecond,      2 * kSecond,  5 * kSecond, 10 * kSecond,
                                             30 * kSecond, kMinute,      2 * kMinute, 5 * kMinute,
                                             10 * kMinute, 30 * kMinute, kHour,       2 * kHour,
                                             3 * kHour,    6 * kHour,    12 * kHour,  kDay};
  const double least = span_ms / count;
  for (const double step : kSteps) {
    if (step >= least) return step;
  }
  return kDay * std::ceil(least / kDay);
}

// "14:00", "14:00:05"; at midnight and on an axis of days the day: "Jan 31".
std::string TimeMark(std::int64_t ms, double step) {
  const auto at = static_cast<std::time_t>(ms / 1000);
  std::tm utc{};
  gmtime_r(&at, &utc);
  std::array<char, 32> text{};
  const bool midnight = utc.tm_hour == 0 && utc.tm_min == 0 && utc.tm_sec == 0;
  const char* format = midnight ? "%b %e" : step < kMinute ? "%H:%M:%S" : "%H:%M";
  return {text.data(), std::strftime(text.data(), text.size(), format, &utc)};
}

}  // namespace

std::string HtmlText(std::string_view text) {
  std::string out;
  for (const char c : Printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string TimeAxis::At(std::size_t bucket) const {
  const auto ms = begin_ms + static_cast<std::int64_t>(bucket_ms * static_cast<double>(bucket));
  std::string text = IsoTime(ms);
  text[10] = ' ';
  return text.substr(0, bucket_ms < kSecond ? 21 : 19);
}

double RoundStep(double most, int count) {
  if (!(most > 0)) return 1;
  const double raw = most / count;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= raw * 0.999) return factor * power;
  }
  return 10 * power;
}

std::string OpenSvg(const ChartFrame& frame, const TimeAxis& axis, const std::string& says) {
  std::string out = absl::StrFormat(R"(<svg viewBox="0 0 %.0f %.0f" role="img" aria-label="%s">)",
                                    frame.width, frame.height, HtmlText(says));
  const double step = TimeStep(axis.span_ms(), static_cast<int>(frame.across() / 80));
  const auto begin = static_cast<double>(axis.begin_ms);
  const double first = std::ceil(begin / step) * step;
  const auto marks = static_cast<int>(std::floor((begin + axis.span_ms() - first) / step)) + 1;
  for (int i = 0; i < marks; ++i) {
    const double t = first + i * step;
    const double x = frame.X((t - begin) / axis.bucket_ms, axis);
    absl::StrAppendFormat(&out, R"(<path class="grid" d="M%.1f %.1fV%.1f"/>)", x, frame.top,
                          frame.height - frame.bottom);
    absl::StrAppendFormat(&out, R"(<text class="mark" x="%.1f" y="%.1f">%s</text>)",
                          std::min(x, frame.width - 20), frame.height - 8,
                          TimeMark(static_cast<std::int64_t>(t), step));
  }
  return out;
}

std::string ValueMarks(const ChartFrame& frame, double most, double step) {
  std::string out;
  const auto marks = static_cast<int>(most * 1.0001 / step) + 1;
  for (int i = 0; i < marks; ++i) {
    const double value = i * step;
    const double y = frame.Y(value, most);
    absl::StrAppendFormat(&out, R"(<path class="%s" d="M%.1f %.1fH%.1f"/>)",
                          value == 0 ? "base" : "grid", frame.left, y, frame.width - frame.right);
    absl::StrAppendFormat(&out, R"(<text class="mark end" x="%.1f" y="%.1f">%s</text>)",
                          frame.left - 6, y + 4, ShortNumber(value));
  }
  return out;
}

}  // namespace headgate::guard
