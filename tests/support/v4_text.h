// An IPv4 address for people. The core itself never prints one.
//
// Threads: a pure function. Lifetime: none.
#pragma once

#include <cstdint>
#include <string>

#include "policies/address.h"

namespace headgate::testing {

// REQUIRES: `a` is one of IPv4.
inline std::string V4Text(const Address& a) {
  const std::uint32_t n = a.V4HostOrder();
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += std::to_string(n >> shift & 0xff);
    if (shift > 0) text += '.';
  }
  return text;
}

}  // namespace headgate::testing
