#include "policies/address.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace headgate {
namespace {

Address V6(std::initializer_list<std::uint16_t> words) {
  Address a;
  std::size_t i = 0;
  for (const std::uint16_t w : words) {
    a.bytes[i++] = static_cast<std::uint8_t>(w >> 8);
    a.bytes[i++] = static_cast<std::uint8_t>(w);
  }
  return a;
}

TEST(Address, V4IsKeptMapped) {
  const Address a = Address::V4(0xc0000201);
  EXPECT_TRUE(a.IsV4());
  EXPECT_EQ(a.V4HostOrder(), 0xc0000201U);
  EXPECT_EQ(a, V6({0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201}));
  EXPECT_FALSE(V6({0x2001, 0xdb8, 0, 0, 0, 0, 0, 1}).IsV4());
  EXPECT_FALSE(Address{}.IsV4());
}

TEST(Address, Loopback) {
  EXPECT_TRUE(Address::V4(0x7f000001).IsLoopback());
  EXPECT_TRUE(Address::V4(0x7fffffff).IsLoopback());
  EXPECT_FALSE(Address::V4(0x80000001).IsLoopback());
  EXPECT_TRUE(V6({0, 0, 0, 0, 0, 0, 0, 1}).IsLoopback());
  EXPECT_FALSE(V6({0, 0, 0, 0, 0, 0, 1, 1}).IsLoopback());
}

TEST(Address, SourceAndPrefixesOfV4) {
  const Address a = Address::V4(0x0a010203);
  EXPECT_EQ(SourceOf(a), a);
  EXPECT_EQ(PrefixOf(a), Address::V4(0x0a010200));
  EXPECT_EQ(WidePrefixOf(a), Address::V4(0x0a010000));
}

TEST(Address, SourceAndPrefixesOfV6) {
  const Address a = V6({0x2001, 0xdb8, 0x12, 0x34, 5, 6, 7, 8});
  EXPECT_EQ(SourceOf(a), V6({0x2001, 0xdb8, 0x12, 0x34}));
  EXPECT_EQ(PrefixOf(a), V6({0x2001, 0xdb8, 0x12}));
  EXPECT_EQ(WidePrefixOf(a), V6({0x2001, 0xdb8}));
}

// Narrower groups lie within wider ones: counts taken from a source may go to the prefix of either.
TEST(Address, WideningTwiceIsWideningOnce) {
  for (const Address& a : {Address::V4(0xc0a80a0b), V6({0x2a00, 1, 2, 3, 4, 5, 6, 7})}) {
    EXPECT_EQ(PrefixOf(SourceOf(a)), PrefixOf(a));
    EXPECT_EQ(WidePrefixOf(PrefixOf(a)), WidePrefixOf(a));
  }
}

TEST(Cidr, IsOfOneFamily) {
  EXPECT_FALSE((Cidr{V6({}), 0}).Contains(Address::V4(1)));
  EXPECT_FALSE((Cidr{V6({}), 64}).Contains(Address::V4(1)));
  EXPECT_TRUE((Cidr{V6({}), 64}).Contains(V6({0, 0, 0, 0, 0, 0, 0, 1})));
  EXPECT_TRUE((Cidr{Address::V4(0), 96}).Contains(Address::V4(0xffffffff)));
  EXPECT_FALSE((Cidr{Address::V4(0), 96}).Contains(V6({0, 0, 0, 0, 0, 0, 0, 1})));
}

TEST(Cidr, ContainsByItsBits) {
  const Cidr ten{Address::V4(0x0a000000), 96 + 8};
  EXPECT_TRUE(ten.Contains(Address::V4(0x0affffff)));
  EXPECT_FALSE(ten.Contains(Address::V4(0x0b000000)));
  EXPECT_FALSE(ten.Contains(V6({0x0a00})));
  const Cidr odd{Address::V4(0x0a000080), 96 + 25};
  EXPECT_TRUE(odd.Contains(Address::V4(0x0a0000ff)));
  EXPECT_FALSE(odd.Contains(Address::V4(0x0a00007f)));
  const Cidr all{Address{}, 0};
  EXPECT_TRUE(all.Contains(V6({0xffff})));
  const Cidr one{Address::V4(1), 128};
  EXPECT_TRUE(one.Contains(Address::V4(1)));
  EXPECT_FALSE(one.Contains(Address::V4(2)));
}

TEST(Cidr, OverlapsWhatItHoldsAndWhatHoldsIt) {
  const Cidr ten{Address::V4(0x0a000000), 96 + 8};
  const Cidr inner{Address::V4(0x0a010000), 96 + 16};
  const Cidr beside{Address::V4(0x0b000000), 96 + 16};
  EXPECT_TRUE(Overlap(ten, inner));
  EXPECT_TRUE(Overlap(inner, ten));
  EXPECT_TRUE(Overlap(ten, ten));
  EXPECT_FALSE(Overlap(ten, beside));
  EXPECT_FALSE(Overlap(beside, ten));
  EXPECT_FALSE(Overlap((Cidr{V6({}), 0}), ten)) << "another family";
}

}  // namespace
}  // namespace headgate
