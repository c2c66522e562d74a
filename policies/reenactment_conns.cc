// A connection in the candidate's world, from the door to its end, and what it puts off.
#include <algorithm>
#include <utility>
#include <variant>

#include "policies/engine_call.h"
#include "policies/reenactment_impl.h"

namespace headgate {
namespace {

constexpr Duration kNextToNothing = std::chrono::milliseconds(2);

// About what it takes to keep it.
std::size_t RoomOf(const EngineEvent& event, std::size_t most_text) {
  constexpr std::size_t kOverhead = 64;  // of the heap and of the queue
  std::size_t bytes = sizeof(KeptEvent) + kOverhead;
  const auto claim = [&](const LoginClaim& c) {
    bytes += c.user.size() + c.database.size() + c.subject.size();
  };
  if (const auto* login = std::get_if<event::Login>(&event.what)) claim(login->claim);
  if (const auto* change = std::get_if<event::ChangeUser>(&event.what)) claim(change->claim);
  if (const auto* command = std::get_if<event::Command>(&event.what)) {
    const CommandFacts& facts = command->facts;
    bytes += std::min(facts.sql.size(), most_text) +
             (facts.glance != nullptr ? facts.glance->text.size() : 0);
  }
  return bytes;
}

}  // namespace

void Reenactment::World::Accept(const EngineEvent& event, const Told& then) {
  const bool is_there = Find(event.id) != nullptr;
  if (actors_.size() >= options_.connections || is_there) {
    ++tally_.left_out;
    if (!is_there) sink_.OnGone(event.id);
    return;
  }
  ++tally_.connections;
  auto a = std::make_unique<Actor>();
  a->id = event.id;
  asking_ = event.id;
  const Told told = Call(engine_, event, a->ticket, now_);
  if (a->ticket == nullptr) return sink_.OnGone(event.id);
  Look(*a->ticket);
  if (Says(then, Verdict::Kind::kRefuse)) {
    ++tally_.let_in_gone;
    return sink_.OnGone(event.id);
  }
  At(now_ + engine_.PendingDeadline(*a->ticket), event.id, Due::kPending);
  actors_[KeyOf(event.id)] = std::move(a);
}

// Something happened to a connection. While it waits for the candidate, or is late by that, it is
// put off.
void Reenactment::World::Arrive(Actor& a, const EngineEvent& event, const Told& then) {
  if (Is<event::Gated>(event)) return;  // deadlines are the candidate's own
  if (Is<event::Held>(event)) return LiveWentOn(a, event, then);
  if (a.cut_off) return;
  const bool waits = a.waits() || a.has_later();
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
  if (command != nullptr) a.live_answers = HasAnswer(command->facts.command);
  const auto* answer = std::get_if<event::Answer>(&event.what);
  if (answer != nullptr && IsCounted(*answer) && !a.expected.empty() && !a.expected.Pop()) return;
  // The answer to what it asked before.
  if (answer != nullptr && IsCounted(*answer) && a.held && !a.has_later() && !a.asked.empty()) {
    return Put(a, event, then);
  }
  if (!waits && a.late + a.small_change > Duration::zero()) CatchUp(a, event);
  a.heard = event.at;
  const bool put_off = waits || a.late > Duration::zero();
  const bool answered = command != nullptr && HasAnswer(command->facts.command) && !TurnsAway(then);
  if (!put_off) {
    if (answered) static_cast<void>(a.expected.Push(true));
    return Put(a, event, then);
  }
  PutOff(a, event, then, answered);
  if (!waits) Pump(event.id);
}

void Reenactment::World::PutOff(Actor& a, const EngineEvent& event, const Told& then,
                                bool answered) {
  const bool keeps = Keeps(a, event);
  if (answered && !a.expected.Push(keeps)) return;
  if (!keeps) return;
  const std::size_t bytes = RoomOf(event, kMostText);
  if (kept_ + bytes > kMostKeptAll) return CutOff(a);
  if (a.later == nullptr) a.later = std::make_unique<std::deque<Later>>();
  a.later->push_back({std::make_unique<KeptEvent>(event, then, kMostText), bytes});
  kept_ += bytes;
}

// What is about a connection's coming and going is always kept: there is little of it.
bool Reenactment::World::Keeps(Actor& a, const EngineEvent& event) {
  const std::size_t kept = a.later == nullptr ? 0 : a.later->size();
  if (kept < kMostKept || !(Is<event::Command>(event) || Is<event::StatementCompleted>(event))) {
    return kept < 2 * kMostKept;
  }
  if (Is<event::Command>(event)) ++tally_.commands_cut;
  return false;
}

// Who took a pause longer than he is late is late no more, nor is anybody for next to nothing:
// everything that a late one does has to be put off.
void Reenactment::World::CatchUp(Actor& a, const EngineEvent& event) {
  const bool by_client =
      Is<event::Command>(event) || Is<event::ChangeUser>(event) || Is<event::ClientGone>(event);
  const bool pauses = by_client && a.expected.empty();
  const Duration behind = a.late + a.small_change;
  if (pauses && event.at - a.heard > behind) {
    a.late = a.small_change = Duration::zero();
  } else if (a.late < kNextToNothing) {
    a.small_change += std::exchange(a.late, Duration::zero());
  }
}

void Reenactment::World::ForgetLater(Actor& a) {
  if (a.later == nullptr) return;
  for (const Later& later : *a.later) kept_ -= later.bytes;
  a.later.reset();
}

// How long it waits, and what becomes of that, is told all the same.
void Reenactment::World::CutOff(Actor& a) {
  ++tally_.cut_off;
  ForgetLater(a);
  a.cut_off = true;
  if (!a.waits()) Drop(a.id);
}

// What the live policy held goes on, or not.
void Reenactment::World::LiveWentOn(Actor& a, const EngineEvent& event, const Told& then) {
  if (then.Is(CommandVerdict::Kind::kHold) || then.of == Told::Of::kUnknown) return;
  if (a.held && !a.has_later() && a.went_on == kNever) a.went_on = event.at;
  if (!TurnsAway(then)) return;
  if (a.live_answers && a.expected.size() > 0) a.expected.PopBack();
  if (a.held && !a.has_later()) {
    a.answer_at_once = true;
  } else if (a.has_later()) {
    for (auto it = a.later->rbegin(); it != a.later->rend(); ++it) {
      if (!Is<event::Command>(it->event->event())) continue;
      it->event->told() = then;
      return;
    }
  } else if (a.live_answers && a.asked.size() == 1) {
    if (TakeAnswer(a)) AnswerNow(a, CommandKind::kQuery);
  }
}

// It waits no more: what it does from now on is late by as much as it waited longer than it did.
void Reenactment::World::GoOn(Actor& a) {
  if (a.went_on != kNever) a.late = std::max(now_ - a.went_on, Duration::zero());
  a.went_on = kNever;
  if (a.cut_off) return Drop(a.id);
  Pump(a.id);
}

void Reenactment::World::Pump(ConnectionId id) {
  while (true) {
    Actor* const a = Find(id);
    if (a == nullptr || !a->has_later() || a->waits()) return;
    const Time due = a->later->front().event->event().at + a->late;
    if (due > now_) return At(due, id, Due::kLater);
    const Later next = std::move(a->later->front());
    a->later->pop_front();
    kept_ -= next.bytes;
    Put(*a, next.event->event(), next.event->told());
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
  const bool is_over = Is<event::ClientGone>(event) || Is<event::Forgotten>(event);
  if (is_over && a.waits()) TellUnfinished(a);
  if (Is<event::Forgotten>(event)) return Drop(a.id);
  if (Is<event::Answer>(event)) return PutAnswer(a, event);
  const Told told = Call(engine_, event, a.ticket, now_);
  if (Says(told, Verdict::Kind::kRefuse)) return Drop(a.id);
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

// A command's size and an answer's meet the limits now: a live session looks while they come.
void Reenactment::World::PutAnswer(Actor& a, const EngineEvent& event) {
  const auto& answer = std::get<event::Answer>(event.what);
  if (IsCounted(answer)) {
    if (a.asked.empty()) return;
    const bool too_much = a.packet_limit > 0 && answer.facts.request_bytes > a.packet_limit;
    if (too_much && a.asked.Front()) return EndAsTooLarge(a);
    const bool too_long = a.result_limit > 0 && answer.facts.bytes > a.result_limit;
    if (too_long && a.asked.Front()) {
      SweepAnswer(a, answer.facts);
      if (Find(event.id) == nullptr) return;
    }
    if (!TakeAnswer(a)) return;
  }
  static_cast<void>(Call(engine_, event, a.ticket, now_));
}

// A session ends with a command that its next packet makes too long.
void Reenactment::World::EndAsTooLarge(Actor& a) {
  engine_.Count(*a.ticket, Reason::kPacketTooLarge, now_);
  Drop(a.id);
}

void Reenactment::World::PutLogin(Actor& a, const EngineEvent& event, const Told& then) {
  const bool live_waits = Says(then, Verdict::Kind::kWait);
  const Told told = Call(engine_, event, a.ticket, now_);
  Look(*a.ticket);
  if (Says(told, Verdict::Kind::kRefuse)) return Drop(a.id);
  if (Says(told, Verdict::Kind::kAdmit)) {
    a.state = Actor::State::kLogin;
    return At(now_ + engine_.limits()->login.deadline, a.id, Due::kLogin);
  }
  a.state = Actor::State::kWaiting;
  a.waits_since = now_;
  a.waits_for = told.reason;
  if (!live_waits && !Says(then, Verdict::Kind::kRefuse)) a.went_on = event.at;
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
        NoAnswer(a);
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
