// The PROXY protocol header the gate sends to the backend, so that user@host grants see the real
// client (https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt, sections 2.1 and 2.2).
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/options.h"
#include "policies/address.h"

namespace headgate::net {

struct Endpoint {
  Address address;
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};

// What a v2 header begins with, and its command behind that: version 2 in the high half.
inline constexpr std::string_view kProxySignature{"\r\n\r\n\0\r\nQUIT\n", 12};
inline constexpr std::uint8_t kProxyCommandLocal = 0x20;
inline constexpr std::uint8_t kProxyCommandProxy = 0x21;
// The family behind the command.
inline constexpr std::uint8_t kProxyTcp4 = 0x11;
inline constexpr std::uint8_t kProxyTcp6 = 0x21;

// What a client's TLS is, for a server that it does not reach (section 2.2.6).
struct ProxiedTls {
  std::string version, cipher;  // "TLSv1.3", "TLS_AES_256_GCM_SHA384"
  bool verified = false;        // the client showed a certificate, and it was verified
  std::string common_name;      // of that
};

// A relayed connection: who connects, and which of our addresses it reached.
struct ProxiedPair {
  Endpoint source;
  Endpoint destination;
  std::optional<ProxiedTls> tls{};  // v2 tells of it
};

// The header's bytes; empty for kOff. Without a pair the connection is the gate's own: LOCAL in
// v2, UNKNOWN in v1, and the server then uses the addresses of the socket. A pair of an IPv4 and
// an IPv6 address is sent as IPv6, the IPv4 one mapped (RFC 4291).
[[nodiscard]] std::string ProxyHeaderBytes(ProxyHeader version,
                                           const std::optional<ProxiedPair>& pair);

}  // namespace headgate::net
