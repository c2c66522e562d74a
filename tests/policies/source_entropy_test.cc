#include "policies/source_entropy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/support/random.h"

namespace headgate {
namespace {

TEST(SourceEntropy, OneSourceIsZeroWhateverItSends) {
  SourceEntropy e;
  EXPECT_EQ(e.Normalised(), 0);
  for (int i = 0; i < 100'000; ++i) {
    e.Add(42);
    if (i < 3) {
      EXPECT_EQ(e.Normalised(), 0);
    }
  }
  EXPECT_EQ(e.Normalised(), 0);
}

TEST(SourceEntropy, AllDifferentIsOneFromTwoPacketsToMillions) {
  for (const int n : {10, 30, 100, 1'000, 4'000, 20'000, 250'000, 1'000'000}) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      testing::Random random(seed);
      SourceEntropy e;
      for (int i = 0; i < n; ++i) e.Add(random.Next());
      EXPECT_GT(e.Normalised(), n < 100 ? 0.9 : 0.99) << n;
      EXPECT_LE(e.Normalised(), 1) << n;
    }
  }
}

// What should be expected of all different ones, by trying.
TEST(SourceEntropy, TheDivisorIsTheMean) {
  for (const int n : {2, 50, 3'000, 12'000, 300'000}) {
    double ratio = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      testing::Random random(seed);
      std::vector<double> counts(SourceEntropy::kBuckets);
      for (int i = 0; i < n; ++i) ++counts[random.Next() % counts.size()];
      double entropy = 0;
      for (const double c : counts) entropy -= c > 0 ? c / n * std::log(c / n) : 0;
      ratio += entropy / SourceEntropy::OfAllDifferent(static_cast<std::uint64_t>(n)) / 20;
    }
    EXPECT_NEAR(ratio, 1, 0.005) << n;
  }
}

// Against exact counting: few sources of unlike weight.
TEST(SourceEntropy, IsCloseToExactCounting) {
  for (const std::uint32_t sources : {2U, 10U, 100U, 400U}) {
    testing::Random random(sources);
    SourceEntropy e;
    std::vector<double> counts(sources);
    constexpr int kPackets = 100'000;
    for (int i = 0; i < kPackets; ++i) {
      const std::uint32_t source = random.Below(1 + random.Below(sources));
      ++counts[source];
      e.Add(testing::MixSeeds(source, 5));
    }
    double entropy = 0;
    for (const double c : counts) entropy -= c > 0 ? c / kPackets * std::log(c / kPackets) : 0;
    EXPECT_NEAR(e.Normalised(), entropy / std::log(SourceEntropy::kBuckets), 0.02) << sources;
  }
}

TEST(SourceEntropy, ClearForgets) {
  SourceEntropy e;
  for (std::uint64_t i = 0; i < 100; ++i) e.Add(i);
  e.Clear();
  EXPECT_EQ(e.Normalised(), 0);
}

}  // namespace
}  // namespace headgate
