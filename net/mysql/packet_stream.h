// Where a byte stream stands in its packets: the header is looked at, the body streams through, so
// nothing is ever collected here. A payload of 0xFFFFFF is continued by the next packet.
//
// Threads: plain value. Lifetime: none.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "net/mysql/wire.h"

namespace headgate::mysql {

class PacketCursor {
 public:
  // True when the next byte belongs to a header.
  [[nodiscard]] bool AtHeader() const { return left_ == 0; }
  // True when the next header only continues the packet before it.
  [[nodiscard]] bool Continued() const { return continued_; }
  // Neither in a body nor before a continuation: the next packet is a new message.
  [[nodiscard]] bool AtMessage() const { return left_ == 0 && !continued_; }

  // Of the body.
  [[nodiscard]] std::uint32_t left() const { return left_; }
  // The header was taken. REQUIRES: AtHeader().
  void Begin(const PacketHeader& h) {
    left_ = h.length;
    continued_ = h.length == kMaxPayload;
  }
  // Takes up to `available` bytes of the body; returns how many.
  std::size_t Skip(std::size_t available) {
    const std::size_t n = std::min<std::size_t>(available, left_);
    left_ -= static_cast<std::uint32_t>(n);
    return n;
  }

  // So many bytes are not to be had. False: they are not all of the body.
  [[nodiscard]] bool SkipMissing(std::uint64_t n) {
    if (n > left_) return false;
    left_ -= static_cast<std::uint32_t>(n);
    return true;
  }

 private:
  std::uint32_t left_ = 0;
  bool continued_ = false;
};

}  // namespace headgate::mysql
