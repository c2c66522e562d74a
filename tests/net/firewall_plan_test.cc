#include "net/firewall_plan.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/net/own_netns.h"

namespace headgate::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kPlanned{hours(5)};
constexpr Duration kTolerance = seconds(2);

std::string Texts(const KernelBans& bans) {
  std::string out;
  for (const auto& [network, ban] : bans) {
    out += (out.empty() ? "" : " ") + ToText(network) + (ban.by_operator ? "!" : "");
  }
  return out;
}

std::string Texts(std::span<const BanElement> elements) {
  std::string out;
  for (const BanElement& e : elements) out += (out.empty() ? "" : " ") + ToText(e.network);
  return out;
}

TEST(FirewallPlan, TheLongestOfTheSameCountsAndTheEndedDoNot) {
  const std::vector<WantedBan> wanted = {{Net("192.0.2.1"), kPlanned + seconds(5), true},
                                         {Net("192.0.2.2"), kPlanned, false},
                                         {Net("2001:db8::1"), kPlanned + seconds(7), false},
                                         {Net("2001:db8::2"), kPlanned + seconds(9), true}};
  const auto chosen = Pushable(wanted, 10, 10, kPlanned);
  EXPECT_EQ(Texts(chosen.bans), "192.0.2.1! 2001:db8::/64!");
  EXPECT_EQ(chosen.bans.at(Net("2001:db8::/64")), (KernelBan{kPlanned + seconds(9), true}));
  EXPECT_EQ(chosen.again, kNever);
}

TEST(FirewallPlan, OnlyTheOuterNetworkIsPushedAsLongAsItRuns) {
  const std::vector<WantedBan> wanted = {{Net("10.1.0.0/16"), kPlanned + seconds(60), false},
                                         {Net("10.0.0.0/8"), kPlanned + seconds(20), false},
                                         {Net("10.1.2.0/24"), kPlanned + seconds(10), false},
                                         {Net("11.0.0.0/8"), kPlanned + seconds(30), false},
                                         {Net("10.1.2.3"), kPlanned + seconds(90), false},
                                         {Net("2001:db8::/32"), kPlanned + seconds(30), false}};
  const auto first = Pushable(wanted, 10, 10, kPlanned);
  EXPECT_EQ(first.covered, 2U);
  EXPECT_EQ(first.again, kPlanned + seconds(20));
  EXPECT_EQ(first.bans.size(), 4U);
  EXPECT_FALSE(first.bans.contains(Net("10.1.0.0/16")));
  const auto later = Pushable(wanted, 10, 10, first.again);
  EXPECT_TRUE(later.bans.contains(Net("10.1.0.0/16")));
  EXPECT_EQ(later.again, kNever);
}

TEST(FirewallPlan, WithoutRoomTheOperatorsAndTheLongestStay) {
  std::vector<WantedBan> wanted;
  for (std::uint32_t i = 0; i < 10; ++i)
    wanted.push_back({Host(i), kPlanned + seconds(10 + i), false});
  wanted.push_back({Host(99), kPlanned + seconds(1), true});
  const auto chosen = Pushable(wanted, 3, 10, kPlanned);
  EXPECT_EQ(chosen.unpushed, 8U);
  EXPECT_EQ(Texts(chosen.bans), "10.0.0.8 10.0.0.9 10.0.0.99!");
}

TEST(FirewallPlan, TheDifferenceIsWhatTheKernelLacks) {
  const KernelBans have = {{Host(1), {kPlanned + seconds(10), false}},
                           {Host(2), {kPlanned + seconds(10), false}},
                           {Host(3), {kPlanned + seconds(10), false}},
                           {Host(4), {kPlanned - milliseconds(1), false}},
                           {Net("10.0.0.0/8"), {kPlanned - milliseconds(1), false}},
                           {Host(5), {kPlanned + seconds(10), false}}};
  const KernelBans want = {{Host(1), {kPlanned + seconds(12), false}},
                           {Host(2), {kPlanned + seconds(13), false}},
                           {Host(3), {kPlanned + seconds(10), true}},
                           {Host(6), {kPlanned + seconds(10), false}}};
  const BanPlan plan = Difference(want, have, kTolerance, kPlanned);
  // Host 4 goes by itself; the network could be in another one's way.
  EXPECT_EQ(Texts(plan.gone), "10.0.0.0/8 10.0.0.5");
  EXPECT_EQ(Texts(plan.changed), "10.0.0.2 10.0.0.3");
  EXPECT_EQ(Texts(plan.added), "10.0.0.6");
}

TEST(FirewallPlan, EndsThatAreForEverAreTheSame) {
  EXPECT_TRUE(SameEnd(kNever, kPlanned + kLongestBan, kTolerance, kPlanned));
  EXPECT_FALSE(SameEnd(kNever, kPlanned + kLongestBan - hours(24 * 31), kTolerance, kPlanned));
  EXPECT_FALSE(SameEnd(kPlanned, kPlanned + seconds(3), kTolerance, kPlanned));
  KernelBans have = {{Host(1), {kNever, false}}, {Host(2), {kPlanned - seconds(2), false}}};
  Expire(have, kPlanned);
  EXPECT_EQ(Texts(have), "10.0.0.1");
}

TEST(FirewallPlan, BatchesAreTheWholePlanAndNoLargerThanAsked) {
  std::mt19937 random(7);  // NOLINT: the same each time
  for (int round = 0; round < 200; ++round) {
    KernelBans have, want;
    for (std::uint32_t i = 0; i < 100; ++i) {
      if (random() % 2 != 0) have[Host(i)] = {kPlanned + seconds(10 + random() % 20), false};
      if (random() % 2 != 0) want[Host(i)] = {kPlanned + seconds(10 + random() % 20), false};
    }
    const BanPlan plan = Difference(want, have, Duration::zero(), kPlanned);
    const std::size_t most = random() % 30;
    for (const BanBatch& batch : Batches(plan, most)) {
      const std::size_t size = batch.gone.size() + batch.changed.size() + batch.added.size();
      EXPECT_LE(size, std::max<std::size_t>(most, 1));
      EXPECT_GT(size, 0U);
      Apply(batch, have);
    }
    EXPECT_EQ(have, want);
    EXPECT_TRUE(Difference(want, have, Duration::zero(), kPlanned).empty());
  }
}

}  // namespace
}  // namespace headgate::net
