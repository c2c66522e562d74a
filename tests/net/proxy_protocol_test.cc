#include "net/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>

#include "net/address_text.h"

namespace headgate::net {
namespace {

using namespace std::string_literals;

ProxiedPair Proxied(const char* from, std::uint16_t from_port, const char* to,
                    std::uint16_t to_port) {
  return {{*ParseAddress(from), from_port}, {*ParseAddress(to), to_port}};
}

TEST(ProxyProtocol, OffIsNothing) {
  EXPECT_EQ(ProxyHeaderBytes(ProxyHeader::kOff, Proxied("192.0.2.1", 1, "192.0.2.2", 2)), "");
}

TEST(ProxyProtocol, Version1) {
  EXPECT_EQ(ProxyHeaderBytes(ProxyHeader::kV1, Proxied("192.0.2.1", 40000, "198.51.100.2", 3306)),
            "PROXY TCP4 192.0.2.1 198.51.100.2 40000 3306\r\n");
  EXPECT_EQ(ProxyHeaderBytes(ProxyHeader::kV1, Proxied("2001:db8::1", 1, "2001:db8::2", 65535)),
            "PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n");
  EXPECT_EQ(ProxyHeaderBytes(ProxyHeader::kV1, Proxied("192.0.2.1", 1, "2001:db8::2", 2)),
            "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 2\r\n");
  EXPECT_EQ(ProxyHeaderBytes(ProxyHeader::kV1, std::nullopt), "PROXY UNKNOWN\r\n");
}

TEST(ProxyProtocol, Version1NeverExceedsWhatTheStandardAllows) {
  const char* longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  EXPECT_LE(ProxyHeaderBytes(ProxyHeader::kV1, Proxied(longest, 65535, longest, 65535)).size(),
            107U);
}

TEST(ProxyProtocol, Version2) {
  const std::string signature = "\x0D\x0A\x0D\x0A\x00\x0D\x0A\x51\x55\x49\x54\x0A"s;
  EXPECT_EQ(ProxyHeaderBytes(ProxyHeader::kV2, Proxied("192.0.2.1", 0x1234, "198.51.100.2", 3306)),
            signature + "\x21\x11\x00\x0C"s + "\xC0\x00\x02\x01"s + "\xC6\x33\x64\x02"s +
                "\x12\x34\x0C\xEA"s);
  const std::string v6 =
      ProxyHeaderBytes(ProxyHeader::kV2, Proxied("2001:db8::1", 1, "::ffff:192.0.2.9", 2));
  EXPECT_EQ(v6, signature + "\x21\x21\x00\x24"s +
                    "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"s +
                    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x09"s +
                    "\x00\x01\x00\x02"s);
  EXPECT_EQ(ProxyHeaderBytes(ProxyHeader::kV2, std::nullopt), signature + "\x20\x00\x00\x00"s);
}

// Sections 2.2.6 and 2.2.7 of the specification, written out by hand.
TEST(ProxyProtocol, Version2TellsOfTls) {
  ProxiedPair pair = Proxied("192.0.2.1", 1, "192.0.2.2", 2);
  const std::string plain = ProxyHeaderBytes(ProxyHeader::kV2, pair);
  pair.tls = ProxiedTls{"TLSv1.3", "AES", false, "ignored"};
  const std::string anonymous = ProxyHeaderBytes(ProxyHeader::kV2, pair);
  const std::string tlv =
      "\x20\x00\x15\x01\x00\x00\x00\x01\x21\x00\x07TLSv1.3\x23\x00\x03"
      "AES"s;
  EXPECT_EQ(anonymous.substr(plain.size()), tlv);
  EXPECT_EQ(anonymous[15], plain[15] + static_cast<char>(tlv.size()));
  pair.tls = ProxiedTls{"TLSv1.3", "AES", true, "me"};
  EXPECT_EQ(ProxyHeaderBytes(ProxyHeader::kV2, pair).substr(plain.size()),
            "\x20\x00\x1a\x07\x00\x00\x00\x00\x21\x00\x07TLSv1.3\x22\x00\x02me\x23\x00\x03"
            "AES"s);
  EXPECT_EQ(ProxyHeaderBytes(ProxyHeader::kV1, pair).find("TLS"), std::string::npos);
}

}  // namespace
}  // namespace headgate::net
