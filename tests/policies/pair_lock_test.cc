#include "policies/pair_lock.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/policies/addresses.h"
#include "tests/policies/fixed_hash.h"

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const Time kNow{hours(100)};
const LoginLimits kLimits;  // 10/m, lock 1m to 1h
const PairKey kShop = kHash.Pair(V4(10, 0, 0, 1), "shop");

// Fails until it locks; how many failures that took.
int FailUntilLocked(PairLock& locks, const PairKey& pair, Time now) {
  for (int i = 1; i <= 1000; ++i) {
    if (locks.OnFailure(pair, kLimits, now)) return i;
  }
  return -1;
}

TEST(PairLock, SlowerAfterTheThirdFailureThenLockedAboveTheRate) {
  PairLock locks(kHash);
  for (const int delay : {0, 0, 0, 250, 500, 750, 1000, 1250, 1500, 1750}) {
    const auto a = locks.Ask(kShop, kLimits, kNow);
    EXPECT_FALSE(a.locked);
    EXPECT_EQ(a.delay, milliseconds(delay));
    EXPECT_FALSE(locks.OnFailure(kShop, kLimits, kNow));
  }
  EXPECT_EQ(locks.Ask(kShop, kLimits, kNow).delay, seconds(2));
  EXPECT_TRUE(locks.OnFailure(kShop, kLimits, kNow));
  const auto locked = locks.Ask(kShop, kLimits, kNow);
  EXPECT_TRUE(locked.locked);
  EXPECT_EQ(locked.until, kNow + minutes(1));
  EXPECT_EQ(locked.delay, Duration::zero());
  EXPECT_FALSE(locks.Ask(kShop, kLimits, kNow + minutes(1)).locked);
  EXPECT_EQ(locks.Locked(kNow), 1U);
  EXPECT_EQ(locks.Locked(kNow + minutes(1)), 0U);
}

TEST(PairLock, ManyFailuresOverTimeDelayNoLongerThanTwoSeconds) {
  PairLock locks(kHash);
  LoginLimits generous;
  generous.failures = Rate{1, 1000};
  for (int i = 0; i < 900; ++i) EXPECT_FALSE(locks.OnFailure(kShop, generous, kNow));
  EXPECT_EQ(locks.Ask(kShop, generous, kNow).delay, PairLock::kDelayMax);
}

TEST(PairLock, NobodyElseIsTouched) {
  PairLock locks(kHash);
  const PairKey elsewhere = kHash.Pair(V4(66, 0, 0, 1), "shop");
  const PairKey other_user = kHash.Pair(V4(10, 0, 0, 1), "reports");
  EXPECT_EQ(FailUntilLocked(locks, elsewhere, kNow), 11);
  for (const PairKey& pair : {kShop, other_user}) {
    EXPECT_FALSE(locks.Ask(pair, kLimits, kNow).locked);
    EXPECT_EQ(locks.Ask(pair, kLimits, kNow).delay, Duration::zero());
  }
}

TEST(PairLock, TheLockDoublesWhileItGoesOnUpToItsMaximum) {
  PairLock locks(kHash);
  Time now = kNow;
  for (const int expected : {1, 2, 4, 8, 16, 32, 60, 60}) {
    ASSERT_GT(FailUntilLocked(locks, kShop, now), 0);
    const Time until = locks.Ask(kShop, kLimits, now).until;
    EXPECT_EQ(until - now, minutes(expected));
    now = until;
  }
  now += hours(1);  // quiet for lock_max
  ASSERT_GT(FailUntilLocked(locks, kShop, now), 0);
  EXPECT_EQ(locks.Ask(kShop, kLimits, now).until - now, minutes(1));
}

TEST(PairLock, LoginsAlreadyOnTheirWayDoNotLengthenTheLock) {
  PairLock locks(kHash);
  FailUntilLocked(locks, kShop, kNow);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(locks.OnFailure(kShop, kLimits, kNow));
  EXPECT_EQ(locks.Ask(kShop, kLimits, kNow).until, kNow + minutes(1));
}

TEST(PairLock, SuccessForgetsAll) {
  PairLock locks(kHash);
  for (int i = 0; i < 8; ++i) static_cast<void>(locks.OnFailure(kShop, kLimits, kNow));
  locks.OnSuccess(kShop);
  EXPECT_EQ(locks.size(), 0U);
  EXPECT_EQ(locks.Ask(kShop, kLimits, kNow).delay, Duration::zero());
  EXPECT_EQ(FailUntilLocked(locks, kShop, kNow), 11);
}

// A cron job with a stale password, once a minute, forever: neither delayed nor locked.
TEST(PairLock, WhatStaysBelowTheRateIsLeftAlone) {
  PairLock locks(kHash);
  for (int i = 0; i < 1000; ++i) {
    const Time now = kNow + minutes(i);
    EXPECT_EQ(locks.Ask(kShop, kLimits, now).delay, Duration::zero());
    EXPECT_FALSE(locks.OnFailure(kShop, kLimits, now));
  }
}

TEST(PairLock, OffKeepsNothing) {
  PairLock locks(kHash);
  LoginLimits off;
  off.failures = Rate{};
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(locks.OnFailure(kShop, off, kNow));
  EXPECT_EQ(locks.size(), 0U);
  FailUntilLocked(locks, kShop, kNow);
  EXPECT_FALSE(locks.Ask(kShop, off, kNow).locked);  // switched off by reload: binds no more
}

TEST(PairLock, ExpireForgetsTheLongQuietOnly) {
  PairLock locks(kHash);
  FailUntilLocked(locks, kShop, kNow);
  static_cast<void>(locks.OnFailure(kHash.Pair(V4(10, 0, 0, 2), "x"), kLimits, kNow));
  locks.Expire(kLimits, kNow + minutes(59), 10);
  EXPECT_EQ(locks.size(), 2U);
  locks.Expire(kLimits, kNow + minutes(60), 10);
  EXPECT_EQ(locks.size(), 1U);  // the lock ended a minute later
  locks.Expire(kLimits, kNow + minutes(61), 10);
  EXPECT_EQ(locks.size(), 0U);
}

TEST(PairLock, AMillionUsersFromOneSourcePushOutOnlyItsOwn) {
  PairLock locks(kHash, 200);
  const Address attacker = V4(66, 0, 0, 1);
  const PairKey own_lock = kHash.Pair(attacker, "shop");
  const PairKey other_lock = kHash.Pair(V4(77, 0, 0, 1), "shop");
  FailUntilLocked(locks, own_lock, kNow);
  FailUntilLocked(locks, other_lock, kNow);
  for (int i = 0; i < 1'000'000; ++i) {
    static_cast<void>(locks.OnFailure(kHash.Pair(attacker, std::to_string(i)), kLimits, kNow));
  }
  EXPECT_LE(locks.size(), PairLock::kPerSource + 1);
  EXPECT_TRUE(locks.Ask(other_lock, kLimits, kNow).locked);
  EXPECT_TRUE(locks.Ask(own_lock, kLimits, kNow).locked);  // not even its own lock is flushed so
}

// Made-up names, once each, in between: what the guesser owes for the user it is after stays.
TEST(PairLock, ManyOtherNamesDoNotMakeASourceForgetWhomItGuessesAt) {
  PairLock locks(kHash);
  const Address attacker = V4(66, 0, 0, 1);
  const PairKey target = kHash.Pair(attacker, "root");
  int guesses = 0;
  int made_up = 0;
  for (Time now = kNow; now < kNow + minutes(10); now += milliseconds(100)) {
    for (int i = 0; i < 9 && !locks.Ask(target, kLimits, now).locked; ++i, ++guesses) {
      static_cast<void>(locks.OnFailure(target, kLimits, now));
    }
    for (std::uint32_t i = 0; i < PairLock::kPerSource; ++i) {
      const PairKey other = kHash.Pair(attacker, std::to_string(++made_up));
      static_cast<void>(locks.OnFailure(other, kLimits, now));
    }
  }
  EXPECT_LE(guesses, 10 + 10 * 10);  // the burst, and what drains in ten minutes
}

TEST(PairLock, AFullTableTakesFromTheGreediestNetwork) {
  PairLock locks(kHash, 500);
  const PairKey victim = kHash.Pair(V4(77, 0, 0, 1), "shop");
  FailUntilLocked(locks, victim, kNow);
  for (std::uint32_t i = 0; i < 100'000; ++i) {  // a /32 of IPv6 tries the app's user from each /64
    const PairKey p = kHash.Pair(V6Source(i), "shop");
    static_cast<void>(locks.OnFailure(p, kLimits, kNow));
    ASSERT_LE(locks.size(), 500U);
  }
  EXPECT_TRUE(locks.Ask(victim, kLimits, kNow).locked);
}

TEST(PairLock, TheSmallestTableStillWorks) {
  PairLock locks(kHash, 0);  // counts as one
  EXPECT_EQ(FailUntilLocked(locks, kShop, kNow), 11);
  static_cast<void>(locks.OnFailure(kHash.Pair(V4(66, 0, 0, 1), "x"), kLimits, kNow));
  EXPECT_EQ(locks.size(), 1U);
}

TEST(PairLock, BooksStayRightWhateverHappens) {
  std::mt19937_64 random(4);
  PairLock locks(kHash, 100);
  Time now = kNow;
  for (int i = 0; i < 100'000; ++i) {
    now += seconds(random() % 3);
    const PairKey pair = kHash.Pair(V6Source(static_cast<std::uint32_t>(random() % 5)),
                                    std::to_string(random() % 100));
    switch (random() % 8) {
      case 0:
        locks.OnSuccess(pair);
        ASSERT_FALSE(locks.Ask(pair, kLimits, now).locked);
        break;
      case 1:
        locks.Expire(kLimits, now, 2);
        break;
      default:
        if (locks.OnFailure(pair, kLimits, now)) {
          ASSERT_TRUE(locks.Ask(pair, kLimits, now).locked);
        }
    }
    ASSERT_LE(locks.size(), 100U);
    ASSERT_LE(locks.Locked(now), locks.size());
  }
}

}  // namespace
}  // namespace headgate
