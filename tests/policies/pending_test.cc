#include "policies/pending.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <vector>

#include "tests/policies/addresses.h"
#include "tests/policies/fixed_hash.h"

namespace headgate {
namespace {

PendingLimits Max(std::uint32_t max, double share = 0.25) {
  PendingLimits limits;
  limits.max = max;
  limits.known_good_share = share;
  return limits;
}

TEST(Pending, NobodyGoesWhileThereIsRoom) {
  PendingBudget p(kHash);
  for (std::uint64_t i = 0; i < 10; ++i) {
    EXPECT_EQ(p.Enter(V4(10, 0, 0, 1), false, i, Max(10)).evicted, std::nullopt);
  }
  EXPECT_EQ(p.size(), 10U);
}

TEST(Pending, TheFlooderPaysForTheNewcomer) {
  PendingBudget p(kHash);
  for (std::uint64_t i = 0; i < 9; ++i) {
    static_cast<void>(p.Enter(V4(66, 0, 0, 1), false, i, Max(10)));
  }
  static_cast<void>(p.Enter(V4(10, 0, 0, 1), false, 100, Max(10)));
  const auto app = p.Enter(V4(10, 0, 0, 2), false, 101, Max(10));
  EXPECT_NE(app.place, PendingBudget::kRefused);
  EXPECT_EQ(app.evicted, 0U);  // the flooder's oldest
  const auto more = p.Enter(V4(66, 0, 0, 1), false, 50, Max(10));
  EXPECT_EQ(more.evicted, 1U);  // its own
  EXPECT_EQ(p.size(), 10U);
}

// 10,000 silent clients from 1,000 addresses in 50 /24s of 5 /16s: the app's few are never asked.
TEST(Pending, AFloodFromManyAddressesNeverEvictsTheApp) {
  PendingBudget p(kHash);
  std::mt19937_64 random(1);
  constexpr std::uint64_t kApp = 1'000'000;
  std::uint64_t tag = 0;
  for (int round = 0; round < 10'000; ++round) {
    const auto part = [&](int n) { return static_cast<std::uint8_t>(random() % n); };
    const auto bad = p.Enter(V4(66, part(5), part(10), part(20)), false, tag++, Max(200));
    if (bad.evicted) {
      ASSERT_LT(*bad.evicted, kApp);
    }
    if (round % 10 != 0) continue;
    const auto app = p.Enter(V4(10, 0, 0, part(3)), false, kApp, Max(200));
    ASSERT_NE(app.place, PendingBudget::kRefused);
    if (app.evicted) {
      ASSERT_LT(*app.evicted, kApp);
    }
    // Ten attackers come while the app's client sends its login.
    for (int i = 0; i < 10; ++i) {
      const auto more = p.Enter(V4(66, part(5), part(10), part(20)), false, tag++, Max(200));
      if (more.evicted) {
        ASSERT_LT(*more.evicted, kApp);
      }
    }
    p.Leave(app.place);
  }
}

TEST(Pending, KnownGoodPlacesAreKeptUpToTheirShare) {
  PendingBudget p(kHash);
  for (std::uint64_t i = 0; i < 6; ++i) {
    static_cast<void>(p.Enter(V4(10, 0, 0, 1), true, 100 + i, Max(20)));
  }
  EXPECT_EQ(p.kept(), 5U);  // 25% of 20; the sixth is like any other
  std::set<std::uint64_t> evicted;
  for (std::uint8_t i = 0; i < 100; ++i) {  // as many /16s, so that the oldest of all goes
    const auto e = p.Enter(V4(i, 0, 0, 1), false, i, Max(20));
    if (e.evicted) evicted.insert(*e.evicted);
  }
  EXPECT_EQ(p.size(), 20U);
  EXPECT_EQ(p.kept(), 5U);
  for (std::uint64_t i = 0; i < 5; ++i) EXPECT_FALSE(evicted.contains(100 + i));
  EXPECT_TRUE(evicted.contains(105));
}

TEST(Pending, RefusesOnlyWhereNothingCanBeEvicted) {
  PendingBudget p(kHash);
  EXPECT_EQ(p.Enter(V4(1, 1, 1, 1), false, 1, Max(0)).place, PendingBudget::kRefused);
  EXPECT_EQ(p.Enter(V4(1, 1, 1, 1), true, 1, Max(0)).place, PendingBudget::kRefused);
  std::vector<PendingBudget::Place> places;
  for (std::uint64_t i = 0; i < 3; ++i) {
    places.push_back(p.Enter(V4(10, 0, 0, 1), true, i, Max(3, 1.0)).place);
  }
  const auto refused = p.Enter(V4(1, 1, 1, 1), false, 9, Max(3, 1.0));
  EXPECT_EQ(refused.place, PendingBudget::kRefused);
  EXPECT_EQ(refused.evicted, std::nullopt);
  EXPECT_EQ(p.Enter(V4(10, 0, 0, 2), true, 9, Max(3, 1.0)).place, PendingBudget::kRefused);
  EXPECT_EQ(p.EvictOne(), std::nullopt);
  for (const auto place : places) p.Leave(place);
  EXPECT_EQ(p.size(), 0U);
}

TEST(Pending, AReloadThatLowersMaxEvictsDownToIt) {
  PendingBudget p(kHash);
  for (std::uint32_t i = 0; i < 10; ++i) {
    static_cast<void>(p.Enter(V4(10, 0, 0, 1), false, i, Max(10)));
  }
  for (std::uint64_t i = 0; i < 6; ++i) EXPECT_EQ(p.EvictOne(), i);
  EXPECT_EQ(p.size(), 4U);
}

// Whatever comes and goes: never more than max, everybody accounted for once, nobody reported
// twice.
TEST(Pending, PlacesAddUp) {
  std::mt19937_64 random(8);
  PendingBudget p(kHash);
  std::map<std::uint64_t, PendingBudget::Place> in;
  std::uint64_t tag = 0;
  for (int i = 0; i < 50'000; ++i) {
    if (random() % 3 != 0 || in.empty()) {
      const Address source = V6Source(static_cast<std::uint32_t>(random() % 8) << 15);
      const auto e = p.Enter(source, random() % 5 == 0, ++tag, Max(50));
      if (e.evicted) {
        ASSERT_NE(*e.evicted, tag);
        ASSERT_EQ(in.erase(*e.evicted), 1U);
      }
      ASSERT_NE(e.place, PendingBudget::kRefused);
      in[tag] = e.place;
    } else {
      const auto it = std::next(in.begin(), static_cast<std::ptrdiff_t>(random() % in.size()));
      p.Leave(it->second);
      in.erase(it);
    }
    ASSERT_EQ(p.size(), in.size());
    ASSERT_LE(p.size(), 50U);
    ASSERT_LE(p.kept(), 13U);
  }
}

TEST(Pending, TellsWhetherThereIsAPlaceAndWhoPays) {
  PendingBudget p(kHash);
  EXPECT_FALSE(p.Admits(Max(0)));
  EXPECT_TRUE(p.Admits(Max(2, 1)));
  EXPECT_FALSE(p.PaysItself(V4(10, 0, 0, 1)));
  for (std::uint64_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(p.Admits(Max(2, 1)));
    static_cast<void>(p.Enter(V4(10, 0, 0, 1), true, i, Max(2, 1)));
  }
  EXPECT_FALSE(p.Admits(Max(2, 1)));  // all of them are kept
  EXPECT_EQ(p.Enter(V4(10, 0, 0, 1), true, 9, Max(2, 1)).place, PendingBudget::kRefused);
  for (std::uint64_t i = 0; i < 3; ++i) {
    static_cast<void>(p.Enter(V4(20, 0, 0, 1), false, i, Max(5, 0.4)));
  }
  EXPECT_TRUE(p.Admits(Max(5, 0.4)));
  EXPECT_TRUE(p.PaysItself(V4(20, 0, 0, 1)));
  EXPECT_FALSE(p.PaysItself(V4(30, 0, 0, 1)));
  EXPECT_EQ(p.CountOf(V4(20, 0, 0, 1)), 3U);
}

}  // namespace
}  // namespace headgate
