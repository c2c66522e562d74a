#include "net/transparent.h"

#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include "net/fd.h"
#include "net/socket_address.h"

namespace headgate::net {
namespace {

// TEST-NET-1 and the documentation prefix (RFC 5737, RFC 3849): no host has them.
Address Nobody(bool v4) {
  if (v4) return Address::V4(0xc0000201);
  Address a;
  a.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return a;
}

// A question to rtnetlink, put together in place.
class RouteRequest {
 public:
  explicit RouteRequest(bool v4) : v4_(v4) {
    header_.nlmsg_type = RTM_GETROUTE;
    header_.nlmsg_flags = NLM_F_REQUEST;
    route_.rtm_family = v4 ? AF_INET : AF_INET6;
  }
  void Add(unsigned short type, const void* data, std::size_t size) {
    rtattr attribute{static_cast<unsigned short>(RTA_LENGTH(size)), type};
    std::memcpy(attributes_.data() + size_, &attribute, sizeof attribute);
    std::memcpy(attributes_.data() + size_ + RTA_LENGTH(0), data, size);
    size_ += RTA_ALIGN(attribute.rta_len);
  }
  void Add(unsigned short type, const Address& a) {
    const std::size_t size = v4_ ? 4 : 16;
    Add(type, a.bytes.data() + a.bytes.size() - size, size);
    (type == RTA_DST ? route_.rtm_dst_len : route_.rtm_src_len) =
        static_cast<unsigned char>(8 * size);
  }
  void Add(unsigned short type, std::uint32_t value) { Add(type, &value, sizeof value); }
  bool Send(int fd) {
    std::array<char, 256> bytes{};
    header_.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(sizeof route_) + size_);
    std::memcpy(bytes.data(), &header_, sizeof header_);
    std::memcpy(bytes.data() + NLMSG_HDRLEN, &route_, sizeof route_);
    std::memcpy(bytes.data() + NLMSG_LENGTH(sizeof route_), attributes_.data(), size_);
    return send(fd, bytes.data(), header_.nlmsg_len, 0) == header_.nlmsg_len;
  }

 private:
  const bool v4_;
  nlmsghdr header_{};
  rtmsg route_{};
  alignas(4) std::array<char, 128> attributes_{};
  std::size_t size_ = 0;
};

struct Route {
  unsigned char type = RTN_UNSPEC;
  std::uint32_t out = 0;  // the interface
};

std::uint32_t InterfaceOf(std::span<const char> attributes) {
  while (attributes.size() >= sizeof(rtattr)) {
    rtattr a;
    std::memcpy(&a, attributes.data(), sizeof a);
    if (a.rta_len < sizeof a || a.rta_len > attributes.size()) return 0;
    std::uint32_t value = 0;
    if (a.rta_type == RTA_OIF && a.rta_len == RTA_LENGTH(sizeof value)) {
      std::memcpy(&value, attributes.data() + RTA_LENGTH(0), sizeof value);
      return value;
    }
    attributes = attributes.subspan(std::min<std::size_t>(RTA_ALIGN(a.rta_len), attributes.size()));
  }
  return 0;
}

// The kernel's answer; an error of its own is a route to nowhere. nullopt: there was none.
std::optional<Route> ReadAnswer(int fd) {
  std::array<char, 4096> bytes{};
  const ssize_t got = recv(fd, bytes.data(), bytes.size(), 0);
  nlmsghdr header;
  rtmsg route;
  if (got < static_cast<ssize_t>(sizeof header)) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.nlmsg_type == NLMSG_ERROR) return Route{RTN_UNREACHABLE, 0};
  const auto size = std::min<std::size_t>(header.nlmsg_len, static_cast<std::size_t>(got));
  if (header.nlmsg_type != RTM_NEWROUTE || size < NLMSG_LENGTH(sizeof route)) return std::nullopt;
  std::memcpy(&route, bytes.data() + NLMSG_HDRLEN, sizeof route);
  const std::size_t head = NLMSG_LENGTH(sizeof route);
  return Route{route.rtm_type, InterfaceOf(std::span(bytes).subspan(head, size - head))};
}

std::optional<Route> Ask(RouteRequest request) {
  const Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  const timeval second{1, 0};
  if (!fd.valid() || setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second) != 0 ||
      !request.Send(fd.get())) {
    return std::nullopt;
  }
  return ReadAnswer(fd.get());
}

}  // namespace

int SetTransparent(int fd, int family) {
  const int on = 1;
  const bool v6 = family == AF_INET6;
  const int done = setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                              v6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, &on, sizeof on);
  return done == 0 ? 0 : errno;
}

int BindToClient(int fd, const Address& client) {
  const SocketAddress from = ToSocketAddress({client, 0});
  if (const int error = SetTransparent(fd, from.family()); error != 0) return error;
  const int on = 1;
  if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0) return errno;
  return bind(fd, from.get(), from.size) == 0 ? 0 : errno;
}

int TryForeignBind(bool v4) {
  const Fd fd(socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return fd.valid() ? BindToClient(fd.get(), Nobody(v4)) : errno;
}

PolicyRoute AskPolicyRoute(const Address& backend) {
  RouteRequest there(backend.IsV4());
  there.Add(RTA_DST, backend);
  const std::optional<Route> way = Ask(there);
  if (!way) return PolicyRoute::kUnknown;
  if (way->out == 0) return PolicyRoute::kElsewhere;
  RouteRequest back(backend.IsV4());
  back.Add(RTA_DST, Nobody(backend.IsV4()));
  back.Add(RTA_SRC, backend);
  back.Add(RTA_IIF, way->out);
  back.Add(RTA_MARK, kTransparentMark);
  const std::optional<Route> answer = Ask(back);
  if (!answer) return PolicyRoute::kUnknown;
  return answer->type == RTN_LOCAL ? PolicyRoute::kDelivered : PolicyRoute::kElsewhere;
}

std::optional<Address> OwnAddressTowards(const Address& backend) {
  const SocketAddress to = ToSocketAddress({backend, 9});
  const Fd fd(socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() || connect(fd.get(), to.get(), to.size) != 0) return std::nullopt;
  return LocalEndpoint(fd.get()).address;
}

}  // namespace headgate::net
