// Listening sockets that the gate did not make itself: of a service manager (a socket unit, or its
// store of descriptors), or of the gate that it takes over from. Closing the last descriptor of one
// resets who waits in its queue, so none of those that are asked for is ever closed and made anew.
//
// Threads: before the workers start. Lifetime: plain values that own their descriptors.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "net/fd.h"
#include "net/listen_socket.h"
#include "net/listener.h"
#include "net/proxy_protocol.h"

namespace headgate::net {

struct PassedSocket {
  std::string name;  // as it was passed; says nothing by itself
  Fd fd;
};

// Where it listens. The error says what it is instead: "is no socket", "is a UDP socket", ...
[[nodiscard]] absl::StatusOr<Endpoint> ListeningAt(int fd);

// The name under which a socket of this address is stored: "listen=127.0.0.1_3306". Without a
// colon, which sd_pid_notify_with_fds(3) forbids.
[[nodiscard]] std::string StoreName(const Endpoint& endpoint);

struct Listening {
  std::vector<Bound> bound;        // in the order of `listen`; one for each address
  std::vector<PassedSocket> left;  // that nobody has asked for
};
// For each address of `listen` the sockets of it that were passed, or where there is none `threads`
// new ones. With `listen` = {"systemd"} all that were passed; it is an error where there is none,
// or one that is no listening TCP socket. Else such a one is `left`.
[[nodiscard]] absl::StatusOr<Listening> BindOrTake(const std::vector<std::string>& listen,
                                                   std::size_t threads, bool transparent,
                                                   std::vector<PassedSocket> passed);

// Which thread waits on which: every socket has at least one thread, as its queue would starve
// otherwise, and every thread has one of each address, if need be a shared one. The error: no
// descriptor is left.
[[nodiscard]] absl::StatusOr<std::vector<std::vector<ListenFeed>>> SpreadOver(
    std::size_t threads, std::vector<Bound> bound);

}  // namespace headgate::net
