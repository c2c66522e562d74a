#include "net/proxy_header.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/address_text.h"

namespace headgate::net {
namespace {

using namespace std::string_literals;
using Kind = ProxyHeaderIn::Kind;

const std::string kSignature = "\x0D\x0A\x0D\x0A\x00\x0D\x0A\x51\x55\x49\x54\x0A"s;

ProxyHeaderIn Read(const std::string& bytes) {
  return ReadProxyHeader({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

ProxiedPair Pair(const char* from, std::uint16_t from_port, const char* to, std::uint16_t to_port) {
  return {{*ParseAddress(from), from_port}, {*ParseAddress(to), to_port}};
}

// Every beginning of a whole header asks for more, and what follows it changes nothing.
void ExpectWhole(const std::string& header, Kind kind) {
  SCOPED_TRACE(header);
  for (std::size_t n = 0; n < header.size(); ++n) {
    EXPECT_EQ(Read(header.substr(0, n)).kind, Kind::kMore) << n;
  }
  for (const std::string& behind : {""s, "x"s, "\r\n"s, "PROXY "s, std::string(5000, '\0')}) {
    const ProxyHeaderIn in = Read(header + behind);
    EXPECT_EQ(in.kind, kind);
    EXPECT_EQ(in.n, header.size());
  }
}

// Bad when whole, and once it is bad no further byte mends it.
void ExpectBad(const std::string& header) {
  SCOPED_TRACE(header);
  EXPECT_EQ(Read(header).kind, Kind::kBad);
  bool bad = false;
  for (std::size_t n = 0; n <= header.size(); ++n) {
    const Kind kind = Read(header.substr(0, n)).kind;
    EXPECT_TRUE(kind == Kind::kBad || (kind == Kind::kMore && !bad)) << n;
    bad = bad || kind == Kind::kBad;
  }
}

std::string V2(const std::string& command_and_family, const std::string& body) {
  std::string out = kSignature + command_and_family;
  out += static_cast<char>(body.size() >> 8);
  out += static_cast<char>(body.size() & 0xff);
  return out + body;
}

const std::string kFour = "\xC0\x00\x02\x01\xC6\x33\x64\x02\x12\x34\x0C\xEA"s;

TEST(ProxyHeaderIn, ReadsWhatWeWrite) {
  const ProxiedPair pairs[] = {
      Pair("192.0.2.1", 40000, "198.51.100.2", 3306),
      Pair("255.255.255.255", 65535, "0.0.0.0", 0),
      Pair("2001:db8::1", 1, "2001:db8::2", 65535),
      Pair("192.0.2.1", 1, "2001:db8::2", 2),
      Pair("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535,
           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535),
  };
  for (const ProxyHeader version : {ProxyHeader::kV1, ProxyHeader::kV2}) {
    for (const ProxiedPair& pair : pairs) {
      const std::string header = ProxyHeaderBytes(version, pair);
      ExpectWhole(header, Kind::kProxied);
      const ProxyHeaderIn in = Read(header);
      EXPECT_EQ(in.pair.source, pair.source);
      EXPECT_EQ(in.pair.destination, pair.destination);
    }
    ExpectWhole(ProxyHeaderBytes(version, std::nullopt),
                version == ProxyHeader::kV2 ? Kind::kLocal : Kind::kUnnamed);
  }
}

TEST(ProxyHeaderIn, AMappedAddressIsTheIpv4One) {
  EXPECT_EQ(Read("PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 1 2\r\n").pair.source.address,
            Address::V4(0xc0000201));
  const std::string mapped = std::string(10, '\0') + "\xff\xff\xC0\x00\x02\x01"s;
  EXPECT_EQ(Read(V2("\x21\x21"s, mapped + mapped + "\0\1\0\2"s)).pair.source.address,
            Address::V4(0xc0000201));
}

TEST(ProxyHeaderIn, LoopbackIsTheProxysOwnHost) {
  const auto behind = [](const char* proxy, const char* named) {
    return SourceBehind({*ParseAddress(proxy), 1}, {*ParseAddress(named), 2});
  };
  const auto is = [](const char* text) { return Endpoint{*ParseAddress(text), 2}; };
  EXPECT_EQ(behind("192.0.2.5", "203.0.113.7"), is("203.0.113.7"));
  EXPECT_EQ(behind("192.0.2.5", "127.0.0.1"), is("192.0.2.5"));
  EXPECT_EQ(behind("192.0.2.5", "::ffff:127.1.2.3"), is("192.0.2.5"));
  EXPECT_EQ(behind("2001:db8::5", "::1"), is("2001:db8::5"));
  EXPECT_EQ(behind("127.0.0.1", "127.0.0.1"), is("127.0.0.1"));
  EXPECT_EQ(behind("::1", "203.0.113.7"), is("203.0.113.7"));
}

TEST(ProxyHeaderIn, UnknownIsTheSendersOwnWhateverItSays) {
  ExpectWhole("PROXY UNKNOWN\r\n", Kind::kUnnamed);
  ExpectWhole("PROXY UNKNOWN ffff:f...f ffff:f...f 65535 65535\r\n", Kind::kUnnamed);
  ExpectWhole("PROXY UNKNOWN " + std::string(107 - 16, 'x') + "\r\n", Kind::kUnnamed);
  ExpectBad("PROXY UNKNOWN " + std::string(107 - 15, 'x') + "\r\n");
  ExpectBad("PROXY UNKNOWNX\r\n");
}

TEST(ProxyHeaderIn, Version1HasOneForm) {
  for (const char* line : {
           "PROXY TCP4 192.0.2.1 198.51.100.2 40000 3306\n",
           "PROXY  TCP4 192.0.2.1 198.51.100.2 40000 3306\r\n",
           "PROXY TCP4 192.0.2.1  198.51.100.2 40000 3306\r\n",
           "PROXY TCP4 192.0.2.1 198.51.100.2 40000 3306 \r\n",
           "PROXY TCP4 192.0.2.1 198.51.100.2 40000\r\n",
           "PROXY TCP4 192.0.2.1 198.51.100.2 40000 3306 1\r\n",
           "PROXY TCP4 192.0.2.1 198.51.100.2 40000 65536\r\n",
           "PROXY TCP4 192.0.2.1 198.51.100.2 040000 3306\r\n",
           "PROXY TCP4 192.0.2.1 198.51.100.2 00 3306\r\n",
           "PROXY TCP4 192.0.2.1 198.51.100.2 -1 3306\r\n",
           "PROXY TCP4 192.0.2.1 198.51.100.2 +1 3306\r\n",
           "PROXY TCP4 192.0.2.1 198.51.100.2 0x1 3306\r\n",
           "PROXY TCP4 192.0.2.1 198.51.100.2  3306\r\n",
           "PROXY TCP4 192.0.2.01 198.51.100.2 1 3306\r\n",
           "PROXY TCP4 192.0.2 198.51.100.2 1 3306\r\n",
           "PROXY TCP4 192.0.2.256 198.51.100.2 1 3306\r\n",
           "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
           "PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n",
           "PROXY TCP6 2001:db8::1%eth0 2001:db8::2 1 2\r\n",
           "PROXY TCP6 [2001:db8::1] 2001:db8::2 1 2\r\n",
           "PROXY TCP6 2001:db8:::1 2001:db8::2 1 2\r\n",
           "PROXY TCP5 192.0.2.1 198.51.100.2 1 2\r\n",
           "PROXY tcp4 192.0.2.1 198.51.100.2 1 2\r\n",
           "proxy TCP4 192.0.2.1 198.51.100.2 1 2\r\n",
           "PROXY\r\n",
           "PROXY \r\n",
           "PROXY TCP4\r\n",
           "PROXY TCP4 \r\n",
           "GET / HTTP/1.1\r\n",
           "\r\n\r\nPROXY",
           " PROXY TCP4 192.0.2.1 198.51.100.2 1 2\r\n",
       }) {
    // One without CRLF is not over before it is too long.
    ExpectBad(std::string(line) + std::string(120, '\n'));
  }
}

TEST(ProxyHeaderIn, Version1EndsWithin107Bytes) {
  const std::string endless = "PROXY TCP4 " + std::string(200, '1');
  EXPECT_EQ(Read(endless.substr(0, 106)).kind, Kind::kMore);
  EXPECT_EQ(Read(endless.substr(0, 107)).kind, Kind::kBad);
  ExpectBad(endless);
}

TEST(ProxyHeaderIn, LocalIsTheSendersOwnWhateverItSays) {
  ExpectWhole(V2("\x20\x00"s, ""), Kind::kLocal);
  ExpectWhole(V2("\x20\x11"s, kFour), Kind::kLocal);
  ExpectWhole(V2("\x20\xff"s, "no TLV"), Kind::kLocal);
  ExpectWhole(V2("\x20\x00"s, std::string(kMaxProxyV2Body, 'x')), Kind::kLocal);
}

TEST(ProxyHeaderIn, FamiliesThatAreNoTcpAreTheSendersOwn) {
  ExpectWhole(V2("\x21\x00"s, ""), Kind::kUnnamed);
  ExpectWhole(V2("\x21\x00"s, "whatever"), Kind::kUnnamed);
  ExpectWhole(V2("\x21\x12"s, kFour), Kind::kUnnamed);
  ExpectWhole(V2("\x21\x22"s, std::string(36, 'x')), Kind::kUnnamed);
  ExpectWhole(V2("\x21\x31"s, std::string(216, 'x')), Kind::kUnnamed);
  ExpectWhole(V2("\x21\x32"s, std::string(216, 'x')), Kind::kUnnamed);
}

TEST(ProxyHeaderIn, TlvsAreSkipped) {
  for (const std::string& tlvs : {"\x04\x00\x00"s, "\x04\x00\x02xx\xEA\x00\x01\x01"s,
                                  "\x20\x07\x00"s + std::string(0x700, 'x')}) {
    const std::string header = V2("\x21\x11"s, kFour + tlvs);
    ExpectWhole(header, Kind::kProxied);
    EXPECT_EQ(Read(header).pair.source, (Endpoint{Address::V4(0xc0000201), 0x1234}));
    EXPECT_EQ(Read(header).pair.destination, (Endpoint{Address::V4(0xc6336402), 3306}));
  }
}

TEST(ProxyHeaderIn, Version2HasOneForm) {
  ExpectBad(V2("\x11\x11"s, kFour));  // version 1
  ExpectBad(V2("\x31\x11"s, kFour));  // version 3
  ExpectBad(V2("\x22\x11"s, kFour));  // no such command
  ExpectBad(V2("\x21\x13"s, kFour));  // no such transport
  ExpectBad(V2("\x21\x10"s, kFour));
  ExpectBad(V2("\x21\x41"s, std::string(216, 'x')));  // no such family
  ExpectBad(V2("\x21\x01"s, ""));
  ExpectBad(V2("\x21\x11"s, kFour.substr(1)));  // too short for its addresses
  ExpectBad(V2("\x21\x21"s, std::string(35, 'x')));
  ExpectBad(V2("\x21\x31"s, std::string(215, 'x')));
  ExpectBad(V2("\x21\x11"s, kFour + "\x04"s));  // half a TLV
  ExpectBad(V2("\x21\x11"s, kFour + "\x04\x00"s));
  ExpectBad(V2("\x21\x11"s, kFour + "\x04\x00\x02x"s));
  ExpectBad(V2("\x21\x12"s, kFour + "\x04\x00\x02x"s));
  ExpectBad(V2("\x20\x00"s, std::string(kMaxProxyV2Body + 1, 'x')));
  ExpectBad(kSignature.substr(0, 11) + "\x0B\x21\x11\x00\x0C"s + kFour);
}

TEST(ProxyHeaderIn, ATooLongBodyIsBadBeforeItComes) {
  EXPECT_EQ(Read(kSignature + "\x21\x11\x08"s).kind, Kind::kMore);
  EXPECT_EQ(Read(kSignature + "\x21\x11\x08\x01"s).kind, Kind::kBad);
}

}  // namespace
}  // namespace headgate::net
