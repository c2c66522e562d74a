// Captured frames as packets: from bytes and a link type to what `policies/packet.h` says.
//
// A frame comes from outside and may have been cut by the capture's snap length. It counts as a
// packet as soon as the fixed 20 bytes of its TCP header are there; the lengths are those of its IP
// header, bounded by what was on the wire. Checksums are not looked at: frames that the host itself
// sends do not have theirs yet.
//
// Threads: pure functions. Lifetime: nothing is kept of a frame, but what a Segment views.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "policies/packet.h"

namespace headgate::net {

// What stands before the IP header (tcpdump.org/linktypes.html).
enum class LinkType : std::uint8_t {
  kEthernet,   // with up to 4 VLAN tags (802.1Q, 802.1ad, 0x9100)
  kLinuxSll,   // "any", and what has no Ethernet header
  kLinuxSll2,  // the same, with the interface's index
  kNull,       // BSD's loopback: the family in the order of the host that captured
  kLoop,       // OpenBSD's loopback: the family in network order
  kRaw,        // nothing: IPv4 or IPv6 (tun, WireGuard)
};

// A packet with its payload, as much of it as was captured: never more than `payload` says.
struct Segment : Packet {
  std::span<const std::uint8_t> data{};  // views the frame
};

// By libpcap's DLT number. Nothing: no such link is understood.
[[nodiscard]] std::optional<LinkType> LinkTypeOf(int dlt);
// Those that are, for an error message.
inline constexpr std::string_view kLinkTypes =
    "EN10MB, LINUX_SLL, LINUX_SLL2, NULL, LOOP, RAW, IPV4, IPV6";

enum class CaptureVerdict : std::uint8_t {
  kPacket,
  kNotIp,      // ARP and the like; more VLAN tags than there may be
  kNotTcp,     // also ESP, and IP in IP
  kFragment,   // not the first, or too short a first for a TCP header
  kTruncated,  // the capture kept too little of it
  kMalformed,  // the frame itself ends early or contradicts itself; too many IPv6 extensions
};
inline constexpr std::size_t kCaptureVerdicts = 6;
// For counters: "packet", "not_ip", ...
[[nodiscard]] std::string_view NameOf(CaptureVerdict v);

// A frame that claims to be longer was not: twice what a network card joins (GSO_MAX_SIZE).
inline constexpr std::uint32_t kLargestFrame = 1 << 20;

// `wire_length`: of the whole frame, as the capture says; less than frame.size() counts as that.
// `out` means something only at kPacket; its `at` is left alone. The payload of a first fragment is
// what that fragment has of it.
[[nodiscard]] CaptureVerdict DecodeFrame(LinkType link, std::span<const std::uint8_t> frame,
                                         std::uint32_t wire_length, Packet& out);
[[nodiscard]] CaptureVerdict DecodeFrame(LinkType link, std::span<const std::uint8_t> frame,
                                         std::uint32_t wire_length, Segment& out);

}  // namespace headgate::net
