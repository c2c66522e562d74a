// Transparent mode: the gate connects to the backend from the client's own address, so that
// user@host grants hold with servers that take no PROXY header (ip(7), IP_TRANSPARENT;
// Documentation/networking/tproxy.rst of the kernel).
//
// A server's answers are addressed to the client. They have to come back through this host, where
// an nft rule (nft_ruleset.h) gives those that belong to a socket of ours kTransparentMark, and
// policy routing delivers what bears it here instead of passing it on. The sockets themselves must
// not bear the mark: their own packets would be routed back to this host.
//
// Threads: functions without state. Lifetime: none.
#pragma once

#include <cstdint>
#include <optional>

#include "policies/address.h"

namespace headgate::net {

// One bit, so that marks of others stay: in nft "meta mark | kTransparentMark", in ip-rule(8)
// "fwmark MARK/MARK".
inline constexpr std::uint32_t kTransparentMark = 0x01000000;
// The routing table that delivers to this host, and the priority of the rule that leads there.
inline constexpr std::uint32_t kTransparentTable = 3306;

// Lets a socket of that family have an address that is not this host's, or take packets meant for
// one. 0 or an errno: EPERM without CAP_NET_RAW or CAP_NET_ADMIN.
[[nodiscard]] int SetTransparent(int fd, int family);

// Binds it to that address, its port being chosen when it connects, so that ports are scarce only
// for each pair of client and server (ip(7), IP_BIND_ADDRESS_NO_PORT). REQUIRES: the same family.
// 0 or an errno.
[[nodiscard]] int BindToClient(int fd, const Address& client);

// Whether a socket of this process may have an address that nobody has: 0 or an errno. Sends
// nothing.
[[nodiscard]] int TryForeignBind(bool v4);

enum class PolicyRoute : std::uint8_t {
  kDelivered,  // what bears the mark is for this host
  kElsewhere,  // it is not: passed on, refused, or dropped by rp_filter
  kUnknown,    // the kernel could not be asked
};
// What the kernel would do with an answer of `backend` to a client nobody is, if it bore the mark
// and came in by the interface that leads to the backend (rtnetlink(7), RTM_GETROUTE). Needs no
// right and sends nothing; takes at most a second.
[[nodiscard]] PolicyRoute AskPolicyRoute(const Address& backend);

// This host's own address as `backend` sees it; nullopt where there is no way to it. Sends nothing.
[[nodiscard]] std::optional<Address> OwnAddressTowards(const Address& backend);

}  // namespace headgate::net
