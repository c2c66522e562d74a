// Captured TCP segments as streams: which connections there are, what either side has said, in
// order and each byte once, and how they end. Pure, but for the folder: no socket, file or clock.
//
// A connection begins when its handshake is complete (who never saw the SYN-ACK cannot know its
// number), or with the first bytes of one that was met in the middle. It ends with both FINs, a
// RST, another connection of the same ports, or after `idle` without a packet; when there are
// `connections` of them, with who has been silent longest of some that are looked at.
//
// Bytes that are missing are told as such as soon as the other side has acknowledged them, or as no
// more can be kept of what came early; nothing waits for them longer (tcp_half.h). So a capture in
// which an acknowledgment stands before what it is about loses that, and no more: counted as late.
// Who says a number that is far from where its side is says nothing (TcpHalf::kNear): neither bytes
// nor an acknowledgment, a FIN or a RST.
//
// Bounded: `connections`, what TcpHalf keeps of each, `kept` bytes of all together.
//
// Threads: one. Lifetime: the sink outlives it. An id is good from OnOpened to OnClosed.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include "net/capture_headers.h"
#include "net/tcp_half.h"
#include "net/tcp_openings.h"
#include "policies/keyed_hash.h"
#include "policies/time.h"
#include "policies/wire_hash.h"

namespace headgate::net {

enum class TcpSide : std::uint8_t { kClient, kServer };

constexpr TcpSide Other(TcpSide side) {
  return side == TcpSide::kClient ? TcpSide::kServer : TcpSide::kClient;
}

struct TcpEnds {
  Address client, server;
  std::uint16_t client_port = 0, server_port = 0;
};

class TcpStreamSink {
 public:
  using Id = std::uint32_t;
  enum class End : std::uint8_t {
    kFinished,  // both FINs
    kResetByClient,
    kResetByServer,
    kReplaced,  // by another connection of the same ports: how it ended was not captured
    kSilent,    // for longer than Options::idle
    kEvicted,
  };
  virtual ~TcpStreamSink() = default;
  // `whole`: from its handshake on; else met in the middle.
  virtual void OnOpened(Id id, const TcpEnds& ends, bool whole, Time at) = 0;
  virtual void OnBytes(Id id, TcpSide from, Octets bytes, Time at) = 0;
  virtual void OnMissing(Id id, TcpSide from, std::uint64_t bytes, Time at) = 0;
  // Its FIN: it has said all.
  virtual void OnFin(Id id, TcpSide from, Time at) = 0;
  virtual void OnClosed(Id id, End how, Time at) = 0;
};

struct TcpStreamCounts {
  std::uint64_t segments = 0;  // of the connections below
  std::uint64_t other = 0;     // between other ports
  std::uint64_t strays = 0;    // of no connection: handshakes, and what is left of ended ones
  std::uint64_t opened = 0, met_in_the_middle = 0;
  std::array<std::uint64_t, 6> ended{};  // by TcpStreamSink::End
  std::uint64_t again = 0, early = 0;    // segments
  std::uint64_t late = 0;                // segments that came when they had been given up
  std::uint64_t far = 0;                 // segments that were taken for strangers'
  std::uint64_t found_again = 0;  // sides that went on elsewhere: what is in between is missing
  std::uint64_t bytes = 0, missing_bytes = 0, missing_at = 0;  // handed on; missing, and how often
};

class TcpStreams {
 public:
  using Id = TcpStreamSink::Id;
  struct Options {
    std::vector<std::uint16_t> ports{3306};  // of servers; empty: all
    std::vector<Address> servers{};          // whose ports they are; empty: anybody's
    std::size_t connections = std::size_t{128} * 1024;
    std::size_t openings = std::size_t{64} * 1024;
    std::size_t kept = std::size_t{64} << 20;  // bytes that came early, of all connections
    Duration idle = std::chrono::hours(8);     // MySQL's wait_timeout
  };

  TcpStreams(Options options, KeyedHash hash, TcpStreamSink& sink);

  // Times must not go back.
  void OnSegment(const Segment& p);
  // From within the sink as well: of that connection only the ends are wanted from now on.
  void Ignore(Id id);

  [[nodiscard]] const TcpStreamCounts& counts() const { return counts_; }
  [[nodiscard]] std::size_t open() const { return open_; }
  [[nodiscard]] std::size_t kept_bytes() const { return kept_; }

 private:
  static constexpr Id kNone = UINT32_MAX;
  static constexpr std::size_t kClosedKept = 4096;
  enum class State : std::uint8_t { kFree, kOpen, kClosed };
  struct Stream {
    std::uint64_t flow = 0;
    State state = State::kFree;
    bool client_is_low = false;
    bool ignored = false;
    bool reopening = false;          // a SYN came for its ports
    std::array<bool, 2> fin_told{};  // by TcpSide
    std::uint32_t client_isn = 0;
    Time seen{};
    std::array<TcpHalf, 2> halves;  // by TcpSide
  };
  struct AsItIs {
    std::size_t operator()(std::uint64_t hash) const { return hash; }
  };

  [[nodiscard]] bool IsServers(const Address& address, std::uint16_t port) const;
  [[nodiscard]] TcpSide SideOf(const Segment& p) const;
  void OnHandshake(const Segment& p, const FlowKey& key, Id known);
  void OnStranger(const Segment& p, const FlowKey& key, bool ended);
  void OnKnown(Id id, const Segment& p, TcpSide from);
  [[nodiscard]] bool Completes(const Segment& p, const FlowKey& key, bool replaces) const;
  Id Open(const Segment& p, const FlowKey& key);
  [[nodiscard]] Id NewStream(std::uint64_t flow, bool client_is_low, Time at);
  void OnAcknowledged(Id id, TcpSide whose, std::uint32_t before, Time at);
  void TakePayload(Id id, TcpSide from, const Segment& p);
  void TakeNext(Id id, TcpSide from, const TcpHalf::Taken& taken, Time at);
  void TakeEarly(Id id, TcpSide from, std::size_t kept_before, Time at);
  void TakeFar(Id id, TcpSide from, const Segment& p);
  void Hand(Id id, TcpSide from, const TcpHalf::Piece& piece, Time at);
  void Drain(Id id, TcpSide from, Time at);
  void GiveWay(Id id, TcpSide from, Time at);
  void TellFin(Id id, TcpSide from, Time at);
  [[nodiscard]] bool ResetsIt(const Stream& s, const Segment& p, TcpSide from) const;
  void Close(Id id, TcpStreamSink::End how, Time at);
  void Release(Id id);
  void EvictOne(Time at);
  void ExpireSilent(Time now);
  [[nodiscard]] bool IsOpen(Id id) const { return streams_[id].state == State::kOpen; }
  [[nodiscard]] TcpHalf& half(Id id, TcpSide side) {
    return streams_[id].halves[static_cast<std::size_t>(side)];
  }

  const Options options_;
  const KeyedHash hash_;
  TcpStreamSink& sink_;
  std::vector<std::uint64_t> watched_;  // ports, a bit each
  TcpOpenings openings_;
  absl::flat_hash_map<std::uint64_t, Id, AsItIs> ids_;
  std::vector<Stream> streams_;
  std::vector<Id> free_;
  std::vector<Id> closed_;  // a ring: they stay known until their place is needed
  std::size_t next_closed_ = 0;
  std::size_t open_ = 0;
  std::size_t kept_ = 0;
  Id hand_ = 0;  // where EvictOne() goes on
  Time next_look_{};
  std::size_t since_look_ = 0;  // segments
  TcpStreamCounts counts_;
};

}  // namespace headgate::net
