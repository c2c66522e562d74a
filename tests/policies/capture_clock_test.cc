#include "policies/capture_clock.h"

#include <gtest/gtest.h>

#include "tests/support/random.h"

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kStart{hours(24 * 365 * 50)};

TEST(CaptureClock, IntervalsBeginAtWholeMultiples) {
  CaptureClock clock(seconds(1));
  EXPECT_FALSE(clock.Due(kStart));
  clock.See(kStart + milliseconds(300));
  EXPECT_FALSE(clock.Due(kStart + milliseconds(999)));
  ASSERT_TRUE(clock.Due(kStart + milliseconds(1000)));
  const auto span = clock.End(kStart + milliseconds(1000));
  EXPECT_EQ(span.from, kStart);
  EXPECT_EQ(span.to, kStart + seconds(1));
  EXPECT_FALSE(clock.Due(kStart + milliseconds(1000)));
}

TEST(CaptureClock, QuietSecondsCountOnceItHasBegun) {
  CaptureClock clock(seconds(1));
  clock.Start(kStart + milliseconds(300));
  ASSERT_TRUE(clock.Due(kStart + seconds(1)));
  EXPECT_EQ(clock.End(kStart + seconds(1)).from, kStart);
  clock.Start(kStart + hours(9));  // it has long begun
  EXPECT_TRUE(clock.Due(kStart + seconds(2)));
  EXPECT_FALSE(clock.Due(kStart + milliseconds(1999)));
}

TEST(CaptureClock, AGapEndsTwoIntervals) {
  CaptureClock clock(seconds(1));
  clock.See(kStart);
  const auto before = clock.ticks();
  const Time later = kStart + hours(7) + milliseconds(1);
  ASSERT_TRUE(clock.Due(later));
  EXPECT_EQ(clock.End(later).to, kStart + seconds(1));
  ASSERT_TRUE(clock.Due(later));
  const auto gap = clock.End(later);
  EXPECT_EQ(gap.from, kStart + seconds(1));
  EXPECT_EQ(gap.to, kStart + hours(7));
  EXPECT_FALSE(clock.Due(later));
  EXPECT_EQ(clock.ticks() - before, CaptureClock::TicksOf(hours(7)));
}

TEST(CaptureClock, OutOfOrderIsInTheIntervalAndSetBackBeginsAnother) {
  CaptureClock clock(seconds(1));
  clock.See(kStart + milliseconds(10));
  EXPECT_FALSE(clock.Due(kStart - milliseconds(900)));
  const auto before = clock.ticks();
  clock.See(kStart - milliseconds(900));
  EXPECT_EQ(clock.ticks(), before);
  const Time earlier = kStart - hours(1);
  ASSERT_TRUE(clock.Due(earlier));
  EXPECT_EQ(clock.End(earlier).to, kStart + milliseconds(10));
  EXPECT_FALSE(clock.Due(earlier));
  clock.See(earlier + milliseconds(500));
  EXPECT_EQ(clock.ticks() - before, CaptureClock::TicksOf(milliseconds(500)));
  EXPECT_EQ(clock.End(earlier + seconds(1)).from, earlier);
}

TEST(CaptureClock, MayBeEndedBeforeItsTime) {
  CaptureClock clock(seconds(1));
  clock.See(kStart + milliseconds(100));
  EXPECT_EQ(clock.End(kStart + milliseconds(400)).to, kStart + milliseconds(400));
  const auto rest = clock.End(kStart + seconds(1));
  EXPECT_EQ(rest.from, kStart + milliseconds(400));
  EXPECT_EQ(rest.to, kStart + seconds(1));
}

// Whatever the times, no more than two intervals are due at any, and none ends before it begins.
TEST(CaptureClock, AnyTimesAtAll) {
  testing::Random random(1);
  CaptureClock clock(milliseconds(100));
  Time at = kStart;
  for (int i = 0; i < 200'000; ++i) {
    switch (random.Below(6)) {
      case 0:
        at = Time{Duration{static_cast<std::int64_t>(random.Next())}};
        break;
      case 1:
        at = random.OneIn(2) ? Time::max() : Time::min();
        break;
      case 2:
        at = kStart;
        break;
      default:
        if (at < kStart + hours(1'000'000) && at > Time{}) at += milliseconds(random.Below(300));
    }
    int ended = 0;
    while (clock.Due(at)) {
      const auto span = clock.End(at);
      ASSERT_LE(span.from, span.to);
      ASSERT_LE(++ended, 2);
    }
    clock.See(at);
    ASSERT_FALSE(clock.Due(at));
  }
}

}  // namespace
}  // namespace headgate
