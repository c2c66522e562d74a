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

// Binds the socket for `who`, or takes the one that was handed over where it is of the same path.
// Its directory is made (one level, mode 0755) where it is missing, owned by `who` so that the
// socket can be removed at the end; one that exists is left as it is. A group that there is not, or
// that the socket cannot be given to, is left out and told in the log: the gate is there to run.
// Errors are those of net::AdminServer::Bind(), and of a directory that cannot be made.
[[nodiscard]] absl::StatusOr<std::unique_ptr<net::AdminServer>> BindAdmin(const AdminConfig& config,
                                                                          const RunAs& who,
                                                                          net::Fd handed);

}  // namespace headgate::guard
