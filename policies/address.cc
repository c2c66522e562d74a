#include "policies/address.h"

#include <algorithm>

namespace headgate {
namespace {

constexpr std::array<std::uint8_t, 12> kV4Mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Address MaskedBy(const Address& a, std::size_t v4_bits, std::size_t v6_bits) {
  return Masked(a, a.IsV4() ? kV4Bits + v4_bits : v6_bits);
}

}  // namespace

Address Address::V4(std::uint32_t host_order) {
  Address a;
  std::copy(kV4Mapped.begin(), kV4Mapped.end(), a.bytes.begin());
  for (std::size_t i = 0; i < 4; ++i) {
    a.bytes[15 - i] = static_cast<std::uint8_t>(host_order >> (8 * i));
  }
  return a;
}

bool Address::IsV4() const { return std::equal(kV4Mapped.begin(), kV4Mapped.end(), bytes.begin()); }

std::uint32_t Address::V4HostOrder() const {
  std::uint32_t value = 0;
  for (std::size_t i = 12; i < 16; ++i) value = (value << 8) | bytes[i];
  return value;
}

bool Address::IsLoopback() const {
  if (IsV4()) return bytes[12] == 127;
  return bytes[15] == 1 &&
         std::all_of(bytes.begin(), bytes.begin() + 15, [](std::uint8_t b) { return b == 0; });
}

bool Cidr::Contains(const Address& a) const {
  return IsV4() == a.IsV4() && Masked(a, bits) == Masked(address, bits);
}

bool Overlap(const Cidr& a, const Cidr& b) {
  return a.bits <= b.bits ? a.Contains(b.address) : b.Contains(a.address);
}

Address Masked(const Address& a, std::size_t bits) {
  Address m = a;
  for (std::size_t i = 0; i < m.bytes.size(); ++i) {
    const std::size_t low = i * 8;
    if (bits <= low) {
      m.bytes[i] = 0;
    } else if (bits < low + 8) {
      m.bytes[i] &= static_cast<std::uint8_t>(0xff << (low + 8 - bits));
    }
  }
  return m;
}

Address SourceOf(const Address& a) { return MaskedBy(a, 32, 64); }
Cidr SourceNetwork(const Address& a) {
  return {SourceOf(a), static_cast<std::uint8_t>(a.IsV4() ? kV4Bits + 32 : 64)};
}
Address PrefixOf(const Address& a) { return MaskedBy(a, 24, 48); }
Address WidePrefixOf(const Address& a) { return MaskedBy(a, 16, 32); }

}  // namespace headgate
