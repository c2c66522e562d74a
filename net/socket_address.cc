#include "net/socket_address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

#include <absl/status/status.h>
#include "net/address_text.h"

namespace headgate::net {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

struct HostPort {
  std::string host;  // without brackets
  std::uint16_t port = 0;
};

std::optional<HostPort> SplitHostPort(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(colon + 1);
  HostPort out;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  // An IPv6 address without brackets cannot be told from its port.
  if (host.empty() || bracketed != (host.find(':') != std::string_view::npos)) return std::nullopt;
  out.host = host;
  return out;
}

absl::StatusOr<std::vector<SocketAddress>> UnixAddress(std::string_view path) {
  SocketAddress a;
  auto& un = reinterpret_cast<sockaddr_un&>(a.storage);
  if (path.empty() || path.size() >= sizeof un.sun_path) {
    return absl::InvalidArgumentError("backend unix:" + std::string(path) +
                                      ": the path must have 1 to 107 characters");
  }
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path.data(), path.size());
  a.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return std::vector<SocketAddress>{a};
}

}  // namespace

std::optional<Endpoint> ParseEndpoint(std::string_view text) {
  const auto split = SplitHostPort(text);
  if (!split) return std::nullopt;
  const auto address = ParseAddress(split->host);
  if (!address) return std::nullopt;
  return Endpoint{*address, split->port};
}

std::string ToText(const Endpoint& e) {
  const std::string host = ToText(e.address);
  return (e.address.IsV4() ? host : '[' + host + ']') + ':' + std::to_string(e.port);
}

SocketAddress ToSocketAddress(const Endpoint& e) {
  SocketAddress a;
  if (e.address.IsV4()) {
    auto& in = reinterpret_cast<sockaddr_in&>(a.storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(e.port);
    in.sin_addr.s_addr = htonl(e.address.V4HostOrder());
    a.size = sizeof in;
  } else {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(a.storage);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(e.port);
    std::memcpy(&in6.sin6_addr, e.address.bytes.data(), e.address.bytes.size());
    a.size = sizeof in6;
  }
  return a;
}

Endpoint ToEndpoint(const SocketAddress& a) {
  Endpoint e;
  if (a.family() == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(a.storage);
    e = {Address::V4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
  } else if (a.family() == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(a.storage);
    std::memcpy(e.address.bytes.data(), &in6.sin6_addr, e.address.bytes.size());
    e.port = ntohs(in6.sin6_port);
  }
  return e;
}

Endpoint LocalEndpoint(int fd) {
  SocketAddress a;
  a.size = sizeof a.storage;
  if (getsockname(fd, a.get(), &a.size) != 0) return {};
  return ToEndpoint(a);
}

absl::StatusOr<std::vector<SocketAddress>> Resolve(std::string_view backend) {
  if (backend.substr(0, kUnixPrefix.size()) == kUnixPrefix) {
    return UnixAddress(backend.substr(kUnixPrefix.size()));
  }
  const auto split = SplitHostPort(backend);
  if (!split || split->port == 0) {
    return absl::InvalidArgumentError("backend " + std::string(backend) +
                                      ": expected HOST:PORT, [IPV6]:PORT or unix:PATH");
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error =
      getaddrinfo(split->host.c_str(), std::to_string(split->port).c_str(), &hints, &list);
  if (error != 0) {
    return absl::UnavailableError("backend " + std::string(backend) +
                                  ": cannot resolve its name: " + gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(list, &freeaddrinfo);
  std::vector<SocketAddress> out;
  for (const addrinfo* i = list; i != nullptr && out.size() < kMaxResolved; i = i->ai_next) {
    SocketAddress a;
    std::memcpy(&a.storage, i->ai_addr, i->ai_addrlen);
    a.size = i->ai_addrlen;
    out.push_back(a);
  }
  return out;
}

}  // namespace headgate::net
