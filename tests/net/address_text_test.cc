#include "net/address_text.h"

#include <gtest/gtest.h>

namespace headgate::net {
namespace {

TEST(AddressText, ParsesWhatItWrites) {
  for (const char* text : {"0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1", "2001:db8::1"}) {
    const auto address = ParseAddress(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(ToText(*address), text);
  }
}

TEST(AddressText, AMappedAddressIsTheIpv4One) {
  EXPECT_EQ(ParseAddress("::ffff:192.0.2.1"), ParseAddress("192.0.2.1"));
  EXPECT_EQ(ToText(*ParseAddress("::ffff:192.0.2.1")), "192.0.2.1");
}

TEST(AddressText, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "1", "1.2.3", "1.2.3.256", "1.2.3.4 ", "01.2.3.4x", "localhost",
                           "[::1]", "::1%lo", "2001:db8:::1"}) {
    EXPECT_FALSE(ParseAddress(text)) << text;
  }
  EXPECT_FALSE(ParseAddress(std::string(1000, '1')));
  EXPECT_FALSE(ParseAddress(std::string_view("1.2.3.4\0x", 9)));
}

TEST(AddressText, Networks) {
  EXPECT_EQ(ToText(*ParseCidr("10.0.0.0/8")), "10.0.0.0/8");
  EXPECT_EQ(ParseCidr("10.0.0.0/8")->bits, 104);
  EXPECT_EQ(ToText(*ParseCidr("2001:db8::/32")), "2001:db8::/32");
  EXPECT_EQ(ToText(*ParseCidr("0.0.0.0/0")), "0.0.0.0/0");
  EXPECT_EQ(ToText(*ParseCidr("::/0")), "::/0");
  EXPECT_EQ(ToText(*ParseCidr("192.0.2.7")), "192.0.2.7");
  EXPECT_EQ(ToText(*ParseCidr("192.0.2.7/32")), "192.0.2.7");
  for (const char* text : {"10.0.0.1/8", "10.0.0.0/33", "2001:db8::/129", "10.0.0.0/",
                           "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/+8", "/8", "10.0.0.0/ 8"}) {
    EXPECT_FALSE(ParseCidr(text)) << text;
  }
}

TEST(AddressText, AnIpv4NetworkDoesNotReachIntoIpv6) {
  const Cidr all_v4 = *ParseCidr("0.0.0.0/0");
  EXPECT_TRUE(all_v4.Contains(*ParseAddress("203.0.113.9")));
  EXPECT_FALSE(all_v4.Contains(*ParseAddress("2001:db8::1")));
}

TEST(AddressText, Sources) {
  EXPECT_EQ(SourceText(*ParseAddress("192.0.2.1")), "192.0.2.1");
  EXPECT_EQ(SourceText(*ParseAddress("2001:db8:1:2:3:4:5:6")), "2001:db8:1:2::/64");
}

}  // namespace
}  // namespace headgate::net
