#include "policies/proposal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "policies/token_bucket.h"
#include "tests/policies/usage_fixture.h"

namespace headgate::testing {
namespace {

constexpr double kDay = 86400, kHour = 3600;

class ProposalTest : public ::testing::Test {
 protected:
  // A pool of `size` from a host, renewed every hour of the day, each connection with a statement
  // every ten minutes.
  void PoolDay(int day, unsigned host, int size, const std::string& user = "shop") {
    for (int h = 0; h < 24; ++h) {
      const double at = day * kDay + h * kHour;
      std::vector<ConnectionId> pool;
      for (int i = 0; i < size; ++i)
        pool.push_back(talk_.LogIn(Ten(1, 0, host), user, at + i * 0.01));
      for (int m = 0; m < 6; ++m) {
        for (const auto id : pool) talk_.Run(id, at + 60 + m * 540, 0.02);
      }
      for (const auto id : pool) talk_.Leave(id, at + 3500);
    }
  }
  Proposal Get(double headroom = 2, std::uint32_t slots = 146) {
    book_.Finish();
    return Propose(book_, {headroom, slots});
  }

  UsageBook book_{Duration::zero()};
  Talker talk_{book_};
};

TEST_F(ProposalTest, APoolGetsAClassWithItsSizeAsReserve) {
  for (int day = 0; day < 4; ++day) PoolDay(day, 5, 20);
  const Proposal p = Get();
  EXPECT_GT(p.compared.compared, 0U);
  EXPECT_TRUE(p.unusual.empty());
  ASSERT_EQ(p.classes.size(), 1U);
  const ProposedClass& c = p.classes[0];
  EXPECT_EQ(c.why_not, "");
  EXPECT_EQ(c.name, "shop");
  ASSERT_EQ(c.sources.size(), 1U);
  EXPECT_EQ(c.sources[0], SourceNetwork(Ten(1, 0, 5)));
  EXPECT_EQ(c.reserve.value, 20U);
  EXPECT_EQ(c.max.value, 40U);
  ASSERT_TRUE(p.connect_rate.value);
  EXPECT_EQ(p.connect_rate.value->burst, 40);
  EXPECT_EQ(p.connections.value, 40U);
  EXPECT_FALSE(c.pattern.weekly);
}

// Whether a bucket of that would have let all of it pass, doubled.
bool Bears(const Rate& rate, const std::vector<double>& at) {
  TokenBucket bucket;
  for (const double second : at) {
    for (int twice = 0; twice < 2; ++twice) {
      if (!bucket.Take(rate, Talker::At(second))) return false;
    }
  }
  return true;
}

// One minute a day of a job that asks a hundred times as often as is usual: the quantile does not
// see it, and one second of it says nothing of the others.
TEST_F(ProposalTest, ARateBearsWhatLastsForAMinuteOnceADay) {
  std::vector<double> at;
  for (int day = 0; day < 6; ++day) {
    const auto id = talk_.LogIn(Ten(1, 0, 5), "shop", day * kDay);
    for (int s = 0; s < 80'000; s += 20) {
      const bool job = s == 39'960;
      for (int i = 0; i < (job ? 20 * 100 : 1); ++i) {
        at.push_back(day * kDay + s + i * 0.01);
        talk_.Run(id, at.back(), 0.001);
      }
    }
    talk_.Leave(id, day * kDay + 86'000);
  }
  const Proposal p = Get();
  ASSERT_EQ(p.classes.size(), 1U);
  const ProposedClass& c = p.classes[0];
  ASSERT_TRUE(c.rate.value);
  EXPECT_LT(c.rate.value->per_second, 100);
  EXPECT_TRUE(Bears(*c.rate.value, at)) << c.rate.value->burst;
  EXPECT_TRUE(Bears(*c.class_rate.value, at));
}

TEST_F(ProposalTest, APoolThatWarmsUpForTenSecondsIsBorne) {
  std::vector<double> at;
  for (int day = 0; day < 3; ++day) {
    for (int h = 0; h < 24; ++h) {
      std::vector<ConnectionId> pool;
      for (int i = 0; i < 100; ++i) {
        at.push_back(day * kDay + h * kHour + i * 0.1);
        pool.push_back(talk_.LogIn(Ten(1, 0, 5), "shop", at.back()));
        talk_.Run(pool.back(), at.back() + 0.01, 0.01);
      }
      for (int m = 1; m < 50; ++m) {
        at.push_back(day * kDay + h * kHour + m * 60);
        talk_.Run(talk_.LogIn(Ten(1, 0, 5), "shop", at.back()), at.back() + 0.01, 0.01);
      }
      for (const auto id : pool) talk_.Leave(id, day * kDay + h * kHour + 3500);
    }
  }
  const Proposal p = Get();
  ASSERT_TRUE(p.connect_rate.value);
  EXPECT_TRUE(Bears(*p.connect_rate.value, at)) << p.connect_rate.value->burst;
}

TEST_F(ProposalTest, WhatNoKeyTakesIsNotProposed) {
  for (int day = 0; day < 2; ++day) PoolDay(day, 5, 20);
  const auto locked = talk_.LogIn(Ten(1, 0, 5), "shop", kDay + 80'000);
  talk_.Run(locked, kDay + 80'000, 4 * kDay);
  const Proposal p = Get();
  ASSERT_EQ(p.classes.size(), 1U);
  EXPECT_FALSE(p.classes[0].deadline.value);
  EXPECT_TRUE(p.classes[0].deadline.beyond);
  const Proposal wide = Get(1e9);
  EXPECT_TRUE(wide.classes[0].rate.beyond);
  EXPECT_TRUE(wide.classes[0].class_running.beyond);
  EXPECT_TRUE(wide.classes[0].class_busy.beyond);
  EXPECT_FALSE(wide.classes[0].rate.value);
}

TEST_F(ProposalTest, NeighboursMakeANetwork) {
  for (int day = 0; day < 2; ++day) {
    PoolDay(day, 5, 3);
  }
  for (int day = 2; day < 4; ++day) PoolDay(day, 6, 3);
  const Proposal p = Get();
  ASSERT_EQ(p.classes.size(), 1U);
  const std::vector<Cidr> network = {{Ten(1, 0, 0), kV4Bits + 24}};
  EXPECT_EQ(p.classes[0].sources, network);
}

TEST_F(ProposalTest, OneDayIsTooLittle) {
  PoolDay(0, 5, 20);
  const Proposal p = Get();
  EXPECT_EQ(p.compared.compared, 0U);
  ASSERT_EQ(p.classes.size(), 1U);
  EXPECT_EQ(p.classes[0].why_not, "it worked on one day only");
  EXPECT_FALSE(p.connect_rate.value);
  EXPECT_FALSE(p.login_rate.value);
  EXPECT_FALSE(p.connections.value);
}

TEST_F(ProposalTest, AFewMinutesOnManyDaysAreTooLittle) {
  for (int day = 0; day < 5; ++day) {
    const auto id = talk_.LogIn(Ten(1, 0, 9), "cron", day * kDay);
    for (int m = 0; m < 5; ++m) talk_.Run(id, day * kDay + m * 60, 0.1);
    talk_.Leave(id, day * kDay + 600);
  }
  const Proposal p = Get();
  ASSERT_EQ(p.classes.size(), 1U);
  EXPECT_EQ(p.classes[0].why_not, "it worked in too few minutes");
}

TEST_F(ProposalTest, NothingIsLearntFromAFlood) {
  for (int day = 0; day < 6; ++day) PoolDay(day, 5, 20);
  const double at = 6 * kDay;
  for (int i = 0; i < 5000; ++i) {
    const auto id = talk_.LogIn(Ten(1, 0, 5), "shop", at + 600 + i * 0.001);
    talk_.Run(id, at + 600 + i * 0.001, 0.001);
    talk_.Leave(id, at + 600 + i * 0.001 + 0.001);
  }
  const Proposal p = Get();
  ASSERT_FALSE(p.unusual.empty());
  EXPECT_TRUE(p.aside.Contains(p.unusual[0].from));
  EXPECT_EQ(p.connect_rate.value->burst, 40);
  EXPECT_EQ(p.classes[0].reserve.value, 20U);
}

TEST_F(ProposalTest, ReservesFitTheSlots) {
  for (int day = 0; day < 2; ++day) {
    PoolDay(2 * day, 5, 50);
    PoolDay(2 * day + 1, 6, 50, "reports");
  }
  const Proposal p = Get(2, 100);
  ASSERT_EQ(p.classes.size(), 2U);
  std::uint32_t sum = 0;
  for (const ProposedClass& c : p.classes) {
    sum += *c.reserve.value;
    EXPECT_TRUE(c.reserve_cut);
    EXPECT_FALSE(c.max.value);  // all of the slots: no limit
  }
  EXPECT_LE(sum, 75U);
}

TEST_F(ProposalTest, WhoHasAClassGetsNoSecond) {
  for (int day = 0; day < 2; ++day) {
    PoolDay(2 * day, 5, 20);
    PoolDay(2 * day + 1, 6, 30);
  }
  ClassLimits first, mine;
  first.users = {"reports"};
  mine.name = "mine";
  mine.users = {"sh*"};
  mine.sources = {SourceNetwork(Ten(1, 0, 5))};
  mine.reserve = 10;
  const std::vector<ClassLimits> base = {first, mine, ClassLimits()};
  book_.Finish();
  const Proposal p = Propose(book_, {.headroom = 2, .slots = 100, .classes = base});
  ASSERT_EQ(p.classes.size(), 1U);
  EXPECT_EQ(p.classes[0].of_base, "mine");
  EXPECT_EQ(p.classes[0].sources_of_base, 1U);  // of two
  EXPECT_NE(p.classes[0].why_not, "");
  EXPECT_EQ(p.classes[0].reserve.value, 30U);  // what would be, for who looks
}

TEST_F(ProposalTest, TheDefaultClassIsNobodysOwn) {
  for (int day = 0; day < 2; ++day) PoolDay(day, 5, 20);
  const std::vector<ClassLimits> base = {ClassLimits()};
  book_.Finish();
  const Proposal p = Propose(book_, {.headroom = 2, .slots = 100, .classes = base});
  EXPECT_EQ(p.classes.at(0).why_not, "");
  EXPECT_EQ(p.classes[0].of_base, "");
}

TEST_F(ProposalTest, ReservesOfTheConfigurationAreKept) {
  for (int day = 0; day < 2; ++day) PoolDay(day, 5, 50);
  ClassLimits other, rest;
  other.users = {"other"};
  other.reserve = 60;
  rest.reserve = 5;
  std::vector<ClassLimits> base = {other, rest};
  book_.Finish();
  EXPECT_EQ(Propose(book_, {2, 100, base}).classes.at(0).reserve.value, 10U);
  base[0].reserve = 95;
  const Proposal full = Propose(book_, {2, 100, base});
  EXPECT_FALSE(full.classes.at(0).reserve.value);
  EXPECT_TRUE(full.classes[0].reserve_cut);
}

TEST_F(ProposalTest, AUserThatIsAPatternIsNotNamed) {
  for (int day = 0; day < 3; ++day) PoolDay(day, 5, 2, "s*");
  const Proposal p = Get();
  EXPECT_EQ(p.classes[0].why_not, "a class cannot name this user");
}

TEST_F(ProposalTest, NamesAreNamesOfClasses) {
  for (int day = 0; day < 3; ++day) {
    PoolDay(2 * day, 5, 2, "default");
    PoolDay(2 * day + 1, 6, 2, "my shop");
  }
  const Proposal p = Get();
  ASSERT_EQ(p.classes.size(), 2U);
  std::vector<std::string> names = {p.classes[0].name, p.classes[1].name};
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"my_shop", "user_default"}));
}

TEST_F(ProposalTest, AWholeWeekHasItsPattern) {
  for (int day = 0; day < 8; ++day) PoolDay(day, 5, day % 7 == 2 ? 9 : 4);
  const Proposal p = Get();
  const UsagePattern& pattern = p.classes[0].pattern;
  EXPECT_TRUE(pattern.weekly);
  EXPECT_EQ(pattern.busiest / 24, 2U);  // a Wednesday
  EXPECT_EQ(pattern.most, 9);
}

}  // namespace
}  // namespace headgate::testing
