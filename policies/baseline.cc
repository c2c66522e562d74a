#include "policies/baseline.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace headgate {
namespace {

constexpr std::uint32_t kHalfAnHour = 1800;
constexpr double kClamp = 3;  // deviations that one sample may be away from the mean, as learnt

Baseline::Expected ExpectedOf(const BaselineHour& h) {
  const double least = std::sqrt(std::max(1.0F, h.mean));
  return {true, h.samples >= Baseline::kWhole, h.mean,
          std::max(std::sqrt(double{h.variance}), least)};
}

// West's weighted update (1979): with weight 1/n it is the plain average and variance.
void Take(BaselineHour& h, double value, std::uint32_t memory) {
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
  return std::isfinite(h.mean) && std::isfinite(h.variance) && h.mean >= 0 && h.variance >= 0;
}

}  // namespace

Baseline::Expected Baseline::Of(std::size_t hour) const {
  const BaselineHour& own = hours_[hour % kHours];
  if (own.samples >= kEnough) return ExpectedOf(own);
  if (hours_[kLately].samples >= kEnough) return ExpectedOf(hours_[kLately]);
  return {};
}

void Baseline::Learn(double value, std::size_t hour, std::uint32_t memory) {
  if (!std::isfinite(value) || value < 0) return;
  Take(hours_[hour % kHours], value, memory);
  Take(hours_[kLately], value, kHalfAnHour);
}

void Baseline::Restore(const Hours& hours) {
  for (std::size_t i = 0; i < hours.size(); ++i) {
    if (IsSound(hours[i])) hours_[i] = hours[i];
  }
}

std::size_t HourOfDay(Time at) {
  const auto hours = std::chrono::floor<std::chrono::hours>(at.time_since_epoch()).count();
  return static_cast<std::size_t>(((hours % 24) + 24) % 24);
}

}  // namespace headgate
