// The PROXY protocol header that a load balancer sends before anything of its client's
// (https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt, sections 2.1, 2.2 and 5).
//
// Strict: a header has one form. v1 with single spaces, ports without leading zeros, CRLF within
// 107 bytes; v2 with a version, command and family that the protocol knows, and TLVs that fill what
// is left exactly. What the TLVs say is not looked at, and neither is their checksum.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "net/proxy_protocol.h"

namespace headgate::net {

// With the CRLF; section 2.1.
inline constexpr std::size_t kMaxProxyV1 = 107;
// Of all that stands behind the length. A certificate's name in a TLV fits; the protocol would let
// 65,535 bytes be sent.
inline constexpr std::size_t kMaxProxyV2Body = 2048;
inline constexpr std::size_t kMaxProxyHeader = 16 + kMaxProxyV2Body;

struct ProxyHeaderIn {
  enum class Kind : std::uint8_t {
    kMore,     // the beginning of one: all of these bytes belong to it
    kBad,      // none, and no further byte makes one of it
    kLocal,    // the sender speaks for itself, and says so
    kUnnamed,  // for whom it speaks is not said: UNKNOWN, or a family that is no TCP over IP
    kProxied,
  };
  Kind kind = Kind::kMore;
  std::size_t n = 0;   // the header's length, for the last three
  ProxiedPair pair{};  // for kProxied
};

// What the bytes begin with. Of whatever length they come, at most kMaxProxyHeader are looked at,
// and with that many it is never kMore.
[[nodiscard]] ProxyHeaderIn ReadProxyHeader(std::span<const std::uint8_t> in);

// Who it is that `proxy` has named. A loopback address is of the proxy's own host: its address
// stands for it, unless it came over loopback itself.
[[nodiscard]] Endpoint SourceBehind(const Endpoint& proxy, const Endpoint& named);

}  // namespace headgate::net
