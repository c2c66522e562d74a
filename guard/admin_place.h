// The directory of the admin socket.
//
// Threads: at start only. Lifetime: none.
#pragma once

#include <string>

#include <absl/status/status.h>
#include "guard/privileges.h"

namespace headgate::guard {

// Makes the directory of `socket_path` (one level, mode 0755) where it is missing, owned by `who`
// so that the socket can be removed at the end. One that exists is left as it is.
[[nodiscard]] absl::Status MakeAdminDirectory(const std::string& socket_path, const RunAs& who);

}  // namespace headgate::guard
