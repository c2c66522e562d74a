// What is known outlives a restart, and what a broken state file says harms nobody.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "tests/policies/known_good_fixture.h"

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

using KnownGoodMemoryTest = KnownGoodTest;

KnownGoodRecord Record(const PairKey& pair, Duration quiet = minutes(1)) {
  KnownGoodRecord r;
  r.pair = pair;
  r.good = true;
  r.minutes = 60;
  r.age = hours(1000);
  r.quiet = quiet;
  r.allowed = 7;
  r.peaks = {0, 0, 0, 0, 0, 0, 0, 60};
  return r;
}

TEST_F(KnownGoodMemoryTest, AFreshGateKnowsWhatTheOneBeforeKnew) {
  WorkFor(300, web1_, 14);
  WorkFor(5, web2_, 50);  // on the way
  now_ += seconds(20);
  Work(web1_, 9);
  const auto records = k_.Export(now_);
  ASSERT_EQ(records.size(), 2U);

  // Another boot: its clock has hardly begun, so all that was lies before zero.
  KnownGood next(hash_, 4096);
  const Time then{seconds(3)};
  ASSERT_LT(KnownGood::MinuteOf(then - hours(5)), 0);
  next.Restore(records, minutes(2), then);
  EXPECT_TRUE(next.IsKnownGood(web1_));
  EXPECT_TRUE(next.IsKnownGoodSource(web1_.source));
  EXPECT_TRUE(next.IsKnownUserFromKnownPrefix(web2_));
  EXPECT_FALSE(next.IsKnownGood(web2_));
  EXPECT_EQ(next.candidates(), 1U);
  const std::vector<ImplicitReserve> reserves = {{web1_, 14}};
  EXPECT_EQ(next.Reserves(kSlots, limits_, then), reserves);

  auto later = next.Export(then);
  ASSERT_EQ(later.size(), 2U);
  EXPECT_EQ(later[0].age, records[0].age + minutes(2));
  EXPECT_EQ(later[0].quiet, records[0].quiet + minutes(2));
  later[0].age = records[0].age;
  later[0].quiet = records[0].quiet;
  EXPECT_EQ(later[0], records[0]);
  EXPECT_EQ(later[1].minutes, 5U);

  // The one on the way goes on from where it was.
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(next.OnStatement(web2_, limits_, then + minutes(i), true, true), i == 5);
  }
}

TEST_F(KnownGoodMemoryTest, TheMinuteOfTheRestartCountsOnce) {
  limits_.minutes = 2;
  Work(web1_, 1);
  KnownGood next(hash_, 10);
  next.Restore(k_.Export(now_), seconds(1), now_ + seconds(1));
  EXPECT_FALSE(next.OnStatement(web1_, limits_, now_ + seconds(2), true, true));
  EXPECT_TRUE(next.OnStatement(web1_, limits_, now_ + minutes(1), true, false));
}

TEST_F(KnownGoodMemoryTest, HistoryKeepsItsAge) {
  const PairKey young = Pair(V4(66, 0, 0, 1), "intern");
  WorkFor(600, web1_, 80);
  for (int i = 0; i < 20; ++i, PassMinute()) {
    Work(web1_, 80);
    Work(young, 80);
  }
  const auto before = Reserves();
  EXPECT_GE(ReserveOf(web1_), 80U);
  KnownGood next(hash_, 4096);
  next.Restore(k_.Export(now_), minutes(2), Time{hours(1)});
  EXPECT_EQ(next.Reserves(kSlots, limits_, Time{hours(1)}), before);
}

// All have been silent for the length of an outage; that makes nobody older than another.
TEST_F(KnownGoodMemoryTest, ALongOutageDoesNotShuffleThem) {
  const PairKey young = Pair(V4(66, 0, 0, 1), "intern");
  auto records = std::vector{Record(web1_), Record(young)};
  for (KnownGoodRecord& r : records) {
    r.peaks.assign(101, 0);
    r.peaks[PeakHistogram::BucketOf(100)] = 60;
    r.allowed = 103;
  }
  records[1].age = hours(30);
  KnownGood next(hash_, 4096);
  next.Restore(records, hours(24 * 6), Time{});
  const std::vector<ImplicitReserve> reserves = {{web1_, 103}, {young, 10}};
  EXPECT_EQ(next.Reserves(kSlots, limits_, Time{}), reserves);
  // Who works again comes before who is still silent.
  next.OnStatement(young, limits_, Time{}, true, true);
  EXPECT_EQ(next.Reserves(kSlots, limits_, Time{})[0], (ImplicitReserve{young, 103}));
}

TEST_F(KnownGoodMemoryTest, BrokenRecordsArePassedOver) {
  const KnownGoodRecord good = Record(web1_);
  std::vector<KnownGoodRecord> broken(10, Record(web2_));
  broken[0].minutes = 0;
  broken[1].age = -hours(1);
  broken[2].quiet = -seconds(1);
  broken[3].quiet = broken[3].age + seconds(1);
  broken[4].allowed = std::numeric_limits<double>::quiet_NaN();
  broken[5].allowed = -1;
  broken[6].allowed = std::numeric_limits<double>::infinity();
  broken[7].peaks.resize(PeakHistogram::kBuckets + 1);
  broken[8].peaks = {1};
  broken[9].pair.source = V6Source(1);
  broken[9].pair.source.bytes[15] = 1;  // of no source
  broken.push_back(good);
  k_.Restore(broken, minutes(1), now_);
  EXPECT_EQ(k_.size(), 1U);
  EXPECT_EQ(k_.candidates(), 0U);
  EXPECT_EQ(ReserveOf(web1_), 7U);
}

TEST_F(KnownGoodMemoryTest, AbsurdNumbersAreBounded) {
  KnownGoodRecord r = Record(web1_, Duration::max());
  r.age = Duration::max();
  r.minutes = UINT32_MAX;
  r.allowed = 1e300;
  r.peaks.assign(PeakHistogram::kBuckets, UINT16_MAX);
  r.peaks[0] = 0;
  for (const Duration elapsed : {Duration::min(), Duration::zero(), Duration::max()}) {
    KnownGood next(hash_, 10);
    next.Restore({r}, elapsed, Time{});
    EXPECT_TRUE(next.IsKnownGood(web1_));
    EXPECT_TRUE(next.Reserves(kSlots, limits_, Time{}).empty());  // silent for ages
    next.OnStatement(web1_, limits_, Time{}, true, true);
    next.OnStatement(web1_, limits_, Time{} + minutes(1), true, false);
    EXPECT_LE(SlotsOf(next.Reserves(kSlots, limits_, Time{} + minutes(1))), kSlots);
    EXPECT_LE(next.Export(Time{})[0].allowed, 65535 * 1.25);
  }
}

TEST_F(KnownGoodMemoryTest, TheFirstOfADuplicateCounts) {
  auto second = Record(web1_);
  second.allowed = 1;
  k_.Restore({Record(web1_), second}, minutes(1), now_);
  k_.Restore({second}, minutes(1), now_);
  EXPECT_EQ(k_.size(), 1U);
  EXPECT_EQ(ReserveOf(web1_), 7U);
}

TEST_F(KnownGoodMemoryTest, OfMoreThanFitTheKnownGoodAndThoseThatSpokeLast) {
  const auto pair = [&](int i) { return Pair(V6Source(static_cast<std::uint32_t>(i)), "u"); };
  std::vector<KnownGoodRecord> records;
  for (int i = 0; i < 100; ++i) records.push_back(Record(pair(i), minutes(i)));
  for (int i = 0; i < 100; i += 2) records[static_cast<std::size_t>(i)].good = false;
  for (int i = 0; i < 100; ++i) records.push_back(records[1]);  // and copies take no place
  KnownGood next(hash_, 60);
  next.Restore(records, Duration::zero(), now_);
  EXPECT_EQ(next.size(), 50U);
  EXPECT_EQ(next.candidates(), 10U);
  for (int i = 1; i < 100; i += 2) EXPECT_TRUE(next.IsKnownGood(pair(i)));
  // The candidate longest silent goes first: it has to begin anew.
  next.OnStatement(pair(1000), limits_, now_, true, true);
  KnownGoodLimits few;
  few.minutes = 61;
  EXPECT_TRUE(next.OnStatement(pair(16), few, now_ + minutes(1), true, true));
  EXPECT_FALSE(next.OnStatement(pair(18), few, now_ + minutes(1), true, true));
}

TEST_F(KnownGoodMemoryTest, NoRoomAtAll) {
  KnownGood next(hash_, 0);
  next.Restore({Record(web1_)}, minutes(1), now_);
  EXPECT_TRUE(next.Export(now_).empty());
}

// Whatever a file says: no crash, and no more than there is room for.
TEST_F(KnownGoodMemoryTest, NoiseIsBounded) {
  std::mt19937_64 random(9);
  for (int round = 0; round < 200; ++round) {
    std::vector<KnownGoodRecord> records(random() % 100);
    for (KnownGoodRecord& r : records) {
      r.pair = Pair(V6Source(random() % 40), random() % 2 == 0 ? "a" : "b");
      r.good = random() % 2 == 0;
      r.minutes = static_cast<std::uint32_t>(random() % 3 == 0 ? random() : 5);
      r.age = Duration(static_cast<std::int64_t>(random()) >> (random() % 60));
      r.quiet = Duration(static_cast<std::int64_t>(random()) >> (random() % 60));
      r.allowed = std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 200) - 100);
      r.peaks.resize(random() % (PeakHistogram::kBuckets + 3));
      for (std::uint16_t& count : r.peaks) count = static_cast<std::uint16_t>(random());
      if (!r.peaks.empty() && random() % 4 != 0) r.peaks[0] = 0;
    }
    KnownGood next(hash_, 32);
    next.Restore(records, Duration(static_cast<std::int64_t>(random())), now_);
    EXPECT_LE(next.size() + next.candidates(), 32U);
    EXPECT_LE(SlotsOf(next.Reserves(kSlots, limits_, now_)), kSlots);
    KnownGood again(hash_, 32);
    again.Restore(next.Export(now_), Duration::zero(), now_);
    EXPECT_EQ(again.Export(now_).size(), next.Export(now_).size());
  }
}

}  // namespace
}  // namespace headgate
