// How many file descriptors the process may have, and how many clients fit in them. A session
// needs two (client and backend); some are kept back so that the control plane always has one.
//
// Threads: call RaiseDescriptorLimit() once at start. Lifetime: none.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <absl/status/statusor.h>

namespace headgate::net {

// What the admin socket, the page (its 32 connections and few more), logs, reloads, probes and the
// monitor may use at once, beside what each thread needs.
inline constexpr std::size_t kControlDescriptors = 100;

// Raises the soft RLIMIT_NOFILE to the hard one (getrlimit(2)) and returns it.
[[nodiscard]] absl::StatusOr<std::size_t> RaiseDescriptorLimit();

// How many clients fit into `limit` descriptors with `threads` workers on `listeners` addresses;
// at least 1. [pending] max and the slots together should stay below it.
[[nodiscard]] std::size_t ClientsThatFit(std::size_t limit, std::size_t threads,
                                         std::size_t listeners);

// Whether what failed with this errno on a non-blocking socket only has to be tried again later.
[[nodiscard]] inline bool IsTemporary(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

// Closing this socket will send RST and forget what is still unsent, instead of leaving it to the
// kernel to deliver.
void ResetWhenClosed(int socket);

}  // namespace headgate::net
