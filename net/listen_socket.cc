#include "net/listen_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <absl/status/status.h>
#include "net/socket_address.h"
#include "net/transparent.h"

namespace headgate::net {
namespace {

// An idle peer that vanished without a FIN is noticed after 60 + 4 * 15 seconds by its missing
// answers, one with data in flight (or that takes none of its result) after kUserTimeoutMs.
// A server's own net_write_timeout, 60 s by default, is shorter.
constexpr int kKeepIdleSeconds = 60;
constexpr int kKeepIntervalSeconds = 15;
constexpr int kKeepCount = 4;
constexpr int kUserTimeoutMs = 300'000;

bool Set(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

void TuneTcp(int fd) {
  Set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  Set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  Set(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepIdleSeconds);
  Set(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepIntervalSeconds);
  Set(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepCount);
}

absl::Status ListenFailed(const Endpoint& e, int error) {
  const std::string what = "cannot listen on " + ToText(e) + ": " + std::strerror(error);
  switch (error) {
    case EADDRINUSE:
      return absl::AlreadyExistsError(what +
                                      " (another process listens there: is it the database "
                                      "server, or another headgate?)");
    case EACCES:
      return absl::PermissionDeniedError(what +
                                         " (ports below 1024 need root or CAP_NET_BIND_SERVICE)");
    case EADDRNOTAVAIL:
      return absl::NotFoundError(what + " (no interface of this host has that address)");
    case EAFNOSUPPORT:
      return absl::FailedPreconditionError(what +
                                           " (IPv6 is switched off here: remove the address)");
    default:
      return absl::InternalError(what);
  }
}

enum class Sharing { kAlone, kReusePort };

// Bound, not yet listening. Returns an errno value in `error` when it fails.
Fd BindOne(const Endpoint& e, Sharing sharing, int& error) {
  const SocketAddress a = ToSocketAddress(e);
  Fd fd(socket(a.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const bool shared = sharing == Sharing::kReusePort;
  if (!fd.valid() || !Set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1) ||
      (shared && !Set(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) ||
      (a.family() == AF_INET6 && !Set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1)) ||
      bind(fd.get(), a.get(), a.size) != 0) {
    error = errno;
    return Fd();
  }
  error = 0;
  return fd;
}

// Accepted sockets inherit these (tcp(7)): no system call per client.
absl::Status Dress(int fd, const Endpoint& endpoint, bool transparent) {
  const int family = endpoint.address.IsV4() ? AF_INET : AF_INET6;
  // After bind(2), which else would take an address that no interface has without a word.
  const int error = transparent ? SetTransparent(fd, family) : 0;
  if (error != 0) return ListenFailed(endpoint, error);
  TuneTcp(fd);
  Set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Bound> BindListeners(Endpoint endpoint, std::size_t threads, bool transparent) {
  int error = 0;
  if (endpoint.port != 0) {
    // SO_REUSEPORT would silently share the port with another gate of the same user.
    const Fd alone = BindOne(endpoint, Sharing::kAlone, error);
    if (error == 0 && listen(alone.get(), 1) != 0) error = errno;
    if (error != 0) return ListenFailed(endpoint, error);
  }
  Bound bound;
  for (std::size_t i = 0; i < threads; ++i) {
    Fd fd = BindOne(endpoint, Sharing::kReusePort, error);
    if (error != 0) return ListenFailed(endpoint, error);
    endpoint.port = LocalEndpoint(fd.get()).port;
    bound.sockets.push_back(std::move(fd));
  }
  for (const Fd& fd : bound.sockets) {
    if (auto s = Dress(fd.get(), endpoint, transparent); !s.ok()) return s;
    if (listen(fd.get(), SOMAXCONN) != 0) return ListenFailed(endpoint, errno);
  }
  bound.endpoint = endpoint;
  return bound;
}

absl::Status Adopt(int fd, const Endpoint& endpoint, bool transparent) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
    return ListenFailed(endpoint, errno);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (!transparent) {  // what it was made with, or an earlier configuration
    Set(fd, IPPROTO_IP, IP_TRANSPARENT, 0);
    if (!endpoint.address.IsV4()) Set(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 0);
  }
  return Dress(fd, endpoint, transparent);
}

void TuneBackendSocket(int fd, int family) {
  if (family != AF_UNIX) TuneTcp(fd);
}

}  // namespace headgate::net
