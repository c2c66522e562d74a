// A file that a subcommand writes for its caller.
//
// Threads: any. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include <absl/status/status.h>

namespace headgate::guard {

// Whether it is one of those files, by whatever name or link.
[[nodiscard]] bool IsOneOf(const std::string& path, const std::vector<std::string>& others);

// Whole or not at all: what stood there before stays until all of it is written beside it, and its
// owner, its mode and a link to it stay. Names the file and why not. What is no ordinary file (a
// pipe, /dev/stdout) is written to as it is.
[[nodiscard]] absl::Status WriteOutput(const std::string& path, const std::string& text);

}  // namespace headgate::guard
