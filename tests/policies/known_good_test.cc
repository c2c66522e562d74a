#include "policies/known_good.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/policies/addresses.h"
#include "tests/policies/fixed_hash.h"

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Time kToday{hours(100)};
const PairKey kShop = kHash.Pair(V4(10, 0, 0, 1), "shop");

KnownGoodLimits Minutes(std::uint32_t n) {
  KnownGoodLimits limits;
  limits.minutes = n;
  return limits;
}

// What makes a pair known-good does not hang on which of its sessions speaks.
bool Work(KnownGood& k, const PairKey& pair, const KnownGoodLimits& limits, Time now, bool calm) {
  return k.OnStatement(pair, limits, now, calm, /*first=*/false);
}

// Works one statement a minute until it is known-good.
void Earn(KnownGood& k, const PairKey& pair, Time now, std::uint32_t n = 10) {
  for (std::uint32_t i = 0; i < n; ++i) {
    EXPECT_EQ(Work(k, pair, Minutes(n), now + minutes(i), true), i + 1 == n);
  }
}

TEST(KnownGood, EarnedByDistinctMinutesNotByStatements) {
  KnownGood k(kHash, 100);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(Work(k, kShop, Minutes(3), kToday, true));
  EXPECT_FALSE(Work(k, kShop, Minutes(3), kToday + seconds(59), true));
  EXPECT_FALSE(Work(k, kShop, Minutes(3), kToday + minutes(1), true));
  EXPECT_FALSE(Work(k, kShop, Minutes(3), kToday, true));  // a thread a little behind
  EXPECT_FALSE(k.IsKnownGood(kShop));
  EXPECT_TRUE(Work(k, kShop, Minutes(3), kToday + hours(5), true));  // need not be in a row
  EXPECT_TRUE(k.IsKnownGood(kShop));
  EXPECT_EQ(k.size(), 1U);
  EXPECT_EQ(k.candidates(), 0U);
}

TEST(KnownGood, ThePairEarnsNotTheUserNorTheSource) {
  KnownGood k(kHash, 100);
  Earn(k, kShop, kToday);
  EXPECT_FALSE(k.IsKnownGood(kHash.Pair(V4(10, 0, 0, 1), "intern")));
  EXPECT_FALSE(k.IsKnownGood(kHash.Pair(V4(66, 0, 0, 1), "shop")));
  EXPECT_TRUE(k.IsKnownGoodSource(V4(10, 0, 0, 1)));
  EXPECT_FALSE(k.IsKnownGoodSource(V4(10, 0, 0, 2)));
}

TEST(KnownGood, ANewPodOfTheSameApplicationIsKnownByItsPrefix) {
  KnownGood k(kHash, 100);
  Earn(k, kShop, kToday);
  EXPECT_TRUE(k.IsKnownUserFromKnownPrefix(kShop));
  EXPECT_TRUE(k.IsKnownUserFromKnownPrefix(kHash.Pair(V4(10, 0, 0, 77), "shop")));
  EXPECT_FALSE(k.IsKnownUserFromKnownPrefix(kHash.Pair(V4(10, 0, 0, 77), "intern")));
  EXPECT_FALSE(k.IsKnownUserFromKnownPrefix(kHash.Pair(V4(10, 0, 1, 77), "shop")));
}

TEST(KnownGood, NothingIsEarnedAboveCalm) {
  KnownGood k(kHash, 100);
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(Work(k, kShop, Minutes(2), kToday + minutes(i), false));
  }
  EXPECT_EQ(k.candidates(), 0U);  // not even an entry
  EXPECT_FALSE(Work(k, kShop, Minutes(2), kToday + minutes(200), true));
  EXPECT_FALSE(Work(k, kShop, Minutes(2), kToday + minutes(201), false));
  EXPECT_TRUE(Work(k, kShop, Minutes(2), kToday + minutes(202), true));
  EXPECT_FALSE(Work(k, kShop, Minutes(2), kToday + minutes(203), false));
  EXPECT_TRUE(k.IsKnownGood(kShop));  // and nothing is lost
}

TEST(KnownGood, CandidatesPushOutTheLongestIdleCandidateAndNeverAKnownGoodPair) {
  KnownGood k(kHash, 4);
  Earn(k, kShop, kToday);
  const Time later = kToday + hours(24 * 300);
  const auto candidate = [&](std::uint8_t i) { return kHash.Pair(V4(20, 0, 0, i), "x"); };
  for (std::uint8_t i = 0; i < 3; ++i) Work(k, candidate(i), Minutes(2), later, true);
  Work(k, candidate(0), Minutes(2), later, true);  // same minute: no credit, but not idle
  Work(k, candidate(3), Minutes(2), later, true);  // pushes out 1
  EXPECT_TRUE(k.IsKnownGood(kShop));
  EXPECT_TRUE(Work(k, candidate(0), Minutes(2), later + minutes(1), true));
  EXPECT_FALSE(Work(k, candidate(1), Minutes(2), later + minutes(1), true));  // began anew
}

TEST(KnownGood, FullOfKnownGoodItTakesNoNewcomerUntilOneIsForgotten) {
  KnownGood k(kHash, 2);
  Earn(k, kShop, kToday);
  const PairKey other = kHash.Pair(V4(10, 0, 0, 2), "shop");
  Earn(k, other, kToday);
  const PairKey late = kHash.Pair(V4(30, 0, 0, 1), "late");
  EXPECT_FALSE(Work(k, late, Minutes(1), kToday + hours(24 * 29), true));
  EXPECT_FALSE(k.IsKnownGood(late));
  Work(k, other, Minutes(10), kToday + hours(24 * 29), true);
  EXPECT_TRUE(Work(k, late, Minutes(1), kToday + hours(24 * 31), true));
  EXPECT_FALSE(k.IsKnownGood(kShop));  // 31 days without a statement
  EXPECT_FALSE(k.IsKnownGoodSource(V4(10, 0, 0, 1)));
  EXPECT_TRUE(k.IsKnownGood(other));
  EXPECT_TRUE(k.IsKnownUserFromKnownPrefix(kShop));  // by the other pod
}

// A weak account from a million sources, each with a statement, beside an app that works every
// minute: the app's progress is kept as long as the login rate bounds the newcomers of a minute.
TEST(KnownGood, AFloodOfCandidatesDoesNotStopTheAppFromEarning) {
  KnownGood k(kHash, 1000);
  std::uint32_t n = 0;
  for (int minute = 0; minute < 10; ++minute) {
    const Time now = kToday + minutes(minute);
    EXPECT_EQ(Work(k, kShop, Minutes(10), now, true), minute == 9);
    for (int i = 0; i < 900; ++i) Work(k, kHash.Pair(V6Source(n++), "weak"), {}, now, true);
  }
  EXPECT_TRUE(k.IsKnownGood(kShop));
  EXPECT_EQ(k.size(), 1U);
  for (int i = 0; i < 100'000; ++i) {
    Work(k, kHash.Pair(V6Source(n++), "weak"), {}, kToday + hours(1), true);
  }
  EXPECT_TRUE(k.IsKnownGood(kShop));
  EXPECT_EQ(k.size() + k.candidates(), 1000U);
}

TEST(KnownGood, NoRoomAtAllRecordsNothing) {
  KnownGood k(kHash, 0);
  EXPECT_FALSE(Work(k, kShop, Minutes(1), kToday, true));
  EXPECT_FALSE(k.IsKnownGood(kShop));
}

// Sources and prefixes are known exactly as long as one of their pairs is.
TEST(KnownGood, AgreesWithANaiveModelOfWhoIsKnown) {
  std::mt19937_64 random(6);
  KnownGood k(kHash, 40);
  Time now = kToday;
  std::set<PairKey> seen;
  for (int i = 0; i < 20'000; ++i) {
    now += hours(random() % 48);
    const Address source = V4(10, 0, static_cast<std::uint8_t>(random() % 4),
                              static_cast<std::uint8_t>(random() % 16));
    const PairKey pair = kHash.Pair(source, random() % 2 == 0 ? "shop" : "reports");
    seen.insert(pair);
    Work(k, pair, Minutes(2), now, random() % 10 != 0);
    std::map<Address, int> sources;
    std::set<PairKey> prefixes;
    std::uint32_t good = 0;
    for (const PairKey& p : seen) {
      if (!k.IsKnownGood(p)) continue;
      ++good;
      ++sources[p.source];
      prefixes.insert({PrefixOf(p.source), p.user});
    }
    ASSERT_EQ(k.size(), good);
    for (const PairKey& p : seen) {
      ASSERT_EQ(k.IsKnownGoodSource(p.source), sources.contains(p.source));
      ASSERT_EQ(k.IsKnownUserFromKnownPrefix(p), prefixes.contains({PrefixOf(p.source), p.user}));
    }
  }
}

}  // namespace
}  // namespace headgate
