#include "policies/login_lane.h"

#include <algorithm>
#include <utility>

namespace headgate {

LoginLane::Lease::Lease(Lease&& other) noexcept
    : lane_(std::exchange(other.lane_, nullptr)),
      source_(other.source_),
      known_good_(other.known_good_) {}

LoginLane::Lease& LoginLane::Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  Release();
  lane_ = std::exchange(other.lane_, nullptr);
  source_ = other.source_;
  known_good_ = other.known_good_;
  return *this;
}

void LoginLane::Lease::Release() {
  if (!held()) return;
  LoginLane& lane = *std::exchange(lane_, nullptr);
  if (known_good_) {
    --lane.known_good_;
    return;
  }
  --lane.unknown_;
  const auto it = lane.unknown_of_.find(source_);
  if (--it->second == 0) lane.unknown_of_.erase(it);
}

LoginLane::LoginLane(KeyedHash hash) : unknown_of_(0, hash) {}

void LoginLane::Configure(const LoginLimits& limits) {
  max_ = std::max<std::uint32_t>(limits.in_progress, 1);
  const double open = std::clamp(1 - limits.known_good_share, 0.0, 1.0) * max_;
  unknown_max_ = std::max<std::uint32_t>(static_cast<std::uint32_t>(open), 1);
  per_source_ = std::max<std::uint32_t>(limits.per_source, 1);
  rate_ = limits.rate;
}

LoginLane::Answer LoginLane::MayEnter(const Address& source, bool known_good, Time now) const {
  if (in_progress() >= max_) return Answer::kFull;
  const Answer open = ramp.Ready(now) ? Answer::kFree : Answer::kRamp;
  if (known_good) return open;
  if (unknown_ >= unknown_max_) return Answer::kFull;
  if (!bucket_.Ready(rate_, now)) return Answer::kRate;
  if (UnknownOf(source) >= per_source_) return Answer::kSourceFull;
  return open;
}

std::uint32_t LoginLane::UnknownOf(const Address& source) const {
  const auto it = unknown_of_.find(source);
  return it == unknown_of_.end() ? 0 : it->second;
}

LoginLane::Lease LoginLane::Enter(const Address& source, bool known_good, Time now) {
  ramp.Take(now);
  return Reenter(source, known_good, now);
}

LoginLane::Lease LoginLane::Reenter(const Address& source, bool known_good, Time now) {
  if (known_good) {
    ++known_good_;
  } else {
    ++unknown_;
    ++unknown_of_[source];
    // Above the rate only where the limit does not act; then there is nothing to take.
    static_cast<void>(bucket_.Take(rate_, now));
  }
  Lease lease;
  lease.lane_ = this;
  lease.source_ = source;
  lease.known_good_ = known_good;
  return lease;
}

}  // namespace headgate
