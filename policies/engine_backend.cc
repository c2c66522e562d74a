// What the edges tell about the backend itself: what the server says of its connections, that it is
// gone, that it is back, that another one took over.
#include "policies/engine_impl.h"

namespace headgate {

void Engine::OnServerFacts(const ServerFacts& facts, Time now) {
  Impl& m = *impl_;
  m.guard.OnServerFacts(facts);
  const Impl::Admission admission(m, now);
  m.ledger.SetServer(facts.max_connections, facts.foreign);
  m.Serve(now);
}

void Engine::OnBackend(bool up, Time now) {
  Impl& m = *impl_;
  const Impl::Admission admission(m, now);
  if (m.backend_up == up) return;
  m.backend_up = up;
  if (up) {
    m.lane.ramp.Start(m.limits->slots.start_ramp, now);
    m.Serve(now);
  } else {
    m.TurnAwayWaiting(Reason::kBackendUnreachable, now);
  }
}

void Engine::OnBackendSwitched(Time now) {
  Impl& m = *impl_;
  const Impl::Admission admission(m, now);
  m.ledger.LeaveBackend();
  m.backend_up = true;
  m.lane.ramp.Start(m.limits->slots.start_ramp, now);
  // Nobody is let in before the edges have ended the sessions at the one before: the next tick
  // does.
}

// Walks all tickets: once for each time the server goes.
void Engine::Impl::TurnAwayWaiting(Reason reason, Time now) {
  for (Ticket* t = tickets; t != nullptr; t = t->next) {
    if (t->state != Ticket::State::kWaiting) continue;
    Decide(true, reason, *t, now, /*presses=*/true);
    LeaveRoom(*t, now);
    Refuse(*t, reason);
    wakeups.Refused(t->id, reason);
  }
}

}  // namespace headgate
