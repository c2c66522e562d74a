// The implicit reserves of known-good pairs as the slot ledger keeps them: who has one, how many
// slots it is, how many of them are used.
//
// Bounded: as many as Set() is given, and those that were gone by then but still had leases.
//
// Threads: none inside; part of the ledger. Lifetime: of the ledger.
#pragma once

#include <cstdint>
#include <vector>

#include <absl/container/btree_map.h>
#include "policies/implicit_reserve.h"
#include "policies/slot_shares.h"

namespace headgate {

class SlotStakes {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = ~Id{0};

  // In the place of those there were. A pair keeps its id while it has leases.
  void Set(const std::vector<ImplicitReserve>& reserves);

  // kNone for a pair without a stake. Good until the next Set().
  [[nodiscard]] Id Find(const PairKey& pair) const;
  // `id` itself, or kNone where it is nobody's now.
  [[nodiscard]] Id Checked(Id id) const { return IsLive(id) ? id : kNone; }

  // `by` leases more (wraps: adding 2^32 - 1 takes one away), `uses` its slots or not. Of kNone:
  // nothing.
  void Count(Id id, bool uses, std::uint32_t by);
  // Without leases from now on.
  void DropLeases();

  [[nodiscard]] std::uint32_t Unused(Id id) const {
    return IsLive(id) ? stakes_[id].reserve.unused() : 0;
  }
  [[nodiscard]] Reserve Of(Id id) const { return IsLive(id) ? stakes_[id].reserve : Reserve{}; }
  [[nodiscard]] std::uint32_t size() const { return live_; }
  [[nodiscard]] std::uint64_t reserve() const { return slots_; }
  [[nodiscard]] std::uint64_t unused() const { return unused_; }

  // Calls `each(const Reserve&)` for all but `but`.
  template <class Each>
  void ForOthers(Id but, Each each) const {
    for (Id id = 0; id < stakes_.size(); ++id) {
      if (id != but && stakes_[id].live) each(stakes_[id].reserve);
    }
  }

 private:
  struct Stake {
    PairKey pair;
    Reserve reserve;           // none when gone, but for what is used
    std::uint32_t leases = 0;  // booked under it, those that use nothing of it as well
    bool live = false;
  };

  [[nodiscard]] bool IsLive(Id id) const { return id < stakes_.size() && stakes_[id].live; }
  [[nodiscard]] Id IdFor(const PairKey& pair);
  void FreeUnused();
  void Sum();

  std::vector<Stake> stakes_;
  std::vector<Id> free_;
  // By order, not by hash: addresses are the attacker's choice, and no order can be aimed at.
  absl::btree_map<PairKey, Id> ids_;
  std::uint32_t live_ = 0;
  std::uint64_t slots_ = 0;
  std::uint64_t unused_ = 0;
};

}  // namespace headgate
