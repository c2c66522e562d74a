// What the limits on statements, the rules and the monitor contradict one another in, or say in
// vain.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>

#include "guard/config.h"
#include "guard/findings.h"

namespace headgate::guard {

// Whether the gate would have its account at the server: there is a user and a password file.
[[nodiscard]] bool MonitorOn(const Config& config, const HostFacts& host);
// `capacity`: the slots there are.
void CheckStatements(const Config& config, std::uint32_t capacity, const HostFacts& host,
                     Findings& findings);
void CheckRules(const Config& config, Findings& findings);

}  // namespace headgate::guard
