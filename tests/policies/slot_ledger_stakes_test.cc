#include <gtest/gtest.h>

#include <algorithm>

#include "slot_ledger_fixture.h"

namespace headgate {
namespace {

class StakesTest : public SlotLedgerTest {
 protected:
  void SetUp() override {
    Configure(100, {Class("default", 0)});
    ledger_.SetStakes({{Pair(1), 30}, {Pair(2), 10}});
    ledger_.BindStakes(true);
  }
};

TEST_F(StakesTest, StrangersGetWhatIsLeft) {
  EXPECT_EQ(Fill(0, Standing::kProven), 60u);
  EXPECT_EQ(Ask(0, Standing::kKnownGood), Answer::kNoSlot) << "known-good, but without a stake";
  EXPECT_EQ(Fill(0, Standing::kKnownGood, 1000, StakeOf(1)), 30u);
  EXPECT_EQ(Ask(0, Standing::kKnownGood, StakeOf(1)), Answer::kNoSlot) << "the other's are kept";
  EXPECT_EQ(Fill(0, Standing::kKnownGood, 1000, StakeOf(2)), 10u);
}

TEST_F(StakesTest, ReserveNothingWhileTheyDoNotBind) {
  ledger_.BindStakes(false);
  EXPECT_EQ(Fill(0, Standing::kProven), 100u);
  EXPECT_EQ(Ask(0, Standing::kKnownGood, StakeOf(1)), Answer::kNoSlot);
  EXPECT_EQ(ledger_.implicit_reserve(), 40u);
  EXPECT_EQ(ledger_.implicit_unused(), 40u);
}

TEST_F(StakesTest, AClaimUsesNoStake) {
  EXPECT_EQ(Fill(0, Standing::kUnproven, 1000, StakeOf(1)), 60u);
  EXPECT_EQ(ledger_.implicit_unused(), 40u);
  held_[0].Prove();
  EXPECT_EQ(ledger_.implicit_unused(), 39u);
}

TEST_F(StakesTest, BeyondItsStakeAPairIsLikeAnybody) {
  EXPECT_EQ(Fill(0, Standing::kProven, 1000, StakeOf(1)), 90u);
  EXPECT_EQ(ledger_.implicit_unused(), 10u);
}

TEST_F(StakesTest, ALeaseOfAClassAndAStakeUsesBoth) {
  Configure(100, {Class("shop", 30), Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kProven, 30, StakeOf(1)), 30u);
  EXPECT_EQ(ledger_.implicit_unused(), 10u);
  EXPECT_EQ(Fill(1, Standing::kProven), 60u);
}

TEST_F(StakesTest, WhenTheyBeginToBindStrangersAreCalledBack) {
  ledger_.BindStakes(false);
  EXPECT_EQ(Fill(0, Standing::kProven), 100u);
  ledger_.BindStakes(true);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kNoSlot);
  EXPECT_EQ(Ask(0, Standing::kUnproven, StakeOf(1)), Answer::kNoSlot);
  EXPECT_EQ(Ask(0, Standing::kKnownGood, StakeOf(1)), Answer::kReclaim);
  EXPECT_TRUE(ledger_.ServesReclaim(held_.back(), ids_[0]));
  held_.pop_back();
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kNoSlot) << "no stranger's again";
  EXPECT_EQ(Fill(0, Standing::kKnownGood, 1000, StakeOf(1)), 1u);
  for (SlotLedger::Lease& lease : held_) ledger_.SetTrusted(lease, true);
  EXPECT_FALSE(ledger_.ServesReclaim(held_.back(), ids_[0]));
  EXPECT_EQ(Ask(0, Standing::kKnownGood, StakeOf(1)), Answer::kNoSlot) << "nobody to call back";
}

TEST_F(StakesTest, ShrinkInProportionWithTheClasses) {
  Configure(100, {Class("shop", 20), Class("default", 0)});
  EXPECT_EQ(Fill(1, Standing::kProven), 40u);
  Configure(70, {Class("shop", 20), Class("default", 0)});  // 30 left for 60
  EXPECT_EQ(Fill(1, Standing::kProven, 1000, StakeOf(1)), 15u);
  EXPECT_EQ(Fill(0, Standing::kProven), 10u);
  EXPECT_EQ(Fill(1, Standing::kProven, 1000, StakeOf(2)), 5u);
}

TEST_F(StakesTest, NothingKeptForThemIsLent) {
  Configure(100, {Lending("shop", 20), Class("default", 0)});
  EXPECT_EQ(Fill(1, Standing::kProven), 40u);
  EXPECT_EQ(Borrow(1), 20u);
  EXPECT_EQ(Fill(1, Standing::kKnownGood, 1000, StakeOf(1)), 30u);
  EXPECT_EQ(Fill(1, Standing::kKnownGood, 1000, StakeOf(2)), 10u);
}

TEST_F(StakesTest, APairKeepsItsIdWhileItHasLeases) {
  const StakeId id = StakeOf(2);
  Take(0, Standing::kProven, id);
  ledger_.SetStakes({{Pair(7), 5}, {Pair(3), 5}, {Pair(2), 20}});
  EXPECT_EQ(StakeOf(2), id);
  EXPECT_EQ(StakeOf(1), kNoStake);
  EXPECT_EQ(ledger_.stakes(), 3u);
  EXPECT_EQ(ledger_.implicit_unused(), 29u);
}

TEST_F(StakesTest, LeasesOfAStakeThatIsGoneCountOnInTotal) {
  const StakeId id = StakeOf(2);
  EXPECT_EQ(Fill(0, Standing::kProven, 4, id), 4u);
  ledger_.SetStakes({});
  EXPECT_EQ(ledger_.stakes(), 0u);
  EXPECT_EQ(ledger_.leases(), 4u);
  EXPECT_EQ(StakeOf(2), kNoStake);
  EXPECT_EQ(Fill(0, Standing::kProven, 1, id), 1u) << "asked for under an id from before";
  EXPECT_EQ(held_.back().stake(), kNoStake);
  held_.pop_back();
  // Others do not get its id while it has leases, and back again it has them still.
  ledger_.SetStakes({{Pair(5), 1}, {Pair(6), 1}, {Pair(7), 1}});
  for (std::uint32_t host : {5, 6, 7}) EXPECT_NE(StakeOf(host), id);
  ledger_.SetStakes({{Pair(2), 10}});
  EXPECT_EQ(StakeOf(2), id);
  EXPECT_EQ(ledger_.implicit_unused(), 6u);
  ledger_.SetStakes({});
  held_.clear();
  ledger_.SetStakes({{Pair(2), 10}});
  EXPECT_EQ(ledger_.implicit_unused(), 10u);
}

TEST_F(StakesTest, IdsAreUsedAgain) {
  StakeId highest = 0;
  for (std::uint32_t round = 0; round < 100; ++round) {
    ledger_.SetStakes({{Pair(2 * round), 1}, {Pair(2 * round + 1), 1}});
    const StakeId first = StakeOf(2 * round), second = StakeOf(2 * round + 1);
    highest = std::max({highest, first, second});
    SlotLedger::Lease lease = ledger_.Grant(ids_[0], Standing::kProven, first);
    ledger_.SetStakes({});
  }
  EXPECT_LE(highest, 8u);
}

TEST_F(StakesTest, ALeaseIsBookedUnderAStakeLater) {
  SlotLedger::Lease& lease = Take(0, Standing::kProven);
  ledger_.SetStake(lease, StakeOf(1));
  EXPECT_EQ(lease.stake(), StakeOf(1));
  EXPECT_EQ(ledger_.implicit_unused(), 39u);
  ledger_.SetStake(lease, StakeOf(2));
  SlotLedger::Lease none;
  ledger_.SetStake(none, StakeOf(1));
  ledger_.SetTrusted(none, true);
  EXPECT_EQ(ledger_.trusted(), 0u);
  EXPECT_EQ(ledger_.implicit_unused(), 39u);
  ledger_.SetStake(lease, kNoStake);
  EXPECT_EQ(ledger_.implicit_unused(), 40u);
}

TEST_F(StakesTest, MovingTakesTheStakeAlong) {
  EXPECT_EQ(Fill(0, Standing::kProven), 60u);
  SlotLedger::Lease lease = ledger_.Grant(ids_[0], Standing::kProven, StakeOf(1));
  EXPECT_EQ(ledger_.MayMove(lease, ids_[0], Standing::kProven), Answer::kNoSlot);
  EXPECT_EQ(ledger_.MayMove(lease, ids_[0], Standing::kProven, StakeOf(2)), Answer::kGranted);
  EXPECT_EQ(ledger_.implicit_unused(), 39u) << "asking changes nothing";
  ledger_.MoveTo(lease, ids_[0], Standing::kUnproven, StakeOf(2));
  EXPECT_EQ(lease.stake(), StakeOf(2));
  EXPECT_EQ(ledger_.implicit_unused(), 40u);
}

TEST_F(StakesTest, RowsOfOnePairAddUpAndEmptyOnesAreNone) {
  ledger_.SetStakes({{Pair(1), 3}, {Pair(1), 4}, {Pair(9), 0}});
  EXPECT_EQ(ledger_.stakes(), 1u);
  EXPECT_EQ(ledger_.implicit_reserve(), 7u);
  EXPECT_EQ(StakeOf(9), kNoStake);
}

TEST_F(StakesTest, TrustedAreThoseToldAndThoseWithProofInAReservedClass) {
  Configure(100, {Class("shop", 5), Class("default", 0)});
  Take(0, Standing::kProven);
  Take(0, Standing::kKnownGood);
  Take(0, Standing::kUnproven);
  Take(1, Standing::kProven);
  SlotLedger::Lease& told = Take(1, Standing::kProven);
  EXPECT_EQ(ledger_.trusted(), 2u);
  ledger_.SetTrusted(told, true);
  EXPECT_EQ(ledger_.trusted(), 3u);
  ledger_.SetTrusted(held_[0], true);
  EXPECT_EQ(ledger_.trusted(), 3u) << "once is enough";
  Configure(100, {Class("shop", 0), Class("default", 0)});
  EXPECT_EQ(ledger_.trusted(), 2u);
  Configure(100, {Class("shop", 5), Class("default", 0)});
  held_[2].Prove();
  EXPECT_EQ(ledger_.trusted(), 4u);
  held_.clear();
  EXPECT_EQ(ledger_.trusted(), 0u);
}

}  // namespace
}  // namespace headgate
