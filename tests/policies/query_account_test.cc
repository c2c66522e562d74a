#include "policies/query_account.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/policies/fixed_hash.h"

namespace headgate {
namespace {

using std::chrono::seconds;
using Scope = AccountTable::Scope;

const Time kAccountStart{seconds(1000)};
const Rate kRate{1, 10};

Address AccountOf(std::uint32_t n) { return Address::V4(0x0a000000 + n); }

TEST(QueryAccount, PreparedStatementsAreCountedToTheirLimit) {
  Account a;
  EXPECT_TRUE(a.AddPrepared(2));
  EXPECT_TRUE(a.AddPrepared(2));
  EXPECT_FALSE(a.AddPrepared(2));
  a.DropPrepared(2);
  EXPECT_TRUE(a.AddPrepared(1));
  EXPECT_FALSE(a.Quiet(kAccountStart));
  a.DropPrepared(1);
  EXPECT_TRUE(a.Quiet(kAccountStart));
}

TEST(QueryAccount, EachScopeHasItsOwnAndSharesItRightly) {
  AccountTable table(kHash);
  const auto take = [&](Scope scope, const char* cls, int source, const char* user) {
    return table.Take(scope, cls, AccountOf(static_cast<std::uint32_t>(source)), user,
                      kAccountStart);
  };
  const auto source = take(Scope::kSourceInClass, "shop", 1, "ann");
  EXPECT_EQ(&*take(Scope::kSourceInClass, "shop", 1, "bob"), &*source);
  EXPECT_NE(&*take(Scope::kSourceInClass, "shop", 2, "ann"), &*source);
  EXPECT_NE(&*take(Scope::kSourceInClass, "jobs", 1, "ann"), &*source);
  const auto user = take(Scope::kUserInClass, "shop", 1, "ann");
  EXPECT_NE(&*user, &*source);
  EXPECT_EQ(&*take(Scope::kUserInClass, "shop", 2, "ann"), &*user);
  EXPECT_NE(&*take(Scope::kUserInClass, "shop", 1, "bob"), &*user);
  EXPECT_NE(&*take(Scope::kUserInClass, "jobs", 1, "ann"), &*user);
  const auto all = take(Scope::kClass, "shop", 1, "ann");
  EXPECT_EQ(&*take(Scope::kClass, "shop", 2, "bob"), &*all);
  EXPECT_NE(&*take(Scope::kClass, "jobs", 1, "ann"), &*all);
  const auto everywhere = take(Scope::kSource, "shop", 1, "ann");
  EXPECT_EQ(&*take(Scope::kSource, "jobs", 1, "bob"), &*everywhere);
  EXPECT_NE(&*take(Scope::kSource, "shop", 2, "ann"), &*everywhere);
  EXPECT_EQ(table.size(), 3U);  // but for the class's
}

TEST(QueryAccount, ReconnectingDoesNotClearDebts) {
  AccountTable table(kHash);
  const auto take = [&] {
    return table.Take(Scope::kSourceInClass, "c", AccountOf(1), "", kAccountStart);
  };
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(take()->rate.Take(kRate, kAccountStart));
  table.Expire(kAccountStart + seconds(9), 100);
  EXPECT_FALSE(take()->rate.Take(kRate, kAccountStart));
  EXPECT_EQ(table.size(), 1U);
  table.Expire(kAccountStart + seconds(10), 100);
  EXPECT_EQ(table.size(), 0U);
}

TEST(QueryAccount, WhatIsHeldOrOwesStays) {
  AccountTable table(kHash);
  auto held = table.Take(Scope::kSourceInClass, "c", AccountOf(1), "", kAccountStart);
  {
    auto busy = table.Take(Scope::kSourceInClass, "c", AccountOf(2), "", kAccountStart);
    static_cast<void>(busy->busy.StartAnyway(1, seconds(5), kAccountStart));
    auto unused = table.Take(Scope::kSourceInClass, "c", AccountOf(3), "", kAccountStart);
  }
  EXPECT_EQ(table.size(), 2U);
  table.Expire(kAccountStart + seconds(4), 100);
  EXPECT_EQ(table.size(), 2U);
  table.Expire(kAccountStart + seconds(5), 100);
  EXPECT_EQ(table.size(), 1U);
  held = {};
  EXPECT_EQ(table.size(), 0U);
}

TEST(QueryAccount, MovingALeaseKeepsTheCount) {
  AccountTable table(kHash);
  auto a = table.Take(Scope::kSourceInClass, "c", AccountOf(1), "", kAccountStart);
  auto b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(b);
  a = table.Take(Scope::kSourceInClass, "c", AccountOf(1), "", kAccountStart);
  EXPECT_EQ(&*a, &*b);
  a = std::move(b);
  EXPECT_EQ(table.size(), 1U);
  a = {};
  EXPECT_EQ(table.size(), 0U);
}

TEST(QueryAccount, WhenFullNewcomersShareOneOfTheirScopeAndClass) {
  AccountTable table(kHash, 4);
  std::vector<AccountTable::Lease> held;
  const auto take = [&](Scope scope, const char* cls, std::uint32_t n, Time now) -> auto& {
    return held.emplace_back(table.Take(scope, cls, AccountOf(n), std::to_string(n), now));
  };
  held.reserve(100);
  for (std::uint32_t n = 0; n < 4; ++n) {
    EXPECT_FALSE(take(Scope::kSourceInClass, "c", n, kAccountStart).overflow());
  }
  auto& first = take(Scope::kSourceInClass, "c", 10, kAccountStart);
  EXPECT_TRUE(first.overflow());
  EXPECT_EQ(&*take(Scope::kSourceInClass, "c", 11, kAccountStart), &*first);
  EXPECT_NE(&*take(Scope::kSourceInClass, "d", 11, kAccountStart), &*first);
  auto& user = take(Scope::kUserInClass, "c", 11, kAccountStart);
  EXPECT_EQ(&*take(Scope::kUserInClass, "c", 12, kAccountStart), &*user);
  EXPECT_NE(&*user, &*first);
  EXPECT_NE(&*user, &*take(Scope::kClass, "c", 12, kAccountStart));
  EXPECT_FALSE(take(Scope::kSourceInClass, "c", 2, kAccountStart).overflow());  // has its own
  EXPECT_EQ(table.size(), 4U);
  // One that is not held and owes nothing any more makes room.
  EXPECT_TRUE(held[1]->rate.Take(kRate, kAccountStart));
  held[1] = {};
  EXPECT_TRUE(take(Scope::kSourceInClass, "c", 13, kAccountStart).overflow());
  EXPECT_FALSE(take(Scope::kSourceInClass, "c", 13, kAccountStart + seconds(1)).overflow());
}

TEST(QueryAccount, ThreadsComeAndGo) {
  AccountTable table(kHash, 8);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < 2000; ++i) {
        const Time now = kAccountStart + std::chrono::milliseconds(i);
        const auto lease =
            table.Take(Scope::kSourceInClass, "c", AccountOf((i * 7 + t) % 12), "", now);
        static_cast<void>(lease->rate.Take(kRate, now));
        ASSERT_TRUE(lease->AddPrepared(1000));
        lease->DropPrepared(1);
        if (i % 16 == 0) table.Expire(now, 4);
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_LE(table.size(), 8U);
  table.Expire(kAccountStart + seconds(1000), 100);
  EXPECT_EQ(table.size(), 0U);
}

// What Peek() looks at is what Take() would give, and it makes none.
TEST(QueryAccount, AskingTakesNone) {
  AccountTable table(kHash, 2);
  const auto peek = [&](Scope scope, std::uint32_t source, Time now = kAccountStart) {
    const Account* seen = nullptr;
    table.Peek(scope, "shop", AccountOf(source), "ann", now, [&](const Account* a) { seen = a; });
    return seen;
  };
  for (const Scope scope : {Scope::kSourceInClass, Scope::kUserInClass, Scope::kClass}) {
    EXPECT_EQ(peek(scope, 1), nullptr);
  }
  EXPECT_EQ(table.size(), 0U);
  auto one = table.Take(Scope::kSourceInClass, "shop", AccountOf(1), "ann", kAccountStart);
  EXPECT_EQ(peek(Scope::kSourceInClass, 1), &*one);
  auto two = table.Take(Scope::kSourceInClass, "shop", AccountOf(2), "ann", kAccountStart);
  EXPECT_TRUE(two->rate.Take(kRate, kAccountStart));
  // Full: who comes next shares one, as soon as there is one.
  EXPECT_EQ(peek(Scope::kSourceInClass, 3), nullptr);
  const auto shared = table.Take(Scope::kSourceInClass, "shop", AccountOf(3), "ann", kAccountStart);
  ASSERT_TRUE(shared.overflow());
  EXPECT_EQ(peek(Scope::kSourceInClass, 4), &*shared);
  // One that nobody holds makes room when it owes nothing any more.
  two = {};
  EXPECT_EQ(peek(Scope::kSourceInClass, 4), &*shared);
  EXPECT_EQ(peek(Scope::kSourceInClass, 4, kAccountStart + seconds(100)), nullptr);
  const auto fresh =
      table.Take(Scope::kSourceInClass, "shop", AccountOf(4), "ann", kAccountStart + seconds(100));
  EXPECT_FALSE(fresh.overflow());
}

}  // namespace
}  // namespace headgate
