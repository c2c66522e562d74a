// The command phase: what the guard is told about a connection, and what its verdicts mean for the
// connection's source.
#include <memory>
#include <string>

#include "policies/engine_impl.h"

namespace headgate {
namespace {

// For those who look for a slot to call back: no lock, two stores a command. Changing the user is
// no work: whoever did nothing before it has been idle since then.
void NoteIdle(Ticket& t, const StatementBook& b, CommandKind command, Time now) {
  const bool idle = IsQuiet(b) && !b.pending->held;
  if (t.in_transaction.load(std::memory_order_relaxed) != b.in_transaction) {
    t.in_transaction.store(b.in_transaction, std::memory_order_relaxed);
  }
  if (command == CommandKind::kChangeUser) return;
  t.idle_since.store(idle ? Ns(now) : Ticket::kBusy, std::memory_order_relaxed);
}

// Whoever stops in the middle of a command is idle as well.
void NoteStandstill(Ticket& t, Duration still, Time now) {
  const bool idle = still > Duration::zero();
  t.idle_since.store(idle ? Ns(now - still) : Ticket::kBusy, std::memory_order_relaxed);
}

}  // namespace

StatementBook& Engine::Impl::BookOf(Ticket& t) {
  if (t.book == nullptr) t.book = std::make_unique<StatementBook>(t.id.thread);
  return *t.book;
}

Speaker Engine::Impl::SpeakerOf(const Ticket& t) {
  Speaker who;
  who.peer = t.peer;
  who.source = t.source();
  who.id = t.id;
  who.user = t.names.user();
  who.class_name = t.names.class_name();
  who.database = t.names.database();
  who.of_protected = t.IsProtected();
  who.known = t.trusted.load(std::memory_order_relaxed) || t.known_source || t.exempt;
  const Ticket::Reclaim reclaim = t.reclaim.load(std::memory_order_relaxed);
  who.reclaim = reclaim != Ticket::Reclaim::kNo;
  who.lent = reclaim == Ticket::Reclaim::kLent;
  return who;
}

CommandVerdict Engine::Impl::OnCommand(Ticket& t, const CommandFacts& facts, Time now) {
  Impl& m = *this;
  if (m.EndsWanted(t, facts.command, now)) {
    return {.kind = CommandVerdict::Kind::kClose, .reason = Reason::kReclaimed};
  }
  const Rule* banning = nullptr;
  StatementBook& book = BookOf(t);
  const CommandVerdict v = m.guard.OnCommand(book, Impl::SpeakerOf(t), facts, now, banning);
  if (v.kind != CommandVerdict::Kind::kMore) NoteIdle(t, book, facts.command, now);
  if (banning != nullptr) {
    const Impl::LimitsPtr l = m.Snapshot();
    m.BanSource(*l, Impl::Of(t), "rule " + banning->name, /*logged_in_too=*/true, /*here=*/true,
                now);
  }
  return v;
}

// Who borrowed a slot that is wanted back begins nothing new with it: else a busy one would never
// be met idle. Nor does anybody change the user on a slot that is wanted back.
bool Engine::Impl::EndsWanted(Ticket& t, CommandKind command, Time now) {
  const Ticket::Reclaim reclaim = t.reclaim.load(std::memory_order_relaxed);
  const bool changes = reclaim == Ticket::Reclaim::kIdle && command == CommandKind::kChangeUser;
  if (reclaim != Ticket::Reclaim::kLent && !changes) return false;
  const StatementBook& book = BookOf(t);
  if (!book.running.empty() || book.pending->asked) return false;
  return Decide(Acts(*Snapshot(), Reason::kReclaimed), Reason::kReclaimed, t, now, false);
}

CommandVerdict Engine::Impl::OnHeld(Ticket& t, Time now) {
  StatementBook& book = BookOf(t);
  const CommandKind command = book.pending->command;
  const CommandVerdict v = guard.OnHeld(book, Impl::SpeakerOf(t), now);
  NoteIdle(t, book, command, now);
  return v;
}

void Engine::Impl::OnAnswer(Ticket& t, const AnswerFacts& facts, Time now) {
  const bool statement = facts.command == CommandKind::kQuery ||
                         facts.command == CommandKind::kExecute ||
                         facts.command == CommandKind::kBulkExecute;
  StatementBook& book = BookOf(t);
  guard.OnAnswer(book, facts, now);
  NoteIdle(t, book, facts.command, now);
  if (statement && !facts.error) OnStatementCompleted(t, now);
}

SweepVerdict Engine::Impl::OnSweep(Ticket& t, const SweepFacts& facts, Time now) {
  if (t.state == Ticket::State::kReauth) {  // nothing is lost by its end
    if (!IsWantedBack(t, now)) return {};
    return {SweepVerdict::Kind::kClose, Reason::kReclaimed};
  }
  StatementBook& book = BookOf(t);
  const SweepVerdict v = guard.OnSweep(book, Impl::SpeakerOf(t), facts, now);
  if (!IsQuiet(book)) NoteStandstill(t, StandsStillFor(book, facts.client_silent, now), now);
  // It is busy again: another one's slot is wanted, then.
  if (v.kind == SweepVerdict::Kind::kNone) {
    Ticket::Reclaim idle = Ticket::Reclaim::kIdle;
    t.reclaim.compare_exchange_strong(idle, Ticket::Reclaim::kNo, std::memory_order_relaxed);
  }
  return v;
}

// Counted: it ends by that.
bool Engine::Impl::IsWantedBack(const Ticket& t, Time now) {
  return t.reclaim.load(std::memory_order_relaxed) != Ticket::Reclaim::kNo &&
         Decide(Acts(*Snapshot(), Reason::kReclaimed), Reason::kReclaimed, t, now, false);
}

StatementLimit Engine::LimitOf(const Ticket& t) const {
  return impl_->guard.LimitOf(t.names.class_name());
}

std::vector<DigestRow> Engine::Digests(std::size_t limit, Time) const {
  return impl_->guard.Digests(limit);
}

}  // namespace headgate
