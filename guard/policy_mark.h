// Whether two configurations decide alike, as one number: what a trace has of the policy that it
// was made under.
//
// Threads: pure. Lifetime: none.
#pragma once

#include <cstdint>

#include "guard/config.h"

namespace headgate::guard {

// Of every setting that the engine goes by; of two that differ in none of those it is the same.
[[nodiscard]] std::uint64_t PolicyMark(const Config& config);

}  // namespace headgate::guard
