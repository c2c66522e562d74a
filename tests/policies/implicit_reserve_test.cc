#include "policies/implicit_reserve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "tests/policies/addresses.h"

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

using Reserves = std::vector<ImplicitReserve>;

PairKey Pair(std::uint64_t user, const Address& source) { return {source, user}; }

TEST(ShareOut, AllGetWhatTheyDemandWhereItIsThere) {
  const PairKey a = Pair(1, V4(10, 0, 0, 1));
  const PairKey b = Pair(2, V4(10, 0, 0, 2));
  const PairKey none = Pair(3, V4(10, 0, 0, 3));
  const Reserves expected = {{b, 3}, {a, 5}};  // the oldest first
  EXPECT_EQ(ShareOut({{a, 5, hours(1)}, {none, 0, hours(9)}, {b, 3, hours(2)}}, 8), expected);
  EXPECT_TRUE(ShareOut({}, 8).empty());
  EXPECT_TRUE(ShareOut({{a, 5, hours(1)}}, 0).empty());
}

TEST(ShareOut, OlderHistoryFirst) {
  const PairKey old = Pair(1, V4(10, 0, 0, 1));
  const PairKey young = Pair(2, V4(10, 0, 0, 2));
  const auto of = [&](Duration age, std::uint32_t slots) {
    return ShareOut({{young, 90, age}, {old, 90, hours(10)}}, slots);
  };
  EXPECT_EQ(of(hours(5) - seconds(1), 100), (Reserves{{old, 90}, {young, 10}}));
  EXPECT_EQ(of(hours(5) - seconds(1), 90), (Reserves{{old, 90}}));
  EXPECT_EQ(of(hours(5), 100), (Reserves{{old, 50}, {young, 50}}));
}

TEST(ShareOut, WhoRestsGetsWhatTheOthersLeave) {
  const PairKey old = Pair(1, V4(10, 0, 0, 1));
  const PairKey young = Pair(2, V4(10, 0, 0, 2));
  EXPECT_EQ(ShareOut({{old, 90, hours(10), true}, {young, 90, hours(1)}}, 100),
            (Reserves{{young, 90}, {old, 10}}));
}

TEST(ShareOut, UsersAreEqualHoweverManyAddressesTheyHave) {
  std::vector<ReserveDemand> demands = {{Pair(1, V4(10, 0, 0, 1)), 60, hours(1)}};
  for (std::uint8_t i = 0; i < 100; ++i) demands.push_back({Pair(2, V4(66, i, 0, 1)), 5, hours(1)});
  std::uint32_t app = 0;
  std::uint32_t other = 0;
  for (const ImplicitReserve& r : ShareOut(demands, 113))
    (r.pair.user == 1 ? app : other) += r.slots;
  EXPECT_EQ(app, 57U);
  EXPECT_EQ(other, 56U);
}

TEST(ShareOut, AUsersOlderPairsKeepTheirs) {
  std::vector<ReserveDemand> demands = {{Pair(1, V4(10, 0, 0, 1)), 14, hours(100)},
                                        {Pair(1, V4(10, 0, 0, 2)), 14, hours(100) - minutes(5)}};
  for (std::uint8_t i = 0; i < 100; ++i) {
    demands.push_back({Pair(1, V4(66, i, 0, 1)), 5, hours(100) - minutes(6)});
  }
  const Reserves reserves = ShareOut(demands, 113);
  EXPECT_EQ(reserves[0], (ImplicitReserve{demands[0].pair, 14}));
  EXPECT_EQ(reserves[1], (ImplicitReserve{demands[1].pair, 14}));
}

TEST(ShareOut, WithinAUserByWidePrefixThenPrefixThenPair) {
  const PairKey a = Pair(1, V4(10, 0, 0, 1));
  const PairKey b = Pair(1, V4(10, 0, 0, 2));
  const PairKey c = Pair(1, V4(10, 0, 9, 1));
  const PairKey d = Pair(1, V4(20, 0, 0, 1));
  std::vector<ReserveDemand> demands;
  for (const PairKey& p : {a, b, c, d}) demands.push_back({p, 100, hours(1)});
  EXPECT_EQ(ShareOut(demands, 80), (Reserves{{a, 10}, {b, 10}, {c, 20}, {d, 40}}));
}

TEST(ShareOut, FewerSlotsThanPairs) {
  std::vector<ReserveDemand> demands;
  for (std::uint8_t i = 0; i < 10; ++i) demands.push_back({Pair(i, V4(10, i, 0, 1)), 9, hours(1)});
  const Reserves reserves = ShareOut(demands, 3);
  EXPECT_EQ(reserves.size(), 3U);
  for (const ImplicitReserve& r : reserves) EXPECT_EQ(r.slots, 1U);
}

TEST(ShareOut, HugeDemandsDoNotRunOver) {
  std::vector<ReserveDemand> demands;
  for (std::uint8_t i = 0; i < 4; ++i) {
    demands.push_back({Pair(i, V4(10, i, 0, 1)), UINT32_MAX, Duration::max()});
  }
  std::uint64_t sum = 0;
  for (const ImplicitReserve& r : ShareOut(demands, UINT32_MAX)) sum += r.slots;
  EXPECT_EQ(sum, UINT32_MAX);
  demands.push_back({Pair(9, V4(10, 0, 0, 9)), 5, Duration::min()});
  EXPECT_EQ(ShareOut(demands, 4).size(), 4U);
}

// Random demands, checked against what the header says and nothing else.
class Case {
 public:
  explicit Case(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const std::uint64_t users = 1 + random() % 6;
    std::set<PairKey> pairs;
    for (std::uint64_t n = random() % 60; n > 0; --n) {
      const auto byte = [&](int most) { return static_cast<std::uint8_t>(random() % most); };
      pairs.insert(Pair(random() % users, V4(10, byte(4), byte(3), byte(4))));
    }
    for (const PairKey& p : pairs) {
      const Duration age = minutes((1 << random() % 12) + random() % 4);
      const bool rests = random() % 8 == 0;
      demands.push_back({p, static_cast<std::uint32_t>(random() % 20), age, rests});
    }
    slots = static_cast<std::uint32_t>(random() % 300);
    reserves = ShareOut(demands, slots);
    for (const ImplicitReserve& r : reserves) granted[r.pair] = r.slots;
    std::shuffle(demands.begin(), demands.end(), random);
  }
  [[nodiscard]] std::uint32_t Got(const ReserveDemand& d) const {
    const auto it = granted.find(d.pair);
    return it == granted.end() ? 0 : it->second;
  }
  [[nodiscard]] bool Lacks(const ReserveDemand& d) const { return Got(d) < d.slots; }
  // Whether a pair does not rest, and the oldest age of the cohort it is in: more goes first.
  [[nodiscard]] std::pair<bool, Duration> CohortOf(const ReserveDemand& of) const {
    std::set<Duration, std::greater<>> ages;
    for (const ReserveDemand& d : demands) {
      if (d.slots > 0 && d.rests == of.rests) ages.insert(d.age);
    }
    Duration oldest = *ages.begin();
    for (const Duration a : ages) {
      if (a < oldest / 2) oldest = a;
      if (a == of.age) break;
    }
    return {!of.rests, oldest};
  }
  // Every pair that lacks with every other.
  template <typename Check>
  void WithEachThatLacks(Check check) const {
    for (const ReserveDemand& lacking : demands) {
      if (!Lacks(lacking)) continue;
      for (const ReserveDemand& d : demands) check(lacking, d);
    }
  }

  std::vector<ReserveDemand> demands;
  std::uint32_t slots = 0;
  Reserves reserves;
  std::map<PairKey, std::uint32_t> granted;
};

class ShareOutProperties : public testing::Test {
 protected:
  template <typename Check>
  static void ForEachCase(Check check) {
    for (std::uint64_t seed = 0; seed < 300 && !HasFailure(); ++seed) {
      SCOPED_TRACE(seed);
      check(Case(seed));
    }
  }
};

TEST_F(ShareOutProperties, NobodyGetsMoreThanItDemandsAndNothingIsLeftLying) {
  ForEachCase([](const Case& c) {
    std::uint64_t total = 0;
    std::uint64_t sum = 0;
    for (const ReserveDemand& d : c.demands) total += d.slots;
    for (const ImplicitReserve& r : c.reserves) sum += r.slots;
    EXPECT_EQ(sum, std::min<std::uint64_t>(total, c.slots));
    EXPECT_EQ(c.granted.size(), c.reserves.size());
    for (const ImplicitReserve& r : c.reserves) EXPECT_GT(r.slots, 0U);
    for (const ReserveDemand& d : c.demands) EXPECT_LE(c.Got(d), d.slots);
  });
}

TEST_F(ShareOutProperties, TheOrderOfTheQuestionDoesNotMatter) {
  ForEachCase([](const Case& c) { EXPECT_EQ(ShareOut(c.demands, c.slots), c.reserves); });
}

TEST_F(ShareOutProperties, AYoungerCohortGetsNothingWhileAnOlderLacks) {
  ForEachCase([](const Case& c) {
    c.WithEachThatLacks([&](const ReserveDemand& lacking, const ReserveDemand& d) {
      if (c.Got(d) > 0) {
        EXPECT_GE(c.CohortOf(d), c.CohortOf(lacking));
      }
    });
  });
}

// Max-min: who lacks has at least what any other has, but for the one that cannot be divided.
TEST_F(ShareOutProperties, WithinACohortUsersThatLackHaveAsMuchAsAny) {
  ForEachCase([](const Case& c) {
    std::map<std::pair<std::pair<bool, Duration>, std::uint64_t>, std::pair<std::uint32_t, bool>>
        users;
    for (const ReserveDemand& d : c.demands) {
      if (d.slots == 0) continue;
      auto& [got, lacks] = users[{c.CohortOf(d), d.pair.user}];
      got += c.Got(d);
      lacks = lacks || c.Lacks(d);
    }
    for (const auto& [a, of_a] : users) {
      for (const auto& [b, of_b] : users) {
        if (a.first == b.first && of_a.second) {
          EXPECT_GE(of_a.first + 1, of_b.first);
        }
      }
    }
  });
}

TEST_F(ShareOutProperties, AUsersYoungerPairsGetNothingWhileItsOlderLack) {
  ForEachCase([](const Case& c) {
    c.WithEachThatLacks([&](const ReserveDemand& lacking, const ReserveDemand& d) {
      if (d.pair.user == lacking.pair.user && d.rests == lacking.rests &&
          lacking.age - d.age > kTogether) {
        EXPECT_EQ(c.Got(d), 0U);
      }
    });
  });
}

TEST_F(ShareOutProperties, PairsOfOnePrefixAndAgeAreEqual) {
  ForEachCase([](const Case& c) {
    c.WithEachThatLacks([&](const ReserveDemand& lacking, const ReserveDemand& d) {
      if (d.pair.user == lacking.pair.user && d.age == lacking.age && d.rests == lacking.rests &&
          PrefixOf(d.pair.source) == PrefixOf(lacking.pair.source)) {
        EXPECT_GE(c.Got(lacking) + 1, c.Got(d));
      }
    });
  });
}

}  // namespace
}  // namespace headgate
