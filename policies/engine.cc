#include "policies/engine.h"

#include <algorithm>
#include <utility>

#include "policies/engine_impl.h"

namespace headgate {
namespace {

constexpr std::uint32_t kPrefixTable = 65536;

// What a source is itself to blame for. Being turned away because others hold everything is not:
// else a shortage would ban the applications that try again.
bool IsOwnFault(Reason reason) {
  switch (reason) {
    case Reason::kConnectRate:
    case Reason::kSourceConnections:
    case Reason::kPendingEvicted:
    case Reason::kPendingDeadline:
    case Reason::kPasswordlessUser:
    case Reason::kPairLocked:
    case Reason::kMalformedLogin:
    case Reason::kOversizedLogin:
    case Reason::kProxyForbidden:
    case Reason::kTlsNotOffered:
    case Reason::kTlsFailed:
    case Reason::kNoAuthSwitch:
    case Reason::kProtocolError:
    case Reason::kChangeUserRefused:
      return true;
    default:  // the failures of a login are charged by OnLoginFailed
      return false;
  }
}

// What says that somebody presses. Who is banned is shut out already, and harms nobody any more; a
// proxy that is set up wrong attacks nobody. Silence and waiting in vain cost an attacker nothing;
// what they take is seen where it is taken.
bool Presses(Reason reason) {
  switch (reason) {
    case Reason::kProxyHeader:
    case Reason::kBanned:
    case Reason::kPendingDeadline:
    case Reason::kPendingEvicted:
    case Reason::kPendingFull:
    case Reason::kWaitingDeadline:
      return false;
    default:
      return IsRefusal(reason);
  }
}

// As the ledger has them: what a class does not enforce is kept from nobody.
std::vector<ClassLimits> Kept(std::vector<ClassLimits> classes) {
  for (ClassLimits& c : classes) {
    if (c.enforce) continue;
    c.reserve = 0;
    c.lend = false;
  }
  return classes;
}

}  // namespace

Engine::Impl::Impl(LimitsPtr first, EngineSecrets secrets, Wakeups& w, DecisionSink& d)
    : hash(secrets.key0, secrets.key1),
      witness(w, d),
      wakeups(witness),
      decisions(witness, hash),
      bans(hash),
      known_good(hash, first->known_good.table_size),
      pairs(hash),
      prefixes(hash, kPrefixTable),
      pending(hash),
      room(hash),
      lane(hash),
      habits(0, hash),
      guard(hash, first->digests, acting_level, witness, decisions) {
  // All together no more than there may be.
  const auto each = std::max(1U, static_cast<std::uint32_t>(first->source.table_size / kShards));
  for (std::size_t i = 0; i < kShards; ++i) shards.push_back(std::make_unique<Shard>(hash, each));
  Configure(std::move(first));
}

// Under the admission lock, except in the constructor.
void Engine::Impl::Configure(LimitsPtr next) {
  class_ids = ledger.Configure(next->slots, Kept(next->classes));
  lane.Configure(next->login, HasMembers(*next));
  room.Configure(next->waiting);
  pressure.Configure(next->pressure);
  matcher = std::make_unique<ClassMatcher>(next->classes);
  KeepTallies(next->classes);
  limits = next;
  stakes_due = Time::min();  // by the new shares
  if (!HasStakes(*next)) ledger.SetStakes({});
  NoteRoom(latest);
  guard.Publish(next);
  const std::lock_guard lock(snapshot_mutex);
  snapshot = std::move(next);
}

// A class that goes takes its count along, so that there are never more than classes.
void Engine::Impl::KeepTallies(const std::vector<ClassLimits>& classes) {
  absl::flat_hash_map<std::string, std::uint64_t> kept;
  for (const ClassLimits& c : classes) kept[c.name] = refused_logins[c.name];
  refused_logins = std::move(kept);
}

Engine::Impl::LimitsPtr Engine::Impl::Snapshot() const {
  const std::lock_guard lock(snapshot_mutex);
  return snapshot;
}

// The one place that says whether a decision is carried out. What is not in the list is not the
// decision of a limit and always is.
bool Engine::Impl::Acts(const Limits& l, Reason reason) {
  const bool enforcing = l.mode == Mode::kEnforce;
  switch (reason) {
    case Reason::kPendingFull:
    case Reason::kPendingEvicted:
    case Reason::kPendingDeadline:
      return l.pending.enforce;  // the deferral's own bounds: also in observe
    case Reason::kConnectRate:
    case Reason::kSourceConnections:
    case Reason::kPrefixConnections:
    case Reason::kSourceTableFull:
    case Reason::kBanned:
    case Reason::kBanApplied:
    case Reason::kTlsRate:
      return enforcing && l.source.enforce;
    case Reason::kPairLocked:
    case Reason::kLoginLane:
    case Reason::kLoginDeadline:
      return enforcing && l.login.enforce;
    case Reason::kWaitingFull:
    case Reason::kWaitingPerSource:
    case Reason::kWaitingDeadline:
      return enforcing && l.waiting.enforce;
    case Reason::kClassFull:
    case Reason::kUnprovenFull:
      return enforcing;  // where the class does: ActsFor()
    case Reason::kNoSlot:
    case Reason::kReclaimed:
      return enforcing && l.slots.enforce;
    case Reason::kChangeUserRefused:
      return enforcing && l.login.enforce;
    default:
      return true;
  }
}

// What a class does not enforce does not act for it.
bool Engine::Impl::IsOfClass(Reason reason) {
  return reason == Reason::kClassFull || reason == Reason::kUnprovenFull;
}

bool Engine::Impl::ActsFor(SlotLedger::ClassId id, Reason reason) const {
  if (!Acts(*limits, reason)) return false;
  return !IsOfClass(reason) || LimitsOf(id).enforce;
}

const ClassLimits& Engine::Impl::LimitsOf(SlotLedger::ClassId id) const {
  const auto at = std::find(class_ids.begin(), class_ids.end(), ledger.Resolve(id));
  return at == class_ids.end() ? limits->classes.back()
                               : limits->classes[static_cast<std::size_t>(at - class_ids.begin())];
}

bool Engine::Impl::Decide(bool acts, Reason reason, const Address& peer, std::string_view user,
                          std::string_view class_name, Time now, bool presses, bool of_protected,
                          ConnectionId id) {
  if (acts && presses && Presses(reason)) pressing.fetch_add(1, std::memory_order_relaxed);
  Decision d;
  d.at = now;
  d.reason = reason;
  d.enforced = acts;
  d.peer = peer;
  d.user = user;
  d.class_name = class_name;
  d.of_protected = of_protected;
  d.id = id;
  return decisions.Decide(d);
}

bool Engine::Impl::Decide(const Limits& l, Reason reason, const Ticket& t, Time now) {
  return Decide(Acts(l, reason), reason, t, now, /*presses=*/true);
}

bool Engine::Impl::Decide(bool acts, Reason reason, const Ticket& t, Time now, bool presses) {
  return Decide(acts, reason, t.peer, t.names.user(), t.names.class_name(), now, presses,
                t.IsProtected(), t.id);
}

// Whom the gate does not ban by itself.
bool Engine::Impl::IsSpared(const Limits& l, const Address& source) {
  return AnyTouches(l.source.never_ban, source) || AnyTouches(l.source.exempt, source) ||
         AnyTouches(l.proxies, source) || MeetsReserved(l, SourceNetwork(source));
}

// Holds no lock when called.
void Engine::Impl::Charge(const Blamed& who, Reason reason, Time now) {
  const LimitsPtr l = Snapshot();
  const Address& source = who.source;
  if (AnyTouches(l->proxies, source)) return;
  std::uint32_t live = 0;
  {
    Shard& shard = ShardOf(source);
    const std::lock_guard lock(shard.mutex);
    const auto entry = shard.sources.Find(source);
    if (shard.sources.TakeRefusal(entry, l->source.ban_after, now)) return;
    if (shard.sources.Good(entry) > 0) return;
    live = shard.sources.Live(entry);
  }
  BanSource(*l, who, Name(reason), /*logged_in_too=*/false, live > 0, now);
}

// What the gate decides by itself: never against never_ban, exempt, proxies and known-good sources.
void Engine::Impl::BanSource(const Limits& l, const Blamed& who, std::string_view why,
                             bool logged_in_too, bool here, Time now) {
  const Address& source = who.source;
  if (IsSpared(l, source)) return;
  const bool acts = Acts(l, Reason::kBanApplied);
  {
    const std::lock_guard lock(trust_mutex);
    if (known_good.IsKnownGoodSource(source)) return;
    // What was in flight when a ban began is no reason for the next.
    if (bans.IsBanned(source, now)) return;
    if (acts) bans.Escalate(source, l.source.ban, l.source.ban_max, why, now, who.proxied);
    if (acts) ban_version.fetch_add(1, std::memory_order_relaxed);
  }
  decisions.Tell(BanMade{.at = now, .source = source, .why = why, .enforced = acts});
  if (!acts) {
    Decide(false, Reason::kBanApplied, source, {}, {}, now);
  } else if (here) {
    EvictAllOf(SourceNetwork(source), logged_in_too, now);
  }
}

// Walks all tickets: a ban takes a hundred refusals to earn, or an operator.
std::size_t Engine::Impl::EvictAllOf(const Cidr& network, bool logged_in_too, Time now) {
  std::size_t evicted = 0;
  const Admission admission(*this, now);
  for (Ticket* t = tickets; t != nullptr; t = t->next) {
    if (!network.Contains(t->source()) || t->state == Ticket::State::kRefused) continue;
    const bool before_backend =
        t->state == Ticket::State::kPending || t->state == Ticket::State::kWaiting;
    if (!before_backend && !logged_in_too) continue;
    // An orphan's client is gone, or still reads what it asked for before its FIN: only the edge
    // knows, so it is told and not counted.
    if (t->state != Ticket::State::kOrphan) {
      Decide(true, Reason::kBanApplied, *t, now, /*presses=*/true);
    }
    if (before_backend) {
      LeavePending(*t);
      LeaveRoom(*t, now);
      t->state = Ticket::State::kRefused;
      t->refused = Reason::kBanApplied;
    }
    wakeups.Evicted(t->id, Reason::kBanApplied);
    ++evicted;
  }
  return evicted;
}

Engine::Engine(std::shared_ptr<const Limits> limits, EngineSecrets secrets, Wakeups& wakeups,
               DecisionSink& decisions)
    : impl_(std::make_unique<Impl>(std::move(limits), secrets, wakeups, decisions)) {}

Engine::~Engine() = default;

void Engine::Impl::Publish(std::shared_ptr<const Limits> next, Time now) {
  Impl& m = *this;
  const Impl::Admission admission(m, now);
  m.Configure(std::move(next));
  m.ban_version.fetch_add(1, std::memory_order_relaxed);  // which of them act may be another
  while (m.limits->pending.enforce && m.pending.size() > m.limits->pending.max) {
    const auto tag = m.pending.EvictOne();
    if (!tag) break;
    Ticket& t = TicketOf(*tag);
    m.Decide(true, Reason::kPendingEvicted, t, now, /*presses=*/true);
    t.pending = PendingBudget::kRefused;
    t.state = Ticket::State::kRefused;
    t.refused = Reason::kPendingEvicted;
    m.wakeups.Evicted(t.id, Reason::kPendingEvicted);
  }
  m.Serve(now);
}

std::shared_ptr<const Limits> Engine::limits() const { return impl_->Snapshot(); }

void Engine::Impl::Count(const Ticket& t, Reason reason, Time now) {
  Decide(true, reason, t, now, /*presses=*/true);
  if (IsOwnFault(reason)) Charge(Impl::Of(t), reason, now);
}

void Engine::Impl::Count(Reason reason, const Address& peer, Time now) {
  Decide(true, reason, peer, {}, {}, now);
  if (IsOwnFault(reason)) Charge({SourceOf(peer)}, reason, now);
}

bool Engine::Impl::Gate(const Ticket& t, Reason reason, Time now) {
  const Impl::LimitsPtr l = Snapshot();
  if (!Decide(*l, reason, t, now)) return false;
  // What only the level's deadline made late is charged to nobody.
  const bool by_level = reason == Reason::kPendingDeadline && DeadlineOf(t) < l->pending.deadline;
  if (IsOwnFault(reason) && !by_level) Charge(Impl::Of(t), reason, now);
  return true;
}

}  // namespace headgate
