// The hashes of the wire's tables: of a connection, the same for both directions, and of a source.
// Inline and short, since they are taken of every packet; keyed, since attackers choose addresses.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "policies/address.h"
#include "policies/keyed_hash.h"
#include "policies/packet.h"

namespace headgate {

struct FlowKey {
  std::uint64_t hash = 0;
  bool source_is_low = false;  // which of the two ends the packet is from
};

// As Address::IsV4(), inline.
inline bool IsMappedV4(const Address& a) {
  static constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0,    0,
                                                           0, 0, 0, 0, 0xff, 0xff};
  return std::memcmp(a.bytes.data(), kMapped.data(), kMapped.size()) == 0;
}

// Flat, so that the hash is made for the length. The end with the lower port goes first; of two
// alike, that with the lower address.
[[gnu::flatten]] inline FlowKey FlowKeyOf(const Packet& p, const KeyedHash& hash) {
  const bool low = p.source_port != p.target_port ? p.source_port < p.target_port
                                                  : p.source.bytes < p.target.bytes;
  const Address& a = low ? p.source : p.target;
  const Address& b = low ? p.target : p.source;
  const std::array<std::uint16_t, 2> ports = {low ? p.source_port : p.target_port,
                                              low ? p.target_port : p.source_port};
  if (IsMappedV4(a) && IsMappedV4(b)) {
    std::array<std::uint8_t, 12> all;
    std::memcpy(all.data(), a.bytes.data() + 12, 4);
    std::memcpy(all.data() + 4, b.bytes.data() + 12, 4);
    std::memcpy(all.data() + 8, ports.data(), 4);
    return {hash.Quick(all), low};
  }
  std::array<std::uint8_t, 36> all;
  std::memcpy(all.data(), a.bytes.data(), 16);
  std::memcpy(all.data() + 16, b.bytes.data(), 16);
  std::memcpy(all.data() + 32, ports.data(), 4);
  return {hash.Quick(all), low};
}

// As SourceOf(), inline.
inline Address QuickSourceOf(const Address& a) {
  Address source = a;
  if (!IsMappedV4(a)) std::memset(source.bytes.data() + 8, 0, 8);
  return source;
}

// Of SourceOf(a): the four bytes of an IPv4 address, or the eight of a /64.
[[gnu::flatten]] inline std::uint64_t SourceHash(const Address& a, const KeyedHash& hash) {
  if (IsMappedV4(a)) return hash.Quick(std::span<const std::uint8_t>(a.bytes.data() + 12, 4));
  return hash.Quick(std::span<const std::uint8_t>(a.bytes.data(), 8));
}

}  // namespace headgate
