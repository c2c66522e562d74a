#include "policies/keyed_hash.h"

#include <absl/container/flat_hash_map.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace headgate {
namespace {

// The reference vectors: key 00 01 .. 0f, message 00 01 .. (n-1); SipHash paper, appendix A, and
// vectors.h of the reference implementation (little-endian there).
TEST(KeyedHash, IsSipHash24) {
  const KeyedHash hash(0x0706050403020100U, 0x0f0e0d0c0b0a0908U);
  std::vector<std::uint8_t> message;
  EXPECT_EQ(hash.Bytes(message), 0x726fdb47dd0e0e31U);
  for (std::uint8_t i = 0; i < 15; ++i) message.push_back(i);
  EXPECT_EQ(hash.Bytes(message), 0xa129ca6149be45e5U);
  message.resize(8);
  EXPECT_EQ(hash.Bytes(message), 0x93f5f5799a932462U);
}

// CPython hashes bytes with it: PYTHONHASHSEED=0 python3.11 -c
// 'print(hex(hash(bytes(range(12)))))'.
TEST(KeyedHash, QuickIsSipHash13) {
  const KeyedHash hash(0, 0);
  const std::array<std::pair<std::uint8_t, std::uint64_t>, 6> vectors = {
      {{1, 0x68a914128e01e473U},
       {4, 0x7cc43f98813e4dbdU},
       {8, 0xead411e67ebe2eeaU},
       {12, 0xa6baf4fb0f9fe1c2U},
       {15, 0xf30eb725bb91c9eaU},
       {36, 0xac77921fcc642bd3U}}};
  for (const auto& [length, value] : vectors) {
    std::vector<std::uint8_t> message;
    for (std::uint8_t i = 0; i < length; ++i) message.push_back(i);
    EXPECT_EQ(hash.Quick(message), value) << int{length};
  }
}

TEST(KeyedHash, KeysLengthsAndContentsMatter) {
  const KeyedHash a(1, 2);
  const KeyedHash b(1, 3);
  EXPECT_NE(a("shop"), b("shop"));
  EXPECT_EQ(a("shop"), a("shop"));
  EXPECT_NE(a("shop"), a(std::string_view("shop\0", 5)));
  EXPECT_NE(a(""), a(std::string_view("\0", 1)));
  EXPECT_NE(a(Address::V4(1)), a(Address::V4(2)));
}

TEST(KeyedHash, PairIsOfTheSourceNotOfThePeer) {
  const KeyedHash hash(1, 2);
  Address peer;
  peer.bytes[0] = 0x20;
  Address neighbour = peer;
  neighbour.bytes[15] = 9;  // same /64
  EXPECT_EQ(hash.Pair(peer, "shop"), hash.Pair(neighbour, "shop"));
  EXPECT_NE(hash.Pair(peer, "shop"), hash.Pair(peer, "shop2"));
  neighbour.bytes[7] = 1;
  EXPECT_NE(hash.Pair(peer, "shop"), hash.Pair(neighbour, "shop"));
  EXPECT_NE(hash(hash.Pair(peer, "shop")), hash(hash.Pair(neighbour, "shop")));
}

TEST(KeyedHash, ServesAsAHasher) {
  absl::flat_hash_map<Address, int, KeyedHash> map(0, KeyedHash(1, 2));
  for (std::uint32_t i = 0; i < 1000; ++i) map[Address::V4(i)] = static_cast<int>(i);
  EXPECT_EQ(map.size(), 1000U);
  EXPECT_EQ(map[Address::V4(77)], 77);
}

// Neighbouring addresses, as one attacker has them, fill the buckets evenly.
TEST(KeyedHash, NeighboursSpread) {
  const KeyedHash hash(0x1234, 0x5678);
  std::array<int, 256> buckets{};
  for (std::uint32_t i = 0; i < 256 * 100; ++i) ++buckets[hash(Address::V4(0x0a000000 + i)) & 255];
  const auto [least, most] = std::minmax_element(buckets.begin(), buckets.end());
  EXPECT_GT(*least, 50);
  EXPECT_LT(*most, 160);
}

}  // namespace
}  // namespace headgate
