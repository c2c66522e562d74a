// Slots that are shared with another gate, while one replaces the other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "tests/policies/headroom_fixture.h"

namespace headgate {
namespace {

using ::testing::SizeIs;

TEST_F(HeadroomTest, WhatAnotherGateHoldsIsNoSlotOfThisOneUntilItIsGone) {
  WithoutClasses();
  Start();
  engine_->OnElsewhere(15, 15, now_);
  auto in = Fill(20);
  EXPECT_THAT(in, SizeIs(5));
  const TicketPtr late = Accept(Foe(99));
  ASSERT_EQ(Login(late, "weak").kind, Kind::kWait);
  engine_->OnElsewhere(0, 0, now_);
  EXPECT_THAT(admitted_, ::testing::Not(::testing::IsEmpty())) << "they need not wait for more";
}

TEST_F(HeadroomTest, AGateThatIsReplacedKeepsPlacesForThoseWhoAreOnTheWay) {
  WithoutClasses();
  Start();
  auto in = Fill(10);
  const TicketPtr silent = Accept(Foe(90));
  const Engine::Share share = engine_->Confine(/*unnamed=*/2, now_);
  EXPECT_EQ(share.leases, 10u);
  EXPECT_EQ(share.most, 13u);
  EXPECT_EQ(Login(silent, "weak").kind, Kind::kAdmit);
  for (std::uint32_t n = 40; n < 42; ++n) in.push_back(Enter(Foe(n), "weak"));
  const TicketPtr late = Accept(Foe(99));
  EXPECT_EQ(Login(late, "weak").kind, Kind::kWait) << "the new gate has the rest";
  EXPECT_EQ(engine_->Confine(0, now_).leases, 13u);
  engine_->Unconfine(now_);
  EXPECT_THAT(admitted_, SizeIs(1)) << "the new gate has failed";
}

// Masses that say nothing may be an attacker's.
TEST_F(HeadroomTest, OfThoseWhoAreSilentAQuarterOfTheSlotsAtMost) {
  WithoutClasses();
  Start();
  const auto in = Fill(4);
  EXPECT_EQ(engine_->Confine(/*unnamed=*/5000, now_).most, 4u + 20u / 4);
}

// The leases at the server before are no slots of this one, and this gate's all the same.
TEST_F(HeadroomTest, AShareHasTheLeasesAtTheServerBefore) {
  WithoutClasses();
  Start();
  const auto in = Fill(6);
  engine_->OnBackendSwitched(now_);
  const Engine::Share share = engine_->Confine(0, now_);
  EXPECT_EQ(share.leases, 6u);
  EXPECT_EQ(share.most, 6u);
}

}  // namespace
}  // namespace headgate
