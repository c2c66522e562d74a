// What operators ask and do.
#include <algorithm>

#include "policies/engine_impl.h"

namespace headgate {

void Engine::Impl::ReadSlots(EngineStatus& s) const {
  s.slots_capacity = ledger.capacity();
  s.server_max = ledger.server_max();
  s.foreign = ledger.foreign();
  s.former = ledger.former();
  s.free_slots = ledger.free_slots();
  s.leases = ledger.leases();
  s.orphans = ledger.orphans();
  s.implicit_pairs = ledger.stakes();
  s.implicit_reserve = ledger.implicit_reserve();
  s.implicit_unused = ledger.implicit_unused();
  s.implicit_binds = acting_level.load(std::memory_order_relaxed) != Level::kCalm;
}

void Engine::Impl::ReadClasses(EngineStatus& s, Time now) const {
  for (std::size_t i = 0; i < class_ids.size(); ++i) {
    const SlotLedger::ClassId id = class_ids[i];
    const SlotLedger::ClassCounts c = ledger.Counts(id);
    ClassStatus& out = s.classes.emplace_back();
    out.name = limits->classes[i].name;
    out.leases = c.leases;
    out.unproven = c.unproven;
    out.reserve = c.reserve;
    out.max = c.max;
    out.waiting = c.pins;
    out.lent = c.lent;
    out.may_use = ledger.MayUse(id);
    const auto refused = refused_logins.find(out.name);
    out.refused_logins = refused == refused_logins.end() ? 0 : refused->second;
    if (c.pins == 0) continue;
    const Duration own = limits->classes[i].queue;
    const Duration most = own > Duration::zero() ? own : limits->waiting.queue;
    out.expected_wait = TurnsOf(id).Expected(room.QueuedOf(id) + 1, most, now);
  }
}

TurnClock Engine::Impl::TurnsOf(SlotLedger::ClassId id) const {
  return id < turns.size() ? turns[id] : TurnClock();
}

std::vector<WaitingStatus> Engine::Waiting(std::size_t limit, Time now) const {
  Impl& m = *impl_;
  std::vector<WaitingStatus> rows;
  const Impl::Admission admission(m);
  const auto most = static_cast<std::uint32_t>(std::min<std::size_t>(limit, UINT32_MAX));
  m.room.ForEachTurn(most, [&](void* who, std::uint32_t position) {
    const Ticket& t = *static_cast<const Ticket*>(who);
    WaitingStatus& row = rows.emplace_back();
    row.peer = t.peer;
    row.user = t.names.user();
    row.class_name = t.names.class_name();
    row.position = position;
    row.waited = now - t.waits_since;
    row.left = t.waits_until == kNever ? Duration::max() : t.waits_until - now;
    const SlotLedger::ClassId id = m.ledger.Resolve(t.class_id);
    row.expected = m.TurnsOf(id).Expected(position, row.left, now);
    row.known_good = t.known_good;
  });
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.position < b.position; });
  if (rows.size() > limit) rows.resize(limit);
  return rows;
}

ConnectionId Engine::IdOf(const Ticket& t) { return t.id; }

EngineStatus Engine::Status(Time now) const {
  Impl& m = *impl_;
  const Impl::LimitsPtr limits = m.Snapshot();
  EngineStatus s;
  {
    const Impl::Admission admission(m);
    m.ReadSlots(s);
    m.ReadClasses(s, now);
    m.ReadProtected(s, now);
    s.pending = m.pending.size();
    s.pending_max = m.limits->pending.max;
    s.waiting = m.room.size();
    s.waiting_max = m.limits->waiting.max;
    s.logins = m.lane.in_progress();
    s.logins_max = m.lane.max();
    s.connections = m.ticket_count;
    s.level = m.pressure.level();
    s.level_cause = m.pressure.cause();
    // Before any change, since the engine's first moment.
    s.level_for = now - std::max(m.pressure.since(), m.begun);
    s.level_changes = m.pressure.changes();
    s.backend_up = m.backend_up;
    s.ramp = m.lane.ramp.rate();
    s.shared_address = m.shared_addresses.Current(now);
  }
  {
    const std::lock_guard lock(m.trust_mutex);
    m.bans.Expire(now);
    s.bans = static_cast<std::uint32_t>(m.bans.size());
    s.known_good = m.known_good.size();
    s.locked_pairs = m.pairs.Locked(now);
    s.protected_known = s.protected_known || s.known_good > 0;
    s.protected_banned = m.ProtectedBans(*limits, now);
  }
  s.sources = TrackedSources();
  m.decisions.Read(s.acted, s.would_act, s.delayed, s.of_protected);
  m.guard.ReadStatus(s);
  s.latency.login = m.login_time.Read();
  s.latency.waited = m.wait_time.Read();
  s.accepted = m.accepted.load(std::memory_order_relaxed);
  s.logins_ok = m.logins_ok.load(std::memory_order_relaxed);
  s.logins_failed = m.logins_failed.load(std::memory_order_relaxed);
  return s;
}

bool Engine::Impl::Ban(const Cidr& network, Duration how_long, std::string_view reason, Time now) {
  Impl& m = *this;
  {
    const std::lock_guard lock(m.trust_mutex);
    if (!m.bans.Ban(network, how_long, reason, now)) return false;
    m.protected_bans.stale = true;
    m.ban_version.fetch_add(1, std::memory_order_relaxed);
  }
  if (m.Snapshot()->mode == Mode::kEnforce) m.EvictAllOf(network, /*logged_in_too=*/true, now);
  return true;
}

bool Engine::Impl::Unban(const Cidr& network, Time now) {
  const std::lock_guard lock(trust_mutex);
  ban_version.fetch_add(1, std::memory_order_relaxed);
  protected_bans.stale = true;
  return bans.Unban(network, now);
}

std::size_t Engine::Impl::UnbanAll(Time now) {
  const std::lock_guard lock(trust_mutex);
  ban_version.fetch_add(1, std::memory_order_relaxed);
  protected_bans.stale = true;
  return bans.UnbanAll(now);
}

std::vector<BanInfo> Engine::Bans(Time now) const {
  const std::lock_guard lock(impl_->trust_mutex);
  return impl_->bans.List(now);
}

std::vector<BanRecord> Engine::ExportBans(Time now) const {
  const std::lock_guard lock(impl_->trust_mutex);
  return impl_->bans.Export(now);
}

void Engine::Impl::RestoreBans(const std::vector<BanRecord>& records, Duration elapsed, Time now) {
  const Impl::LimitsPtr l = Snapshot();
  const auto spared = [&](const BanRecord& ban) {
    const Address& source = ban.network.address;
    return ban.network != SourceNetwork(source) || Impl::IsSpared(*l, source);
  };
  const std::lock_guard lock(trust_mutex);
  for (const BanRecord& ban : records) {
    if (ban.by_operator || !spared(ban)) bans.Restore(ban, elapsed, now);
  }
  ban_version.fetch_add(1, std::memory_order_relaxed);
  protected_bans.stale = true;
}

std::uint64_t Engine::BanVersion() const {
  return impl_->ban_version.load(std::memory_order_relaxed);
}

}  // namespace headgate
