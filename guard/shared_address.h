// What the engine suspects of an address that many clients seem to share, in words: for the log and
// for `status`.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>

#include "policies/shared_address.h"

namespace headgate::guard {

// One line: what was seen, what it means, and the remedies.
[[nodiscard]] std::string SharedAddressText(const SharedAddress& found);

}  // namespace headgate::guard
