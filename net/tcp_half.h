// One direction of a captured TCP connection: puts its segments in order, each byte once.
//
// Of bytes that come twice the first are taken: what a receiver has acknowledged it does not change
// any more. What comes too early is kept, up to kMostKept bytes in kMostPieces pieces, until what
// is before it has come, or is known never to come: the receiver has acknowledged it, so it is only
// the capture that misses it, or no more can be kept. Then it is told as missing, so nothing ever
// waits for ever. Bytes that a capture cut off (its snap length) are missing as well.
//
// Numbers are TCP's, mod 2^32 (RFC 9293, 3.4); what is further off than any window (2^30, RFC 7323)
// belongs to no segment of this connection.
//
// Threads: plain value. Lifetime: a Piece's bytes until the next call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace headgate::net {

using Octets = std::span<const std::uint8_t>;

class TcpHalf {
 public:
  static constexpr std::size_t kMostKept = std::size_t{256} << 10;  // bytes
  static constexpr std::size_t kMostPieces = 128;
  static constexpr std::int32_t kWindow = 1 << 30;

  // What comes next in the stream: so many bytes that are missing, or bytes.
  struct Piece {
    std::uint64_t missing = 0;
    Octets bytes;
  };

  [[nodiscard]] bool begun() const { return begun_; }
  // The number of the next byte.
  [[nodiscard]] std::uint32_t next() const { return next_; }
  void Begin(std::uint32_t next) {
    begun_ = true;
    next_ = next;
  }

  enum class Fit : std::uint8_t { kNext, kEarly, kOld };
  struct Taken {
    Fit fit = Fit::kOld;
    Octets bytes;               // kNext: what is new of it, at its place
    std::uint32_t missing = 0;  // kNext: behind them, cut off
  };
  // A segment of `length` bytes, of which `data` was captured. kNext: take its bytes, then Ready().
  // kEarly: it was kept. REQUIRES: begun(), data.size() <= length.
  [[nodiscard]] Taken Take(std::uint32_t sequence, std::uint32_t length, Octets data) {
    if (sequence == next_ && length == data.size()) [[likely]] {
      next_ += length;
      return {Fit::kNext, data, 0};
    }
    return TakeOdd(sequence, length, data);
  }

  // The next kept piece whose turn it is: nothing is missing before it.
  [[nodiscard]] std::optional<Piece> Ready();
  // As Ready(), but what is missing is given up, up to the number `before`: to be called until
  // there is nothing more. Also numbers that nothing has come for.
  [[nodiscard]] std::optional<Piece> ReadyBefore(std::uint32_t before);
  // As Ready(), but what is missing before the first piece is given up.
  [[nodiscard]] std::optional<Piece> ReadyAnyway();
  // There is more than may be kept.
  [[nodiscard]] bool Overfull() const {
    return kept_bytes_ > kMostKept || pieces_.size() > kMostPieces;
  }
  [[nodiscard]] std::size_t kept_bytes() const { return kept_bytes_; }
  [[nodiscard]] std::size_t pieces() const { return pieces_.size(); }
  // Of a direction whose bytes nobody wants: it stands behind what was seen last. The piece given
  // last stays as it is.
  void SkipTo(std::uint32_t next);

  // Its FIN has this number.
  void OnFin(std::uint32_t sequence);
  [[nodiscard]] bool fin_seen() const { return fin_.has_value(); }
  // All that it will ever send has come.
  [[nodiscard]] bool Ended() const { return fin_ && static_cast<std::int32_t>(next_ - *fin_) >= 0; }

 private:
  struct Kept {
    std::uint32_t sequence = 0, length = 0;
    std::string bytes;  // shorter than `length` where the capture cut them off
  };
  [[nodiscard]] Taken TakeOdd(std::uint32_t sequence, std::uint32_t length, Octets data);
  void Keep(std::uint32_t sequence, std::uint32_t length, Octets data);
  [[nodiscard]] Piece Hand(Kept& first);

  bool begun_ = false;
  std::uint32_t next_ = 0;
  std::uint32_t cut_off_ = 0;  // missing behind the piece given last
  std::size_t kept_bytes_ = 0;
  std::optional<std::uint32_t> fin_;
  std::vector<Kept> pieces_;  // in order, without overlaps
  std::string given_;         // the piece given last
};

}  // namespace headgate::net
