// One captured TCP packet as plain values: what the wire's counters are told.
//
// Threads: plain values. Lifetime: none.
#pragma once

#include <cstdint>

#include "policies/address.h"
#include "policies/time.h"

namespace headgate {

// As in the header's byte (RFC 9293, 3.1).
enum TcpFlag : std::uint8_t {
  kTcpFin = 0x01,
  kTcpSyn = 0x02,
  kTcpRst = 0x04,
  kTcpPush = 0x08,
  kTcpAck = 0x10,
};

struct Packet {
  Time at{};  // by the capture's clock, which counts from 1970 (UTC): never the gate's own clock
  Address source, target;
  std::uint16_t source_port = 0, target_port = 0;
  std::uint32_t sequence = 0, acknowledgment = 0;
  std::uint16_t window = 0;  // as sent, not scaled
  std::uint8_t flags = 0;    // of TcpFlag
  // By what the IP header says, so cut captures count in full; segments joined by the network card
  // count as one packet. At least 0 whatever the lengths claim.
  std::uint32_t payload = 0;     // bytes behind the TCP header
  std::uint32_t wire_bytes = 0;  // of the frame, as the capture says it was on the wire

  [[nodiscard]] bool Has(std::uint8_t all_of) const { return (flags & all_of) == all_of; }
  // The first packet of a client; and a server's answer to it.
  [[nodiscard]] bool IsSyn() const { return (flags & (kTcpSyn | kTcpAck | kTcpRst)) == kTcpSyn; }
  [[nodiscard]] bool IsSynAck() const {
    return (flags & (kTcpSyn | kTcpAck | kTcpRst)) == (kTcpSyn | kTcpAck);
  }
};

}  // namespace headgate
