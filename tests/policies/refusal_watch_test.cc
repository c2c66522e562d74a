#include "policies/refusal_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/policies/addresses.h"

namespace headgate {
namespace {

using std::chrono::seconds;

constexpr Time kStart{std::chrono::hours(1000)};

class RefusalWatchTest : public ::testing::Test {
 protected:
  void Refuse(const Address& who, int times, Time at, Reason why = Reason::kConnectRate) {
    for (int i = 0; i < times; ++i) watch_.OnRefusal(who, why, true, at);
  }
  [[nodiscard]] RefusalWatch::Row RowOf(const Address& who, Time now) const {
    for (const auto& row : watch_.Rows(now)) {
      if (row.source == who) return row;
    }
    return {};
  }

  RefusalWatch watch_{KeyedHash(1, 2)};
};

TEST_F(RefusalWatchTest, NobodyAtFirst) { EXPECT_TRUE(watch_.Rows(kStart).empty()); }

TEST_F(RefusalWatchTest, CountsAndTellsTheLastReason) {
  const Address who = Address::V4(0xcb007107);
  Refuse(who, 9, kStart);
  watch_.OnRefusal(who, Reason::kBanned, false, kStart + seconds(4));
  const auto row = RowOf(who, kStart + seconds(10));
  EXPECT_EQ(row.refused, 10U);
  EXPECT_DOUBLE_EQ(row.per_second, 1);
  EXPECT_EQ(row.reason, Reason::kBanned);
  EXPECT_FALSE(row.acted);
}

TEST_F(RefusalWatchTest, AnIPv6SourceIsItsSlash64) {
  Address a{}, b{};
  a.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1, 9};
  b.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1, 7, 7};
  Refuse(a, 2, kStart);
  Refuse(b, 3, kStart);
  ASSERT_EQ(watch_.Rows(kStart).size(), 1U);
  EXPECT_EQ(watch_.Rows(kStart).front().refused, 5U);
}

TEST_F(RefusalWatchTest, TheRoundBeforeCountsAndTheOneBeforeThatDoesNot) {
  const Address who = Address::V4(0xcb007107);
  Refuse(who, 4, kStart);
  const Time next = kStart + RefusalWatch::kRound;
  Refuse(who, 1, next);
  EXPECT_EQ(RowOf(who, next).refused, 5U);
  EXPECT_EQ(RowOf(who, next + RefusalWatch::kRound).refused, 1U);
  EXPECT_EQ(RowOf(who, next + 2 * RefusalWatch::kRound).refused, 0U);
  EXPECT_TRUE(watch_.Rows(next + 2 * RefusalWatch::kRound).empty());
}

TEST_F(RefusalWatchTest, AfterASilenceTheRateBeginsAnew) {
  const Address who = Address::V4(0xcb007107);
  Refuse(who, 4, kStart);
  const Time later = kStart + std::chrono::hours(1);
  Refuse(who, 20, later);
  EXPECT_DOUBLE_EQ(RowOf(who, later + seconds(2)).per_second, 4) << "as if it were five seconds";
}

TEST_F(RefusalWatchTest, TheGreatestStandsOutOfAFloodOfOthers) {
  const Address who = Address::V4(0xcb007107);
  for (std::uint32_t i = 0; i < 100000; ++i) {
    Refuse(Address::V4(0x0a000000 + i), 1, kStart);
    if (i % 100 == 0) Refuse(who, 10, kStart);
  }
  const auto rows = watch_.Rows(kStart);
  EXPECT_LE(rows.size(), RefusalWatch::kParts * RefusalWatch::kPlaces);
  const auto most = std::max_element(
      rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.refused < b.refused; });
  ASSERT_NE(most, rows.end());
  EXPECT_EQ(most->source, who);
  EXPECT_LE(most->refused, 10000U);
  EXPECT_GT(most->refused, 8000U);
}

TEST_F(RefusalWatchTest, ClocksOfThreadsMayDiffer) {
  const Address who = Address::V4(0xcb007107);
  Refuse(who, 1, kStart + RefusalWatch::kRound);
  Refuse(who, 1, kStart);
  EXPECT_EQ(RowOf(who, kStart).refused, 2U);
}

TEST_F(RefusalWatchTest, FromManyThreads) {
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] { Refuse(Address::V4(0xcb007100 + i % 2), 1000, kStart); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(RowOf(Address::V4(0xcb007100), kStart).refused, 2000U);
}

}  // namespace
}  // namespace headgate
