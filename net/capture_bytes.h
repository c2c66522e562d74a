// What is left of a captured frame while its headers are peeled off: the only way they are read.
// No read leaves the frame, whatever its lengths claim.
//
// Threads: plain values. Lifetime: views the frame.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "net/capture_headers.h"

namespace headgate::net {

class FrameRest {
 public:
  // `wire`: how many bytes there were on the wire.
  FrameRest(std::span<const std::uint8_t> captured, std::size_t wire)
      : data_(captured.data()), captured_(captured.size()), wire_(std::max(wire, captured_)) {}

  [[nodiscard]] bool Holds(std::size_t n) const { return captured_ >= n; }
  [[nodiscard]] std::size_t wire() const { return wire_; }
  // What it means that something is not there.
  [[nodiscard]] CaptureVerdict Missing() const {
    return captured_ < wire_ ? CaptureVerdict::kTruncated : CaptureVerdict::kMalformed;
  }

  // In network order; 0 where there is nothing.
  [[nodiscard]] std::uint8_t U8(std::size_t at) const { return Holds(at + 1) ? data_[at] : 0; }
  [[nodiscard]] std::uint16_t U16(std::size_t at) const {
    std::uint16_t v = 0;
    if (Holds(at + sizeof v)) std::memcpy(&v, data_ + at, sizeof v);
    return __builtin_bswap16(v);
  }
  [[nodiscard]] std::uint32_t U32(std::size_t at) const {
    std::uint32_t v = 0;
    if (Holds(at + sizeof v)) std::memcpy(&v, data_ + at, sizeof v);
    return __builtin_bswap32(v);
  }
  // What was captured behind the first n bytes.
  [[nodiscard]] std::span<const std::uint8_t> Behind(std::size_t n) const {
    const std::size_t there = std::min(n, captured_);
    return {data_ + there, captured_ - there};
  }
  // Leaves `out` alone where there is less.
  template <std::size_t kSize>
  void Copy(std::size_t at, std::span<std::uint8_t, kSize> out) const {
    if (Holds(at + kSize)) std::memcpy(out.data(), data_ + at, kSize);
  }

  void Skip(std::size_t n) {
    const std::size_t there = std::min(n, captured_);
    data_ += there;
    captured_ -= there;
    wire_ -= std::min(n, wire_);
  }
  // What is behind the first n bytes does not belong to it: padding.
  void LimitTo(std::size_t n) {
    captured_ = std::min(captured_, n);
    wire_ = std::min(wire_, n);
  }

 private:
  const std::uint8_t* data_;
  std::size_t captured_;
  std::size_t wire_;  // never less than captured_
};

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "what reads numbers swaps them");

}  // namespace headgate::net
