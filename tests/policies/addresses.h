// Short ways to write addresses in the tests of this folder.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>

#include "policies/address.h"

namespace headgate {

inline Address V4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return Address::V4(std::uint32_t{a} << 24 | std::uint32_t{b} << 16 | std::uint32_t{c} << 8 | d);
}

// The n-th /64 of 2001:db8::/32 and what follows it.
inline Address V6Source(std::uint32_t n) {
  Address a;
  a.bytes = {0x20, 0x01, 0x0d, 0xb8};
  for (int i = 0; i < 4; ++i) a.bytes[7 - i] = static_cast<std::uint8_t>(n >> (8 * i));
  return a;
}

}  // namespace headgate
