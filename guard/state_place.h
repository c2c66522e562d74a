// The folder of the state file.
//
// Threads: at start only. Lifetime: none.
#pragma once

#include <string>

#include <absl/status/status.h>
#include "guard/privileges.h"

namespace headgate::guard {

// Makes the folder of `path` (one level, mode 0700) where it is missing, owned by `who`. One that
// exists is left as it is, but for an empty one of root's, closed to everybody else (no mode bits
// for group and others), as service managers make them: that is given to `who`. The error says what
// `who` cannot do there.
[[nodiscard]] absl::Status MakeStateFolder(const std::string& path, const RunAs& who);

}  // namespace headgate::guard
