// What is asked when a client knocks: ban, source rate, source concurrency, prefix concurrency,
// pending budget.
#include <optional>
#include <utility>

#include "policies/engine_impl.h"

namespace headgate {

AcceptResult Engine::Impl::OnAccept(ConnectionId id, const Address& peer, Time now, Arrival how,
                                    bool found) {
  Impl& m = *this;
  const Impl::LimitsPtr l = m.Snapshot();
  bool is_known_good = false;
  if (m.AskBan(*l, peer, how, now, found, is_known_good)) {
    return {{Verdict::Kind::kRefuse, Reason::kBanned}, nullptr};
  }
  TicketPtr t(new Ticket(m, id, peer, how, now));
  t->found = found;
  t->known_source = is_known_good;
  t->reserved_source = Impl::IsReservedSource(*l, peer);
  t->of_protected = t->known_source || t->reserved_source;
  t->exempt = how == Arrival::kProxyLocal || AnyContains(l->source.exempt, peer);
  Reason refused = m.AskSource(*l, *t, now);
  Impl::Blamed charged;
  if (refused == Reason::kNone) {
    refused = m.EnterPending(*l, *t, now, charged);
  } else if (!t->squeezed) {
    charged = Impl::Of(*t);
  }
  if (refused != Reason::kNone) t.reset();
  if (charged.source != Address{} && refused != Reason::kPrefixConnections) {
    const Reason why = refused == Reason::kNone ? Reason::kPendingEvicted : refused;
    if (refused != Reason::kPendingFull) m.Charge(charged, why, now);
  }
  if (refused != Reason::kNone) return {{Verdict::Kind::kRefuse, refused}, nullptr};
  m.accepted.fetch_add(1, std::memory_order_relaxed);
  return {{Verdict::Kind::kAdmit, Reason::kNone}, std::move(t)};
}

// Whether it is one of those among whom one that stands for many is looked for. Checks are nobody's
// clients, and who is in a proxy's /64 is no proxy by that.
bool Engine::Impl::IsTallied(const Limits& l, const Address& source, Arrival how) {
  if (how == Arrival::kProxyLocal) return false;
  return how != Arrival::kDirect || !AnyTouches(l.proxies, source);
}

// An operator's ban binds whatever [source] enforce says; one of the gate's own not a proxy, which
// may have been banned before it was known as one.
Engine::Impl::BanAnswer Engine::Impl::LookUpBan(const Limits& l, const Address& source,
                                                Time now) const {
  if (bans.size() == 0 || !bans.IsBanned(source, now)) return {};
  const bool by_operator = bans.IsBannedByOperator(source, now);
  if (!by_operator && AnyTouches(l.proxies, source)) return {};
  return {true, Acts(l, Reason::kBanned) || (by_operator && l.mode == Mode::kEnforce)};
}

// True when it is refused.
bool Engine::Impl::AskBan(const Limits& l, const Address& peer, Arrival how, Time now, bool found,
                          bool& is_known_good) {
  const Address source = SourceOf(peer);
  bool acts = false;
  {
    const std::lock_guard lock(trust_mutex);
    is_known_good = known_good.size() > 0 && known_good.IsKnownGoodSource(source);
    const BanAnswer answer = LookUpBan(l, source, now);
    if (found || !answer.banned) return false;
    acts = answer.acts;
    // From now on the kernel has packets to match.
    if (how == Arrival::kDirect && bans.NoteDirect(source, now)) {
      ban_version.fetch_add(1, std::memory_order_relaxed);
    }
  }
  if (IsTallied(l, source, how)) {
    Shard& shard = ShardOf(source);
    const std::lock_guard lock(shard.mutex);
    if (acts) shard.tally.OnConnect(source);  // else AskSource() does
    shard.tally.OnRefusal(source);
  }
  const bool of_protected = is_known_good || IsReservedSource(l, peer);
  return Decide(acts, Reason::kBanned, peer, {}, {}, now, /*presses=*/true, of_protected);
}

Engine::Impl::SourceQuestion Engine::Impl::QuestionFor(const Limits& l, const Ticket& t) const {
  SourceQuestion ask;
  const SourceLimits& base = l.source;
  ask.at = &base;
  if (t.found) return ask;
  const std::uint32_t slots = capacity.load(std::memory_order_relaxed);
  const bool unknown = !t.known_source && !t.exempt;
  const bool crowded = unknown && scarce.load(std::memory_order_relaxed) && !t.reserved_source;
  ask.rate = unknown && !t.reserved_source;
  ask.connections = ask.prefix = crowded;
  ask.most = base.connections.Of(slots);
  const Level level = acting_level.load(std::memory_order_relaxed);
  const bool squeezed = Squeezes(t, level);
  ask.at = &l.At(level).source;
  ask.at_rate = squeezed && ask.at->connect_rate != base.connect_rate;
  ask.at_connections = squeezed && ask.at->connections != base.connections;
  ask.at_prefix = squeezed && ask.at->prefix_connections != base.prefix_connections;
  ask.at_most = ask.at->connections.Of(slots);
  return ask;
}

Reason Engine::Impl::AskSource(const Limits& l, Ticket& t, Time now) {
  const bool acts = Acts(l, Reason::kConnectRate);
  const SourceQuestion ask = QuestionFor(l, t);
  const bool tallied = IsTallied(l, t.source(), t.arrival);
  bool rate = false, connections = false;
  {
    Shard& shard = ShardOf(t.source());
    const std::lock_guard lock(shard.mutex);
    t.entry = shard.sources.Touch(t.source());
    const bool counted = t.entry != SourceTable::kOverflow;
    rate = ask.rate && !shard.sources.TakeConnect(t.entry, l.source.connect_rate, now);
    connections = ask.connections && counted && shard.sources.Live(t.entry) >= ask.most;
    if (tallied) shard.tally.OnConnect(t.source());
    if (tallied && (rate || connections)) shard.tally.OnRefusal(t.source());
    t.live = !acts || !(rate || connections);
    if (t.live) shard.sources.AddLive(t.entry);
  }
  if (t.entry == SourceTable::kOverflow) Decide(l, Reason::kSourceTableFull, t, now);
  if (rate && Decide(acts, Reason::kConnectRate, t, now, true)) return Reason::kConnectRate;
  if (connections && Decide(acts, Reason::kSourceConnections, t, now, true)) {
    return Reason::kSourceConnections;
  }
  return AskSqueezed(l, ask, t, now);
}

// What the present level lays over [source]. Refusals by that do not press, and are charged to
// nobody: else the level would feed itself.
Reason Engine::Impl::AskSqueezed(const Limits& l, const SourceQuestion& ask, Ticket& t, Time now) {
  if (!ask.at_rate && !ask.at_connections) return Reason::kNone;
  bool rate = false, connections = false;
  {
    Shard& shard = ShardOf(t.source());
    const std::lock_guard lock(shard.mutex);
    rate = ask.at_rate && !shard.sources.TakeSqueezed(t.entry, ask.at->connect_rate, now);
    connections = ask.at_connections && t.entry != SourceTable::kOverflow &&
                  shard.sources.Live(t.entry) > ask.at_most;  // itself included
    const bool tallied = IsTallied(l, t.source(), t.arrival);
    if (tallied && (rate || connections)) shard.tally.OnRefusal(t.source());
  }
  if (!rate && !connections) return Reason::kNone;
  const Reason reason = rate ? Reason::kConnectRate : Reason::kSourceConnections;
  t.squeezed = Decide(Acts(l, reason), reason, t, now, /*presses=*/false);
  return t.squeezed ? reason : Reason::kNone;
}

// `evicted` becomes the source that was evicted for it, if any.
Reason Engine::Impl::EnterPending(const Limits& l, Ticket& t, Time now, Blamed& evicted) {
  const Admission admission(*this, now);
  Link(t);
  if (!t.known_source && !t.exempt) {
    const Address prefix = PrefixOf(t.peer);
    if (PrefixIsFull(l, t, prefix, now)) return Reason::kPrefixConnections;
    t.prefix = prefixes.Add(prefix);
  }
  if (TakePendingPlace(l, t, now, evicted)) return Reason::kNone;
  return t.pending == PendingBudget::kRefused && t.refused != Reason::kNone ? t.refused
                                                                            : Reason::kPendingFull;
}

Engine::Impl::PrefixAnswer Engine::Impl::LookUpPrefix(const Limits& l, const SourceQuestion& ask,
                                                      const Address& prefix) const {
  PrefixAnswer answer;
  answer.held = prefixes.Count(prefix);
  answer.most = l.source.prefix_connections.Of(ledger.capacity());
  answer.at_most = ask.at->prefix_connections.Of(ledger.capacity());
  answer.full = ask.prefix && answer.held >= answer.most;
  answer.at_full = ask.at_prefix && answer.held >= answer.at_most;
  return answer;
}

bool Engine::Impl::PrefixIsFull(const Limits& l, const Ticket& t, const Address& prefix, Time now) {
  const PrefixAnswer answer = LookUpPrefix(l, QuestionFor(l, t), prefix);
  if (answer.full && Decide(l, Reason::kPrefixConnections, t, now)) return true;
  return answer.at_full && Decide(Acts(l, Reason::kPrefixConnections), Reason::kPrefixConnections,
                                  t, now, /*presses=*/false);
}

bool Engine::Impl::TakePendingPlace(const Limits& l, Ticket& t, Time now, Blamed& evicted) {
  PendingLimits bounds = l.pending;
  if (pending.size() >= bounds.max && !Acts(l, Reason::kPendingEvicted)) {
    Decide(l, Reason::kPendingEvicted, t, now);
    bounds.max = UINT32_MAX;
  }
  const auto tag = reinterpret_cast<std::uintptr_t>(&t);
  const PendingBudget::Entered entered = pending.Enter(t.source(), t.known_source, tag, bounds);
  t.pending = entered.place;
  if (entered.place == PendingBudget::kRefused) {
    Decide(true, Reason::kPendingFull, t, now, true);
    return false;
  }
  if (!entered.evicted) return true;
  Ticket& out = TicketOf(*entered.evicted);
  Decide(true, Reason::kPendingEvicted, out, now, true);
  evicted = Of(out);
  out.pending = PendingBudget::kRefused;
  out.state = Ticket::State::kRefused;
  out.refused = Reason::kPendingEvicted;
  if (&out == &t) return false;
  wakeups.Evicted(out.id, Reason::kPendingEvicted);
  return true;
}

}  // namespace headgate
