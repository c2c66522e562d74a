// The arithmetic of reserves: whether what is free covers what is kept, and how reserves shrink in
// proportion when it does not.
//
// Some reserves lend. A lent lease stands where a free slot would be: it can be called back, so the
// reserves that lend are covered by free slots and lent leases together, the others by free slots
// alone.
//
// Threads: pure functions of plain values. Lifetime: none.
#pragma once

#include <cstdint>
#include <span>

namespace headgate {

struct Reserve {
  std::uint32_t slots = 0;
  std::uint32_t used = 0;  // may exceed `slots`: its holders can have more than it
  bool lends = false;
  [[nodiscard]] std::uint32_t unused() const { return used < slots ? slots - used : 0; }
};

// Sums over several reserves.
struct UnusedReserves {
  std::uint64_t kept = 0;      // of those that do not lend
  std::uint64_t lendable = 0;  // of those that do
};

// Whether `free` slots and `lent` leases are enough for `unused`.
[[nodiscard]] bool Covers(std::uint32_t free, std::uint32_t lent, const UnusedReserves& unused);

// What is unused of `others` when all reserves, those of the asker (`own`) included, shrink to what
// there is for them. The room they have (what they use plus what is left) is shared in proportion
// to the reserves; one that uses more than its share keeps what it uses, and the rest is shared by
// the others. Those that do not lend have no part in the lent leases' room. So if there is a free
// slot and somebody whose reserve is not used up, then for one of those Covers(free - 1, lent, ...)
// holds: no slot is wasted, whatever the outside facts are.
// Time: O(reserves) a pass; a pass for each time that somebody is found above their share.
[[nodiscard]] UnusedReserves ShrunkUnused(std::span<const Reserve> own,
                                          std::span<const Reserve> others, std::uint32_t free,
                                          std::uint32_t lent);

}  // namespace headgate
