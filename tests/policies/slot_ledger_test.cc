#include "policies/slot_ledger.h"

#include <gtest/gtest.h>

#include "slot_ledger_fixture.h"

namespace headgate {
namespace {

TEST_F(SlotLedgerTest, OthersCannotTouchAReserve) {
  Configure(100, {Class("shop", 30), Class("default", 0)});
  EXPECT_EQ(Fill(1, Standing::kProven), 70u);
  EXPECT_EQ(Ask(1, Standing::kProven), Answer::kNoSlot);
  EXPECT_EQ(Fill(0, Standing::kProven), 30u);
}

TEST_F(SlotLedgerTest, ClaimsCannotTouchTheReserveOfTheClassTheyClaim) {
  Configure(100, {Class("shop", 30), Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kUnproven), 70u);
  EXPECT_EQ(Fill(1, Standing::kProven), 0u) << "claims must not use the reserve up either";
  EXPECT_EQ(Fill(0, Standing::kKnownGood), 30u);
}

TEST_F(SlotLedgerTest, ProofMovesALeaseIntoTheReserve) {
  Configure(100, {Class("shop", 30), Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kUnproven), 70u);
  held_.front().Prove();
  EXPECT_EQ(ledger_.Counts(ids_[0]).unproven, 69u);
  EXPECT_EQ(Ask(1, Standing::kProven), Answer::kGranted);
}

TEST_F(SlotLedgerTest, MaxAndUnprovenAreSharesOfTheSlots) {
  Configure(100, {Class("shop", 0, Share::Percent(40), Share::Percent(25)), Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kUnproven), 10u);
  EXPECT_EQ(Ask(0, Standing::kUnproven), Answer::kUnprovenFull);
  EXPECT_EQ(Fill(0, Standing::kProven), 30u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kClassFull);
}

TEST_F(SlotLedgerTest, OrphansHoldTheirSlotUntilReleased) {
  Configure(2, {Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kProven), 2u);
  held_[0].Orphan();
  held_[0].Orphan();
  EXPECT_EQ(ledger_.orphans(), 1u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kNoSlot);
  held_[0].Release();
  EXPECT_EQ(ledger_.orphans(), 0u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kGranted);
}

TEST_F(SlotLedgerTest, WhenBrokenReservesShrinkInProportion) {
  Configure(100, {Class("a", 40), Class("b", 20), Class("default", 0)});
  EXPECT_EQ(Fill(2, Standing::kProven), 40u);
  Configure(70, {Class("a", 40), Class("b", 20), Class("default", 0)});
  EXPECT_EQ(Ask(2, Standing::kProven), Answer::kNoSlot);
  EXPECT_EQ(Ask(0, Standing::kUnproven), Answer::kNoSlot);
  EXPECT_EQ(Fill(0, Standing::kProven), 20u);  // of the 30 left, two thirds
  EXPECT_EQ(Fill(1, Standing::kProven), 10u);
  EXPECT_EQ(ledger_.free_slots(), 0u);
}

TEST_F(SlotLedgerTest, WhenBrokenTheLastSlotIsNotWasted) {
  Configure(10, {Class("a", 5), Class("b", 5), Class("default", 0)});
  ledger_.SetServer(15, 9);
  EXPECT_EQ(Ask(2, Standing::kProven), Answer::kNoSlot);
  EXPECT_EQ(Fill(1, Standing::kProven), 1u);
}

TEST_F(SlotLedgerTest, AnOverusedShrunkReserveDoesNotLockOutTheOthers) {
  Configure(90, {Class("a", 30), Class("b", 30), Class("c", 30), Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kProven, 15), 15u);
  Configure(21, {Class("a", 30), Class("b", 30), Class("c", 30), Class("default", 0)});
  EXPECT_EQ(Fill(1, Standing::kProven), 3u);
  EXPECT_EQ(Fill(2, Standing::kProven), 3u);
}

TEST_F(SlotLedgerTest, BackendFullLowersAndTimeRaises) {
  Configure(100, {Class("default", 0)});
  Fill(0, Standing::kProven, 11);
  Time now{seconds(100)};
  ledger_.OnBackendFull(now);
  held_.pop_back();
  EXPECT_EQ(ledger_.capacity(), 10u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kNoSlot);
  EXPECT_FALSE(ledger_.Recover(now + seconds(9)));
  EXPECT_TRUE(ledger_.Recover(now + seconds(10)));
  EXPECT_EQ(ledger_.capacity(), 11u);
  for (int i = 2; i <= 90; ++i) EXPECT_TRUE(ledger_.Recover(now + i * seconds(10)));
  EXPECT_EQ(ledger_.capacity(), 100u);
  EXPECT_EQ(ledger_.NextRecovery(), kNever);
}

TEST_F(SlotLedgerTest, BackendFullNeverLowersBelowOne) {
  Configure(100, {Class("default", 0)});
  Fill(0, Standing::kProven, 1);
  ledger_.OnBackendFull(Time{});
  EXPECT_EQ(ledger_.capacity(), 1u);
}

TEST_F(SlotLedgerTest, AWrittenNumberIsNotLowered) {
  ids_ = ledger_.Configure(Slots(100, /*follow=*/false), {Class("default", 0)});
  Fill(0, Standing::kProven, 3);
  ledger_.OnBackendFull(Time{});
  EXPECT_EQ(ledger_.capacity(), 100u);
}

TEST_F(SlotLedgerTest, LoweredCapacityOutlivesAReload) {
  Configure(100, {Class("default", 0)});
  Fill(0, Standing::kProven, 11);
  ledger_.OnBackendFull(Time{});
  Configure(90, {Class("default", 0)});
  EXPECT_EQ(ledger_.capacity(), 10u);
}

TEST_F(SlotLedgerTest, ClassesKeepTheirIdsByName) {
  Configure(100, {Class("shop", 30), Class("old", 10), Class("default", 0)});
  Fill(1, Standing::kProven, 2);
  const auto old = ids_[1];
  Configure(100, {Class("new", 5), Class("shop", 30), Class("default", 0)});
  EXPECT_NE(ids_[0], old) << "an id with leases is not given to another name";
  EXPECT_EQ(ledger_.Resolve(old), ids_[2]);
  EXPECT_EQ(ledger_.leases(), 2u);
  held_.clear();
  EXPECT_EQ(ledger_.leases(), 0u);
  Configure(100, {Class("newer", 5), Class("shop", 30), Class("default", 0)});
  EXPECT_LE(ids_[0], 3u) << "ids are used again, or a thousand reloads would grow the table";
}

TEST_F(SlotLedgerTest, MovingIsReleasingAndAskingAgain) {
  Configure(10, {Class("shop", 5), Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kProven), 10u);
  // From the reserve to outside: the freed slot belongs to the reserve again.
  held_.resize(5);
  EXPECT_EQ(ledger_.MayMove(held_[0], ids_[1], Standing::kProven), Answer::kGranted);
  EXPECT_EQ(Fill(1, Standing::kProven), 5u);
  EXPECT_EQ(ledger_.MayMove(held_[0], ids_[1], Standing::kUnproven), Answer::kNoSlot);
  EXPECT_EQ(ledger_.MayMove(held_[9], ids_[0], Standing::kUnproven), Answer::kGranted);
  ledger_.MoveTo(held_[9], ids_[0], Standing::kUnproven);
  EXPECT_EQ(ledger_.Counts(ids_[0]).unproven, 1u);
  EXPECT_EQ(ledger_.Counts(ids_[1]).leases, 4u);
  EXPECT_EQ(ledger_.leases(), 10u);
}

// Another gate of ours that is being replaced has sessions yet.
TEST_F(SlotLedgerTest, WhatAnotherGateHoldsIsNotFree) {
  Configure(20, {Class("default", 0)}, /*follow=*/false);
  ledger_.SetElsewhere(8, 8);
  EXPECT_EQ(ledger_.free_slots(), 12u);
  EXPECT_EQ(Fill(0, Standing::kProven), 12u);
  ledger_.SetElsewhere(3, 0);
  EXPECT_EQ(Fill(0, Standing::kProven), 5u);
}

// The server's list shows them as foreign: those are not counted twice, and none is left out.
TEST_F(SlotLedgerTest, WhatAListOfTheServersShowsOfAnotherGateCountsOnce) {
  Configure(20, {Class("default", 0)});
  ledger_.SetServer(25, 2);    // 2 of somebody else
  ledger_.SetElsewhere(8, 8);  // not in the list yet
  EXPECT_EQ(ledger_.free_slots(), 10u);
  ledger_.SetServer(25, 2 + 6);  // 6 of its 8 are
  ledger_.SetElsewhere(8, 2);
  EXPECT_EQ(ledger_.free_slots(), 10u);
  ledger_.SetServer(25, 0);  // the monitor was lost
  EXPECT_EQ(ledger_.free_slots(), 12u);
}

TEST_F(SlotLedgerTest, AGateThatIsReplacedKeepsToItsShare) {
  Configure(20, {Class("shop", 6), Class("default", 0)});
  EXPECT_EQ(Fill(1, Standing::kProven, 4), 4u);
  EXPECT_EQ(ledger_.Confine(3), 7u);
  EXPECT_EQ(Fill(1, Standing::kProven), 3u) << "who was with it gets what was free for all";
  EXPECT_EQ(ledger_.Confine(3), 7u);
  held_.pop_back();
  EXPECT_EQ(ledger_.Confine(3), 7u) << "somebody waits for that place";
  EXPECT_EQ(ledger_.Confine(0), 6u);
  EXPECT_EQ(Ask(1, Standing::kProven), Answer::kNoSlot);
  held_.pop_back();
  EXPECT_EQ(Ask(1, Standing::kProven), Answer::kGranted);
  EXPECT_EQ(ledger_.Confine(0), 5u);
  EXPECT_EQ(ledger_.Confine(9), 5u) << "what was given up does not come back";
  ledger_.Unconfine();
  EXPECT_EQ(Ask(1, Standing::kProven), Answer::kGranted);
}

// The new gate has that reserve in full, so the old one takes nothing of it for others.
TEST_F(SlotLedgerTest, AReservesPlaceGoesToTheOtherGateWhenItEnds) {
  Configure(10, {Class("shop", 6), Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kProven, 6), 6u);
  EXPECT_EQ(Fill(1, Standing::kProven), 4u);
  EXPECT_EQ(ledger_.Confine(5), 10u);
  held_.front().Release();
  EXPECT_EQ(Ask(1, Standing::kProven), Answer::kNoSlot);
  EXPECT_EQ(ledger_.Confine(5), 9u);
}

}  // namespace
}  // namespace headgate
