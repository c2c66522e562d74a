// How the ledger keeps its books, and what its caps are. slot_ledger_answers.cc tells what may be
// granted by them.
#include "policies/slot_ledger.h"

#include <algorithm>
#include <utility>

namespace headgate {

SlotLedger::Lease::Lease(Lease&& other) noexcept
    : ledger_(std::exchange(other.ledger_, nullptr)), booking_(other.booking_) {}

SlotLedger::Lease& SlotLedger::Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  Release();
  ledger_ = std::exchange(other.ledger_, nullptr);
  booking_ = other.booking_;
  return *this;
}

bool SlotLedger::Lease::former() const { return held() && ledger_->IsFormer(booking_); }

void SlotLedger::Lease::Prove() {
  if (!held()) return;
  ledger_->Rebook(booking_, [](Booking& b) { b.standing = Standing::kProven; });
}

void SlotLedger::Lease::Orphan() {
  if (!held()) return;
  ledger_->Rebook(booking_, [](Booking& b) { b.orphan = true; });
}

void SlotLedger::Lease::Release() {
  if (held()) std::exchange(ledger_, nullptr)->Count(booking_, -1);
}

void SlotLedger::SetStake(Lease& lease, StakeId stake) {
  if (!lease.held()) return;
  Rebook(lease.booking_, [&](Booking& b) { b.stake = stakes_.Checked(stake); });
}

void SlotLedger::SetTrusted(Lease& lease, bool trusted) {
  if (!lease.held()) return;
  Rebook(lease.booking_, [&](Booking& b) { b.trusted = trusted; });
}

template <class Change>
void SlotLedger::Rebook(Booking& b, Change change) {
  Count(b, -1);
  change(b);
  Count(b, +1);
}

// The one place that counts, so that the running sums cannot part from the classes and stakes.
void SlotLedger::Count(const Booking& b, std::int32_t by) {
  const auto delta = static_cast<std::uint32_t>(by);  // wraps: adding 2^32 - 1 takes one away
  Class& c = classes_[b.class_id];
  if (IsFormer(b)) {
    c.former += delta;
    former_ += delta;
    return;
  }
  const bool has_proof = b.standing != Standing::kUnproven;
  const bool uses = has_proof && !b.lent;
  std::uint64_t& unused = c.reserve.lends ? unused_.lendable : unused_.kept;
  unused -= c.reserve.unused();
  if (uses) c.reserve.used += delta;
  unused += c.reserve.unused();
  stakes_.Count(b.stake, uses, delta);
  c.leases += delta;
  leases_ += delta;
  if (!has_proof) c.unproven += delta;
  if (b.orphan) orphans_ += delta;
  if (b.lent) {
    c.lent += delta;
    lent_ += delta;
  }
  trusted_ -= c.trusted();
  if (b.trusted) {
    c.marked += delta;
  } else if (has_proof) {
    c.unmarked += delta;
  }
  trusted_ += c.trusted();
}

void SlotLedger::SumUp() {
  unused_ = {};
  reserves_ = 0;
  trusted_ = 0;
  for (const Class& c : classes_) {
    (c.reserve.lends ? unused_.lendable : unused_.kept) += c.reserve.unused();
    reserves_ += c.reserve.slots;
    trusted_ += c.trusted();
  }
}

std::vector<SlotLedger::ClassId> SlotLedger::Configure(const SlotLimits& slots,
                                                       const std::vector<ClassLimits>& classes) {
  for (Class& c : classes_) {
    c.live = false;
    c.reserve.slots = 0;
  }
  std::vector<ClassId> ids;
  ids.reserve(classes.size());
  for (const ClassLimits& limits : classes) {
    const ClassId id = IdFor(limits.name);
    Class& c = classes_[id];
    c.live = true;
    c.name = limits.name;
    c.reserve.slots = limits.reserve;
    c.reserve.lends = limits.lend;
    c.max_share = limits.max;
    c.unproven_share = limits.unproven;
    ids.push_back(id);
  }
  if (!ids.empty()) default_class_ = ids.back();
  slots_ = slots;
  // What the backend taught us about itself outlives a reload.
  if (!slots_.max_connections_auto) learned_ = kUnlimited;
  SumUp();
  UpdateCapacity();
  return ids;
}

SlotLedger::ClassId SlotLedger::IdFor(const std::string& name) {
  for (ClassId id = 0; id < classes_.size(); ++id) {
    if (!classes_[id].live && classes_[id].name == name) return id;
  }
  for (ClassId id = 0; id < classes_.size(); ++id) {
    const Class& c = classes_[id];
    if (!c.live && !c.InUse()) return id;
  }
  classes_.emplace_back();
  return static_cast<ClassId>(classes_.size() - 1);
}

void SlotLedger::UpdateCapacity() {
  const auto less_kept = [this](std::uint32_t n) {
    return n > slots_.keep_free ? n - slots_.keep_free : 1;
  };
  const bool follows = slots_.max_connections_auto;
  configured_capacity_ =
      less_kept(follows && server_max_ != 0 ? server_max_ : slots_.max_connections);
  // What "auto" takes for the server's number, foreign connections fill as well.
  server_capacity_ = server_max_ != 0 ? less_kept(server_max_)
                     : follows        ? configured_capacity_
                                      : kUnlimited;
  const std::uint32_t most = std::min(configured_capacity_, server_capacity_);
  if (learned_ >= most) {
    learned_ = kUnlimited;
    next_recovery_ = kNever;
  }
  capacity_ = std::min(most, learned_);
  for (Class& c : classes_) {
    c.max = c.max_share.Of(capacity_);
    c.unproven_max = c.unproven_share.Of(std::min(c.max, capacity_));
  }
}

void SlotLedger::SetServer(std::uint32_t max_connections, std::uint32_t foreign) {
  server_max_ = max_connections;
  foreign_ = foreign;
  if (max_connections != 0) learned_ = kUnlimited;
  UpdateCapacity();
}

void SlotLedger::SetElsewhere(std::uint32_t all, std::uint32_t unseen) {
  elsewhere_ = all;
  unseen_ = unseen;
}

std::uint32_t SlotLedger::Confine(std::uint32_t wanted) {
  const std::uint32_t reserved = InReserves();
  const std::uint32_t general = leases_ - reserved;
  const std::uint32_t free = FreeForAll();
  if (!confined_) {
    general_ = general + std::min(free, wanted);
    share_ = reserved + general_;
    confined_ = true;
  }
  general_ = std::max(general, std::min(general_, general + wanted));
  share_ = std::max(leases_, std::min(share_, reserved + general_));
  return share_;
}

void SlotLedger::LeaveBackend() {
  ++generation_;
  former_ += std::exchange(leases_, 0);
  for (Class& c : classes_) {
    c.former += std::exchange(c.leases, 0);
    c.unproven = c.lent = c.marked = c.unmarked = 0;
    c.reserve.used = 0;
  }
  stakes_.DropLeases();
  orphans_ = lent_ = 0;
  SumUp();
  learned_ = kUnlimited;
  SetServer(0, 0);
}

SlotLedger::Lease SlotLedger::Grant(ClassId id, Standing standing, StakeId stake) {
  Lease lease;
  lease.ledger_ = this;
  lease.booking_ = {.class_id = id,
                    .stake = stakes_.Checked(stake),
                    .generation = generation_,
                    .standing = standing,
                    .lent = AskSlots(id, standing, stake) == Answer::kLent};
  Count(lease.booking_, +1);
  return lease;
}

SlotLedger::Answer SlotLedger::MayMove(const Lease& lease, ClassId id, Standing standing,
                                       StakeId stake) {
  if (lease.former()) return Answer::kGranted;
  // Asked on the books as they are without the lease.
  Count(lease.booking_, -1);
  const Answer answer = MayGrant(id, standing, stake);
  Count(lease.booking_, +1);
  return answer;
}

SlotLedger::Answer SlotLedger::AskSlotsToMove(const Lease& lease, ClassId id, Standing standing,
                                              StakeId stake) {
  if (lease.former()) return Answer::kGranted;
  Count(lease.booking_, -1);
  const Answer answer = AskSlots(id, standing, stake);
  Count(lease.booking_, +1);
  return answer;
}

void SlotLedger::MoveTo(Lease& lease, ClassId id, Standing standing, StakeId stake) {
  Rebook(lease.booking_, [&](Booking& b) {
    b.lent = AskSlots(id, standing, stake) == Answer::kLent;
    b.class_id = id;
    b.standing = standing;
    b.stake = stakes_.Checked(stake);
  });
}

void SlotLedger::OnBackendFull(Time now) {
  if (!slots_.max_connections_auto) return;
  const std::uint32_t held = std::max<std::uint32_t>(leases_, 2) - 1;
  next_recovery_ = now + kRecoverEvery;
  if (held < capacity_) learned_ = held;
  UpdateCapacity();
}

bool SlotLedger::Recover(Time now) {
  if (now < next_recovery_) return false;
  next_recovery_ = now + kRecoverEvery;
  ++learned_;
  UpdateCapacity();
  return true;
}

}  // namespace headgate
