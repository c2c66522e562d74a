// IP and TCP headers of a captured frame; in a header so that all of a decoding is one function:
// half as long as with calls in between. `Out` is a Packet, or a Segment, which has its bytes too.
// Facts from RFC 791, RFC 8200 and RFC 9293.
//
// Threads: pure functions. Lifetime: nothing is kept of a frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "net/capture_bytes.h"
#include "net/capture_headers.h"
#include "policies/packet.h"

namespace headgate::net::capture {

using enum CaptureVerdict;

inline constexpr std::size_t kV4Header = 20, kV6Header = 40, kTcpHeader = 20;  // without options
// Of IPv6. Linux itself knows no limit; nobody real sends more than three.
inline constexpr int kMaxExtensions = 8;

enum Protocol : std::uint8_t {
  kHopByHop = 0,
  kTcp = 6,
  kRouting = 43,
  kFragmentHeader = 44,
  kAuthentication = 51,
  kDestination = 60,
};

// As Address::V4(), in two stores: put together in pieces it would be read back before it is there.
inline void TakeV4(const FrameRest& rest, std::size_t at, Address& out) {
  const std::uint64_t low = 0;
  const std::uint64_t high = std::uint64_t{__builtin_bswap32(rest.U32(at))} << 32 | 0xffff0000U;
  std::memcpy(out.bytes.data(), &low, sizeof low);
  std::memcpy(out.bytes.data() + sizeof low, &high, sizeof high);
}

// `cut`: further fragments follow, so that a header that does not fit is theirs as well.
template <typename Out>
CaptureVerdict DecodeTcp(const FrameRest& rest, bool cut, Out& out) {
  if (cut && rest.wire() < kTcpHeader) return kFragment;
  if (!rest.Holds(kTcpHeader)) return rest.Missing();
  const std::size_t header = std::size_t{4} * (rest.U8(12) >> 4);
  if (header < kTcpHeader) return kMalformed;
  if (header > rest.wire()) return cut ? kFragment : kMalformed;
  out.source_port = rest.U16(0);
  out.target_port = rest.U16(2);
  out.sequence = rest.U32(4);
  out.acknowledgment = rest.U32(8);
  out.flags = rest.U8(13);
  out.window = rest.U16(14);
  out.payload = static_cast<std::uint32_t>(rest.wire() - header);
  if constexpr (std::is_same_v<Out, Segment>) out.data = rest.Behind(header);
  return kPacket;
}

inline bool IsExtension(std::uint8_t protocol) {
  return protocol == kHopByHop || protocol == kRouting || protocol == kFragmentHeader ||
         protocol == kAuthentication || protocol == kDestination;
}

// REQUIRES: IsExtension(protocol).
inline std::size_t ExtensionSize(std::uint8_t protocol, std::uint8_t length) {
  if (protocol == kFragmentHeader) return 8;
  if (protocol == kAuthentication) return std::size_t{4} * (length + 2U);  // RFC 4302, 2.2
  return std::size_t{8} * (length + 1U);
}

// Behind the fixed header; `protocol` is what comes next.
template <typename Out>
CaptureVerdict DecodeExtensions(FrameRest rest, std::uint8_t protocol, Out& out) {
  bool cut = false;
  for (int i = 0; i < kMaxExtensions; ++i) {
    if (!rest.Holds(8)) return rest.Missing();
    const std::uint8_t next = rest.U8(0);
    if (protocol == kFragmentHeader) {
      const std::uint16_t field = rest.U16(2);  // offset in units of 8, two bits reserved, more
      const bool maybe_tcp = next == kTcp || IsExtension(next);
      if ((field & 0xfff8) != 0) return maybe_tcp ? kFragment : kNotTcp;
      cut = (field & 1) != 0;
    }
    rest.Skip(ExtensionSize(protocol, rest.U8(1)));
    protocol = next;
    if (protocol == kTcp) return DecodeTcp(rest, cut, out);
    if (!IsExtension(protocol)) return kNotTcp;
  }
  return kMalformed;
}

// These begin with the IP header, and fill in all of `out` but `at` and `wire_bytes`.
template <typename Out>
CaptureVerdict DecodeV4(FrameRest rest, Out& out) {
  if (!rest.Holds(kV4Header)) return rest.Missing();
  const std::uint8_t first = rest.U8(0);
  const std::size_t header = std::size_t{4} * (first & 0xfU);
  const std::size_t total = rest.U16(2);
  if (first >> 4 != 4 || header < kV4Header || (total != 0 && total < header)) return kMalformed;
  // 0: joined to more than the field can say, by this host's own segmentation offload.
  if (total != 0) rest.LimitTo(total);
  if (rest.U8(9) != kTcp) return kNotTcp;
  const std::uint16_t field = rest.U16(6);  // reserved, do not, more, offset
  if ((field & 0x1fff) != 0) return kFragment;
  TakeV4(rest, 12, out.source);
  TakeV4(rest, 16, out.target);
  rest.Skip(header);
  return DecodeTcp(rest, (field & 0x2000) != 0, out);
}

template <typename Out>
CaptureVerdict DecodeV6(FrameRest rest, Out& out) {
  if (!rest.Holds(kV6Header)) return rest.Missing();
  if (rest.U8(0) >> 4 != 6) return kMalformed;
  const std::size_t length = rest.U16(4);
  if (length != 0) rest.LimitTo(kV6Header + length);  // 0: as above, or a jumbogram
  const std::uint8_t protocol = rest.U8(6);
  rest.Copy(8, std::span(out.source.bytes));
  rest.Copy(24, std::span(out.target.bytes));
  rest.Skip(kV6Header);
  if (protocol == kTcp) return DecodeTcp(rest, false, out);
  return IsExtension(protocol) ? DecodeExtensions(rest, protocol, out) : kNotTcp;
}

}  // namespace headgate::net::capture
