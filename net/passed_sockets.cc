#include "net/passed_sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "net/options.h"
#include "net/socket_address.h"

namespace headgate::net {
namespace {

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

std::optional<int> Option(int fd, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(fd, SOL_SOCKET, name, &value, &size) != 0) return std::nullopt;
  return value;
}

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

// Each with where it listens; the rest is `left`, or an error where nothing may be.
absl::StatusOr<std::vector<std::pair<Endpoint, PassedSocket>>> Judge(
    std::vector<PassedSocket> passed, bool all, std::vector<PassedSocket>& left) {
  std::vector<std::pair<Endpoint, PassedSocket>> good;
  for (PassedSocket& socket : passed) {
    const auto at = ListeningAt(socket.fd.get());
    if (at.ok()) {
      good.emplace_back(*at, std::move(socket));
    } else if (all) {
      return Wrong("listen = \"systemd\": the passed descriptor " + Quoted(socket.name) + " " +
                   std::string(at.status().message()) +
                   "; the socket unit must have ListenStream=ADDRESS:PORT or a port");
    } else {
      left.push_back(std::move(socket));
    }
  }
  return good;
}

// All of this address, out of `from`.
absl::StatusOr<Bound> TakePassed(const Endpoint& endpoint, bool transparent,
                                 std::vector<std::pair<Endpoint, PassedSocket>>& from) {
  Bound bound;
  bound.endpoint = endpoint;
  for (auto it = from.begin(); it != from.end();) {
    if (!(it->first == endpoint)) {
      ++it;
      continue;
    }
    if (auto s = Adopt(it->second.fd.get(), endpoint, transparent); !s.ok()) return s;
    bound.sockets.push_back(std::move(it->second.fd));
    it = from.erase(it);
  }
  return bound;
}

}  // namespace

absl::StatusOr<Endpoint> ListeningAt(int fd) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return Wrong(std::string("is not open: ") + std::strerror(errno));
  if (!S_ISSOCK(info.st_mode)) return Wrong("is no socket");
  const int family = Option(fd, SO_DOMAIN).value_or(AF_UNSPEC);
  if (family == AF_UNIX) return Wrong("is a unix socket: clients come by TCP");
  if (family != AF_INET && family != AF_INET6) return Wrong("is no socket of IPv4 or IPv6");
  if (Option(fd, SO_TYPE) != SOCK_STREAM) return Wrong("is no stream socket (ListenStream=)");
  if (Option(fd, SO_PROTOCOL) != IPPROTO_TCP) return Wrong("is no TCP socket");
  if (Option(fd, SO_ACCEPTCONN) != 1) {
    return Wrong("does not listen (Accept=no is needed, which is the default)");
  }
  return LocalEndpoint(fd);
}

std::string StoreName(const Endpoint& endpoint) {
  std::string name = "listen=" + ToText(endpoint);
  std::replace(name.begin(), name.end(), ':', '_');
  return name;
}

absl::StatusOr<Listening> BindOrTake(const std::vector<std::string>& listen, std::size_t threads,
                                     bool transparent, std::vector<PassedSocket> passed) {
  Listening out;
  const bool all = listen.size() == 1 && listen.front() == kListenPassed;
  if (all && passed.empty()) {
    return absl::FailedPreconditionError(
        "listen = \"systemd\": no socket was passed (LISTEN_FDS); headgate.socket has to be "
        "enabled and started, before headgate.service");
  }
  auto good = Judge(std::move(passed), all, out.left);
  if (!good.ok()) return good.status();
  while (all && !good->empty()) {
    auto taken = TakePassed(Endpoint(good->front().first), transparent, *good);
    if (!taken.ok()) return taken.status();
    out.bound.push_back(std::move(*taken));
  }
  if (all) return out;
  for (const std::string& text : listen) {
    const auto endpoint = ParseEndpoint(text);
    if (!endpoint) {
      return Wrong("listen \"" + text + "\": expected ADDRESS:PORT or [IPV6]:PORT");
    }
    auto one = TakePassed(*endpoint, transparent, *good);
    if (one.ok() && one->sockets.empty()) one = BindListeners(*endpoint, threads, transparent);
    if (!one.ok()) return one.status();
    out.bound.push_back(std::move(*one));
  }
  for (auto& [endpoint, socket] : *good) out.left.push_back(std::move(socket));
  return out;
}

absl::StatusOr<std::vector<std::vector<ListenFeed>>> SpreadOver(std::size_t threads,
                                                                std::vector<Bound> bound) {
  threads = std::max<std::size_t>(threads, 1);
  std::vector<std::vector<ListenFeed>> of(threads);
  for (Bound& b : bound) {
    const std::size_t count = b.sockets.size();
    if (count == 0) continue;
    std::vector<std::shared_ptr<ListenTurns>> turns(count);
    for (std::size_t i = 0; count < threads && i < count; ++i) {
      turns[i] = std::make_shared<ListenTurns>();
    }
    // Those that are shared are given away as copies first.
    for (std::size_t thread = count; thread < threads; ++thread) {
      Fd copy(fcntl(b.sockets[thread % count].get(), F_DUPFD_CLOEXEC, 0));
      if (!copy.valid()) {
        return absl::ResourceExhaustedError(std::string("cannot share a listening socket: ") +
                                            std::strerror(errno));
      }
      of[thread].push_back({std::move(copy), turns[thread % count]});
    }
    for (std::size_t i = 0; i < count; ++i) {
      of[i % threads].push_back({std::move(b.sockets[i]), turns[i]});
    }
  }
  return of;
}

}  // namespace headgate::net
