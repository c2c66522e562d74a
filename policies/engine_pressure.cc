// How hard the gate is pressed, and what follows: what binds strangers, whether implicit reserves
// bind, and how large they are.
#include <algorithm>
#include <chrono>

#include "policies/engine_impl.h"

namespace headgate {
namespace {

constexpr Duration kStakesEvery = std::chrono::minutes(1);
constexpr std::uint32_t kScarceBelow = 5;  // free slots below a fifth

// Others read it with every command: a store that changes nothing would cost them a cache line.
template <typename T>
void NoteKnown(std::atomic<T>& known, T value) {
  if (known.load(std::memory_order_relaxed) != value) known.store(value, std::memory_order_relaxed);
}

}  // namespace

// Under the admission lock: what those outside it go by. Part of every change, so it compares and
// stores and no more.
void Engine::Impl::NoteRoom(Time now) {
  const std::uint32_t slots = ledger.capacity();
  const std::uint32_t free = ledger.free_slots();
  const bool few_slots = std::uint64_t{free} * kScarceBelow < slots;
  const bool half_pending = pending.size() > limits->pending.max / 2;
  NoteKnown(scarce, few_slots || half_pending);
  NoteKnown(capacity, slots);
  const std::uint32_t untrusted = AnythingAtStake() ? ledger.leases() - ledger.trusted() : 0;
  const std::uint32_t kept = ledger.kept_unused();
  pressure.OnRoom({.free = free - std::min(free, kept), .untrusted = untrusted, .capacity = slots},
                  now);
  NoteLevel(now);
}

// Slots that strangers take are pressure where somebody else is to have them. While every reserve
// is used up, and nobody waits for a slot, those who are new may fill the server in peace, and earn
// their trust so.
bool Engine::Impl::AnythingAtStake() const {
  return ledger.implicit_unused() > 0 || ledger.kept_unused() > 0 ||
         (room.queued() > 0 && ledger.free_slots() == 0);
}

void Engine::Impl::NoteLevel(Time now) {
  const Level level = pressure.level();
  const Level before = true_level.load(std::memory_order_relaxed);
  const bool binds = limits->pressure.enforce && limits->mode == Mode::kEnforce;
  const Level acting = binds ? level : Level::kCalm;
  NoteKnown(acting_level, acting);
  ledger.BindStakes(acting != Level::kCalm);
  if (level == before) return;
  true_level.store(level, std::memory_order_relaxed);
  decisions.Tell({.at = now, .from = before, .to = level, .cause = pressure.cause()});
}

void Engine::Impl::OnWire(double syn_per_second, bool anomaly, Time now) {
  Impl& m = *this;
  const Impl::Admission admission(m, now);
  m.pressure.OnSynRate(syn_per_second, now);
  m.pressure.OnAnomaly(anomaly, now);
}

Level Engine::level() const { return impl_->true_level.load(std::memory_order_relaxed); }

// Whether what an unknown source gets at this level binds this one.
bool Engine::Impl::Squeezes(const Ticket& t, Level level) {
  return level != Level::kCalm && !t.known_source && !t.exempt && !t.reserved_source;
}

// In the networks of a class with a reserve.
bool Engine::Impl::IsReservedSource(const Limits& l, const Address& peer) {
  return std::any_of(l.classes.begin(), l.classes.end(), [&](const ClassLimits& c) {
    return IsReserved(c) && AnyContains(c.sources, peer);
  });
}

Duration Engine::Impl::DeadlineOf(const Ticket& t) const {
  const LimitsPtr l = Snapshot();
  const Level level = acting_level.load(std::memory_order_relaxed);
  return Squeezes(t, level) ? l->At(level).pending.deadline : l->pending.deadline;
}

Duration Engine::PendingDeadline(const Ticket& t) const { return impl_->DeadlineOf(t); }

bool Engine::Impl::HasStakes(const Limits& l) {
  return l.classes.size() == 1 && l.classes.front().reserve == 0;
}

// Holds no lock when called.
void Engine::Impl::RenewStakes(Time now) {
  const LimitsPtr l = Snapshot();
  const auto slots =
      static_cast<std::uint32_t>(l->known_good.share * capacity.load(std::memory_order_relaxed));
  std::vector<ReserveDemand> demands;
  {
    const std::lock_guard lock(trust_mutex);
    demands = known_good.Demands(now);
  }
  std::vector<PairKey> good(demands.size());
  std::transform(demands.begin(), demands.end(), good.begin(),
                 [](const ReserveDemand& d) { return d.pair; });
  std::sort(good.begin(), good.end());
  if (!HasStakes(*l)) demands.clear();
  const std::vector<ImplicitReserve> reserves = ShareOut(demands, slots);
  const Admission admission(*this, now);
  if (l == limits) {
    stakes_due = now + kStakesEvery;
    ledger.SetStakes(reserves);
    habits.clear();
    for (const ReserveDemand& d : demands) habits[d.pair] = d.slots;
  }
  Vouched vouched;
  for (Ticket* t = tickets; t != nullptr; t = t->next) Vouch(*t, good, vouched);
  Serve(now);
}

// Books a session that is in by what is known of it now. `good`, in order: the known-good pairs.
// One that has said nothing since its pair became known-good is to be told as well: what a pool
// leaves idle is its own all the same.
void Engine::Impl::Vouch(Ticket& t, const std::vector<PairKey>& good, Vouched& vouched) {
  if (t.state != Ticket::State::kIn || !t.slot.held()) return;
  bool is_known_good = t.trusted.load(std::memory_order_relaxed);
  if (!is_known_good && std::binary_search(good.begin(), good.end(), t.proven())) {
    is_known_good = true;
    t.trusted.store(true, std::memory_order_relaxed);
  }
  const SlotLedger::StakeId stake =
      is_known_good ? ledger.StakeOf(t.proven()) : SlotLedger::kNoStake;
  ledger.SetStake(t.slot, stake);
  const bool vouched_for =
      is_known_good && (!HasStakes(*limits) ||
                        (stake != SlotLedger::kNoStake && IsInHabit(t.proven(), vouched[stake]++)));
  ledger.SetTrusted(t.slot, t.exempt || vouched_for);
}

bool Engine::Impl::IsInHabit(const PairKey& pair, std::uint32_t used) const {
  const auto habit = habits.find(pair);
  return habit != habits.end() && used < habit->second;
}

// Of a lease to be granted. Without any class a known-good pair is trusted as far as it is used to
// go: else one that has worked a little for long could take the rest as one of us.
bool Engine::Impl::IsTrusted(bool is_known_good, const PairKey& pair,
                             SlotLedger::StakeId stake) const {
  if (!is_known_good || !HasStakes(*limits)) return is_known_good;
  return stake != SlotLedger::kNoStake && IsInHabit(pair, ledger.StakeReserve(stake).used);
}

std::vector<KnownGoodRecord> Engine::ExportKnownGood(Time now) const {
  const std::lock_guard lock(impl_->trust_mutex);
  return impl_->known_good.Export(now);
}

void Engine::Impl::RestoreKnownGood(const std::vector<KnownGoodRecord>& records, Duration elapsed,
                                    Time now) {
  {
    const std::lock_guard lock(trust_mutex);
    known_good.Restore(records, elapsed, now);
  }
  RenewStakes(now);
}

}  // namespace headgate
