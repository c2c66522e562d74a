// The server beside and behind the gate, the level, the operator's reloads; and slots called back.
#include <algorithm>

#include "tests/support/simulation.h"

namespace headgate::testing {

// The monitor's report: the number of slots rarely changes, what others take of them often does.
void Simulation::TellServerFacts() {
  ServerFacts facts;
  facts.max_connections = static_cast<std::uint32_t>(book_.server_max());
  if (facts.max_connections == 0 || random_.OneIn(20)) {
    facts.max_connections = (world_.planted ? 85 : 40) + random_.Below(200);
  }
  if (random_.OneIn(30)) facts.max_connections = 0;
  facts.foreign = random_.Below(random_.OneIn(10) ? 150 : 20);
  Note(nullptr, [&] {
    return "the server has max_connections " + std::to_string(facts.max_connections) + ", and " +
           std::to_string(facts.foreign) + " connections of others";
  });
  book_.Server(facts.max_connections, facts.foreign);
  engine_->OnServerFacts(facts, now_);
}

void Simulation::TellBackend() {
  down_ = !down_;
  Note(nullptr, [&] { return std::string(down_ ? "the backend is down" : "the backend is up"); });
  if (!down_) lane_.Start(now_);
  engine_->OnBackend(!down_, now_);
  if (!down_) return;
  ++tally_.outages;
  const auto& waiting = In(Phase::kWaiting);
  if (!std::all_of(waiting.begin(), waiting.end(), [](const Conn* c) { return c->doomed; })) {
    Fail("backend: somebody waits for it while it is down");
  }
}

void Simulation::SwitchBackend() {
  Note(nullptr, [] { return std::string("another backend takes over"); });
  ++tally_.switches;
  down_ = false;
  lane_.Start(now_);
  book_.Switch();
  engine_->OnBackendSwitched(now_);
}

void Simulation::Reload() {
  ++tally_.reloads;
  const bool had_none = limits_.classes.size() == 1;
  limits_ = MakeLimits(random_);
  Note(nullptr, [&] { return "reload: " + Describe(limits_); });
  book_.Configure(limits_);
  lane_.Configure(limits_);
  if (had_none != (limits_.classes.size() == 1)) trust_.OtherRules(now_);
  statements_.Configure(limits_);
  shortest_calm_after_ = std::min(shortest_calm_after_, limits_.pressure.calm_after);
  engine_->Publish(std::make_shared<const Limits>(limits_), now_);
}

// As far as it changes anything.
Level Simulation::ActingLevel() const {
  const bool acts = limits_.pressure.enforce && limits_.mode == Mode::kEnforce;
  return acts ? engine_->level() : Level::kCalm;
}

// It rises by any number of levels at any time, and falls one at a time, after some calm.
void Simulation::OnLevel(const LevelChange& change) {
  Note(nullptr, [&] {
    return "level " + std::string(headgate::Name(change.to)) + ", " + std::string(change.cause);
  });
  if (change.from != level_) Fail("level: changed from one that it was not");
  if (change.to == change.from) Fail("level: told although it did not change");
  if (change.to > change.from) {
    ++tally_.raised;
  } else {
    ++tally_.lowered;
    const int by = static_cast<int>(change.from) - static_cast<int>(change.to);
    if (by != 1) Fail("level: fell by more than one");
    if (now_ - level_at_ < shortest_calm_after_) Fail("level: fell too early");
  }
  level_ = change.to;
  level_at_ = now_;
}

void Simulation::OnDecision(const Decision& d) { ++(d.enforced ? acted_ : would_act_); }

void Simulation::Reclaim(ConnectionId id) {
  Conn* c = Find(id);
  if (c == nullptr) return Fail("reclaim: called back somebody who is not there");
  ++tally_.called_back;
  Note(c, [&] { return std::string("is called back") + (c->lease.lent ? ", was lent" : ""); });
  book_.BindStakes(defer_ ? deferred_binds_ : StakesBind());
  if (const char* wrong = WrongToCall(*c); wrong != nullptr) Fail(wrong);
  c->called_back = true;
  const bool unsure = c->lease.unsure || c == changing_;
  c->called_lent = c->lease.lent && !unsure;
  c->perhaps_lent = c->lease.lent || unsure;
  reclaims_.push_back(id);
}

// What was lent goes back to its owner who waits. Else only a stranger's idle session, and only
// above calm: not that of a known-good pair, nor of a class with a reserve.
const char* Simulation::WrongToCall(const Conn& c) {
  if (c.phase != Phase::kIn && c.phase != Phase::kReauth) {
    return "reclaim: of somebody who is not in";
  }
  if (book_.IsFormer(c.lease)) return "reclaim: of a slot at a backend that was left";
  if (!book_.enforces_slots()) return "reclaim: in a dry run";
  const auto& waiting = In(Phase::kWaiting);
  const bool somebody =
      std::any_of(waiting.begin(), waiting.end(), [](const Conn* w) { return !w->doomed; });
  if (!somebody && asking_ == nullptr) return "reclaim: although nobody waits";
  // (Amid a change of user the books are not up to date, least of all about who changes.)
  if (&c == changing_) return nullptr;
  const bool owed = AnyOwed() || defer_ || recovering_;
  if ((c.lease.lent || c.lease.unsure) && owed) return nullptr;
  if (ActingLevel() == Level::kCalm) return "reclaim: while calm, of what was not lent";
  if (ActingLevel() != Level::kAttack && !owed) return "reclaim: for strangers, below attack";
  if (book_.reserve_of(book_.Resolve(c.lease.c)) > 0) return "reclaim: in a class with a reserve";
  // (Without classes a pair is trusted as far as it is used to go.)
  const std::string_view user = c.phase == Phase::kReauth ? c.user : c.proven;
  if (limits_.classes.size() > 1 && trust_.IsLongGood({Key(c.peer), user})) {
    return "reclaim: of a known-good session";
  }
  if (c.actor == Actor::kReports) return "reclaim: of an exempt source";
  return c.talk.Idle() ? nullptr : "reclaim: of a stranger who is busy";
}

// Whether somebody waits whose own reserve may not be used up.
bool Simulation::AnyOwed() const {
  const auto owed = [this](const Conn* c) {
    const std::size_t in_class = book_.Resolve(c->claimed);
    return !c->doomed && (c->known_good || book_.IsReserved(in_class)) &&
           (!stakes_are_known() || book_.MayBeOwed(in_class, c->stake));
  };
  const auto& waiting = In(Phase::kWaiting);
  return std::any_of(waiting.begin(), waiting.end(), owed) || (asking_ != nullptr && owed(asking_));
}

// Each is swept by its own thread, sometimes late.
void Simulation::SettleReclaims() {
  std::vector<ConnectionId> later;
  for (const ConnectionId id : std::exchange(reclaims_, {})) {
    Conn* c = Find(id);
    if (c == nullptr || (c->phase != Phase::kIn && c->phase != Phase::kReauth)) continue;
    if (IsSlow(*c)) {
      later.push_back(id);
    } else {
      Sweep(*c, /*client_gone=*/false);
    }
  }
  reclaims_.insert(reclaims_.end(), later.begin(), later.end());
}

}  // namespace headgate::testing
