#include "policies/ban_list.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "tests/policies/addresses.h"
#include "tests/policies/fixed_hash.h"

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Time kNow{hours(1)};
const Address kBad = V4(192, 0, 2, 1);

Time Escalate(BanList& list, const Address& source, Time now) {
  return list.Escalate(source, minutes(1), hours(1), "refusals", now);
}

TEST(BanList, BansUntilTheEndAndNotAnInstantLonger) {
  BanList list(kHash);
  EXPECT_FALSE(list.IsBanned(kBad, kNow));
  EXPECT_EQ(Escalate(list, kBad, kNow), kNow + minutes(1));
  EXPECT_TRUE(list.IsBanned(kBad, kNow));
  EXPECT_FALSE(list.IsBanned(V4(192, 0, 2, 2), kNow));
  EXPECT_TRUE(list.IsBanned(kBad, kNow + minutes(1) - Duration(1)));
  EXPECT_FALSE(list.IsBanned(kBad, kNow + minutes(1)));  // without any Expire()
}

TEST(BanList, DoublesWhileItGoesOnUpToTheMaximumAndForgetsAfterQuiet) {
  BanList list(kHash);
  Time now = kNow;
  for (const int expected : {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    const Time until = Escalate(list, kBad, now);
    EXPECT_EQ(until - now, minutes(expected));
    now = until + minutes(59);
    list.Expire(now);
    EXPECT_EQ(list.size(), 0U);
  }
  now += minutes(1);
  EXPECT_EQ(Escalate(list, kBad, now) - now, minutes(1));
}

TEST(BanList, AnOperatorsBanIsExactAndNotEscalatedAway) {
  BanList list(kHash);
  list.Ban(SourceNetwork(kBad), hours(24), "by hand", kNow);
  EXPECT_EQ(Escalate(list, kBad, kNow), kNow + hours(24));
  ASSERT_EQ(list.List(kNow).size(), 1U);
  EXPECT_EQ(list.List(kNow)[0].reason, "by hand");
  list.Ban(SourceNetwork(kBad), minutes(5), "shorter", kNow);
  EXPECT_FALSE(list.IsBanned(kBad, kNow + minutes(5)));
  list.Ban(SourceNetwork(kBad), Duration::max(), "for ever", kNow);
  EXPECT_TRUE(list.IsBanned(kBad, kNow + hours(24 * 3000)));
}

TEST(BanList, TellsTheOperatorsBansApart) {
  BanList list(kHash);
  Escalate(list, kBad, kNow);
  EXPECT_FALSE(list.IsBannedByOperator(kBad, kNow));
  list.Ban(SourceNetwork(kBad), minutes(2), "by hand", kNow);
  EXPECT_TRUE(list.IsBannedByOperator(kBad, kNow));
  EXPECT_FALSE(list.IsBannedByOperator(kBad, kNow + minutes(2)));
}

Cidr Network(const Address& a, std::uint8_t bits) { return {a, bits}; }

TEST(BanList, ANetworkIsBannedWholeAndAloneLifted) {
  BanList list(kHash);
  list.Ban(Network(V4(192, 0, 2, 0), 96 + 24), minutes(5), "by hand", kNow);
  EXPECT_TRUE(list.IsBanned(V4(192, 0, 2, 0), kNow));
  EXPECT_TRUE(list.IsBanned(V4(192, 0, 2, 255), kNow));
  EXPECT_TRUE(list.IsBannedByOperator(kBad, kNow));
  EXPECT_FALSE(list.IsBanned(V4(192, 0, 3, 0), kNow));
  EXPECT_FALSE(list.Unban(SourceNetwork(kBad), kNow)) << "it is not banned itself";
  EXPECT_TRUE(list.IsBanned(kBad, kNow));
  EXPECT_EQ(Escalate(list, kBad, kNow), kNow + minutes(1));
  EXPECT_EQ(list.size(), 2U);
  EXPECT_TRUE(list.Unban(Network(V4(192, 0, 2, 0), 96 + 24), kNow));
  EXPECT_TRUE(list.IsBanned(kBad, kNow)) << "its own ban stays";
  EXPECT_FALSE(list.IsBanned(V4(192, 0, 2, 2), kNow));
}

TEST(BanList, NetworksOfManyWidthsEndEachAtItsTime) {
  BanList list(kHash);
  const Address v6 = V6Source(7);
  for (std::uint8_t bits = 16; bits <= 64; bits += 16) {
    list.Ban(Network(v6, bits), minutes(bits), "by hand", kNow);
  }
  EXPECT_EQ(list.size(), 4U);
  EXPECT_TRUE(list.IsBanned(v6, kNow + minutes(63)));
  EXPECT_FALSE(list.IsBanned(v6, kNow + minutes(64)));
  Address other = v6;
  other.bytes[5] ^= 1;  // beyond its /32
  EXPECT_TRUE(list.IsBanned(other, kNow + minutes(31)));
  EXPECT_FALSE(list.IsBanned(other, kNow + minutes(33)));
  list.Expire(kNow + minutes(65));
  EXPECT_EQ(list.size(), 0U);
  list.UnbanAll(kNow);
  EXPECT_FALSE(list.IsBanned(v6, kNow));
}

// IPv4 addresses are kept inside ::/64.
TEST(BanList, NoNetworkOfIpv6HasIpv4InIt) {
  BanList list(kHash);
  Address loopback;
  loopback.bytes[15] = 1;
  list.Ban(SourceNetwork(loopback), minutes(5), "by hand", kNow);
  list.Ban(Network(Address{}, 16), minutes(5), "by hand", kNow);
  EXPECT_TRUE(list.IsBanned(loopback, kNow));
  EXPECT_FALSE(list.IsBanned(kBad, kNow));
  list.Ban(Network(V4(192, 0, 0, 0), 96 + 8), minutes(5), "by hand", kNow);
  EXPECT_TRUE(list.IsBanned(kBad, kNow));
}

TEST(BanList, AutomaticBanNeverShortensARunningOne) {
  BanList list(kHash);
  EXPECT_EQ(list.Escalate(kBad, hours(1), hours(1), "a", kNow), kNow + hours(1));
  EXPECT_EQ(list.Escalate(kBad, seconds(1), seconds(4), "b", kNow), kNow + hours(1));
}

TEST(BanList, UnbanForgetsTheEscalationToo) {
  BanList list(kHash);
  EXPECT_FALSE(list.Unban(SourceNetwork(kBad), kNow));
  Escalate(list, kBad, kNow);
  Escalate(list, kBad, kNow + minutes(1));
  EXPECT_TRUE(list.Unban(SourceNetwork(kBad), kNow + minutes(1)));
  EXPECT_FALSE(list.IsBanned(kBad, kNow + minutes(1)));
  EXPECT_EQ(Escalate(list, kBad, kNow + minutes(1)), kNow + minutes(2));
  EXPECT_FALSE(list.Unban(SourceNetwork(kBad), kNow + minutes(2)));  // over by itself
}

TEST(BanList, UnbanAllAndList) {
  BanList list(kHash);
  list.Ban(SourceNetwork(V4(10, 0, 0, 1)), minutes(9), "x", kNow);
  Escalate(list, V4(10, 0, 0, 2), kNow);
  Escalate(list, V4(10, 0, 0, 3), kNow - minutes(2));  // over
  const auto bans = list.List(kNow);
  ASSERT_EQ(bans.size(), 2U);
  EXPECT_EQ(bans[0].network, SourceNetwork(V4(10, 0, 0, 2)));
  EXPECT_EQ(bans[0].times, 1U);
  EXPECT_EQ(bans[1].until, kNow + minutes(9));
  EXPECT_EQ(list.UnbanAll(kNow), 2U);
  EXPECT_TRUE(list.List(kNow).empty());
  EXPECT_EQ(list.size(), 0U);
}

TEST(BanList, FullItForgetsEndedThenTheSoonestToExpire) {
  BanList list(kHash, 3);
  Escalate(list, V4(10, 0, 0, 1), kNow - minutes(10));  // ended, remembered
  list.Escalate(V4(10, 0, 0, 2), minutes(5), hours(1), "", kNow);
  list.Escalate(V4(10, 0, 0, 3), minutes(3), hours(1), "", kNow);
  list.Escalate(V4(10, 0, 0, 4), minutes(4), hours(1), "", kNow);
  for (std::uint8_t i = 2; i <= 4; ++i) EXPECT_TRUE(list.IsBanned(V4(10, 0, 0, i), kNow));
  list.Escalate(V4(10, 0, 0, 5), minutes(1), hours(1), "", kNow);
  EXPECT_FALSE(list.IsBanned(V4(10, 0, 0, 3), kNow));
  EXPECT_TRUE(list.IsBanned(V4(10, 0, 0, 5), kNow));
  EXPECT_EQ(list.size(), 3U);
}

TEST(BanList, AFloodOfBansNeverPushesOutTheOperators) {
  BanList list(kHash, 100);
  list.Ban(SourceNetwork(kBad), seconds(1), "by hand", kNow);
  for (std::uint32_t i = 0; i < 10'000; ++i) Escalate(list, V6Source(i), kNow);
  EXPECT_TRUE(list.IsBanned(kBad, kNow));
  EXPECT_EQ(list.size(), 100U);
  BanList all_by_hand(kHash, 2);
  all_by_hand.Ban(SourceNetwork(V4(10, 0, 0, 1)), minutes(1), "", kNow);
  all_by_hand.Ban(SourceNetwork(V4(10, 0, 0, 2)), minutes(2), "", kNow);
  EXPECT_EQ(Escalate(all_by_hand, kBad, kNow), kNow);
  EXPECT_FALSE(all_by_hand.IsBanned(kBad, kNow));
  all_by_hand.Ban(SourceNetwork(kBad), minutes(3), "", kNow);  // the soonest of his own
  EXPECT_TRUE(all_by_hand.IsBanned(kBad, kNow));
  EXPECT_FALSE(all_by_hand.IsBanned(V4(10, 0, 0, 1), kNow));
}

TEST(BanList, ReasonsAreBounded) {
  BanList list(kHash);
  list.Ban(SourceNetwork(kBad), minutes(1), std::string(100'000, 'x'), kNow);
  EXPECT_EQ(list.List(kNow)[0].reason.size(), BanList::kMaxReasonBytes);
}

TEST(BanList, SizeIsExactAfterExpireWhateverHappened) {
  std::mt19937_64 random(9);
  BanList list(kHash, 50);
  Time now = kNow;
  for (int i = 0; i < 50'000; ++i) {
    now += seconds(random() % 20);
    const Address source = V6Source(static_cast<std::uint32_t>(random() % 80));
    switch (random() % 4) {
      case 0:
        list.Ban(SourceNetwork(source), minutes(random() % 5), "op", now);
        break;
      case 1:
        static_cast<void>(list.Unban(SourceNetwork(source), now));
        break;
      default:
        Escalate(list, source, now);
    }
    list.Expire(now);
    ASSERT_EQ(list.size(), list.List(now).size());
    ASSERT_LE(list.size(), 50U);
  }
}

TEST(BanList, GateOnlyUntilItIsMetDirectly) {
  BanList list(kHash);
  EXPECT_FALSE(list.NoteDirect(kBad, kNow));
  list.Escalate(kBad, minutes(1), hours(1), "a", kNow, /*gate_only=*/true);
  EXPECT_TRUE(list.List(kNow)[0].gate_only);
  EXPECT_TRUE(list.NoteDirect(kBad, kNow));
  EXPECT_FALSE(list.NoteDirect(kBad, kNow));
  EXPECT_FALSE(list.List(kNow)[0].gate_only);
  // And it stays so while that ban runs; the next one is judged anew.
  list.Escalate(kBad, minutes(1), hours(1), "b", kNow, /*gate_only=*/true);
  EXPECT_FALSE(list.List(kNow)[0].gate_only);
  const Time later = kNow + minutes(10);
  list.Escalate(kBad, minutes(1), hours(1), "c", later, /*gate_only=*/true);
  EXPECT_TRUE(list.List(later)[0].gate_only);
  list.Escalate(kBad, minutes(9), hours(1), "d", later, /*gate_only=*/false);
  EXPECT_FALSE(list.List(later)[0].gate_only);
  EXPECT_FALSE(list.NoteDirect(kBad, later + hours(2)));
}

TEST(BanList, FindsTheOneThatBinds) {
  BanList list(kHash);
  EXPECT_EQ(list.Find(kBad, kNow), std::nullopt);
  Escalate(list, kBad, kNow);
  ASSERT_TRUE(list.Find(kBad, kNow).has_value());
  EXPECT_EQ(list.Find(kBad, kNow)->network, SourceNetwork(kBad));
  EXPECT_FALSE(list.Find(kBad, kNow)->by_operator);
  // An operator's goes before it, however short, and of those the one that ends last.
  const Cidr near{V4(192, 0, 2, 0), kV4Bits + 24}, wide{V4(192, 0, 0, 0), kV4Bits + 16};
  list.Ban(wide, seconds(20), "wide", kNow);
  EXPECT_EQ(list.Find(kBad, kNow)->reason, "wide");
  list.Ban(near, seconds(10), "near", kNow);
  EXPECT_EQ(list.Find(kBad, kNow)->network, wide);
  EXPECT_EQ(list.Find(kBad, kNow + seconds(30))->reason, "refusals");
  EXPECT_EQ(list.Find(kBad, kNow + minutes(1)), std::nullopt);
  EXPECT_EQ(list.Find(V4(192, 1, 2, 1), kNow), std::nullopt);
}

// A source may be banned again before the state file is read.
TEST(BanList, OneThatIsRestoredBesideAnotherLastsAsLongAsEither) {
  const auto record = [](Duration left, std::uint32_t times) {
    return BanRecord{.network = SourceNetwork(kBad),
                     .left = left,
                     .forget = left + hours(1),
                     .times = times,
                     .by_operator = false,
                     .gate_only = true,
                     .reason = "before"};
  };
  BanList list(kHash);
  Escalate(list, kBad, kNow);
  for (const BanRecord& r : {record(minutes(9), 4), record(seconds(90), 1)}) {
    list.Restore(r, minutes(1), kNow);
    ASSERT_EQ(list.List(kNow).size(), 1U);
    const BanInfo both = list.List(kNow)[0];
    EXPECT_EQ(both.until, kNow + minutes(8));
    EXPECT_EQ(both.times, 4U);
    EXPECT_EQ(both.reason, "refusals") << "why it is banned now";
    EXPECT_FALSE(both.gate_only) << "it was met at its own address";
    EXPECT_FALSE(both.by_operator);
  }
  EXPECT_EQ(list.Export(kNow)[0].forget, minutes(8) + hours(1));
  list.Ban(SourceNetwork(kBad), hours(2), "", kNow);
  list.Restore(record(minutes(9), 4), minutes(1), kNow);
  EXPECT_TRUE(list.IsBannedByOperator(kBad, kNow + hours(2) - Duration(1)));
  EXPECT_EQ(list.List(kNow)[0].reason, "before") << "where nothing was said, what was";
}

}  // namespace
}  // namespace headgate
