// The admin socket and its directory.
//
// Threads: at start only. Lifetime: none.
#pragma once

#include <memory>
#include <string>

#include <absl/status/statusor.h>
#include "guard/config.h"
#include "guard/privileges.h"
#include "net/admin.h"

namespace headgate::guard {

// Binds the socket for `who`. Its directory is made (one level, mode 0755) where it is missing,
// owned by `who` so that the socket can be removed at the end; one that exists is left as it is.
// Errors are those of net::AdminServer::Bind(), of a directory that cannot be made, and of a
// group that there is not.
[[nodiscard]] absl::StatusOr<std::unique_ptr<net::AdminServer>> BindAdmin(const AdminConfig& config,
                                                                          const RunAs& who);

}  // namespace headgate::guard
