// What the slot ledger answers by its books.
#include "policies/slot_ledger.h"

#include <algorithm>
#include <array>

#include <absl/container/inlined_vector.h>

namespace headgate {

SlotLedger::ClassId SlotLedger::Resolve(ClassId id) const {
  return classes_[id].live ? id : default_class_;
}

std::uint32_t SlotLedger::free_slots() const {
  const auto left = [](std::uint64_t cap, std::uint64_t held) {
    return cap > held ? cap - held : 0;
  };
  if (confined_) return static_cast<std::uint32_t>(left(share_, leases_));
  const std::uint64_t ours =
      left(std::min(configured_capacity_, learned_), std::uint64_t{leases_} + elsewhere_);
  const std::uint64_t others =
      std::max(std::uint64_t{foreign_} + unseen_, std::uint64_t{elsewhere_});
  const std::uint64_t at_server = left(server_capacity_, leases_ + others);
  return static_cast<std::uint32_t>(std::min(ours, at_server));
}

SlotLedger::Answer SlotLedger::MayGrant(ClassId id, Standing standing, StakeId stake) const {
  const Class& c = classes_[id];
  const OwnUnused own = OwnOf(c, standing, stake);
  const bool may_call = !confined_ && own.any() && SomebodyToCall(c);
  const bool some_free = free_slots() > 0;
  if (!some_free && !may_call) return Answer::kNoSlot;
  if (c.full()) return may_call ? Answer::kReclaim : Answer::kClassFull;
  if (standing == Standing::kUnproven && c.unproven >= c.unproven_max) {
    return Answer::kUnprovenFull;
  }
  const Answer answer = some_free ? AskFree(c, own, stake) : Answer::kNoSlot;
  return answer == Answer::kNoSlot && may_call ? Answer::kReclaim : answer;
}

SlotLedger::Answer SlotLedger::AskSlots(ClassId id, Standing standing, StakeId stake) const {
  const Class& c = classes_[id];
  const OwnUnused own = OwnOf(c, standing, stake);
  const Answer answer = free_slots() > 0 ? AskFree(c, own, stake) : Answer::kNoSlot;
  const bool may_call = !confined_ && own.any() && (lent_ > 0 || (bind_ && trusted_ < leases_));
  return answer == Answer::kNoSlot && may_call ? Answer::kReclaim : answer;
}

SlotLedger::OwnUnused SlotLedger::OwnOf(const Class& c, Standing standing, StakeId stake) const {
  if (standing == Standing::kUnproven) return {};
  return {c.reserve.unused(), bind_ ? stakes_.Unused(stake) : 0};
}

bool SlotLedger::SomebodyToCall(const Class& asking) const {
  if (asking.full()) return asking.lent > 0 || (bind_ && asking.trusted() < asking.leases);
  return lent_ > 0 || (bind_ && trusted_ < leases_);
}

bool SlotLedger::ServesReclaim(const Lease& lease, ClassId id) const {
  if (!lease.held() || lease.orphan() || lease.former()) return false;
  if (classes_[id].full() && lease.class_id() != id) return false;
  return lease.lent() || (bind_ && !IsTrusted(lease.booking_));
}

bool SlotLedger::IsTrusted(const Booking& b) const {
  return b.trusted || (b.standing != Standing::kUnproven && classes_[b.class_id].reserve.slots > 0);
}

// REQUIRES: something is free.
SlotLedger::Answer SlotLedger::AskFree(const Class& c, const OwnUnused& own, StakeId stake) const {
  if (confined_) return leases_ - InReserves() < general_ ? Answer::kGranted : Answer::kNoSlot;
  const std::uint32_t after = free_slots() - 1;
  const UnusedReserves all = Unused();
  UnusedReserves others = all;
  (c.reserve.lends ? others.lendable : others.kept) -= own.of_class;
  others.kept -= own.of_stake;
  if (Covers(after, lent_, others)) return Answer::kGranted;
  // Broken from outside: inside the own reserve, as far as the others' shrunk ones let it.
  if (own.any() && !Covers(after + 1, lent_, all) &&
      Covers(after, lent_, ShrunkUnusedOfOthers(c, stake))) {
    return Answer::kGranted;
  }
  // With what does not lend covered, it is a reserve that lends which is not: it has fewer lent
  // leases in it than it has to lend.
  return after >= others.kept ? Answer::kLent : Answer::kNoSlot;
}

std::uint32_t SlotLedger::InReserves() const {
  std::uint32_t used = 0;
  for (const Class& c : classes_) used += std::min(c.reserve.used, c.reserve.slots);
  return std::min(used, leases_);
}

std::uint32_t SlotLedger::FreeForAll() const {
  const UnusedReserves all = Unused();
  const std::uint64_t kept = std::uint64_t{all.kept} + all.lendable;
  return static_cast<std::uint32_t>(free_slots() - std::min<std::uint64_t>(free_slots(), kept));
}

UnusedReserves SlotLedger::Unused() const {
  UnusedReserves unused = unused_;
  if (bind_) unused.kept += stakes_.unused();
  return unused;
}

UnusedReserves SlotLedger::ShrunkUnusedOfOthers(const Class& asking, StakeId stake) const {
  absl::InlinedVector<Reserve, 64> others;
  for (const Class& c : classes_) {
    if (&c != &asking && c.reserve.slots > 0) others.push_back(c.reserve);
  }
  if (bind_) stakes_.ForOthers(stake, [&](const Reserve& r) { others.push_back(r); });
  const std::array<Reserve, 2> own{asking.reserve, bind_ ? stakes_.Of(stake) : Reserve{}};
  return ShrunkUnused(own, {others.data(), others.size()}, free_slots(), lent_);
}

SlotLedger::ClassCounts SlotLedger::Counts(ClassId id) const {
  const Class& c = classes_[id];
  return {c.leases,       c.unproven, c.reserve.slots, c.max,
          c.unproven_max, c.pins,     c.lent,          c.reserve.unused()};
}

std::uint32_t SlotLedger::MayUse(ClassId id) const {
  const Class& c = classes_[id];
  const auto left = [](std::uint32_t cap, std::uint32_t held) { return cap - std::min(cap, held); };
  const std::uint32_t ours = left(std::min(configured_capacity_, learned_), elsewhere_);
  const std::uint32_t at_server = left(
      server_capacity_, std::max(foreign_ + std::min(unseen_, kUnlimited - foreign_), elsewhere_));
  const std::uint64_t room = std::min(ours, at_server);
  const std::uint64_t most =
      room < reserves_ ? c.reserve.slots * room / reserves_ : room - (reserves_ - c.reserve.slots);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(most, c.max));
}

std::uint32_t SlotLedger::implicit_reserve() const {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(stakes_.reserve(), kUnlimited));
}

std::uint32_t SlotLedger::implicit_unused() const {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(stakes_.unused(), kUnlimited));
}

}  // namespace headgate
