#include "policies/busy_budget.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <thread>
#include <vector>

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

const Time kStart{seconds(1000)};

// How much waiting is owed, found out from outside.
Duration Owed(const BusyBudget& b, Time now) {
  Duration low = Duration::zero(), high = seconds(100);
  while (low < high) {
    const Duration middle = low + (high - low) / 2;
    (b.Idle(now + middle) ? high : low) = b.Idle(now + middle) ? middle : middle + nanoseconds(1);
  }
  return low;
}

TEST(BusyBudget, ABurstThenAsItIsPaidBack) {
  BusyBudget b;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(b.Start(2, seconds(1), kStart), seconds(1)) << i;
  EXPECT_EQ(b.Start(2, seconds(1), kStart), std::nullopt);  // 20 s at 2/s: ten seconds' worth
  EXPECT_EQ(b.ReadyAt(2, kStart), kStart + nanoseconds(1));
  EXPECT_EQ(b.Start(2, seconds(1), kStart + milliseconds(1)), seconds(1));
  EXPECT_EQ(b.Start(2, seconds(1), kStart + milliseconds(400)), std::nullopt);
  EXPECT_EQ(b.Start(2, seconds(1), b.ReadyAt(2, kStart)), seconds(1));
}

TEST(BusyBudget, OffChargesNothing) {
  BusyBudget b;
  for (const double off : {0.0, -1.0, std::nan("")}) {
    EXPECT_EQ(b.Start(off, hours(9), kStart), Duration::zero());
    EXPECT_EQ(b.StartAnyway(off, hours(9), kStart), Duration::zero());
    EXPECT_EQ(b.Overrun(off, Duration::zero(), hours(9), kStart), hours(9));
    b.Settle(off, Duration::zero(), hours(9), kStart);
    EXPECT_EQ(b.ReadyAt(off, kStart), kStart);
  }
  EXPECT_TRUE(b.Idle(Time::min()));
}

TEST(BusyBudget, WhatWasPredictedTooLongIsGivenBack) {
  BusyBudget b;
  const auto charged = b.Start(1, seconds(8), kStart);
  ASSERT_EQ(charged, seconds(8));
  b.Settle(1, *charged, seconds(3), kStart + seconds(3));
  EXPECT_EQ(Owed(b, kStart + seconds(3)), Duration::zero());  // 8 charged, 3 paid back, 5 given
  b.Settle(1, seconds(5), Duration::zero(), kStart + seconds(3));
  EXPECT_EQ(Owed(b, kStart + seconds(3)), Duration::zero());  // never fuller than full
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(b.Start(1, seconds(1), kStart + seconds(3)));
  EXPECT_FALSE(b.Start(1, seconds(1), kStart + seconds(3)));
}

TEST(BusyBudget, WhatRunsLongerIsChargedWhileItRuns) {
  BusyBudget b;
  Duration charged = *b.Start(0.5, milliseconds(1), kStart);
  for (int i = 1; i <= 100; ++i) {
    charged = b.Overrun(0.5, charged, milliseconds(100) * i, kStart + milliseconds(100) * i);
    EXPECT_EQ(charged, milliseconds(100) * i);
  }
  EXPECT_EQ(b.Overrun(0.5, charged, seconds(3), kStart + seconds(10)), charged);  // time of locks
  // 10 s run at 0.5/s cost 20 s, of which 10 have passed; a sweep late.
  EXPECT_NEAR(Seconds(Owed(b, kStart + seconds(10))), 10, 0.1);
  EXPECT_FALSE(b.Start(0.5, Duration::zero(), kStart + seconds(10)));
  b.Settle(0.5, charged, seconds(11), kStart + seconds(11));
  EXPECT_NEAR(Seconds(Owed(b, kStart + seconds(11))), 11, 0.1);
}

TEST(BusyBudget, DebtEndsAtItsBound) {
  BusyBudget b;
  EXPECT_EQ(b.Start(2, hours(5), kStart), seconds(140));  // what 70 s of waiting pay for
  EXPECT_EQ(b.ReadyAt(2, kStart), kStart + seconds(60) + nanoseconds(1));
  EXPECT_EQ(b.StartAnyway(2, hours(5), kStart), Duration::zero());
  EXPECT_EQ(b.Overrun(2, seconds(140), hours(1), kStart), hours(1));  // forgiven
  EXPECT_EQ(Owed(b, kStart), seconds(70));
  // A prediction that was cut is no loss: as long as it runs the sweeps go on charging it.
  BusyBudget slow;
  Duration charged = *slow.Start(0.1, hours(1), kStart);
  EXPECT_EQ(charged, seconds(7));
  for (int i = 1; i <= 3600; ++i) {
    charged = slow.Overrun(0.1, charged, seconds(i), kStart + seconds(i));
    ASSERT_FALSE(slow.Start(0.1, Duration::zero(), kStart + seconds(i))) << i;
  }
}

TEST(BusyBudget, GraceIsDebtThatATransactionMayMake) {
  BusyBudget b;
  static_cast<void>(b.StartAnyway(1, seconds(10) + milliseconds(700), kStart));
  EXPECT_FALSE(b.Start(1, seconds(1), kStart));
  EXPECT_FALSE(b.Start(1, seconds(1), kStart, milliseconds(700)));
  EXPECT_EQ(b.Start(1, milliseconds(100), kStart, seconds(1)), milliseconds(100));
  EXPECT_TRUE(b.Start(1, seconds(1), kStart, seconds(1)));
  EXPECT_FALSE(b.Start(1, seconds(1), kStart, seconds(1)));
}

TEST(BusyBudget, AClockThatStandsStillOrStepsBackGivesNothingAway) {
  BusyBudget b;
  int started = 0;
  for (int i = 0; i < 500; ++i) started += b.Start(1, milliseconds(100), kStart).has_value();
  EXPECT_EQ(started, 100);
  for (int i = 0; i < 500; ++i) {
    started += b.Start(1, milliseconds(100), kStart - milliseconds(i)).has_value();
  }
  EXPECT_EQ(started, 100);
  EXPECT_TRUE(b.Start(1, milliseconds(100), kStart + milliseconds(100)));
}

TEST(BusyBudget, ExtremesAreSurvived) {
  const Time far{hours(24 * 365 * 69)};
  for (const double rate : {1e-300, 1e-9, 1.0, 1e9, 1e300}) {
    for (const Duration d :
         {Duration::min(), Duration(-1), Duration::zero(), Duration(1), Duration::max()}) {
      BusyBudget b;
      for (const Time now : {far, kStart, Time{}, Time{-seconds(9)}, far}) {
        const Duration charged = b.StartAnyway(rate, d, now);
        EXPECT_GE(charged, Duration::zero());
        EXPECT_LE(charged, std::max(d, Duration::zero()));
        EXPECT_LE(Owed(b, now), seconds(70));
        EXPECT_LE(b.ReadyAt(rate, now), now + seconds(61));
        static_cast<void>(b.Overrun(rate, charged, d, now));
        b.Settle(rate, charged, Duration::zero(), now);
        b.Settle(rate, Duration::zero(), d, now);
        EXPECT_LE(Owed(b, now), seconds(70));
      }
    }
  }
}

// Against a model in real numbers, no debt so deep that some is forgiven: to the microsecond what
// was used is owed, less what time has paid back.
TEST(BusyBudget, NothingChargedIsLost) {
  std::mt19937_64 random(1);
  for (const double rate : {0.05, 0.5, 1.0, 2.0, 20.0}) {
    struct Running {
      Time since;
      Duration charged;
    };
    BusyBudget b;
    std::deque<Running> running;
    double owed = 0;
    Time now = kStart;
    int refused = 0;
    for (int i = 0; i < 20'000; ++i) {
      const Duration step{static_cast<std::int64_t>(random() % 20'000'000)};
      now += step;
      owed = std::max(0.0, owed - Seconds(step));
      const Duration predicted{static_cast<std::int64_t>(random() % 100'000'000)};
      if (random() % 2 == 0) {
        const auto charged = b.Start(rate, predicted, now);
        if (std::abs(owed - 10) > 1e-5) {
          ASSERT_EQ(charged.has_value(), owed < 10) << owed;
        }
        refused += !charged;
        if (!charged) continue;
        ASSERT_EQ(*charged, predicted);
        owed += Seconds(predicted) / rate;
        running.push_back({now, *charged});
      } else if (!running.empty()) {
        Running& r = running.front();
        const Duration used = now - r.since;
        if (random() % 2 == 0) {
          const Duration all = b.Overrun(rate, r.charged, used, now);
          owed += Seconds(all - r.charged) / rate;
          r.charged = all;
        } else {
          b.Settle(rate, r.charged, used, now);
          owed = std::max(0.0, owed + Seconds(used - r.charged) / rate);
          running.pop_front();
        }
      }
      ASSERT_NEAR(Seconds(Owed(b, now)), owed, 1e-5) << i;
    }
    EXPECT_TRUE(refused > 0 || rate > 5);
  }
}

// A greedy client with honest predictions: over the long run never more than the rate, the burst
// and what its last statements overran.
TEST(BusyBudget, TheLongRunKeepsToTheRate) {
  std::mt19937_64 random(2);
  for (const double rate : {0.1, 1.0, 3.0}) {
    BusyBudget b;
    double used = 0;
    constexpr double kLongest = 2;
    Time now = kStart;
    const Time end = now + hours(1);
    while (now < end) {
      const Duration took{static_cast<std::int64_t>(random() % 2'000'000'000)};
      const auto charged = b.Start(rate, took / (1 + random() % 4), now);
      if (charged) {
        b.Settle(rate, *charged, took, now);  // at once: as many as like run side by side
        used += Seconds(took);
      } else {
        now = b.ReadyAt(rate, now);
      }
      ASSERT_LE(used, rate * (Seconds(now - kStart) + 10) + kLongest);
    }
    EXPECT_GE(used, rate * 3600 - kLongest);
  }
}

TEST(BusyBudget, ThreadsLoseNoCharge) {
  BusyBudget b;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        const Duration charged = b.StartAnyway(1, milliseconds(2), kStart);
        b.Settle(1, charged, milliseconds(1), kStart);
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(Owed(b, kStart), seconds(20));
}

}  // namespace
}  // namespace headgate
