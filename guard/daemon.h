// `headgate run`: puts the pieces together in the order that is safe, and takes them apart again.
//
// Threads: called once, on the main thread, before any other exists. Lifetime: returns when the
// gate has ended.
#pragma once

#include <string>

namespace headgate::guard {

// Reads the config at `path`, opens what needs root, drops privileges, serves until SIGTERM or
// SIGINT (drains within [gate] drain; a second one ends at once). Returns an exit status. Without
// `core_dumps` a crash leaves no core file (core_dumps.h).
[[nodiscard]] int RunDaemon(const std::string& path, bool core_dumps);

}  // namespace headgate::guard
