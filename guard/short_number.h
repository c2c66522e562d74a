// Numbers as tables show them.
//
// Threads: pure function. Lifetime: none.
#pragma once

#include <string>

namespace headgate::guard {

// At most six columns, for what is not negative: "17", "1250", "18.3k", "2.41M".
[[nodiscard]] std::string ShortNumber(double n);

}  // namespace headgate::guard
