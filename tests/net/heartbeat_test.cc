#include "net/heartbeat.h"

#include <gtest/gtest.h>

namespace headgate::net {
namespace {

using std::chrono::seconds;

constexpr Time kStart{std::chrono::hours(1)};

TEST(Heartbeat, WhoHasNotBegunOrHasEndedIsNotMissed) {
  Heartbeat heart;
  EXPECT_EQ(SilentThreads({{"worker 0", heart.last(), seconds(5)}}, kStart), "");
  heart.Beat(kStart);
  heart.End();
  EXPECT_EQ(SilentThreads({{"worker 0", heart.last(), seconds(5)}}, kStart + seconds(60)), "");
}

TEST(Heartbeat, WhoIsSilentForLongerThanItMayIsNamed) {
  Heartbeat one, two;
  one.Beat(kStart);
  two.Beat(kStart + seconds(3));
  const auto silent = [&](Time now) {
    return SilentThreads({{"worker 0", one.last(), seconds(5)},
                          {"worker 1", two.last(), seconds(5)},
                          {"control", one.last(), seconds(120)}},
                         now);
  };
  EXPECT_EQ(silent(kStart + seconds(5)), "");
  EXPECT_EQ(silent(kStart + seconds(6)), "worker 0");
  EXPECT_EQ(silent(kStart + seconds(9)), "worker 0, worker 1");
  EXPECT_EQ(silent(kStart + seconds(121)), "worker 0, worker 1, control");
  one.Beat(kStart + seconds(121));
  two.Beat(kStart + seconds(121));
  EXPECT_EQ(silent(kStart + seconds(121)), "");
}

}  // namespace
}  // namespace headgate::net
