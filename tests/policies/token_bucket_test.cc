#include "policies/token_bucket.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <thread>
#include <vector>

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

const Time kStart{seconds(1000)};

int TakeAll(TokenBucket& b, const Rate& rate, Time now, int tries) {
  int taken = 0;
  for (int i = 0; i < tries; ++i) taken += b.Take(rate, now);
  return taken;
}

TEST(TokenBucket, BurstThenOneAnInterval) {
  TokenBucket b;
  const Rate rate{50, 200};
  EXPECT_EQ(TakeAll(b, rate, kStart, 1000), 200);
  EXPECT_FALSE(b.Take(rate, kStart + milliseconds(19)));
  EXPECT_TRUE(b.Take(rate, kStart + milliseconds(20)));
  EXPECT_FALSE(b.Take(rate, kStart + milliseconds(20)));
  EXPECT_EQ(TakeAll(b, rate, kStart + seconds(1), 1000), 49);
  EXPECT_EQ(TakeAll(b, rate, kStart + seconds(100), 1000), 200);  // never more than the burst
}

TEST(TokenBucket, OffLetsAllThroughAndKeepsNothing) {
  TokenBucket b;
  EXPECT_EQ(TakeAll(b, Rate{0, 1}, kStart, 1000), 1000);
  EXPECT_TRUE(b.Idle(Time::min()));
  EXPECT_EQ(b.Debt(Rate{0, 1}, kStart), 0);
  EXPECT_EQ(b.ReadyAt(Rate{0, 1}, kStart), kStart);
}

TEST(TokenBucket, PeeksChangeNothingAndAgreeWithTake) {
  TokenBucket b;
  const Rate rate{10, 3};
  EXPECT_EQ(b.Debt(rate, kStart), 0);
  EXPECT_EQ(TakeAll(b, rate, kStart, 3), 3);
  EXPECT_DOUBLE_EQ(b.Debt(rate, kStart), 3);
  EXPECT_DOUBLE_EQ(b.Debt(rate, kStart + milliseconds(150)), 1.5);
  EXPECT_FALSE(b.Ready(rate, kStart));
  const Time ready = b.ReadyAt(rate, kStart);
  EXPECT_EQ(ready, kStart + milliseconds(100));
  EXPECT_FALSE(TokenBucket(b).Take(rate, ready - nanoseconds(1)));
  EXPECT_TRUE(b.Take(rate, ready));
  EXPECT_FALSE(b.Idle(kStart + milliseconds(399)));
  EXPECT_TRUE(b.Idle(kStart + milliseconds(400)));
  b.Reset();
  EXPECT_EQ(TakeAll(b, rate, ready, 9), 3);
}

// Over any window: at most burst + rate * T. And whatever an exact bucket of real numbers lets
// through is let through, but for takes within a rounding of the edge.
TEST(TokenBucket, NeverMoreAndNeverStricterThanTheRate) {
  std::mt19937_64 random(1);
  for (const Rate rate : {Rate{1, 1}, Rate{50, 200}, Rate{10.0 / 60, 10}, Rate{3, 7.5},
                          Rate{1e5, 1}, Rate{0.001, 2}}) {
    TokenBucket b;
    double tokens = rate.burst;
    Time now = kStart;
    std::vector<Time> taken;
    for (int i = 0; i < 3000; ++i) {
      const double mean = std::exponential_distribution<>(1)(random) / rate.per_second;
      const double gap = random() % 50 == 0 ? mean * rate.burst * 2 : mean * 0.6;
      const Duration step{static_cast<std::int64_t>(random() % 3 == 0 ? 0 : gap * 1e9)};
      now += step;
      tokens = std::min(rate.burst, tokens + step.count() * 1e-9 * rate.per_second);
      const bool took = b.Take(rate, now);
      if (std::abs(tokens - 1) > 1e-4) {
        ASSERT_EQ(took, tokens > 1) << i << " " << tokens;
      }
      if (took) {
        tokens -= 1;
        taken.push_back(now);
      }
    }
    ASSERT_GT(taken.size(), 500U);
    for (std::size_t i = 0; i < taken.size(); ++i) {
      for (std::size_t j = i; j < taken.size(); ++j) {
        const double window = (taken[j] - taken[i]).count() * 1e-9;
        ASSERT_LE(static_cast<double>(j - i + 1),
                  rate.burst + rate.per_second * window * (1 + 1e-4) + 1e-4);
      }
    }
  }
}

TEST(TokenBucket, TimeThatStandsStillOrStepsBackGivesNothingAway) {
  TokenBucket b;
  const Rate rate{100, 5};
  EXPECT_EQ(TakeAll(b, rate, kStart, 100), 5);
  int taken = 0;
  for (int i = 0; i < 500; ++i) taken += b.Take(rate, kStart - milliseconds(i));
  EXPECT_EQ(taken, 0);
  EXPECT_TRUE(b.Take(rate, kStart + milliseconds(10)));
}

TEST(TokenBucket, TimeThatJumpsFarIsSurvived) {
  TokenBucket b;
  const Rate rate{100, 5};
  const Time far{seconds(60LL * 365 * 86400)};
  EXPECT_EQ(TakeAll(b, rate, far, 100), 5);
  EXPECT_FALSE(b.Take(rate, kStart));  // back by 60 years: a full bucket's debt, not 60 years'
  EXPECT_TRUE(b.Take(rate, kStart + milliseconds(10)));
  EXPECT_EQ(TakeAll(b, rate, far, 100), 5);
  TokenBucket early;
  EXPECT_EQ(TakeAll(early, rate, Time{-seconds(1000)}, 100), 5);
  EXPECT_EQ(TakeAll(early, rate, Time{}, 100), 5);
}

TEST(TokenBucket, ReloadToAFasterRateDoesNotChargeTheOldDebt) {
  TokenBucket b;
  EXPECT_EQ(TakeAll(b, Rate{1.0 / 60, 10}, kStart, 100), 10);  // ten minutes of debt
  const Rate fast{100, 10};
  EXPECT_FALSE(b.Take(fast, kStart));
  EXPECT_TRUE(b.Take(fast, kStart + milliseconds(10)));
  EXPECT_EQ(TakeAll(b, fast, kStart + milliseconds(110), 100), 10);
}

TEST(TokenBucket, ReloadToASlowerRateBindsAtOnce) {
  TokenBucket b;
  EXPECT_EQ(TakeAll(b, Rate{1000, 100}, kStart, 100), 100);  // 100 ms of debt
  EXPECT_EQ(TakeAll(b, Rate{1, 1}, kStart + milliseconds(200), 100), 1);
  EXPECT_FALSE(b.Take(Rate{1, 1}, kStart + milliseconds(1199)));
  EXPECT_TRUE(b.Take(Rate{1, 1}, kStart + milliseconds(1200)));
}

TEST(TokenBucket, ExtremeRatesAndBursts) {
  TokenBucket huge;
  EXPECT_EQ(TakeAll(huge, Rate{200, 1e300}, kStart, 100'000), 100'000);
  TokenBucket fast;
  EXPECT_EQ(TakeAll(fast, Rate{1e300, 1}, kStart, 10), 1);
  EXPECT_TRUE(fast.Take(Rate{1e300, 1}, kStart + nanoseconds(1)));
  TokenBucket slow;
  EXPECT_EQ(TakeAll(slow, Rate{1e-300, 1}, kStart, 10), 1);
  EXPECT_FALSE(slow.Take(Rate{1e-300, 1}, kStart + seconds(1'000'000)));
  TokenBucket none;
  EXPECT_EQ(TakeAll(none, Rate{1, 0}, kStart, 10), 1);  // a burst below one is one
}

TEST(TokenBucket, PromisedTokensComeInTheOrderOfAsking) {
  TokenBucket b;
  const Rate rate{10, 2};
  const Time latest = kStart + milliseconds(250);
  EXPECT_EQ(b.TakeBy(rate, kStart, latest), kStart);
  EXPECT_EQ(b.TakeBy(rate, kStart, latest), kStart);
  EXPECT_EQ(b.TakeBy(rate, kStart, latest), kStart + milliseconds(100));
  EXPECT_EQ(b.TakeBy(rate, kStart, latest), kStart + milliseconds(200));
  EXPECT_EQ(b.TakeBy(rate, kStart, latest), std::nullopt);
  EXPECT_FALSE(b.Take(rate, kStart + milliseconds(200))) << "promised";
  EXPECT_EQ(b.TakeBy(rate, kStart + milliseconds(200), latest), std::nullopt);
  EXPECT_TRUE(b.Take(rate, kStart + milliseconds(300)));
  EXPECT_EQ(b.TakeBy(Rate{}, kStart, kStart), kStart) << "off";
}

TEST(TokenBucket, DebtOfALongerWaitIsCutDown) {
  TokenBucket b;
  const Rate rate{10, 1};
  while (b.TakeBy(rate, kStart, kStart + seconds(60))) {
  }
  EXPECT_EQ(b.TakeBy(rate, kStart, kStart + milliseconds(50)), std::nullopt);
  EXPECT_EQ(b.TakeBy(rate, kStart + milliseconds(150), kStart + milliseconds(250)),
            kStart + milliseconds(150));
}

TEST(TokenBucket, ThreadsTogetherGetNoMoreThanTheBurst) {
  TokenBucket b;
  const Rate rate{1, 1000};
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] { taken += TakeAll(b, rate, kStart, 1000); });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(taken, 1000);
}

}  // namespace
}  // namespace headgate
