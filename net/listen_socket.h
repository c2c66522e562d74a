// Makes the listening sockets, with the options every accepted client inherits from them.
//
// Threads: call before the workers start. Lifetime: none.
#pragma once

#include <cstddef>
#include <vector>

#include <absl/status/statusor.h>
#include "net/fd.h"
#include "net/proxy_protocol.h"

namespace headgate::net {

struct Bound {
  Endpoint endpoint;        // with the port really bound
  std::vector<Fd> sockets;  // listening, non-blocking; new ones: one per thread, SO_REUSEPORT
};

// Refuses an address on which another process listens, even one that would share it. An IPv6
// socket takes IPv6 only. `transparent`: connections meant for other addresses are taken as well
// where the firewall leads them here (nft's tproxy); their own side then has that address. The
// error names the address and the remedy.
[[nodiscard]] absl::StatusOr<Bound> BindListeners(Endpoint endpoint, std::size_t threads,
                                                  bool transparent = false);

// Makes a listening socket that somebody else made what one of ours is. The error is that of
// `transparent`, which may take a right that is not there.
[[nodiscard]] absl::Status Adopt(int fd, const Endpoint& endpoint, bool transparent);

// TCP_NODELAY and keepalive for a connection to the backend; nothing on a unix socket.
void TuneBackendSocket(int fd, int family);

}  // namespace headgate::net
