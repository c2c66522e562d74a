// One direction of a captured TCP connection: puts its segments in order, each byte once.
//
// Of bytes that come twice the first are taken: what a receiver has acknowledged it does not change
// any more. What comes too early is kept, up to kMostKept bytes in kMostPieces pieces, until what
// is before it has come, or is known never to come: the receiver has acknowledged it, so it is only
// the capture that misses it, or no more can be kept. Then it is told as missing, so nothing ever
// waits for ever. Bytes that a capture cut off (its snap length) are missing as well.
//
// Numbers are TCP's, mod 2^32 (RFC 9293, 3.4). A segment that is kNear or more away from what comes
// next is a stranger's, or the capture has missed that much (it paused): only when kFarRun of them
// follow one another, and none fits meanwhile, this side begins again with them.
//
// Threads: plain value. Lifetime: a Piece's bytes until the next call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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
  static constexpr std::int32_t kNear = 1 << 24;
  static constexpr std::int32_t kWindow = 1 << 30;  // the largest there is (RFC 7323)
  static constexpr std::uint8_t kFarRun = 16;

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
    next_ = gap_begin_ = gap_end_ = next;
  }
  // Whether somebody who knows this side says it.
  [[nodiscard]] bool IsNear(std::uint32_t sequence) const {
    const auto ahead = static_cast<std::int32_t>(sequence - next_);
    return !begun_ || (ahead < kNear && ahead > -kNear);
  }

  enum class Fit : std::uint8_t {
    kNext,
    kEarly,
    kOld,
    kLate,  // old, and at least some of it was given up before it came
    kFar,
  };
  struct Taken {
    Fit fit = Fit::kOld;
    Octets bytes;               // kNext: what is new of it, at its place
    std::uint32_t missing = 0;  // kNext: behind them, cut off
  };
  // A segment of `length` bytes, of which `data` was captured. kNext: take its bytes, then Ready().
  // kEarly: it was kept. kFar: ask FoundAgain(). REQUIRES: begun(), data.size() <= length.
  [[nodiscard]] Taken Take(std::uint32_t sequence, std::uint32_t length, Octets data) {
    if (sequence == next_ && length == data.size()) [[likely]] {
      next_ += length;
      far_run_ = 0;
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
    return early_ && (early_->kept > kMostKept || early_->pieces.size() > kMostPieces);
  }
  // What is kept, and what it takes to keep it.
  [[nodiscard]] std::size_t kept_bytes() const { return early_ ? early_->kept : 0; }
  [[nodiscard]] std::size_t pieces() const { return early_ ? early_->pieces.size() : 0; }

  // Enough strangers in a row: this is where it goes on.
  [[nodiscard]] bool FoundAgain() const { return far_run_ >= kFarRun; }
  // With the byte `sequence`. Nothing is kept, no FIN was seen. Returns how far that is from where
  // it was, mod 2^32.
  std::uint32_t BeginAgain(std::uint32_t sequence);

  // Of a direction whose bytes nobody wants: it stands behind what was seen last.
  void SkipTo(std::uint32_t next);
  void SkipOver(std::uint32_t sequence, std::uint32_t length);
  // Nobody wants what is kept. The piece given last stays as it is.
  void DropKept();

  // Its FIN has this number.
  void OnFin(std::uint32_t sequence);
  [[nodiscard]] bool fin_seen() const { return fin_seen_; }
  // All that it will ever send has come.
  [[nodiscard]] bool Ended() const { return fin_seen_ && next_ == fin_; }
  // More than that has come: that FIN was a stranger's, and is forgotten.
  [[nodiscard]] bool PassedFin();

 private:
  struct Kept {
    std::uint32_t sequence = 0, length = 0;
    std::string bytes;  // shorter than `length` where the capture cut them off
    [[nodiscard]] std::size_t cost() const { return sizeof(Kept) + bytes.size(); }
  };
  // Only while something came early: most connections never have one.
  struct Early {
    std::vector<Kept> pieces;   // in order, without overlaps
    std::size_t kept = 0;       // bytes that they cost
    std::string given;          // the piece given last
    std::uint32_t cut_off = 0;  // missing behind it
  };
  [[nodiscard]] Taken TakeOdd(std::uint32_t sequence, std::uint32_t length, Octets data);
  [[nodiscard]] Taken TakeFar(std::uint32_t sequence, std::uint32_t length);
  [[nodiscard]] Fit FitOfOld(std::uint32_t sequence, std::uint32_t length) const;
  void Keep(std::uint32_t sequence, std::uint32_t length, Octets data);
  void DropFirst();
  [[nodiscard]] Piece HandFirst();

  bool begun_ = false;
  bool fin_seen_ = false;
  std::uint8_t far_run_ = 0;  // strangers that follow one another
  std::uint32_t next_ = 0;
  std::uint32_t far_next_ = 0;  // behind the last of them
  std::uint32_t fin_ = 0;
  std::uint32_t gap_begin_ = 0, gap_end_ = 0;  // what was given up last
  std::unique_ptr<Early> early_;
};

}  // namespace headgate::net
