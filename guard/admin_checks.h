// What has to be right about [admin] and [host].
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include "guard/config.h"
#include "guard/findings.h"

namespace headgate::guard {

void CheckAdmin(const Config& config, const HostFacts& host, Findings& findings);

}  // namespace headgate::guard
