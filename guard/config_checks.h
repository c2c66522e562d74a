// What only the whole configuration can tell: values that are fine each but contradict one
// another, or the machine.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include "guard/config.h"
#include "guard/findings.h"

namespace headgate::guard {

// Errors and warnings, without file names. The backend's missing is an error of its own.
[[nodiscard]] std::vector<Problem> CheckWhole(const Config& config, const KeyPositions& positions,
                                              const HostFacts& host);

}  // namespace headgate::guard
