// What is told of the candidate's decisions.
#include <string>

#include "policies/reenactment_impl.h"
#include "policies/ticket.h"

namespace headgate {
namespace {

using What = Outcome::What;

// Of a decision that says by itself what comes of it.
What OutcomeFor(Reason reason) {
  switch (reason) {
    case Reason::kPendingEvicted:
    case Reason::kReclaimed:
    case Reason::kBanApplied:
    case Reason::kFailover:
      return What::kEvicted;
    case Reason::kQueryDeadline:
    case Reason::kResultSize:
    case Reason::kOrphanKilled:
      return What::kKilled;
    case Reason::kIdle:
    case Reason::kIdleInTransaction:
    case Reason::kStalledRead:
      return What::kClosed;
    default:
      return What::kRefused;
  }
}

// Ordinary ends, and what the server did, are no outcome of a policy.
bool IsOutcome(Reason reason) {
  return IsRefusal(reason) || IsDenial(reason) || OutcomeFor(reason) != What::kRefused ||
         reason == Reason::kRule || reason == Reason::kShapeLog || reason == Reason::kShapeDelay;
}

Outcome OutcomeOf(const Decision& d, What what) {
  return {.at = d.at,
          .what = what,
          .reason = d.reason,
          .enforced = d.enforced,
          .id = d.id,
          .peer = d.peer,
          .user = d.user,
          .class_name = d.class_name,
          .digest = d.digest,
          .rule = d.rule,
          .of_protected = d.of_protected};
}

}  // namespace

std::string_view Name(Outcome::What what) {
  switch (what) {
    case What::kRefused:
      return "refused";
    case What::kQueued:
      return "queued";
    case What::kDelayed:
      return "delayed";
    case What::kEvicted:
      return "evicted";
    case What::kKilled:
      return "killed";
    case What::kClosed:
      return "closed";
    case What::kBanned:
      return "banned";
    case What::kNoted:
      return "noted";
  }
  return "";
}

void Reenactment::World::OnDecision(const Decision& decision) {
  if (!IsOutcome(decision.reason)) return;
  Decision d = decision;
  if (d.id == ConnectionId{}) d.id = asking_;
  if (!d.enforced || !VerdictTells(d.reason)) {
    const bool banned = d.reason == Reason::kBanApplied && !d.enforced;
    return sink_.OnOutcome(OutcomeOf(d, banned ? What::kBanned : OutcomeFor(d.reason)));
  }
  noted_ = {.reason = d.reason, .rule = std::string(d.rule), .digest = d.digest};
}

// What is not carried out is a decision as well.
void Reenactment::World::OnBan(const BanMade& ban) {
  if (!ban.enforced) return;
  sink_.OnOutcome({.at = ban.at,
                   .what = What::kBanned,
                   .reason = Reason::kBanApplied,
                   .id = {},
                   .peer = ban.source,
                   .user = {},
                   .class_name = {},
                   .rule = ban.why});
}

// What a late connection does is late for what it did.
Duration Reenactment::World::Behind(const Actor& a) const {
  const Duration late = a.went_on == kNever ? a.late : std::max(now_ - a.went_on, Duration::zero());
  return late + a.small_change;
}

void Reenactment::World::Tell(const Actor& a, What what, Reason reason, Duration how_long,
                              bool unfinished) {
  const Ticket& t = *a.ticket;
  sink_.OnOutcome(
      {.at = now_,
       .what = what,
       .reason = reason,
       .id = a.id,
       .peer = t.peer,
       .user = t.names.user(),
       .class_name = t.names.class_name(),
       .digest = noted_.digest,
       .rule = what == What::kDelayed ? std::string_view(a.rule) : std::string_view(noted_.rule),
       .of_protected = t.IsProtected(),
       .how_long = how_long,
       .behind = how_long > Duration::zero() ? Behind(a) : Duration::zero(),
       .unfinished = unfinished});
}

// It waits, and nobody will know how long it would have waited.
void Reenactment::World::TellUnfinished(const Actor& a) {
  if (a.ticket == nullptr) return;
  noted_ = {};
  const What what = a.state == Actor::State::kWaiting ? What::kQueued : What::kDelayed;
  Tell(a, what, a.waits_for, now_ - a.waits_since, /*unfinished=*/true);
}

// Of a rule or [shape] that has spoken in this call.
void Reenactment::World::TellNoted(Actor& a, const Told& told) {
  if (noted_.reason == Reason::kNone || a.ticket == nullptr) return;
  const bool turned_away =
      told.Is(CommandVerdict::Kind::kRefuse) || told.Is(CommandVerdict::Kind::kClose);
  if (turned_away && told.reason == noted_.reason) {
    Tell(a, What::kRefused, noted_.reason, {});
  } else if (!told.Is(CommandVerdict::Kind::kHold)) {
    Tell(a, What::kNoted, noted_.reason, {});
  }
}

void Reenactment::World::Hold(Actor& a, const Told& told) {
  a.waits_for = told.reason;
  if (a.held) return;
  a.held = true;
  a.waits_since = now_;
  a.rule = noted_.rule;
}

void Reenactment::World::Release(Actor& a) {
  if (!a.held) return;
  a.held = false;
  Tell(a, What::kDelayed, a.waits_for, now_ - a.waits_since);
}

// A login that has waited is in.
void Reenactment::World::LetIn(Actor& a) {
  if (a.state != Actor::State::kWaiting) return;
  a.state = Actor::State::kLogin;
  noted_ = {};
  Tell(a, What::kQueued, a.waits_for, now_ - a.waits_since);
  if (!options_.verbatim) At(now_ + engine_.limits()->login.deadline, a.id, Due::kLogin);
}

// Verbatim: what an answer means for those who wait, and what there is at once.
void Reenactment::World::Witness(Actor& a, const EngineEvent& event, const Told& told) {
  if (std::holds_alternative<event::Login>(event.what)) Look(*a.ticket);
  if (const auto* answer = std::get_if<event::Answer>(&event.what)) {
    if (IsCounted(*answer)) static_cast<void>(TakeAnswer(a));
  }
  if (told.of == Told::Of::kVerdict &&
      told.kind == static_cast<std::uint8_t>(Verdict::Kind::kWait)) {
    a.state = Actor::State::kWaiting;
    a.waits_since = now_;
    a.waits_for = told.reason;
  }
  if (told.of != Told::Of::kCommand) return;
  if (const auto* command = std::get_if<event::Command>(&event.what)) {
    a.command = command->facts.command;
  }
  TellNoted(a, told);
  if (told.Is(CommandVerdict::Kind::kHold)) return Hold(a, told);
  if (told.Is(CommandVerdict::Kind::kPass)) {
    if (HasAnswer(a.command)) Ask(a, true);
    return Release(a);
  }
  a.held = false;
}

}  // namespace headgate
