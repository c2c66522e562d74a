// The command phase of the simulation: statements of every kind, held, answered, ended and left
// behind, checked against the statement shadow.
#include "tests/support/simulation.h"

namespace headgate::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Ask = CommandVerdict::Kind;

QueryLimits Simulation::MakeQueryLimits(Random& random) {
  QueryLimits q;
  const auto maybe = [&](std::uint32_t most) {
    return random.OneIn(2) ? 0 : 1 + random.Below(most);
  };
  q.running = maybe(4);
  q.user_running = maybe(8);
  q.class_running = maybe(12);
  q.digest_running = maybe(4);
  q.rate = {static_cast<double>(maybe(2000)), 20};
  q.user_rate = {static_cast<double>(maybe(4000)), 20};
  q.class_rate = {static_cast<double>(maybe(4000)), 50};
  q.busy = maybe(5);
  q.class_busy = maybe(20);
  q.wait = milliseconds(random.Below(500));
  q.deadline = seconds(maybe(3));
  q.all = random.OneIn(3);
  q.prepared = maybe(4);
  q.prepared_per_source = maybe(20);
  q.result = maybe(1000);
  q.idle = seconds(maybe(30));
  q.idle_in_transaction = seconds(maybe(10));
  q.stalled_read = seconds(maybe(5));
  q.enforce = !random.OneIn(8);
  return q;
}

void Simulation::Converse(Conn& c) {
  Talk& t = c.talk;
  if (random_.OneIn(8)) return Sweep(c, /*client_gone=*/false);
  if (!t.running.empty() && !random_.OneIn(3)) return AnswerOldest(c);
  if (t.held) {
    if (now_ >= t.until || random_.OneIn(4)) AskAgain(c);
    return;
  }
  if (t.running.size() < 8) Say(c);
}

void Simulation::Say(Conn& c) {
  Talk& t = c.talk;
  Said s;
  s.phrase = random_.Below(kPhrases.size());
  s.in_transaction = t.in_transaction;
  if (random_.OneIn(8)) s.command = CommandKind::kPrepare;
  if (random_.OneIn(12)) s.command = CommandKind::kPing;
  if (random_.OneIn(40)) s.command = CommandKind::kResetConnection;
  static constexpr StatementMark kMark{};
  CommandFacts f;
  f.command = s.command;
  f.in_transaction = s.in_transaction;
  if (s.counted()) f.sql = kPhrases[s.phrase].sql;
  f.length = f.sql.size() + 1;
  if (t.prepared > 0 && t.running.empty() && random_.OneIn(4)) {
    f.command = CommandKind::kCloseStatement;
    f.prepared = &kMark;
    Note("close", &c);
    statements_.Refresh(t);
    if (engine_->OnCommand(*c.ticket, f, now_).kind != Ask::kPass) Fail("a close was not passed");
    return statements_.Close(t, 1);
  }
  Note("say", &c, s.phrase);
  statements_.Refresh(t);
  t.since = now_;
  t.wait = statements_.Of(t.named).wait;
  s.digest = statements_.DigestKey(t, s.phrase);
  const CommandVerdict v = engine_->OnCommand(*c.ticket, f, now_);
  if (v.kind == Ask::kHold && s.command == CommandKind::kPrepare) statements_.Opened(t);
  Judge(c, v, s);
}

void Simulation::AskAgain(Conn& c) {
  Note("ask again", &c);
  statements_.Refresh(c.talk);
  c.talk.ready = false;
  Judge(c, engine_->OnHeld(*c.ticket, now_), c.talk.kept);
}

void Simulation::Judge(Conn& c, const CommandVerdict& v, const Said& s) {
  Talk& t = c.talk;
  const bool was_held = t.held;
  if (statements_.observing() && v.kind != Ask::kPass) Fail("observe: not passed");
  if (v.kind == Ask::kMore) Fail("all of it was shown");
  if (v.kind != Ask::kHold) statements_.Hold(t, false);
  if (v.kind == Ask::kPass) {
    ++passed_;
    const std::string wrong = statements_.Pass(t, s, was_held);
    if (!wrong.empty()) Fail(wrong);
  } else if (v.kind == Ask::kHold) {
    held_ += was_held ? 0 : 1;
    if (!s.limited() || s.in_transaction) Fail("held what may never be held");
    if (v.until > t.since + t.wait) Fail("held longer than wait");
    if (v.until <= now_) Fail("held until the past");
    t.kept = s;
    t.until = v.until;
    t.reason = v.reason;
    t.held_version = statements_.version();
    statements_.Hold(t, true);
  } else {
    if (!s.limited() && s.counted() && v.reason != Reason::kPrepared &&
        v.reason != Reason::kPreparedPerSource) {
      Fail("refused what is never limited");
    }
    if (was_held && s.command == CommandKind::kPrepare) statements_.Close(t, 1);
  }
}

void Simulation::AnswerOldest(Conn& c) {
  Talk& t = c.talk;
  const Said s = t.running.front();
  AnswerFacts a;
  a.command = s.command;
  a.error = random_.OneIn(10);
  a.rows = random_.Below(100);
  a.in_transaction = t.in_transaction = random_.OneIn(4);
  Note("answer", &c);
  statements_.Answer(t, a.error);
  engine_->OnAnswer(*c.ticket, a, now_);
  if (c.phase == Phase::kIn && s.command == CommandKind::kQuery && !a.error) Earned(c);
}

void Simulation::Sweep(Conn& c, bool client_gone) {
  SweepFacts f;
  f.client_gone = client_gone;
  f.can_kill = !random_.OneIn(4);
  f.lock_wait = random_.OneIn(4);
  f.client_blocked = milliseconds(random_.Below(6000));
  f.answer_bytes = random_.Below(2000);
  Note("sweep", &c);
  statements_.Refresh(c.talk);
  const SweepVerdict v = engine_->OnSweep(*c.ticket, f, now_);
  if (v.kind == SweepVerdict::Kind::kNone) return;
  ++kills_;
  if (statements_.observing()) Fail("observe: a sweep acted");
  if (v.kind == SweepVerdict::Kind::kClose) return Leave(c);
  if (c.talk.running.empty()) return Fail("killed what does not run");
  if (v.kind == SweepVerdict::Kind::kKillQuery) return AnswerOldest(c);
  if (!client_gone) return Fail("killed a connection whose client is there");
  Finish(c);
}

void Simulation::Earned(const Conn& c) {
  Trust& trust = trust_[{Key(c.peer), c.user}];
  const auto minute = std::chrono::floor<std::chrono::minutes>(now_.time_since_epoch()).count();
  if (trust.minute != minute) ++trust.minutes;
  trust.minute = minute;
}

void Simulation::Ready(ConnectionId id) {
  Conn* c = Find(id);
  if (c == nullptr) return Fail("woke somebody who is not there");
  if (c->talk.ready) return Fail("woken twice for one place");
  c->talk.ready = true;
  ready_.push_back(id);
}

// Each is asked about by its own thread, sometimes late.
void Simulation::SettleReady() {
  std::vector<ConnectionId> later;
  while (!ready_.empty()) {
    for (const ConnectionId id : std::exchange(ready_, {})) {
      Conn* c = Find(id);
      if (c == nullptr) continue;
      if (random_.OneIn(8)) {
        later.push_back(id);
        continue;
      }
      c->talk.ready = false;
      if (c->talk.held) AskAgain(*c);
    }
  }
  ready_ = std::move(later);
}

// With nobody on the way to ask, no place may be free that somebody waits for.
void Simulation::CheckHeld() {
  if (!ready_.empty()) return;
  for (const std::uint32_t index : phases_[static_cast<std::size_t>(Phase::kIn)]) {
    const Talk& t = conns_[index]->talk;
    if (!t.held || t.held_version != statements_.version()) continue;
    if (statements_.MayGo(t)) return Fail("a place is free and somebody waits for it");
  }
}

}  // namespace headgate::testing
