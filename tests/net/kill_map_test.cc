#include "net/kill_map.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace headgate::net {
namespace {

TEST(KillMap, MapsWhileTheLeaseLives) {
  KillMap map;
  KillMap::Lease lease = map.Allocate();
  EXPECT_EQ(lease.id(), KillMap::kFirstId);
  EXPECT_EQ(map.BackendId(0, lease.id()), 0U) << "no backend yet";
  lease.SetBackendId(0, 42);
  EXPECT_EQ(map.BackendId(0, KillMap::kFirstId), 42U);
  lease.Release();
  EXPECT_EQ(map.BackendId(0, KillMap::kFirstId), 0U);
}

TEST(KillMap, ALeaseThatEndsOrMovesKeepsTheBooks) {
  KillMap map;
  {
    KillMap::Lease first = map.Allocate();
    first.SetBackendId(0, 1);
    KillMap::Lease second = std::move(first);
    EXPECT_EQ(map.BackendId(0, KillMap::kFirstId), 1U);
    second = map.Allocate();
    EXPECT_EQ(map.BackendId(0, KillMap::kFirstId), 0U) << "what it held before is given back";
    EXPECT_EQ(second.id(), KillMap::kFirstId + 1);
    second.SetBackendId(0, 2);
  }
  EXPECT_EQ(map.BackendId(0, KillMap::kFirstId + 1), 0U);
}

TEST(KillMap, AnIdMeansNothingAtAnotherBackend) {
  KillMap map;
  KillMap::Lease lease = map.Allocate();
  lease.SetBackendId(1, 42);
  EXPECT_EQ(map.BackendId(1, lease.id()), 42U);
  EXPECT_EQ(map.BackendId(0, lease.id()), 0U);
}

TEST(KillMap, EachProcessBeginsSomewhereElse) {
  std::set<std::uint32_t> begun;
  for (int i = 0; i < 100; ++i) {
    const std::uint32_t first = KillMap::RandomFirst();
    EXPECT_GE(first, KillMap::kFirstId);
    EXPECT_LT(first, KillMap::kEndId);
    begun.insert(first);
  }
  EXPECT_GT(begun.size(), 95U);  // one in 200,000 such hundreds has two that are the same
}

TEST(KillMap, WrapsBelowTwoToThe31) {
  KillMap map(KillMap::kEndId - 2);
  std::vector<KillMap::Lease> leases;
  leases.push_back(map.Allocate());
  leases.push_back(map.Allocate());
  EXPECT_EQ(leases[1].id(), KillMap::kEndId - 1);
  leases.push_back(map.Allocate());
  EXPECT_EQ(leases[2].id(), KillMap::kFirstId);
}

TEST(KillMap, AfterTheWrapAnIdStillInUseIsNotGivenTwice) {
  KillMap map(KillMap::kEndId - 1);
  const KillMap::Lease last = map.Allocate();
  const KillMap::Lease first = map.Allocate();
  ASSERT_EQ(first.id(), KillMap::kFirstId);
  map.SetNextForTest(KillMap::kEndId - 1);
  const KillMap::Lease other = map.Allocate();
  EXPECT_EQ(other.id(), KillMap::kFirstId + 1);
}

}  // namespace
}  // namespace headgate::net
