// Calling slots back: what was lent, and under pressure what strangers leave idle.
//
// Lent sessions are called back whenever the reserve's owner waits, busy or not. Idle sessions of
// sources that are neither known-good nor in a class with a reserve are called back above calm for
// those who have a reserve that is not used up, and under attack for whoever waits.
#include <algorithm>
#include <chrono>

#include "policies/engine_impl.h"

namespace headgate {
namespace {

// So long a stranger's session has to have been idle before another stranger may have its slot.
constexpr Duration kIdleForStrangers = std::chrono::seconds(5);
constexpr std::uint32_t kMostAtOnce = 16;

}  // namespace

// Under the admission lock, after those who wait were served as far as slots go.
void Engine::Impl::CallBack(Time now) {
  if (room.queued() == 0 || now < next_call_back || !Acts(*limits, Reason::kReclaimed)) return;
  next_call_back = now + kCallBackEvery;
  Wanted wanted;
  std::uint32_t on_the_way = 0;
  for (Ticket* t = tickets; t != nullptr; t = t->next) {
    if (t->state == Ticket::State::kWaiting) Want(*t, now, wanted);
    if (Leaving(*t)) ++on_the_way;
  }
  wanted.owed = std::min(wanted.owed, kMostAtOnce);
  wanted.owed -= std::min(wanted.owed, on_the_way);
  const bool attack = acting_level.load(std::memory_order_relaxed) == Level::kAttack;
  // Strangers among themselves: one at a time.
  if (wanted.owed == 0 && (!attack || wanted.others == 0 || on_the_way > 0)) return;
  const bool for_owner = wanted.owed > 0;
  for (std::uint32_t n = for_owner ? wanted.owed : 1; n > 0; --n) {
    Ticket* out = Victim(for_owner, now);
    if (out == nullptr) return;
    out->reclaim.store(
        out->slot.lent() && for_owner ? Ticket::Reclaim::kLent : Ticket::Reclaim::kIdle,
        std::memory_order_relaxed);
    wakeups.Reclaim(out->id);
  }
}

// What one who waits lacks.
void Engine::Impl::Want(const Ticket& t, Time now, Wanted& wanted) const {
  const SlotLedger::ClassId id = ledger.Resolve(t.class_id);
  const Lack lack = Missing(t, id, now);
  if (lack.owed) {
    ++wanted.owed;
  } else if (lack.slot == Reason::kNoSlot) {
    ++wanted.others;
  }
}

// A slot that comes free without another call.
bool Engine::Impl::Leaving(const Ticket& t) {
  return t.reclaim.load(std::memory_order_relaxed) != Ticket::Reclaim::kNo && t.slot.held() &&
         !t.slot.former();
}

// Whose slot is to be called back: the one that has been idle longest; among those lent, one that
// is busy if need be. Null when there is none.
Ticket* Engine::Impl::Victim(bool for_owner, Time now) const {
  const bool pressed = acting_level.load(std::memory_order_relaxed) != Level::kCalm;
  const Time latest_idle = for_owner ? now : now - kIdleForStrangers;
  Ticket* best = nullptr;
  std::int64_t best_since = Ticket::kBusy;
  for (Ticket* t = tickets; t != nullptr; t = t->next) {
    if (t->state != Ticket::State::kIn || !t->slot.held() || t->slot.former() || Leaving(*t)) {
      continue;
    }
    const bool lent = for_owner && t->slot.lent();
    const bool stranger = pressed && !t->slot.trusted() && LimitsOf(t->class_id).reserve == 0;
    if (!lent && !stranger) continue;
    const std::int64_t since = t->idle_since.load(std::memory_order_relaxed);
    const bool idle = since <= latest_idle.time_since_epoch().count();
    if (!idle && !lent) continue;
    if (best == nullptr || since < best_since) {
      best = t;
      best_since = since;
    }
  }
  return best;
}

}  // namespace headgate
