#include "policies/slot_shares.h"

#include <algorithm>
#include <array>

namespace headgate {
namespace {

using Parts = std::array<std::span<const Reserve>, 2>;

// `room` for `reserves`, shared in proportion.
struct Proportion {
  std::uint64_t room = 1, reserves = 1;
  [[nodiscard]] std::uint64_t Of(const Reserve& r) const { return r.slots * room / reserves; }
};

template <class Counts>
Proportion SumOf(const Parts& parts, std::uint64_t left, Counts counts) {
  Proportion sum{.room = left, .reserves = 0};
  for (const std::span<const Reserve>& part : parts) {
    for (const Reserve& r : part) {
      if (!counts(r)) continue;
      sum.room += std::min(r.used, r.slots);
      sum.reserves += r.slots;
    }
  }
  return sum;
}

// Who uses more than their share leaves less to the others, whose share falls: until nobody does.
// Everybody cannot: together they would use more than the room that they use.
template <class Counts>
Proportion ProportionOf(const Parts& parts, std::uint64_t left, Counts counts) {
  Proportion level = SumOf(parts, left, counts);
  if (level.room >= level.reserves) return {};
  for (;;) {
    const Proportion next =
        SumOf(parts, left, [&](const Reserve& r) { return counts(r) && r.used <= level.Of(r); });
    if (next.reserves == level.reserves) return level;
    level = next;
  }
}

std::uint64_t LendableOf(const Parts& parts) {
  std::uint64_t n = 0;
  for (const std::span<const Reserve>& part : parts) {
    for (const Reserve& r : part) n += r.lends ? r.unused() : 0;
  }
  return n;
}

}  // namespace

bool Covers(std::uint32_t free, std::uint32_t lent, const UnusedReserves& unused) {
  return free + std::min<std::uint64_t>(lent, unused.lendable) >= unused.kept + unused.lendable;
}

UnusedReserves ShrunkUnused(std::span<const Reserve> own, std::span<const Reserve> others,
                            std::uint32_t free, std::uint32_t lent) {
  const Parts parts{own, others};
  const std::uint64_t standing = std::min<std::uint64_t>(lent, LendableOf(parts));
  const Proportion all = ProportionOf(parts, free + standing, [](const Reserve&) { return true; });
  const Proportion kept = ProportionOf(parts, free, [](const Reserve& r) { return !r.lends; });
  UnusedReserves unused;
  for (const Reserve& r : others) {
    const std::uint64_t share = r.lends ? all.Of(r) : std::min(all.Of(r), kept.Of(r));
    if (share > r.used) (r.lends ? unused.lendable : unused.kept) += share - r.used;
  }
  return unused;
}

}  // namespace headgate
