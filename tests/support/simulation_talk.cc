// The command phase of the simulation: statements of every kind, held, answered, ended and left
// behind, checked against the statement shadow.
#include "tests/support/simulation.h"

namespace headgate::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Ask = CommandVerdict::Kind;

namespace {

// So long a stranger may sit in a transaction when his slot is wanted.
constexpr Duration kSitting = seconds(5);

}  // namespace

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
    Note(&c, [] { return std::string("closes a statement"); });
    statements_.Refresh(t);
    const CommandVerdict v = engine_->OnCommand(*c.ticket, f, now_);
    if (v.kind == Ask::kClose) return Closed(c, v);
    if (v.kind != Ask::kPass) Fail("a close was not passed");
    return statements_.Close(t, 1);
  }
  statements_.Refresh(t);
  t.since = now_;
  t.wait = statements_.Of(t.named).wait;
  s.digest = statements_.DigestKey(t, s.phrase);
  const CommandVerdict v = engine_->OnCommand(*c.ticket, f, now_);
  Note(&c, [&] {
    return std::string(headgate::Name(s.command)) + " '" + std::string(f.sql) + "'" + Outcome(v);
  });
  if (v.kind == Ask::kClose) return Closed(c, v);
  if (c.called_lent && t.running.empty() && book_.enforces_slots()) {
    Fail("reclaim: a lent session begins something new");
  }
  if (v.kind == Ask::kHold && s.command == CommandKind::kPrepare) statements_.Opened(t);
  Judge(c, v, s);
}

// Who borrowed a slot that is wanted back begins nothing new with it.
void Simulation::Closed(Conn& c, const CommandVerdict& v) {
  ++tally_.reclaimed;
  if (v.reason != Reason::kReclaimed) Fail("closed for no reason");
  if (!c.called_back || !c.perhaps_lent) Fail("reclaim: closed although it was not lent");
  if (!c.talk.Idle()) Fail("reclaim: closed amid something");
  Leave(c);
}

void Simulation::AskAgain(Conn& c) {
  statements_.Refresh(c.talk);
  const CommandVerdict v = engine_->OnHeld(*c.ticket, now_);
  c.talk.ready = false;  // also where limits that have changed made room for it only now
  Note(&c, [&] { return "its held command" + Outcome(v); });
  Judge(c, v, c.talk.kept);
}

void Simulation::Judge(Conn& c, const CommandVerdict& v, const Said& s) {
  Talk& t = c.talk;
  const bool was_held = t.held;
  if (statements_.observing() && v.kind != Ask::kPass) Fail("observe: not passed");
  if (v.kind == Ask::kMore) Fail("all of it was shown");
  if (v.kind != Ask::kHold) statements_.Hold(t, false);
  t.active = now_;
  if (v.kind == Ask::kPass) {
    ++tally_.statements;
    const std::string wrong = statements_.Pass(t, s, was_held);
    if (!wrong.empty()) Fail(wrong);
  } else if (v.kind == Ask::kHold) {
    tally_.holds += was_held ? 0 : 1;
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
  Note(&c, [&] {
    return std::string("is answered") + (a.error ? ", ERR" : "") +
           (a.in_transaction ? ", in a transaction" : "");
  });
  statements_.Answer(t, a.error);
  t.active = now_;
  const bool earns = ActingLevel() != Level::kAttack;
  engine_->OnAnswer(*c.ticket, a, now_);
  if (c.phase == Phase::kIn && s.command == CommandKind::kQuery && !a.error) Earned(c, earns);
}

void Simulation::Sweep(Conn& c, bool client_gone) {
  SweepFacts f;
  f.client_gone = client_gone;
  f.can_kill = !random_.OneIn(4);
  f.lock_wait = random_.OneIn(4);
  f.client_blocked = milliseconds(random_.Below(6000));
  f.answer_bytes = random_.Below(2000);
  if (c.phase != Phase::kReauth) statements_.Refresh(c.talk);
  const SweepVerdict v = engine_->OnSweep(*c.ticket, f, now_);
  Note(&c, [&] { return "is swept" + Outcome(v); });
  if (!client_gone) CheckReclaimed(c, v);
  if (c.phase == Phase::kReauth && v.kind == SweepVerdict::Kind::kNone) {
    if (c.called_back && book_.enforces_slots()) Fail("reclaim: stays, amid a change of user");
    return;
  }
  if (v.kind == SweepVerdict::Kind::kNone) {
    c.called_back &= c.perhaps_lent;  // it is busy: another one's slot is wanted, then
    return;
  }
  ++tally_.kills;
  if (statements_.observing() && v.reason != Reason::kReclaimed) Fail("observe: a sweep acted");
  if (v.kind == SweepVerdict::Kind::kClose) return Leave(c);
  if (c.talk.running.empty()) return Fail("killed what does not run");
  if (v.kind == SweepVerdict::Kind::kKillQuery) return AnswerOldest(c);
  if (!client_gone) return Fail("killed a connection whose client is there");
  Finish(c);
}

// Whether a session whose slot was wanted back ends as it may, and as it must.
void Simulation::CheckReclaimed(const Conn& c, const SweepVerdict& v) {
  const Talk& t = c.talk;
  const bool ends = v.kind == SweepVerdict::Kind::kClose;
  if (v.reason != Reason::kReclaimed) {
    if (c.called_lent && c.phase == Phase::kIn && t.Idle() && !t.in_transaction && !ends &&
        book_.enforces_slots()) {
      Fail("reclaim: a lent session stays although it is idle");
    }
    return;
  }
  ++tally_.reclaimed;
  if (!c.called_back) Fail("reclaim: a session ends that nobody called back");
  if (ends && !t.Idle()) Fail("reclaim: a busy session ends");
  if (ends && t.in_transaction && !c.perhaps_lent && now_ - t.active < kSitting) {
    Fail("reclaim: a session that was not lent ends in a transaction");
  }
  if (!ends && !c.perhaps_lent)
    Fail("reclaim: a statement of a session that was not lent is killed");
}

// Once a session and minute.
void Simulation::Earned(Conn& c, bool earns) {
  const auto minute = std::chrono::floor<std::chrono::minutes>(now_.time_since_epoch()).count();
  if (std::exchange(c.told_minute, minute) == minute || !earns) return;
  trust_.Earn({Key(c.peer), c.user}, minute, now_);
}

void Simulation::Ready(ConnectionId id) {
  Conn* c = Find(id);
  if (c == nullptr) return Fail("woke somebody who is not there");
  Note(c, [] { return std::string("may ask again about its held command"); });
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

}  // namespace headgate::testing
