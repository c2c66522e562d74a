// Gathers the facts of `check --live`: asks the gate, logs in through it, and goes to the server
// itself with the monitor's account. Every step has a deadline, and says on standard error what it
// waits for.
//
// Threads: the main thread, which has entered net::ServerClient; blocks. Lifetime: none.
#pragma once

#include <string>

#include <absl/status/statusor.h>
#include "guard/live_facts.h"

namespace headgate::guard {

// Who logs in through the gate.
struct LiveAccount {
  std::string user;  // empty: the monitor's account
  std::string password;
};

// `connect`: where the gate is asked, "HOST:PORT"; empty: where the file says it listens.
// InvalidArgument: it is no such address, or the file has none that can be connected to.
[[nodiscard]] absl::StatusOr<LiveFacts> GatherLive(const Config& config, const LiveAccount& account,
                                                   const std::string& connect);

}  // namespace headgate::guard
