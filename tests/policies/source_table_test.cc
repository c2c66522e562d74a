#include "policies/source_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/policies/addresses.h"
#include "tests/policies/fixed_hash.h"

namespace headgate {
namespace {

using std::chrono::seconds;

const Time kAtFirst{seconds(1000)};
const Rate kRate{1, 3};

int Connects(SourceTable& t, const Address& source, int tries, Time now = kAtFirst) {
  int let = 0;
  for (int i = 0; i < tries; ++i) let += t.TakeConnect(t.Touch(source), kRate, now);
  return let;
}

TEST(SourceTable, EachSourceHasItsOwnRates) {
  SourceTable t(kHash, 100);
  EXPECT_EQ(Connects(t, V4(10, 0, 0, 1), 10), 3);
  EXPECT_EQ(Connects(t, V4(10, 0, 0, 2), 10), 3);
  EXPECT_EQ(Connects(t, V4(10, 0, 0, 1), 10, kAtFirst + seconds(2)), 2);
  const auto h = t.Touch(V4(10, 0, 0, 1));
  EXPECT_TRUE(t.TakeRefusal(h, Rate{1, 1}, kAtFirst));  // apart from the connects
  EXPECT_FALSE(t.TakeRefusal(h, Rate{1, 1}, kAtFirst));
  EXPECT_EQ(t.size(), 2U);
}

TEST(SourceTable, ASourceWithMoreThanItsCountHoldsIsCountedByTheOverflow) {
  SourceTable t(kHash, 100);
  const Address source = V4(10, 0, 0, 1);
  for (int i = 0; i < 65'535; ++i) t.AddLive(t.Touch(source));
  const auto own = t.Find(source);
  EXPECT_EQ(t.Live(own), 65'535U);
  EXPECT_EQ(t.Touch(source), SourceTable::kOverflow);
  t.AddLive(SourceTable::kOverflow);
  EXPECT_EQ(t.Live(own), 65'535U);
  t.DropLive(own);
  EXPECT_EQ(t.Touch(source), own);
  EXPECT_EQ(t.Live(SourceTable::kOverflow), 1U);
}

TEST(SourceTable, NoIpv6SourceMeetsAnIpv4One) {
  SourceTable t(kHash, 100);
  Address mapped_like;  // a /64 whose last four bytes are an IPv4 address's
  mapped_like.bytes = {0x20, 0x01, 0x0d, 0xb8, 10, 0, 0, 1};
  EXPECT_NE(t.Touch(V4(10, 0, 0, 1)), t.Touch(mapped_like));
  EXPECT_NE(t.Touch(V4(10, 0, 0, 1)), t.Touch(Address{}));
  EXPECT_EQ(t.size(), 3U);
}

TEST(SourceTable, CountsLiveAndGood) {
  SourceTable t(kHash, 100);
  const auto h = t.Touch(V4(10, 0, 0, 1));
  t.AddLive(h);
  t.AddLive(h);
  t.AddGood(h);
  EXPECT_EQ(t.Live(h), 2U);
  EXPECT_EQ(t.Good(h), 1U);
  t.DropGood(h);
  t.DropLive(h);
  t.DropLive(h);
  EXPECT_EQ(t.Live(t.Find(V4(10, 0, 0, 1))), 0U);
  EXPECT_EQ(t.Find(V4(10, 0, 0, 2)), SourceTable::kOverflow);
}

TEST(SourceTable, FullItForgetsTheLongestUntouchedIdleSource) {
  SourceTable t(kHash, 3);
  const auto live = t.Touch(V4(10, 0, 0, 1));  // the oldest, but live
  t.AddLive(live);
  EXPECT_EQ(Connects(t, V4(10, 0, 0, 2), 10), 3);
  EXPECT_EQ(Connects(t, V4(10, 0, 0, 3), 10), 3);
  EXPECT_EQ(Connects(t, V4(10, 0, 0, 2), 10), 0);  // refreshed
  EXPECT_EQ(Connects(t, V4(10, 0, 0, 4), 10), 3);  // pushes out .3
  EXPECT_EQ(t.Find(V4(10, 0, 0, 3)), SourceTable::kOverflow);
  EXPECT_NE(t.Find(V4(10, 0, 0, 2)), SourceTable::kOverflow);
  EXPECT_EQ(t.Find(V4(10, 0, 0, 1)), live);
  EXPECT_EQ(t.Live(live), 1U);
}

TEST(SourceTable, WhenAllAreLiveTheNewcomerSharesTheOverflowEntryAndIsNotRefused) {
  SourceTable t(kHash, 2);
  for (std::uint8_t i = 0; i < 2; ++i) t.AddLive(t.Touch(V4(10, 0, 0, i)));
  const auto h = t.Touch(V4(10, 0, 9, 9));
  ASSERT_EQ(h, SourceTable::kOverflow);
  EXPECT_EQ(Connects(t, V4(10, 0, 9, 9), 1000), 1000);
  EXPECT_TRUE(t.TakeRefusal(h, Rate{1, 1}, kAtFirst));
  EXPECT_TRUE(t.TakeRefusal(h, Rate{1, 1}, kAtFirst));
  t.AddLive(h);
  t.AddGood(h);
  EXPECT_EQ(t.Live(SourceTable::kOverflow), 1U);
  // An entry that comes free is used again; the one counted with the overflow leaves it there.
  t.DropLive(t.Find(V4(10, 0, 0, 0)));
  EXPECT_NE(t.Touch(V4(10, 0, 9, 8)), SourceTable::kOverflow);
  t.DropGood(h);
  t.DropLive(h);
  EXPECT_EQ(t.Live(SourceTable::kOverflow), 0U);
}

TEST(SourceTable, AMillionSourcesCostNoMoreThanTheTableAndNoLiveEntry) {
  SourceTable t(kHash, 4096);
  const auto app = t.Touch(V4(10, 0, 0, 1));
  t.AddLive(app);
  t.AddGood(app);
  for (std::uint32_t i = 0; i < 1'000'000; ++i) {
    const auto h = t.Touch(V6Source(i));
    ASSERT_NE(h, SourceTable::kOverflow);
    ASSERT_NE(h, app);
  }
  EXPECT_EQ(t.size(), 4096U);
  EXPECT_EQ(t.Find(V4(10, 0, 0, 1)), app);
  EXPECT_EQ(t.Good(app), 1U);
}

TEST(SourceTable, ExpireDropsOnlyWhatHasNothingToRemember) {
  SourceTable t(kHash, 100);
  t.AddLive(t.Touch(V4(10, 0, 0, 1)));
  EXPECT_EQ(Connects(t, V4(10, 0, 0, 2), 1), 1);
  EXPECT_EQ(Connects(t, V4(10, 0, 0, 3), 3), 3);
  EXPECT_EQ(t.Expire(kAtFirst, 10), 0U);
  EXPECT_EQ(t.Expire(kAtFirst + seconds(1), 10), 1U);
  EXPECT_EQ(t.Expire(kAtFirst + seconds(3), 10), 1U);
  EXPECT_EQ(t.Expire(kAtFirst + seconds(100), 10), 0U);
  EXPECT_EQ(t.size(), 1U);  // the live one
  for (std::uint8_t i = 0; i < 9; ++i) static_cast<void>(t.Touch(V4(10, 1, 0, i)));
  EXPECT_EQ(t.Expire(kAtFirst, 4), 4U);
}

TEST(SourceTable, EntriesStaySmall) { EXPECT_LE(SourceTable::EntryBytes(), 48U); }

// Connections come and go at random on a table that is too small: counts stay those of a map.
TEST(SourceTable, CountsAgreeWithANaiveModel) {
  std::mt19937_64 random(5);
  SourceTable t(kHash, 40);
  struct Connection {
    SourceTable::Handle handle;
    Address source;
  };
  std::vector<Connection> open;
  std::map<SourceTable::Handle, std::uint32_t> live;
  for (int i = 0; i < 200'000; ++i) {
    if (open.size() < 60 && random() % 2 == 0) {
      const Address source = V6Source(static_cast<std::uint32_t>(random() % 100));
      const auto h = t.Touch(source);
      t.AddLive(h);
      ++live[h];
      open.push_back({h, source});
    } else if (!open.empty()) {
      std::swap(open[random() % open.size()], open.back());
      const Connection c = open.back();
      open.pop_back();
      ASSERT_EQ(t.Live(c.handle), live[c.handle]);
      if (c.handle != SourceTable::kOverflow) {
        ASSERT_EQ(t.Find(c.source), c.handle);
      }
      t.DropLive(c.handle);
      --live[c.handle];
    }
    ASSERT_LE(t.size(), 40U);
  }
}

// What a level lays over a source's rate is counted apart: from when the level binds.
TEST(SourceTable, ALevelsRateHasABucketOfItsOwn) {
  SourceTable t(kHash, 1);
  const auto h = t.Touch(V4(10, 0, 0, 1));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(t.MayConnectSqueezed(h, kRate, kAtFirst));
    EXPECT_TRUE(t.TakeSqueezed(h, kRate, kAtFirst));
  }
  EXPECT_FALSE(t.MayConnectSqueezed(h, kRate, kAtFirst));
  EXPECT_FALSE(t.TakeSqueezed(h, kRate, kAtFirst));
  EXPECT_TRUE(t.MayConnect(h, kRate, kAtFirst));
  EXPECT_TRUE(t.MayConnectSqueezed(h, kRate, kAtFirst + seconds(1)));
  for (int i = 0; i < 9; ++i) {
    EXPECT_TRUE(t.MayConnectSqueezed(SourceTable::kOverflow, kRate, kAtFirst));
    EXPECT_TRUE(t.TakeSqueezed(SourceTable::kOverflow, kRate, kAtFirst))
        << "nobody's in particular";
  }
}

}  // namespace
}  // namespace headgate
