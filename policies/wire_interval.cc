#include "policies/wire_interval.h"

namespace headgate {

WireCounts& WireCounts::operator+=(const WireCounts& o) {
  packets += o.packets;
  bytes += o.bytes;
  syn += o.syn;
  syn_ack += o.syn_ack;
  completed += o.completed;
  abandoned += o.abandoned;
  rst += o.rst;
  retransmissions += o.retransmissions;
  zero_windows += o.zero_windows;
  return *this;
}

std::uint64_t WireInterval::BypassTotal() const {
  std::uint64_t total = bypass_more;
  for (const WireBypass& b : bypass) total += b.connections;
  return total;
}

}  // namespace headgate
