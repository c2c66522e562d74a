// Which Host headers are the page's own: DNS rebinding must not be among them.
#include "net/page_host.h"

#include <gtest/gtest.h>

namespace headgate::net {
namespace {

TEST(PageHostTest, CutsHostAndPort) {
  EXPECT_EQ(HostOf("127.0.0.1:9933"), "127.0.0.1");
  EXPECT_EQ(HostOf("gate7.example"), "gate7.example");
  EXPECT_EQ(HostOf("[::1]:9933"), "::1");
  EXPECT_EQ(HostOf("[::1]"), "::1");
  for (const char* wrong : {"", ":9933", "[::1", "[::1]9933", "[gate]:1", "a:b:c", "a:999999",
                            "127.0.0.1:99x", "::1"}) {
    EXPECT_EQ(HostOf(wrong), "") << wrong;
  }
}

TEST(PageHostTest, TakesAddressesAndLocalhost) {
  for (const char* ours : {"127.0.0.1", "127.0.0.1:1", "192.0.2.7:9933", "[2001:db8::1]:9933",
                           "localhost:9933", "LOCALHOST"}) {
    EXPECT_TRUE(IsOurHost(ours)) << ours;
  }
}

TEST(PageHostTest, TakesNoOtherName) {
  for (const char* foreign :
       {"", "evil.example", "evil.example:9933", "localhost.evil.example", "127.0.0.1.evil.example",
        "127.1", "2130706433", "0x7f000001", "gate7.example:9933", "localhost:x", "localhost:80:80",
        "[localhost]", "[127.0.0.1]", "user@127.0.0.1", "127.0.0.1/", " 127.0.0.1", "127.0.0.1 "}) {
    EXPECT_FALSE(IsOurHost(foreign)) << foreign;
  }
}

TEST(PageHostTest, KnowsAnotherSitesQuestion) {
  for (const char* own : {"", "same-origin", "none"}) EXPECT_FALSE(IsForeignFetch(own)) << own;
  for (const char* other : {"cross-site", "same-site", "x"}) EXPECT_TRUE(IsForeignFetch(other));
}

}  // namespace
}  // namespace headgate::net
