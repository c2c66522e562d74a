#include "net/socket_address.h"

#include <gtest/gtest.h>

#include "net/salts.h"

namespace headgate::net {
namespace {

TEST(SocketAddress, EndpointsThereAndBack) {
  for (const char* text : {"127.0.0.1:3306", "[2001:db8::1]:65535", "[::]:0"}) {
    const auto endpoint = ParseEndpoint(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(ToText(*endpoint), text);
    EXPECT_EQ(ToEndpoint(ToSocketAddress(*endpoint)), *endpoint);
  }
}

TEST(SocketAddress, RefusesWhatIsNoEndpoint) {
  for (const char* text : {"", ":3306", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                           "127.0.0.1:-1", "::1:3306", "[127.0.0.1]:3306", "[::1]", "db:3306"}) {
    EXPECT_FALSE(ParseEndpoint(text)) << text;
  }
}

TEST(SocketAddress, ResolvesLiteralsAndUnixPaths) {
  const auto v4 = Resolve("127.0.0.1:3307");
  ASSERT_TRUE(v4.ok());
  EXPECT_EQ(ToText(ToEndpoint(v4->at(0))), "127.0.0.1:3307");
  const auto v6 = Resolve("[::1]:3307");
  ASSERT_TRUE(v6.ok());
  EXPECT_EQ(ToText(ToEndpoint(v6->at(0))), "[::1]:3307");
  const auto local = Resolve("unix:/run/x.sock");
  ASSERT_TRUE(local.ok());
  EXPECT_EQ(local->at(0).family(), AF_UNIX);
  EXPECT_FALSE(Resolve("unix:").ok());
  EXPECT_FALSE(Resolve("unix:/" + std::string(107, 'x')).ok());
  EXPECT_FALSE(Resolve("127.0.0.1").ok());
  EXPECT_FALSE(Resolve("127.0.0.1:0").ok());
}

TEST(Salts, HoldNoByteAClientCouldTripOver) {
  Salts salts;
  std::array<int, 256> seen{};
  for (int i = 0; i < 5000; ++i) {
    for (const std::uint8_t b : salts.Next()) ++seen[b];
  }
  for (int b = 0; b < 256; ++b) {
    const bool allowed = b >= 0x21 && b <= 0x7d && b != '$';
    EXPECT_EQ(seen[static_cast<std::size_t>(b)] > 0, allowed) << b;
  }
  EXPECT_NE(salts.Next(), salts.Next());
}

}  // namespace
}  // namespace headgate::net
