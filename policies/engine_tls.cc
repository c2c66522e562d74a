// What is asked when a client with TLS, or one that nobody here understands, goes on.
#include "policies/engine_impl.h"

namespace headgate {

// As the connect rate: known-good and exempt sources are not asked, and what a level above calm
// lays over it binds strangers only, does not press, and is charged to nobody.
Verdict Engine::Impl::OnTlsHandshake(Ticket& t, Time now) {
  Impl& m = *this;
  if (t.known_source || t.exempt) return {};
  const Impl::LimitsPtr l = m.Snapshot();
  const Level level = m.acting_level.load(std::memory_order_relaxed);
  const Rate& base = l->source.tls_rate;
  const Rate& at = l->At(level).source.tls_rate;
  const bool squeezed = at != base && Impl::Squeezes(t, level);
  bool passes = false;
  {
    Impl::Shard& shard = m.ShardOf(t.source());
    const std::lock_guard lock(shard.mutex);
    passes = shard.handshakes.Take(t.source(), squeezed ? at : base, now);
  }
  const bool acts = Impl::Acts(*l, Reason::kTlsRate);
  if (passes || !m.Decide(acts, Reason::kTlsRate, t, now, /*presses=*/!squeezed)) return {};
  if (!squeezed) m.Charge(Impl::Of(t), Reason::kTlsRate, now);
  return {Verdict::Kind::kRefuse, Reason::kTlsRate};
}

// The unproven budget is for claims of users, and there is none here: a class by its sources has
// the reserve that it is documented to have.
void Engine::Impl::OnOpaque(Ticket& t, Time now) {
  Impl& m = *this;
  const Impl::Admission admission(m, now);
  t.lane.reset();
  t.opaque = true;
  if (t.state == Ticket::State::kLogin) {
    t.slot.Prove();
    t.state = Ticket::State::kIn;
    m.lane.ramp.OnLoginOk();
  }
  m.Serve(now);
}

}  // namespace headgate
