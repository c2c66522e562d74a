// What every step shares: the snapshot, accounts, counting, and giving back.
#include "policies/query_guard.h"

#include <algorithm>
#include <utility>

namespace headgate {

using Scope = AccountTable::Scope;

QueryGuard::QueryGuard(KeyedHash hash, std::uint32_t digests, const std::atomic<Level>& level,
                       Wakeups& wakeups, Decisions& decisions)
    : decisions_(decisions),
      level_(level),
      accounts_(hash),
      digests_(hash, digests),
      queue_(hash, wakeups) {}

void QueryGuard::Publish(const std::shared_ptr<const Limits>& limits) {
  const std::uint64_t next = version_.load(std::memory_order_relaxed) + 1;
  auto snapshot =
      std::make_shared<const QuerySnapshot>(limits, next, rule_counters_, class_counters_);
  {
    const std::lock_guard lock(snapshot_mutex_);
    snapshot_ = std::move(snapshot);
  }
  version_.store(next, std::memory_order_release);
}

void QueryGuard::OnServerFacts(const ServerFacts& facts) {
  max_packet_.store(facts.max_allowed_packet, std::memory_order_relaxed);
  max_prepared_.store(facts.max_prepared_stmt_count, std::memory_order_relaxed);
}

QueryGuard::SnapshotPtr QueryGuard::Snapshot() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

// Brings the book up to date with what was published. Accounts of another class are only taken
// while nothing is counted in the old ones.
void QueryGuard::Refresh(StatementBook& b, const Speaker& who, Time now) {
  const bool current =
      b.snapshot != nullptr && b.snapshot->version == version_.load(std::memory_order_acquire);
  if (current && b.leased) return;
  if (!current) {
    b.snapshot = Snapshot();
    b.limits = &b.snapshot->ClassOf(who.class_name);
    b.class_tag = digests_.TagOf(b.limits->name);
    b.leased = false;
  }
  if (b.leased_tag != b.class_tag) {
    if (!b.running.empty() || b.upload->counted || b.pending->held) return;
    b.accounts = {};
    b.leased_tag = b.class_tag;
  }
  LeaseAccounts(b, who, now);
  b.leased = true;
}

void QueryGuard::LeaseAccounts(StatementBook& b, const Speaker& who, Time now) {
  constexpr std::array<Scope, kScopes> kScope = {Scope::kSourceInClass, Scope::kUserInClass,
                                                 Scope::kClass};
  for (std::size_t i = 0; i < kScopes; ++i) {
    if (!b.limits->needs_account[i] || b.accounts[i]) continue;
    b.accounts[i] = accounts_.Take(kScope[i], b.limits->name, who.source, who.user, now);
  }
}

QueryGuard::Call QueryGuard::CallOf(StatementBook& b, const Speaker& who, Time now) const {
  const bool unknown = IsUnknown(*b.limits, who);
  return {b, who, now, Binding(*b.limits, unknown), unknown};
}

const EffectiveQuery& QueryGuard::Binding(const QuerySnapshot::Class& c, bool unknown) const {
  const Level level = unknown ? level_.load(std::memory_order_relaxed) : Level::kCalm;
  return c.squeezed[static_cast<std::size_t>(level)];
}

// Counts and tells one decision about the pending command, or the sweep's; returns `acts`.
bool QueryGuard::Tell(const Call& c, bool acts, Reason reason, std::uint64_t digest,
                      std::string_view rule) {
  Decision d;
  d.at = c.now;
  d.reason = reason;
  d.enforced = acts;
  d.peer = c.who.peer;
  d.user = c.who.user;
  d.class_name = c.b.limits->name;
  d.digest = digest;
  d.rule = rule;
  d.of_protected = c.who.of_protected;
  return decisions_.Decide(d);
}

// The pending command is over a limit. True: that is carried out, and counted where it is. Else
// counted once for this command.
bool QueryGuard::Breach(const Call& c, Reason reason) {
  if (c.q.Acts(reason)) return true;
  PendingCommand& p = c.b.pending.Use();
  if ((p.told & BitOf(reason)) == 0) Tell(c, false, reason, p.mark.digest, {});
  p.told |= BitOf(reason);
  return false;
}

void QueryGuard::DropPrepared(StatementBook& b, std::uint32_t n) {
  n = std::min(n, b.prepared);
  b.prepared -= n;
  if (n > 0) b.source_account->DropPrepared(n);
}

// Forgets the pending command and what it holds.
void QueryGuard::GiveUp(StatementBook& b) {
  const PendingCommand& p = *b.pending;
  b.waiter = nullptr;
  if (p.prepared) DropPrepared(b, 1);
  if (p.held) FiguresOf(b).held.fetch_sub(1, std::memory_order_relaxed);
  b.pending.Reset();
}

std::size_t QueryGuard::InspectOf(const Speaker& who) const {
  const SnapshotPtr snapshot = Snapshot();
  const QuerySnapshot::Class& c = snapshot->ClassOf(who.class_name);
  return Binding(c, IsUnknown(c, who)).inspect;
}

void QueryGuard::OnLoginOk(StatementBook& b, Time now) {
  End(b, now);
  b.last_end = b.active = now;
}

void QueryGuard::OnClientGone(StatementBook& b) { GiveUp(b); }

void QueryGuard::End(StatementBook& b, Time now) {
  GiveUp(b);
  while (!b.running.empty()) {
    Settle(b, b.running.front().Use(), now);
    b.running.Pop();
  }
  EndUpload(b, now);
  DropPrepared(b, b.prepared);
  b.accounts = {};
  b.source_account = {};
  b.leased = false;
  b.leased_tag = 0;
  b.snapshot = nullptr;
  b.limits = nullptr;
  b.in_transaction = false;
  b.told = b.wished = 0;
}

StatementLimit QueryGuard::LimitOf(std::string_view class_name) const {
  const SnapshotPtr snapshot = Snapshot();
  const EffectiveQuery& q = snapshot->ClassOf(class_name).own;
  if (!q.Acts(Reason::kQueryDeadline)) return {};
  return {q.deadline, q.all};
}

void QueryGuard::ReadStatus(EngineStatus& s) const {
  std::int64_t running = 0, held = 0;
  for (const Figures& f : figures_) {
    running += f.running.load(std::memory_order_relaxed);
    held += f.held.load(std::memory_order_relaxed);
    s.commands += f.commands.load(std::memory_order_relaxed);
    s.statement_errors += f.errors.load(std::memory_order_relaxed);
    s.request_bytes += f.request_bytes.load(std::memory_order_relaxed);
    s.answer_bytes += f.answer_bytes.load(std::memory_order_relaxed);
  }
  s.statements_running = static_cast<std::uint32_t>(std::max<std::int64_t>(running, 0));
  s.statements_held = static_cast<std::uint32_t>(std::max<std::int64_t>(held, 0));
  s.latency.statement = statement_time_.Read();
  s.digests = digests_.size();
  s.digests_max = digests_.capacity();
  const SnapshotPtr snapshot = Snapshot();
  for (ClassStatus& c : s.classes) {
    const QuerySnapshot::Class& mine = snapshot->ClassOf(c.name);
    if (mine.name == c.name) c.refused_commands = mine.refused->load(std::memory_order_relaxed);
  }
  for (std::size_t i = 0; i < snapshot->rule_counts.size(); ++i) {
    const RuleCounts& counts = *snapshot->rule_counts[i];
    s.rules.push_back({snapshot->limits->rules[i].name,
                       counts.acted.load(std::memory_order_relaxed),
                       counts.would_act.load(std::memory_order_relaxed)});
  }
}

}  // namespace headgate
