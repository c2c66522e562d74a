// Figures against figures, and what has to be so at the end of an event.
#include <algorithm>

#include "tests/support/simulation.h"

namespace headgate::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

void Simulation::Same(const char* what, std::int64_t engine, std::int64_t shadow) {
  if (engine == shadow) return;
  Fail(std::string(what) + ": engine " + std::to_string(engine) + ", shadow " +
       std::to_string(shadow));
}

// The engine's own figures against the shadow's.
void Simulation::Compare() {
  const EngineStatus s = engine_->Status(now_);
  CompareSlots(s);
  CompareConnections(s);
  Same("running", s.statements_running, statements_.running());
  Same("held", s.statements_held, statements_.held());
  if (s.backend_up == down_) Fail("backend: up or down");
  if (s.level != level_) Fail("level: not the one that was told");
  Same("level changes", static_cast<std::int64_t>(s.level_changes),
       static_cast<std::int64_t>(tally_.raised + tally_.lowered));
  if (s.implicit_binds != StakesBind()) Fail("level: implicit reserves do not go by it");
  std::uint64_t acted = 0, would_act = 0;
  for (std::size_t r = 0; r < kReasonCount; ++r) acted += s.acted[r], would_act += s.would_act[r];
  Same("acted", static_cast<std::int64_t>(acted), static_cast<std::int64_t>(acted_));
  Same("would act", static_cast<std::int64_t>(would_act), static_cast<std::int64_t>(would_act_));
}

void Simulation::CompareSlots(const EngineStatus& s) {
  Same("capacity", s.slots_capacity, book_.capacity());
  Same("free slots", s.free_slots, book_.free_slots());
  Same("server's max_connections", s.server_max, book_.server_max());
  Same("foreign", s.foreign, book_.foreign());
  Same("leases", s.leases, book_.leases());
  Same("orphans", s.orphans, book_.orphans());
  Same("former", s.former, book_.former());
  Same("logins", s.logins, lane_.logins());
  for (const ClassStatus& c : s.classes) {
    const std::size_t i = ShadowBook::IndexOf(c.name);
    Same(("leases of class " + c.name).c_str(), c.leases, book_.leases_of(i));
    Same(("unproven ones of class " + c.name).c_str(), c.unproven, book_.unproven_of(i));
    Same(("lent ones of class " + c.name).c_str(), c.lent, book_.lent_of(i));
    if (c.may_use > s.slots_capacity) Fail("class: told that it may use more than there is");
  }
  if (world_.planted) {
    Same("implicit reserves", s.implicit_reserve, book_.stakes_reserve());
    Same("implicit reserves not used", s.implicit_unused, book_.stakes_unused());
  }
}

void Simulation::CompareConnections(const EngineStatus& s) {
  const auto count = [this](Phase phase) {
    const auto& all = In(phase);
    return std::count_if(all.begin(), all.end(), [](const Conn* c) { return !c->doomed; });
  };
  Same("connections", s.connections, static_cast<std::int64_t>(by_number_.size()));
  Same("pending", s.pending, count(Phase::kPending));
  Same("waiting", s.waiting, count(Phase::kWaiting));
  if (s.waiting > s.waiting_max && limits_.mode == Mode::kEnforce && limits_.waiting.enforce &&
      tally_.reloads == 0) {
    Fail("waiting room above its max");
  }
}

// After a tick nobody known-good waits for what is free. (Delays end after at most two seconds.)
void Simulation::CheckWaiting() {
  if (!lane_.HasRoom() || !stakes_are_known() || engine_->Status(now_).ramp > 0) return;
  book_.BindStakes(StakesBind());
  for (const Conn* c : In(Phase::kWaiting)) {
    if (!c->doomed && c->known_good && now_ - c->since > seconds(2) &&
        lane_.HasRoom(Key(c->peer)) && book_.HasRoom(book_.Resolve(c->claimed), c->stake)) {
      return Fail("a known-good login waits although there is room");
    }
  }
}

// Nobody waits for long for their own reserve without a slot of it being called back, while one is
// lent that could be.
void Simulation::CheckOwed() {
  if (!IsNeglected()) {
    neglected_since_ = kNever;
  } else if (neglected_since_ == kNever || calls_then_ != tally_.called_back) {
    neglected_since_ = now_;
    calls_then_ = tally_.called_back;
  } else if (now_ - neglected_since_ > milliseconds(100)) {
    Fail("reclaim: nothing lent is called back although its owner waits");
  }
}

bool Simulation::IsNeglected() {
  if (!book_.enforces_slots() || !stakes_are_known() || !lane_.HasRoom()) return false;
  const auto is_coming = [this](const auto& c) {
    return c->lease.held && c->called_back && !book_.IsFormer(c->lease);
  };
  const auto is_lent = [this](const Conn* c) { return c->lease.lent && !book_.IsFormer(c->lease); };
  if (std::any_of(conns_.begin(), conns_.end(), is_coming)) return false;
  const auto& in = In(Phase::kIn);
  const auto& changing = In(Phase::kReauth);
  const bool lent = std::any_of(in.begin(), in.end(), is_lent) ||
                    std::any_of(changing.begin(), changing.end(), is_lent);
  if (!lent || engine_->Status(now_).ramp > 0) return false;
  book_.BindStakes(StakesBind());
  const auto& waiting = In(Phase::kWaiting);
  return std::any_of(waiting.begin(), waiting.end(), [this](const Conn* c) {
    const std::size_t in_class = book_.Resolve(c->claimed);
    return !c->doomed && c->known_good && now_ - c->since > seconds(2) &&
           lane_.HasRoom(Key(c->peer)) && book_.HasPlace(in_class) &&
           book_.IsOwed(in_class, c->stake);
  });
}

// With nobody on the way to ask, no place may be free that somebody waits for.
void Simulation::CheckHeld() {
  if (!ready_.empty()) return;
  for (const Conn* c : In(Phase::kIn)) {
    const Talk& t = c->talk;
    if (!t.held || t.held_version != statements_.version()) continue;
    if (statements_.MayGo(t)) return Fail("a place is free and somebody waits for it");
  }
}

// Where nobody has configured anything: what known-good pairs keep is for them. If strangers were
// let in while it binds, then so that it is free still. (What lowers the slots, or raises the
// reserves, comes before anybody is let in by the same event.)
void Simulation::CheckStrangers() {
  const EngineStatus s = engine_->Status(now_);
  const bool bound =
      before_.implicit_binds && s.implicit_binds && before_.level_changes == s.level_changes;
  if (std::exchange(strangers_let_in_, 0) > 0 && bound && book_.enforces_slots() &&
      s.free_slots < s.implicit_unused) {
    Fail("implicit reserves: strangers were let into them");
  }
  if (s.implicit_unused > s.implicit_reserve || s.implicit_pairs > s.implicit_reserve) {
    Fail("implicit reserves: more is unused than there is");
  }
  if (s.implicit_unused > 0) ++tally_.bound_events;
  before_ = s;
}

// Where reserves lack and their owners ask, verdicts do not tell whether a slot is lent: how many
// are, the status tells, and while all of a class that are in doubt are the same, that tells which.
void Simulation::SettleLent() {
  recovering_ = false;
  if (!std::exchange(unsettled_, false)) return;
  const EngineStatus s = engine_->Status(now_);
  for (const ClassStatus& row : s.classes) {
    const std::size_t in_class = ShadowBook::IndexOf(row.name);
    std::vector<ShadowBook::Lease*> doubtful;
    for (const auto& conn : conns_) {
      ShadowBook::Lease& lease = conn->lease;
      if (lease.held && lease.unsure && lease.c == in_class && !book_.IsFormer(lease)) {
        doubtful.push_back(&lease);
      }
    }
    for (ShadowBook::Lease* lease : doubtful) {
      const std::int64_t more = std::int64_t{row.lent} - book_.lent_of(in_class);
      if (more != 0 && lease->lent == (more < 0)) book_.Relent(*lease, more > 0);
    }
    const auto is_lent = [](const ShadowBook::Lease* lease) { return lease->lent; };
    const auto lent = std::count_if(doubtful.begin(), doubtful.end(), is_lent);
    const bool all_the_same = lent == 0 || lent == std::ssize(doubtful);
    for (ShadowBook::Lease* lease : doubtful) lease->unsure = !all_the_same;
  }
}

}  // namespace headgate::testing
