// What the monitor needs before it looks: its password, and privileges.
//
// Threads: pure, but for the server's answers and the password file. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "net/server_client.h"

namespace headgate::net {

// The first line of the file. NotFound: there is no such file. PermissionDenied: it may not be
// read, or others may read it too. InvalidArgument: it holds no password.
[[nodiscard]] absl::StatusOr<std::string> ReadPassword(const std::string& path);

// Those of "PROCESS" and "CONNECTION ADMIN" that the account lacks.
[[nodiscard]] absl::StatusOr<std::vector<std::string>> AskMissingPrivileges(ServerClient& client);
// PermissionDenied, naming the GRANT, when the account lacks what monitor.h says it needs.
[[nodiscard]] absl::Status CheckPrivileges(ServerClient& client);

}  // namespace headgate::net
