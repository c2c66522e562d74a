#include "net/capture_headers.h"

#include <algorithm>

#include "net/capture_bytes.h"
#include "net/capture_network.h"

namespace headgate::net {
namespace {

constexpr int kMaxTags = 4;

enum EtherType : std::uint16_t {
  kIpv4 = 0x0800,
  kIpv6 = 0x86dd,
  kTag = 0x8100,         // 802.1Q
  kServiceTag = 0x88a8,  // 802.1ad
  kOldServiceTag = 0x9100,
};

// What a link header says of what follows it.
enum class Next : std::uint8_t { kV4, kV6, kElse, kMissing };

// A link header of `size` bytes, which has the type of what follows at `type_at`.
Next PeelTyped(FrameRest& rest, std::size_t size, std::size_t type_at) {
  for (int tags = 0; tags <= kMaxTags; ++tags) {
    if (!rest.Holds(size)) return Next::kMissing;
    const std::uint16_t type = rest.U16(type_at);
    rest.Skip(size);
    if (type == kIpv4) return Next::kV4;
    if (type == kIpv6) return Next::kV6;
    if (type != kTag && type != kServiceTag && type != kOldServiceTag) return Next::kElse;
    size = 4;  // the tag, then the type of what follows it
    type_at = 2;
  }
  return Next::kElse;
}

// AF_INET is 2 everywhere; AF_INET6 is 10 (Linux), 23 (Windows), 24 (NetBSD, OpenBSD),
// 28 (FreeBSD), 30 (macOS).
Next PeelFamily(FrameRest& rest, bool any_order) {
  if (!rest.Holds(4)) return Next::kMissing;
  std::uint32_t family = rest.U32(0);
  if (any_order && family > 0xffff) family = __builtin_bswap32(family);
  rest.Skip(4);
  if (family == 2) return Next::kV4;
  const bool v6 = family == 10 || family == 23 || family == 24 || family == 28 || family == 30;
  return v6 ? Next::kV6 : Next::kElse;
}

Next PeelNothing(const FrameRest& rest) {
  if (!rest.Holds(1)) return Next::kMissing;
  const int version = rest.U8(0) >> 4;
  if (version == 4) return Next::kV4;
  return version == 6 ? Next::kV6 : Next::kElse;
}

Next Peel(LinkType link, FrameRest& rest) {
  switch (link) {
    case LinkType::kEthernet:
      return PeelTyped(rest, 14, 12);
    case LinkType::kLinuxSll:
      return PeelTyped(rest, 16, 14);
    case LinkType::kLinuxSll2:
      return PeelTyped(rest, 20, 0);
    case LinkType::kNull:
      return PeelFamily(rest, true);
    case LinkType::kLoop:
      return PeelFamily(rest, false);
    case LinkType::kRaw:
      return PeelNothing(rest);
  }
  return Next::kElse;
}

// Flat, for the same reason as what is in capture_network.h.
template <typename Out>
[[gnu::flatten]] CaptureVerdict Decode(LinkType link, std::span<const std::uint8_t> frame,
                                       std::uint32_t wire_length, Out& out) {
  FrameRest rest(frame.first(std::min<std::size_t>(frame.size(), kLargestFrame)),
                 std::min(wire_length, kLargestFrame));
  out.wire_bytes = static_cast<std::uint32_t>(rest.wire());
  switch (Peel(link, rest)) {
    case Next::kV4:
      return capture::DecodeV4(rest, out);
    case Next::kV6:
      return capture::DecodeV6(rest, out);
    case Next::kElse:
      return CaptureVerdict::kNotIp;
    case Next::kMissing:
      break;
  }
  return rest.Missing();
}

}  // namespace

std::optional<LinkType> LinkTypeOf(int dlt) {
  switch (dlt) {
    case 0:
      return LinkType::kNull;
    case 1:
      return LinkType::kEthernet;
    case 12:   // DLT_RAW on Linux
    case 101:  // LINKTYPE_RAW, its number in files
    case 228:  // DLT_IPV4
    case 229:  // DLT_IPV6
      return LinkType::kRaw;
    case 108:
      return LinkType::kLoop;
    case 113:
      return LinkType::kLinuxSll;
    case 276:
      return LinkType::kLinuxSll2;
    default:
      return std::nullopt;
  }
}

std::string_view NameOf(CaptureVerdict v) {
  constexpr std::array<std::string_view, kCaptureVerdicts> kNames{
      "packet", "not_ip", "not_tcp", "fragment", "truncated", "malformed"};
  return kNames[static_cast<std::size_t>(v)];
}

CaptureVerdict DecodeFrame(LinkType link, std::span<const std::uint8_t> frame,
                           std::uint32_t wire_length, Packet& out) {
  return Decode(link, frame, wire_length, out);
}

CaptureVerdict DecodeFrame(LinkType link, std::span<const std::uint8_t> frame,
                           std::uint32_t wire_length, Segment& out) {
  return Decode(link, frame, wire_length, out);
}

}  // namespace headgate::net
