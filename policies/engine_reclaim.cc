// Calling slots back: what was lent, and under pressure what strangers leave idle.
//
// Sources in [source] exempt are no strangers. Lent sessions are called back whenever the reserve's
// owner waits, busy or not. Idle sessions of sources that are neither known-good nor in a class
// with a reserve are called back above calm for those who have a reserve that is not used up, and
// under attack for whoever waits.
#include <algorithm>
#include <chrono>

#include "policies/engine_impl.h"

namespace headgate {
namespace {

// So long a stranger's session has to have been idle before another stranger may have its slot.
constexpr Duration kIdleForStrangers = std::chrono::seconds(5);
constexpr std::uint32_t kMostAtOnce = 16;
// Whoever has not given the slot back after so long is not counted on.
constexpr Duration kAnswersIn = std::chrono::seconds(3);

}  // namespace

// Under the admission lock, after those who wait were served as far as slots go.
void Engine::Impl::CallBack(Time now) {
  if (room.queued() == 0 || now < next_call_back || !Acts(*limits, Reason::kReclaimed)) return;
  next_call_back = now + kCallBackEvery;
  Wanted wanted;
  std::uint32_t on_the_way = 0;
  for (Ticket* t = tickets; t != nullptr; t = t->next) {
    if (t->state == Ticket::State::kWaiting) Want(*t, now, wanted);
    if (Leaving(*t) && now - t->wanted_back < kAnswersIn) ++on_the_way;
  }
  std::uint32_t left = kMostAtOnce - std::min(kMostAtOnce, on_the_way);
  std::uint32_t coming = on_the_way;
  for (const Owner& owner : wanted.owners) {
    const std::uint32_t covered = std::min(owner.owed, coming);
    coming -= covered;
    for (std::uint32_t n = std::min(owner.owed - covered, left); n > 0; --n, --left) {
      if (!Recall(VictimFor(owner.class_id, now), now)) break;
    }
  }
  // Strangers among themselves: one at a time.
  const bool attack = acting_level.load(std::memory_order_relaxed) == Level::kAttack;
  if (attack && on_the_way == 0 && wanted.owners.empty() && wanted.others > 0) {
    Recall(IdleStranger(now), now);
  }
}

bool Engine::Impl::Recall(Ticket* out, Time now) {
  if (out == nullptr) return false;
  out->wanted_back = now;
  out->reclaim.store(out->slot.lent() ? Ticket::Reclaim::kLent : Ticket::Reclaim::kIdle,
                     std::memory_order_relaxed);
  wakeups.Reclaim(out->id);
  return true;
}

// What one who waits for nothing but a slot lacks.
void Engine::Impl::Want(const Ticket& t, Time now, Wanted& wanted) const {
  const SlotLedger::ClassId id = ledger.Resolve(t.class_id);
  const Lack lack = Missing(t, id, now);
  if (t.not_before > now || lack.lane != LoginLane::Answer::kFree) return;
  if (!lack.owed) {
    if (lack.slot == Reason::kNoSlot) ++wanted.others;
    return;
  }
  const SlotLedger::StakeId stake = StakeOf(t);
  for (Owner& o : wanted.owners) {
    if (o.class_id != id || o.stake != stake) continue;
    if (o.owed < o.unused) ++o.owed;
    return;
  }
  const std::uint32_t unused =
      ledger.Counts(id).reserve_unused + ledger.StakeReserve(stake).unused();
  wanted.owners.push_back({id, stake, 1, unused});
}

// A slot that comes free without another call.
bool Engine::Impl::Leaving(const Ticket& t) {
  return t.reclaim.load(std::memory_order_relaxed) != Ticket::Reclaim::kNo && t.slot.held() &&
         !t.slot.former();
}

bool Engine::Impl::MayBeCalledBack(const Ticket& t) {
  const bool is_in = t.state == Ticket::State::kIn || t.state == Ticket::State::kReauth;
  return is_in && t.slot.held() && !t.slot.former() && !Leaving(t);
}

// It may be one of them who changes to another name of theirs: the server says soon.
bool Engine::Impl::ClaimsReserve(const Ticket& t) const {
  return t.state == Ticket::State::kReauth && ledger.Counts(t.slot.class_id()).reserve > 0;
}

// Whose slot serves somebody of this class who waits for his own reserve: the one idle longest; of
// those lent one that is busy if need be. Null when there is none.
Ticket* Engine::Impl::VictimFor(SlotLedger::ClassId owner, Time now) const {
  Ticket* best = nullptr;
  for (Ticket* t = tickets; t != nullptr; t = t->next) {
    if (!MayBeCalledBack(*t) || !ledger.ServesReclaim(t->slot, owner)) continue;
    const bool idle = IdleSince(*t) <= LatestIdle(*t, now);
    if (!t->slot.lent() && (t->exempt || !idle || ClaimsReserve(*t))) continue;
    if (best == nullptr || IdleSince(*t) < IdleSince(*best)) best = t;
  }
  return best;
}

// The stranger who has been idle longest, and for a while.
Ticket* Engine::Impl::IdleStranger(Time now) const {
  Ticket* best = nullptr;
  for (Ticket* t = tickets; t != nullptr; t = t->next) {
    if (!MayBeCalledBack(*t) || t->exempt || t->slot.trusted() ||
        LimitsOf(t->slot.class_id()).reserve > 0)
      continue;
    if (IdleSince(*t) > now - kIdleForStrangers) continue;
    if (best == nullptr || IdleSince(*t) < IdleSince(*best)) best = t;
  }
  return best;
}

// Inside a transaction a session counts as idle after a while only.
Time Engine::Impl::LatestIdle(const Ticket& t, Time now) {
  return t.in_transaction.load(std::memory_order_relaxed) ? now - kIdleForStrangers : now;
}

// kNever while it is busy.
Time Engine::Impl::IdleSince(const Ticket& t) {
  return Time(Duration(t.idle_since.load(std::memory_order_relaxed)));
}

}  // namespace headgate
