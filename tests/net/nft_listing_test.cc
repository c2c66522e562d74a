#include "net/nft_listing.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/net/own_netns.h"

namespace headgate::net {
namespace {

constexpr char kListing[] =
    R"({"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}},
{"table": {"family": "inet", "name": "headgate", "handle": 1}},
{"table": {"family": "ip", "name": "headgate", "handle": 2}},
{"set": {"family": "inet", "name": "banned4", "table": "headgate", "type": "ipv4_addr",
 "handle": 1, "size": 65536, "flags": ["timeout"], "elem": [
  {"elem": {"val": "10.0.0.1", "timeout": 3600, "expires": 3598, "comment": "operator"}},
  {"elem": {"val": "10.0.0.2", "timeout": 3600, "expires": 0}}, "10.0.0.3",
  {"elem": {"val": "::1", "timeout": 3600, "expires": 1}}]}},
{"set": {"family": "inet", "name": "banned6", "table": "headgate", "type": "ipv6_addr",
 "elem": [{"elem": {"val": "2001:db8::", "expires": 7}}, {"elem": {"val": "2001:db8::1", "expires": 7}},
  {"elem": {"val": "::ffff:10.0.0.1", "expires": 7}}]}},
{"set": {"family": "inet", "name": "networks4", "table": "headgate", "type": "ipv4_addr",
 "size": 9, "flags": ["timeout", "interval"], "timeout": 60, "elem": [
  {"elem": {"val": {"prefix": {"addr": "10.0.0.0", "len": 8}}, "expires": 9, "comment": "x"}},
  {"elem": {"val": {"range": ["1.0.0.0", "1.0.0.9"]}, "expires": 9}},
  {"elem": {"val": {"prefix": {"addr": "10.0.0.1", "len": 8}}, "expires": 9}},
  {"elem": {"val": {"prefix": {"addr": "10.0.0.0", "len": 99}}, "expires": 9}}]}},
{"set": {"family": "inet", "name": "other", "table": "elsewhere"}},
{"map": {"family": "inet", "name": "m", "table": "headgate"}},
{"chain": {"family": "inet", "table": "headgate", "name": "c", "handle": 2, "type": "filter",
 "hook": "prerouting", "prio": -300, "policy": "accept"}},
{"rule": {"family": "inet", "table": "headgate", "chain": "c", "handle": 14, "comment": "syn 1",
 "expr": [{"match": {}}, {"counter": {"packets": 5, "bytes": 300}}, {"drop": null}]}},
{"rule": {"family": "inet", "table": "headgate", "chain": "c", "handle": 15, "expr": []}}]})";

TEST(NftListing, NamesTheTables) {
  EXPECT_EQ(ParseTables(kListing).value(), std::vector<std::string>{"headgate"});
  EXPECT_FALSE(ParseTables("{}").ok());
}

TEST(NftListing, ReadsWhatIsOurs) {
  const auto listing = ParseListing(kListing, "headgate");
  ASSERT_TRUE(listing.ok()) << listing.status();
  EXPECT_TRUE(listing->table);
  ASSERT_EQ(listing->sets.size(), 3U);
  EXPECT_EQ(listing->sets[2].flags, (std::vector<std::string>{"interval", "timeout"}));
  EXPECT_EQ(listing->sets[2].timeout, 60U);
  EXPECT_EQ(listing->sets[2].size, 9U);
  ASSERT_EQ(listing->chains.size(), 1U);
  EXPECT_EQ(listing->chains[0].priority, -300);
  ASSERT_EQ(listing->rules.size(), 2U);
  EXPECT_EQ(listing->rules[0].comment, "syn 1");
  EXPECT_EQ(listing->rules[0].packets, 5U);
  EXPECT_EQ(listing->rules[0].bytes, 300U);
  EXPECT_EQ(listing->rules[1].handle, 15U);
  EXPECT_EQ(listing->unknown, 1U);
}

TEST(NftListing, ElementsAreOursOrOdd) {
  const auto listing = ParseListing(kListing, "headgate");
  ASSERT_TRUE(listing.ok());
  ASSERT_EQ(listing->elements.size(), 4U);
  EXPECT_EQ(listing->elements[0].network, Net("10.0.0.1"));
  EXPECT_EQ(listing->elements[0].expires, 3598U);
  EXPECT_TRUE(listing->elements[0].by_operator);
  EXPECT_FALSE(listing->elements[1].by_operator);
  EXPECT_EQ(listing->elements[2].network, Net("2001:db8::/64"));
  EXPECT_EQ(listing->elements[3].network, Net("10.0.0.0/8"));
  std::vector<std::string> odd;
  for (const auto& o : listing->odd) odd.push_back(std::string(Name(o.set)) + " " + o.value);
  EXPECT_EQ(odd, (std::vector<std::string>{
                     "banned4 \"10.0.0.3\"", "banned4 \"::1\"", "banned6 \"2001:db8::1\"",
                     "banned6 \"::ffff:10.0.0.1\"", R"(networks4 {"range":["1.0.0.0","1.0.0.9"]})",
                     R"(networks4 {"prefix":{"addr":"10.0.0.1","len":8}})",
                     R"(networks4 {"prefix":{"addr":"10.0.0.0","len":99}})"}));
}

TEST(NftListing, AnotherTableIsNoneOfOurs) {
  const auto listing = ParseListing(kListing, "other");
  ASSERT_TRUE(listing.ok());
  EXPECT_FALSE(listing->table);
  EXPECT_TRUE(listing->sets.empty());
}

// As nft 1.1 has them, with fields nobody has heard of.
TEST(NftListing, FlagsAreAListOrOneByItself) {
  const auto listing = ParseListing(
      R"({"nftables": [{"metainfo": {"version": "1.1.9", "new": [1]}},
{"table": {"family": "inet", "name": "headgate", "handle": 1, "flags": [], "new": {}}},
{"set": {"family": "inet", "name": "a", "table": "headgate", "type": "ipv4_addr", "flags": "dynamic"}},
{"set": {"family": "inet", "name": "b", "table": "headgate", "flags": "timeout", "new": {"a": 1}}},
{"set": {"family": "inet", "name": "c", "table": "headgate", "flags": ["timeout", "dynamic"]}},
{"set": {"family": "inet", "name": "banned4", "table": "headgate", "flags": "timeout", "elem": [
  {"elem": {"val": "10.0.0.1", "expires": 1, "new": 1}}]}},
{"chain": {"family": "inet", "table": "headgate", "name": "c", "new": null}},
{"rule": {"family": "inet", "table": "headgate", "chain": "c", "new": 7, "expr": [{"new": 1}]}}]})",
      "headgate");
  ASSERT_TRUE(listing.ok()) << listing.status();
  ASSERT_EQ(listing->sets.size(), 4U);
  EXPECT_TRUE(listing->sets[0].flags.empty());
  for (const int i : {1, 2, 3}) {
    EXPECT_EQ(listing->sets[i].flags, std::vector<std::string>{"timeout"});
  }
  EXPECT_EQ(listing->unknown, 0U);
  EXPECT_EQ(listing->elements.size(), 1U);
  for (const char* flags : {R"("dormant")", R"(["dormant"])", "7"}) {
    const auto asleep =
        ParseListing(R"({"nftables":[{"table":{"family":"inet","name":"t","flags":)" +
                         std::string(flags) + "}}]}",
                     "t");
    ASSERT_TRUE(asleep.ok());
    EXPECT_EQ(asleep->unknown, 1U) << flags;
  }
}

TEST(NftListing, SaysWhatIsNoListing) {
  const std::string deep(10000, '[');
  for (const std::string& text :
       {std::string(), std::string("Error: no"), std::string("[]"), std::string("{}"),
        std::string(R"({"nftables":{}})"), std::string(R"({"nftables":[)"), deep}) {
    EXPECT_EQ(ParseListing(text, "headgate").status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(ParseListing(R"({"nftables":[]})", "headgate").ok());
  EXPECT_TRUE(ParseListing(R"({"nftables":[1,null,"x",{"a":1},{"set":[]}]})", "headgate").ok());
}

TEST(NftListing, NoMutationOfItBreaksTheReader) {
  std::mt19937 random(20261125);  // NOLINT: the same each time
  const std::string listing = kListing;
  const std::string pieces = "{}[]\",:0919-e.nullXtrue\\\xff";
  std::size_t read = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = listing;
    for (std::uint32_t n = 1 + random() % 4; n > 0; --n) {
      const std::size_t at = random() % text.size();
      const std::size_t length = random() % 12;
      switch (random() % 4) {
        case 0:
          text[at] = pieces[random() % pieces.size()];
          break;
        case 1:
          text.erase(at, length);
          break;
        case 2:
          text.insert(at, listing, random() % listing.size(), length);
          break;
        default:
          text.insert(at, 1, pieces[random() % pieces.size()]);
          break;
      }
    }
    read += ParseListing(text, "headgate").ok() ? 1 : 0;
  }
  EXPECT_GT(read, 100U);
  EXPECT_LT(read, 20000U);
}

}  // namespace
}  // namespace headgate::net
