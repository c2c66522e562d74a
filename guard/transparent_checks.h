// What the file alone tells of [gate] transparent.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include "guard/config.h"
#include "guard/findings.h"
#include "guard/identity.h"

namespace headgate::guard {

inline const char* FamilyName(bool v4) { return v4 ? "IPv4" : "IPv6"; }

// Values that contradict one another; `resolved` as JudgeIdentity() has it.
void CheckTransparent(const Config& config, const Resolved& resolved, const HostFacts& host,
                      Findings& findings);

}  // namespace headgate::guard
