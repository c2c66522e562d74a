// The facts of a sample, out of those that GET /status answers from: what the page shows of the
// past is then the same that `headgate status` says of the present.
//
// Threads: pure function. Lifetime: none.
#pragma once

#include <cstdint>

#include "guard/history.h"
#include "guard/status.h"

namespace headgate::guard {

// Of the gate, the engine and the monitor alone: host and process may be unknown.
[[nodiscard]] HistoryFacts FactsOf(const StatusFacts& status, std::int64_t unix_ms);

}  // namespace headgate::guard
