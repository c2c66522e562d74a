// Frames made by hand, header by header, for the tests of the capture.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/capture_headers.h"

namespace headgate::net::testing {

// `n` in network order.
inline std::string Be(std::uint64_t n, int width) {
  std::string out;
  for (int i = width - 1; i >= 0; --i) out += static_cast<char>(n >> (8 * i));
  return out;
}

struct TcpPart {
  std::uint16_t from = 40000, to = 3306;
  std::uint32_t sequence = 0x01020304, acknowledgment = 0xa1a2a3a4;
  std::uint8_t flags = kTcpSyn;
  std::uint16_t window = 0xfaf0;
  std::string options{};
  int header_words = -1;  // as claimed; -1 = the truth
  std::string payload{};
};
inline std::string Tcp(const TcpPart& t) {
  const std::size_t words = t.header_words >= 0 ? t.header_words : 5 + t.options.size() / 4;
  return Be(t.from, 2) + Be(t.to, 2) + Be(t.sequence, 4) + Be(t.acknowledgment, 4) +
         Be(words << 4, 1) + Be(t.flags, 1) + Be(t.window, 2) + Be(0, 4) + t.options + t.payload;
}

struct IpPart {
  std::uint8_t protocol = 6;
  std::string options{};       // IPv4: options; IPv6: the extension headers, as they are
  int claimed = -1;            // IPv4: total length, IPv6: payload length; -1 = the truth
  std::uint16_t fragment = 0;  // IPv4's field
  int header_words = -1;       // IPv4
  std::uint8_t version = 0;    // 0 = the right one
  std::string payload{};
};
// 192.0.2.1 -> 198.51.100.2
inline std::string V4(const IpPart& p) {
  const std::size_t words = p.header_words >= 0 ? p.header_words : 5 + p.options.size() / 4;
  const std::size_t total = p.claimed >= 0 ? p.claimed : 20 + p.options.size() + p.payload.size();
  return Be((p.version != 0 ? p.version : 4U) << 4 | words, 1) + Be(0, 1) + Be(total, 2) +
         Be(7, 2) + Be(p.fragment, 2) + Be(64, 1) + Be(p.protocol, 1) + Be(0, 2) +
         Be(0xc0000201, 4) + Be(0xc6336402, 4) + p.options + p.payload;
}
// 2001:db8::1 -> 2001:db8::2
inline std::string V6(const IpPart& p) {
  const std::size_t length = p.claimed >= 0 ? p.claimed : p.options.size() + p.payload.size();
  const std::string net = Be(0x20010db800000000, 8);
  return Be((p.version != 0 ? p.version : 6U) << 28, 4) + Be(length, 2) + Be(p.protocol, 1) +
         Be(64, 1) + net + Be(1, 8) + net + Be(2, 8) + p.options + p.payload;
}
// An extension header of 8 * (1 + more) bytes; the fragment header has its `field` at 2.
inline std::string Extension(std::uint8_t next, std::uint8_t more = 0, std::uint16_t field = 0) {
  return Be(next, 1) + Be(more, 1) + Be(field, 2) + Be(0, 4) + std::string(more * 8, '\0');
}

inline constexpr std::uint16_t kV4Type = 0x0800, kV6Type = 0x86dd;

inline std::string Ethernet(std::uint16_t type, const std::string& payload,
                            const std::vector<std::uint16_t>& tags = {}) {
  std::string out(12, '\x02');
  for (const std::uint16_t tag : tags) out += Be(tag, 2) + Be(10, 2);
  return out + Be(type, 2) + payload;
}
// The same packet behind any of the links. `v6`: what it is.
inline std::string Linked(LinkType link, bool v6, const std::string& ip) {
  const std::uint16_t type = v6 ? kV6Type : kV4Type;
  switch (link) {
    case LinkType::kEthernet:
      return Ethernet(type, ip);
    case LinkType::kLinuxSll:
      return Be(0, 2) + Be(1, 2) + Be(6, 2) + Be(0, 8) + Be(type, 2) + ip;
    case LinkType::kLinuxSll2:
      return Be(type, 2) + Be(0, 2) + Be(2, 4) + Be(1, 2) + Be(0, 1) + Be(6, 1) + Be(0, 8) + ip;
    case LinkType::kNull:
      return (v6 ? Be(30, 1) : Be(2, 1)) + Be(0, 3) + ip;
    case LinkType::kLoop:
      return Be(v6 ? 24 : 2, 4) + ip;
    case LinkType::kRaw:
      break;
  }
  return ip;
}

inline std::span<const std::uint8_t> AsFrame(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

}  // namespace headgate::net::testing
