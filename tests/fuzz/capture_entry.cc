// The entry for captured frames. The first byte is the link type, the next two the claimed length
// on the wire, the rest what was captured.
#include <algorithm>

#include "net/capture_headers.h"
#include "tests/fuzz/entries.h"

namespace headgate::mysql::fuzz {
namespace {

using net::CaptureVerdict;

constexpr unsigned kLinks = static_cast<unsigned>(net::LinkType::kRaw) + 1;

bool Same(const Packet& a, const Packet& b) {
  return a.source == b.source && a.target == b.target && a.source_port == b.source_port &&
         a.target_port == b.target_port && a.sequence == b.sequence &&
         a.acknowledgment == b.acknowledgment && a.window == b.window && a.flags == b.flags &&
         a.payload == b.payload && a.wire_bytes == b.wire_bytes;
}

}  // namespace

void FuzzCapture(Bytes in) {
  if (in.size() < 3) return;
  const auto link = static_cast<net::LinkType>(in[0] % kLinks);
  const auto claimed = static_cast<std::uint32_t>(in[1] << 8 | in[2]);
  const Bytes frame = in.subspan(3);
  const auto wire = std::max<std::uint32_t>(claimed, static_cast<std::uint32_t>(frame.size()));

  Packet packet;
  const CaptureVerdict verdict = net::DecodeFrame(link, frame, claimed, packet);
  Check(static_cast<std::size_t>(verdict) < net::kCaptureVerdicts);
  Check(packet.at == Time() && packet.wire_bytes == wire);
  // Only what was cut is truncated.
  Check(verdict != CaptureVerdict::kTruncated || wire > frame.size());
  if (verdict != CaptureVerdict::kPacket) return;
  Check(frame.size() >= 40 && packet.payload <= wire - 40);
  // What was cut off changes nothing but that too little may be left.
  for (std::size_t n = frame.size(); n-- > 0;) {
    Packet cut;
    const CaptureVerdict less = net::DecodeFrame(link, frame.first(n), wire, cut);
    if (less == CaptureVerdict::kTruncated) break;
    Check(less == verdict && Same(cut, packet));
  }
}

}  // namespace headgate::mysql::fuzz
