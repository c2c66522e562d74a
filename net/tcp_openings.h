// TCP handshakes that are under way in a capture: what a connection has to be known by until its
// client's acknowledgment makes it one. A flood of SYNs only ever gets this far.
//
// Bounded: buckets of four, of which a newcomer takes the place of the oldest. 24 bytes each.
//
// Threads: none of its own. Lifetime: allocates when it is made, then never.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace headgate::net {

class TcpOpenings {
 public:
  struct Opening {
    std::uint64_t flow = 0;        // its keyed hash; 0 = no entry
    std::uint32_t client_isn = 0;  // the number of the SYN
    std::uint32_t server_isn = 0;  // and of its answer
    std::uint32_t age = 0;
    bool answered = false;
    bool client_is_low = false;  // as FlowKey::source_is_low of the client's packets
  };

  // `places` is rounded up to four times a power of two.
  explicit TcpOpenings(std::size_t places);

  void OnSyn(std::uint64_t flow, bool client_is_low, std::uint32_t isn);
  // `acknowledgment` is of the SYN, which may have been missed.
  void OnSynAck(std::uint64_t flow, bool client_is_low, std::uint32_t isn,
                std::uint32_t acknowledgment);
  [[nodiscard]] const Opening* Find(std::uint64_t flow) const;
  void Forget(std::uint64_t flow);

 private:
  static constexpr std::size_t kWays = 4;
  using Bucket = std::array<Opening, kWays>;

  [[nodiscard]] Opening& PlaceFor(std::uint64_t flow);

  std::vector<Bucket> buckets_;
  std::uint64_t mask_;
  std::uint32_t clock_ = 0;  // of newcomers
};

}  // namespace headgate::net
