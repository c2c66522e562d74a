#include "net/capture_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "net/address_text.h"
#include "tests/net/capture_frames.h"

namespace headgate::net {
namespace {

using enum CaptureVerdict;
using testing::Be;
using testing::Ethernet;
using testing::Extension;
using testing::kV4Type;
using testing::kV6Type;
using testing::Linked;
using testing::Tcp;
using testing::V4;
using testing::V6;

constexpr std::array kLinks{LinkType::kEthernet, LinkType::kLinuxSll, LinkType::kLinuxSll2,
                            LinkType::kNull,     LinkType::kLoop,     LinkType::kRaw};

struct Decoded {
  CaptureVerdict verdict;
  Packet packet;
};

// From memory of exactly that size, so that a sanitizer sees a read beyond it.
Decoded Decode(LinkType link, std::string_view frame, std::size_t wire = 0) {
  const auto exact = std::make_unique<std::uint8_t[]>(frame.size());
  std::copy(frame.begin(), frame.end(), exact.get());
  Decoded d{};
  d.verdict = DecodeFrame(link, {exact.get(), frame.size()},
                          static_cast<std::uint32_t>(wire != 0 ? wire : frame.size()), d.packet);
  return d;
}
Decoded DecodeRaw(const std::string& ip, std::size_t wire = 0) {
  return Decode(LinkType::kRaw, ip, wire);
}
CaptureVerdict VerdictOf(const std::string& ip, std::size_t wire = 0) {
  return DecodeRaw(ip, wire).verdict;
}

TEST(CaptureHeaders, ReadsEveryFieldBehindEveryLink) {
  const std::string tcp =
      Tcp({.flags = kTcpSyn | kTcpAck, .options = Be(0x020405b4, 4), .payload = "hello"});
  for (const LinkType link : kLinks) {
    for (const bool v6 : {false, true}) {
      const std::string frame = Linked(link, v6, v6 ? V6({.payload = tcp}) : V4({.payload = tcp}));
      const auto [verdict, p] = Decode(link, frame);
      ASSERT_EQ(verdict, kPacket) << static_cast<int>(link) << v6;
      EXPECT_EQ(ToText(p.source), v6 ? "2001:db8::1" : "192.0.2.1");
      EXPECT_EQ(ToText(p.target), v6 ? "2001:db8::2" : "198.51.100.2");
      EXPECT_EQ(p.source_port, 40000);
      EXPECT_EQ(p.target_port, 3306);
      EXPECT_EQ(p.sequence, 0x01020304U);
      EXPECT_EQ(p.acknowledgment, 0xa1a2a3a4U);
      EXPECT_EQ(p.window, 0xfaf0);
      EXPECT_TRUE(p.IsSynAck());
      EXPECT_EQ(p.payload, 5U);
      EXPECT_EQ(p.wire_bytes, frame.size());
    }
  }
}

// A snap length cuts anywhere: a packet from the 20th byte of TCP on, and truncated before.
TEST(CaptureHeaders, CutAtEveryLength) {
  const std::string tcp = Tcp({.options = std::string(8, '\1'), .payload = "hello"});
  for (const LinkType link : kLinks) {
    for (const bool v6 : {false, true}) {
      const std::string ip =
          v6 ? V6({.protocol = 0, .options = Extension(60, 1) + Extension(6), .payload = tcp})
             : V4({.options = std::string(4, '\1'), .payload = tcp});
      const std::string frame = Linked(link, v6, ip);
      const std::size_t enough = frame.size() - tcp.size() + 20;
      for (std::size_t n = 0; n <= frame.size(); ++n) {
        const auto [verdict, p] = Decode(link, frame.substr(0, n), frame.size());
        ASSERT_EQ(verdict, n < enough ? kTruncated : kPacket) << static_cast<int>(link) << " " << n;
        EXPECT_EQ(p.wire_bytes, frame.size());
        if (verdict == kPacket) {
          EXPECT_EQ(p.payload, 5U);
        }
      }
    }
  }
}

// The same, but that the wire had no more: then nothing is a packet without its whole header.
TEST(CaptureHeaders, FramesThatEndEarlyAreMalformed) {
  const std::string tcp = Tcp({.options = std::string(8, '\1'), .payload = "hello"});
  for (const bool v6 : {false, true}) {
    const std::string ip = v6 ? V6({.payload = tcp}) : V4({.payload = tcp});
    for (std::size_t n = 0; n <= ip.size(); ++n) {
      const auto [verdict, p] = DecodeRaw(ip.substr(0, n), n);
      ASSERT_EQ(verdict, n < ip.size() - 5 ? kMalformed : kPacket) << n;
      if (verdict == kPacket) {
        EXPECT_EQ(p.payload, n + 5 - ip.size());
      }
    }
  }
}

TEST(CaptureHeaders, EthernetPaddingIsNoPayload) {
  const std::string pad(6, '\0');
  const auto [verdict, p] =
      Decode(LinkType::kEthernet, Ethernet(kV4Type, V4({.payload = Tcp({})})) + pad);
  EXPECT_EQ(verdict, kPacket);
  EXPECT_EQ(p.payload, 0U);
  EXPECT_EQ(p.wire_bytes, 60U);
}

TEST(CaptureHeaders, VlanTags) {
  const std::string v4 = V4({.payload = Tcp({})}), v6 = V6({.payload = Tcp({})});
  const auto verdict = [](const std::string& f) { return Decode(LinkType::kEthernet, f).verdict; };
  EXPECT_EQ(verdict(Ethernet(kV4Type, v4, {0x8100})), kPacket);
  EXPECT_EQ(verdict(Ethernet(kV6Type, v6, {0x88a8, 0x8100})), kPacket);
  EXPECT_EQ(verdict(Ethernet(kV4Type, v4, {0x9100, 0x8100, 0x8100, 0x8100})), kPacket);
  EXPECT_EQ(verdict(Ethernet(kV4Type, v4, std::vector<std::uint16_t>(5, 0x8100))), kNotIp);
  const std::string tagged = Ethernet(kV4Type, v4, {0x88a8, 0x8100});
  for (std::size_t n = 0; n < tagged.size(); ++n) {
    EXPECT_EQ(Decode(LinkType::kEthernet, tagged.substr(0, n), tagged.size()).verdict, kTruncated);
  }
  // libpcap puts a tag back into cooked frames as well.
  EXPECT_EQ(Decode(LinkType::kLinuxSll,
                   std::string(14, '\0') + Be(0x8100, 2) + Be(5, 2) + Be(kV4Type, 2) + v4)
                .verdict,
            kPacket);
}

TEST(CaptureHeaders, WhatIsNotIp) {
  const std::string body(46, '\0');
  EXPECT_EQ(Decode(LinkType::kEthernet, Ethernet(0x0806, body)).verdict, kNotIp);
  EXPECT_EQ(Decode(LinkType::kEthernet, Ethernet(46, body)).verdict, kNotIp);  // 802.3: a length
  EXPECT_EQ(Decode(LinkType::kRaw, body).verdict, kNotIp);
  EXPECT_EQ(Decode(LinkType::kNull, Be(1, 4) + body).verdict, kNotIp);
  EXPECT_EQ(Decode(LinkType::kLoop, Be(2, 1) + Be(0, 3) + body).verdict, kNotIp);
  // The type says one version, the header another.
  EXPECT_EQ(Decode(LinkType::kEthernet, Ethernet(kV6Type, V4({.payload = Tcp({})}))).verdict,
            kMalformed);
  EXPECT_EQ(Decode(LinkType::kEthernet, Ethernet(kV4Type, V6({.payload = Tcp({})}))).verdict,
            kMalformed);
}

TEST(CaptureHeaders, NullInBothOrdersWithEverySystemsFamily) {
  for (const std::uint32_t family : {10U, 23U, 24U, 28U, 30U}) {
    const std::string v6 = V6({.payload = Tcp({})});
    EXPECT_EQ(Decode(LinkType::kNull, Be(family, 4) + v6).verdict, kPacket) << family;
    EXPECT_EQ(Decode(LinkType::kNull, Be(family, 1) + Be(0, 3) + v6).verdict, kPacket) << family;
  }
  EXPECT_EQ(Decode(LinkType::kNull, Be(2, 4) + V4({.payload = Tcp({})})).verdict, kPacket);
}

TEST(CaptureHeaders, WhatIsNotTcp) {
  EXPECT_EQ(VerdictOf(V4({.protocol = 17, .payload = Tcp({})})), kNotTcp);
  EXPECT_EQ(VerdictOf(V4({.protocol = 17, .fragment = 0x2000, .payload = Tcp({})})), kNotTcp);
  EXPECT_EQ(VerdictOf(V6({.protocol = 58, .payload = Tcp({})})), kNotTcp);
  EXPECT_EQ(VerdictOf(V6({.protocol = 0, .options = Extension(58), .payload = Tcp({})})), kNotTcp);
  EXPECT_EQ(VerdictOf(V6({.protocol = 59})), kNotTcp);
}

TEST(CaptureHeaders, LyingLengthsOfV4) {
  const std::string tcp = Tcp({.payload = "hello"});
  EXPECT_EQ(VerdictOf(V4({.claimed = 19, .payload = tcp})), kMalformed);
  EXPECT_EQ(VerdictOf(V4({.claimed = 20, .payload = tcp})), kMalformed);  // no room for TCP
  EXPECT_EQ(VerdictOf(V4({.claimed = 39, .payload = tcp})), kMalformed);
  EXPECT_EQ(DecodeRaw(V4({.claimed = 42, .payload = tcp})).packet.payload, 2U);
  EXPECT_EQ(DecodeRaw(V4({.claimed = 65535, .payload = tcp})).packet.payload, 5U);
  EXPECT_EQ(VerdictOf(V4({.header_words = 4, .payload = tcp})), kMalformed);
  EXPECT_EQ(VerdictOf(V4({.header_words = 15, .payload = tcp})), kMalformed);
  EXPECT_EQ(VerdictOf(V4({.version = 5, .payload = tcp})), kNotIp);
}

TEST(CaptureHeaders, LyingLengthsOfTcp) {
  for (const int words : {0, 4, 7, 15}) {
    const std::string tcp = Tcp({.header_words = words, .payload = "hello"});
    EXPECT_EQ(VerdictOf(V4({.payload = tcp})), kMalformed) << words;
    EXPECT_EQ(VerdictOf(V6({.payload = tcp})), kMalformed) << words;
  }
}

// Segmentation offload: the header cannot say it, so the wire does.
TEST(CaptureHeaders, LengthZeroIsThatOfTheWire) {
  const std::string tcp = Tcp({});
  EXPECT_EQ(DecodeRaw(V4({.claimed = 0, .payload = tcp}), 100'000).packet.payload, 100'000U - 40);
  EXPECT_EQ(DecodeRaw(V6({.claimed = 0, .payload = tcp}), 100'000).packet.payload, 100'000U - 60);
  const auto [verdict, p] = DecodeRaw(V4({.claimed = 0, .payload = tcp}), 0xffffffff);
  EXPECT_EQ(verdict, kPacket);
  EXPECT_EQ(p.wire_bytes, kLargestFrame);
  EXPECT_EQ(p.payload, kLargestFrame - 40);
}

TEST(CaptureHeaders, FragmentsOfV4) {
  const std::string whole = Tcp({.options = std::string(4, '\1'), .payload = "hello"});
  EXPECT_EQ(DecodeRaw(V4({.fragment = 0x2000, .payload = whole})).packet.payload, 5U);
  EXPECT_EQ(VerdictOf(V4({.fragment = 0x4000, .payload = whole})), kPacket);  // do not fragment
  EXPECT_EQ(VerdictOf(V4({.fragment = 1, .payload = whole})), kFragment);
  EXPECT_EQ(VerdictOf(V4({.fragment = 0x2001, .payload = whole})), kFragment);
  for (std::size_t n = 0; n < 24; ++n) {
    EXPECT_EQ(VerdictOf(V4({.fragment = 0x2000, .payload = whole.substr(0, n)})), kFragment) << n;
  }
}

TEST(CaptureHeaders, ExtensionsOfV6) {
  const std::string tcp = Tcp({.payload = "hello"});
  const auto with = [&](std::uint8_t first, const std::string& chain) {
    return DecodeRaw(V6({.protocol = first, .options = chain, .payload = tcp}));
  };
  for (const std::uint8_t kind : {0, 43, 60}) {
    EXPECT_EQ(with(kind, Extension(6)).packet.payload, 5U) << int{kind};
    EXPECT_EQ(with(kind, Extension(6, 3)).packet.payload, 5U) << int{kind};
    EXPECT_EQ(with(kind, Extension(6, 255)).packet.payload, 5U) << int{kind};
  }
  // AH counts in words of four, less two.
  EXPECT_EQ(with(51, Be(6, 1) + Be(4, 1) + std::string(22, '\0')).packet.payload, 5U);
  EXPECT_EQ(with(0, Extension(43) + Extension(60, 1) + Extension(44) + Extension(6)).packet.payload,
            5U);
  std::string many;
  for (int i = 0; i < 7; ++i) many += Extension(60);
  EXPECT_EQ(with(60, many + Extension(6)).verdict, kPacket);
  EXPECT_EQ(with(60, many + Extension(60) + Extension(6)).verdict, kMalformed);
  // Longer than the packet, and hidden behind its end.
  EXPECT_EQ(with(60, Extension(6).replace(1, 1, "\xff")).verdict, kMalformed);
  EXPECT_EQ(VerdictOf(V6({.protocol = 60, .options = Extension(6), .claimed = 7, .payload = tcp})),
            kMalformed);
}

TEST(CaptureHeaders, FragmentsOfV6) {
  const std::string tcp = Tcp({.payload = "hello"});
  const auto with = [&](std::uint16_t field, std::uint8_t next, const std::string& payload) {
    return VerdictOf(
        V6({.protocol = 44, .options = Extension(next, 0, field), .payload = payload}));
  };
  EXPECT_EQ(with(0, 6, tcp), kPacket);  // an atomic fragment
  EXPECT_EQ(with(1, 6, tcp), kPacket);
  EXPECT_EQ(with(1, 6, tcp.substr(0, 19)), kFragment);
  EXPECT_EQ(with(8, 6, tcp), kFragment);
  EXPECT_EQ(with(9, 60, tcp), kFragment);
  EXPECT_EQ(with(8, 17, tcp), kNotTcp);
}

TEST(CaptureHeaders, LinksByNumber) {
  EXPECT_EQ(LinkTypeOf(1), LinkType::kEthernet);
  EXPECT_EQ(LinkTypeOf(0), LinkType::kNull);
  for (const int dlt : {12, 101, 228, 229}) EXPECT_EQ(LinkTypeOf(dlt), LinkType::kRaw);
  EXPECT_EQ(LinkTypeOf(105), std::nullopt);  // 802.11
  EXPECT_EQ(LinkTypeOf(-1), std::nullopt);
  EXPECT_EQ(NameOf(kMalformed), "malformed");
}

}  // namespace
}  // namespace headgate::net
