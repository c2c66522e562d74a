#include "net/live_ids.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

namespace headgate::net {
namespace {

TEST(LiveIds, AnIdIsOursUntilTwoLooksAfterItsEnd) {
  LiveIds ids;
  ids.SetWatched(true);
  std::optional<LiveIds::Lease> lease(ids.Hold(7));
  for (int i = 0; i < 5; ++i) ids.EndLook();
  EXPECT_TRUE(ids.Ours(7));
  EXPECT_FALSE(ids.Ours(8));
  lease.reset();
  ids.EndLook();
  EXPECT_TRUE(ids.Ours(7));
  ids.EndLook();
  EXPECT_TRUE(ids.Ours(7));
  ids.EndLook();
  EXPECT_FALSE(ids.Ours(7));
  EXPECT_EQ(ids.size(), 0U);
}

TEST(LiveIds, WhereNobodyLooksNothingIsKept) {
  LiveIds ids;
  for (std::uint32_t i = 0; i < 1000; ++i) static_cast<void>(ids.Hold(i));
  EXPECT_EQ(ids.size(), 0U);
  ids.SetWatched(true);
  for (std::uint32_t i = 0; i < 1000; ++i) static_cast<void>(ids.Hold(i));
  EXPECT_EQ(ids.size(), 1000U);
  ids.SetWatched(false);
  EXPECT_EQ(ids.size(), 0U);
}

TEST(LiveIds, AnIdGivenAgainIsItsNewHolders) {
  LiveIds ids;
  LiveIds::Lease before = ids.Hold(7);
  const LiveIds::Lease after = ids.Hold(7);
  before.Release();
  EXPECT_TRUE(ids.Ours(7));
}

TEST(LiveIds, ALeaseMovesWithItsId) {
  LiveIds ids;
  LiveIds::Lease first = ids.Hold(1), second = ids.Hold(2);
  first = std::move(second);
  EXPECT_FALSE(ids.Ours(1));
  EXPECT_TRUE(ids.Ours(2));
}

TEST(LiveIds, OfABackendThatWasLeftNothingIsOurs) {
  LiveIds ids;
  const LiveIds::Lease lease = ids.Hold(7);
  ids.Clear();
  EXPECT_FALSE(ids.Ours(7));
}

TEST(ForeignCount, WhoIsLoggingInCountsTheSecondTime) {
  LiveIds ids;
  const LiveIds::Lease ours = ids.Hold(1);
  ForeignCount count;
  const std::vector<ListedThread> listed{{1, true}, {9, true}, {2, false}, {5, true}};
  EXPECT_EQ(count.Count(listed, ids), 1U);
  EXPECT_EQ(count.Count(listed, ids), 3U);
  EXPECT_EQ(count.Count({{9, true}, {4, true}}, ids), 1U);
  EXPECT_EQ(count.Count({}, ids), 0U);
  EXPECT_EQ(count.Count({{9, true}}, ids), 0U) << "seen anew";
}

}  // namespace
}  // namespace headgate::net
