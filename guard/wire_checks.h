// What `check` says of [observer] and [firewall].
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include "guard/config.h"
#include "guard/findings.h"

namespace headgate::guard {

void CheckWire(const Config& config, Findings& findings);

}  // namespace headgate::guard
