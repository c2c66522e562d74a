// Who gets how much of the slots that are kept for known-good pairs without any configuration.
//
// First those that do not rest. Among them older history first, so that who comes later never takes
// from who was there: pairs are served by cohorts, each of those at least half as old as its
// oldest. Within a cohort max-min fair between users, so that nobody gains by having many
// addresses. What a user gets goes to its older pairs first as well, those that came within
// kTogether of each other together: whoever has the application's own account, from any number of
// networks, takes nothing from where the application has always been. Among those that came
// together max-min fair between wide prefixes, then prefixes, then pairs.
//
// Threads: pure functions. Lifetime: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "policies/keyed_hash.h"
#include "policies/time.h"

namespace headgate {

struct ImplicitReserve {
  PairKey pair;
  std::uint32_t slots = 0;
  bool operator==(const ImplicitReserve&) const = default;
};

struct ReserveDemand {
  PairKey pair;
  std::uint32_t slots = 0;
  Duration age{};      // of the pair's history
  bool rests = false;  // gets only what the others leave
  bool operator==(const ReserveDemand&) const = default;
};

inline constexpr Duration kTogether = std::chrono::minutes(5);

// No pair gets more than it demands, all together no more than `slots`; pairs that get none are
// left out. The oldest first. The same for the same set of demands, in whatever order.
// O(n log n). REQUIRES: no pair twice.
[[nodiscard]] std::vector<ImplicitReserve> ShareOut(const std::vector<ReserveDemand>& demands,
                                                    std::uint32_t slots);

}  // namespace headgate
