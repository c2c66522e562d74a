// The facts of a sample, out of what GET /status answers: what the page shows of the past is then
// the same that `headgate status` says of the present.
//
// Threads: pure function. Lifetime: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "guard/history.h"
#include "policies/time.h"

namespace headgate::guard {

// Figures that are not in the answer are zero, or none; nothing where it is no such answer at all.
[[nodiscard]] std::optional<HistoryFacts> FactsOf(const std::string& status, Time now,
                                                  std::int64_t unix_ms);

}  // namespace headgate::guard
