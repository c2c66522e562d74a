// The command phase: what the guard is told about a connection, and what its verdicts mean for the
// connection's source.
#include <string>

#include "policies/engine_impl.h"

namespace headgate {

Speaker Engine::Impl::SpeakerOf(const Ticket& t) {
  Speaker who;
  who.peer = t.peer;
  who.source = t.source;
  who.user = t.user;
  who.class_name = t.class_name;
  who.database = t.database;
  who.known = t.trusted || t.known_source || t.exempt;
  return who;
}

CommandVerdict Engine::OnCommand(Ticket& t, const CommandFacts& facts, Time now) {
  Impl& m = *impl_;
  const Rule* bans = nullptr;
  const CommandVerdict v = m.guard.OnCommand(t.book, Impl::SpeakerOf(t), facts, now, bans);
  if (bans != nullptr) {
    const Impl::LimitsPtr limits = m.Snapshot();
    m.BanSource(*limits, t.source, "rule " + bans->name, /*logged_in_too=*/true, /*here=*/true,
                now);
  }
  return v;
}

CommandVerdict Engine::OnHeld(Ticket& t, Time now) {
  return impl_->guard.OnHeld(t.book, Impl::SpeakerOf(t), now);
}

void Engine::OnAnswer(Ticket& t, const AnswerFacts& facts, Time now) {
  const bool statement = facts.command == CommandKind::kQuery ||
                         facts.command == CommandKind::kExecute ||
                         facts.command == CommandKind::kBulkExecute;
  impl_->guard.OnAnswer(t.book, facts, now);
  if (statement && !facts.error) OnStatementCompleted(t, now);
}

SweepVerdict Engine::OnSweep(Ticket& t, const SweepFacts& facts, Time now) {
  return impl_->guard.OnSweep(t.book, Impl::SpeakerOf(t), facts, now);
}

StatementLimit Engine::LimitOf(const Ticket& t) const { return impl_->guard.LimitOf(t.class_name); }

void Engine::OnServerFacts(const ServerFacts& facts, Time) { impl_->guard.OnServerFacts(facts); }

std::vector<DigestRow> Engine::Digests(std::size_t limit, Time) const {
  return impl_->guard.Digests(limit);
}

}  // namespace headgate
