#include "policies/flow_table.h"

#include <algorithm>

namespace headgate {
namespace {

// Where the long gap between two sweeps would make an old age look young.
constexpr FlowTable::Tick kOldest = FlowTable::Tick{1} << 30;
// How far off a reset of an open connection may be: the capture may know more, or less, than who is
// reset. One in 2^11 guesses of a stranger gets through; it costs a line in our book, no
// connection.
constexpr std::int32_t kResetWindow = 1 << 20;

}  // namespace

FlowTable::FlowTable(std::uint32_t capacity, Tick deadline, Tick idle)
    : buckets_(
          std::bit_ceil(std::max<std::size_t>((std::size_t{capacity} + kWays - 1) / kWays, 1))),
      mask_(buckets_.size() - 1),
      deadline_(deadline),
      idle_(idle) {}

void FlowTable::SetState(Ref ref, Bits state) {
  std::uint8_t& bits = BucketOf(ref).bits[WayOf(ref)];
  const bool was_open = (bits & kStateMask) > kClosed;
  half_open_ -= IsHalfOpenBits(bits) ? 1 : 0;
  half_open_ += IsHalfOpenBits(state) ? 1 : 0;
  flows_ -= was_open ? 1 : 0;
  flows_ += state > kClosed ? 1 : 0;
  bits = state == kFree ? 0 : static_cast<std::uint8_t>((bits & ~kStateMask) | state);
}

bool FlowTable::IsLate(Ref ref, Tick now) const {
  return now - buckets_[ref / kWays].seen[WayOf(ref)] >= deadline_;
}

void FlowTable::BeginHandshake(Ref ref, bool client_is_low, const Packet& p, Tick now) {
  Bucket& b = BucketOf(ref);
  const unsigned way = WayOf(ref);
  SetState(ref, kSynSeen);
  b.bits[way] = kSynSeen | kClientHeard | (client_is_low ? kClientIsLow : 0);
  b.seen[way] = now;
  b.flows[way].client_next = p.sequence + 1 + p.payload;
}

FlowTable::Step FlowTable::OnUnknown(const FlowKey& key, const Packet& p, bool to_server,
                                     Tick now) {
  const bool syn = p.IsSyn();
  Step step{.from_client = syn || to_server};
  if (!syn && (p.flags & (kTcpRst | kTcpFin)) != 0) return step;  // it ends; nothing to follow
  Bucket& b = buckets_[key.hash & mask_];
  const unsigned way = PlaceFor(b, now, syn);
  if (way == kWays) {
    step.news = syn ? kUntracked : 0;
    return step;
  }
  step.ref = static_cast<Ref>((key.hash & mask_) * kWays + way);
  step.news = kCreated;
  if (IsHalfOpenBits(b.bits[way])) {
    step.news |= kPushedOut;
    step.gone_owner = b.flows[way].owner;
    step.gone_abandoned = IsLate(step.ref, now);
  }
  SetState(step.ref, kFree);
  b.tags[way] = ShortTag(key.hash);
  b.flows[way] = {.tag = LongTag(key.hash)};
  const bool client_is_low = step.from_client == key.source_is_low;
  if (syn) {
    BeginHandshake(step.ref, client_is_low, p, now);
    step.news |= kOpened;
  } else {
    SetState(step.ref, kOneSided);
    b.bits[way] |= client_is_low ? kClientIsLow : 0;
    b.seen[way] = now;
    Follow(step.ref, p, step.from_client);
  }
  return step;
}

// Who has the highest rank, and of those who is the oldest, makes room for a newcomer; nobody of
// rank 0 does. Without branches: under a flood it is done for every packet.
unsigned FlowTable::PlaceFor(const Bucket& b, Tick now, bool syn) const {
  static constexpr std::array<std::array<std::uint64_t, kStateMask + 1>, 2> kRanks = {{
      {4, 3, 2, 0, 0, 0},  // free, closed, one-sided, SYN, SYN-ACK, established
      {4, 3, 2, 2, 2, 1},
  }};
  unsigned best = kWays;
  std::uint64_t most = 0;
  for (unsigned way = 0; way < kWays; ++way) {
    const Tick age = now - b.seen[way];
    std::uint64_t rank = kRanks[syn ? 1 : 0][b.bits[way] & kStateMask];
    rank = rank == 1 && age < idle_ ? 0 : rank;
    const std::uint64_t worth = rank == 0 ? 0 : rank << 32 | age;
    best = worth > most ? way : best;
    most = std::max(most, worth);
  }
  return best;
}

FlowTable::Step FlowTable::OnKnown(Ref ref, const FlowKey& key, const Packet& p, bool from_client,
                                   Tick now) {
  if (p.IsSyn()) return OnSyn(ref, key, p, from_client, now);
  Step step{ref, from_client};
  if ((p.flags & kTcpRst) != 0) {
    step.news = OnReset(ref, p, from_client);
  } else if (p.IsSynAck()) {
    if (!from_client) step.news = OnSynAck(ref, p, now);
  } else if (IsHalfOpen(ref)) {
    step.news = OnHandshake(ref, p, from_client, now);
  } else {
    step.news = OnOpen(ref, p, from_client, now);
  }
  return step;
}

// A SYN on an open connection changes nothing: a stranger may have sent it. If the port is really
// used again, the server's SYN-ACK tells.
FlowTable::Step FlowTable::OnSyn(Ref ref, const FlowKey& key, const Packet& p, bool from_client,
                                 Tick now) {
  const Bits state = static_cast<Bits>(BitsOf(ref) & kStateMask);
  if (state == kEstablished) return {ref, from_client};
  const bool again = from_client && IsHalfOpen(ref) &&
                     BucketOf(ref).flows[WayOf(ref)].client_next == p.sequence + 1 + p.payload;
  if (again) return {ref, true, kRetransmission};
  // Both ends call themselves the client: the first was it.
  if (IsHalfOpen(ref) && !from_client) return {ref, false};
  Step step{ref, true, IsHalfOpen(ref) ? kAbandoned : kOpened};
  if (!from_client) {
    step.news |= kCreated;
    OwnerOf(ref) = kNoOwner;
  }
  BeginHandshake(ref, key.source_is_low, p, now);
  return step;
}

std::uint8_t FlowTable::OnSynAck(Ref ref, const Packet& p, Tick now) {
  Flow& f = BucketOf(ref).flows[WayOf(ref)];
  std::uint8_t& bits = BucketOf(ref).bits[WayOf(ref)];
  const std::uint32_t next = p.sequence + 1;
  if (IsHalfOpen(ref)) {
    if (p.acknowledgment != f.client_next) return 0;
    const bool again = (bits & kServerHeard) != 0 && f.server_next == next;
    f.server_next = next;
    bits |= kServerHeard;
    SetState(ref, kSynAckSeen);
    return again ? kRetransmission : 0;
  }
  // Sent again since the client's answer was lost, or a late copy; else the answer to a SYN on a
  // port that is used again: a server's numbers go up from one connection to the next (RFC 6528).
  const std::uint32_t behind = f.server_next - next;
  if ((bits & kServerHeard) != 0 && behind <= kWindow) return kRetransmission;
  if ((bits & kStateMask) != kEstablished) return 0;
  SetState(ref, kSynAckSeen);
  bits =
      static_cast<std::uint8_t>((bits & ~(kClientFin | kServerFin)) | kClientHeard | kServerHeard);
  f.client_next = p.acknowledgment;
  f.server_next = next;
  BucketOf(ref).seen[WayOf(ref)] = now;
  return kOpened;
}

// A stranger can send a reset, but does not know the numbers (RFC 5961, 3.2).
bool FlowTable::IsResetBySender(Ref ref, const Packet& p, bool from_client) const {
  const Flow& f = buckets_[ref / kWays].flows[WayOf(ref)];
  const bool heard = (BitsOf(ref) & (from_client ? kClientHeard : kServerHeard)) != 0;
  const std::uint32_t next = from_client ? f.client_next : f.server_next;
  if (IsHalfOpen(ref)) {
    if (heard && p.sequence == next) return true;
    return !from_client && p.Has(kTcpAck) && p.acknowledgment == f.client_next;
  }
  const auto off = static_cast<std::int32_t>(p.sequence - next);
  return !heard || (off >= -kResetWindow && off <= kResetWindow);
}

std::uint8_t FlowTable::OnReset(Ref ref, const Packet& p, bool from_client) {
  if (!IsResetBySender(ref, p, from_client)) return 0;
  const bool half_open = IsHalfOpen(ref);
  SetState(ref, kClosed);
  return half_open ? kAbandoned | kLeft : 0;
}

std::uint8_t FlowTable::OnHandshake(Ref ref, const Packet& p, bool from_client, Tick now) {
  const Bits state = static_cast<Bits>(BitsOf(ref) & kStateMask);
  const Flow& f = BucketOf(ref).flows[WayOf(ref)];
  std::uint8_t news = 0;
  if (state == kSynAckSeen) {
    if (!from_client) return Follow(ref, p, false);
    if (!p.Has(kTcpAck) || p.acknowledgment != f.server_next) return 0;
    news = IsLate(ref, now) ? kLeft | kAbandoned : kLeft | kCompleted;
  } else {
    // The server talks, so there was a SYN-ACK that the capture has missed.
    if (from_client || !p.Has(kTcpAck)) return 0;
    news = kLeft;
  }
  SetState(ref, kEstablished);
  return news | OnOpen(ref, p, from_client, now);
}

std::uint8_t FlowTable::OnOpen(Ref ref, const Packet& p, bool from_client, Tick now) {
  const std::uint8_t news = Follow(ref, p, from_client);
  std::uint8_t& bits = BucketOf(ref).bits[WayOf(ref)];
  if ((bits & kStateMask) == kClosed) return news;
  BucketOf(ref).seen[WayOf(ref)] = now;
  constexpr std::uint8_t kHeard = kClientHeard | kServerHeard;
  if ((bits & kStateMask) == kOneSided && (bits & kHeard) == kHeard) SetState(ref, kEstablished);
  if ((p.flags & kTcpFin) != 0) bits |= from_client ? kClientFin : kServerFin;
  constexpr std::uint8_t kFins = kClientFin | kServerFin;
  if ((bits & kFins) == kFins) SetState(ref, kClosed);
  return news;
}

bool FlowTable::SweepOne(Bucket& b, unsigned way, Tick now) {
  const std::uint8_t state = b.bits[way] & kStateMask;
  const Tick age = now - b.seen[way];
  const bool half_open = IsHalfOpenBits(state);
  if (half_open || state == kClosed || state == kOneSided) {
    if (age < deadline_) return false;
    SetState(static_cast<Ref>((&b - buckets_.data()) * kWays + way), kFree);
    return half_open;
  }
  if (age > kOldest) b.seen[way] = now - kOldest;
  return false;
}

}  // namespace headgate
