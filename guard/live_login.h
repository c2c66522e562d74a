// One login of `check --live`, and what the server says of it and of itself.
//
// Threads: one that has entered net::ServerClient; blocks. Lifetime: none.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "guard/live_facts.h"
#include "net/server_client.h"

namespace headgate::guard {

// Longer than a server that waits for DNS (5 s a question), and than the gate's waiting room.
inline constexpr std::chrono::seconds kLivePatience{10};

struct LiveAsked {
  LiveLogin login;
  absl::StatusOr<std::vector<std::string>> lacks = std::vector<std::string>();  // privileges
};
// Logs in and asks. `resolve`: the addresses of a host's name.
[[nodiscard]] LiveAsked LogInLive(
    const net::SocketAddress& to, const net::ServerLogin& login,
    const std::function<std::vector<Address>(const std::string&)>& resolve);

}  // namespace headgate::guard
