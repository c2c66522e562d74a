// What operators ask and do.
#include "policies/engine_impl.h"

namespace headgate {

EngineStatus Engine::Status(Time now) const {
  Impl& m = *impl_;
  EngineStatus s;
  {
    const Impl::Admission admission(m);
    s.slots_capacity = m.ledger.capacity();
    s.leases = m.ledger.leases();
    s.orphans = m.ledger.orphans();
    s.pending = m.pending.size();
    s.pending_max = m.limits->pending.max;
    s.waiting = m.room.size();
    s.waiting_max = m.limits->waiting.max;
    s.logins = m.lane.in_progress();
    s.logins_max = m.lane.max();
    s.connections = m.ticket_count;
    for (std::size_t i = 0; i < m.class_ids.size(); ++i) {
      const SlotLedger::ClassCounts c = m.ledger.Counts(m.class_ids[i]);
      s.classes.push_back(
          {m.limits->classes[i].name, c.leases, c.unproven, c.reserve, c.max, c.pins});
    }
  }
  {
    const std::lock_guard lock(m.trust_mutex);
    m.bans.Expire(now);
    s.bans = static_cast<std::uint32_t>(m.bans.size());
    s.known_good = m.known_good.size();
    s.locked_pairs = m.pairs.Locked(now);
  }
  for (const auto& shard : m.shards) {
    const std::lock_guard lock(shard->mutex);
    s.sources += shard->sources.size();
  }
  m.decisions.Read(s.acted, s.would_act, s.delayed);
  m.guard.ReadStatus(s);
  s.accepted = m.accepted.load(std::memory_order_relaxed);
  s.logins_ok = m.logins_ok.load(std::memory_order_relaxed);
  s.logins_failed = m.logins_failed.load(std::memory_order_relaxed);
  return s;
}

void Engine::Ban(const Address& address, Duration how_long, std::string_view reason, Time now) {
  Impl& m = *impl_;
  const Address source = SourceOf(address);
  {
    const std::lock_guard lock(m.trust_mutex);
    m.bans.Ban(source, how_long, reason, now);
  }
  if (m.Snapshot()->mode == Mode::kEnforce) m.EvictSource(source, /*logged_in_too=*/true, now);
}

bool Engine::Unban(const Address& address, Time now) {
  const std::lock_guard lock(impl_->trust_mutex);
  return impl_->bans.Unban(SourceOf(address), now);
}

std::size_t Engine::UnbanAll(Time now) {
  const std::lock_guard lock(impl_->trust_mutex);
  return impl_->bans.UnbanAll(now);
}

std::vector<BanInfo> Engine::Bans(Time now) const {
  const std::lock_guard lock(impl_->trust_mutex);
  return impl_->bans.List(now);
}

}  // namespace headgate
