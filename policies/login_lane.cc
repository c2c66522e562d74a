#include "policies/login_lane.h"

#include <algorithm>
#include <utility>

namespace headgate {

namespace {

constexpr std::size_t Index(LoginLane::Rank rank) { return static_cast<std::size_t>(rank); }

}  // namespace

LoginLane::Lease::Lease(Lease&& other) noexcept
    : lane_(std::exchange(other.lane_, nullptr)), source_(other.source_), rank_(other.rank_) {}

void LoginLane::Lease::Release() {
  if (!held()) return;
  LoginLane& lane = *std::exchange(lane_, nullptr);
  --lane.count_[Index(rank_)];
  if (rank_ == Rank::kKnownGood) return;
  BySource& of = lane.of_[Index(rank_)];
  const auto it = of.find(source_);
  if (--it->second == 0) of.erase(it);
}

LoginLane::LoginLane(KeyedHash hash) : of_{BySource(0, hash), BySource(0, hash)} {}

void LoginLane::Configure(const LoginLimits& limits) {
  const std::uint32_t all = std::max<std::uint32_t>(limits.in_progress, 1);
  const double open = std::clamp(1 - limits.known_good_share, 0.0, 1.0) * all;
  const std::uint32_t strangers = std::max<std::uint32_t>(static_cast<std::uint32_t>(open), 1);
  most_ = {strangers, strangers + (all - strangers + 1) / 2, all};
  per_source_ = std::max<std::uint32_t>(limits.per_source, 1);
  rate_ = limits.rate;
}

LoginLane::Answer LoginLane::MayEnter(const Address& source, Rank rank, Time now) const {
  for (Rank part : {Rank::kStranger, Rank::kMember, Rank::kKnownGood}) {
    if (part >= rank && UpTo(part) >= MostUpTo(part)) return Answer::kFull;
  }
  const Answer open = ramp.Ready(now) ? Answer::kFree : Answer::kRamp;
  if (rank == Rank::kKnownGood) return open;
  if (rank == Rank::kStranger && !bucket_.Ready(rate_, now)) return Answer::kRate;
  if (CountOf(source, rank) >= per_source_) return Answer::kSourceFull;
  return open;
}

std::uint32_t LoginLane::CountOf(const Address& source, Rank rank) const {
  if (rank == Rank::kKnownGood) return 0;
  const BySource& of = of_[Index(rank)];
  const auto it = of.find(source);
  return it == of.end() ? 0 : it->second;
}

LoginLane::Lease LoginLane::Enter(const Address& source, Rank rank, Time now) {
  ramp.Take(now);
  return Reenter(source, rank, now);
}

LoginLane::Lease LoginLane::Reenter(const Address& source, Rank rank, Time now) {
  ++count_[Index(rank)];
  if (rank != Rank::kKnownGood) ++of_[Index(rank)][source];
  // Above the rate only where the limit does not act; then there is nothing to take.
  if (rank == Rank::kStranger) static_cast<void>(bucket_.Take(rate_, now));
  Lease lease;
  lease.lane_ = this;
  lease.source_ = source;
  lease.rank_ = rank;
  return lease;
}

}  // namespace headgate
