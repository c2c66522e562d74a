// The one place where the gate reads the monotonic clock; everything below it gets `now` handed in.
//
// Threads: pure function. Lifetime: none.
#pragma once

#include "policies/time.h"

namespace headgate::net {

// CLOCK_MONOTONIC.
[[nodiscard]] Time Now();

}  // namespace headgate::net
