#include "guard/config_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <absl/strings/str_format.h>

namespace headgate::guard {
namespace {

struct Unit {
  std::string_view name;
  Duration length;
};
constexpr Unit kUnits[] = {{"ms", std::chrono::milliseconds(1)},
                           {"s", std::chrono::seconds(1)},
                           {"m", std::chrono::minutes(1)},
                           {"h", std::chrono::hours(1)},
                           {"d", std::chrono::hours(24)}};
struct SizeUnit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr SizeUnit kSizes[] = {{"B", 1},
                               {"KiB", std::uint64_t{1} << 10},
                               {"MiB", std::uint64_t{1} << 20},
                               {"GiB", std::uint64_t{1} << 30},
                               {"TiB", std::uint64_t{1} << 40}};
constexpr double kLargestSize = 1125899906842624.0;    // 1024 TiB: doubles are exact up to there
constexpr double kLongest = 10.0 * 365 * 86400 * 1e9;  // nanoseconds: far below int64's end
constexpr double kFastest = 1e6;                       // a second
constexpr double kLargestBurst = 1e9;

// Takes the decimal number at the front of `text`; no sign, no exponent.
std::optional<double> TakeNumber(std::string_view& text) {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(value) || text.front() == '-') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

const Unit* FindUnit(std::string_view name) {
  const auto* found = std::find_if(std::begin(kUnits), std::end(kUnits),
                                   [&](const Unit& u) { return u.name == name; });
  return found == std::end(kUnits) ? nullptr : found;
}

std::optional<double> ParseBurst(std::string_view text) {
  constexpr std::string_view kWord = " burst ";
  if (text.substr(0, kWord.size()) != kWord) return std::nullopt;
  text.remove_prefix(kWord.size());
  const auto burst = TakeNumber(text);
  if (!burst || !text.empty() || *burst < 1 || *burst > kLargestBurst) return std::nullopt;
  return burst;
}

// Optimal string alignment distance; words here are a few dozen letters at most.
std::size_t Edits(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::optional<Duration> ParseDuration(std::string_view text) {
  const auto count = TakeNumber(text);
  if (!count) return std::nullopt;
  const Unit* unit = FindUnit(text);
  if (unit == nullptr) return std::nullopt;
  const double nanoseconds = *count * static_cast<double>(unit->length.count());
  if (nanoseconds > kLongest) return std::nullopt;
  return Duration(std::llround(nanoseconds));
}

std::optional<Rate> ParseRate(std::string_view text) {
  if (text == "off") return Rate{0, 1};
  const auto count = TakeNumber(text);
  if (!count || text.size() < 2 || text[0] != '/') return std::nullopt;
  const Unit* unit = FindUnit(text.substr(1, 1));
  if (unit == nullptr || unit->name == "d") return std::nullopt;
  text.remove_prefix(2);
  Rate rate{*count * 1e9 / static_cast<double>(unit->length.count()), std::max(1.0, *count)};
  if (rate.per_second <= 0 || rate.per_second > kFastest) return std::nullopt;
  if (text.empty()) return rate;
  const auto burst = ParseBurst(text);
  if (!burst) return std::nullopt;
  rate.burst = *burst;
  return rate;
}

std::optional<double> ParsePercent(std::string_view text, double high) {
  const auto percent = TakeNumber(text);
  if (!percent || text != "%" || *percent <= 0 || *percent > high) return std::nullopt;
  return percent;
}

std::optional<Share> ParseShare(std::string_view text) {
  if (text == "off") return Share::Off();
  const auto percent = ParsePercent(text, 100);
  if (!percent) return std::nullopt;
  return Share::Percent(*percent);
}

std::optional<std::uint64_t> ParseSize(std::string_view text) {
  const auto count = TakeNumber(text);
  const auto* unit = std::find_if(std::begin(kSizes), std::end(kSizes),
                                  [&](const SizeUnit& u) { return u.name == text; });
  if (!count || unit == std::end(kSizes)) return std::nullopt;
  const double bytes = *count * static_cast<double>(unit->bytes);
  if (bytes > kLargestSize || bytes != std::floor(bytes)) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

std::string SizeText(std::uint64_t bytes) {
  std::size_t i = std::size(kSizes) - 1;
  while (i > 0 && (bytes < kSizes[i].bytes || bytes % kSizes[i].bytes != 0)) --i;
  return absl::StrFormat("%d%s", bytes / kSizes[i].bytes, std::string(kSizes[i].name));
}

std::string Digits(double number) {
  // The longest there is has a sign, 309 digits before the point or 1074 behind it.
  std::array<char, 1100> text;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  return std::string(text.data(), end.ptr);
}

std::string NumberText(double number, std::string_view back,
                       const std::function<bool(const std::string&)>& same) {
  constexpr double kMost = std::numeric_limits<double>::infinity();
  const double near[] = {std::round(number), number, std::nextafter(number, kMost),
                         std::nextafter(number, -kMost)};
  for (const double each : near) {
    std::string text = Digits(each) + std::string(back);
    if (same(text)) return text;
  }
  return Digits(number) + std::string(back);
}

std::string ToText(Duration d) {
  for (std::size_t i = std::size(kUnits); i-- > 0;) {
    const Unit& unit = kUnits[i];
    if (d >= unit.length && d % unit.length == Duration::zero()) {
      return absl::StrFormat("%d%s", d / unit.length, std::string(unit.name));
    }
  }
  return NumberText(static_cast<double>(d.count()) / 1e6, "ms",
                    [d](const std::string& text) { return ParseDuration(text) == d; });
}

std::string ToText(const Rate& rate) {
  if (rate.Off()) return "off";
  constexpr std::pair<std::string_view, double> kUnits[] = {{"/s", 1}, {"/m", 60}, {"/h", 3600}};
  const auto same = [&](const std::string& text) { return ParseRate(text) == rate; };
  const std::string burst = " burst " + Digits(rate.burst);
  std::string any;
  for (const auto& [unit, factor] : kUnits) {
    const double count = rate.per_second * factor;
    const bool whole = std::abs(count - std::round(count)) <= 1e-9 * count;
    for (const std::string& back : {std::string(unit), std::string(unit) + burst}) {
      std::string text = NumberText(count, back, same);
      if (!same(text)) continue;
      if (whole) return text;
      if (any.empty()) any = std::move(text);
    }
  }
  return any.empty() ? Digits(rate.per_second) + "/s" + burst : any;
}

std::string ToText(const Share& share) {
  switch (share.kind) {
    case Share::Kind::kOff:
      return "off";
    case Share::Kind::kNumber:
      return Digits(share.value);
    case Share::Kind::kPercent:
      break;
  }
  return Digits(share.value) + "%";
}

std::string Nearest(std::string_view word, std::span<const std::string> candidates) {
  if (word.size() > 64) return "";
  std::size_t best = (word.size() <= 4 ? 1 : word.size() <= 8 ? 2 : 3) + 1;
  std::string nearest;
  for (const std::string& candidate : candidates) {
    const std::size_t edits = Edits(word, candidate);
    if (edits < best) {
      best = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace headgate::guard
