#include "net/tcp_half.h"

#include <algorithm>
#include <utility>

namespace headgate::net {
namespace {

// How far `a` is behind `b` in the stream.
std::int32_t Ahead(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b); }

Octets From(Octets data, std::size_t at) { return data.subspan(std::min(at, data.size())); }
Octets UpTo(Octets data, std::size_t n) { return data.first(std::min(n, data.size())); }

}  // namespace

TcpHalf::Taken TcpHalf::TakeOdd(std::uint32_t sequence, std::uint32_t length, Octets data) {
  const std::int32_t ahead = Ahead(sequence, next_);
  if (ahead > kWindow || ahead < -kWindow || length == 0) return {};
  if (ahead > 0) {
    Keep(sequence, length, data);
    return {Fit::kEarly, {}, 0};
  }
  const auto known = static_cast<std::uint32_t>(-ahead);
  if (known >= length) return {};
  const Octets fresh = From(data, known);
  next_ = sequence + length;
  return {Fit::kNext, fresh, length - known - static_cast<std::uint32_t>(fresh.size())};
}

// What is kept already stays as it is: only what fits in between is added.
void TcpHalf::Keep(std::uint32_t sequence, std::uint32_t length, Octets data) {
  std::size_t at = 0;
  while (length > 0) {
    while (at < pieces_.size() && Ahead(pieces_[at].sequence + pieces_[at].length, sequence) <= 0) {
      ++at;
    }
    const bool last = at == pieces_.size();
    const std::int32_t room = last ? kWindow : Ahead(pieces_[at].sequence, sequence);
    std::uint32_t step = length;
    if (room > 0) {
      step = std::min(length, static_cast<std::uint32_t>(room));
      const Octets part = UpTo(data, step);
      pieces_.insert(pieces_.begin() + static_cast<std::ptrdiff_t>(at),
                     {sequence, step, std::string(part.begin(), part.end())});
      kept_bytes_ += part.size();
    } else {
      step = std::min<std::uint32_t>(length, pieces_[at].sequence + pieces_[at].length - sequence);
    }
    sequence += step;
    length -= step;
    data = From(data, step);
  }
}

// REQUIRES: `first` is the first, and its turn has come.
TcpHalf::Piece TcpHalf::Hand(Kept& first) {
  next_ = first.sequence + first.length;
  cut_off_ = first.length - static_cast<std::uint32_t>(first.bytes.size());
  kept_bytes_ -= first.bytes.size();
  given_ = std::move(first.bytes);
  pieces_.erase(pieces_.begin());
  if (given_.empty()) return {std::exchange(cut_off_, 0), {}};
  return {0, {reinterpret_cast<const std::uint8_t*>(given_.data()), given_.size()}};
}

std::optional<TcpHalf::Piece> TcpHalf::Ready() {
  if (cut_off_ > 0) return Piece{std::exchange(cut_off_, 0), {}};
  while (!pieces_.empty()) {
    Kept& first = pieces_.front();
    const std::int32_t ahead = Ahead(first.sequence, next_);
    if (ahead > 0) return std::nullopt;
    const auto known = static_cast<std::uint32_t>(-ahead);
    if (known == 0) return Hand(first);
    // What came after it was kept has taken its place, at least in part.
    const std::size_t drop = std::min<std::size_t>(known, first.bytes.size());
    first.bytes.erase(0, drop);
    kept_bytes_ -= drop;
    first.sequence += std::min(known, first.length);
    first.length -= std::min(known, first.length);
    if (first.length > 0) return Hand(first);
    pieces_.erase(pieces_.begin());
  }
  return std::nullopt;
}

std::optional<TcpHalf::Piece> TcpHalf::ReadyBefore(std::uint32_t before) {
  if (const auto piece = Ready()) return piece;
  if (fin_ && Ahead(before, *fin_) > 0) before = *fin_;
  const std::int32_t ahead = Ahead(before, next_);
  if (ahead <= 0 || ahead > kWindow) return std::nullopt;
  const bool kept_first = !pieces_.empty() && Ahead(pieces_.front().sequence, before) < 0;
  const std::uint32_t end = kept_first ? pieces_.front().sequence : before;
  const std::uint32_t missing = end - next_;
  next_ = end;
  return Piece{missing, {}};
}

std::optional<TcpHalf::Piece> TcpHalf::ReadyAnyway() {
  if (const auto piece = Ready()) return piece;
  if (pieces_.empty()) return std::nullopt;
  return ReadyBefore(pieces_.front().sequence);
}

// One behind what has come already is of another time, or nobody's.
void TcpHalf::OnFin(std::uint32_t sequence) {
  const std::int32_t ahead = Ahead(sequence, next_);
  if (!fin_ && ahead >= 0 && ahead <= kWindow) fin_ = sequence;
}

void TcpHalf::SkipTo(std::uint32_t next) {
  const std::int32_t ahead = Ahead(next, next_);
  if (ahead > 0 && ahead <= kWindow) next_ = next;
  pieces_.clear();
  pieces_.shrink_to_fit();
  kept_bytes_ = 0;
  cut_off_ = 0;
}

}  // namespace headgate::net
