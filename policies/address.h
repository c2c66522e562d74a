// Network addresses as plain values: what a source is, without any OS header. Text and socket
// forms are converted at the edges (`net/address_text.h`).
//
// Threads: plain values. Lifetime: none.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace headgate {

// An IPv4 or IPv6 address. IPv4 is kept as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so a v4-mapped
// IPv6 peer and the same IPv4 peer are one and the same source.
struct Address {
  std::array<std::uint8_t, 16> bytes{};

  static Address V4(std::uint32_t host_order);
  [[nodiscard]] bool IsV4() const;
  [[nodiscard]] std::uint32_t V4HostOrder() const;  // REQUIRES: IsV4()
  [[nodiscard]] bool IsLoopback() const;            // 127.0.0.0/8 and ::1

  auto operator<=>(const Address&) const = default;
};

// Where the bits of an IPv4 address begin.
inline constexpr std::uint8_t kV4Bits = 96;

// A network. `bits` counts from the top of the 16 bytes (an IPv4 /24 has bits = 96 + 24). One of
// IPv6 holds no IPv4 address, though ::/0 has all of ::ffff:0:0/96 in it: who writes ::/64, or bans
// ::1 and so its /64, means no IPv4 by it.
struct Cidr {
  Address address;
  std::uint8_t bits = 128;

  [[nodiscard]] bool IsV4() const { return bits >= kV4Bits && address.IsV4(); }

  [[nodiscard]] bool Contains(const Address& a) const;
  auto operator<=>(const Cidr&) const = default;
};

// Whether some address is in both.
[[nodiscard]] bool Overlap(const Cidr& a, const Cidr& b);

// The address with everything below its first `bits` bits cleared.
Address Masked(const Address& a, std::size_t bits);

// The widths that count as one: an IPv4 address or an IPv6 /64 is a *source*; IPv4 /24 or IPv6
// /48 is its *prefix*; IPv4 /16 or IPv6 /32 its *wide prefix* (addresses are cheap, so the
// greediest group is looked for from the widest down).
Address SourceOf(const Address& a);
Cidr SourceNetwork(const Address& a);  // the same as a network
Address PrefixOf(const Address& a);
Address WidePrefixOf(const Address& a);

}  // namespace headgate
