// The command phase in the candidate's world.
#include <algorithm>
#include <array>
#include <span>
#include <variant>

#include "policies/digest_table.h"
#include "policies/engine_call.h"
#include "policies/glance.h"
#include "policies/reenactment_impl.h"

namespace headgate {
namespace {

using Answer = CommandVerdict::Kind;

constexpr Duration kBusySweep = std::chrono::milliseconds(250);
// Who has been quiet for long is looked at rarely, so that no file's clock can keep us.
constexpr int kSparser = 64;
constexpr std::uint16_t kInterrupted = 1317;  // ER_QUERY_INTERRUPTED

bool LivePassed(const Told& then) { return !then.Is(Answer::kRefuse) && !then.Is(Answer::kClose); }

}  // namespace

void Reenactment::World::PutCommand(Actor& a, const EngineEvent& event, const Told& then) {
  const CommandKind command = std::get<event::Command>(event.what).facts.command;
  const Told told = AskCommand(a, event);
  TellNoted(a, told);
  if (told.Is(Answer::kHold) && !a.held) {
    a.answer_at_once = !LivePassed(then);
    a.went_on = then.Is(Answer::kHold) ? kNever : event.at;
    a.command = command;
  }
  Judge(a, command, told, LivePassed(then));
}

// Of a text that is longer than what there is to be seen the rest is taken for what nobody saw.
Told Reenactment::World::AskCommand(Actor& a, const EngineEvent& event) {
  const CommandFacts& facts = std::get<event::Command>(event.what).facts;
  const CommandVerdict v = engine_.OnCommand(*a.ticket, facts, now_);
  if (v.kind != Answer::kMore) return Heard(a, v);
  CommandFacts whole = facts;
  whole.complete = true;
  std::array<char, DigestTable::kKeptText> text;
  Glance glance = facts.glance != nullptr ? *facts.glance : LookAt(whole, v.inspect, text);
  glance.look = 0;
  if (!facts.complete) {
    glance.mark.traits |= BitOf(Trait::kCommentPadding) | BitOf(Trait::kUninspectedTail);
  }
  whole.complete = facts.complete;
  whole.glance = &glance;
  return Heard(a, engine_.OnCommand(*a.ticket, whole, now_));
}

Told Reenactment::World::Heard(Actor& a, const CommandVerdict& v) {
  a.result_limit = v.result_limit;
  a.packet_limit = v.packet_limit;
  return ToldOf(v);
}

// `live_passed`: so the command's answer will come.
void Reenactment::World::Judge(Actor& a, CommandKind command, const Told& told, bool live_passed) {
  const bool answered = HasAnswer(command);
  if (told.Is(Answer::kHold)) {
    Hold(a, told);
    return At(std::max(told.until, now_), a.id, Due::kHeld);
  }
  if (told.Is(Answer::kClose)) return Drop(a.id);
  const bool passed = told.Is(Answer::kPass);
  if (passed) Release(a);
  a.held = false;
  if (!answered) return;
  if (live_passed) {
    Ask(a, passed);
  } else if (passed) {
    AnswerNow(a, command);
  }
  if (passed && options_.own_sweeps) SweepSoon(a, kBusySweep);
}

void Reenactment::World::AskHeld(Actor& a) {
  if (!a.held) return;
  asking_ = a.id;
  noted_ = {};
  const Told told = Heard(a, engine_.OnHeld(*a.ticket, now_));
  TellNoted(a, told);
  const ConnectionId id = a.id;
  Judge(a, a.command, told, !a.answer_at_once);
  Actor* const still = Find(id);
  if (still != nullptr && !still->held) GoOn(*still);
}

// The candidate, or the live policy, has ended it.
void Reenactment::World::AnswerNow(Actor& a, CommandKind command) {
  AnswerFacts facts;
  facts.command = command;
  facts.error = true;
  facts.error_code = kInterrupted;
  engine_.OnAnswer(*a.ticket, facts, now_);
}

// A gate looks at an answer that has become too long while it comes.
void Reenactment::World::SweepAnswer(Actor& a, const AnswerFacts& facts) {
  SweepFacts sweep;
  sweep.can_kill = options_.can_kill;
  sweep.answer_bytes = facts.bytes;
  PutSweep(a, {.at = now_, .id = a.id, .what = event::Sweep{sweep}}, {});
}

// Earlier than what is due already, if that is later.
void Reenactment::World::SweepSoon(Actor& a, Duration in) {
  if (a.sweep_due != kNever && a.sweep_due <= now_ + in) return;
  a.sweep_due = now_ + in;
  At(a.sweep_due, a.id, Due::kSweep);
}

void Reenactment::World::OwnSweep(Actor& a, Time due) {
  if (a.sweep_due != due || a.state != Actor::State::kIn) return;
  a.sweep_due = kNever;
  const ConnectionId id = a.id;
  SweepFacts facts;
  facts.client_gone = a.gone;
  facts.can_kill = options_.can_kill;
  // A tape has the sweeps of those who run something, and none of the idle.
  if (options_.own_sweeps || a.asked.empty()) {
    PutSweep(a, {.at = now_, .id = id, .what = event::Sweep{facts}}, {});
  }
  Actor* const still = Find(id);
  if (still == nullptr) return;
  const bool busy = options_.own_sweeps && !still->asked.empty();
  const Duration often = busy ? kBusySweep : kIdleSweep;
  SweepSoon(*still, std::max<Duration>(often, (now_ - still->active) / kSparser));
}

}  // namespace headgate
