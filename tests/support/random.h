// Randomness for tests: small, fast, and the same on every machine.
//
// Threads: plain values. Lifetime: none.
#pragma once

#include <cstdint>

namespace headgate::testing {

// A seed of its own for each pair: what is drawn for one tells nothing of the other.
inline std::uint64_t MixSeeds(std::uint64_t a, std::uint64_t b) {
  std::uint64_t z =
      a * 0x9e3779b97f4a7c15 + (b ^ (b >> 31)) * 0xd6e8feb86659fd93 + 0x632be59bd9b4e019;
  z = (z ^ (z >> 32)) * 0xd6e8feb86659fd93;
  return z ^ (z >> 29);
}

// SplitMix64.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint32_t Below(std::uint32_t n) {
    return static_cast<std::uint32_t>((std::uint64_t{static_cast<std::uint32_t>(Next())} * n) >>
                                      32);
  }
  bool OneIn(std::uint32_t n) { return Below(n) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace headgate::testing
