// A connection in the candidate's world, from the door to its end, and what it puts off.
#include <algorithm>
#include <utility>
#include <variant>

#include "policies/engine_call.h"
#include "policies/reenactment_impl.h"

namespace headgate {
namespace {

constexpr Duration kIdleSweep = std::chrono::seconds(5);

template <typename T>
bool Is(const EngineEvent& e) {
  return std::holds_alternative<T>(e.what);
}

bool IsVerdict(const Told& told, Verdict::Kind kind) {
  return told.of == Told::Of::kVerdict && told.kind == static_cast<std::uint8_t>(kind);
}

bool IsTurnedAway(const Told& told) {
  return told.Is(CommandVerdict::Kind::kRefuse) || told.Is(CommandVerdict::Kind::kClose);
}

// Whose answer is one of those that are waited for. That to a change-user is not.
bool IsCounted(const event::Answer& e) { return e.facts.command != CommandKind::kChangeUser; }

}  // namespace

void Reenactment::World::Accept(const EngineEvent& event, const Told& then) {
  if (actors_.size() >= options_.connections || Find(event.id) != nullptr) {
    ++tally_.left_out;
    return;
  }
  ++tally_.connections;
  auto a = std::make_unique<Actor>();
  a->id = event.id;
  asking_ = event.id;
  const Told told = Call(engine_, event, a->ticket, now_);
  if (a->ticket == nullptr) return;
  if (IsVerdict(then, Verdict::Kind::kRefuse)) {
    ++tally_.let_in_gone;
    return;
  }
  At(now_ + engine_.PendingDeadline(*a->ticket), event.id, Due::kPending);
  actors_[KeyOf(event.id)] = std::move(a);
}

// Something happened to a connection. While it waits for the candidate, or is late by that, it is
// put off.
void Reenactment::World::Arrive(Actor& a, const EngineEvent& event, const Told& then) {
  if (Is<event::Gated>(event)) return;  // deadlines are the candidate's own
  if (Is<event::Held>(event)) return LiveWentOn(a, event, then);
  const bool waits = a.waits() || !a.later.empty();
  if (Is<event::Sweep>(event)) {
    if (!waits) PutSweep(a, event, then);
    return;
  }
  const bool leaves =
      Is<event::ClientGone>(event) || Is<event::BackendEnded>(event) || Is<event::Forgotten>(event);
  // Who went before the live policy let him go on did not wait, and will not for the candidate.
  if (leaves && a.waits() && a.went_on == kNever) return Put(a, event, then);
  const auto* command = std::get_if<event::Command>(&event.what);
  if (command != nullptr && then.Is(CommandVerdict::Kind::kMore)) return;  // it is told again
  const auto* answer = std::get_if<event::Answer>(&event.what);
  if (answer != nullptr && IsCounted(*answer) && !a.expected.empty() && !a.expected.Pop()) return;
  // The answer to what it asked before.
  if (answer != nullptr && a.held && a.later.empty() && !a.asked.empty()) {
    return Put(a, event, then);
  }
  const bool put_off = waits || a.late > Duration::zero();
  const bool answered =
      command != nullptr && HasAnswer(command->facts.command) && !IsTurnedAway(then);
  if (!put_off) {
    if (answered) static_cast<void>(a.expected.Push(true));
    return Put(a, event, then);
  }
  const bool keeps = Keeps(a, event);
  if (answered && !a.expected.Push(keeps)) return;
  if (!keeps) return;
  a.later.push_back(std::make_unique<KeptEvent>(event, then, kMostText));
  ++kept_;
  if (!waits) Pump(a.id);
}

// What is about a connection's coming and going is always kept: there is little of it.
bool Reenactment::World::Keeps(Actor& a, const EngineEvent& event) {
  const bool full = a.later.size() >= kMostKept || kept_ >= kMostKeptAll;
  if (!full || !(Is<event::Command>(event) || Is<event::StatementCompleted>(event))) {
    return a.later.size() < 2 * kMostKept;
  }
  if (Is<event::Command>(event)) ++tally_.commands_cut;
  return false;
}

// What the live policy held goes on, or not.
void Reenactment::World::LiveWentOn(Actor& a, const EngineEvent& event, const Told& then) {
  if (then.Is(CommandVerdict::Kind::kHold) || then.of == Told::Of::kUnknown) return;
  if (a.held && a.later.empty() && a.went_on == kNever) a.went_on = event.at;
  if (!IsTurnedAway(then)) return;
  if (a.expected.size() > 0) a.expected.PopBack();
  if (a.held && a.later.empty()) {
    a.answer_at_once = true;
  } else if (!a.later.empty()) {
    for (auto it = a.later.rbegin(); it != a.later.rend(); ++it) {
      if (!Is<event::Command>((*it)->event())) continue;
      (*it)->told() = then;
      return;
    }
  } else if (a.asked.size() == 1) {
    if (a.asked.Pop()) AnswerNow(a, CommandKind::kQuery);
  }
}

// It waits no more: what it does from now on is late by as much as it waited longer than it did.
void Reenactment::World::GoOn(Actor& a) {
  if (a.went_on != kNever) a.late = std::max(now_ - a.went_on, Duration::zero());
  a.went_on = kNever;
  Pump(a.id);
}

void Reenactment::World::Pump(ConnectionId id) {
  while (true) {
    Actor* const a = Find(id);
    if (a == nullptr || a->later.empty() || a->waits()) return;
    const Time due = a->later.front()->event().at + a->late;
    if (due > now_) return At(due, id, Due::kLater);
    const std::unique_ptr<KeptEvent> next = std::move(a->later.front());
    a->later.pop_front();
    --kept_;
    Put(*a, next->event(), next->told());
  }
}

// To the engine, now. Drops the connection where that ends it: it is last.
void Reenactment::World::Put(Actor& a, const EngineEvent& event, const Told& then) {
  asking_ = a.id;
  noted_ = {};
  a.active = now_;
  if (Is<event::Login>(event)) return PutLogin(a, event, then);
  if (Is<event::Command>(event)) return PutCommand(a, event, then);
  if (Is<event::Sweep>(event)) return PutSweep(a, event, then);
  if (Is<event::Forgotten>(event)) return Drop(a.id);
  if (const auto* e = std::get_if<event::Answer>(&event.what)) {
    const bool ours = !IsCounted(*e) || (!a.asked.empty() && a.asked.Pop());
    if (!ours) return;
  }
  const Told told = Call(engine_, event, a.ticket, now_);
  if (IsVerdict(told, Verdict::Kind::kRefuse)) return Drop(a.id);
  if (Is<event::ClientGone>(event)) {
    a.gone = true;
    a.held = false;
    if (a.state == Actor::State::kWaiting) Drop(a.id);
    return;
  }
  if (Is<event::LoginOk>(event) || Is<event::Opaque>(event)) {
    a.state = Actor::State::kIn;
    SweepSoon(a, kIdleSweep);
  }
}

void Reenactment::World::PutLogin(Actor& a, const EngineEvent& event, const Told& then) {
  const bool live_waits = IsVerdict(then, Verdict::Kind::kWait);
  const Told told = Call(engine_, event, a.ticket, now_);
  if (IsVerdict(told, Verdict::Kind::kRefuse)) return Drop(a.id);
  if (IsVerdict(told, Verdict::Kind::kAdmit)) {
    a.state = Actor::State::kLogin;
    return At(now_ + engine_.limits()->login.deadline, a.id, Due::kLogin);
  }
  a.state = Actor::State::kWaiting;
  a.waits_since = now_;
  a.waits_for = told.reason;
  if (!live_waits && !IsVerdict(then, Verdict::Kind::kRefuse)) a.went_on = event.at;
}

void Reenactment::World::PutSweep(Actor& a, const EngineEvent& event, const Told& then) {
  asking_ = a.id;
  noted_ = {};
  const Told told = Call(engine_, event, a.ticket, now_);
  if (told.of != Told::Of::kSweep || (told.kind == then.kind && then.of == told.of)) return;
  switch (static_cast<SweepVerdict::Kind>(told.kind)) {
    case SweepVerdict::Kind::kNone:
      return;
    case SweepVerdict::Kind::kKillQuery:
      if (!a.asked.empty()) {
        a.asked.SetFront(false);  // the answer that it had counts no more
        AnswerNow(a, CommandKind::kQuery);
      }
      return;
    case SweepVerdict::Kind::kKillOrphan:
    case SweepVerdict::Kind::kClose:
      return Drop(a.id);
  }
}

void Reenactment::World::Fire(const Timer& timer) {
  Actor* const a = Find(timer.id);
  if (a == nullptr) return;
  asking_ = a->id;
  noted_ = {};
  switch (timer.what) {
    case Due::kPending:
      if (a->state != Actor::State::kPending) return;
      if (engine_.Gate(*a->ticket, Reason::kPendingDeadline, now_)) Drop(timer.id);
      return;
    case Due::kLogin:
      if (a->state != Actor::State::kLogin || a->gone) return;
      if (!engine_.Gate(*a->ticket, Reason::kLoginDeadline, now_)) return;
      engine_.OnLoginFailed(*a->ticket, LoginFailure::kStalled, now_);
      return Drop(timer.id);
    case Due::kHeld:
      return AskHeld(*a);
    case Due::kLater:
      return Pump(timer.id);
    case Due::kSweep:
      return OwnSweep(*a, timer.at);
  }
}

}  // namespace headgate
