#include "net/tcp_streams.h"

#include <algorithm>
#include <utility>

namespace headgate::net {
namespace {

constexpr std::size_t kPorts = 65536;
// How far the first captured packet of a connection may be behind its handshake.
constexpr std::uint32_t kAfterHandshake = 1 << 20;

TcpStreams::Options WithRoom(TcpStreams::Options options) {
  options.connections = std::max<std::size_t>(options.connections, 1);
  return options;
}

TcpEnds EndsOf(const Segment& p, TcpSide from) {
  if (from == TcpSide::kClient) return {p.source, p.target, p.source_port, p.target_port};
  return {p.target, p.source, p.target_port, p.source_port};
}

}  // namespace

TcpStreams::TcpStreams(Options options, KeyedHash hash, TcpStreamSink& sink)
    : options_(WithRoom(std::move(options))),
      hash_(hash),
      sink_(sink),
      watched_(kPorts / 64, options_.ports.empty() ? ~std::uint64_t{0} : 0),
      openings_(options_.openings) {
  for (const std::uint16_t port : options_.ports)
    watched_[port / 64] |= std::uint64_t{1} << port % 64;
}

bool TcpStreams::IsServers(const Address& address, std::uint16_t port) const {
  if ((watched_[port / 64] >> (port % 64) & 1) == 0) return false;
  return options_.servers.empty() || std::find(options_.servers.begin(), options_.servers.end(),
                                               address) != options_.servers.end();
}

// Where both could be the server's it is the lower one, as clients' are handed out from above.
TcpSide TcpStreams::SideOf(const Segment& p) const {
  const bool source = IsServers(p.source, p.source_port);
  const bool both = source && IsServers(p.target, p.target_port);
  return source && (!both || p.source_port < p.target_port) ? TcpSide::kServer : TcpSide::kClient;
}

void TcpStreams::OnSegment(const Segment& p) {
  if (!IsServers(p.source, p.source_port) && !IsServers(p.target, p.target_port)) {
    ++counts_.other;
    return;
  }
  // Not for each packet of a capture of which each is long after the one before.
  if (++since_look_ > streams_.size() / 8 && p.at >= next_look_) ExpireSilent(p.at);
  const FlowKey key = FlowKeyOf(p, hash_);
  const auto found = ids_.find(key.hash);
  Id id = found != ids_.end() ? found->second : kNone;
  if ((p.flags & kTcpSyn) != 0) return OnHandshake(p, key, id);
  if (id == kNone || !IsOpen(id) || streams_[id].reopening) {
    if (Completes(p, key, id != kNone && IsOpen(id))) {
      if (id != kNone && IsOpen(id)) Close(id, TcpStreamSink::End::kReplaced, p.at);
      if (id != kNone) Release(id);
      id = Open(p, key);
    } else if (id == kNone || !IsOpen(id)) {
      return OnStranger(p, key, id != kNone);
    }
  }
  const bool from_client = key.source_is_low == streams_[id].client_is_low;
  OnKnown(id, p, from_client ? TcpSide::kClient : TcpSide::kServer);
}

// What is said for the second time, and what a stranger says in the ports of a live connection,
// changes nothing: only a handshake that is completed does.
void TcpStreams::OnHandshake(const Segment& p, const FlowKey& key, Id known) {
  ++counts_.strays;
  if ((p.flags & kTcpRst) != 0) return;
  const bool answer = (p.flags & kTcpAck) != 0;
  const std::uint32_t isn = answer ? p.acknowledgment - 1 : p.sequence;
  if (known != kNone) {
    Stream& s = streams_[known];
    if (s.state == State::kOpen && s.client_isn == isn) return;
    s.reopening = true;
  }
  if (answer) {
    openings_.OnSynAck(key.hash, !key.source_is_low, p.sequence, p.acknowledgment);
  } else {
    openings_.OnSyn(key.hash, key.source_is_low, p.sequence);
  }
}

// The client's acknowledgment, or anything behind it where that was not captured.
bool TcpStreams::Completes(const Segment& p, const FlowKey& key, bool replaces) const {
  const TcpOpenings::Opening* const o = openings_.Find(key.hash);
  if (o == nullptr || (p.flags & kTcpAck) == 0 || (p.flags & kTcpRst) != 0) return false;
  if (replaces && !o->answered) return false;
  const bool from_client = key.source_is_low == o->client_is_low;
  if (!from_client && p.payload == 0) return false;
  const std::uint32_t clients = from_client ? p.sequence : p.acknowledgment;
  const std::uint32_t servers = from_client ? p.acknowledgment : p.sequence;
  if (clients - (o->client_isn + 1) > kAfterHandshake) return false;
  return !o->answered || servers - (o->server_isn + 1) <= kAfterHandshake;
}

TcpStreams::Id TcpStreams::Open(const Segment& p, const FlowKey& key) {
  const TcpOpenings::Opening o = *openings_.Find(key.hash);
  openings_.Forget(key.hash);
  const bool from_client = key.source_is_low == o.client_is_low;
  const TcpSide from = from_client ? TcpSide::kClient : TcpSide::kServer;
  const Id id = NewStream(key.hash, o.client_is_low, p.at);
  streams_[id].client_isn = o.client_isn;
  half(id, TcpSide::kClient).Begin(o.client_isn + 1);
  const std::uint32_t servers = from_client ? p.acknowledgment : p.sequence;
  half(id, TcpSide::kServer).Begin(o.answered ? o.server_isn + 1 : servers);
  ++counts_.opened;
  sink_.OnOpened(id, EndsOf(p, from), /*whole=*/true, p.at);
  return id;
}

// Empty segments are what is left of connections that have ended: they begin none.
void TcpStreams::OnStranger(const Segment& p, const FlowKey& key, bool ended) {
  if ((p.flags & kTcpRst) != 0) openings_.Forget(key.hash);
  if (ended || p.payload == 0 || (p.flags & kTcpRst) != 0) {
    ++counts_.strays;
    return;
  }
  const TcpSide from = SideOf(p);
  const bool client_is_low = (from == TcpSide::kClient) == key.source_is_low;
  const Id id = NewStream(key.hash, client_is_low, p.at);
  half(id, from).Begin(p.sequence);
  if ((p.flags & kTcpAck) != 0) half(id, Other(from)).Begin(p.acknowledgment);
  ++counts_.met_in_the_middle;
  sink_.OnOpened(id, EndsOf(p, from), /*whole=*/false, p.at);
  OnKnown(id, p, from);
}

void TcpStreams::OnKnown(Id id, const Segment& p, TcpSide from) {
  Stream& s = streams_[id];
  s.seen = p.at;
  ++counts_.segments;
  if ((p.flags & kTcpRst) != 0) {
    using End = TcpStreamSink::End;
    const End how = from == TcpSide::kClient ? End::kResetByClient : End::kResetByServer;
    if (ResetsIt(s, p, from)) Close(id, how, p.at);
    return;
  }
  if ((p.flags & kTcpAck) != 0 && half(id, from).IsNear(p.sequence)) {
    const TcpHalf& other = half(id, Other(from));
    const auto ahead = static_cast<std::int32_t>(p.acknowledgment - other.next());
    if (ahead > 0 || !other.begun()) OnAcknowledged(id, Other(from), p.acknowledgment, p.at);
  }
  if (p.payload > 0 && IsOpen(id)) TakePayload(id, from, p);
  if ((p.flags & kTcpFin) != 0 && IsOpen(id) && half(id, from).IsNear(p.sequence)) {
    half(id, from).OnFin(p.sequence + p.payload);
  }
  if (IsOpen(id) && half(id, from).fin_seen()) TellFin(id, from, p.at);
}

// Also one without an acknowledgment of its own (RFC 9293, 3.5.2) is near the numbers it ends.
bool TcpStreams::ResetsIt(const Stream& s, const Segment& p, TcpSide from) const {
  constexpr std::int32_t kBehind = 1 << 16;
  const TcpHalf& h = s.halves[static_cast<std::size_t>(from)];
  const auto ahead = static_cast<std::int32_t>(p.sequence - h.next());
  return !h.begun() || (ahead >= -kBehind && ahead < TcpHalf::kNear);
}

void TcpStreams::Ignore(Id id) {
  Stream& s = streams_[id];
  s.ignored = true;
  for (TcpHalf& h : s.halves) {
    kept_ -= h.kept_bytes();
    h.DropKept();
  }
}

void TcpStreams::Close(Id id, TcpStreamSink::End how, Time at) {
  Stream& s = streams_[id];
  ++counts_.ended[static_cast<std::size_t>(how)];
  --open_;
  s.state = State::kClosed;
  for (TcpHalf& h : s.halves) {
    kept_ -= h.kept_bytes();
    h = {};
  }
  sink_.OnClosed(id, how, at);
  if (closed_.size() < kClosedKept) {
    closed_.push_back(id);
    return;
  }
  const Id oldest = std::exchange(closed_[next_closed_], id);
  next_closed_ = (next_closed_ + 1) % kClosedKept;
  if (streams_[oldest].state == State::kClosed && oldest != id) Release(oldest);
}

void TcpStreams::Release(Id id) {
  Stream& s = streams_[id];
  ids_.erase(s.flow);
  s = {};
  free_.push_back(id);
}

TcpStreams::Id TcpStreams::NewStream(std::uint64_t flow, bool client_is_low, Time at) {
  if (open_ >= options_.connections) EvictOne(at);
  Id id = static_cast<Id>(streams_.size());
  if (free_.empty()) {
    streams_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  Stream& s = streams_[id];
  s.flow = flow;
  s.state = State::kOpen;
  s.client_is_low = client_is_low;
  s.seen = at;
  ids_[flow] = id;
  ++open_;
  return id;
}

void TcpStreams::EvictOne(Time at) {
  constexpr std::size_t kLooks = 64;
  Id silent = kNone;
  for (std::size_t looks = 0; looks < kLooks || silent == kNone; ++looks) {
    hand_ = (hand_ + 1) % static_cast<Id>(streams_.size());
    if (!IsOpen(hand_)) continue;
    if (silent == kNone || streams_[hand_].seen < streams_[silent].seen) silent = hand_;
  }
  Close(silent, TcpStreamSink::End::kEvicted, at);
}

void TcpStreams::ExpireSilent(Time now) {
  constexpr Duration kBetween = std::chrono::minutes(10);
  next_look_ = now + kBetween;
  since_look_ = 0;
  for (Id id = 0; id < streams_.size(); ++id) {
    if (IsOpen(id) && now - streams_[id].seen > options_.idle) {
      Close(id, TcpStreamSink::End::kSilent, now);
    }
  }
}

}  // namespace headgate::net
