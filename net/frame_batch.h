// The frames of one turn of a capture, decoded, and what has come of all frames so far.
//
// Threads: one. Lifetime: packets() until the next Fill().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "net/capture.h"
#include "net/capture_headers.h"
#include "policies/packet.h"

namespace headgate::net {

using FrameCounts = std::array<std::uint64_t, kCaptureVerdicts>;

class FrameBatch {
 public:
  static constexpr std::size_t kSize = 256;  // 18 kB of packets: they stay in the first cache

  Capture::Turn Fill(Capture& capture) {
    size_ = 0;
    const LinkType link = capture.link();
    const auto each = [this, link](const Frame& f) {
      Packet& p = packets_[size_];  // Dispatch() hands over no more than kSize
      p.at = last_frame_ = f.at;
      const CaptureVerdict v = DecodeFrame(link, f.bytes, f.wire_length, p);
      ++counts_[static_cast<std::size_t>(v)];
      if (v == CaptureVerdict::kPacket) ++size_;
    };
    return capture.Dispatch(kSize, each);
  }
  [[nodiscard]] std::span<const Packet> packets() const { return {packets_.data(), size_}; }
  // Of the last frame of any kind; Time() = none yet.
  [[nodiscard]] Time last_frame() const { return last_frame_; }
  [[nodiscard]] const FrameCounts& counts() const { return counts_; }  // by CaptureVerdict

 private:
  std::array<Packet, kSize> packets_{};
  std::size_t size_ = 0;
  Time last_frame_{};
  FrameCounts counts_{};
};

}  // namespace headgate::net
