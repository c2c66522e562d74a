// A source in half of an address, for tables with a million of them: an IPv6 source is a /64, so
// its first 8 bytes are all of it. An IPv4 source stands in ffff:ffff::/32 there, which is
// multicast: no connection comes from it.
//
// Threads, lifetime: plain value.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

#include "policies/address.h"

namespace headgate {

class SourceName {
 public:
  SourceName() = default;
  // `source` as SourceOf().
  explicit SourceName(const Address& source) {
    if (source.IsV4()) {
      bits_ = kV4 | source.V4HostOrder();
    } else {
      for (std::size_t i = 0; i < sizeof(bits_); ++i) bits_ = bits_ << 8U | source.bytes[i];
    }
  }
  [[nodiscard]] std::uint64_t bits() const { return bits_; }
  auto operator<=>(const SourceName&) const = default;

 private:
  static constexpr std::uint64_t kV4 = std::uint64_t{UINT32_MAX} << 32U;

  std::uint64_t bits_ = 0;
};

}  // namespace headgate
