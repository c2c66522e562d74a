#include "tests/support/simulation.h"

#include <sstream>

namespace headgate::testing {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

}  // namespace

Simulation::Simulation(std::uint64_t seed) : random_(seed), seed_(seed) {
  limits_ = MakeLimits();
  book_.Configure(limits_);
  statements_.Configure(limits_);
  engine_ = std::make_unique<Engine>(std::make_shared<const Limits>(limits_),
                                     EngineSecrets{seed, ~seed}, *this, *this);
}

// What every event ends with: what the wakeups asked for is done, or sometimes left for later.
bool Simulation::Step() {
  now_ += microseconds(random_.Below(200));
  if (random_.OneIn(4000)) now_ += seconds(random_.Below(20));
  while (!TryEvent(random_.Below(1000))) {
  }
  Settle();
  if (++events_ % 1024 == 0) Compare();
  return wrong_.empty();
}

// False when there is nobody to whom it could happen.
bool Simulation::TryEvent(std::uint32_t what) {
  if (what < 150) return Connect();
  if (what < 300) return With(Phase::kPending, &Simulation::Login);
  if (what < 500) return With(Phase::kLogin, &Simulation::BackendAnswer);
  if (what < 850) return With(Phase::kIn, &Simulation::Act);
  if (what < 890) return With(Phase::kReauth, &Simulation::BackendAnswer);
  if (what < 950) return With(Phase::kDying, &Simulation::End);
  if (what < 955) return With(Phase::kWaiting, &Simulation::Leave);
  if (what < 999) {
    Tick();
  } else {
    Operate();
  }
  return true;
}

bool Simulation::With(Phase phase, void (Simulation::*happens)(Conn&)) {
  Conn* c = Draw(phase);
  if (c != nullptr) (this->*happens)(*c);
  return c != nullptr;
}

bool Simulation::Connect() {
  std::uint32_t live = 0;
  for (const auto& phase : phases_) live += static_cast<std::uint32_t>(phase.size());
  if (live >= kMost) return false;
  auto actor = static_cast<Actor>(random_.Below(static_cast<std::uint32_t>(Actor::kActors)));
  if (random_.OneIn(4)) actor = Actor::kApp;
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(conns_.size()));
    conns_.push_back(std::make_unique<Conn>());
  }
  const std::uint32_t index = free_.back();
  Conn& c = *conns_[index];
  c.id = {0, ++serial_ << 20 | index};
  c.actor = actor;
  c.peer = DrawPeer(actor);
  c.since = now_;
  free_.pop_back();
  Note("connect", &c, static_cast<std::uint64_t>(actor));
  AcceptResult result = engine_->OnAccept(c.id, c.peer, now_);
  if (result.verdict.kind == Verdict::Kind::kRefuse) {
    if (result.ticket) Fail("refused with a ticket");
    free_.push_back(index);
    return true;
  }
  c.ticket = std::move(result.ticket);
  Insert(c);
  return true;
}

void Simulation::Login(Conn& c) {
  const bool old = now_ - c.since >= seconds(5);
  if (c.actor == Actor::kSilent && !old && !random_.OneIn(20)) return;
  if (old || c.actor == Actor::kGarbage || c.actor == Actor::kSilent) {
    Note("no login", &c);
    const Reason reason = old ? Reason::kPendingDeadline : Reason::kMalformedLogin;
    if (old && !engine_->Gate(*c.ticket, reason, now_)) return;
    if (!old) engine_->Count(*c.ticket, reason, now_);
    Leave(c);
    return;
  }
  c.user = DrawUser(c.actor);
  c.claimed = book_.Resolve(ClassOf(c.user));  // as configured now, also if it has to wait
  c.named = c.claimed;
  c.known_good = IsKnownGood(c.peer, c.user);
  Note("login", &c, c.known_good);
  const Verdict v = engine_->OnLogin(*c.ticket, {.user = c.user, .database = ""}, now_);
  if (c.doomed && v.kind != Verdict::Kind::kRefuse) Fail("an evicted client was let in");
  switch (v.kind) {
    case Verdict::Kind::kAdmit:
      Book(c, c.claimed);
      Move(c, Phase::kLogin);
      break;
    case Verdict::Kind::kWait:
      c.since = now_;
      Move(c, Phase::kWaiting);
      break;
    case Verdict::Kind::kRefuse:
      Leave(c);
      break;
  }
}

// One more lease and lane place, checked.
void Simulation::Book(Conn& c, std::size_t claimed) {
  const std::string slot = book_.Grant(c.lease, book_.Resolve(claimed), !c.known_good);
  if (!slot.empty()) Fail(slot);
  const std::string lane = book_.EnterLane(c.lane, Key(c.peer), c.known_good);
  if (!lane.empty()) Fail(lane);
  known_good_grants_ += c.known_good ? 1 : 0;
}

void Simulation::BackendAnswer(Conn& c) {
  switch (c.actor) {
    case Actor::kApp:
    case Actor::kReports:
    case Actor::kHoarder:
    case Actor::kChurner:
    case Actor::kOrphaner:
      if (random_.OneIn(2000)) return LoginFailed(c, LoginFailure::kBackendFull);
      if (random_.OneIn(300)) return LoginFailed(c, LoginFailure::kUnreachable);
      if (random_.OneIn(200)) return Leave(c);
      return LoginOk(c);
    case Actor::kChanger:
      return random_.OneIn(4) ? LoginFailed(c, LoginFailure::kAccessDenied) : LoginOk(c);
    case Actor::kStalled:
      if (!random_.OneIn(4)) return;  // still silent
      return LoginFailed(c, random_.OneIn(3) ? LoginFailure::kMalformed : LoginFailure::kStalled);
    default:
      return LoginFailed(c, LoginFailure::kAccessDenied);
  }
}

void Simulation::LoginOk(Conn& c) {
  Note("ok", &c);
  book_.LeaveLane(c.lane);
  book_.Prove(c.lease);
  Move(c, Phase::kIn);
  statements_.End(c.talk);
  c.talk.named = c.named;
  c.talk.source = Key(c.peer);
  c.talk.user = std::hash<std::string_view>{}(c.user);
  engine_->OnLoginOk(*c.ticket, now_);
}

void Simulation::LoginFailed(Conn& c, LoginFailure how) {
  Note("failed", &c, static_cast<std::uint64_t>(how));
  book_.LeaveLane(c.lane);
  if (how == LoginFailure::kBackendFull) book_.BackendFull(now_);
  Move(c, Phase::kDying);
  engine_->OnLoginFailed(*c.ticket, how, now_);
}

void Simulation::Act(Conn& c) {
  const bool app = c.actor == Actor::kApp || c.actor == Actor::kReports;
  const bool changes = c.actor == Actor::kChanger || random_.OneIn(app ? 60 : 20);
  if (changes && c.talk.Idle()) return ChangeUser(c);
  const std::uint32_t stays = app ? 20 : c.actor == Actor::kHoarder ? 30 : 4;
  if (random_.OneIn(stays)) return Leave(c);
  Converse(c);
}

void Simulation::ChangeUser(Conn& c) {
  const std::string_view user = random_.OneIn(2) ? c.user : DrawUser(c.actor);
  const bool same = user == c.user;
  const bool known_good = IsKnownGood(c.peer, user);
  Note("change user", &c, same);
  defer_ = true;
  const Verdict v = engine_->OnChangeUser(*c.ticket, {.user = user, .database = ""}, now_);
  defer_ = false;
  if (v.kind == Verdict::Kind::kWait) Fail("change user must not wait");
  if (v.kind == Verdict::Kind::kAdmit) {
    c.user = user;
    c.claimed = ClassOf(user);
    c.known_good = known_good;
    const std::size_t into = book_.Resolve(c.claimed);
    c.named = into;
    const bool vouched = same && into == book_.Resolve(c.lease.c);
    const std::string slot = book_.Move(c.lease, into, /*unproven=*/!vouched && !known_good);
    if (!slot.empty()) Fail("change user: " + slot);
    const std::string lane = vouched ? "" : book_.EnterLane(c.lane, Key(c.peer), known_good);
    if (!lane.empty()) Fail("change user: " + lane);
    Move(c, Phase::kReauth);
  }
  for (const ConnectionId id : std::exchange(deferred_, {})) Admitted(id);
  if (v.kind == Verdict::Kind::kRefuse) Leave(c);
}

// The client goes. With a backend, that one ends later; or all at once, as when a worker stops.
void Simulation::Leave(Conn& c) {
  Note("leave", &c);
  if (!c.lease.held || random_.OneIn(8)) return End(c);
  book_.Orphan(c.lease);
  Move(c, Phase::kDying);
  statements_.GiveUp(c.talk);
  engine_->OnClientGone(*c.ticket, now_);
}

// The backend's end: told, or by dropping the ticket in whatever state it is.
void Simulation::End(Conn& c) {
  // An orphan's statement ends, or is ended, before its backend does.
  if (c.phase == Phase::kDying && !c.talk.running.empty() && random_.OneIn(2)) {
    return random_.OneIn(2) ? AnswerOldest(c) : Sweep(c, /*client_gone=*/true);
  }
  Finish(c);
}

void Simulation::Finish(Conn& c) {
  Note("end", &c);
  Remove(c);
  statements_.End(c.talk);
  book_.LeaveLane(c.lane);
  book_.Release(c.lease);
  if (random_.OneIn(2)) {
    engine_->OnBackendEnded(*c.ticket, now_);
  } else if (random_.OneIn(2)) {
    engine_->OnClientGone(*c.ticket, now_);
  }
  c.ticket.reset();
  const auto index = static_cast<std::uint32_t>(c.id.serial & 0xfffff);
  c = Conn{};
  free_.push_back(index);
}

void Simulation::Operate() {
  const std::uint32_t what = random_.Below(10);
  if (what < 4) {
    Note("reload", nullptr);
    ++reloads_;
    limits_ = MakeLimits();
    book_.Configure(limits_);
    statements_.Configure(limits_);
    engine_->Publish(std::make_shared<const Limits>(limits_), now_);
  } else if (what < 7) {
    Note("ban", nullptr);
    const auto actor = static_cast<Actor>(2 + random_.Below(8));
    engine_->Ban(DrawPeer(actor), seconds(1 + random_.Below(60)), "operator", now_);
  } else if (what < 9) {
    static_cast<void>(engine_->Unban(DrawPeer(Actor::kGuesser), now_));
  } else {
    engine_->UnbanAll(now_);
  }
}

void Simulation::Tick() {
  Note("tick", nullptr);
  book_.Tick(now_);
  if (engine_->OnTick(now_) <= now_) Fail("tick: wants to be called in the past");
  if (random_.OneIn(64)) CheckWaiting();
  if (random_.OneIn(64)) CheckHeld();
}

// After a tick nobody known-good waits for what is free. (Delays end after at most two seconds.)
void Simulation::CheckWaiting() {
  for (const std::uint32_t index : phases_[static_cast<std::size_t>(Phase::kWaiting)]) {
    const Conn& c = *conns_[index];
    if (!c.doomed && c.known_good && now_ - c.since > seconds(2) &&
        book_.MustAdmitKnownGood(book_.Resolve(c.claimed))) {
      return Fail("a known-good login waits although there is room");
    }
  }
}

void Simulation::Settle() {
  SettleReady();
  std::vector<ConnectionId> later;
  for (const ConnectionId id : std::exchange(doomed_, {})) {
    Conn* c = Find(id);
    if (c == nullptr) continue;
    if (random_.OneIn(8)) {
      later.push_back(id);  // the owner's thread is slow to hear of it
    } else {
      Leave(*c);
    }
  }
  doomed_.insert(doomed_.end(), later.begin(), later.end());
}

// The engine's own figures against the shadow's.
void Simulation::Compare() {
  const EngineStatus s = engine_->Status(now_);
  const auto same = [&](const char* what, std::int64_t engine, std::int64_t shadow) {
    if (engine != shadow) {
      Fail(std::string(what) + ": engine " + std::to_string(engine) + ", shadow " +
           std::to_string(shadow));
    }
  };
  same("capacity", s.slots_capacity, book_.capacity());
  same("leases", s.leases, book_.leases());
  same("orphans", s.orphans, book_.orphans());
  same("logins", s.logins, book_.logins());
  std::int64_t pending = 0, waiting = 0, all = 0;
  for (const auto& phase : phases_) all += static_cast<std::int64_t>(phase.size());
  for (const std::uint32_t i : phases_[0]) pending += conns_[i]->doomed ? 0 : 1;
  for (const std::uint32_t i : phases_[1]) waiting += conns_[i]->doomed ? 0 : 1;
  same("connections", s.connections, all);
  same("running", s.statements_running, statements_.running());
  same("held", s.statements_held, statements_.held());
  same("pending", s.pending, pending);
  same("waiting", s.waiting, waiting);
  for (const ClassStatus& c : s.classes) {
    const std::size_t i = ShadowBook::IndexOf(c.name);
    same("class leases", c.leases, book_.leases_of(i));
    same("class unproven", c.unproven, book_.unproven_of(i));
  }
  if (s.waiting > s.waiting_max && limits_.mode == Mode::kEnforce && limits_.waiting.enforce &&
      reloads_ == 0) {
    Fail("waiting room above its max");
  }
  std::uint64_t acted = 0, would_act = 0;
  for (std::size_t r = 0; r < kReasonCount; ++r) acted += s.acted[r], would_act += s.would_act[r];
  same("acted", static_cast<std::int64_t>(acted), static_cast<std::int64_t>(acted_));
  same("would act", static_cast<std::int64_t>(would_act), static_cast<std::int64_t>(would_act_));
}

bool Simulation::Finish() {
  for (const auto& conn : conns_) {
    if (conn->ticket) Finish(*conn);
  }
  doomed_.clear();
  ready_.clear();
  Compare();
  if (statements_.rest() != 0) Fail("places or open statements are left over");
  return wrong_.empty();
}

void Simulation::Admitted(ConnectionId id) {
  if (defer_) {
    deferred_.push_back(id);
    return;
  }
  Conn* c = Find(id);
  if (c == nullptr || c->phase != Phase::kWaiting || c->doomed) {
    return Fail("admitted somebody who does not wait");
  }
  Note("admitted", c);
  Book(*c, c->claimed);
  Move(*c, Phase::kLogin);
}

void Simulation::Refused(ConnectionId id, Reason reason) {
  Conn* c = Find(id);
  if (c == nullptr || c->phase != Phase::kWaiting)
    return Fail("refused somebody who does not wait");
  Note("refused", c, static_cast<std::uint64_t>(reason));
  c->doomed = true;
  doomed_.push_back(id);
}

void Simulation::Evicted(ConnectionId id, Reason reason) {
  Conn* c = Find(id);
  if (c == nullptr) return Fail("evicted somebody who is not there");
  Note("evicted", c, static_cast<std::uint64_t>(reason));
  if (c->phase == Phase::kPending || c->phase == Phase::kWaiting) c->doomed = true;
  doomed_.push_back(id);
}

void Simulation::OnDecision(const Decision& d) { ++(d.enforced ? acted_ : would_act_); }

std::string Simulation::LastEvents() const {
  std::ostringstream out;
  out << "seed " << seed_ << ", event " << events_ << "\n";
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const Line& line = lines_[(noted_ + i) % lines_.size()];
    out << "  " << line.at.time_since_epoch().count() << " " << line.what << " #"
        << (line.serial >> 20) << " " << line.n << "\n";
  }
  return out.str();
}

}  // namespace headgate::testing
