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
  if (length == 0) return {};
  if (!IsNear(sequence)) return TakeFar(sequence, length);
  far_run_ = 0;
  const std::int32_t ahead = Ahead(sequence, next_);
  if (ahead > 0) {
    Keep(sequence, length, data);
    return {Fit::kEarly, {}, 0};
  }
  const auto known = static_cast<std::uint32_t>(-ahead);
  if (known >= length) return {FitOfOld(sequence, length), {}, 0};
  const Octets fresh = From(data, known);
  next_ = sequence + length;
  return {Fit::kNext, fresh, length - known - static_cast<std::uint32_t>(fresh.size())};
}

// The same one again neither breaks the run nor adds to it.
TcpHalf::Taken TcpHalf::TakeFar(std::uint32_t sequence, std::uint32_t length) {
  const std::uint32_t end = sequence + length;
  const bool again = far_run_ > 0 && end == far_next_;
  if (!again) {
    const bool follows = far_run_ > 0 && sequence == far_next_;
    far_run_ = follows ? static_cast<std::uint8_t>(std::min(far_run_ + 1, int{kFarRun})) : 1;
    far_next_ = end;
  }
  return {Fit::kFar, {}, 0};
}

TcpHalf::Fit TcpHalf::FitOfOld(std::uint32_t sequence, std::uint32_t length) const {
  const bool given_up = gap_end_ != gap_begin_ && Ahead(sequence, gap_end_) < 0 &&
                        Ahead(sequence + length, gap_begin_) > 0;
  return given_up ? Fit::kLate : Fit::kOld;
}

std::uint32_t TcpHalf::BeginAgain(std::uint32_t sequence) {
  const std::uint32_t from = next_;
  *this = TcpHalf();
  Begin(sequence);
  return sequence - from;
}

// What is kept already stays as it is: only what fits in between is added.
void TcpHalf::Keep(std::uint32_t sequence, std::uint32_t length, Octets data) {
  if (!early_) early_ = std::make_unique<Early>();
  std::vector<Kept>& pieces = early_->pieces;
  std::size_t at = 0;
  while (length > 0) {
    while (at < pieces.size() && Ahead(pieces[at].sequence + pieces[at].length, sequence) <= 0) {
      ++at;
    }
    const bool last = at == pieces.size();
    const std::int32_t room = last ? kWindow : Ahead(pieces[at].sequence, sequence);
    std::uint32_t step = length;
    if (room > 0) {
      step = std::min(length, static_cast<std::uint32_t>(room));
      const Octets part = UpTo(data, step);
      const auto place = pieces.insert(pieces.begin() + static_cast<std::ptrdiff_t>(at),
                                       {sequence, step, std::string(part.begin(), part.end())});
      early_->kept += place->cost();
    } else {
      step = std::min<std::uint32_t>(length, pieces[at].sequence + pieces[at].length - sequence);
    }
    sequence += step;
    length -= step;
    data = From(data, step);
  }
}

void TcpHalf::DropFirst() {
  early_->kept -= early_->pieces.front().cost();
  early_->pieces.erase(early_->pieces.begin());
}

// REQUIRES: the first's turn has come.
TcpHalf::Piece TcpHalf::HandFirst() {
  Kept& first = early_->pieces.front();
  early_->kept -= first.bytes.size();
  early_->given = std::exchange(first.bytes, {});
  next_ = first.sequence + first.length;
  early_->cut_off = first.length - static_cast<std::uint32_t>(early_->given.size());
  DropFirst();
  const std::string& given = early_->given;
  if (given.empty()) return {std::exchange(early_->cut_off, 0), {}};
  return {0, {reinterpret_cast<const std::uint8_t*>(given.data()), given.size()}};
}

std::optional<TcpHalf::Piece> TcpHalf::Ready() {
  if (!early_) return std::nullopt;
  if (early_->cut_off > 0) return Piece{std::exchange(early_->cut_off, 0), {}};
  while (!early_->pieces.empty()) {
    Kept& first = early_->pieces.front();
    const std::int32_t ahead = Ahead(first.sequence, next_);
    if (ahead > 0) {
      std::string().swap(early_->given);
      return std::nullopt;
    }
    const auto known = static_cast<std::uint32_t>(-ahead);
    if (known == 0) return HandFirst();
    // What came after it was kept has taken its place, at least in part.
    const std::size_t drop = std::min<std::size_t>(known, first.bytes.size());
    first.bytes.erase(0, drop);
    early_->kept -= drop;
    first.sequence += std::min(known, first.length);
    first.length -= std::min(known, first.length);
    if (first.length > 0) return HandFirst();
    DropFirst();
  }
  early_.reset();
  return std::nullopt;
}

std::optional<TcpHalf::Piece> TcpHalf::ReadyBefore(std::uint32_t before) {
  if (const auto piece = Ready()) return piece;
  // One behind the FIN is its own number; what is further shows that it was a stranger's.
  if (fin_seen_ && Ahead(before, fin_) > 1) fin_seen_ = false;
  if (fin_seen_ && Ahead(before, fin_) > 0) before = fin_;
  const std::int32_t ahead = Ahead(before, next_);
  if (ahead <= 0 || ahead > kWindow) return std::nullopt;
  const bool kept_first = early_ && Ahead(early_->pieces.front().sequence, before) < 0;
  gap_begin_ = next_;
  gap_end_ = next_ = kept_first ? early_->pieces.front().sequence : before;
  return Piece{gap_end_ - gap_begin_, {}};
}

std::optional<TcpHalf::Piece> TcpHalf::ReadyAnyway() {
  if (const auto piece = Ready()) return piece;
  if (!early_) return std::nullopt;
  const std::uint32_t first = early_->pieces.front().sequence;
  if (fin_seen_ && Ahead(first, fin_) > 0) fin_seen_ = false;  // there is more
  return ReadyBefore(first);
}

// One behind what has come already is of another time, or nobody's.
void TcpHalf::OnFin(std::uint32_t sequence) {
  const std::int32_t ahead = Ahead(sequence, next_);
  if (fin_seen_ || ahead < 0 || ahead >= kNear) return;
  fin_seen_ = true;
  fin_ = sequence;
}

bool TcpHalf::PassedFin() {
  if (!fin_seen_ || Ahead(next_, fin_) <= 0) return false;
  fin_seen_ = false;
  return true;
}

void TcpHalf::SkipTo(std::uint32_t next) {
  const std::int32_t ahead = Ahead(next, next_);
  if (ahead > 0 && ahead <= kWindow) next_ = next;
}

void TcpHalf::SkipOver(std::uint32_t sequence, std::uint32_t length) {
  if (IsNear(sequence)) {
    far_run_ = 0;
    return SkipTo(sequence + length);
  }
  static_cast<void>(TakeFar(sequence, length));
  if (!FoundAgain()) return;
  BeginAgain(sequence + length);
}

void TcpHalf::DropKept() {
  if (!early_) return;
  if (early_->given.empty()) return early_.reset();
  early_->pieces = {};
  early_->kept = 0;
  early_->cut_off = 0;
}

}  // namespace headgate::net
