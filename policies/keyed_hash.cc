#include "policies/keyed_hash.h"

#include <array>
#include <bit>
#include <cstring>

namespace headgate {
std::uint64_t KeyedHash::Bytes(std::span<const std::uint8_t> bytes) const {
  return SipHash<2, 4>(key0_, key1_, bytes);
}

std::size_t KeyedHash::operator()(const PairKey& p) const {
  std::array<std::uint8_t, 24> all;
  std::memcpy(all.data(), p.source.bytes.data(), 16);
  std::memcpy(all.data() + 16, &p.user, 8);
  return Bytes(all);
}

std::size_t KeyedHash::operator()(const SourceName& name) const {
  return Bytes(std::bit_cast<std::array<std::uint8_t, 8>>(name.bits()));
}

std::size_t KeyedHash::operator()(const Cidr& network) const {
  std::array<std::uint8_t, 17> all;
  std::memcpy(all.data(), network.address.bytes.data(), 16);
  all[16] = network.bits;
  return Bytes(all);
}

std::size_t KeyedHash::operator()(std::string_view text) const {
  return Bytes({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace headgate
