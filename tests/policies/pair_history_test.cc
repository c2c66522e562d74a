#include "policies/pair_history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace headgate {
namespace {

constexpr double kQuarter = 0.25;

// `n` sessions report; `first` of them for the first time.
void Reports(PairHistory& h, std::int64_t minute, std::uint32_t n, std::uint32_t first,
             bool calm = true) {
  for (std::uint32_t i = 0; i < n; ++i) {
    h.Note({.minute = minute, .calm = calm, .first = i < first}, true, kQuarter);
  }
}

TEST(PairHistory, MinutesAreCountedOnceAndOnlyWhileCalm) {
  PairHistory h;
  EXPECT_TRUE(h.Note({-5, true, true}, false, kQuarter));
  EXPECT_FALSE(h.Note({-5, true, true}, false, kQuarter));
  EXPECT_FALSE(h.Note({-4, false, false}, false, kQuarter));
  EXPECT_TRUE(h.Note({-4, true, false}, false, kQuarter));   // calm again within it
  EXPECT_FALSE(h.Note({-5, true, false}, false, kQuarter));  // late
  EXPECT_EQ(h.minutes(), 2U);
  EXPECT_EQ(h.first_minute(), -5);
  EXPECT_EQ(h.last_minute(), -4);
}

TEST(PairHistory, TheRunningMinuteCounts) {
  PairHistory h;
  Reports(h, 0, 3, 3);
  EXPECT_EQ(h.Demand(), 3U);
}

TEST(PairHistory, SessionsThatEndAreNotThere) {
  PairHistory h;
  Reports(h, 0, 10, 10);
  for (int i = 0; i < 7; ++i) h.OnSessionEnded();
  for (std::int64_t minute = 1; minute < 100; ++minute) {
    Reports(h, minute, 3, 0);
    for (int i = 0; i < 5; ++i) {  // and five come and go, one by one
      Reports(h, minute, 1, 1);
      h.OnSessionEnded();
    }
  }
  EXPECT_EQ(h.Demand(), 4U);
}

// A reserve does not grow ahead of what is used.
TEST(PairHistory, GrowthStaysWithinAQuarterOfWhatIsUsed) {
  PairHistory h;
  for (std::int64_t minute = 0; minute < 2000; ++minute) {
    Reports(h, minute, 20, minute == 0 ? 20 : 0);
    ASSERT_LE(h.Export(minute).allowed, 25.0);
  }
  EXPECT_GT(h.Export(2000).allowed, 24.9);
  PairHistory one;
  for (std::int64_t minute = 0; minute < 2000; ++minute)
    Reports(one, minute, 1, minute == 0 ? 1 : 0);
  EXPECT_EQ(one.Export(2000).allowed, 2.0);
  EXPECT_EQ(one.Demand(), 1U);
}

TEST(PairHistory, MoreEndsThanBeginningsDoNoHarm) {
  PairHistory h;
  for (int i = 0; i < 5; ++i) h.OnSessionEnded();
  Reports(h, 0, 2, 2);
  EXPECT_EQ(h.Demand(), 2U);
}

// Whatever it does: the demand is never above the highest peak, and never grows faster than it may.
TEST(PairHistory, DemandIsBoundedWhateverComes) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 30; ++round) {
    PairHistory h;
    const auto start = static_cast<std::uint32_t>(1 + random() % 20);
    for (std::int64_t m = 0; m < 10; ++m) Reports(h, m, start, m == 0 ? start : 0);
    double hour_ago = h.Demand();
    std::uint32_t highest = start;
    for (std::int64_t m = 10; m < 600; ++m) {
      const auto n = static_cast<std::uint32_t>(random() % 300);
      highest = std::max(highest, n);
      Reports(h, m, n, static_cast<std::uint32_t>(random() % (n + 1)), random() % 5 != 0);
      ASSERT_LE(h.Demand(), highest + highest / 8);
      if (m % 60 != 0) continue;
      ASSERT_LE(h.Demand(), std::max(hour_ago * (1 + kQuarter), hour_ago + 1) + 1) << m;
      hour_ago = h.Demand();
    }
  }
}

}  // namespace
}  // namespace headgate
