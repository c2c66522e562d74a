#include "policies/digest_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/policies/fixed_hash.h"

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const Time kTableStart{hours(1000)};

class DigestTableTest : public ::testing::Test {
 protected:
  // One run of the statement, as the engine accounts for it. False: no place for it.
  static bool Run(DigestTable& t, std::uint64_t digest, Duration took, Time now) {
    DigestTable::Pin pin = t.Find(t.TagOf("c"), digest);
    if (!pin) pin = t.Insert("c", digest, "select " + std::to_string(digest), now);
    if (pin) pin->OnAnswer({}, took, now);
    return static_cast<bool>(pin);
  }
  static bool Has(DigestTable& t, std::uint64_t digest) {
    return static_cast<bool>(t.Find(t.TagOf("c"), digest));
  }
  static std::size_t Left(DigestTable& t, std::uint64_t first, std::uint64_t n) {
    std::size_t left = 0;
    for (std::uint64_t d = first; d < first + n; ++d) left += Has(t, d) ? 1 : 0;
    return left;
  }
};

TEST_F(DigestTableTest, ByClassAndDigest) {
  DigestTable t(kHash, 64);
  EXPECT_FALSE(t.Find(t.TagOf("shop"), 7));
  const auto shop = t.Insert("shop", 7, "select ?", kTableStart);
  const auto jobs = t.Insert("jobs", 7, "select ?", kTableStart);
  EXPECT_NE(&*shop, &*jobs);
  EXPECT_EQ(&*t.Find(t.TagOf("shop"), 7), &*shop);
  EXPECT_EQ(&*t.Insert("shop", 7, "select ?", kTableStart), &*shop);
  EXPECT_EQ(t.size(), 2U);
}

TEST_F(DigestTableTest, ARowTellsAllThatWasSeen) {
  DigestTable t(kHash, 64);
  AnswerFacts a;
  a.rows = 10;
  a.bytes = 100;
  a.no_index = true;
  const std::string text(2000, 'x');
  {
    const auto pin = t.Insert("shop", 7, text, kTableStart);
    pin->running.TakeAnyway();
    for (int i = 0; i < 99; ++i) pin->OnAnswer(a, milliseconds(10), kTableStart + seconds(1));
    AnswerFacts failed;
    failed.error = true;
    pin->OnAnswer(failed, seconds(2), kTableStart + seconds(3));
    pin->OnRefused(kTableStart + seconds(4));
  }
  const std::vector<DigestRow> rows = t.Top(10);
  ASSERT_EQ(rows.size(), 1U);
  const DigestRow& r = rows[0];
  EXPECT_EQ(r.id, 7U);
  EXPECT_EQ(r.class_name, "shop");
  EXPECT_EQ(r.text, text.substr(0, DigestTable::kKeptText));
  EXPECT_EQ(r.count, 100U);
  EXPECT_EQ(r.errors, 1U);
  EXPECT_EQ(r.rows, 990U);
  EXPECT_EQ(r.bytes, 9900U);
  EXPECT_EQ(r.no_index, 99U);
  EXPECT_EQ(r.refused, 1U);
  EXPECT_EQ(r.running, 1U);
  EXPECT_EQ(r.total, milliseconds(990) + seconds(2));
  EXPECT_EQ(r.longest, seconds(2));
  EXPECT_NEAR(static_cast<double>(r.p50.count()), 10e6, 1.3e6);
  EXPECT_NEAR(static_cast<double>(r.p99.count()), 10e6, 1.3e6);
  EXPECT_EQ(r.first_seen, kTableStart);
  EXPECT_EQ(r.last_seen, kTableStart + seconds(4));
}

TEST_F(DigestTableTest, TopIsByTotalTime) {
  DigestTable t(kHash, 256);
  for (std::uint64_t d = 1; d <= 100; ++d) {
    ASSERT_TRUE(Run(t, d, milliseconds((d * 37) % 101), kTableStart));
  }
  const auto rows = t.Top(5);
  ASSERT_EQ(rows.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(rows[i].total, milliseconds(100 - i));
  EXPECT_EQ(t.Top(1000).size(), 100U);
  EXPECT_TRUE(t.Top(0).empty());
}

TEST_F(DigestTableTest, PredictsByWhatItTookLately) {
  DigestTable t(kHash, 64);
  const auto pin = t.Insert("c", 1, "", kTableStart);
  EXPECT_EQ(pin->Predicted(), DigestEntry::kUnknown);
  pin->OnAnswer({}, milliseconds(800), kTableStart);
  EXPECT_EQ(pin->Predicted(), milliseconds(800));
  pin->OnAnswer({}, milliseconds(400), kTableStart);
  EXPECT_EQ(pin->Predicted(), milliseconds(700));
  AnswerFacts failed;
  failed.error = true;
  pin->OnAnswer(failed, milliseconds(1), kTableStart);  // says nothing of what it takes
  EXPECT_EQ(pin->Predicted(), milliseconds(700));
  pin->OnAnswer(failed, milliseconds(1100), kTableStart);  // killed at its deadline: this does
  EXPECT_EQ(pin->Predicted(), milliseconds(800));
  for (int i = 0; i < 100; ++i) pin->OnAnswer({}, Duration::zero(), kTableStart);
  EXPECT_LT(pin->Predicted(), std::chrono::microseconds(1));
  EXPECT_GT(pin->Predicted(), Duration::zero());
}

TEST_F(DigestTableTest, TheLeastUsedGoesFirst) {
  DigestTable t(kHash, DigestTable::kWindow);  // one window
  for (std::uint64_t d = 1; d <= 16; ++d) {
    for (std::uint64_t n = 0; n <= d; ++n) ASSERT_TRUE(Run(t, d, Duration::zero(), kTableStart));
  }
  EXPECT_TRUE(Run(t, 100, Duration::zero(), kTableStart));
  EXPECT_FALSE(Has(t, 1));
  EXPECT_TRUE(Run(t, 101, seconds(100), kTableStart + seconds(1)));  // replaces the newcomer
  EXPECT_FALSE(Has(t, 100));
  EXPECT_TRUE(Run(t, 102, Duration::zero(), kTableStart + seconds(2)));  // ran once, however long
  EXPECT_FALSE(Has(t, 101));
  EXPECT_EQ(Left(t, 2, 15), 15U);
  // A little running time is worth as much as some runs.
  EXPECT_TRUE(Run(t, 102, milliseconds(100), kTableStart + seconds(3)));
  EXPECT_TRUE(Run(t, 103, Duration::zero(), kTableStart + seconds(4)));
  EXPECT_TRUE(Has(t, 102));
  EXPECT_FALSE(Has(t, 2));
  EXPECT_EQ(t.size(), 16U);
}

TEST_F(DigestTableTest, WhatIsNotSeenForLongLosesItsWorth) {
  DigestTable t(kHash, DigestTable::kWindow);
  for (std::uint64_t d = 1; d <= 16; ++d) {
    const Time seen = d == 1 ? kTableStart : kTableStart + hours(2);
    for (int n = 0; n < (d == 1 ? 1000 : 2); ++n) ASSERT_TRUE(Run(t, d, Duration::zero(), seen));
  }
  EXPECT_TRUE(Run(t, 100, Duration::zero(), kTableStart + hours(2)));
  EXPECT_FALSE(Has(t, 1));
  EXPECT_EQ(Left(t, 2, 15), 15U);
}

TEST_F(DigestTableTest, AFloodOfOneOffsDoesNotFlushTheBusyOnes) {
  DigestTable t(kHash, 1024);
  std::mt19937_64 random(4);
  for (std::uint64_t d = 1; d <= 512; ++d) {
    for (int n = 0; n < 50; ++n) ASSERT_TRUE(Run(t, d, milliseconds(1), kTableStart));
  }
  EXPECT_GE(Left(t, 1, 512), 505U);  // half full: hardly a window is
  for (int i = 0; i < 50'000; ++i) {
    ASSERT_TRUE(Run(t, random() | 1U << 20, seconds(5), kTableStart + milliseconds(i)));
  }
  EXPECT_GE(Left(t, 1, 512), 490U);
  EXPECT_EQ(t.size(), t.capacity());
}

TEST_F(DigestTableTest, WhatIsPinnedStays) {
  DigestTable t(kHash, 1);
  EXPECT_EQ(t.capacity(), DigestTable::kWindow);
  std::vector<DigestTable::Pin> pins;
  for (std::uint64_t d = 1; d <= 16; ++d) pins.push_back(t.Insert("c", d, "", kTableStart));
  EXPECT_FALSE(t.Insert("c", 17, "", kTableStart));
  EXPECT_FALSE(Run(t, 17, seconds(1), kTableStart));
  pins[4] = nullptr;
  EXPECT_TRUE(t.Insert("c", 17, "", kTableStart));
  EXPECT_FALSE(Has(t, 5));
  EXPECT_EQ(Left(t, 1, 16), 15U);
}

TEST_F(DigestTableTest, PinsMove) {
  DigestTable t(kHash, 16);
  DigestTable::Pin a = t.Insert("c", 1, "", kTableStart);
  DigestTable::Pin b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move)
  a = t.Insert("c", 2, "", kTableStart);
  a = std::move(b);  // lets go of 2
  for (std::uint64_t d = 3; d <= 17; ++d)
    ASSERT_TRUE(Run(t, d, seconds(1), kTableStart + seconds(1)));
  EXPECT_TRUE(Has(t, 1));
  EXPECT_FALSE(Has(t, 2));
}

// Threads run statements of a set larger than the table while others read it: a pinned entry is
// always the one that was asked for, and nothing counted on it is lost.
TEST_F(DigestTableTest, Threads) {
  DigestTable t(kHash, 32);
  std::atomic<std::uint64_t> wrong{0}, hot_runs{0};
  const DigestTable::Pin hot = t.Insert("c", 1, "select 1", kTableStart);
  const auto work = [&](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t d = random() % 4 == 0 ? 1 : 1 + random() % 100;
      const Time now = kTableStart + milliseconds(i);
      DigestTable::Pin pin = t.Find(t.TagOf("c"), d);
      if (!pin) pin = t.Insert("c", d, "select " + std::to_string(d), now);
      if (!pin) continue;
      if (d == 1) ++hot_runs;
      if ((&*pin == &*hot) != (d == 1)) ++wrong;
      pin->running.TakeAnyway();
      AnswerFacts a;
      a.rows = d;  // so that rows is count times id, in every entry
      pin->OnAnswer(a, milliseconds(1), now);
    }
  };
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      for (const DigestRow& r : t.Top(32)) {
        if (r.text != "select " + std::to_string(r.id)) ++wrong;
      }
    }
  });
  std::vector<std::thread> threads;
  for (std::uint64_t s = 0; s < 3; ++s) threads.emplace_back(work, s);
  for (std::thread& thread : threads) thread.join();
  done = true;
  reader.join();
  EXPECT_EQ(wrong, 0U);
  for (const DigestRow& r : t.Top(32)) {
    EXPECT_EQ(r.rows, r.count * r.id);
    if (r.id == 1) {
      EXPECT_EQ(r.count, hot_runs);
    }
  }
}

}  // namespace
}  // namespace headgate
