#include "policies/baseline.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace headgate {
namespace {

constexpr std::uint32_t kHalfAnHour = 1800;
constexpr double kPeakGrows = 3;        // times itself, in a day
constexpr double kPeakFades = 1.0 / 7;  // of what it was above, each day
constexpr double kPeakAbove = 8;        // deviations: what may be tripled on the first day
constexpr double kClamp = 3;  // deviations that one sample may be away from the mean, as learnt

Baseline::Expected ExpectedOf(const BaselineHour& h) {
  const double least = std::sqrt(std::max(1.0F, h.mean));
  return {true, h.samples >= Baseline::kWhole, h.mean,
          std::max(std::sqrt(double{h.variance}), least), 0};
}

// West's weighted update (1979): with weight 1/n it is the plain average and variance.
void TakeValue(BaselineHour& h, double value, std::uint32_t memory) {
  if (h.samples >= Baseline::kEnough) {
    const Baseline::Expected e = ExpectedOf(h);
    value = std::clamp(value, e.mean - kClamp * e.deviation, e.mean + kClamp * e.deviation);
  }
  h.samples = std::min(h.samples + 1, std::max(memory, std::uint32_t{1}));
  const double weight = 1.0 / h.samples;
  const double off = value - h.mean;
  const double step = weight * off;
  h.mean = static_cast<float>(h.mean + step);
  h.variance = static_cast<float>((1 - weight) * (h.variance + off * step));
}

bool IsSound(const BaselineHour& h) {
  return std::isfinite(h.mean) && std::isfinite(h.variance) && std::isfinite(h.peak) &&
         h.mean >= 0 && h.variance >= 0 && h.peak >= 0;
}

}  // namespace

Baseline::Expected Baseline::Of(std::size_t hour) const {
  const BaselineHour& own = hours_[hour % kHours];
  const BaselineHour& known = own.samples >= kEnough ? own : hours_[kLately];
  if (known.samples < kEnough) return {};
  Expected e = ExpectedOf(known);
  for (const std::size_t beside : {kHours - 1, std::size_t{0}, std::size_t{1}}) {
    e.peak = std::max(e.peak, double{hours_[(hour + beside) % kHours].peak});
  }
  return e;
}

void Baseline::Learn(double value, double level, std::size_t hour, std::uint32_t memory) {
  if (!std::isfinite(value) || value < 0) return;
  if (visited_ != hour % kHours) EndVisit();
  visited_ = hour % kHours;
  highest_ = std::max(highest_, level);
  TakeValue(hours_[visited_], value, memory);
  TakeValue(hours_[kLately], value, kHalfAnHour);
}

// An hour of the day is over: its peak goes towards what was reached in it.
void Baseline::EndVisit() {
  if (visited_ < kHours) {
    BaselineHour& h = hours_[visited_];
    const Expected e = ExpectedOf(h);
    const double most = kPeakGrows * std::max(double{h.peak}, e.mean + kPeakAbove * e.deviation);
    const double next =
        highest_ >= h.peak ? std::min(highest_, most) : h.peak + kPeakFades * (highest_ - h.peak);
    h.peak = static_cast<float>(next);
  }
  highest_ = 0;
}

void Baseline::Restore(const Hours& hours) {
  for (std::size_t i = 0; i < kHours; ++i) {
    if (IsSound(hours[i])) hours_[i] = hours[i];
  }
}

std::size_t HourOfDay(Time at) {
  const auto hours = std::chrono::floor<std::chrono::hours>(at.time_since_epoch()).count();
  return static_cast<std::size_t>(((hours % 24) + 24) % 24);
}

}  // namespace headgate
