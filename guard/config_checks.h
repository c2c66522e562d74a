// What only the whole configuration can tell: values that are fine each but contradict one
// another, or the machine.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "guard/config.h"

namespace headgate::guard {

// Where each key stands in the file ("gate.backend", "class.0.max"), for messages.
using KeyPositions = std::map<std::string, Position>;

// Errors and warnings, without file names. The backend's missing is an error of its own.
[[nodiscard]] std::vector<Problem> CheckWhole(const Config& config, const KeyPositions& positions,
                                              const HostFacts& host);

}  // namespace headgate::guard
