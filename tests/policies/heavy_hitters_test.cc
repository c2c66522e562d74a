#include "policies/heavy_hitters.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <vector>

#include "tests/support/random.h"

namespace headgate {
namespace {

using Table = HeavyHitters<std::uint32_t, int, 2>;

std::uint64_t HashOf(std::uint32_t key) { return testing::MixSeeds(key, 9); }

// The table beside exact counts.
struct Beside {
  explicit Beside(std::uint32_t places) : m(places), table({places, 4}) {}

  void Add(std::uint32_t key) {
    table.Add(HashOf(key), key);
    ++exact[key];
    ++n;
  }
  void Check() const {
    std::uint32_t held = 0;
    for (Table::Id id = 0; id < table.places(); ++id) {
      if (!table.Holds(id)) continue;
      ++held;
      const std::uint32_t key = table.KeyOf(id);
      const auto truth = exact.find(key);
      const std::uint64_t count = truth == exact.end() ? 0 : truth->second;
      ASSERT_EQ(table.Find(HashOf(key), key), id);
      ASSERT_GE(table.count(id), count) << key;
      ASSERT_LE(table.count(id) - table.error(id), count) << key;
      ASSERT_LE(table.error(id), n / m) << key;
    }
    ASSERT_EQ(held, table.size(0) + table.size(1));
    for (const auto& [key, count] : exact) {
      if (count > n / m) {
        ASSERT_NE(table.Find(HashOf(key), key), Table::kNone) << key << " " << count;
      }
    }
  }

  std::uint64_t m, n = 0;
  Table table;
  std::map<std::uint32_t, std::uint64_t> exact;
};

TEST(HeavyHitters, KeepsItsBoundsOnZipf) {
  for (const std::uint32_t places : {1U, 7U, 100U, 1000U}) {
    testing::Random random(places);
    Beside b(places);
    for (int i = 0; i < 100'000; ++i) {
      // P(key >= k) ~ 1 / k.
      b.Add(static_cast<std::uint32_t>(1e6 / (1 + random.Below(1'000'000))));
      if (i % 20'000 == 0) b.Check();
    }
    b.Check();
  }
}

// Each of these is made to push out what came before: all new; round robin over one more than there
// is room for; a heavy one among new ones; runs.
TEST(HeavyHitters, KeepsItsBoundsOnAdversaries) {
  constexpr std::uint32_t kPlaces = 64;
  testing::Random random(4);
  const std::vector<std::function<std::uint32_t(std::uint32_t)>> streams = {
      [](std::uint32_t i) { return i; },
      [](std::uint32_t i) { return i % (kPlaces + 1); },
      [](std::uint32_t i) { return i % 60 == 0 ? 0 : i; },
      [](std::uint32_t i) { return static_cast<std::uint32_t>(std::sqrt(i)); },
      [&](std::uint32_t i) { return random.OneIn(2) ? i : random.Below(3 * kPlaces); },
  };
  for (const auto& stream : streams) {
    Beside b(kPlaces);
    for (std::uint32_t i = 1; i <= 20'000; ++i) {
      b.Add(stream(i));
      if (i % 500 == 0) b.Check();
    }
  }
}

TEST(HeavyHitters, KeepsItsBoundsThoughKeysAreErasedAndTouched) {
  testing::Random random(8);
  Beside b(50);
  for (int i = 0; i < 50'000; ++i) {
    b.Add(random.Below(1 + random.Below(400)));
    const std::uint32_t other = random.Below(400);
    if (random.OneIn(4)) b.table.Touch(HashOf(other), other);
    const Table::Id id = b.table.Find(HashOf(other), other);
    if (id != Table::kNone && random.OneIn(3)) {
      b.table.Erase(id);
      b.n -= b.exact[other];
      b.exact[other] = 0;  // what it counted went with it
    }
    if (i % 1000 != 0) continue;
    for (Table::Id at = 0; at < b.table.places(); ++at) {
      if (!b.table.Holds(at)) continue;
      const std::uint64_t exact = b.exact[b.table.KeyOf(at)];
      ASSERT_GE(b.table.count(at), exact);
      ASSERT_LE(b.table.count(at) - b.table.error(at), exact);
    }
  }
}

TEST(HeavyHitters, ANewcomerTakesTheLeastOnesPlaceAndItsCountAsError) {
  HeavyHitters<std::uint32_t, int> table({2});
  for (int i = 0; i < 3; ++i) table.Add(HashOf(1), 1);
  const auto second = table.Add(HashOf(2), 2);
  table[second] = 5;
  table.Add(HashOf(2), 2);
  const std::uint32_t before = table.generation(second);
  const auto third = table.Add(HashOf(3), 3);
  EXPECT_EQ(third, second);
  EXPECT_NE(table.generation(third), before);
  EXPECT_EQ(table[third], 0);
  EXPECT_EQ(table.count(third), 3U);
  EXPECT_EQ(table.error(third), 2U);
  EXPECT_EQ(table.Find(HashOf(2), 2), table.kNone);
}

TEST(HeavyHitters, NobodyOfTierZeroPushesOutThePromoted) {
  Table table({8, 2});
  const auto a = table.Add(HashOf(1), 1);
  table[a] = 11;
  table.Promote(a, 1);
  for (std::uint32_t i = 10; i < 10'000; ++i) table.Add(HashOf(i), i);
  ASSERT_EQ(table.Find(HashOf(1), 1), a);
  EXPECT_EQ(table[a], 11);
  EXPECT_EQ(table.count(a), 1U);
  EXPECT_EQ(table.size(0), 8U);
  // Only another promoted one does, when the tier is full.
  table.Place(HashOf(2), 2, 1);
  table.Place(HashOf(2), 2, 1);
  EXPECT_EQ(table.size(1), 2U);
  table.Place(HashOf(3), 3, 1);
  EXPECT_EQ(table.size(1), 2U);
  EXPECT_NE(table.Find(HashOf(1), 1), table.kNone);  // it has a count, 2 had none
  EXPECT_EQ(table.Find(HashOf(2), 2), table.kNone);
}

TEST(HeavyHitters, ATouchCostsNobodyACount) {
  Table table({2, 1});
  table.Add(HashOf(1), 1);
  table.Touch(HashOf(2), 2);
  EXPECT_NE(table.Touch(HashOf(3), 3), Table::kNone);  // 2 had counted nothing
  EXPECT_EQ(table.Find(HashOf(2), 2), Table::kNone);
  table.Add(HashOf(3), 3);
  EXPECT_EQ(table.Touch(HashOf(4), 4), Table::kNone);
}

TEST(HeavyHitters, ANewRoundCountsFromZeroAndTheLeastOfTheLastIsTheFirstToGo) {
  Table table({3, 1});
  for (const std::uint32_t key : {1, 1, 1, 2, 3, 3}) table.Add(HashOf(key), key);
  table.NewRound();
  const auto one = table.Find(HashOf(1), 1);
  EXPECT_EQ(table.count(one), 0U);
  const auto four = table.Add(HashOf(4), 4);
  EXPECT_EQ(table.count(four), 1U);
  EXPECT_EQ(table.error(four), 0U);
  EXPECT_EQ(table.Find(HashOf(2), 2), Table::kNone);
  EXPECT_NE(table.Find(HashOf(3), 3), Table::kNone);
}

// Hashes that all begin at one slot, erased in every order: probing still finds the rest.
TEST(HeavyHitters, FindsWhatIsThereWhenHashesMeet) {
  testing::Random random(6);
  HeavyHitters<std::uint32_t, int> table({16});
  std::map<std::uint32_t, bool> in;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint32_t key = random.Below(24);
    const std::uint64_t hash = key % 3 * 21;
    const auto id = table.Find(hash, key);
    ASSERT_EQ(id != table.kNone, in[key]);
    if (id != table.kNone) {
      table.Erase(id);
      in[key] = false;
    } else if (table.size(0) < 16) {
      table.Add(hash, key);
      in[key] = true;
    }
  }
}

}  // namespace
}  // namespace headgate
