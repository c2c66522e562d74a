// The observer's brain: packets in, one WireInterval for each interval out.
//
// Deterministic: the same packets with the same key give the same intervals, since time is nothing
// but what the packets say (capture_clock.h). A live driver may end intervals also when no packet
// comes.
//
// Bounded: memory is taken when it is made (MemoryBytes()) and does not grow with what comes. What
// full tables do: flow_table.h for connections, wire_sources.h for sources, bypass_book.h.
//
// A source is verified when it answered a number of the server's. Whoever can send packets in the
// name of this host, past its own network's edge, can forge that as well; a capture has both
// directions.
//
// What the gate itself opens to the server is counted in `counts` and `ports`, but has no source:
// it is what came to the gate, seen again.
//
// Threads: none of its own; one thread. Lifetime: allocates when it is made and at an interval's
// end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "policies/bypass_book.h"
#include "policies/capture_clock.h"
#include "policies/distinct_count.h"
#include "policies/flow_table.h"
#include "policies/keyed_hash.h"
#include "policies/packet.h"
#include "policies/source_entropy.h"
#include "policies/wire_interval.h"
#include "policies/wire_ports.h"
#include "policies/wire_sources.h"

namespace headgate {

struct WireOptions {
  std::vector<std::uint16_t> ports;  // the gate's
  // Behind the gate. A handshake completed with one of them, not from an address of `own`, is a
  // bypass; where the gate has the same port, only with another address than those of `own`.
  std::vector<std::uint16_t> server_ports;
  // One of `ports` whose connections to `own` are led to the gate, or, while they are not, are a
  // bypass; 0 = none.
  std::uint16_t redirect = 0;
  std::vector<Address> own;                               // of this host; loopback always is
  Duration interval = std::chrono::seconds(1);            // 1 ms to a day
  Duration handshake_deadline = std::chrono::seconds(5);  // up to a day
  std::uint32_t flows = 262'144;  // 24 bytes each; rounded up to a power of two
  std::uint32_t sources =
      16'384;              // verified ones, and as many others; at most 65,535; 200 bytes each
  std::uint32_t top = 10;  // verified sources, and as many others, that an interval lists
};

class WireWatch {
 public:
  WireWatch(const WireOptions& options, KeyedHash hash);

  // Watching begins, where no packet was seen yet: a live driver's quiet seconds count as well.
  void Start(Time at) { clock_.Start(at); }
  // Whether an interval is to be ended before what happens at `at`: at most twice for any `at`.
  [[nodiscard]] bool Due(Time at) const { return clock_.Due(at); }
  [[nodiscard]] WireInterval EndInterval(Time at);
  // Whether connections to `redirect` are led to the gate; at first they are.
  void SetRedirected(bool redirected) { redirected_ = redirected; }
  // Counts in the interval that is open: ask Due() first. What concerns no watched port counts
  // nothing.
  void OnPacket(const Packet& p) { OnPacket(p, AheadOf(p)); }

  // All of `packets` in order, ending intervals where they are due; `sink` takes each WireInterval.
  // Faster than one by one: tables are fetched for some packets ahead.
  template <typename Sink>
  void Feed(std::span<const Packet> packets, Sink&& sink);

  [[nodiscard]] std::size_t MemoryBytes() const;
  [[nodiscard]] const FlowTable& flows() const { return flows_; }
  [[nodiscard]] const WireSources& sources() const { return sources_; }

 private:
  enum What : std::uint16_t {
    kSyn = 1,
    kSynAck = 2,
    kCompleted = 4,
    kAbandoned = 8,
    kRst = 16,
    kRetransmission = 32,
    kZeroWindow = 64,
  };
  enum Watched : std::uint8_t { kSource = 1, kTarget = 2 };
  // What can be known of a packet before its turn.
  struct Ahead {
    FlowKey flow;
    std::uint64_t source = 0;  // of a SYN to a watched port: SourceHash()
    std::uint8_t watched = 0;
  };

  [[nodiscard]] Ahead AheadOf(const Packet& p) const;
  [[gnu::always_inline]] void Prefetch(const Ahead& ahead) const;
  void OnPacket(const Packet& p, const Ahead& ahead);
  WireSources::State* OnSyn(const Packet& p, const Ahead& ahead, const FlowTable::Step& step);
  WireSources::State* SourceOfFlow(const Packet& p, const FlowTable::Step& step);
  WireSources::State* Attach(const FlowTable::Step& step, WireSources::Handle handle);
  void OnCompleted(const Packet& p);
  void OnPushedOut(const FlowTable::Step& step);
  void OnAbandoned(WireSources::Handle owner);
  [[nodiscard]] unsigned WhatOf(const Packet& p, std::uint8_t watched, unsigned news) const;
  [[nodiscard]] bool IsOwn(const Address& a) const;
  [[nodiscard]] bool IsGates(const Address& client, std::uint16_t port) const {
    return ports_.IsServers(port) && IsOwn(client);
  }
  static void Count(WireCounts& counts, const Packet& p, unsigned what);

  KeyedHash hash_;
  std::uint16_t redirect_;
  bool redirected_ = true;
  std::vector<Address> own_;  // in order
  std::uint32_t top_;
  CaptureClock clock_;
  WirePorts ports_;
  FlowTable flows_;
  WireSources sources_;
  DistinctCount distinct_;
  SourceEntropy entropy_;
  BypassBook bypass_;
  WireCounts counts_;
  std::uint64_t untracked_ = 0;
  std::uint64_t own_syn_ = 0, own_completed_ = 0;
};

inline WireWatch::Ahead WireWatch::AheadOf(const Packet& p) const {
  Ahead a;
  a.watched = static_cast<std::uint8_t>((ports_.Watched(p.source_port) ? kSource : 0) |
                                        (ports_.Watched(p.target_port) ? kTarget : 0));
  if (a.watched == 0) return a;
  a.flow = FlowKeyOf(p, hash_);
  if (p.IsSyn() && (a.watched & kTarget) != 0) a.source = SourceHash(p.source, hash_);
  return a;
}

inline void WireWatch::Prefetch(const Ahead& a) const {
  if (a.watched == 0) return;
  flows_.Prefetch(a.flow);
  if (a.source != 0) sources_.Prefetch(a.source);
}

template <typename Sink>
void WireWatch::Feed(std::span<const Packet> packets, Sink&& sink) {
  constexpr std::size_t kDepth = 8;
  std::array<Ahead, kDepth> ring;
  const auto look = [&](std::size_t i) {
    if (i < packets.size()) Prefetch(ring[i % kDepth] = AheadOf(packets[i]));
  };
  for (std::size_t i = 0; i < kDepth; ++i) look(i);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    while (Due(packets[i].at)) sink(EndInterval(packets[i].at));
    OnPacket(packets[i], ring[i % kDepth]);
    look(i + kDepth);
  }
}

}  // namespace headgate
