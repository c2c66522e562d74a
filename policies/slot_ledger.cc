#include "policies/slot_ledger.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <absl/container/inlined_vector.h>

namespace headgate {

SlotLedger::Lease::Lease(Lease&& other) noexcept
    : ledger_(std::exchange(other.ledger_, nullptr)),
      class_id_(other.class_id_),
      standing_(other.standing_),
      orphan_(other.orphan_) {}

SlotLedger::Lease& SlotLedger::Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  Release();
  ledger_ = std::exchange(other.ledger_, nullptr);
  class_id_ = other.class_id_;
  standing_ = other.standing_;
  orphan_ = other.orphan_;
  return *this;
}

void SlotLedger::Lease::Prove() {
  if (!held() || standing_ == Standing::kProven) return;
  ledger_->Add(class_id_, standing_, -1);
  standing_ = Standing::kProven;
  ledger_->Add(class_id_, standing_, +1);
}

void SlotLedger::Lease::Orphan() {
  if (!held() || orphan_) return;
  orphan_ = true;
  ++ledger_->orphans_;
}

void SlotLedger::Lease::Release() {
  if (held()) std::exchange(ledger_, nullptr)->Drop(*this);
}

void SlotLedger::Drop(Lease& lease) {
  Add(lease.class_id_, lease.standing_, -1);
  if (lease.orphan_) --orphans_;
}

// The one place that counts, so that the running sums cannot part from the classes.
void SlotLedger::Add(ClassId id, Standing standing, std::int32_t by) {
  Class& c = classes_[id];
  const auto delta = static_cast<std::uint32_t>(by);  // wraps: adding 2^32 - 1 takes one away
  unused_reserves_ -= c.unused_reserve();
  c.leases += delta;
  if (standing == Standing::kUnproven) c.unproven += delta;
  leases_ += delta;
  unused_reserves_ += c.unused_reserve();
}

std::vector<SlotLedger::ClassId> SlotLedger::Configure(const SlotLimits& slots,
                                                       const std::vector<ClassLimits>& classes) {
  for (Class& c : classes_) {
    c.live = false;
    c.reserve = 0;
  }
  std::vector<ClassId> ids;
  ids.reserve(classes.size());
  for (const ClassLimits& limits : classes) {
    const ClassId id = IdFor(limits.name);
    Class& c = classes_[id];
    c.live = true;
    c.name = limits.name;
    c.reserve = limits.reserve;
    c.max_share = limits.max;
    c.unproven_share = limits.unproven;
    ids.push_back(id);
  }
  if (!ids.empty()) default_class_ = ids.back();
  const std::uint32_t wanted =
      slots.max_connections > slots.keep_free ? slots.max_connections - slots.keep_free : 1;
  const bool lowered = slots.max_connections_auto && capacity_ < configured_capacity_;
  follows_backend_ = slots.max_connections_auto;
  configured_capacity_ = wanted;
  // What the backend taught us about itself outlives a reload.
  SetCapacity(lowered ? std::min(capacity_, wanted) : wanted);
  return ids;
}

SlotLedger::ClassId SlotLedger::IdFor(const std::string& name) {
  for (ClassId id = 0; id < classes_.size(); ++id) {
    if (!classes_[id].live && classes_[id].name == name) return id;
  }
  for (ClassId id = 0; id < classes_.size(); ++id) {
    const Class& c = classes_[id];
    if (!c.live && c.leases == 0 && c.pins == 0) return id;
  }
  classes_.emplace_back();
  return static_cast<ClassId>(classes_.size() - 1);
}

void SlotLedger::SetCapacity(std::uint32_t capacity) {
  capacity_ = capacity;
  if (capacity_ >= configured_capacity_) next_recovery_ = kNever;
  unused_reserves_ = 0;
  for (Class& c : classes_) {
    c.max = c.max_share.Of(capacity_);
    c.unproven_max = c.unproven_share.Of(std::min(c.max, capacity_));
    unused_reserves_ += c.unused_reserve();
  }
}

SlotLedger::ClassId SlotLedger::Resolve(ClassId id) const {
  return classes_[id].live ? id : default_class_;
}

std::uint32_t SlotLedger::free_slots() const {
  const std::uint64_t used = std::uint64_t{leases_} + foreign_;
  return used < capacity_ ? static_cast<std::uint32_t>(capacity_ - used) : 0;
}

SlotLedger::Answer SlotLedger::MayGrant(ClassId id, Standing standing) const {
  const Class& c = classes_[id];
  if (free_slots() == 0) return Answer::kNoSlot;
  if (c.leases >= c.max) return Answer::kClassFull;
  if (standing == Standing::kUnproven && c.unproven >= c.unproven_max) {
    return Answer::kUnprovenFull;
  }
  return SlotAllows(c, standing) ? Answer::kGranted : Answer::kNoSlot;
}

bool SlotLedger::SlotAllows(const Class& c, Standing standing) const {
  const std::uint32_t free = free_slots();  // REQUIRES: some
  if (standing == Standing::kUnproven) return free - 1 >= unused_reserves_;
  if (free >= unused_reserves_) return free - 1 >= unused_reserves_ - c.unused_reserve();
  // Broken from outside: only inside the own reserve, and what is left is shared in proportion.
  return c.unused_reserve() > 0 && free - 1 >= ShrunkUnusedOfOthers(c);
}

// Shares the room that the reserves have (what they hold plus what is free) among the classes in
// proportion to their reserves. A class that already holds more than its shrunk reserve keeps what
// it holds, and the others share the rest; so the result never exceeds the free slots.
std::uint32_t SlotLedger::ShrunkUnusedOfOthers(const Class& asking) const {
  std::uint64_t room = free_slots();
  std::uint64_t reserves = 0;
  absl::InlinedVector<const Class*, 16> sharing;
  for (const Class& c : classes_) {
    if (c.reserve == 0) continue;
    sharing.push_back(&c);
    reserves += c.reserve;
    room += std::min(c.proven(), c.reserve);
  }
  const auto shrunk = [&](const Class& c) {
    assert(reserves >= c.reserve && c.reserve > 0);  // who shares has a reserve, counted above
    return c.reserve * room / reserves;
  };
  for (bool again = true; again;) {
    again = false;
    for (auto it = sharing.begin(); it != sharing.end(); ++it) {
      if ((*it)->proven() <= shrunk(**it)) continue;
      room -= std::min((*it)->proven(), (*it)->reserve);
      reserves -= (*it)->reserve;
      sharing.erase(it);
      again = true;
      break;
    }
  }
  std::uint64_t unused = 0;
  for (const Class* c : sharing) {
    if (c != &asking) unused += shrunk(*c) - c->proven();
  }
  return static_cast<std::uint32_t>(unused);
}

SlotLedger::Lease SlotLedger::Grant(ClassId id, Standing standing) {
  Add(id, standing, +1);
  Lease lease;
  lease.ledger_ = this;
  lease.class_id_ = id;
  lease.standing_ = standing;
  return lease;
}

SlotLedger::Answer SlotLedger::MayMove(const Lease& lease, ClassId id, Standing standing) {
  // Asked on the books as they are without the lease.
  Add(lease.class_id_, lease.standing_, -1);
  const Answer answer = MayGrant(id, standing);
  Add(lease.class_id_, lease.standing_, +1);
  return answer;
}

void SlotLedger::MoveTo(Lease& lease, ClassId id, Standing standing) {
  Add(lease.class_id_, lease.standing_, -1);
  lease.class_id_ = id;
  lease.standing_ = standing;
  Add(id, standing, +1);
}

void SlotLedger::OnBackendFull(Time now) {
  if (!follows_backend_) return;
  const std::uint32_t held = std::max<std::uint32_t>(leases_, 2) - 1;
  next_recovery_ = now + kRecoverEvery;
  if (held < capacity_) SetCapacity(held);
  if (capacity_ >= configured_capacity_) next_recovery_ = kNever;
}

bool SlotLedger::Recover(Time now) {
  if (now < next_recovery_) return false;
  next_recovery_ = now + kRecoverEvery;
  SetCapacity(capacity_ + 1);
  return true;
}

SlotLedger::ClassCounts SlotLedger::Counts(ClassId id) const {
  const Class& c = classes_[id];
  return {c.leases, c.unproven, c.reserve, c.max, c.unproven_max, c.pins};
}

}  // namespace headgate
