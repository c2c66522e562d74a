// What the slots, the levels of pressure, the backends and the memory across restarts contradict
// one another in, or say in vain.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>

#include "guard/config.h"
#include "guard/findings.h"

namespace headgate::guard {

// `capacity`: the slots there are by the file; with max_connections = "auto" the server may have
// others.
void CheckHeadroom(const Config& config, std::uint32_t capacity, const HostFacts& host,
                   Findings& findings);

}  // namespace headgate::guard
