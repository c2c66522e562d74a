#include "policies/prefix_counts.h"

#include <gtest/gtest.h>

#include "tests/policies/addresses.h"
#include "tests/policies/fixed_hash.h"

namespace headgate {
namespace {

TEST(PrefixCounts, CountsWhatIsThereAndForgetsWhatIsGone) {
  PrefixCounts counts(kHash, 10);
  const Address prefix = PrefixOf(V4(10, 1, 2, 3));
  EXPECT_EQ(counts.Count(prefix), 0U);
  const auto a = counts.Add(prefix);
  const auto b = counts.Add(PrefixOf(V4(10, 1, 2, 200)));
  EXPECT_EQ(counts.Count(prefix), 2U);
  EXPECT_EQ(counts.Count(PrefixOf(V4(10, 1, 3, 3))), 0U);
  counts.Drop(a);
  EXPECT_EQ(counts.Count(prefix), 1U);
  counts.Drop(b);
  EXPECT_EQ(counts.Count(prefix), 0U);
  EXPECT_EQ(counts.size(), 0U);
}

TEST(PrefixCounts, FullItLeavesTheNewcomerUncountedAndTheRestRight) {
  PrefixCounts counts(kHash, 1);
  const auto first = counts.Add(V4(10, 1, 1, 0));
  const auto uncounted = counts.Add(V4(10, 1, 2, 0));
  EXPECT_EQ(uncounted, PrefixCounts::kUncounted);
  counts.Drop(first);
  const auto later = counts.Add(V4(10, 1, 2, 0));
  counts.Drop(uncounted);  // was never counted, so takes nothing from the later one
  EXPECT_EQ(counts.Count(V4(10, 1, 2, 0)), 1U);
  counts.Drop(later);
  EXPECT_EQ(counts.size(), 0U);
}

}  // namespace
}  // namespace headgate
