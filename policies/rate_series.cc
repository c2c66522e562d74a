#include "policies/rate_series.h"

#include <algorithm>

namespace headgate {

void RateSeries::Add(Minute minute, const RateHighs& highs) {
  if (highs.second == 0) return;
  seconds_.Add(minute, minute + 1, highs.second);
  const std::int64_t number = minute / kMinutesOfHour;
  if (hours_.empty() || hours_.back().number != number) hours_.push_back({number, {}});
  hours_.back().most.Raise(highs);
  constexpr auto kMostHours = static_cast<std::int64_t>(MinuteSeries::kMost) / kMinutesOfHour;
  while (hours_.front().number <= number - kMostHours) hours_.pop_front();
}

double RateSeries::BurstOf(std::size_t rate, const MinuteSet& aside) const {
  double most = 0;
  for (const Hour& hour : hours_) {
    if (aside.Contains(hour.number * kMinutesOfHour)) continue;
    most = std::max(most, static_cast<double>(hour.most.debts.at(rate)));
  }
  return most;
}

std::size_t RateSeries::entries() const {
  constexpr std::size_t kOfHour = sizeof(Hour) / 12;
  return seconds_.entries() + hours_.size() * kOfHour;
}

}  // namespace headgate
