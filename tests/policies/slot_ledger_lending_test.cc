#include <gtest/gtest.h>

#include "slot_ledger_fixture.h"

namespace headgate {
namespace {

class LendingTest : public SlotLedgerTest {};

TEST_F(LendingTest, OnlyWhatAClassLendsIsLent) {
  Configure(100, {Lending("shop", 30), Class("cron", 20), Class("default", 0)});
  EXPECT_EQ(Fill(2, Standing::kProven), 50u);
  EXPECT_EQ(Borrow(2), 30u);
  EXPECT_EQ(Ask(2, Standing::kProven), Answer::kNoSlot);
  EXPECT_EQ(ledger_.lent(), 30u);
  EXPECT_EQ(ledger_.Counts(ids_[2]).lent, 30u);
  EXPECT_EQ(ledger_.Counts(ids_[2]).leases, 80u);
  EXPECT_EQ(Fill(1, Standing::kProven), 20u) << "what is not lent is there";
  EXPECT_EQ(ledger_.free_slots(), 0u);
}

TEST_F(LendingTest, AGrantBesideFreeSlotsIsNotLent) {
  Configure(100, {Lending("shop", 30), Class("default", 0)});
  EXPECT_FALSE(Take(1, Standing::kProven).lent());
  EXPECT_EQ(Fill(1, Standing::kProven), 69u);
  EXPECT_TRUE(Take(1, Standing::kUnproven).lent());
}

TEST_F(LendingTest, TheOwnerCallsBackOneAtATime) {
  Configure(10, {Lending("shop", 4), Class("default", 0)});
  EXPECT_EQ(Fill(1, Standing::kProven), 6u);
  EXPECT_EQ(Borrow(1), 4u);
  EXPECT_EQ(Ask(0, Standing::kUnproven), Answer::kNoSlot) << "a claim calls nobody back";
  for (std::uint32_t i = 1; i <= 4; ++i) {
    ASSERT_EQ(Ask(0, Standing::kKnownGood), Answer::kReclaim);
    CallBack();
    ASSERT_EQ(Fill(0, Standing::kKnownGood), 1u);
    ASSERT_EQ(ledger_.lent(), 4 - i);
  }
  EXPECT_EQ(Ask(0, Standing::kKnownGood), Answer::kNoSlot) << "its reserve is used up";
}

TEST_F(LendingTest, TheOwnerCallsBackBesideSlotsThatAreKeptForOthers) {
  Configure(10, {Lending("shop", 4), Class("cron", 2), Class("default", 0)});
  EXPECT_EQ(Fill(2, Standing::kProven), 4u);
  EXPECT_EQ(Borrow(2), 4u);
  EXPECT_EQ(ledger_.free_slots(), 2u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kReclaim);
}

TEST_F(LendingTest, WhatTheOwnerTakesIsNotLentAndComesBackWhenItGoes) {
  Configure(10, {Lending("shop", 4), Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kProven, 4), 4u);
  EXPECT_EQ(Fill(1, Standing::kProven), 6u);
  EXPECT_EQ(Ask(1, Standing::kProven), Answer::kNoSlot);
  held_[0].Release();
  EXPECT_EQ(Borrow(1), 1u);
  held_[1].Release();
  EXPECT_EQ(ledger_.lent(), 1u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kGranted) << "the second place of the two is free";
  EXPECT_EQ(Borrow(1), 1u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kReclaim);
}

TEST_F(LendingTest, LentLeasesStandInTheReserveOnlyWhileItIsUnused) {
  Configure(10, {Lending("shop", 5), Class("default", 0)});
  EXPECT_EQ(Fill(1, Standing::kProven), 5u);
  EXPECT_EQ(Borrow(1, 3), 3u);
  // The strangers' own go, and the owner takes their slots instead of calling back.
  for (std::size_t i = 0; i < 5; ++i) held_[i].Release();
  EXPECT_EQ(Fill(0, Standing::kProven, 5), 5u);
  EXPECT_EQ(ledger_.lent(), 3u);
  EXPECT_EQ(Fill(1, Standing::kProven), 2u) << "nothing is kept any more";
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kNoSlot) << "nor is anything owed to the owner";
  // It gives one back: that one is its reserve again, and a lent lease stands where it was.
  held_[9].Release();
  EXPECT_EQ(ledger_.free_slots(), 1u);
  EXPECT_EQ(Ask(1, Standing::kProven), Answer::kGranted);
}

TEST_F(LendingTest, ALentLeaseNeverUsesTheReserveOfItsOwnClass) {
  Configure(10, {Lending("shop", 4), Class("default", 0)});
  EXPECT_EQ(Fill(1, Standing::kProven), 6u);
  SlotLedger::Lease& lease = Take(0, Standing::kUnproven);
  EXPECT_TRUE(lease.lent());
  lease.Prove();
  EXPECT_TRUE(lease.lent());
  EXPECT_EQ(ledger_.Counts(ids_[0]).unproven, 0u);
  EXPECT_EQ(Fill(0, Standing::kProven), 3u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kReclaim) << "its fourth is lent to one of its own";
}

TEST_F(LendingTest, LentLeasesCountInTheirClass) {
  Configure(10, {Lending("shop", 6), Class("default", 0, Share::Number(6), Share::Number(5))});
  EXPECT_EQ(Fill(1, Standing::kUnproven), 4u);
  EXPECT_EQ(Ask(1, Standing::kUnproven), Answer::kLent);
  Take(1, Standing::kUnproven);
  EXPECT_EQ(Ask(1, Standing::kUnproven), Answer::kUnprovenFull);
  EXPECT_EQ(Borrow(1), 1u);
  EXPECT_EQ(Ask(1, Standing::kProven), Answer::kClassFull);
}

TEST_F(LendingTest, NobodyIsCalledBackForAFullClass) {
  Configure(10, {Class("shop", 4, Share::Number(4)), Lending("cron", 2), Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kUnproven), 4u);
  EXPECT_EQ(Borrow(2), 2u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kClassFull) << "though its reserve is unused";
  EXPECT_FALSE(ledger_.ServesReclaim(held_.back(), ids_[0]));
  EXPECT_TRUE(ledger_.ServesReclaim(held_.back(), ids_[1]));
}

TEST_F(LendingTest, ALentLeaseOfTheFullClassItselfIsCalledBack) {
  Configure(10, {Class("shop", 4, Share::Number(4)), Lending("cron", 4), Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kUnproven), 2u);
  EXPECT_EQ(Fill(0, Standing::kUnproven, 2, kNoStake, Answer::kLent), 2u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kReclaim);
  EXPECT_FALSE(ledger_.ServesReclaim(held_.front(), ids_[0])) << "not lent";
  EXPECT_TRUE(ledger_.ServesReclaim(held_.back(), ids_[0]));
  held_.back().Orphan();
  EXPECT_FALSE(ledger_.ServesReclaim(held_.back(), ids_[0])) << "goes by itself";
  held_.pop_back();
  EXPECT_FALSE(ledger_.ServesReclaim(SlotLedger::Lease(), ids_[0]));
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kGranted);
}

TEST_F(LendingTest, AForeignConnectionDoesNotEndTheLending) {
  Configure(100, {Lending("shop", 60), Class("default", 0)});
  EXPECT_EQ(Fill(1, Standing::kProven), 40u);
  ledger_.SetServer(105, 1);
  EXPECT_EQ(Borrow(1), 59u);
  EXPECT_EQ(ledger_.free_slots(), 0u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kReclaim);
}

TEST_F(LendingTest, AClassThatLendsNoMoreGetsItsReserveBack) {
  Configure(10, {Lending("shop", 4), Class("default", 0)});
  EXPECT_EQ(Fill(1, Standing::kProven), 6u);
  EXPECT_EQ(Borrow(1), 4u);
  Configure(10, {Class("shop", 4), Class("default", 0)});
  CallBack();
  EXPECT_EQ(Ask(1, Standing::kProven), Answer::kNoSlot);
  EXPECT_EQ(Fill(0, Standing::kProven), 1u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kReclaim) << "three sit in it still";
}

TEST_F(LendingTest, LeasesOfAClassThatIsGoneStayLent) {
  Configure(10, {Lending("shop", 4), Class("old", 0), Class("default", 0)});
  EXPECT_EQ(Fill(2, Standing::kProven), 6u);
  EXPECT_EQ(Borrow(1), 4u);
  Configure(10, {Lending("shop", 4), Class("default", 0)});
  EXPECT_EQ(ledger_.lent(), 4u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kReclaim);
  held_.clear();
  EXPECT_EQ(ledger_.lent(), 0u);
  EXPECT_EQ(ledger_.leases(), 0u);
}

TEST_F(LendingTest, LeasesOfALenderThatIsGoneKeepNothing) {
  Configure(10, {Lending("old", 4), Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kProven, 2), 2u);
  Configure(10, {Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kProven), 8u);
  // And when it comes back, those it had are its own.
  held_.resize(6);
  Configure(10, {Lending("old", 4), Class("default", 0)});
  EXPECT_EQ(Fill(1, Standing::kProven), 2u);
  EXPECT_EQ(Borrow(1), 2u);
}

TEST_F(LendingTest, MovingMayLendAndMayEndIt) {
  Configure(10, {Lending("shop", 4), Class("default", 0)});
  EXPECT_EQ(Fill(1, Standing::kProven), 6u);
  SlotLedger::Lease owner = ledger_.Grant(ids_[0], Standing::kProven);
  EXPECT_EQ(ledger_.MayMove(owner, ids_[1], Standing::kUnproven), Answer::kLent);
  ledger_.MoveTo(owner, ids_[1], Standing::kUnproven);
  EXPECT_TRUE(owner.lent());
  EXPECT_EQ(ledger_.lent(), 1u);
  EXPECT_EQ(ledger_.MayMove(owner, ids_[0], Standing::kProven), Answer::kGranted);
  ledger_.MoveTo(owner, ids_[0], Standing::kProven);
  EXPECT_FALSE(owner.lent());
  EXPECT_EQ(ledger_.lent(), 0u);
  EXPECT_EQ(Fill(0, Standing::kProven), 3u);
}

TEST_F(LendingTest, AProvenLoginBeyondItsShrunkReserveBorrows) {
  Configure(20, {Class("cron", 5), Lending("shop", 10), Class("default", 0)});
  EXPECT_EQ(Fill(2, Standing::kProven), 5u);
  ledger_.SetServer(25, 12);  // leaves 3 of the 15
  EXPECT_EQ(Fill(0, Standing::kProven), 1u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kLent) << "the other two are the lender's share";
}

}  // namespace
}  // namespace headgate
