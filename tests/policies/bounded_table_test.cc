#include "policies/bounded_table.h"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <random>

#include "tests/policies/addresses.h"

namespace headgate {
namespace {

using Table = BoundedTable<Address, int, 2>;
const KeyedHash kOtherHash(11, 12);

TEST(BoundedTable, FindsWhatWasInsertedAndNothingElse) {
  Table t(kOtherHash, 10);
  const Table::Id a = t.Insert(V4(10, 0, 0, 1));
  EXPECT_EQ(t.Find(V4(10, 0, 0, 1)), a);
  EXPECT_EQ(t.Find(V4(10, 0, 0, 2)), Table::kNone);
  EXPECT_EQ(t.KeyOf(a), V4(10, 0, 0, 1));
  t[a] = 5;
  t.Erase(a);
  EXPECT_EQ(t.Find(V4(10, 0, 0, 1)), Table::kNone);
  EXPECT_EQ(t[t.Insert(V4(10, 0, 0, 1))], 0);  // begins anew
}

TEST(BoundedTable, RefusesBeyondItsCapacity) {
  Table t(kOtherHash, 3);
  for (std::uint8_t i = 0; i < 3; ++i) EXPECT_NE(t.Insert(V4(10, 0, 0, i)), Table::kNone);
  EXPECT_EQ(t.Insert(V4(10, 0, 0, 9)), Table::kNone);
  t.Erase(t.Oldest());
  EXPECT_NE(t.Insert(V4(10, 0, 0, 9)), Table::kNone);
  Table none(kOtherHash, 0);
  EXPECT_EQ(none.Insert(V4(1, 1, 1, 1)), Table::kNone);
  EXPECT_EQ(none.Oldest(), Table::kNone);
}

TEST(BoundedTable, AHugeCapacityCostsNoEntriesUntilUsed) {
  BoundedTable<Address, std::array<char, 4096>> t(kOtherHash, 1'000'000);  // 4 GB if it were eager
  EXPECT_NE(t.Insert(V4(1, 1, 1, 1)), t.kNone);
}

// Against std::map and std::list, with many keys in few buckets.
TEST(BoundedTable, AgreesWithANaiveModel) {
  std::mt19937_64 random(3);
  Table t(kOtherHash, 300);
  std::map<Address, int> values;
  std::list<Address> lists[2];
  const auto drop = [&](const Address& a) {
    lists[0].remove(a);
    lists[1].remove(a);
  };
  for (int i = 0; i < 100'000; ++i) {
    const Address key = Address::V4(static_cast<std::uint32_t>(random() % 500));
    const int list = static_cast<int>(random() % 2);
    const Table::Id id = t.Find(key);
    ASSERT_EQ(id != Table::kNone, values.contains(key));
    if (id == Table::kNone) {
      const Table::Id made = t.Insert(key, list);
      ASSERT_EQ(made != Table::kNone, values.size() < 300);
      if (made == Table::kNone) continue;
      t[made] = values[key] = i;
      lists[list].push_back(key);
    } else if (random() % 2 == 0) {
      ASSERT_EQ(t[id], values[key]);
      t.MoveTo(id, list);
      drop(key);
      lists[list].push_back(key);
    } else {
      t.Erase(id);
      values.erase(key);
      drop(key);
    }
    ASSERT_EQ(t.size(), values.size());
    for (int l = 0; l < 2; ++l) {
      ASSERT_EQ(t.size(l), lists[l].size());
      if (!lists[l].empty()) {
        ASSERT_EQ(t.KeyOf(t.Oldest(l)), lists[l].front());
      }
    }
  }
  for (int l = 0; l < 2; ++l) {
    Table::Id id = t.Oldest(l);
    for (const Address& a : lists[l]) {
      ASSERT_EQ(t.KeyOf(id), a);
      ASSERT_EQ(t.ListOf(id), l);
      id = t.Newer(id);
    }
    ASSERT_EQ(id, Table::kNone);
  }
}

}  // namespace
}  // namespace headgate
