// Who connects past the gate, straight to the server's port: a completed handshake each. The first
// kMost different clients of an interval have a line, the connections of the rest are counted.
//
// Threads: none of its own. Lifetime: allocates when it is made and at an interval's end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "policies/wire_interval.h"

namespace headgate {

class BypassBook {
 public:
  static constexpr std::size_t kMost = 64;

  BypassBook() { lines_.reserve(kMost); }
  void Add(const Address& client, std::uint16_t port);
  // The greatest first, then by address and port. Begins the next interval.
  [[nodiscard]] std::vector<WireBypass> Take(std::uint64_t& more);

 private:
  std::vector<WireBypass> lines_;
  std::uint64_t more_ = 0;
};

}  // namespace headgate
