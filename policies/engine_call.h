// Puts an event to an engine: the very call that it stands for.
//
// Threads: those of the engine. Lifetime: none of its own.
#pragma once

#include "policies/engine.h"
#include "policies/engine_event.h"

namespace headgate {

// `ticket`: the connection's; set by Accepted, emptied by Forgotten. `now` in place of event.at.
// REQUIRES: there is one for the events of a connection, but for Accepted; a command is held for
// Held. Told::woke is left empty: the engine's Wakeups know.
[[nodiscard]] Told Call(Engine& engine, const EngineEvent& event, TicketPtr& ticket, Time now);

// Whether it is about one connection, whose ticket it needs.
[[nodiscard]] bool IsOfConnection(const EngineEvent& event);

[[nodiscard]] Told ToldOf(const Verdict& v);
[[nodiscard]] Told ToldOf(const CommandVerdict& v);
[[nodiscard]] Told ToldOf(const SweepVerdict& v);

// Whether that was said, at the door or to a login.
[[nodiscard]] bool Says(const Told& told, Verdict::Kind kind);
// Of a command: it does not reach the server.
[[nodiscard]] bool TurnsAway(const Told& told);

}  // namespace headgate
