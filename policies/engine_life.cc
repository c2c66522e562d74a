// From the server's answer to the end of the slot, and the work that is due by time.
#include <algorithm>

#include "policies/engine_impl.h"

namespace headgate {
namespace {

constexpr Duration kHousekeeping = std::chrono::seconds(1);
constexpr Duration kSoon = std::chrono::milliseconds(1);
constexpr std::uint32_t kExpireAtOnce = 64;  // entries of a table, per tick

using State = Ticket::State;

}  // namespace

// One that started under a penalty says nothing new.
void Engine::Impl::OnSlowLogin(const Ticket& t, Time now) {
  if (!t.RanksAsKnownGood()) return;
  {
    const std::lock_guard lock(trust_mutex);
    if (!known_good.OnSlowLogin(t.pair(), now)) return;
  }
  const Admission admission(*this, now);
  LoseTier(t.pair(), now);
}

// Of those that wait already. Walks all tickets: once a penalty.
void Engine::Impl::LoseTier(const PairKey& pair, Time now) {
  for (Ticket* t = tickets; t != nullptr; t = t->next) {
    const bool waits = t->state == State::kWaiting && t->place != WaitingRoom::kNowhere;
    if (!waits || !t->RanksAsKnownGood() || t->pair() != pair) continue;
    room.Leave(t->place);
    t->slow = true;
    t->tier = WaitingRoom::Tier::kOther;
    EnterRoom(*t, now);
  }
}

void Engine::Impl::OnLoginOk(Ticket& t, Time now) {
  Impl& m = *this;
  const PairKey before = t.proven();
  bool first = false;  // no change of the user
  {
    const Impl::Admission admission(m, now);
    if (t.state != State::kLogin && t.state != State::kReauth) {
      t.lane.reset();  // the client left meanwhile
      m.Serve(now);
      return;
    }
    first = t.state == State::kLogin;
    t.lane.reset();
    t.slot.Prove();
    t.state = State::kIn;
    t.proven_user = t.claimed_user;
    t.trusted.store(t.known_good, std::memory_order_relaxed);
    if (first) t.idle_since.store(Ns(now), std::memory_order_relaxed);
    t.in_transaction.store(false, std::memory_order_relaxed);
    m.lane.ramp.OnLoginOk();
    m.Serve(now);
  }
  if (before != t.pair()) {
    t.minute.store(INT64_MIN, std::memory_order_relaxed);
    m.DropCounted(t, before);
  }
  m.logins_ok.fetch_add(1, std::memory_order_relaxed);
  if (first) m.login_time.Add(t.id.thread, now - t.came);
  m.guard.OnLoginOk(m.BookOf(t), now);
  {
    const std::lock_guard lock(m.trust_mutex);
    if (m.pairs.size() > 0) m.pairs.OnSuccess(t.pair());
  }
  if (t.good) return;
  Impl::Shard& shard = m.ShardOf(t.source());
  const std::lock_guard lock(shard.mutex);
  shard.sources.AddGood(t.entry);
  t.good = true;
}

void Engine::Impl::OnLoginFailed(Ticket& t, LoginFailure how, Time now) {
  Impl& m = *this;
  m.logins_failed.fetch_add(1, std::memory_order_relaxed);
  {
    const Impl::Admission admission(m, now);
    t.lane.reset();
    if (t.state == State::kLogin || t.state == State::kReauth) t.state = State::kFailed;
    if (how == LoginFailure::kBackendFull && t.slot.held() && !t.slot.former()) {
      m.ledger.OnBackendFull(now);
    }
    const bool server_failed =
        how == LoginFailure::kBackendFull || how == LoginFailure::kUnreachable;
    if (server_failed && !t.slot.former()) {
      m.lane.ramp.OnServerFailed();
    }
    m.Serve(now);
  }
  m.DropGood(t);
  switch (how) {
    case LoginFailure::kAccessDenied: {
      const Impl::LimitsPtr l = m.Snapshot();
      const std::lock_guard lock(m.trust_mutex);
      m.pairs.OnFailure(t.pair(), l->login, now);
      break;
    }
    case LoginFailure::kStalled:
    case LoginFailure::kMalformed:
      break;
    case LoginFailure::kServerError:
    case LoginFailure::kHealthCheck:
    case LoginFailure::kClientGone:
    case LoginFailure::kBackendFull:
    case LoginFailure::kUnreachable:
    case LoginFailure::kBackendRefused:
      return;  // nobody's fault
  }
  m.Charge(Impl::Of(t),
           how == LoginFailure::kAccessDenied ? Reason::kLoginFailed : Reason::kLoginDeadline, now);
}

void Engine::Impl::OnStatementCompleted(Ticket& t, Time now) {
  const std::int64_t minute = KnownGood::MinuteOf(now);
  if (t.minute.load(std::memory_order_relaxed) == minute) return;
  t.minute.store(minute, std::memory_order_relaxed);
  if (!t.good) return;
  Impl& m = *this;
  const Impl::LimitsPtr l = m.Snapshot();
  const std::lock_guard lock(m.trust_mutex);
  // Also while elevated: who is new would stay a stranger, and so keep the level up, for ever. What
  // is earned then takes nothing from who is older.
  const bool earns = m.acting_level.load(std::memory_order_relaxed) != Level::kAttack;
  m.known_good.OnStatement(t.proven(), l->known_good, now, earns, /*first=*/!t.counted);
  t.counted = true;
  t.trusted.store(m.known_good.IsKnownGood(t.proven()), std::memory_order_relaxed);
}

void Engine::Impl::OnClientGone(Ticket& t, Time now) {
  Impl& m = *this;
  bool holds = false;
  {
    const Impl::Admission admission(m, now);
    if (t.slot.held()) {
      t.slot.Orphan();
      t.state = State::kOrphan;
      holds = true;
    }
  }
  m.DropGood(t);
  if (t.book != nullptr) m.guard.OnClientGone(*t.book);
  if (!holds) m.GiveBack(t, now, false);
}

void Engine::Impl::OnBackendEnded(Ticket& t, Time now) { GiveBack(t, now, false); }

void TicketDeleter::operator()(Ticket* t) const {
  t->engine.Forget(*t);
  delete t;
}

// Everything the ticket holds; what is free then goes to those who wait. May be called again.
// Without a time of its own (a deleter) it goes by the last the engine heard.
void Engine::Impl::GiveBack(Ticket& t, std::optional<Time> now, bool for_good) {
  Time at = now.value_or(Time::min());
  if (t.linked) {
    const Admission admission(*this, at);
    at = now.value_or(latest);
    LeavePending(t);
    LeaveRoom(t, at);
    const bool freed = t.slot.held() || t.lane != nullptr;
    t.lane.reset();
    t.slot.Release();
    if (t.prefix != PrefixCounts::kUncounted) prefixes.Drop(t.prefix);
    t.prefix = PrefixCounts::kUncounted;
    t.state = State::kRefused;
    if (freed) Serve(at);
    if (for_good) Unlink(t);
  }
  if (t.book != nullptr) guard.End(*t.book, at);
  DropGood(t);
  DropCounted(t, t.proven());
  if (!t.live) return;
  t.live = false;
  Shard& shard = ShardOf(t.source());
  const std::lock_guard lock(shard.mutex);
  shard.sources.DropLive(t.entry);
}

void Engine::Impl::DropGood(Ticket& t) {
  if (!t.good) return;
  t.good = false;
  Shard& shard = ShardOf(t.source());
  const std::lock_guard lock(shard.mutex);
  shard.sources.DropGood(t.entry);
}

// No session of this pair any more.
void Engine::Impl::DropCounted(Ticket& t, const PairKey& pair) {
  if (!t.counted) return;
  t.counted = false;
  const std::lock_guard lock(trust_mutex);
  known_good.OnSessionEnded(pair);
}

void Engine::Impl::Link(Ticket& t) {
  t.next = tickets;
  if (tickets != nullptr) tickets->previous = &t;
  tickets = &t;
  ++ticket_count;
  t.linked = true;
}

void Engine::Impl::Unlink(Ticket& t) {
  (t.previous == nullptr ? tickets : t.previous->next) = t.next;
  if (t.next != nullptr) t.next->previous = t.previous;
  --ticket_count;
  t.linked = false;
}

Time Engine::Impl::OnTick(Time now) {
  Impl& m = *this;
  const Impl::LimitsPtr l = m.Snapshot();
  Time next = now + kHousekeeping;
  if (now >= m.stakes_due.load(std::memory_order_relaxed)) m.RenewStakes(now);
  if (now >= m.shared_due.load(std::memory_order_relaxed)) m.LookForSharedAddress(now);
  {
    const Impl::Admission admission(m, now);
    m.ledger.Recover(now);
    m.lane.ramp.Tick(now);
    m.pressure.OnRefusals(m.pressing.load(std::memory_order_relaxed), now);
    m.pressure.OnTick(now);
    m.NoteLevel(now);
    m.Serve(now);
    m.ExpireWaiting(now);
    next = std::min({next, m.room.NextEvent(), m.ledger.NextRecovery()});
    if (m.room.queued() > 0) next = std::min(next, std::max(m.lane.NextToken(now), now + kSoon));
  }
  {
    const std::lock_guard lock(m.trust_mutex);
    m.bans.Expire(now);
    m.pairs.Expire(l->login, now, kExpireAtOnce);
  }
  m.guard.Expire(now);
  const auto i = m.next_shard_to_expire.fetch_add(1, std::memory_order_relaxed);
  Impl::Shard& shard = *m.shards[i % Impl::kShards];
  const std::lock_guard lock(shard.mutex);
  shard.sources.Expire(now, kExpireAtOnce);
  shard.handshakes.Expire(now, kExpireAtOnce);
  return next;
}

}  // namespace headgate
