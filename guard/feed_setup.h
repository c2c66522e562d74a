// What an engine needs to stand where the gate of a feed stood: its secrets, without which what it
// remembers of users means nothing, and the limits as it had them.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <memory>

#include "guard/config.h"
#include "guard/event_feed.h"
#include "policies/engine.h"
#include "policies/limits.h"
#include "policies/reenactment.h"

namespace headgate::guard {

// Where the feed has none, always the same: the same input gives the same report. They hide
// nothing from who wrote it.
[[nodiscard]] EngineSecrets SecretsFor(const EventFeed& feed);
// As the gate would have them, where it is known how that was.
[[nodiscard]] Limits LimitsFor(const EventFeed& feed, const Config& config);
// Whether the gate could end statements.
[[nodiscard]] bool CanKill(const Config& config);
// What the feed's own gate did not do is done by the reenactment.
[[nodiscard]] Reenactment::Options OptionsFor(const EventFeed& feed, const Config& config);

}  // namespace headgate::guard
