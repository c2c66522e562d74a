#include "policies/slot_shares.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "naive_shares.h"

namespace headgate {
namespace {

constexpr Reserve Kept(std::uint32_t slots, std::uint32_t used = 0) { return {slots, used, false}; }
constexpr Reserve Lends(std::uint32_t slots, std::uint32_t used = 0) { return {slots, used, true}; }

UnusedReserves Shrunk(std::vector<Reserve> own, std::vector<Reserve> others, std::uint32_t free,
                      std::uint32_t lent = 0) {
  return ShrunkUnused(own, others, free, lent);
}

TEST(SlotSharesTest, LentLeasesStandForReservesThatLendOnly) {
  EXPECT_TRUE(Covers(5, 0, {.kept = 5, .lendable = 0}));
  EXPECT_FALSE(Covers(4, 9, {.kept = 5, .lendable = 0}));
  EXPECT_TRUE(Covers(5, 3, {.kept = 5, .lendable = 3}));
  EXPECT_FALSE(Covers(5, 2, {.kept = 5, .lendable = 3}));
  EXPECT_FALSE(Covers(4, 9, {.kept = 5, .lendable = 3}));
}

TEST(SlotSharesTest, WhereThereIsEnoughNothingShrinks) {
  const UnusedReserves unused = Shrunk({Kept(10)}, {Kept(10, 4), Lends(10, 12), Lends(3)}, 100);
  EXPECT_EQ(unused.kept, 6u);
  EXPECT_EQ(unused.lendable, 3u);
}

TEST(SlotSharesTest, WhatIsLeftIsSharedInProportion) {
  EXPECT_EQ(Shrunk({Kept(20)}, {Kept(40)}, 30).kept, 20u);
  EXPECT_EQ(Shrunk({Kept(40)}, {Kept(20)}, 30).kept, 10u);
}

TEST(SlotSharesTest, WhoHasMoreThanItsShareKeepsItAndTheOthersShareTheRest) {
  // Shares would be 7 each: the first keeps 15, the others share 6.
  EXPECT_EQ(Shrunk({Kept(30)}, {Kept(30, 15), Kept(30)}, 6).kept, 3u);
}

TEST(SlotSharesTest, LentLeasesAreRoomForReservesThatLend) {
  // All together 14 of 15; so the one that lends cannot make the other shrink much.
  const UnusedReserves others = Shrunk({Lends(10)}, {Kept(5)}, 4, 10);
  EXPECT_EQ(others.kept, 4u);
  // And what does not lend shares what is free alone.
  EXPECT_EQ(Shrunk({}, {Kept(5), Kept(5), Lends(5)}, 2, 5).kept, 2u);
}

class RandomShares : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(RandomShares, AreAsDefinedAndWasteNothing) {
  std::mt19937 random(GetParam());
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random()) % n; };
  for (int round = 0; round < 5000; ++round) {
    std::vector<Reserve> reserves;
    for (std::uint32_t n = 1 + below(7); n > 0; --n) {
      reserves.push_back({below(20), below(25), below(3) == 0});
    }
    const std::uint32_t free = 1 + below(40);
    const std::uint32_t lent = below(3) == 0 ? below(30) : 0;
    const NaiveShares naive(reserves, free, lent);
    bool somebody_asks = false, somebody_may = false;
    for (std::size_t own = 0; own < reserves.size(); ++own) {
      std::vector<Reserve> others = reserves;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(own));
      UnusedReserves want;
      for (std::size_t i = 0; i < reserves.size(); ++i) {
        if (i != own) (reserves[i].lends ? want.lendable : want.kept) += naive.Unused(i);
      }
      const UnusedReserves got = ShrunkUnused({&reserves[own], 1}, others, free, lent);
      ASSERT_EQ(got.kept, want.kept) << "round " << round << " own " << own;
      ASSERT_EQ(got.lendable, want.lendable) << "round " << round << " own " << own;
      if (reserves[own].unused() == 0) continue;
      somebody_asks = true;
      somebody_may |= Covers(free - 1, lent, got);
    }
    ASSERT_TRUE(somebody_may || !somebody_asks) << "a free slot for nobody, round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomShares, ::testing::Range(1u, 9u));

}  // namespace
}  // namespace headgate
