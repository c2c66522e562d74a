#include "policies/login_lane.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace headgate {

namespace {

using Part = LoginLane::Part;

constexpr std::size_t Index(LoginLane::Rank rank) { return static_cast<std::size_t>(rank); }

constexpr std::array<Part, 4> kParts = {Part::kStrangers, Part::kNotKnownGood, Part::kNotMembers,
                                        Part::kAll};

constexpr bool Counts(LoginLane::Rank rank, Part part) {
  switch (part) {
    case Part::kStrangers:
      return rank == LoginLane::Rank::kStranger;
    case Part::kNotKnownGood:
      return rank != LoginLane::Rank::kKnownGood;
    case Part::kNotMembers:
      return rank != LoginLane::Rank::kMember;
    case Part::kAll:
      break;
  }
  return true;
}

}  // namespace

LoginLane::Lease::Lease(Lease&& other) noexcept
    : lane_(std::exchange(other.lane_, nullptr)), source_(other.source_), rank_(other.rank_) {}

void LoginLane::Lease::Release() {
  if (!held()) return;
  LoginLane& lane = *std::exchange(lane_, nullptr);
  --lane.count_[Index(rank_)];
  BySource& of = lane.of_[Index(rank_)];
  const auto it = of.find(source_);
  if (--it->second == 0) of.erase(it);
}

LoginLane::LoginLane(KeyedHash hash)
    : of_{BySource(0, hash), BySource(0, hash), BySource(0, hash)} {}

void LoginLane::Configure(const LoginLimits& limits, bool members) {
  const std::uint32_t all = std::max<std::uint32_t>(limits.in_progress, 1);
  const double open = std::clamp(1 - limits.known_good_share, 0.0, 1.0) * all;
  const std::uint32_t strangers = std::max<std::uint32_t>(static_cast<std::uint32_t>(open), 1);
  const std::uint32_t kept = all - strangers;
  most_ = {strangers, strangers + (kept + 1) / 2, members ? all - kept / 2 : all, all};
  per_source_ = std::max<std::uint32_t>(limits.per_source, 1);
  rate_ = limits.rate;
}

LoginLane::Answer LoginLane::MayEnter(const Address& source, Rank rank, Time now) const {
  if (IsFull(rank)) return Answer::kFull;
  if (rank == Rank::kStranger && !bucket_.Ready(rate_, now)) return Answer::kRate;
  if (CountOf(source, rank) >= MostOf(rank)) return Answer::kSourceFull;
  return ramp.Ready(now) ? Answer::kFree : Answer::kRamp;
}

std::uint32_t LoginLane::In(Part part) const {
  std::uint32_t sum = 0;
  for (const Rank rank : {Rank::kStranger, Rank::kMember, Rank::kKnownGood}) {
    if (Counts(rank, part)) sum += count_[Index(rank)];
  }
  return sum;
}

LoginLane::Part LoginLane::PartOf(Rank rank) const {
  std::optional<Part> smallest;
  for (const Part part : kParts) {
    const bool no_members = part == Part::kNotMembers && MostIn(part) == max();
    if (no_members || !Counts(rank, part)) continue;
    if (IsFull(part)) return part;
    if (!smallest) smallest = part;
  }
  return *smallest;
}

std::uint32_t LoginLane::CountOf(const Address& source, Rank rank) const {
  const BySource& of = of_[Index(rank)];
  const auto it = of.find(source);
  return it == of.end() ? 0 : it->second;
}

// One known-good source that stalls leaves the others a half.
std::uint32_t LoginLane::MostOf(Rank rank) const {
  return rank == Rank::kKnownGood ? std::max(per_source_, max() / 2) : per_source_;
}

LoginLane::Lease LoginLane::Enter(const Address& source, Rank rank, Time now) {
  ramp.Take(now);
  return Reenter(source, rank, now);
}

LoginLane::Lease LoginLane::Reenter(const Address& source, Rank rank, Time now) {
  ++count_[Index(rank)];
  ++of_[Index(rank)][source];
  // Above the rate only where the limit does not act; then there is nothing to take.
  if (rank == Rank::kStranger) static_cast<void>(bucket_.Take(rate_, now));
  Lease lease;
  lease.lane_ = this;
  lease.source_ = source;
  lease.rank_ = rank;
  return lease;
}

}  // namespace headgate
