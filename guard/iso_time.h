// A point in time as logs and answers write it.
//
// Threads: pure. Lifetime: none.
#pragma once

#include <cstdint>
#include <string>

namespace headgate::guard {

// Milliseconds since 1970 as "2026-01-31T12:00:00.123Z".
[[nodiscard]] std::string IsoTime(std::int64_t unix_ms);

}  // namespace headgate::guard
