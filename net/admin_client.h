// One request to a running gate's admin socket: what the subcommands use.
//
// Threads: any; blocks. Lifetime: none.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>
#include "net/admin.h"
#include "policies/time.h"

namespace headgate::net {

// Unavailable: nobody listens on `path` (or it is not there). PermissionDenied: the socket or the
// gate does not let this user in. DeadlineExceeded: no complete answer within `patience`.
// Unavailable as well where `stop` is requested, from any thread, before the answer is there.
[[nodiscard]] absl::StatusOr<AdminReply> AdminCall(std::string_view path, std::string_view method,
                                                   std::string_view target, std::string_view body,
                                                   Duration patience = std::chrono::seconds(10),
                                                   std::stop_token stop = {});

}  // namespace headgate::net
