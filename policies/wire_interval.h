// What was seen on the wire in one interval: the observer's event, as plain values.
//
// Every count is exact but for those named as estimates; what a full table could not follow is
// counted in `untracked`.
//
// Threads: plain values. Lifetime: none.
#pragma once

#include <cstdint>
#include <vector>

#include "policies/address.h"
#include "policies/time.h"

namespace headgate {

struct WireCounts {
  std::uint64_t packets = 0, bytes = 0;  // both directions; bytes on the wire
  std::uint64_t syn = 0;                 // clients' first packets, sent again or not
  std::uint64_t syn_ack = 0;
  std::uint64_t completed = 0;  // handshakes: the client answered the server's number
  std::uint64_t abandoned = 0;  // handshakes not completed in time, or reset before they were
  std::uint64_t rst = 0;
  std::uint64_t retransmissions =
      0;                           // sent again by either side; copies of a capture count as well
  std::uint64_t zero_windows = 0;  // a side that takes no more
  WireCounts& operator+=(const WireCounts& o);
  bool operator==(const WireCounts&) const = default;
};

// A source, as SourceOf(), that is among the greatest.
struct WireSource {
  Address source;
  WireCounts counts;  // since the table knows it, in this interval
  // It completed a handshake lately: its address is its own. Others may be spoofed.
  bool verified = false;
  // An estimate's error: by how many SYNs (of others) the rank may be too high.
  std::uint64_t error = 0;
  std::uint32_t half_open = 0;  // of its handshakes, now
  bool operator==(const WireSource&) const = default;
};

// Connections straight to the server's port, past the gate.
struct WireBypass {
  Address source;  // the client's own address, not SourceOf()
  std::uint16_t port = 0;
  std::uint64_t connections = 0;  // completed handshakes in this interval
  bool operator==(const WireBypass&) const = default;
};

struct WirePort {
  std::uint16_t port = 0;
  std::uint64_t syn = 0, completed = 0;
  bool operator==(const WirePort&) const = default;
};

struct WireInterval {
  Time from{}, to{};  // by the capture's clock
  WireCounts counts;  // of all that went to and from the watched ports
  // Of them: what the gate itself opened to its server.
  std::uint64_t own_syn = 0, own_completed = 0;
  std::uint32_t half_open = 0;  // handshakes, at the end
  std::uint32_t flows = 0;      // connections followed, at the end
  // SYNs that the full table of connections could not follow, and half-open handshakes that gave
  // their place to a newer one before their time: both are in `syn`, neither in `completed` or
  // `abandoned`.
  std::uint64_t untracked = 0;
  double sources = 0;  // distinct sources of SYNs: an estimate, see DistinctCount
  // Of SYNs over sources: 0 = all from one, 1 = no two from the same. An estimate, see
  // SourceEntropy; 0 where there was at most one SYN.
  double entropy = 0;
  // By SYNs (with the error), then by bytes, then by address; those that are verified first. At
  // most WireOptions::top of these and as many of the others, so that neither hides the other.
  std::vector<WireSource> top;
  std::vector<WirePort> ports;     // watched ports with a SYN, in order
  std::vector<WireBypass> bypass;  // the greatest first
  std::uint64_t bypass_more = 0;   // bypassing connections of sources not in `bypass`
  [[nodiscard]] std::uint64_t BypassTotal() const;
  bool operator==(const WireInterval&) const = default;
};

}  // namespace headgate
