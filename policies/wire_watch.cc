#include "policies/wire_watch.h"

#include <algorithm>
#include <utility>

namespace headgate {
namespace {

constexpr Duration kVerifiedFor = std::chrono::minutes(10);
// After so long a connection's place may be had by a newcomer that finds no other.
constexpr Duration kIdleFor = std::chrono::minutes(5);

}  // namespace

WireWatch::WireWatch(const WireOptions& options, KeyedHash hash)
    : hash_(hash),
      redirect_(options.redirect),
      own_(options.own),
      top_(options.top),
      clock_(options.interval),
      ports_(options.ports, options.server_ports),
      flows_(options.flows, CaptureClock::TicksOf(options.handshake_deadline),
             CaptureClock::TicksOf(kIdleFor)),
      sources_(options.sources, CaptureClock::TicksOf(kVerifiedFor)) {
  std::sort(own_.begin(), own_.end());
}

bool WireWatch::IsOwn(const Address& a) const {
  return a.IsLoopback() || std::binary_search(own_.begin(), own_.end(), a);
}

std::size_t WireWatch::MemoryBytes() const {
  return sizeof *this + flows_.MemoryBytes() + sources_.MemoryBytes() + 65536 / 8 +
         BypassBook::kMost * sizeof(WireBypass);
}

void WireWatch::Count(WireCounts& c, const Packet& p, unsigned what) {
  ++c.packets;
  c.bytes += p.wire_bytes;
  if (what == 0) [[likely]]
    return;
  const auto has = [what](unsigned bit) { return std::uint64_t{(what & bit) != 0}; };
  c.syn += has(kSyn);
  c.syn_ack += has(kSynAck);
  c.completed += has(kCompleted);
  c.abandoned += has(kAbandoned);
  c.rst += has(kRst);
  c.retransmissions += has(kRetransmission);
  c.zero_windows += has(kZeroWindow);
}

unsigned WireWatch::WhatOf(const Packet& p, std::uint8_t watched, unsigned news) const {
  unsigned what = 0;
  if ((p.flags & (kTcpSyn | kTcpRst)) != 0) {
    what |= p.IsSyn() && (watched & kTarget) != 0 ? kSyn : 0;
    what |= p.IsSynAck() && (watched & kSource) != 0 ? kSynAck : 0;
    what |= (p.flags & kTcpRst) != 0 ? kRst : 0;
  } else if (p.window == 0) {
    what |= kZeroWindow;
  }
  what |= (news & FlowTable::kCompleted) != 0 ? kCompleted : 0;
  what |= (news & FlowTable::kAbandoned) != 0 ? kAbandoned : 0;
  what |= (news & FlowTable::kRetransmission) != 0 ? kRetransmission : 0;
  return what;
}

void WireWatch::OnPacket(const Packet& p, const Ahead& ahead) {
  clock_.See(p.at);
  if (ahead.watched == 0) return;
  const bool syn = p.IsSyn();
  const bool from_server = p.IsSynAck() || (ahead.watched & kTarget) == 0;
  // A handshake the wrong way round is none of the watched ports'.
  if ((syn && from_server) || (p.IsSynAck() && (ahead.watched & kSource) == 0)) {
    return Count(counts_, p, WhatOf(p, ahead.watched, 0));
  }
  const FlowTable::Step step = flows_.OnPacket(ahead.flow, p, !from_server, clock_.ticks());
  const unsigned what = WhatOf(p, ahead.watched, step.news);
  if ((step.news & (FlowTable::kPushedOut | FlowTable::kUntracked)) != 0) OnPushedOut(step);
  WireSources::State* source = syn ? OnSyn(p, ahead, step) : SourceOfFlow(p, step);
  Count(counts_, p, what);
  if ((step.news & FlowTable::kCompleted) != 0) OnCompleted(p);
  if (source == nullptr) return;
  Count(source->counts, p, what);
  if ((step.news & FlowTable::kOpened) != 0) ++source->half_open;
  if ((step.news & FlowTable::kLeft) != 0 && source->half_open > 0) --source->half_open;
  if (!syn && step.from_client && flows_.IsEstablished(step.ref)) source->proof = clock_.ticks();
}

void WireWatch::OnPushedOut(const FlowTable::Step& step) {
  if ((step.news & FlowTable::kUntracked) != 0) ++untracked_;
  if ((step.news & FlowTable::kPushedOut) == 0) return;
  if (step.gone_abandoned) return OnAbandoned(step.gone_owner);
  ++untracked_;
  WireSources::State* source = sources_.Get(step.gone_owner);
  if (source != nullptr && source->half_open > 0) --source->half_open;
}

void WireWatch::OnAbandoned(WireSources::Handle owner) {
  ++counts_.abandoned;
  WireSources::State* source = sources_.Get(owner);
  if (source == nullptr) return;
  ++source->counts.abandoned;
  if (source->half_open > 0) --source->half_open;
}

WireSources::State* WireWatch::OnSyn(const Packet& p, const Ahead& ahead,
                                     const FlowTable::Step& step) {
  ++ports_.Of(p.target_port).syn;
  if (IsGates(p.source, p.target_port)) {
    ++own_syn_;
    return nullptr;
  }
  distinct_.Add(ahead.source);
  entropy_.Add(ahead.source);
  const WireSources::Handle handle = sources_.OnSyn(ahead.source, QuickSourceOf(p.source));
  if (step.ref == FlowTable::kNone || !step.from_client) return sources_.Get(handle);
  return Attach(step, handle);
}

// The flow knows its source; else it is looked for, once.
WireSources::State* WireWatch::SourceOfFlow(const Packet& p, const FlowTable::Step& step) {
  if (step.ref == FlowTable::kNone) return nullptr;
  const WireSources::Handle known = flows_.OwnerOf(step.ref);
  const bool completed = (step.news & FlowTable::kCompleted) != 0;
  WireSources::State* source = sources_.Get(known);
  if (source != nullptr && !completed) [[likely]]
    return source;
  if (known == WireSources::kNone && (step.news & FlowTable::kCreated) == 0 && !completed)
    return nullptr;
  const Address& client = step.from_client ? p.source : p.target;
  if (IsGates(client, step.from_client ? p.target_port : p.source_port)) return nullptr;
  const std::uint64_t hash = SourceHash(client, hash_);
  return Attach(step, completed ? sources_.Verify(hash, QuickSourceOf(client), clock_.ticks())
                                : sources_.Touch(hash, QuickSourceOf(client)));
}

WireSources::State* WireWatch::Attach(const FlowTable::Step& step, WireSources::Handle handle) {
  WireSources::Handle& owner = flows_.OwnerOf(step.ref);
  WireSources::State* source = sources_.Get(handle);
  const bool changed = owner != handle;
  owner = handle;
  // What was half-open before this packet counted for whoever had the source's place before.
  const bool was_half_open = (step.news & FlowTable::kLeft) != 0 ||
                             (flows_.IsHalfOpen(step.ref) && (step.news & FlowTable::kOpened) == 0);
  if (source != nullptr && changed && was_half_open) ++source->half_open;
  return source;
}

void WireWatch::OnCompleted(const Packet& p) {
  // A flow is known by its hash: in a capture made for it a packet may be taken for another's.
  if (!ports_.Watched(p.target_port)) return;
  ++ports_.Of(p.target_port).completed;
  const bool direct = p.target_port == redirect_ && !redirected_;
  if (!ports_.IsServers(p.target_port)) {
    // The gate goes to the server by another way, a unix socket say; this port is the server's.
    if (direct && !IsOwn(p.source) && IsOwn(p.target)) bypass_.Add(p.source, p.target_port);
    return;
  }
  if (IsOwn(p.source)) {
    ++own_completed_;
    return;
  }
  // The gate's, by its address; where nobody's address is known that is most likely.
  if (ports_.IsShared(p.target_port) && (own_.empty() || IsOwn(p.target)) && !direct) return;
  bypass_.Add(p.source, p.target_port);
}

WireInterval WireWatch::EndInterval(Time at) {
  const CaptureClock::Span span = clock_.End(at);
  flows_.Sweep(clock_.ticks(), [this](WireSources::Handle owner) { OnAbandoned(owner); });
  WireInterval i;
  i.from = span.from;
  i.to = span.to;
  i.counts = counts_;
  i.own_syn = std::exchange(own_syn_, 0);
  i.own_completed = std::exchange(own_completed_, 0);
  i.half_open = flows_.half_open();
  i.flows = flows_.flows();
  i.untracked = untracked_;
  i.sources = distinct_.Estimate();
  i.entropy = entropy_.Normalised();
  i.top = sources_.EndInterval(top_, clock_.ticks());
  i.ports = ports_.Take();
  i.bypass = bypass_.Take(i.bypass_more);
  counts_ = {};
  untracked_ = 0;
  distinct_.Clear();
  entropy_.Clear();
  return i;
}

}  // namespace headgate
