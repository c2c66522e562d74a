// Socket addresses: between what the kernel wants, what the policies know, and text.
//
// Threads: pure functions, except Resolve() which may ask a name server. Lifetime: plain values.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>
#include "net/proxy_protocol.h"

namespace headgate::net {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] int family() const { return storage.ss_family; }
};

// "192.0.2.1:3306", "[2001:db8::1]:3306".
[[nodiscard]] std::optional<Endpoint> ParseEndpoint(std::string_view text);
[[nodiscard]] std::string ToText(const Endpoint& e);

[[nodiscard]] SocketAddress ToSocketAddress(const Endpoint& e);
// An endpoint of zeros for what is neither IPv4 nor IPv6 (a unix socket).
[[nodiscard]] Endpoint ToEndpoint(const SocketAddress& a);
// The address a connected socket has on this side (getsockname(2)).
[[nodiscard]] Endpoint LocalEndpoint(int fd);

// Where a backend can be reached, in order of trying: "unix:PATH" or "HOST:PORT", the host a
// name, an IPv4 address or an IPv6 address in brackets. At most kMaxResolved addresses.
inline constexpr std::size_t kMaxResolved = 8;
[[nodiscard]] absl::StatusOr<std::vector<SocketAddress>> Resolve(std::string_view backend);

}  // namespace headgate::net
