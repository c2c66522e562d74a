// What the edges tell about the backend itself: what the server says of its connections, that it is
// gone, that it is back, that another one took over.
#include "policies/engine_impl.h"

namespace headgate {

void Engine::Impl::OnServerFacts(const ServerFacts& facts, Time now) {
  Impl& m = *this;
  m.guard.OnServerFacts(facts);
  const Impl::Admission admission(m, now);
  m.server = facts;
  m.ledger.SetServer(facts.max_connections, facts.foreign);
  m.Serve(now);
}

void Engine::Impl::OnBackend(bool up, Time now) {
  Impl& m = *this;
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

void Engine::Impl::OnBackendSwitched(Time now) {
  Impl& m = *this;
  const Impl::Admission admission(m, now);
  m.ledger.LeaveBackend();
  m.backend_up = true;
  m.lane.ramp.Start(m.limits->slots.start_ramp, now);
  // Nobody is let in before the edges have ended the sessions at the one before: the next tick
  // does.
}

void Engine::Impl::OnElsewhere(std::uint32_t all, std::uint32_t unseen, Time now) {
  Impl& m = *this;
  const Impl::Admission admission(m, now);
  m.ledger.SetElsewhere(all, unseen);
  m.Serve(now);
}

// Of those who have not logged in masses may be attackers': they are given no more than a quarter.
Engine::Share Engine::Impl::Confine(std::size_t unnamed, Time now) {
  Impl& m = *this;
  const Impl::Admission admission(m, now);
  const std::size_t silent = m.pending.size() + unnamed;
  const std::size_t few = std::max<std::size_t>(m.ledger.capacity() / 4, 1);
  const std::size_t wanted = m.room.size() + std::min(silent, few);
  const auto most =
      m.ledger.Confine(static_cast<std::uint32_t>(std::min<std::size_t>(wanted, UINT32_MAX / 2)));
  const std::uint32_t former = m.ledger.former();
  return {m.ledger.leases() + former, most + former};
}

void Engine::Impl::Unconfine(Time now) {
  Impl& m = *this;
  const Impl::Admission admission(m, now);
  m.ledger.Unconfine();
  m.Serve(now);
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
