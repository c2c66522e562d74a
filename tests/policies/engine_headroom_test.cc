// What the server's own figures, its absence and its return mean for logins; who waits; dry runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "tests/policies/headroom_fixture.h"

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(HeadroomTest, MaxConnectionsOfTheServerIsFollowedUpAndDown) {
  Start();
  engine_->OnServerFacts({.max_connections = 55}, now_);
  EXPECT_EQ(Status().slots_capacity, 50u);
  EXPECT_EQ(Status().server_max, 55u);
  engine_->OnServerFacts({.max_connections = 15}, now_);
  EXPECT_EQ(Status().slots_capacity, 10u);
}

TEST_F(HeadroomTest, AWaitingLoginGetsInAsSoonAsTheServerHasMoreRoom) {
  WithoutClasses();
  Start();
  const auto in = Fill(20);
  ASSERT_THAT(in, SizeIs(20));
  const TicketPtr late = Accept(Foe(99));
  ASSERT_EQ(Login(late, "weak").kind, Kind::kWait);
  engine_->OnServerFacts({.max_connections = 26}, now_);
  EXPECT_THAT(admitted_, SizeIs(1));
}

TEST_F(HeadroomTest, ForeignConnectionsShrinkWhatIsHandedOutAndTheReserveStillHolds) {
  Start();
  Earn(App(), "shop");
  engine_->OnServerFacts({.max_connections = 25, .foreign = 9}, now_);
  EXPECT_EQ(Status().free_slots, 11u);
  const auto in = Fill(20);
  EXPECT_THAT(in, SizeIs(3));  // 11 less the shop's 8
  EXPECT_EQ(Got(Pool(8)), 8u);
}

TEST_F(HeadroomTest, ASmallerPendingBudgetHoldsFromTheReloadOn) {
  limits_.pending.max = 10;
  Start();
  std::vector<TicketPtr> pending;
  for (std::uint32_t n = 0; n < 7; ++n) pending.push_back(Accept(Foe(n)));
  limits_.pending.max = 4;
  Reload();
  EXPECT_EQ(Status().pending, 4u);
  EXPECT_THAT(evicted_, SizeIs(3));
  pending.clear();
  ExpectNothingHeld();
}

// The connection may be a while in ending at the server; the next login need not wait for that.
TEST_F(HeadroomTest, AFailedLoginGivesItsPlaceInTheLaneBackAtOnce) {
  Start();
  for (const LoginFailure how : {LoginFailure::kAccessDenied, LoginFailure::kStalled}) {
    const TicketPtr t = Accept(App());
    ASSERT_EQ(Login(t, "weak").kind, Kind::kAdmit);
    EXPECT_EQ(Status().logins, 1u);
    engine_->OnLoginFailed(*t, how, now_);
    EXPECT_EQ(Status().logins, 0u);
    EXPECT_EQ(Status().leases, 1u) << "the slot is held until the server's FIN";
  }
  ExpectNothingHeld();
}

TEST_F(HeadroomTest, WhileTheServerIsGoneLoginsAreToldAtOnce) {
  Start();
  engine_->OnBackend(false, now_);
  const TicketPtr t = Accept(App());
  const Verdict v = Login(t, "shop");
  EXPECT_EQ(v.kind, Kind::kRefuse);
  EXPECT_EQ(v.reason, Reason::kBackendUnreachable);
  EXPECT_EQ(Acted(Reason::kBackendUnreachable), 1u);
  EXPECT_FALSE(Status().backend_up);
  engine_->OnBackend(true, now_);
  EXPECT_NE(Enter(App(), "shop"), nullptr);
}

TEST_F(HeadroomTest, WhoWaitsIsTurnedAwayWhenTheServerGoes) {
  WithoutClasses();
  Start();
  const auto in = Fill(20);
  const TicketPtr late = Accept(Foe(99));
  ASSERT_EQ(Login(late, "weak").kind, Kind::kWait);
  engine_->OnBackend(false, now_);
  ASSERT_THAT(refused_, SizeIs(1));
  EXPECT_EQ(refused_[0].reason, Reason::kBackendUnreachable);
  EXPECT_EQ(Status().waiting, 0u);
}

TEST_F(HeadroomTest, AfterItsReturnLoginsAreLetInByARamp) {
  limits_.slots = {.max_connections = 1005, .max_connections_auto = false, .keep_free = 5};
  limits_.slots.start_ramp = {50, 50};
  limits_.waiting.max = 1000;
  limits_.waiting.queue = minutes(1);
  WithoutClasses();
  Start();
  engine_->OnBackend(false, now_);
  engine_->OnBackend(true, now_);
  std::vector<TicketPtr> herd;
  std::size_t in = 0;
  for (std::uint32_t i = 0; i < 500; ++i) {
    herd.push_back(Accept(Foe(i)));
    if (Login(herd.back(), "weak").kind == Kind::kAdmit) {
      ++in;
      engine_->OnLoginOk(*herd.back(), now_);
    }
  }
  EXPECT_LE(in, 6u);
  std::vector<std::size_t> by_second;
  for (int second = 0; second < 6; ++second) {
    const std::size_t before = in;
    for (int i = 0; i < 50; ++i) {
      Pass(milliseconds(20));
      for (const Told& t : std::exchange(admitted_, {})) {
        ++in;
        for (const TicketPtr& h : herd) {
          if (IdOf(*h) == t.id) engine_->OnLoginOk(*h, now_);
        }
      }
    }
    by_second.push_back(in - before);
  }
  EXPECT_EQ(in, 500u);
  EXPECT_LE(by_second[0], 60u);
  EXPECT_GE(by_second[0], 40u);
  EXPECT_LE(by_second[1], 120u);
  EXPECT_GT(by_second[1], by_second[0]);
}

TEST_F(HeadroomTest, AnotherBackendStartsWithAllItsSlots) {
  WithoutClasses();
  Start();
  auto old = Fill(20);
  ASSERT_THAT(old, SizeIs(20));
  engine_->OnBackendSwitched(now_);
  EXPECT_EQ(Status().leases, 0u);
  EXPECT_EQ(Status().former, 20u);
  Pass(seconds(61));  // the ramp
  const auto fresh = Fill(20);
  EXPECT_THAT(fresh, SizeIs(20));
  old.clear();
  EXPECT_EQ(Status().former, 0u);
  EXPECT_EQ(Status().leases, 20u);
}

TEST_F(HeadroomTest, PressureInDryRunIsShownAndChangesNothing) {
  WithoutClasses();
  limits_.pressure.enforce = false;
  Over(Level::kAttack).source.connections = Share::Number(1);
  Start();
  Earn(App(), "shop");
  auto hoard = Fill(21);
  EXPECT_EQ(Status().level, Level::kAttack);
  Pass(seconds(10));
  const TicketPtr a = Accept(Foe(51));
  EXPECT_NE(Accept(Foe(51)), nullptr);
  ASSERT_EQ(Login(a, "weak").kind, Kind::kWait);
  Pass(seconds(1));
  EXPECT_THAT(reclaims_, IsEmpty());
  EXPECT_FALSE(Status().implicit_binds);
}

TEST_F(HeadroomTest, SlotsAndClassesThatAreNotEnforcedAreCounted) {
  limits_.classes[0].enforce = false;
  limits_.classes[0].max = Share::Number(2);
  limits_.classes[0].reserve = 0;
  limits_.classes[1].max = Share::Off();
  Start();
  const auto pool = Pool(4);
  EXPECT_EQ(Got(pool), 4u);
  EXPECT_EQ(WouldAct(Reason::kClassFull), 2u);
  limits_.slots.enforce = false;
  Reload();
  EXPECT_THAT(Fill(30), SizeIs(30));
  EXPECT_EQ(WouldAct(Reason::kNoSlot), 14u);
}

TEST_F(HeadroomTest, WhoWaitsHasAPositionAndAnExpectedWait) {
  WithoutClasses();
  limits_.waiting.queue = seconds(20);
  Start();
  auto in = Fill(20);
  std::vector<TicketPtr> queue;
  for (std::uint32_t i = 0; i < 6; ++i) {
    queue.push_back(Accept(Foe(100 + i)));
    ASSERT_EQ(Login(queue.back(), "weak").kind, Kind::kWait);
  }
  for (int i = 0; i < 3; ++i) {  // a place comes free each second
    Pass(seconds(1));
    in.pop_back();
  }
  const auto rows = engine_->Waiting(10, now_);
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[0].position, 1u);
  EXPECT_EQ(rows[0].peer, Foe(103));
  EXPECT_EQ(rows[2].position, 3u);
  EXPECT_EQ(rows[0].user, "weak");
  EXPECT_EQ(rows[0].left, seconds(17));
  EXPECT_LT(rows[0].expected, rows[2].expected);
  EXPECT_GT(rows[2].expected, seconds(1));
  EXPECT_LE(rows[2].expected, seconds(17));
  EXPECT_THAT(engine_->Waiting(2, now_), SizeIs(2));
  EXPECT_GT(Status().classes.back().expected_wait, Duration::zero());
}

TEST_F(HeadroomTest, TheDeadlineOfAPendingStrangerIsTheLevels) {
  Over(Level::kElevated).pending.deadline = seconds(1);
  Start();
  const TicketPtr t = Accept(Foe(1));
  EXPECT_EQ(engine_->PendingDeadline(*t), limits_.pending.deadline);
  engine_->OnWire(1e6, false, now_);
  EXPECT_EQ(engine_->PendingDeadline(*t), seconds(1));
}

// The server's OK was on its way when the client left.
TEST_F(HeadroomTest, AnOkToAClientThatHasLeftFreesTheLaneAndProvesNothing) {
  limits_.login.in_progress = 1;
  WithoutClasses();
  Start();
  const TicketPtr gone = Accept(App()), next = Accept(App());
  ASSERT_EQ(Login(gone, "shop").kind, Kind::kAdmit);
  ASSERT_EQ(Login(next, "shop").kind, Kind::kWait) << "the lane is full";
  engine_->OnClientGone(*gone, now_);
  EXPECT_THAT(admitted_, IsEmpty()) << "the server is still at it";
  engine_->OnLoginOk(*gone, now_);
  EXPECT_THAT(admitted_, SizeIs(1));
  EXPECT_EQ(Status().orphans, 1u);
  EXPECT_EQ(Status().logins_ok, 0u);
}

}  // namespace
}  // namespace headgate
