#include "net/nft_elements.h"

#include <gtest/gtest.h>

#include "tests/net/own_netns.h"

namespace headgate::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kNow{hours(5)};

TEST(NftElements, EachNetworkHasItsSet) {
  const std::tuple<const char*, const char*, std::string_view> cases[] = {
      {"192.0.2.1", "192.0.2.1", "banned4"},
      {"10.0.0.0/8", "10.0.0.0/8", "networks4"},
      {"192.0.2.0/31", "192.0.2.0/31", "networks4"},
      {"2001:db8::1", "2001:db8::/64", "banned6"},
      {"2001:db8:0:0:8000::/66", "2001:db8::/64", "banned6"},
      {"2001:db8::/64", "2001:db8::/64", "banned6"},
      {"2001:db8::/63", "2001:db8::/63", "networks6"},
      {"::/0", "::/0", "networks6"}};
  for (const auto& [given, kernel, set] : cases) {
    const Cidr network = KernelNetwork(Net(given));
    EXPECT_EQ(ToText(network), kernel);
    EXPECT_EQ(Name(SetOf(network)), set) << given;
  }
}

TEST(NftElements, ABatchIsOneTransaction) {
  const std::vector<BanElement> gone = {{Net("192.0.2.1"), kNow + seconds(3), false}};
  const std::vector<BanElement> changed = {{Net("10.0.0.0/8"), kNow + milliseconds(1500), true}};
  const std::vector<BanElement> added = {{Net("2001:db8::/64"), kNow + seconds(60), false},
                                         {Net("192.0.2.2"), kNever, false}};
  const auto command = [](const std::string& verb, const std::string& set,
                          const std::string& element) {
    return "{\"" + verb + R"(":{"element":{"family":"inet","table":"t","name":")" + set +
           R"(","elem":[)" + element + "]}}}";
  };
  const std::string one = R"({"elem":{"val":"192.0.2.1","timeout":3}})";
  const std::string two =
      R"({"elem":{"val":{"prefix":{"addr":"10.0.0.0","len":8}},"timeout":2,"comment":"operator"}})";
  EXPECT_EQ(BatchJson("t", gone, changed, added, kNow),
            "{\"nftables\":[" + command("add", "banned4", one) + "," +
                command("add", "networks4", two) + "," + command("delete", "banned4", one) + "," +
                command("delete", "networks4", two) + "," + command("add", "networks4", two) + "," +
                command("add", "banned4", R"({"elem":{"val":"192.0.2.2","timeout":315360000}})") +
                "," + command("add", "banned6", R"({"elem":{"val":"2001:db8::","timeout":60}})") +
                "]}");
}

TEST(NftElements, WhatEndsNowIsThereForASecond) {
  const std::vector<BanElement> added = {{Net("192.0.2.1"), kNow - seconds(3), false}};
  EXPECT_NE(BatchJson("t", {}, {}, added, kNow).find("\"timeout\":1}"), std::string::npos);
}

TEST(NftElements, OddOnesLeaveByTheirOwnValue) {
  const std::vector<std::string> values = {"\"1.2.3.4\"", R"({"range":["1.0.0.0","1.0.0.9"]})"};
  EXPECT_EQ(DeleteJson("t", "networks4", values),
            R"({"nftables":[{"delete":{"element":{"family":"inet","table":"t","name":"networks4",)"
            R"("elem":["1.2.3.4",{"range":["1.0.0.0","1.0.0.9"]}]}}}]})");
}

}  // namespace
}  // namespace headgate::net
