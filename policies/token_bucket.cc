#include "policies/token_bucket.h"

#include <algorithm>
#include <cmath>

namespace headgate {
namespace {

// Keeps now + span far from overflow: 36 years.
constexpr double kMaxSpan = static_cast<double>(std::int64_t{1} << 60);
// Threads read the clock at slightly different moments; debt beyond a full bucket by less than this
// is such a skew and not a changed rate.
constexpr std::int64_t kSkew = 1'000'000'000;

// Nobody waits longer for a token: an hour.
constexpr std::int64_t kMaxAhead = 3'600'000'000'000;

struct Spans {
  std::int64_t interval;  // ns per token
  std::int64_t full;      // ns a whole burst takes to refill
};

Spans SpansOf(const Rate& rate) {
  const double interval = std::clamp(std::round(1e9 / rate.per_second), 1.0, kMaxSpan);
  const double full = std::min(std::floor(std::max(rate.burst, 1.0) * interval), kMaxSpan);
  return {static_cast<std::int64_t>(interval), static_cast<std::int64_t>(full)};
}

}  // namespace

bool TokenBucket::Take(const Rate& rate, Time now) {
  if (rate.Off()) return true;
  const auto [interval, full] = SpansOf(rate);
  const std::int64_t at = Ns(now);
  std::int64_t seen = tat_.load(std::memory_order_relaxed);
  while (true) {
    const std::int64_t base = std::max(seen, at);
    const bool allowed = base - at <= full - interval;
    std::int64_t next = base + interval;
    if (!allowed) {
      if (base - at <= full + kSkew) return false;
      next = at + full;
    }
    if (tat_.compare_exchange_weak(seen, next, std::memory_order_relaxed)) return allowed;
  }
}

std::optional<Time> TokenBucket::TakeBy(const Rate& rate, Time now, Time latest) {
  if (rate.Off()) return now;
  const auto [interval, full] = SpansOf(rate);
  const std::int64_t at = Ns(now);
  const std::int64_t ahead = std::clamp<std::int64_t>((latest - now).count(), 0, kMaxAhead);
  std::int64_t seen = tat_.load(std::memory_order_relaxed);
  while (true) {
    const std::int64_t base = std::max(seen, at);
    const std::int64_t due = std::max<std::int64_t>(0, base - at - (full - interval));
    std::int64_t next = base + interval;
    if (due > ahead) {
      if (base - at <= full + ahead + kSkew) return std::nullopt;
      next = at + full + ahead;
    }
    if (tat_.compare_exchange_weak(seen, next, std::memory_order_relaxed)) {
      return due > ahead ? std::nullopt : std::optional(now + Duration(due));
    }
  }
}

bool TokenBucket::Ready(const Rate& rate, Time now) const { return ReadyAt(rate, now) <= now; }

Time TokenBucket::ReadyAt(const Rate& rate, Time now) const {
  if (rate.Off()) return now;
  const auto [interval, full] = SpansOf(rate);
  const std::int64_t at = Ns(now);
  const std::int64_t debt = std::max(tat_.load(std::memory_order_relaxed), at) - at;
  return now + Duration(std::max<std::int64_t>(0, std::min(debt, full) - (full - interval)));
}

double TokenBucket::Debt(const Rate& rate, Time now) const {
  if (rate.Off()) return 0;
  const auto [interval, full] = SpansOf(rate);
  const std::int64_t at = Ns(now);
  const std::int64_t debt = std::max(tat_.load(std::memory_order_relaxed), at) - at;
  return static_cast<double>(std::min(debt, full)) / static_cast<double>(interval);
}

bool TokenBucket::Idle(Time now) const { return tat_.load(std::memory_order_relaxed) <= Ns(now); }

void TokenBucket::Reset() { tat_.store(kFresh, std::memory_order_relaxed); }

}  // namespace headgate
