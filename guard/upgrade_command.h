// `headgate upgrade`: asks the running gate, and tells what came of it.
//
// Threads: the main thread. Lifetime: none.
#pragma once

#include <string>

namespace headgate::guard {

// The exit status: kExitDone when the new process serves; kExitNo when it does not, or nobody
// answers. Writes to standard output and standard error.
[[nodiscard]] int RunUpgrade(const std::string& socket, bool as_json);

}  // namespace headgate::guard
