// The command phase of a simulated relay, after net/relay_commands.cc.
#include <array>

#include "tests/whole/gate.h"
#include "tests/whole/relay.h"

namespace headgate::whole {
namespace {

using mysql::Phase;

constexpr Duration kKillPatience = std::chrono::seconds(3);
constexpr Duration kKillAgain = std::chrono::milliseconds(500);
constexpr std::uint32_t kReadsWorth = 64 * 1024;

}  // namespace

void Relay::Decide(const CommandVerdict& verdict) {
  using Kind = CommandVerdict::Kind;
  static constexpr std::array<const char*, 5> kTold = {
      "a command passes", "more of a command passes", "a command is held", "a command is refused",
      "a command closes it"};
  gate_.Tell(*this, kTold[static_cast<std::size_t>(verdict.kind)], verdict.reason);
  holding_ = verdict.kind == Kind::kHold;
  SetDeadline(holding_ ? verdict.until : kNever);
  if (verdict.kind == Kind::kPass) result_limit_ = verdict.result_limit;
  if (verdict.kind == Kind::kClose) engine_said_ = verdict.reason;
  Event(session_.OnCommandVerdict(verdict));
}

void Relay::OnReady() {
  if (!holding_ || session_over_) return;
  Decide(gate_.engine().OnHeld(*ticket_, now()));
}

void Relay::OnReclaim() {
  if (detached_ || session_.phase() != Phase::kReauthenticating) return SweepNow();
  const SweepVerdict verdict = gate_.engine().OnSweep(*ticket_, {}, now());
  if (verdict.kind == SweepVerdict::Kind::kClose) OnEvicted(verdict.reason, /*by_engine=*/true);
}

void Relay::TellAnswers() {
  if (session_over_) return;
  while (const std::optional<AnswerFacts> answer = session_.NextAnswer()) {
    ++answers_;
    result_judged_ = false;
    gate_.engine().OnAnswer(*ticket_, *answer, now());
  }
}

void Relay::TellLongData() {
  if (session_over_ || server_.blocked() || !session_.TakeLongDataPassed()) return;
  gate_.engine().OnAnswer(*ticket_, {.command = CommandKind::kLongData}, now());
}

void Relay::WatchProgress() {
  if (!watched_ && NeedsWatching()) {
    watched_ = true;
    gate_.NeedSweeps();
  }
  if (result_limit_ == 0 || result_judged_ || session_.answer_bytes() <= result_limit_) return;
  result_judged_ = true;
  SweepNow();
}

bool Relay::CanBeSwept() const {
  const Phase phase = session_.phase();
  return logged_in_ && !detached_ && link_ == Link::kOpen &&
         (phase == Phase::kCommand || phase == Phase::kOrphaned || phase == Phase::kClosed);
}

bool Relay::NeedsWatching() const {
  return CanBeSwept() && (session_.commands_outstanding() > 0 || holding_ || client_.blocked() ||
                          killing_ != Kill::kNone || session_.half_sent() || server_.blocked());
}

void Relay::LookForEnd() {
  const bool unread = client_.held || client_.blocked() || server_.blocked();
  if (client_gone_ || !client_.open() || !unread) return;
  const Leg::Got end = client_.PeerEnd();
  if (end == Leg::Got::kFin && !server_.blocked()) OnClientFin();
  if (end == Leg::Got::kEnd) OnClientEnd();
}

bool Relay::Sweep() {
  watched_ = CanBeSwept();
  if (!watched_) return false;
  LookForEnd();
  AskSweep();
  FollowKill();
  watched_ = NeedsWatching();
  return watched_;
}

void Relay::SweepNow() {
  if (CanBeSwept()) AskSweep();
}

void Relay::AskSweep() {
  using Kind = SweepVerdict::Kind;
  if (!CanBeSwept()) return;
  NoteStall();
  SweepFacts facts;
  facts.client_gone = client_gone_;
  facts.can_kill = gate_.monitor_up();
  if (stalled_since_ != kNever) {
    const Duration stalls = now() - stalled_since_;
    if (!sends_) facts.client_blocked = stalls;
    if (session_.half_sent() && !server_.blocked()) facts.client_silent = stalls;
  }
  facts.answer_bytes = session_.answer_bytes();
  const SweepVerdict verdict = gate_.engine().OnSweep(*ticket_, facts, now());
  switch (verdict.kind) {
    case Kind::kNone:
      return;
    case Kind::kKillQuery:
      return WantKill();
    case Kind::kKillOrphan:
      kill_orphan_ = true;
      return WantKill();
    case Kind::kClose:
      return OnEvicted(verdict.reason, /*by_engine=*/true);
  }
}

void Relay::NoteStall() {
  const bool takes = client_.blocked();
  const bool sends = !takes && session_.half_sent() && !server_.blocked();
  if (!takes && !sends) {
    stalled_since_ = kNever;
    return;
  }
  const auto done =
      sends ? session_.half_sent_bytes() : static_cast<std::uint32_t>(client_.drains());
  const bool went_on = done - progress_ >= (sends ? kReadsWorth : 1);
  if (stalled_since_ != kNever && sends == sends_ && !went_on) return;
  stalled_since_ = now();
  progress_ = done;
  sends_ = sends;
}

void Relay::WantKill() {
  kill_at_ = answers_;
  killing_ = Kill::kWanted;
  AskKill();
}

void Relay::AskKill() {
  if (!gate_.Kill(*this, session_.backend_connection_id(), greeted_at_)) return;
  killing_ = Kill::kAsked;
  kill_asked_ = now();
  if (session_.phase() == Phase::kCommand) session_.HoldCommands(true);
}

void Relay::OnKillEnded(bool reached) {
  if (detached_ || killing_ != Kill::kAsked) return;
  EndKill();
  if (!reached || kill_orphan_) killing_ = Kill::kWanted;
}

void Relay::EndKill() {
  killing_ = Kill::kNone;
  if (session_.phase() != Phase::kCommand) return;
  session_.HoldCommands(false);
  Event({});
}

void Relay::FollowKill() {
  if (detached_) return;
  if (killing_ == Kill::kAsked && now() - kill_asked_ > kKillPatience) OnKillEnded(false);
  if (killing_ != Kill::kWanted || (kill_orphan_ && now() - kill_asked_ < kKillAgain)) return;
  const bool still_there = kill_orphan_ || (answers_ == kill_at_ && !session_over_);
  if (still_there) return AskKill();
  killing_ = Kill::kNone;
}

}  // namespace headgate::whole
