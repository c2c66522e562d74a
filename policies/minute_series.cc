#include "policies/minute_series.h"

#include <algorithm>

namespace headgate {

bool MinuteSet::Contains(Minute minute) const {
  const auto after =
      std::upper_bound(spans_.begin(), spans_.end(), minute,
                       [](Minute m, const std::pair<Minute, Minute>& s) { return m < s.first; });
  return after != spans_.begin() && minute < std::prev(after)->second;
}

std::size_t HourOfWeek(Minute minute) {
  // 1970 began with a Thursday.
  constexpr Minute kFromMonday = 3 * kMinutesOfDay;
  const Minute of_week =
      ((minute + kFromMonday) % kMinutesOfWeek + kMinutesOfWeek) % kMinutesOfWeek;
  return static_cast<std::size_t>(of_week / kMinutesOfHour);
}

void MinuteSeries::Add(Minute from, Minute to, double value) {
  constexpr auto kMostKept = static_cast<Minute>(kMost);
  from = std::max(from, to - kMostKept);
  if (from >= to || !(value > 0)) return;
  const auto kept = static_cast<float>(value);
  if (!runs_.empty() && runs_.back().to == from && runs_.back().value == kept) {
    runs_.back().to = static_cast<std::int32_t>(to);
  } else {
    runs_.push_back({static_cast<std::int32_t>(from), static_cast<std::int32_t>(to), kept});
  }
  kept_ += to - from;
  while (kept_ > kMostKept) {
    Run& oldest = runs_.front();
    const Minute gone = std::min<Minute>(kept_ - kMostKept, oldest.to - oldest.from);
    oldest.from += static_cast<std::int32_t>(gone);
    kept_ -= gone;
    if (oldest.from == oldest.to) runs_.pop_front();
  }
}

template <class Each>
void MinuteSeries::ForEach(const MinuteSet& aside, const Each& each) const {
  for (const Run& run : runs_) {
    for (Minute m = run.from; m < run.to; ++m) {
      if (!aside.Contains(m)) each(m, run.value);
    }
  }
}

MinuteSeries::Summary MinuteSeries::Of(const MinuteSet& aside) const {
  Summary out;
  std::vector<float> values;
  Minute day = -1;
  ForEach(aside, [&](Minute m, float value) {
    if (values.empty()) out.first = m;
    out.last = m;
    values.push_back(value);
    if (m / kMinutesOfDay != day) ++out.days;
    day = m / kMinutesOfDay;
    if (value > static_cast<float>(out.peak)) {
      out.peak = value;
      out.peak_at = m;
    }
  });
  if (values.empty()) return out;
  out.minutes = static_cast<Minute>(values.size());
  // The least value that at most one minute in a thousand is above.
  const std::size_t above = values.size() / 1000;
  const auto at = values.end() - static_cast<std::ptrdiff_t>(above) - 1;
  std::nth_element(values.begin(), at, values.end());
  out.p999 = *at;
  return out;
}

std::array<double, MinuteSeries::kWeekHours> MinuteSeries::Week(const MinuteSet& aside) const {
  std::array<double, kWeekHours> out{};
  ForEach(aside, [&](Minute m, float value) {
    double& hour = out[HourOfWeek(m)];
    hour = std::max(hour, static_cast<double>(value));
  });
  return out;
}

}  // namespace headgate
