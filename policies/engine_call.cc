#include "policies/engine_call.h"

#include <type_traits>
#include <variant>

namespace headgate {
namespace {

struct Dispatch {
  Engine& engine;
  const EngineEvent& event;
  TicketPtr& ticket;
  const Time now;

  // --- of a connection
  Told operator()(const event::Accepted& e) const {
    AcceptResult r = e.found ? engine.OnFound(event.id, e.peer, e.how, now)
                             : engine.OnAccept(event.id, e.peer, now, e.how);
    ticket = std::move(r.ticket);
    return ToldOf(r.verdict);
  }
  Told operator()(const event::TlsHandshake&) const {
    return ToldOf(engine.OnTlsHandshake(*ticket, now));
  }
  Told operator()(const event::Login& e) const {
    return ToldOf(engine.OnLogin(*ticket, e.claim, now));
  }
  Told operator()(const event::LoginOk&) const {
    engine.OnLoginOk(*ticket, now);
    return Told::Nothing();
  }
  Told operator()(const event::Opaque&) const {
    engine.OnOpaque(*ticket, now);
    return Told::Nothing();
  }
  Told operator()(const event::LoginFailed& e) const {
    engine.OnLoginFailed(*ticket, e.how, now);
    return Told::Nothing();
  }
  Told operator()(const event::ChangeUser& e) const {
    return ToldOf(engine.OnChangeUser(*ticket, e.claim, now));
  }
  Told operator()(const event::Command& e) const {
    return ToldOf(engine.OnCommand(*ticket, e.facts, now));
  }
  Told operator()(const event::Held&) const { return ToldOf(engine.OnHeld(*ticket, now)); }
  Told operator()(const event::Answer& e) const {
    engine.OnAnswer(*ticket, e.facts, now);
    return Told::Nothing();
  }
  Told operator()(const event::Sweep& e) const {
    return ToldOf(engine.OnSweep(*ticket, e.facts, now));
  }
  Told operator()(const event::StatementCompleted&) const {
    engine.OnStatementCompleted(*ticket, now);
    return Told::Nothing();
  }
  Told operator()(const event::ClientGone&) const {
    engine.OnClientGone(*ticket, now);
    return Told::Nothing();
  }
  Told operator()(const event::BackendEnded&) const {
    engine.OnBackendEnded(*ticket, now);
    return Told::Nothing();
  }
  Told operator()(const event::Ended& e) const {
    engine.Count(*ticket, e.reason, now);
    return Told::Nothing();
  }
  Told operator()(const event::Gated& e) const {
    return Told::Be(engine.Gate(*ticket, e.reason, now));
  }
  Told operator()(const event::Forgotten&) const {
    ticket.reset();
    return Told::Nothing();
  }

  // --- of nobody in particular
  Told operator()(const event::Counted& e) const {
    engine.Count(e.reason, e.peer, now);
    return Told::Nothing();
  }
  Told operator()(const event::Tick&) const {
    static_cast<void>(engine.OnTick(now));
    return Told::Nothing();
  }
  Told operator()(const event::ServerTold& e) const {
    engine.OnServerFacts(e.facts, now);
    return Told::Nothing();
  }
  Told operator()(const event::Backend& e) const {
    engine.OnBackend(e.up, now);
    return Told::Nothing();
  }
  Told operator()(const event::BackendSwitched&) const {
    engine.OnBackendSwitched(now);
    return Told::Nothing();
  }
  Told operator()(const event::Elsewhere& e) const {
    engine.OnElsewhere(e.all, e.unseen, now);
    return Told::Nothing();
  }
  Told operator()(const event::Confined& e) const {
    static_cast<void>(engine.Confine(e.unnamed, now));
    return Told::Nothing();
  }
  Told operator()(const event::Unconfined&) const {
    engine.Unconfine(now);
    return Told::Nothing();
  }
  Told operator()(const event::Wire& e) const {
    engine.OnWire(e.syn_per_second, e.anomaly, now);
    return Told::Nothing();
  }
  Told operator()(const event::Ban& e) const {
    return Told::Be(engine.Ban(e.network, e.how_long, e.reason, now));
  }
  Told operator()(const event::Unban& e) const { return Told::Be(engine.Unban(e.network, now)); }
  Told operator()(const event::UnbanAll&) const {
    static_cast<void>(engine.UnbanAll(now));
    return Told::Nothing();
  }
  Told operator()(const event::KnownGoodRestored& e) const {
    if (e.records != nullptr) engine.RestoreKnownGood(*e.records, e.elapsed, now);
    return Told::Nothing();
  }
  Told operator()(const event::BansRestored& e) const {
    if (e.bans != nullptr) engine.RestoreBans(*e.bans, e.elapsed, now);
    return Told::Nothing();
  }
  Told operator()(const event::Reloaded& e) const {
    if (e.limits != nullptr) engine.Publish(e.limits, now);
    return Told::Nothing();
  }
};

template <typename... Kinds>
struct Any {
  template <typename T>
  static constexpr bool Has() {
    return (std::is_same_v<T, Kinds> || ...);
  }
};
using OfNobody =
    Any<event::Counted, event::Tick, event::ServerTold, event::Backend, event::BackendSwitched,
        event::Elsewhere, event::Confined, event::Unconfined, event::Wire, event::Ban, event::Unban,
        event::UnbanAll, event::KnownGoodRestored, event::BansRestored, event::Reloaded>;

}  // namespace

Told Call(Engine& engine, const EngineEvent& event, TicketPtr& ticket, Time now) {
  return std::visit(Dispatch{engine, event, ticket, now}, event.what);
}

bool IsOfConnection(const EngineEvent& event) {
  return std::visit([](const auto& e) { return !OfNobody::Has<std::decay_t<decltype(e)>>(); },
                    event.what);
}

Told ToldOf(const Verdict& v) {
  return {.of = Told::Of::kVerdict, .kind = static_cast<std::uint8_t>(v.kind), .reason = v.reason};
}

Told ToldOf(const CommandVerdict& v) {
  Told told{.of = Told::Of::kCommand, .kind = static_cast<std::uint8_t>(v.kind)};
  told.reason = v.reason;
  if (v.kind == CommandVerdict::Kind::kHold) told.until = v.until;
  if (v.kind == CommandVerdict::Kind::kMore) told.look = v.look;
  return told;
}

Told ToldOf(const SweepVerdict& v) {
  return {.of = Told::Of::kSweep, .kind = static_cast<std::uint8_t>(v.kind), .reason = v.reason};
}

bool Says(const Told& told, Verdict::Kind kind) {
  return told.of == Told::Of::kVerdict && told.kind == static_cast<std::uint8_t>(kind);
}

bool TurnsAway(const Told& told) {
  return told.Is(CommandVerdict::Kind::kRefuse) || told.Is(CommandVerdict::Kind::kClose);
}

}  // namespace headgate
