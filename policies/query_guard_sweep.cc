// What runs too long, answers too much, is wanted by nobody, or does nothing.
#include <algorithm>
#include <chrono>
#include <optional>

#include "policies/query_guard.h"

namespace headgate {
namespace {

using End = SweepVerdict::Kind;

constexpr Duration kSitting = std::chrono::seconds(5);
// Between two pieces of a text that the engine wants to see more of.
constexpr Duration kTextComes = std::chrono::seconds(1);

// Does the server's work for a statement.
bool Works(const RunningCommand& r) { return r.counted || r.command == CommandKind::kFetch; }

// (Of several statements in one, all.)
bool MarkOnlyReads(const StatementMark& m) {
  return m.kind == StatementKind::kSelect || m.kind == StatementKind::kShow ||
         m.kind == StatementKind::kSet;
}

// Nothing is lost when it is killed, or dropped with what runs before it.
bool LosesNothing(const RunningCommand& r) {
  constexpr CommandSet kHarmless =
      BitOf(CommandKind::kPrepare) | BitOf(CommandKind::kFetch) | BitOf(CommandKind::kPing) |
      BitOf(CommandKind::kResetStatement) | BitOf(CommandKind::kResetConnection) |
      BitOf(CommandKind::kSetOption) | BitOf(CommandKind::kInitDb) |
      BitOf(CommandKind::kFieldList) | BitOf(CommandKind::kStatistics) |
      BitOf(CommandKind::kProcessInfo);
  return (kHarmless & BitOf(r.command)) != 0 || (r.counted && MarkOnlyReads(r.mark));
}

bool HasDeadline(const StatementMark& m, bool all) {
  if (MarkOnlyReads(m)) return true;
  return all && m.kind != StatementKind::kEnd && m.kind != StatementKind::kKill;
}

}  // namespace

SweepVerdict QueryGuard::OnSweep(StatementBook& b, const Speaker& who, const SweepFacts& facts,
                                 Time now) {
  Refresh(b, who, now);
  const Call c = CallOf(b, who, now);
  const Duration still = StandsStillFor(b, facts.client_silent, now);
  const bool stands = still > Duration::zero();
  ChargeOverrun(b, facts.lock_wait || stands, now);
  if (facts.client_gone) {
    GiveUp(b);
    return AskOrphan(c, facts.can_kill);
  }
  std::optional<Duration> idle;
  if (stands || IsQuiet(b)) idle = stands ? still : now - b.active;
  if (who.reclaim) {
    if (const SweepVerdict v = AskReclaim(c, idle, facts.can_kill); v.kind != End::kNone) return v;
  }
  const Duration stalled = std::max(facts.client_blocked, still);
  if (const SweepVerdict v = AskStalled(c, stalled); v.kind != End::kNone) return v;
  return idle ? AskIdle(c, *idle) : AskRunning(c, facts);
}

// Of the oldest; `waits`: for a lock, or for the rest of it from its client.
void QueryGuard::ChargeOverrun(StatementBook& b, bool waits, Time now) {
  if (IsQuiet(b)) return;
  RunningCommand& r = b.running.empty() ? b.upload.Use() : b.running.front().Use();
  if (waits) r.waited += std::max(now - std::max(r.swept, b.last_end), Duration::zero());
  r.swept = now;
  const Duration used = RunFor(b, r, now);
  for (std::size_t i = 0; i < kScopes; ++i) {
    Duration& charged = r.charges.charged[i];
    if (BusyBudget::Off(r.charges.rate[i]) || used <= charged) continue;
    charged = b.accounts[i]->busy.Overrun(r.charges.rate[i], charged, used, now);
  }
}

// Once each: told when it is carried out; counted as wished where that is not done.
bool QueryGuard::Give(const Call& c, QueryReasons& told, QueryReasons& wished, Reason reason,
                      bool can) {
  if ((told & BitOf(reason)) != 0) return false;
  const std::uint64_t digest = c.b.running.empty() ? 0 : c.b.running.front()->mark.digest;
  if (can && c.q.Acts(reason)) {
    told |= BitOf(reason);
    return Tell(c, true, reason, digest);
  }
  if ((wished & BitOf(reason)) == 0) Tell(c, false, reason, digest);
  wished |= BitOf(reason);
  return false;
}

SweepVerdict QueryGuard::AskOrphan(const Call& c, bool can_kill) {
  StatementBook& b = c.b;
  if (b.running.empty() || !Works(*b.running.front())) return {};
  bool loses_nothing = true;
  for (std::size_t i = 0; i < b.running.size(); ++i) loses_nothing &= LosesNothing(*b.running[i]);
  if (!loses_nothing && level_.load(std::memory_order_relaxed) == Level::kCalm) return {};
  if (!Give(c, b.told, b.wished, Reason::kOrphanKilled, can_kill)) return {};
  return {End::kKillOrphan, Reason::kOrphanKilled};
}

SweepVerdict QueryGuard::AskRunning(const Call& c, const SweepFacts& facts) {
  if (c.b.running.empty()) return {};
  RunningCommand& r = c.b.running.front().Use();
  if (!Works(r)) return {};
  const Duration runs = c.now - std::max(r.passed, c.b.last_end);
  if (c.q.deadline > Duration::zero() && runs >= c.q.deadline && HasDeadline(r.mark, c.q.all) &&
      Give(c, r.told, r.wished, Reason::kQueryDeadline, facts.can_kill)) {
    return {End::kKillQuery, Reason::kQueryDeadline};
  }
  if (c.q.result > 0 && facts.answer_bytes > c.q.result &&
      Give(c, r.told, r.wished, Reason::kResultSize, facts.can_kill)) {
    return {End::kKillQuery, Reason::kResultSize};
  }
  return {};
}

// An idle session ends, and one that sits in a transaction for a while: BEGIN keeps no slot. One
// that only borrowed it ends in any transaction, and what it runs is killed where nothing is lost
// by that: then it is asked again.
SweepVerdict QueryGuard::AskReclaim(const Call& c, std::optional<Duration> idle, bool can_kill) {
  StatementBook& b = c.b;
  if (b.pending->held) return {};  // the gate keeps it waiting
  if (idle && b.pending->asked && *idle < kTextComes) return {};
  if (idle && b.in_transaction && !c.who.lent && *idle < kSitting) return {};
  if (idle || (b.running.empty() && c.who.lent)) {
    if (!Give(c, b.told, b.wished, Reason::kReclaimed, true)) return {};
    return {End::kClose, Reason::kReclaimed};
  }
  if (b.running.empty()) return {};
  RunningCommand& r = b.running.front().Use();
  if (!c.who.lent || !can_kill || !Works(r) || !LosesNothing(r)) return {};
  if (!Give(c, r.told, r.wished, Reason::kReclaimed, true)) return {};
  return {End::kKillQuery, Reason::kReclaimed};
}

SweepVerdict QueryGuard::AskStalled(const Call& c, Duration stalled) {
  StatementBook& b = c.b;
  if (c.q.stalled_read <= Duration::zero() || stalled < c.q.stalled_read) {
    b.told &= ~BitOf(Reason::kStalledRead);
    b.wished &= ~BitOf(Reason::kStalledRead);
    return {};
  }
  if (!Give(c, b.told, b.wished, Reason::kStalledRead, true)) return {};
  return {End::kClose, Reason::kStalledRead};
}

SweepVerdict QueryGuard::AskIdle(const Call& c, Duration idle) {
  StatementBook& b = c.b;
  if (b.pending->held) return {};  // the gate keeps it waiting
  const auto over = [&](Duration limit) { return limit > Duration::zero() && idle >= limit; };
  if (b.in_transaction && over(c.q.idle_in_transaction) &&
      Give(c, b.told, b.wished, Reason::kIdleInTransaction, true)) {
    return {End::kClose, Reason::kIdleInTransaction};
  }
  if (over(c.q.idle) && Give(c, b.told, b.wished, Reason::kIdle, true)) {
    return {End::kClose, Reason::kIdle};
  }
  return {};
}

}  // namespace headgate
