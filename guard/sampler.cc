#include "guard/sampler.h"

#include <algorithm>

namespace headgate::guard {

Sampler::Sampler(Rate rate) : rate_(rate) {}

void Sampler::SetRate(Rate rate) {
  const std::lock_guard lock(rate_mutex_);
  rate_ = rate;
}

std::optional<std::uint64_t> Sampler::Admit(Reason reason, Time now) {
  Rate rate;
  {
    const std::lock_guard lock(rate_mutex_);
    rate = rate_;
  }
  Slot& slot = slots_.at(static_cast<std::size_t>(reason));
  const std::lock_guard lock(slot.mutex);
  if (!slot.used) {
    slot.used = true;
    slot.tokens = rate.burst;
    slot.last = now;
  }
  // Callers on other threads may bring a slightly older `now`.
  const Duration passed = std::max(now - slot.last, Duration::zero());
  slot.last = std::max(slot.last, now);
  const double refill = std::chrono::duration<double>(passed).count() * rate.per_second;
  slot.tokens = std::min(rate.burst, slot.tokens + refill);
  if (rate.Off() || slot.tokens < 1) {
    ++slot.suppressed;
    return std::nullopt;
  }
  slot.tokens -= 1;
  return std::exchange(slot.suppressed, 0);
}

std::vector<std::pair<Reason, std::uint64_t>> Sampler::TakeSuppressed() {
  std::vector<std::pair<Reason, std::uint64_t>> counts;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const std::lock_guard lock(slots_[i].mutex);
    const std::uint64_t n = std::exchange(slots_[i].suppressed, 0);
    if (n > 0) counts.emplace_back(static_cast<Reason>(i), n);
  }
  return counts;
}

}  // namespace headgate::guard
