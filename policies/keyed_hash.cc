#include "policies/keyed_hash.h"

#include <bit>
#include <cstring>

namespace headgate {
namespace {

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  void Round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void Block(std::uint64_t m) {
    v3 ^= m;
    Round();
    Round();
    v0 ^= m;
  }
};

std::uint64_t LittleEndian(const std::uint8_t* p, std::size_t n) {
  std::uint64_t value = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&value, p, n);
  } else {
    for (std::size_t i = 0; i < n; ++i) value |= std::uint64_t{p[i]} << (8 * i);
  }
  return value;
}

}  // namespace

std::uint64_t KeyedHash::Bytes(std::span<const std::uint8_t> bytes) const {
  SipState s{key0_ ^ 0x736f6d6570736575U, key1_ ^ 0x646f72616e646f6dU, key0_ ^ 0x6c7967656e657261U,
             key1_ ^ 0x7465646279746573U};
  const std::size_t whole = bytes.size() & ~std::size_t{7};
  for (std::size_t i = 0; i < whole; i += 8) s.Block(LittleEndian(bytes.data() + i, 8));
  const std::size_t rest = bytes.size() - whole;
  const std::uint64_t tail = rest == 0 ? 0 : LittleEndian(bytes.data() + whole, rest);
  s.Block(tail | (std::uint64_t{bytes.size()} << 56));
  s.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) s.Round();
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

std::size_t KeyedHash::operator()(const PairKey& p) const {
  std::array<std::uint8_t, 24> all;
  std::memcpy(all.data(), p.source.bytes.data(), 16);
  std::memcpy(all.data() + 16, &p.user, 8);
  return Bytes(all);
}

std::size_t KeyedHash::operator()(std::string_view text) const {
  return Bytes({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace headgate
