// The engine's door: every method that changes something, and the tape that is told of it.
//
// While there is a tape its lock is held for the whole call, before any other, so what is on the
// tape is one order, and another engine that is told the same in that order comes to the same.
// Without one a call costs the look whether there is one.
#include <array>
#include <optional>
#include <type_traits>
#include <utility>

#include "policies/engine_call.h"
#include "policies/engine_impl.h"
#include "policies/glance.h"

namespace headgate {
namespace {

Told Line(const AcceptResult& r) { return ToldOf(r.verdict); }
Told Line(const Verdict& v) { return ToldOf(v); }
Told Line(const CommandVerdict& v) { return ToldOf(v); }
Told Line(const SweepVerdict& v) { return ToldOf(v); }
Told Line(bool yes) { return Told::Be(yes); }
Told Line(Time) { return Told::Nothing(); }
Told Line(std::size_t) { return Told::Nothing(); }
Told Line(const Engine::Share&) { return Told::Nothing(); }

void NoteWakeup(CallNotes* notes, Wakeup::Kind kind, ConnectionId id, Reason reason) {
  if (notes != nullptr) notes->woke.push_back({kind, id, reason});
}

}  // namespace

thread_local CallNotes* Witness::notes = nullptr;

void Witness::Admitted(ConnectionId id) {
  NoteWakeup(notes, Wakeup::Kind::kAdmitted, id, Reason::kNone);
  to_.Admitted(id);
}

void Witness::Refused(ConnectionId id, Reason reason) {
  NoteWakeup(notes, Wakeup::Kind::kRefused, id, reason);
  to_.Refused(id, reason);
}

void Witness::Evicted(ConnectionId id, Reason reason) {
  NoteWakeup(notes, Wakeup::Kind::kEvicted, id, reason);
  to_.Evicted(id, reason);
}

void Witness::Ready(ConnectionId id) {
  NoteWakeup(notes, Wakeup::Kind::kReady, id, Reason::kNone);
  to_.Ready(id);
}

void Witness::Reclaim(ConnectionId id) {
  NoteWakeup(notes, Wakeup::Kind::kReclaim, id, Reason::kNone);
  to_.Reclaim(id);
}

void Witness::OnDecision(const Decision& d) {
  if (notes != nullptr) {
    notes->decided.push_back({d.id, d.reason, d.enforced, d.of_protected});
  }
  sink_.OnDecision(d);
}

// A call within one that goes on the tape (a ticket that a refusal gives back) is part of it. One
// that has no time of its own is of the time of the one before.
template <typename Act, typename MakeEvent, typename Matters>
auto Engine::Impl::TapedIf(Caller caller, std::optional<Time> now, const Act& act,
                           const MakeEvent& event, const Matters& matters) {
  using Answer = std::invoke_result_t<Act>;
  if (taping.to.load(std::memory_order_relaxed) == nullptr || Witness::notes != nullptr)
      [[likely]] {
    return act();
  }
  const std::lock_guard lock(taping.mutex);
  Tape* const to = taping.to.load(std::memory_order_relaxed);
  if (to == nullptr) return act();
  CallNotes& notes = taping.notes;
  notes.woke.clear();
  notes.decided.clear();
  taping.at = now.value_or(taping.at);
  Witness::notes = &notes;
  const auto tell = [&](Told told) {
    Witness::notes = nullptr;
    told.woke = notes.woke;
    told.decided = notes.decided;
    told.of_protected = caller.ticket != nullptr && caller.ticket->IsProtected();
    to->On({.at = taping.at, .id = caller.id, .what = event()}, told);
  };
  if constexpr (std::is_void_v<Answer>) {
    act();
    tell(Told::Nothing());
  } else {
    Answer answer = act();
    if (matters(answer) || !notes.woke.empty()) {
      tell(Line(answer));
    } else {
      Witness::notes = nullptr;
    }
    return answer;
  }
}

template <typename Act, typename MakeEvent>
auto Engine::Impl::Taped(Caller caller, std::optional<Time> now, const Act& act,
                         const MakeEvent& event) {
  return TapedIf(caller, now, act, event, [](const auto&...) { return true; });
}

// The one look at the text is taken in front, so that the tape has what the engine went by.
CommandVerdict Engine::Impl::OnCommandTaped(Ticket& t, const CommandFacts& facts, Time now) {
  if (taping.to.load(std::memory_order_relaxed) == nullptr) return OnCommand(t, facts, now);
  std::array<char, DigestTable::kKeptText> text;
  CommandFacts seen = facts;
  Glance glance;
  const bool shows = facts.command == CommandKind::kQuery || facts.command == CommandKind::kPrepare;
  const auto act = [&] {
    if (shows && Witness::notes != nullptr && facts.glance == nullptr) {
      glance = LookAt(facts, guard.InspectOf(SpeakerOf(t)), text);
      seen.glance = &glance;
    }
    return OnCommand(t, seen, now);
  };
  return Taped(Caller(t), now, act, [&] { return event::Command{seen}; });
}

// Every connection is swept ten times a second, and mostly there is nothing to be said of an idle
// one: that changes nothing, and would be most of what a tape has.
SweepVerdict Engine::Impl::OnSweepTaped(Ticket& t, const SweepFacts& facts, Time now) {
  if (taping.to.load(std::memory_order_relaxed) == nullptr) return OnSweep(t, facts, now);
  const StatementBook& b = BookOf(t);
  const auto told = b.told, wished = b.wished;
  const QuerySnapshot* const before = b.snapshot.get();
  bool idle = false;  // looked at under the tape's lock: others want slots back
  const auto act = [&] {
    idle = b.leased && IsQuiet(b) && !b.pending->asked && !facts.client_gone &&
           t.reclaim.load(std::memory_order_relaxed) == Ticket::Reclaim::kNo;
    return OnSweep(t, facts, now);
  };
  return TapedIf(
      Caller(t), now, act, [&] { return event::Sweep{facts}; },
      [&](const SweepVerdict& v) {
        return !idle || v.kind != SweepVerdict::Kind::kNone || b.told != told ||
               b.wished != wished || b.snapshot.get() != before;
      });
}

void Engine::Impl::Forget(Ticket& t) {
  Taped(
      Caller(t), std::nullopt, [&] { GiveBack(t, std::nullopt, /*for_good=*/true); },
      [] { return event::Forgotten{}; });
}

AcceptResult Engine::OnAccept(ConnectionId id, const Address& peer, Time now, Arrival how) {
  return impl_->Taped(
      Caller(id), now, [&] { return impl_->OnAccept(id, peer, now, how); },
      [&] {
        return event::Accepted{peer, how};
      });
}

AcceptResult Engine::OnFound(ConnectionId id, const Address& peer, Arrival how, Time now) {
  return impl_->Taped(
      Caller(id), now, [&] { return impl_->OnAccept(id, peer, now, how, /*found=*/true); },
      [&] {
        return event::Accepted{peer, how, /*found=*/true};
      });
}

Verdict Engine::OnTlsHandshake(Ticket& t, Time now) {
  return impl_->Taped(
      Caller(t), now, [&] { return impl_->OnTlsHandshake(t, now); },
      [] { return event::TlsHandshake{}; });
}

Verdict Engine::OnLogin(Ticket& t, const LoginClaim& claim, Time now) {
  return impl_->Taped(
      Caller(t), now, [&] { return impl_->OnLogin(t, claim, now); },
      [&] { return event::Login{claim}; });
}

void Engine::OnSlowLogin(Ticket& t, Time now) { impl_->OnSlowLogin(t, now); }

void Engine::OnLoginOk(Ticket& t, Time now) {
  impl_->Taped(
      Caller(t), now, [&] { impl_->OnLoginOk(t, now); }, [] { return event::LoginOk{}; });
}

void Engine::OnOpaque(Ticket& t, Time now) {
  impl_->Taped(
      Caller(t), now, [&] { impl_->OnOpaque(t, now); }, [] { return event::Opaque{}; });
}

void Engine::OnLoginFailed(Ticket& t, LoginFailure how, Time now) {
  impl_->Taped(
      Caller(t), now, [&] { impl_->OnLoginFailed(t, how, now); },
      [&] { return event::LoginFailed{how}; });
}

Verdict Engine::OnChangeUser(Ticket& t, const LoginClaim& claim, Time now) {
  return impl_->Taped(
      Caller(t), now, [&] { return impl_->OnChangeUser(t, claim, now); },
      [&] { return event::ChangeUser{claim}; });
}

CommandVerdict Engine::OnCommand(Ticket& t, const CommandFacts& facts, Time now) {
  return impl_->OnCommandTaped(t, facts, now);
}

CommandVerdict Engine::OnHeld(Ticket& t, Time now) {
  return impl_->Taped(
      Caller(t), now, [&] { return impl_->OnHeld(t, now); }, [] { return event::Held{}; });
}

void Engine::OnAnswer(Ticket& t, const AnswerFacts& facts, Time now) {
  impl_->Taped(
      Caller(t), now, [&] { impl_->OnAnswer(t, facts, now); },
      [&] { return event::Answer{facts}; });
}

SweepVerdict Engine::OnSweep(Ticket& t, const SweepFacts& facts, Time now) {
  return impl_->OnSweepTaped(t, facts, now);
}

void Engine::OnStatementCompleted(Ticket& t, Time now) {
  impl_->Taped(
      Caller(t), now, [&] { impl_->OnStatementCompleted(t, now); },
      [] { return event::StatementCompleted{}; });
}

void Engine::OnClientGone(Ticket& t, Time now) {
  impl_->Taped(
      Caller(t), now, [&] { impl_->OnClientGone(t, now); }, [] { return event::ClientGone{}; });
}

void Engine::OnBackendEnded(Ticket& t, Time now) {
  impl_->Taped(
      Caller(t), now, [&] { impl_->OnBackendEnded(t, now); }, [] { return event::BackendEnded{}; });
}

void Engine::Count(const Ticket& t, Reason reason, Time now) {
  impl_->Taped(
      Caller(t), now, [&] { impl_->Count(t, reason, now); }, [&] { return event::Ended{reason}; });
}

void Engine::Count(Reason reason, const Address& peer, Time now) {
  impl_->Taped(
      {}, now, [&] { impl_->Count(reason, peer, now); },
      [&] {
        return event::Counted{reason, peer};
      });
}

bool Engine::Gate(const Ticket& t, Reason reason, Time now) {
  return impl_->Taped(
      Caller(t), now, [&] { return impl_->Gate(t, reason, now); },
      [&] { return event::Gated{reason}; });
}

Time Engine::OnTick(Time now) {
  return impl_->Taped(
      {}, now, [&] { return impl_->OnTick(now); }, [] { return event::Tick{}; });
}

void Engine::OnServerFacts(const ServerFacts& facts, Time now) {
  impl_->Taped(
      {}, now, [&] { impl_->OnServerFacts(facts, now); }, [&] { return event::ServerTold{facts}; });
}

void Engine::OnBackend(bool up, Time now) {
  impl_->Taped(
      {}, now, [&] { impl_->OnBackend(up, now); }, [&] { return event::Backend{up}; });
}

void Engine::OnBackendSwitched(Time now) {
  impl_->Taped(
      {}, now, [&] { impl_->OnBackendSwitched(now); }, [] { return event::BackendSwitched{}; });
}

void Engine::OnElsewhere(std::uint32_t all, std::uint32_t unseen, Time now) {
  impl_->Taped(
      {}, now, [&] { impl_->OnElsewhere(all, unseen, now); },
      [&] {
        return event::Elsewhere{all, unseen};
      });
}

Engine::Share Engine::Confine(std::size_t unnamed, Time now) {
  return impl_->Taped(
      {}, now, [&] { return impl_->Confine(unnamed, now); },
      [&] { return event::Confined{unnamed}; });
}

void Engine::Unconfine(Time now) {
  impl_->Taped(
      {}, now, [&] { impl_->Unconfine(now); }, [] { return event::Unconfined{}; });
}

void Engine::OnWire(double syn_per_second, bool anomaly, Time now) {
  impl_->Taped(
      {}, now, [&] { impl_->OnWire(syn_per_second, anomaly, now); },
      [&] {
        return event::Wire{syn_per_second, anomaly};
      });
}

bool Engine::Ban(const Cidr& network, Duration how_long, std::string_view reason, Time now) {
  return impl_->Taped(
      {}, now, [&] { return impl_->Ban(network, how_long, reason, now); },
      [&] {
        return event::Ban{network, how_long, reason};
      });
}

bool Engine::Unban(const Cidr& network, Time now) {
  return impl_->Taped(
      {}, now, [&] { return impl_->Unban(network, now); }, [&] { return event::Unban{network}; });
}

std::size_t Engine::UnbanAll(Time now) {
  return impl_->Taped(
      {}, now, [&] { return impl_->UnbanAll(now); }, [] { return event::UnbanAll{}; });
}

void Engine::RestoreKnownGood(const std::vector<KnownGoodRecord>& records, Duration elapsed,
                              Time now) {
  impl_->Taped(
      {}, now, [&] { impl_->RestoreKnownGood(records, elapsed, now); },
      [&] {
        return event::KnownGoodRestored{&records, elapsed};
      });
}

void Engine::RestoreBans(const std::vector<BanRecord>& bans, Duration elapsed, Time now) {
  impl_->Taped(
      {}, now, [&] { impl_->RestoreBans(bans, elapsed, now); },
      [&] {
        return event::BansRestored{&bans, elapsed};
      });
}

void Engine::Publish(std::shared_ptr<const Limits> limits, Time now) {
  impl_->Taped(
      {}, now, [&] { impl_->Publish(limits, now); }, [&] { return event::Reloaded{limits}; });
}

}  // namespace headgate
