// The ports that are watched: which of a packet's two is one, what each counted, and which of them
// are the server's own, behind the gate.
//
// Threads: none of its own. Lifetime: allocates when it is made and at an interval's end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "policies/wire_interval.h"

namespace headgate {

class WirePorts {
 public:
  WirePorts(std::span<const std::uint16_t> gate, std::span<const std::uint16_t> server);

  [[nodiscard]] bool Watched(std::uint16_t port) const {
    return (watched_[port / 64] >> (port % 64) & 1) != 0;
  }
  [[nodiscard]] bool IsServers(std::uint16_t port) const;
  // Of the gate as well, on another host than the server: the address says which of them is meant.
  [[nodiscard]] bool IsShared(std::uint16_t port) const;
  // REQUIRES: Watched(port).
  [[nodiscard]] WirePort& Of(std::uint16_t port);
  // Those with a SYN or a completed handshake. Begins the next interval.
  [[nodiscard]] std::vector<WirePort> Take();

 private:
  std::vector<std::uint64_t> watched_;  // a bit each: 8 KiB
  std::vector<WirePort> ports_;         // in order
  std::vector<std::uint16_t> servers_;  // in order
  std::vector<std::uint16_t> shared_;   // in order
};

}  // namespace headgate
