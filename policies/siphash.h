// SipHash (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012) with any number of rounds,
// inline: where a key's length is known to the compiler, little is left but the rounds.
//
// Threads: a pure function. Lifetime: none.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace headgate {

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

  template <int kRounds>
  void Block(std::uint64_t m) {
    v3 ^= m;
    for (int i = 0; i < kRounds; ++i) Round();
    v0 ^= m;
  }
};

inline std::uint64_t SipLittleEndian(const std::uint8_t* p, std::size_t n) {
  std::uint64_t value = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&value, p, n);
  } else {
    for (std::size_t i = 0; i < n; ++i) value |= std::uint64_t{p[i]} << (8 * i);
  }
  return value;
}

template <int kBlockRounds, int kFinalRounds>
inline std::uint64_t SipHash(std::uint64_t key0, std::uint64_t key1,
                             std::span<const std::uint8_t> bytes) {
  SipState s{key0 ^ 0x736f6d6570736575U, key1 ^ 0x646f72616e646f6dU, key0 ^ 0x6c7967656e657261U,
             key1 ^ 0x7465646279746573U};
  const std::size_t whole = bytes.size() & ~std::size_t{7};
  for (std::size_t i = 0; i < whole; i += 8) {
    s.Block<kBlockRounds>(SipLittleEndian(bytes.data() + i, 8));
  }
  const std::size_t rest = bytes.size() - whole;
  const std::uint64_t tail = rest == 0 ? 0 : SipLittleEndian(bytes.data() + whole, rest);
  s.Block<kBlockRounds>(tail | (std::uint64_t{bytes.size()} << 56));
  s.v2 ^= 0xff;
  for (int i = 0; i < kFinalRounds; ++i) s.Round();
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

}  // namespace headgate
