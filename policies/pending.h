// The budget of clients that have not sent a complete login. When it is full a newcomer still
// enters, and the oldest of the greediest group goes for it: groups are compared by wide prefix,
// then prefix, then source, the newcomer counted in its own, so who floods pays for itself.
//
// Known-good sources' places are kept: up to known_good_share of max cannot be evicted by anybody.
// Above that share a known-good source's place is like any other.
//
// Threads: none of its own; the engine's lock. Lifetime: a place is valid until Leave() or until it
// was reported evicted.
#pragma once

#include <cstdint>
#include <optional>

#include "policies/address.h"
#include "policies/group_tree.h"
#include "policies/limits.h"

namespace headgate {

class PendingBudget {
 public:
  using Place = std::uint32_t;
  static constexpr Place kRefused = UINT32_MAX;

  struct Entered {
    Place place = kRefused;                // kRefused: max is 0, or all places are kept ones
    std::optional<std::uint64_t> evicted;  // the tag of who has to go; its place is left already
  };

  explicit PendingBudget(KeyedHash hash) : tree_(hash) {}

  // One client of `source` (as SourceOf()). `tag` is the caller's word for it and comes back when
  // it is evicted. Only `max` and `known_good_share` of `limits` are used.
  [[nodiscard]] Entered Enter(const Address& source, bool known_good, std::uint64_t tag,
                              const PendingLimits& limits);
  // Whether Enter() would give it a place.
  [[nodiscard]] bool Admits(const PendingLimits& limits) const;
  // Its login is complete, or it is gone.
  void Leave(Place place);

  // After a reload that lowered max, or when descriptors run out: the tag of who has to go (its
  // place is left already); nullopt when only kept places remain.
  [[nodiscard]] std::optional<std::uint64_t> EvictOne();

  [[nodiscard]] std::uint32_t size() const { return tree_.size() + kept_; }
  // Of one source, those that can be evicted.
  [[nodiscard]] std::uint32_t CountOf(const Address& source) const { return tree_.CountOf(source); }
  // Who pays for a newcomer of `source` in a full budget is of the same source.
  [[nodiscard]] bool PaysItself(const Address& source) const;
  // Places that cannot be evicted.
  [[nodiscard]] std::uint32_t kept() const { return kept_; }

 private:
  static constexpr Place kKeptPlace = UINT32_MAX - 1;  // all alike: nothing to remember about one

  [[nodiscard]] bool Keeps(bool known_good, const PendingLimits& limits) const;

  GroupTree tree_;
  std::uint32_t kept_ = 0;
};

}  // namespace headgate
