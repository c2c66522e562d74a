// The command phase of a relay: what the engine says to each command, to each answer, and to what
// runs between them.
#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "net/clock.h"
#include "net/relay.h"
#include "net/worker.h"

namespace headgate::net {
namespace {

// How long a session is held for a KILL: the longest a monitor takes to begin one, and the server
// to answer it. Past it the next command goes on, whatever became of the KILL.
constexpr Duration kKillPatience = kKillStart + kServerPatience;
// An orphan that is still there after a KILL had more statements on their way.
constexpr Duration kKillAgain = std::chrono::milliseconds(500);
// One read's worth of a command, bytes: less is as good as nothing.
constexpr std::uint32_t kReadsWorth = 64 * 1024;

}  // namespace

void Relay::Decide(const CommandVerdict& verdict) {
  using Kind = CommandVerdict::Kind;
  holding_ = verdict.kind == Kind::kHold;
  SetDeadline(holding_ ? verdict.until : kNever);
  if (verdict.kind == Kind::kPass) result_limit_ = verdict.result_limit;
  if (verdict.kind == Kind::kClose) engine_said_ = verdict.reason;
  Event(session_.OnCommandVerdict(verdict));
}

void Relay::OnReady() {
  if (!holding_ || session_over_) return;
  Decide(worker_.engine().OnHeld(*ticket_, Now()));
}

// In the middle of a change of user, where nothing else is swept.
void Relay::OnReclaim() {
  if (detached_ || session_.phase() != mysql::Phase::kReauthenticating) return SweepNow();
  const SweepVerdict verdict = worker_.engine().OnSweep(*ticket_, {}, Now());
  if (verdict.kind == SweepVerdict::Kind::kClose) OnEvicted(verdict.reason, /*by_engine=*/true);
}

void Relay::TellAnswers() {
  if (session_over_) return;
  while (const std::optional<AnswerFacts> answer = session_.NextAnswer()) {
    ++answers_;
    result_judged_ = false;
    worker_.engine().OnAnswer(*ticket_, *answer, Now());
  }
}

void Relay::TellLongData() {
  if (session_over_ || server_.blocked() || !session_.TakeLongDataPassed()) return;
  worker_.engine().OnAnswer(*ticket_, {.command = CommandKind::kLongData}, Now());
}

// What an event leaves behind that cannot wait for the next sweep, or needs one at all.
void Relay::WatchProgress() {
  if (!watched_ && NeedsWatching()) {
    watched_ = true;
    worker_.Watch(*this);
  }
  if (result_limit_ == 0 || result_judged_ || session_.answer_bytes() <= result_limit_) return;
  result_judged_ = true;
  SweepNow();
}

bool Relay::CanBeSwept() const {
  using mysql::Phase;
  const Phase phase = session_.phase();
  return logged_in_ && !detached_ && link_ == Link::kOpen &&
         (phase == Phase::kCommand || phase == Phase::kOrphaned || phase == Phase::kClosed);
}

bool Relay::NeedsWatching() const {
  return CanBeSwept() && (session_.commands_outstanding() > 0 || holding_ || client_.blocked() ||
                          killing_ != Kill::kNone || session_.half_sent() || server_.blocked());
}

bool Relay::SweepOpaque(Time now) {
  NoteStall(now);
  LookForEnd();
  const bool stalled = stalled_since_ != kNever && now - stalled_since_ > kDeliveryStall;
  if (stalled && !client_gone_) OnEvicted(Reason::kStalledRead, /*by_engine=*/false);
  return !detached_ && !client_gone_ && client_.blocked();
}

// Of a client that is not read now. What is before its FIN waits for the server, an RST does not.
void Relay::LookForEnd() {
  const bool unread = client_.held() || client_.blocked() || server_.blocked();
  if (client_gone_ || !client_.open() || !unread) return;
  const Leg::Got end = client_.PeerEnd();
  if (end == Leg::Got::kFin && !server_.blocked()) OnClientFin();
  if (end == Leg::Got::kEnd) OnClientEnd();
}

bool Relay::Sweep(const LockWaits& lock_waits, Time now) {
  const bool opaque = session_.phase() == mysql::Phase::kOpaque;
  watched_ = opaque || CanBeSwept();  // whatever is seen below must not list it a second time
  if (!watched_) return false;
  if (opaque) {
    const bool more = SweepOpaque(now);
    return watched_ = more || NeedsWatching();
  }
  LookForEnd();
  AskSweep(*lock_waits[backend_->index()], now);
  FollowKill(now);
  watched_ = NeedsWatching();
  return watched_;
}

void Relay::SweepNow() {
  if (CanBeSwept()) AskSweep(*backend_->monitor().lock_waits(), Now());
}

void Relay::AskSweep(const BackendIds& lock_waits, Time now) {
  using Kind = SweepVerdict::Kind;
  if (!CanBeSwept()) return;
  NoteStall(now);
  SweepFacts facts;
  facts.client_gone = client_gone_;
  facts.can_kill = backend_->monitor().up();
  facts.lock_wait =
      std::binary_search(lock_waits.begin(), lock_waits.end(), session_.backend_connection_id());
  if (stalled_since_ != kNever) {
    const Duration stalls = now - stalled_since_;
    if (!sends_) facts.client_blocked = stalls;
    if (session_.half_sent() && !server_.blocked()) facts.client_silent = stalls;
  }
  facts.answer_bytes = session_.answer_bytes();
  const SweepVerdict verdict = worker_.engine().OnSweep(*ticket_, facts, now);
  switch (verdict.kind) {
    case Kind::kNone:
      return;
    case Kind::kKillQuery:
      return WantKill(now);
    case Kind::kKillOrphan:
      kill_orphan_ = true;
      return WantKill(now);
    case Kind::kClose:
      return OnEvicted(verdict.reason, /*by_engine=*/true);
  }
}

// Sampled, so that no write has to look at the clock. A client that takes less than one read's
// worth between two sweeps counts as one that takes nothing. One that sends a command counts as
// silent until it has sent as much, but not for what the server does not take.
void Relay::NoteStall(Time now) {
  const bool takes = client_.blocked();
  const bool sends = !takes && session_.half_sent() && !server_.blocked();
  if (!takes && !sends) {
    stalled_since_ = kNever;
    return;
  }
  const std::uint32_t done = sends ? session_.half_sent_bytes() : client_.drains();
  const bool went_on = done - progress_ >= (sends ? kReadsWorth : 1);
  if (stalled_since_ != kNever && sends == sends_ && !went_on) return;
  stalled_since_ = now;
  progress_ = done;
  sends_ = sends;
}

void Relay::WantKill(Time now) {
  kill_at_ = answers_;
  killing_ = Kill::kWanted;
  AskKill(now);
}

// From here until its end no command may be on its way to the server: it could be the one hit.
void Relay::AskKill(Time now) {
  const auto done = [&worker = worker_, serial = id_.serial](KillEnd end) {
    const bool reached = end != KillEnd::kNotReached;
    worker.PostWake({reached ? Worker::Wake::Kind::kKilled : Worker::Wake::Kind::kNotKilled,
                     Reason::kNone, serial});
  };
  const std::uint32_t id = session_.backend_connection_id();
  if (!backend_->monitor().Kill(id, greeted_at_, done)) return;
  killing_ = Kill::kAsked;
  kill_asked_ = now;
  if (session_.phase() == mysql::Phase::kCommand) session_.HoldCommands(true);
}

void Relay::OnKillEnded(bool reached) {
  if (killing_ != Kill::kAsked) return;
  EndKill();
  if (!reached || kill_orphan_) killing_ = Kill::kWanted;
}

void Relay::EndKill() {
  killing_ = Kill::kNone;
  if (session_.phase() != mysql::Phase::kCommand) return;
  session_.HoldCommands(false);
  Event({});
}

void Relay::FollowKill(Time now) {
  if (detached_) return;
  if (killing_ == Kill::kAsked && now - kill_asked_ > kKillPatience) OnKillEnded(false);
  if (killing_ != Kill::kWanted || (kill_orphan_ && now - kill_asked_ < kKillAgain)) return;
  const bool still_there = kill_orphan_ || (answers_ == kill_at_ && !session_over_);
  if (still_there) return AskKill(now);
  killing_ = Kill::kNone;
}

}  // namespace headgate::net
