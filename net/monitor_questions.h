// What the monitor asks the server, and what it makes of the answers.
//
// Threads: pure, but for the server's answers and the password file. Lifetime: none.
#pragma once

#include <string>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "net/monitor.h"
#include "net/server_client.h"
#include "policies/statement.h"

namespace headgate::net {

// The first line of the file. NotFound: there is no such file. PermissionDenied: it may not be
// read, or others may read it too. InvalidArgument: it holds no password.
[[nodiscard]] absl::StatusOr<std::string> ReadPassword(const std::string& path);

// PermissionDenied, naming the GRANT, when the account lacks what monitor.h says it needs.
[[nodiscard]] absl::Status CheckPrivileges(ServerClient& client);

[[nodiscard]] absl::StatusOr<ServerFacts> AskFacts(ServerClient& client);

// Who waits for a row lock, a metadata lock or a lock of the whole server. `has_innodb` is cleared
// when the server has none.
[[nodiscard]] absl::StatusOr<BackendIds> AskLockWaits(ServerClient& client, bool& has_innodb);

}  // namespace headgate::net
