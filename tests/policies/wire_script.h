// Packets as a test writes them: a connection with a client, a server and the numbers of both.
//
// Threads: none. Lifetime: plain values.
#pragma once

#include <cstdint>

#include "policies/packet.h"
#include "tests/policies/addresses.h"

namespace headgate {

inline const Address kWireServer = V4(10, 0, 0, 1);

struct WireConn {
  Address client = V4(192, 0, 2, 7);
  std::uint16_t port = 50000;
  std::uint16_t server_port = 3306;
  std::uint32_t client_next = 1000;
  std::uint32_t server_next = 9000;
  Address server = kWireServer;

  Packet From(bool from_client, std::uint8_t flags, std::uint32_t payload = 0) {
    Packet p;
    p.source = from_client ? client : server;
    p.target = from_client ? server : client;
    p.source_port = from_client ? port : server_port;
    p.target_port = from_client ? server_port : port;
    std::uint32_t& next = from_client ? client_next : server_next;
    p.sequence = next;
    next += payload + ((flags & (kTcpSyn | kTcpFin)) != 0 ? 1 : 0);
    p.acknowledgment = from_client ? server_next : client_next;
    p.window = 500;
    p.flags = flags;
    p.payload = payload;
    p.wire_bytes = 60 + payload;
    return p;
  }
  Packet Syn() { return From(true, kTcpSyn); }
  Packet SynAck() { return From(false, kTcpSyn | kTcpAck); }
  Packet Ack() { return From(true, kTcpAck); }
  Packet Send(std::uint32_t n) { return From(true, kTcpAck | kTcpPush, n); }
  Packet Answer(std::uint32_t n) { return From(false, kTcpAck | kTcpPush, n); }
};

}  // namespace headgate
