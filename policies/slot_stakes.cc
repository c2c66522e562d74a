#include "policies/slot_stakes.h"

namespace headgate {

void SlotStakes::Set(const std::vector<ImplicitReserve>& reserves) {
  for (Stake& s : stakes_) {
    s.live = false;
    s.reserve.slots = 0;
  }
  for (const ImplicitReserve& r : reserves) {
    if (r.slots == 0) continue;
    Stake& s = stakes_[IdFor(r.pair)];
    s.live = true;
    s.reserve.slots += r.slots;
  }
  FreeUnused();
  Sum();
}

SlotStakes::Id SlotStakes::IdFor(const PairKey& pair) {
  const auto [at, is_new] = ids_.try_emplace(pair, static_cast<Id>(stakes_.size()));
  if (!is_new) return at->second;
  if (free_.empty()) {
    stakes_.emplace_back();
  } else {
    at->second = free_.back();
    free_.pop_back();
  }
  stakes_[at->second].pair = pair;
  return at->second;
}

// A pair's id is its own until its stake is gone, and its leases are.
void SlotStakes::FreeUnused() {
  for (auto at = ids_.begin(); at != ids_.end();) {
    const Stake& s = stakes_[at->second];
    if (s.live || s.leases > 0) {
      ++at;
      continue;
    }
    free_.push_back(at->second);
    at = ids_.erase(at);
  }
}

SlotStakes::Id SlotStakes::Find(const PairKey& pair) const {
  const auto at = ids_.find(pair);
  return at == ids_.end() ? kNone : Checked(at->second);
}

void SlotStakes::Count(Id id, bool uses, std::uint32_t by) {
  if (id == kNone) return;
  Stake& s = stakes_[id];
  unused_ -= s.reserve.unused();
  s.leases += by;
  if (uses) s.reserve.used += by;
  unused_ += s.reserve.unused();
}

void SlotStakes::DropLeases() {
  for (Stake& s : stakes_) {
    s.leases = 0;
    s.reserve.used = 0;
  }
  Sum();
}

void SlotStakes::Sum() {
  live_ = 0;
  slots_ = 0;
  unused_ = 0;
  for (const Stake& s : stakes_) {
    live_ += s.live ? 1 : 0;
    slots_ += s.reserve.slots;
    unused_ += s.reserve.unused();
  }
}

}  // namespace headgate
