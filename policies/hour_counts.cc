#include "policies/hour_counts.h"

#include <algorithm>
#include <cmath>

namespace headgate {
namespace {

constexpr std::int64_t kHoursOfDay = 24;
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

// An hour in which nothing was told of is one of zero.
std::vector<double> HourCounts::SameHourOfOtherDays(const Hour& hour, std::size_t m) const {
  std::vector<double> out;
  const std::int64_t first = hours_.front().number, last = hours_.back().number;
  std::int64_t other = first + ((hour.number - first) % kHoursOfDay);
  auto at = hours_.begin();
  for (; other <= last; other += kHoursOfDay) {
    if (other == hour.number) continue;
    while (at != hours_.end() && at->number < other) ++at;
    out.push_back(at != hours_.end() && at->number == other ? Count(*at, m) : 0);
  }
  return out;
}

bool HourCounts::CanTell() const {
  if (hours_.empty()) return false;
  return hours_.back().number - hours_.front().number >=
         static_cast<std::int64_t>(kOtherDays) * kHoursOfDay;
}

std::vector<UnusualHour> HourCounts::Unusual() const {
  std::vector<UnusualHour> out;
  for (const Hour& hour : hours_) {
    UnusualHour found;
    double most = 1;
    for (std::size_t m = 0; m < kHourMeasures; ++m) {
      const double value = Count(hour, m);
      const auto others = SameHourOfOtherDays(hour, m);
      if (others.size() < kOtherDays || value < kFloor) continue;
      const Usual usual = UsualOf(others);
      if (value <= usual.median + kDeviations * usual.deviation) continue;
      const double times = value / std::max(usual.median, 1.0);
      if (times <= kTimes || times <= most) continue;
      most = times;
      found = {hour.number * kMinutesOfHour, static_cast<HourMeasure>(m), value, usual.median};
    }
    if (found.value > 0) out.push_back(found);
  }
  return out;
}

}  // namespace headgate
