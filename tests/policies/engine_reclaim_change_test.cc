// Slots that are wanted back from sessions in the middle of a COM_CHANGE_USER: to be in one for
// ever is no way to keep a slot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "tests/policies/headroom_fixture.h"

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ReclaimChangeTest : public HeadroomTest {
 protected:
  // As a client says it: the command, then the login.
  Kind Change(const TicketPtr& t, std::string_view user = "weak") {
    CommandFacts facts;
    facts.command = CommandKind::kChangeUser;
    facts.length = 40;
    const CommandVerdict v = engine_->OnCommand(*t, facts, now_);
    if (v.kind == CommandVerdict::Kind::kClose) return Kind::kRefuse;
    return engine_->OnChangeUser(*t, {.user = user, .database = ""}, now_).kind;
  }
  void ChangeAll(const std::vector<TicketPtr>& sessions) {
    for (const TicketPtr& t : sessions) ASSERT_EQ(Change(t), Kind::kAdmit);
  }
  // Each answers the server as late as can be, and asks for the next one at once.
  void ChangeAgain(std::vector<TicketPtr>& sessions) {
    for (TicketPtr& t : sessions) {
      if (t == nullptr) continue;
      engine_->OnLoginOk(*t, now_);
      engine_->OnAnswer(*t, {.command = CommandKind::kChangeUser}, now_);
      if (Change(t) == Kind::kRefuse) t.reset();
    }
  }
  // Strangers with the slots that its class has lent.
  std::vector<TicketPtr> Borrowers() {
    limits_.classes[0].lend = true;
    Start();
    Earn(App(), "shop");
    return Fill(20);
  }
  // Idle strangers with all the slots, of an application that had eight.
  std::vector<TicketPtr> Squatters() {
    WithoutClasses();
    limits_.known_good.minutes = 10;
    Start();
    auto pool = Pool(8);
    Work(pool, 12);
    pool.clear();
    auto strangers = Fill(60);
    EXPECT_NE(Status().level, Level::kCalm);
    engine_->OnServerFacts({.max_connections = 25, .foreign = Status().free_slots}, now_);
    return strangers;
  }
  void OneGoesForTheOwner(std::vector<TicketPtr>& strangers) {
    const TicketPtr owner = Accept(App());
    ASSERT_EQ(Login(owner, "shop").kind, Kind::kWait);
    ASSERT_THAT(reclaims_, SizeIs(1));
    EXPECT_EQ(Answer(strangers), 1u);
    EXPECT_THAT(admitted_, SizeIs(1));
  }
  // How many of the application's eight sessions are in after five seconds of such changes.
  std::size_t OwnersAmong(std::vector<TicketPtr>& strangers) {
    std::vector<TicketPtr> pool;
    std::size_t in = 0;
    const auto enter = [&](const TicketPtr& t) {
      engine_->OnLoginOk(*t, now_);
      ++in;
    };
    const Time from = now_;
    ChangeAll(strangers);
    for (Time next = now_ + milliseconds(2900); now_ < from + seconds(5); Pass(milliseconds(20))) {
      if (now_ >= next) ChangeAgain(strangers);
      if (now_ >= next) next += milliseconds(2900);
      if (now_ >= from + milliseconds(500) && pool.size() < 8) {
        pool.push_back(Accept(App()));
        if (Login(pool.back(), "shop").kind == Kind::kAdmit) enter(pool.back());
      }
      Answer(strangers);
      for (const Told& told : std::exchange(admitted_, {})) {
        for (const TicketPtr& t : pool) {
          if (IdOf(*t) == told.id) enter(t);
        }
      }
    }
    EXPECT_THAT(refused_, IsEmpty());
    return in;
  }
};

TEST_F(ReclaimChangeTest, WhatWasLentIsCalledBack) {
  auto strangers = Borrowers();
  ASSERT_THAT(strangers, SizeIs(20));
  Pass(seconds(1));
  ChangeAll(strangers);
  OneGoesForTheOwner(strangers);
  EXPECT_EQ(Acted(Reason::kReclaimed), 1u);
}

TEST_F(ReclaimChangeTest, IdleStrangersAreCalledBack) {
  auto strangers = Squatters();
  Pass(seconds(1));
  ChangeAll(strangers);
  OneGoesForTheOwner(strangers);
}

// Strangers among themselves: a change of user is nothing that a session did.
TEST_F(ReclaimChangeTest, IdleSinceBeforeIt) {
  auto strangers = Squatters();
  Pass(seconds(3));
  ChangeAll(strangers);
  Pass(milliseconds(2900));
  ChangeAgain(strangers);
  engine_->OnWire(1e6, false, now_);
  Pass(milliseconds(20));
  ASSERT_EQ(Status().level, Level::kAttack);
  const TicketPtr other = Accept(Foe(500));
  ASSERT_EQ(Login(other, "weak").kind, Kind::kWait);
  EXPECT_THAT(reclaims_, SizeIs(1));
}

TEST_F(ReclaimChangeTest, NobodyIsClosedWhoWasNotCalledBack) {
  Start();
  const TicketPtr t = Enter(Foe(1), "weak");
  ASSERT_EQ(Change(t), Kind::kAdmit);
  EXPECT_EQ(engine_->OnSweep(*t, {}, now_).kind, SweepVerdict::Kind::kNone);
  engine_->OnLoginOk(*t, now_);
  EXPECT_EQ(engine_->OnSweep(*t, {}, now_).kind, SweepVerdict::Kind::kNone);
}

// It would be another user's session then, and nobody's call.
TEST_F(ReclaimChangeTest, WhoeverIsCalledBackChangesNoUserAnyMore) {
  auto strangers = Squatters();
  Pass(seconds(1));
  const TicketPtr owner = Accept(App());
  ASSERT_EQ(Login(owner, "shop").kind, Kind::kWait);
  ASSERT_THAT(reclaims_, SizeIs(1));
  const auto called = std::find_if(strangers.begin(), strangers.end(),
                                   [&](const auto& t) { return IdOf(*t) == reclaims_[0]; });
  ASSERT_NE(called, strangers.end());
  // The command was asked about before it was called back.
  const LoginClaim other{.user = "other", .database = ""};
  EXPECT_EQ(engine_->OnChangeUser(**called, other, now_).reason, Reason::kReclaimed);
  EXPECT_EQ(Change(*called, "other"), Kind::kRefuse);
  EXPECT_EQ(Acted(Reason::kReclaimed), 2u);
  EXPECT_EQ(Acted(Reason::kChangeUserRefused), 0u);
  EXPECT_EQ(Answer(strangers), 1u);
  EXPECT_THAT(admitted_, SizeIs(1));
}

TEST_F(ReclaimChangeTest, ALoopOfThemKeepsNoLentSlotFromItsOwner) {
  auto strangers = Borrowers();
  EXPECT_EQ(OwnersAmong(strangers), 8u);
}

TEST_F(ReclaimChangeTest, ALoopOfThemKeepsNoSlotFromAnApplicationThatHadIt) {
  auto strangers = Squatters();
  EXPECT_EQ(OwnersAmong(strangers), 8u);
}

// The server has rolled it back.
TEST_F(ReclaimChangeTest, ItEndsATransaction) {
  auto strangers = Squatters();
  for (const TicketPtr& t : strangers) {
    static_cast<void>(Ask(t, "BEGIN"));
    engine_->OnAnswer(*t, {.command = CommandKind::kQuery, .in_transaction = true}, now_);
  }
  ChangeAll(strangers);
  ChangeAgain(strangers);
  for (const TicketPtr& t : strangers) engine_->OnLoginOk(*t, now_);
  Pass(seconds(1));
  const TicketPtr owner = Accept(App());
  ASSERT_EQ(Login(owner, "shop").kind, Kind::kWait);
  EXPECT_THAT(reclaims_, SizeIs(1));
  EXPECT_EQ(Answer(strangers), 1u);
}

}  // namespace
}  // namespace headgate
