// The 20 random bytes of each greeting, drawn from getrandom(2) a block at a time.
//
// Threads: one. Lifetime: plain value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace headgate::net {

using Salt = std::array<std::uint8_t, 20>;

class Salts {
 public:
  // Bytes 0x21..0x7d without '$': no client takes one of them for an end or a separator.
  [[nodiscard]] Salt Next();

 private:
  std::uint8_t NextByte();
  std::array<std::uint8_t, 1024> block_{};
  std::size_t used_ = sizeof(block_);
};

}  // namespace headgate::net
