// What a segment carries: in order to the sink, early ones kept, missing ones given up.
#include "net/tcp_streams.h"

namespace headgate::net {
namespace {

TcpSide Other(TcpSide side) {
  return side == TcpSide::kClient ? TcpSide::kServer : TcpSide::kClient;
}

}  // namespace

void TcpStreams::TakePayload(Id id, TcpSide from, const Segment& p) {
  TcpHalf& h = half(id, from);
  if (!h.begun()) h.Begin(p.sequence);
  if (streams_[id].ignored) return h.SkipTo(p.sequence + p.payload);
  const std::size_t before = h.kept_bytes();
  const TcpHalf::Taken taken = h.Take(p.sequence, p.payload, p.data);
  if (taken.fit == TcpHalf::Fit::kOld) {
    ++counts_.again;
    return;
  }
  if (taken.fit == TcpHalf::Fit::kEarly) {
    ++counts_.early;
    kept_ += h.kept_bytes() - before;
    if (h.Overfull() || kept_ > options_.kept) GiveWay(id, from, p.at);
    return;
  }
  Hand(id, from, {0, taken.bytes}, p.at);
  if (taken.missing > 0) Hand(id, from, {taken.missing, {}}, p.at);
  if (h.pieces() > 0) Drain(id, from, p.at);
}

void TcpStreams::Hand(Id id, TcpSide from, const TcpHalf::Piece& piece, Time at) {
  if (streams_[id].ignored) return;
  if (piece.missing > 0) {
    ++counts_.missing_at;
    counts_.missing_bytes += piece.missing;
    return sink_.OnMissing(id, from, piece.missing, at);
  }
  counts_.bytes += piece.bytes.size();
  if (!piece.bytes.empty()) sink_.OnBytes(id, from, piece.bytes, at);
}

// What is ready now. Being ignored meanwhile empties the half.
void TcpStreams::Drain(Id id, TcpSide from, Time at) {
  TcpHalf& h = half(id, from);
  for (;;) {
    const std::size_t before = h.kept_bytes();
    const auto piece = h.Ready();
    kept_ -= before - h.kept_bytes();
    if (!piece) return;
    Hand(id, from, *piece, at);
  }
}

// All that is kept, whatever is missing in between.
void TcpStreams::GiveWay(Id id, TcpSide from, Time at) {
  TcpHalf& h = half(id, from);
  for (;;) {
    const std::size_t before = h.kept_bytes();
    const auto piece = h.ReadyAnyway();
    kept_ -= before - h.kept_bytes();
    if (!piece) return;
    Hand(id, from, *piece, at);
  }
}

// `whose` bytes have arrived up to `before`: those not captured never will be.
void TcpStreams::OnAcknowledged(Id id, TcpSide whose, std::uint32_t before, Time at) {
  TcpHalf& h = half(id, whose);
  if (!h.begun()) return h.Begin(before);
  if (streams_[id].ignored) {
    h.SkipTo(before);
  } else {
    for (;;) {
      const std::size_t kept = h.kept_bytes();
      const auto piece = h.ReadyBefore(before);
      kept_ -= kept - h.kept_bytes();
      if (!piece) break;
      Hand(id, whose, *piece, at);
    }
  }
  if (h.fin_seen()) TellFin(id, whose, at);
}

void TcpStreams::TellFin(Id id, TcpSide from, Time at) {
  Stream& s = streams_[id];
  const auto side = static_cast<std::size_t>(from);
  const bool all_said = s.halves[side].Ended() || s.ignored;
  if (!all_said || s.fin_told[side]) return;
  s.fin_told[side] = true;
  sink_.OnFin(id, from, at);
  if (s.fin_told[static_cast<std::size_t>(Other(from))]) {
    Close(id, TcpStreamSink::End::kFinished, at);
  }
}

}  // namespace headgate::net
