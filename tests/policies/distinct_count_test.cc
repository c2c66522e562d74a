#include "policies/distinct_count.h"

#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>
#include <memory>

#include "tests/support/random.h"

namespace headgate {
namespace {

TEST(DistinctCount, NothingIsZeroAndTheSameIsOne) {
  DistinctCount d;
  EXPECT_EQ(d.Estimate(), 0);
  for (int i = 0; i < 1000; ++i) d.Add(0x123456789abcdef0);
  EXPECT_NEAR(d.Estimate(), 1, 0.01);
  d.Clear();
  EXPECT_EQ(d.Estimate(), 0);
}

// 40 seeds at each size: the errors are of the size that was said, and lie on both sides.
TEST(DistinctCount, IsWithinItsErrorFromOneToAMillion) {
  constexpr int kSeeds = 40;
  const double standard = 1.04 / std::sqrt(DistinctCount::kRegisters);
  for (const int n :
       {1, 2, 5, 10, 50, 100, 500, 1'000, 3'000, 10'000, 20'000, 100'000, 1'000'000}) {
    double sum = 0;
    double squares = 0;
    const int seeds = n >= 100'000 ? kSeeds / 4 : kSeeds;
    for (int seed = 0; seed < seeds; ++seed) {
      testing::Random random(testing::MixSeeds(static_cast<std::uint64_t>(seed), 77));
      DistinctCount d;
      for (int i = 0; i < n; ++i) d.Add(random.Next());
      const double error = d.Estimate() / n - 1;
      ASSERT_LT(std::abs(error), std::max(4.5 * standard, 1.2 / n)) << n << " seed " << seed;
      if (n <= 100) {
        ASSERT_LE(std::abs(error) * n, 6) << n;
      }
      sum += error;
      squares += error * error;
    }
    EXPECT_LT(std::abs(sum / seeds), 4 * standard / std::sqrt(seeds)) << n;
    EXPECT_LT(std::sqrt(squares / seeds), 1.7 * standard) << n;
  }
}

TEST(DistinctCount, MergedIsAsIfAddedTogether) {
  testing::Random random(3);
  DistinctCount a, b, both;
  for (int i = 0; i < 5000; ++i) {
    const std::uint64_t hash = random.Next();
    (i % 3 == 0 ? a : b).Add(hash);
    if (i % 5 == 0) a.Add(hash);
    both.Add(hash);
  }
  a.Merge(b);
  EXPECT_EQ(a.Estimate(), both.Estimate());
}

// Every register full: no division by nothing, no endless loop.
TEST(DistinctCount, EveryHashHasARegister) {
  DistinctCount d;
  for (std::uint64_t i = 0; i < DistinctCount::kRegisters; ++i) {
    d.Add(i << (64 - DistinctCount::kIndexBits));
  }
  EXPECT_GT(d.Estimate(), 1e18);
}

// As many that the registers fill up, by the distribution that they have then: register by register
// at its quantile.
TEST(DistinctCount, UpToWhereRegistersAreFull) {
  constexpr unsigned kRanks = 64 - DistinctCount::kIndexBits;
  for (const double power : {40.0, 50.0, 51.0, 52.0, 53.0, 54.0}) {
    const double each = std::exp2(power);
    DistinctCount d;
    for (std::uint64_t i = 0; i < DistinctCount::kRegisters; ++i) {
      const double quantile = (static_cast<double>(i) + 0.5) / DistinctCount::kRegisters;
      unsigned rank = 1;
      while (rank <= kRanks && std::exp(-each / std::exp2(rank)) < quantile) ++rank;
      const std::uint64_t first = rank > kRanks ? 0 : std::uint64_t{1} << (kRanks - rank);
      d.Add(i << kRanks | first);
    }
    const double n = each * DistinctCount::kRegisters;
    EXPECT_NEAR(d.Estimate() / n, 1, 0.02) << "2^" << power << " for each register";
  }
}

}  // namespace
}  // namespace headgate
