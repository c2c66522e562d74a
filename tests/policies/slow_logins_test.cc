#include <gtest/gtest.h>

#include <chrono>

#include "policies/known_good.h"
#include "policies/slow_logins.h"

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class SlowLoginsTest : public ::testing::Test {
 protected:
  // How long the penalty binds that begins now; zero where none does.
  Duration Penalty() {
    if (!slow_.Note(now_)) return {};
    const Time begun = now_;
    while (slow_.Bind(now_)) now_ += seconds(1);
    return now_ - begun;
  }
  SlowLogins slow_;
  Time now_{hours(1)};
};

TEST_F(SlowLoginsTest, TheFirstCostsAMinute) {
  EXPECT_FALSE(slow_.Bind(now_));
  EXPECT_EQ(Penalty(), minutes(1));
}

TEST_F(SlowLoginsTest, ThoseOfAPenaltysTimeCostNothing) {
  ASSERT_TRUE(slow_.Note(now_));
  for (int i = 0; i < 59; ++i) {
    now_ += seconds(1);
    EXPECT_FALSE(slow_.Note(now_));
    EXPECT_TRUE(slow_.Bind(now_));
  }
  now_ += seconds(1);
  EXPECT_FALSE(slow_.Bind(now_));
}

TEST_F(SlowLoginsTest, EachFurtherOneCostsTwiceAsMuchUpToAnHour) {
  for (const int expected : {1, 2, 4, 8, 16, 32, 60, 60}) {
    EXPECT_EQ(Penalty(), minutes(expected));
    now_ += minutes(59);
  }
}

TEST_F(SlowLoginsTest, AnHourWithoutOneForgetsAll) {
  EXPECT_EQ(Penalty(), minutes(1));
  EXPECT_EQ(Penalty(), minutes(2));
  now_ += hours(1);
  EXPECT_EQ(Penalty(), minutes(1));
}

TEST(KnownGoodSlowTest, OnlyWhoIsKnownGoodHasARankToLose) {
  KnownGood known(KeyedHash(1, 2), 10);
  const PairKey pair{Address::V4(0x0a000001), 7};
  KnownGoodLimits limits;
  limits.minutes = 2;
  Time now{hours(1)};
  EXPECT_FALSE(known.OnSlowLogin(pair, now));
  known.OnStatement(pair, limits, now, /*calm=*/true, /*first=*/true);
  EXPECT_FALSE(known.OnSlowLogin(pair, now));
  now += minutes(1);
  known.OnStatement(pair, limits, now, true, false);
  ASSERT_TRUE(known.IsKnownGood(pair));
  EXPECT_FALSE(known.IsSlow(pair, now));
  EXPECT_TRUE(known.OnSlowLogin(pair, now));
  EXPECT_TRUE(known.IsSlow(pair, now));
  EXPECT_TRUE(known.IsKnownGood(pair));
  const auto records = known.Export(now);
  KnownGood next(KeyedHash(1, 2), 10);
  next.Restore(records, {}, now);
  EXPECT_TRUE(next.IsKnownGood(pair));
  EXPECT_FALSE(next.IsSlow(pair, now)) << "of no state file";
}

}  // namespace
}  // namespace headgate
