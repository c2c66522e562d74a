// What is asked when a client knocks: ban, source rate, source concurrency, prefix concurrency,
// pending budget.
#include <optional>
#include <utility>

#include "policies/engine_impl.h"

namespace headgate {

AcceptResult Engine::OnAccept(ConnectionId id, const Address& peer, Time now) {
  Impl& m = *impl_;
  const Impl::LimitsPtr limits = m.Snapshot();
  const Address source = SourceOf(peer);
  bool known_good = false;
  if (m.AskBan(*limits, peer, source, now, known_good)) {
    return {{Verdict::Kind::kRefuse, Reason::kBanned}, nullptr};
  }
  TicketPtr t(new Ticket(m, m.guard.queue(), id, peer));
  t->known_source = known_good;
  t->exempt = AnyContains(limits->source.exempt, peer);
  Address charged = source;
  Reason refused = m.AskSource(*limits, *t, now);
  if (refused == Reason::kNone) {
    charged = {};
    refused = m.EnterPending(*limits, *t, now, charged);
  }
  if (refused != Reason::kNone) t.reset();
  if (charged != Address{} && refused != Reason::kPrefixConnections) {
    const Reason why = refused == Reason::kNone ? Reason::kPendingEvicted : refused;
    if (refused != Reason::kPendingFull) m.Charge(charged, why, now);
  }
  if (refused != Reason::kNone) return {{Verdict::Kind::kRefuse, refused}, nullptr};
  m.accepted.fetch_add(1, std::memory_order_relaxed);
  return {{Verdict::Kind::kAdmit, Reason::kNone}, std::move(t)};
}

// True when it is refused. An operator's ban binds whatever [source] enforce says.
bool Engine::Impl::AskBan(const Limits& l, const Address& peer, const Address& source, Time now,
                          bool& is_known_good) {
  bool acts = Acts(l, Reason::kBanned);
  {
    const std::lock_guard lock(trust_mutex);
    is_known_good = known_good.size() > 0 && known_good.IsKnownGoodSource(source);
    if (bans.size() == 0 || !bans.IsBanned(source, now)) return false;
    if (!acts) acts = l.mode == Mode::kEnforce && bans.IsBannedByOperator(source, now);
  }
  return Decide(acts, Reason::kBanned, peer, {}, {}, now);
}

Reason Engine::Impl::AskSource(const Limits& l, Ticket& t, Time now) {
  const bool acts = Acts(l, Reason::kConnectRate);
  const bool asked = !t.known_source && !t.exempt;
  const bool crowded = asked && scarce.load(std::memory_order_relaxed);
  const std::uint32_t most = l.source.connections.Of(capacity.load(std::memory_order_relaxed));
  bool rate = false, connections = false;
  {
    Shard& shard = ShardOf(t.source);
    const std::lock_guard lock(shard.mutex);
    t.entry = shard.sources.Touch(t.source);
    const bool counted = t.entry != SourceTable::kOverflow;
    rate = asked && !shard.sources.TakeConnect(t.entry, l.source.connect_rate, now);
    connections = crowded && counted && shard.sources.Live(t.entry) >= most;
    t.live = !acts || !(rate || connections);
    if (t.live) shard.sources.AddLive(t.entry);
  }
  if (t.entry == SourceTable::kOverflow) Decide(l, Reason::kSourceTableFull, t, now);
  if (rate && Decide(acts, Reason::kConnectRate, t.peer, {}, {}, now)) return Reason::kConnectRate;
  if (connections && Decide(acts, Reason::kSourceConnections, t.peer, {}, {}, now)) {
    return Reason::kSourceConnections;
  }
  return Reason::kNone;
}

// `charged` becomes the source that was evicted for it, if any.
Reason Engine::Impl::EnterPending(const Limits& l, Ticket& t, Time now, Address& charged) {
  const Admission admission(*this, now);
  Link(t);
  if (!t.known_source && !t.exempt) {
    const Address prefix = PrefixOf(t.peer);
    const std::uint32_t most = l.source.prefix_connections.Of(ledger.capacity());
    if (scarce.load(std::memory_order_relaxed) && prefixes.Count(prefix) >= most &&
        Decide(l, Reason::kPrefixConnections, t, now)) {
      return Reason::kPrefixConnections;
    }
    t.prefix = prefixes.Add(prefix);
  }
  if (TakePendingPlace(l, t, now, charged)) return Reason::kNone;
  return t.pending == PendingBudget::kRefused && t.refused != Reason::kNone ? t.refused
                                                                            : Reason::kPendingFull;
}

bool Engine::Impl::TakePendingPlace(const Limits& l, Ticket& t, Time now, Address& charged) {
  PendingLimits bounds = l.pending;
  if (pending.size() >= bounds.max && !Acts(l, Reason::kPendingEvicted)) {
    Decide(l, Reason::kPendingEvicted, t, now);
    bounds.max = UINT32_MAX;
  }
  const auto tag = reinterpret_cast<std::uintptr_t>(&t);
  const PendingBudget::Entered entered = pending.Enter(t.source, t.known_source, tag, bounds);
  t.pending = entered.place;
  if (entered.place == PendingBudget::kRefused) {
    Decide(true, Reason::kPendingFull, t.peer, {}, {}, now);
    return false;
  }
  if (!entered.evicted) return true;
  Ticket& out = TicketOf(*entered.evicted);
  Decide(true, Reason::kPendingEvicted, out.peer, {}, {}, now);
  charged = out.source;
  out.pending = PendingBudget::kRefused;
  out.state = Ticket::State::kRefused;
  out.refused = Reason::kPendingEvicted;
  if (&out == &t) return false;
  wakeups.Evicted(out.id, Reason::kPendingEvicted);
  return true;
}

}  // namespace headgate
