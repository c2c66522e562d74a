// A configuration written out as TOML, every key of it: for tests that read it again.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>

#include "guard/config.h"

namespace headgate::guard {

// Keys of classes and rules that are as if they had not been written are left out.
[[nodiscard]] std::string ToToml(const Config& config);

}  // namespace headgate::guard
