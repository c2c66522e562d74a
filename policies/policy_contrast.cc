#include "policies/policy_contrast.h"

#include <algorithm>

#include "policies/engine_call.h"

namespace headgate {
namespace {

using What = Outcome::What;

}  // namespace

ContrastCounts::Cell ContrastCounts::Sum(How how, Whose whose) const {
  Cell sum;
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const Cell& c = At(static_cast<Reason>(i), how, whose);
    sum.all += c.all;
    sum.of_protected += c.of_protected;
  }
  return sum;
}

bool IsOfLimit(Reason r) {
  const bool of_admission = r >= Reason::kBanned && r <= Reason::kLoginDeadline;
  const bool of_statements = r >= Reason::kCommandRefused && r <= Reason::kOrphanKilled;
  return of_admission || of_statements || r == Reason::kTlsRate ||
         r == Reason::kChangeUserRefused || r == Reason::kBanApplied;
}

// What ends a whole connection, and what only a statement.
PolicyContrast::To PolicyContrast::ToWhat(Reason r) {
  switch (r) {
    case Reason::kPacketTooLarge:
    case Reason::kIdle:
    case Reason::kIdleInTransaction:
    case Reason::kStalledRead:
    case Reason::kReclaimed:
      return To::kConnection;
    default:
      return IsAboutStatement(r) ? To::kStatement : To::kConnection;
  }
}

PolicyContrast::Connection* PolicyContrast::Find(ConnectionId id) {
  const auto it = connections_.find(Key(id.thread, id.serial));
  return it == connections_.end() ? nullptr : &it->second;
}

void PolicyContrast::Before(const EngineEvent& event, const Told& told) {
  latest_ = std::max(latest_, event.at);
  if (Is<event::Accepted>(event) && connections_.size() < kMostConnections) {
    connections_.try_emplace(Key(event.id.thread, event.id.serial));
  }
  // The next statement: what the candidate did to the last one the live policy did not.
  if (!Is<event::Command>(event) || told.Is(CommandVerdict::Kind::kMore)) return;
  Connection* const c = Find(event.id);
  if (c == nullptr) return;
  Act& act = c->open[static_cast<std::size_t>(To::kStatement)];
  if (act.number != 0 && act.whose == Whose::kCandidate) Settle(To::kStatement, act);
  c->stopped = false;
}

void PolicyContrast::After(const EngineEvent& event, const Told& told) {
  if (Connection* const c = Find(event.id); c != nullptr) {
    c->of_protected = c->of_protected || told.of_protected;
  }
  for (const Decided& d : told.decided) OnLive(event, told, d);
  for (const Wakeup& w : told.woke) {
    Connection* const c = w.kind == Wakeup::Kind::kAdmitted ? Find(w.id) : nullptr;
    if (c == nullptr || c->queued == Reason::kNone) continue;
    Note(Whose::kLive, w.id, To::kLogin, std::exchange(c->queued, Reason::kNone), false);
  }
  if (Connection* const c = Find(event.id); c != nullptr) {
    const bool out = Is<event::Accepted>(event) && Says(told, Verdict::Kind::kRefuse);
    if (out || Is<event::Forgotten>(event)) {
      End(event.id);
    } else if (Is<event::Login>(event) && Says(told, Verdict::Kind::kWait)) {
      c->queued = told.reason;
    } else if (Is<event::LoginOk>(event) || Is<event::Opaque>(event)) {
      c->in = true;
      Settle(To::kConnection, c->open[static_cast<std::size_t>(To::kConnection)]);
    } else if (Is<event::Command>(event) || Is<event::Held>(event)) {
      FollowCommand(event.id, *c, told);
    }
  }
  SettleDue();
}

// What the live policy holds, until it goes on or is refused.
void PolicyContrast::FollowCommand(ConnectionId id, Connection& c, const Told& told) {
  if (told.Is(CommandVerdict::Kind::kHold)) {
    c.held = told.reason;
    return;
  }
  const Reason held = std::exchange(c.held, Reason::kNone);
  if (held == Reason::kNone || !told.Is(CommandVerdict::Kind::kPass)) return;
  Note(Whose::kLive, id, To::kCommand, held, false);
}

void PolicyContrast::OnLive(const EngineEvent& event, const Told& told, const Decided& d) {
  if (!d.enforced || !IsOfLimit(d.reason)) return;
  if (VerdictTells(d.reason) && !(TurnsAway(told) && told.reason == d.reason)) return;
  const ConnectionId id = d.id == ConnectionId{} ? event.id : d.id;
  Note(Whose::kLive, id, ToWhat(d.reason), d.reason, d.of_protected);
}

void PolicyContrast::OnOutcome(const Outcome& o) {
  // Who left while he waited waited under both.
  const bool acts =
      o.enforced && !o.unfinished && o.what != What::kBanned && o.what != What::kNoted;
  if (!acts || !IsOfLimit(o.reason) || o.id == ConnectionId{}) return;
  const To to = o.what == What::kQueued    ? To::kLogin
                : o.what == What::kDelayed ? To::kCommand
                                           : ToWhat(o.reason);
  Note(Whose::kCandidate, o.id, to, o.reason, o.of_protected);
}

void PolicyContrast::Note(Whose whose, ConnectionId id, To to, Reason reason, bool of_protected) {
  const bool live = whose == Whose::kLive;
  Connection* const c = Find(id);
  if (c == nullptr) {
    if (!live) Count(to, whose, reason, of_protected);
    return;
  }
  of_protected = of_protected || c->of_protected;
  Act& act = c->open[static_cast<std::size_t>(to)];
  const bool after_candidate = c->gone || (to == To::kStatement && c->stopped);
  if (!live && to == To::kConnection) c->gone = true;
  if (!live && to == To::kStatement) c->stopped = true;
  if (act.number != 0 && act.whose != whose) {
    Count(to, Whose::kBoth, live ? act.reason : reason, of_protected || act.of_protected);
    act = {};
    return;
  }
  if (live && after_candidate) return;
  Settle(to, act);
  act = {++number_, whose, reason, of_protected};
  // Of who is turned away at the door it is known when the other one is in, or gone.
  if (!live && to == To::kConnection && !c->in) return;
  due_.push_back({latest_ + kPatience, id, to, act.number});
}

// Nobody else did it.
void PolicyContrast::Settle(To to, Act& act) {
  if (act.number == 0) return;
  Count(to, act.whose, act.reason, act.of_protected);
  act = {};
}

void PolicyContrast::SettleDue() {
  while (!due_.empty() && (due_.front().at <= latest_ || due_.size() > kMostDue)) {
    const Due due = due_.front();
    due_.pop_front();
    Connection* const c = Find(due.id);
    if (c == nullptr) continue;
    Act& act = c->open[static_cast<std::size_t>(due.to)];
    if (act.number == due.number) Settle(due.to, act);
  }
}

void PolicyContrast::End(ConnectionId id) {
  const auto it = connections_.find(Key(id.thread, id.serial));
  if (it == connections_.end()) return;
  for (std::size_t i = 0; i < kTo; ++i) Settle(static_cast<To>(i), it->second.open[i]);
  connections_.erase(it);
}

void PolicyContrast::Forget() {
  connections_.clear();
  due_.clear();
}

void PolicyContrast::Count(To to, Whose whose, Reason reason, bool of_protected) {
  const bool waits = to == To::kLogin || to == To::kCommand;
  ContrastCounts::Cell& cell = counts_.At(reason, waits ? How::kMadeWait : How::kTurnedAway, whose);
  ++cell.all;
  if (of_protected) ++cell.of_protected;
}

}  // namespace headgate
