// Who the server thinks the clients are. Over loopback or a unix socket, without a PROXY header,
// every client of a relay is `localhost` to the server: the gate calls that a collapsed identity,
// and does not run with it unless the owner says that he knows.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include <absl/status/status.h>
#include "guard/config.h"

namespace headgate::guard {

struct IdentityFinding {
  bool collapsed = false;
  std::string error;    // not to be run like this; with the remedies
  std::string warning;  // allowed, or pointless
};

// Whether any backend is a unix socket.
[[nodiscard]] bool AnyUnix(const Config& config);

// Of each backend, in the order of the file, the addresses of its name, where it has one. May end
// before the last.
using Resolved = std::vector<std::vector<Address>>;

// One for all backends: where it collapses over one of them it does so as a whole, since that one
// may be in use next.
[[nodiscard]] IdentityFinding JudgeIdentity(const Config& config, const Resolved& resolved);

// Whether the gate may run as the user called `name`. Over a unix socket the server sees the
// gate's own uid (SO_PEERCRED) and stock MariaDB lets root@localhost and mysql@localhost in by it,
// so with a collapsed identity a gate that runs as one of them lets every client in. Refused are
// uid 0 always, and over a collapsed unix socket the names in [gate] localhost_only_users.
[[nodiscard]] absl::Status JudgeRunningUser(const Config& config, bool collapsed,
                                            const std::string& name, unsigned uid);

}  // namespace headgate::guard
