// What a segment carries: in order to the sink, early ones kept, missing ones given up.
#include "net/tcp_streams.h"

namespace headgate::net {

void TcpStreams::TakePayload(Id id, TcpSide from, const Segment& p) {
  using Fit = TcpHalf::Fit;
  TcpHalf& h = half(id, from);
  if (!h.begun()) h.Begin(p.sequence);
  if (streams_[id].ignored) return h.SkipOver(p.sequence, p.payload);
  const std::size_t before = h.kept_bytes();
  const TcpHalf::Taken taken = h.Take(p.sequence, p.payload, p.data);
  switch (taken.fit) {
    case Fit::kNext:
      return TakeNext(id, from, taken, p.at);
    case Fit::kEarly:
      return TakeEarly(id, from, before, p.at);
    case Fit::kFar:
      return TakeFar(id, from, p);
    case Fit::kLate:
      ++counts_.late;
      [[fallthrough]];
    case Fit::kOld:
      ++counts_.again;
  }
}

void TcpStreams::TakeNext(Id id, TcpSide from, const TcpHalf::Taken& taken, Time at) {
  Hand(id, from, {0, taken.bytes}, at);
  if (taken.missing > 0) Hand(id, from, {taken.missing, {}}, at);
  if (half(id, from).pieces() > 0) Drain(id, from, at);
}

void TcpStreams::TakeEarly(Id id, TcpSide from, std::size_t kept_before, Time at) {
  const TcpHalf& h = half(id, from);
  ++counts_.early;
  kept_ += h.kept_bytes() - kept_before;
  if (h.Overfull() || kept_ > options_.kept) GiveWay(id, from, at);
}

// How much is missing is only known mod 2^32: it is not added to the bytes that are.
void TcpStreams::TakeFar(Id id, TcpSide from, const Segment& p) {
  ++counts_.far;
  TcpHalf& h = half(id, from);
  if (!h.FoundAgain()) return;
  ++counts_.found_again;
  kept_ -= h.kept_bytes();
  const std::uint32_t missing = h.BeginAgain(p.sequence);
  sink_.OnMissing(id, from, missing, p.at);
  if (streams_[id].ignored) return h.SkipOver(p.sequence, p.payload);
  TakeNext(id, from, h.Take(p.sequence, p.payload, p.data), p.at);
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
  if (s.halves[side].PassedFin() && !s.ignored) return;
  const bool all_said = s.halves[side].Ended() || s.ignored;
  if (!all_said || s.fin_told[side]) return;
  s.fin_told[side] = true;
  sink_.OnFin(id, from, at);
  if (s.fin_told[static_cast<std::size_t>(Other(from))]) {
    Close(id, TcpStreamSink::End::kFinished, at);
  }
}

}  // namespace headgate::net
