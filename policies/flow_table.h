// The TCP connections on the wire: how far each handshake is, and what either side has sent.
//
// A handshake is completed when the client acknowledges the server's first number: who never saw
// the SYN-ACK cannot know it. It is abandoned when it is reset before, or takes longer than its
// deadline; one that completes later still is followed, but not as completed. A connection that is
// met in the middle is followed once both sides have been heard, and is never completed.
//
// Bounded: buckets of eight. When a newcomer's bucket is full,
//   a SYN takes the place of the closed, then of the oldest half-open or one-sided connection, then
//   of the established one idle longest, if for `idle` at least; else it is not followed. So
//   nothing half-open pushes out what is established and alive. a connection met in the middle
//   takes the place of the closed or of another one-sided only: stray packets push out no
//   handshake.
// 24 bytes a connection. A connection is known by 63 keyed bits (48 and its bucket), not by its
// addresses: a SYN meets a stranger's entry once in 2^45, and nobody can aim.
//
// Sent again is what ends at or before what the side has sent already, or overlaps it; so what the
// capture reordered counts as well. Not so keep-alives (one byte before the next, RFC 9293, 3.8.4).
// Numbers farther off than any window (2^30, RFC 7323) are followed, not counted.
//
// Time comes as ticks of the caller's, mod 2^32; Sweep() is to be called within 2^30 ticks.
//
// Threads: none of its own. Lifetime: allocates when it is made, then never. A Ref is good until
// the next call of OnPacket() or Sweep().
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "policies/packet.h"
#include "policies/wire_hash.h"

namespace headgate {

class FlowTable {
 public:
  using Ref = std::uint32_t;
  using Tick = std::uint32_t;
  static constexpr Ref kNone = UINT32_MAX;
  static constexpr std::uint32_t kNoOwner = UINT32_MAX;

  enum News : std::uint8_t {
    kCreated = 1,     // the connection is new to the table: it has no owner yet
    kOpened = 2,      // a handshake began: one more half-open
    kLeft = 4,        // one less half-open: it completed, was reset, or was seen in part
    kCompleted = 8,   // a handshake
    kAbandoned = 16,  // a handshake; another may have begun in its place
    kRetransmission = 32,
    kUntracked = 64,   // a SYN found no place
    kPushedOut = 128,  // a half-open one gave its place to this
  };
  struct Step {
    Ref ref = kNone;  // kNone: not followed
    bool from_client = false;
    std::uint8_t news = 0;                // of News
    bool gone_abandoned = false;          // kPushedOut: it was over its deadline
    std::uint32_t gone_owner = kNoOwner;  // kPushedOut
  };

  // `capacity` is rounded up to eight times a power of two. `deadline` is of handshakes.
  FlowTable(std::uint32_t capacity, Tick deadline, Tick idle);

  // Inline by force: to gcc a function that does no more has no effect, and its calls may go.
  [[gnu::always_inline]] void Prefetch(const FlowKey& key) const {
    const Bucket& b = buckets_[key.hash & mask_];
    __builtin_prefetch(&b, 1);
    __builtin_prefetch(&b.flows[0], 1);
    __builtin_prefetch(&b.flows[4], 1);
  }

  // `to_server`: the direction, where the table does not know it from before. A SYN always goes to
  // one.
  Step OnPacket(const FlowKey& key, const Packet& p, bool to_server, Tick now) {
    const Ref ref = Find(key.hash);
    if (ref == kNone) return OnUnknown(key, p, to_server, now);
    const std::uint8_t bits = BitsOf(ref);
    const bool from_client = ((bits & kClientIsLow) != 0) == key.source_is_low;
    if ((bits & kStateMask) != kEstablished || (p.flags & (kTcpSyn | kTcpRst | kTcpFin)) != 0) {
      return OnKnown(ref, key, p, from_client, now);
    }
    BucketOf(ref).seen[WayOf(ref)] = now;
    return {ref, from_client, Follow(ref, p, from_client)};
  }

  // Ends every handshake over its deadline, calling abandoned(owner) for each; forgets what was
  // closed or one-sided for as long. Reads one cache line for eight places: once an interval, not
  // more. half_open() is exact afterwards.
  template <typename F>
  void Sweep(Tick now, F abandoned) {
    for (Bucket& b : buckets_) {
      if (std::bit_cast<std::uint64_t>(b.bits) == 0) continue;
      for (unsigned way = 0; way < kWays; ++way) {
        if (SweepOne(b, way, now)) abandoned(b.flows[way].owner);
      }
    }
  }

  // What the caller keeps with a connection; kNoOwner at first.
  [[nodiscard]] std::uint32_t& OwnerOf(Ref ref) { return BucketOf(ref).flows[WayOf(ref)].owner; }
  [[nodiscard]] bool IsHalfOpen(Ref ref) const { return IsHalfOpenBits(BitsOf(ref)); }
  [[nodiscard]] bool IsEstablished(Ref ref) const {
    return (BitsOf(ref) & kStateMask) == kEstablished;
  }

  [[nodiscard]] std::uint32_t half_open() const { return half_open_; }
  [[nodiscard]] std::uint32_t flows() const { return flows_; }  // that are not closed
  [[nodiscard]] std::uint32_t capacity() const {
    return static_cast<std::uint32_t>(buckets_.size() * kWays);
  }
  [[nodiscard]] std::size_t MemoryBytes() const { return buckets_.size() * sizeof(Bucket); }

 private:
  static constexpr unsigned kWays = 8;
  static constexpr std::int32_t kWindow = 1 << 30;
  static constexpr std::uint64_t kOnes = 0x0001000100010001U;
  enum Bits : std::uint8_t {
    kFree = 0,
    kClosed = 1,
    kOneSided = 2,  // met in the middle, one side heard
    kSynSeen = 3,
    kSynAckSeen = 4,
    kEstablished = 5,
    kStateMask = 0x07,
    kClientIsLow = 0x08,
    kClientHeard = 0x10,  // its next number is known
    kServerHeard = 0x20,
    kClientFin = 0x40,
    kServerFin = 0x80,
  };
  struct Flow {
    std::uint32_t tag = 0;
    std::uint32_t client_next = 0, server_next = 0;
    std::uint32_t owner = kNoOwner;
  };
  // The first line decides who is found and who has to go, the other two are of the connections.
  struct alignas(64) Bucket {
    std::array<std::uint16_t, kWays> tags{};
    std::array<Tick, kWays> seen{};  // a handshake: its SYN; else the last packet
    std::array<std::uint8_t, kWays> bits{};
    std::uint64_t unused = 0;
    std::array<Flow, kWays> flows{};
  };
  static_assert(sizeof(Bucket) == 192);

  static std::uint16_t ShortTag(std::uint64_t hash) {
    return static_cast<std::uint16_t>(hash >> 48);
  }
  static std::uint32_t LongTag(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 16);
  }
  static unsigned WayOf(Ref ref) { return ref % kWays; }
  static bool IsHalfOpenBits(std::uint8_t bits) {
    return (bits & kStateMask) == kSynSeen || (bits & kStateMask) == kSynAckSeen;
  }
  [[nodiscard]] Bucket& BucketOf(Ref ref) { return buckets_[ref / kWays]; }
  [[nodiscard]] std::uint8_t BitsOf(Ref ref) const {
    return buckets_[ref / kWays].bits[WayOf(ref)];
  }

  // Four short tags a word; a zero in x is found exactly but for the words above a real one, which
  // the long tag sorts out (Mycroft's test).
  [[nodiscard]] Ref Find(std::uint64_t hash) const {
    const std::size_t at = hash & mask_;
    const Bucket& b = buckets_[at];
    for (unsigned half = 0; half < kWays; half += 4) {
      std::array<std::uint16_t, 4> tags;
      std::memcpy(tags.data(), &b.tags[half], sizeof tags);
      const std::uint64_t x = std::bit_cast<std::uint64_t>(tags) ^ (ShortTag(hash) * kOnes);
      for (std::uint64_t hit = (x - kOnes) & ~x & (kOnes << 15); hit != 0; hit &= hit - 1) {
        const unsigned lane = static_cast<unsigned>(std::countr_zero(hit)) / 16;
        const unsigned way = half + (std::endian::native == std::endian::little ? lane : 3 - lane);
        if (b.flows[way].tag == LongTag(hash) && b.bits[way] != kFree) {
          return static_cast<Ref>(at * kWays + way);
        }
      }
    }
    return kNone;
  }

  // Takes note of what the side has sent. kRetransmission or nothing.
  std::uint8_t Follow(Ref ref, const Packet& p, bool from_client) {
    const std::uint32_t length = p.payload + ((p.flags & kTcpFin) != 0 ? 1 : 0);
    Flow& f = BucketOf(ref).flows[WayOf(ref)];
    std::uint32_t& next = from_client ? f.client_next : f.server_next;
    std::uint8_t& bits = BucketOf(ref).bits[WayOf(ref)];
    const std::uint8_t heard = from_client ? kClientHeard : kServerHeard;
    const std::uint32_t end = p.sequence + length;
    if ((bits & heard) == 0) [[unlikely]] {
      bits |= heard;
      next = end;
      return 0;
    }
    if (length == 0) return 0;
    const auto ahead = static_cast<std::int32_t>(end - next);
    if (ahead <= 0 && length == 1 && p.payload == 1 && p.sequence + 1 == next) return 0;
    const bool overlaps = ahead <= 0 || static_cast<std::uint32_t>(ahead) < length;
    if (ahead > 0 || ahead < -kWindow) next = end;
    return overlaps && ahead >= -kWindow && ahead <= kWindow ? kRetransmission : 0;
  }

  Step OnUnknown(const FlowKey& key, const Packet& p, bool to_server, Tick now);
  Step OnKnown(Ref ref, const FlowKey& key, const Packet& p, bool from_client, Tick now);
  Step OnSyn(Ref ref, const FlowKey& key, const Packet& p, bool from_client, Tick now);
  std::uint8_t OnSynAck(Ref ref, const Packet& p, Tick now);
  std::uint8_t OnReset(Ref ref, const Packet& p, bool from_client);
  std::uint8_t OnHandshake(Ref ref, const Packet& p, bool from_client, Tick now);
  std::uint8_t OnOpen(Ref ref, const Packet& p, bool from_client, Tick now);
  void BeginHandshake(Ref ref, bool client_is_low, const Packet& p, Tick now);
  [[nodiscard]] bool IsLate(Ref ref, Tick now) const;
  [[nodiscard]] bool IsResetBySender(Ref ref, const Packet& p, bool from_client) const;

  [[nodiscard]] unsigned PlaceFor(const Bucket& b, Tick now, bool syn) const;
  // True when it was a handshake over its deadline.
  bool SweepOne(Bucket& b, unsigned way, Tick now);
  void SetState(Ref ref, Bits state);

  std::vector<Bucket> buckets_;
  std::uint64_t mask_;
  Tick deadline_, idle_;
  std::uint32_t half_open_ = 0;
  std::uint32_t flows_ = 0;
};

}  // namespace headgate
