#include "policies/hour_counts.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace headgate {
namespace {

constexpr std::int64_t kHoursOfDay = 24, kHoursOfWeek = 7 * kHoursOfDay;
// Below so many an hour nothing is unusual.
constexpr double kFloor = 30;
// Standard deviations above the usual, and times the usual.
constexpr double kDeviations = 8, kTimes = 3;
// 1.4826 times the median absolute deviation estimates the standard deviation of a normal
// distribution (Rousseeuw, Croux, 1993).
constexpr double kOfMad = 1.4826;

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Usual {
  double median = 0, deviation = 0;
};
Usual UsualOf(const std::vector<double>& values) {
  const double median = Median(values);
  std::vector<double> off;
  off.reserve(values.size());
  for (const double v : values) off.push_back(std::abs(v - median));
  // Never below a tenth, nor below what chance alone does to a count.
  const double deviation = std::max({kOfMad * Median(off), 0.1 * median, std::sqrt(median), 1.0});
  return {median, deviation};
}

}  // namespace

const char* Name(HourMeasure m) {
  switch (m) {
    case HourMeasure::kConnects:
      return "connections";
    case HourMeasure::kSources:
      return "sources";
    case HourMeasure::kFailedLogins:
      return "failed logins";
    case HourMeasure::kWithoutLogin:
      return "connections that never logged in";
    case HourMeasure::kCommands:
      return "commands";
    case HourMeasure::kRunningTime:
      return "seconds of running time";
    case HourMeasure::kCount:
      break;
  }
  return "";
}

HourCounts::Hour& HourCounts::At(Minute at) {
  const std::int64_t number = at / kMinutesOfHour;
  if (hours_.empty() || number > hours_.back().number) {
    if (!hours_.empty()) {
      hours_.back().counts[static_cast<std::size_t>(HourMeasure::kSources)] = sources_.Estimate();
    }
    sources_.Clear();
    hours_.push_back({number, {}});
    const auto oldest = number - static_cast<std::int64_t>(kMostHours);
    while (hours_.front().number <= oldest) hours_.pop_front();
  }
  return hours_.back();
}

void HourCounts::Add(HourMeasure m, Minute at, double n) {
  At(at).counts[static_cast<std::size_t>(m)] += n;
}

void HourCounts::AddSource(std::uint64_t hash, Minute at) {
  At(at);
  sources_.Add(hash);
}

double HourCounts::Count(const Hour& hour, std::size_t m) const {
  const bool open = m == static_cast<std::size_t>(HourMeasure::kSources) && &hour == &hours_.back();
  return open ? sources_.Estimate() : hour.counts[m];
}

std::vector<double> HourCounts::Others(const Hour& hour, std::size_t m, std::int64_t step) const {
  std::vector<double> out;
  const std::int64_t first = hours_.front().number, last = hours_.back().number;
  auto at = hours_.begin();
  for (std::int64_t other = first + (hour.number - first) % step; other <= last; other += step) {
    if (other == hour.number) continue;
    while (at->number < other) ++at;
    if (at->number == other) {
      out.push_back(Count(*at, m));
    } else if (at->number - std::prev(at)->number - 1 <= kQuietHours) {
      out.push_back(0);
    }
  }
  return out;
}

HourCounts::Compared HourCounts::HowMany() const {
  Compared out{.all = hours_.size()};
  for (const Hour& hour : hours_) {
    if (Others(hour, 0, kHoursOfDay).size() >= kOtherDays) ++out.compared;
  }
  return out;
}

std::optional<double> HourCounts::StandsOut(const Hour& hour, std::size_t m) const {
  const double value = Count(hour, m);
  if (value < kFloor) return std::nullopt;
  const auto is_above = [&](const Usual& usual) {
    return value > usual.median + kDeviations * usual.deviation &&
           value > kTimes * std::max(usual.median, 1.0);
  };
  const auto days = Others(hour, m, kHoursOfDay);
  if (days.size() < kOtherDays || !is_above(UsualOf(days))) return std::nullopt;
  const auto weeks = Others(hour, m, kHoursOfWeek);
  if (weeks.size() >= kOtherDays && !is_above(UsualOf(weeks))) return std::nullopt;
  return UsualOf(days).median;
}

std::vector<UnusualHour> HourCounts::Unusual() const {
  std::vector<UnusualHour> out;
  for (const Hour& hour : hours_) {
    UnusualHour found;
    double most = 0;
    for (std::size_t m = 0; m < kHourMeasures; ++m) {
      const auto usual = StandsOut(hour, m);
      if (!usual) continue;
      const double times = Count(hour, m) / std::max(*usual, 1.0);
      if (times <= most) continue;
      most = times;
      found = {hour.number * kMinutesOfHour, static_cast<HourMeasure>(m), Count(hour, m), *usual};
    }
    if (found.value > 0) out.push_back(found);
  }
  return out;
}

}  // namespace headgate
