// A command before it is passed on: what needs no waiting, and how it ends.
#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "policies/glance.h"
#include "policies/query_guard.h"

namespace headgate {
namespace {

// How much long data one statement may have where "auto" only knows what one packet may: it may
// have several parameters.
constexpr std::uint64_t kLongDataPackets = 4;
// What every MySQL and MariaDB starts with, where no monitor says better.
constexpr std::uint32_t kServersPrepared = 16382;
constexpr std::uint32_t kAutoPreparedShare = 4;

// Only ends something: there is nothing to be refused.
constexpr bool Frees(CommandKind c) {
  return c == CommandKind::kQuit || c == CommandKind::kCloseStatement;
}

// Of two limits; 0 is none.
template <typename T>
constexpr T LowerLimit(T a, T b) {
  return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b);
}

// COMMIT and its kind, and KILL: it frees what others wait for. Not where more hides behind it.
constexpr bool NeverDelayed(const StatementMark& m) {
  return (m.kind == StatementKind::kEnd || m.kind == StatementKind::kKill) && m.traits == 0;
}

}  // namespace

CommandVerdict QueryGuard::OnCommand(StatementBook& b, const Speaker& who,
                                     const CommandFacts& facts, Time now, const Rule*& bans) {
  if (b.pending->held || b.pending->command != facts.command) GiveUp(b);
  EndUpload(b, now);
  Refresh(b, who, now);
  const Call c = CallOf(b, who, now);
  b.active = now;
  PendingCommand& p = b.pending.Use();
  if (!p.asked) {
    p.asked = true;
    p.command = facts.command;
    p.in_transaction = facts.in_transaction;
    const Reason refused = AskBeforeText(c, facts);
    if (refused != Reason::kNone) return Refuse(c, refused);
  }
  if (const std::size_t look = Look(c, facts); look > 0) {
    CommandVerdict more{.kind = Kind::kMore};
    more.look = look;
    more.inspect = c.q.inspect;
    return more;
  }
  p.limited = p.command == CommandKind::kLongData || (RunsSql(p.command) && !NeverDelayed(p.mark));
  p.deadline = now + c.q.wait;
  if (p.limited && RunsSql(p.command)) {
    const Reason refused = PayRate(c);
    if (refused != Reason::kNone) return Refuse(c, refused);
  }
  if (!Frees(p.command)) {
    if (const auto verdict = AskRules(c, facts, bans)) return *verdict;
  }
  if (p.command == CommandKind::kCloseStatement && facts.prepared != nullptr) {
    CloseStatement(b, facts.unanswered);
  }
  return Proceed(c);
}

CommandVerdict QueryGuard::OnHeld(StatementBook& b, const Speaker& who, Time now) {
  if (!b.pending->held) return {.kind = Kind::kClose, .reason = Reason::kProtocolError};
  Refresh(b, who, now);
  return Proceed(CallOf(b, who, now));
}

Reason QueryGuard::AskBeforeText(const Call& c, const CommandFacts& facts) {
  const bool refused = (c.q.refuse_commands & BitOf(facts.command)) != 0;
  if (refused && !Frees(facts.command) && Breach(c, Reason::kCommandRefused)) {
    return Reason::kCommandRefused;
  }
  const std::uint64_t most = MostBytes(c.q, facts.command);
  const bool long_data = facts.command == CommandKind::kLongData;
  const std::uint64_t bytes = long_data ? std::max(facts.length, facts.long_data) : facts.length;
  if (most > 0 && bytes > most && Breach(c, Reason::kPacketTooLarge)) {
    return Reason::kPacketTooLarge;
  }
  if (most > 0 && c.q.Acts(Reason::kPacketTooLarge)) {
    c.b.pending.Use().packet_limit = most - (bytes - facts.length);  // long data adds up
  }
  // As the session follows no more answers than the book has places, this is never met there.
  if (c.b.running.full() && HasAnswer(facts.command)) return Reason::kStatementQueueFull;
  return facts.command == CommandKind::kPrepare ? AskPrepared(c) : Reason::kNone;
}

std::uint64_t QueryGuard::MostBytes(const EffectiveQuery& q, CommandKind command) const {
  const std::uint64_t packets = command == CommandKind::kLongData ? kLongDataPackets : 1;
  const std::uint64_t packet = max_packet_.load(std::memory_order_relaxed);
  return LowerLimit(q.packet, q.packet_auto ? packets * packet : 0);
}

// 0: as many as it likes.
std::uint32_t QueryGuard::MostPrepared(const EffectiveQuery& q, bool unknown) const {
  if (!q.prepared_per_source_auto || !unknown) return q.prepared_per_source;
  const std::uint32_t servers = max_prepared_.load(std::memory_order_relaxed);
  const std::uint32_t share = (servers > 0 ? servers : kServersPrepared) / kAutoPreparedShare;
  return LowerLimit(q.prepared_per_source, std::max(1U, share));
}

// Counts it as an open statement, of the session and of the source, unless it is refused.
Reason QueryGuard::AskPrepared(const Call& c) {
  StatementBook& b = c.b;
  if (c.q.prepared > 0 && b.prepared >= c.q.prepared && Breach(c, Reason::kPrepared)) {
    return Reason::kPrepared;
  }
  if (!b.source_account) {
    b.source_account = accounts_.Take(AccountTable::Scope::kSource, {}, c.who.source, {}, c.now);
  }
  const std::uint32_t most = MostPrepared(c.q, c.unknown);
  if (most == 0 || !b.source_account->AddPrepared(most)) {
    if (most > 0 && Breach(c, Reason::kPreparedPerSource)) return Reason::kPreparedPerSource;
    b.source_account->prepared.fetch_add(1, std::memory_order_relaxed);
  }
  ++b.prepared;
  b.pending.Use().prepared = true;
  return Reason::kNone;
}

// `unanswered`: its prepare may fail yet, and must not give it back again then.
void QueryGuard::CloseStatement(StatementBook& b, bool unanswered) {
  DropPrepared(b, 1);
  for (std::size_t i = b.running.size(); unanswered && i-- > 0;) {
    if (std::exchange(b.running[i].Use().prepared, false)) return;
  }
}

// Sets the pending command's mark and digest. Returns how much of the text it has to see for that;
// 0: it has seen enough.
std::size_t QueryGuard::Look(const Call& c, const CommandFacts& facts) {
  PendingCommand& p = c.b.pending.Use();
  if (!ShowsText(facts.command)) {
    if (facts.prepared != nullptr) p.mark = *facts.prepared;
  } else {
    const Glance glance =
        facts.glance != nullptr ? *facts.glance : LookAt(facts, c.q.inspect, std::span<char>{});
    p.mark = glance.mark;
    if (glance.look > 0) return glance.look;
  }
  if (p.mark.digest != 0 && RunsSql(facts.command)) FindDigest(c, facts);
  return 0;
}

void QueryGuard::FindDigest(const Call& c, const CommandFacts& facts) {
  PendingCommand& p = c.b.pending.Use();
  p.digest = digests_.Find(c.b.class_tag, p.mark.digest);
  if (p.digest) return;
  std::array<char, DigestTable::kKeptText> text;
  std::string_view known;  // of a statement prepared earlier the text is not there any more
  if (ShowsText(facts.command)) {
    known = facts.glance != nullptr ? facts.glance->text : LookAt(facts, c.q.inspect, text).text;
  }
  p.digest = digests_.Insert(c.b.limits->name, p.mark.digest, known, c.now);
  if (!p.digest) Tell(c, true, Reason::kDigestTableFull, p.mark.digest);
}

CommandVerdict QueryGuard::Refuse(const Call& c, Reason reason) {
  Tell(c, true, reason, c.b.pending->mark.digest);
  return TurnAway(c, reason, reason == Reason::kPacketTooLarge ? Kind::kClose : Kind::kRefuse);
}

// Already told.
CommandVerdict QueryGuard::TurnAway(const Call& c, Reason reason, Kind how,
                                    std::string_view message) {
  PendingCommand& p = c.b.pending.Use();
  if (p.digest) p.digest->OnRefused(c.now);
  c.b.limits->refused->fetch_add(1, std::memory_order_relaxed);
  // Nobody would read an ERR where no answer is due.
  CommandVerdict v{.kind = HasAnswer(p.command) ? how : Kind::kClose, .reason = reason};
  v.message = message;
  v.inspect = c.q.inspect;
  GiveUp(c.b);
  return v;
}

CommandVerdict QueryGuard::Pass(const Call& c, const BusyCharges& charges, Places taken) {
  StatementBook& b = c.b;
  PendingCommand& p = b.pending.Use();
  if (p.held) decisions_.Delayed(p.reason);
  CommandVerdict v;
  if (ShowsText(p.command)) v.mark = p.mark;
  FiguresOf(b).commands.fetch_add(1, std::memory_order_relaxed);
  v.inspect = c.q.inspect;
  v.result_limit = c.q.result;
  v.packet_limit = p.packet_limit;
  v.settle = c.q.idle_in_transaction > Duration::zero() && c.q.Acts(Reason::kIdleInTransaction);
  if (HasAnswer(p.command) || p.limited) {
    RunningCommand& r = HasAnswer(p.command) ? b.running.Push().Use() : b.upload.Use();
    r.command = p.command;
    r.counted = KeepsServerBusy(p.command);
    r.prepared = p.prepared;
    r.digest_place = (taken & PlaceBit(kDigestPlace)) != 0;
    r.mark = p.mark;
    r.digest = std::move(p.digest);
    r.passed = r.swept = c.now;
    r.charges = charges;
    b.places |= taken & static_cast<Places>(~PlaceBit(kDigestPlace));
    b.counted += r.counted ? 1 : 0;
    if (r.counted) FiguresOf(b).running.fetch_add(1, std::memory_order_relaxed);
  }
  p.prepared = false;  // open from now on
  GiveUp(b);
  b.told &= ~(BitOf(Reason::kIdle) | BitOf(Reason::kIdleInTransaction));
  b.wished &= ~(BitOf(Reason::kIdle) | BitOf(Reason::kIdleInTransaction));
  return v;
}

}  // namespace headgate
