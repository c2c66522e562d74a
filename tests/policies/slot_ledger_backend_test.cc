// What the server tells of itself, and what is left at one that is the backend no more.
#include <gtest/gtest.h>

#include "slot_ledger_fixture.h"

namespace headgate {
namespace {

class LedgerBackendTest : public SlotLedgerTest {};

TEST_F(LedgerBackendTest, AutoFollowsTheServer) {
  Configure(146, {Class("half", 0, Share::Percent(50), Share::Percent(10)), Class("default", 0)});
  EXPECT_EQ(ledger_.capacity(), 146u);
  ledger_.SetServer(505, 0);
  EXPECT_EQ(ledger_.capacity(), 500u);
  EXPECT_EQ(ledger_.configured_capacity(), 500u);
  EXPECT_EQ(ledger_.server_max(), 505u);
  EXPECT_EQ(ledger_.Counts(ids_[0]).max, 250u);
  EXPECT_EQ(ledger_.Counts(ids_[0]).unproven_max, 25u);
  ledger_.SetServer(0, 0);
  EXPECT_EQ(ledger_.capacity(), 146u);
  EXPECT_EQ(ledger_.Counts(ids_[0]).max, 73u);
}

TEST_F(LedgerBackendTest, ForeignConnectionsTakeTheServersSlots) {
  Configure(10, {Class("default", 0)});
  ledger_.SetServer(15, 4);
  EXPECT_EQ(ledger_.foreign(), 4u);
  EXPECT_EQ(Fill(0, Standing::kProven), 6u);
  ledger_.SetServer(15, 20);
  EXPECT_EQ(ledger_.free_slots(), 0u);
  EXPECT_EQ(ledger_.capacity(), 10u) << "what shares are of does not move with them";
  ledger_.SetServer(0, 3);
  EXPECT_EQ(ledger_.free_slots(), 1u) << "nor are they forgotten where auto takes a default";
}

TEST_F(LedgerBackendTest, AWrittenNumberIsThisGatesShareOfTheServer) {
  Configure(10, {Class("default", 0)}, /*follow=*/false);
  ledger_.SetServer(105, 80);  // mostly the other gateway's
  EXPECT_EQ(ledger_.capacity(), 10u);
  EXPECT_EQ(ledger_.free_slots(), 10u);
  ledger_.SetServer(105, 93);
  EXPECT_EQ(Fill(0, Standing::kProven), 7u);
  ledger_.SetServer(0, 93);
  EXPECT_EQ(ledger_.free_slots(), 3u) << "of a server that is not known they say nothing";
}

TEST_F(LedgerBackendTest, ASmallerServerBindsAWrittenNumber) {
  Configure(100, {Class("half", 0, Share::Percent(50)), Class("default", 0)}, /*follow=*/false);
  ledger_.SetServer(45, 0);
  EXPECT_EQ(ledger_.capacity(), 40u);
  EXPECT_EQ(ledger_.configured_capacity(), 100u);
  EXPECT_EQ(Fill(0, Standing::kProven), 20u);
  EXPECT_EQ(Fill(1, Standing::kProven), 20u);
}

TEST_F(LedgerBackendTest, AServerSmallerThanWhatIsKeptFreeHasOneSlot) {
  Configure(100, {Class("default", 0)});
  ledger_.SetServer(3, 0);
  EXPECT_EQ(Fill(0, Standing::kProven), 1u);
}

TEST_F(LedgerBackendTest, WhatWasLearnedIsClearedByTheServersWord) {
  Configure(100, {Class("default", 0)});
  Fill(0, Standing::kProven, 11);
  ledger_.OnBackendFull(Time{});
  EXPECT_EQ(ledger_.capacity(), 10u);
  ledger_.SetServer(0, 0);
  EXPECT_EQ(ledger_.capacity(), 10u) << "who says nothing clears nothing";
  ledger_.SetServer(205, 0);
  EXPECT_EQ(ledger_.capacity(), 200u);
  EXPECT_EQ(ledger_.NextRecovery(), kNever);
  EXPECT_FALSE(ledger_.Recover(Time{} + seconds(100)));
}

TEST_F(LedgerBackendTest, FullBeforeTheNextWordOfTheServer) {
  Configure(100, {Class("default", 0)});
  ledger_.SetServer(105, 10);
  Fill(0, Standing::kProven, 50);
  ledger_.OnBackendFull(Time{});  // others came since
  EXPECT_EQ(ledger_.free_slots(), 0u);
  held_.pop_back();
  EXPECT_EQ(ledger_.free_slots(), 0u) << "what failed held no slot";
  held_.pop_back();
  EXPECT_EQ(ledger_.free_slots(), 1u) << "foreign connections are in what was learned";
  ledger_.SetServer(105, 51);
  EXPECT_EQ(ledger_.free_slots(), 1u);
  EXPECT_EQ(ledger_.capacity(), 100u);
}

TEST_F(LedgerBackendTest, AReloadWithAWrittenNumberForgetsWhatWasLearned) {
  Configure(100, {Class("default", 0)});
  Fill(0, Standing::kProven, 11);
  ledger_.OnBackendFull(Time{});
  Configure(100, {Class("default", 0)}, /*follow=*/false);
  EXPECT_EQ(ledger_.capacity(), 100u);
  EXPECT_EQ(ledger_.NextRecovery(), kNever);
}

TEST_F(LedgerBackendTest, LeasesAtABackendThatWasLeftCountInNothing) {
  Configure(10, {Lending("shop", 4), Class("default", 0)});
  ledger_.SetStakes({{Pair(1), 2}});
  ledger_.BindStakes(true);
  ledger_.SetServer(25, 3);
  Take(0, Standing::kProven).Orphan();
  Take(1, Standing::kKnownGood, StakeOf(1));
  ledger_.SetTrusted(held_[1], true);
  Fill(1, Standing::kUnproven);
  EXPECT_EQ(Fill(1, Standing::kUnproven, 2, kNoStake, Answer::kLent), 2u);
  const auto all = static_cast<std::uint32_t>(held_.size());
  ledger_.LeaveBackend();
  EXPECT_EQ(ledger_.former(), all);
  EXPECT_EQ(ledger_.leases() + ledger_.orphans() + ledger_.lent() + ledger_.trusted(), 0u);
  EXPECT_EQ(ledger_.Counts(ids_[1]).leases + ledger_.Counts(ids_[1]).unproven, 0u);
  EXPECT_EQ(ledger_.implicit_unused(), 2u);
  EXPECT_EQ(ledger_.server_max() + ledger_.foreign(), 0u);
  EXPECT_EQ(ledger_.capacity(), 10u);
  for (const SlotLedger::Lease& lease : held_) {
    EXPECT_TRUE(lease.former());
    EXPECT_FALSE(lease.lent());
    EXPECT_EQ(lease.stake(), kNoStake);
  }
  EXPECT_EQ(Fill(1, Standing::kProven), 4u);
  held_.clear();
  EXPECT_EQ(ledger_.former() + ledger_.leases(), 0u);
}

TEST_F(LedgerBackendTest, NothingThatHappensToAFormerLeaseCounts) {
  Configure(10, {Class("shop", 4), Class("default", 0)});
  ledger_.SetStakes({{Pair(1), 2}});
  SlotLedger::Lease& lease = Take(1, Standing::kUnproven);
  ledger_.LeaveBackend();
  lease.Prove();
  EXPECT_EQ(lease.standing(), Standing::kProven);
  lease.Orphan();
  ledger_.SetTrusted(lease, true);
  ledger_.SetStake(lease, StakeOf(1));
  EXPECT_EQ(ledger_.MayMove(lease, ids_[0], Standing::kUnproven), Answer::kGranted);
  ledger_.MoveTo(lease, ids_[0], Standing::kProven, StakeOf(1));
  EXPECT_EQ(lease.class_id(), ids_[0]);
  EXPECT_EQ(ledger_.orphans() + ledger_.trusted() + ledger_.leases(), 0u);
  EXPECT_EQ(ledger_.Counts(ids_[0]).leases, 0u);
  EXPECT_EQ(ledger_.implicit_unused(), 2u);
  EXPECT_EQ(ledger_.former(), 1u);
  // A second switch makes it no more former than it is.
  ledger_.LeaveBackend();
  EXPECT_EQ(ledger_.former(), 1u);
  lease.Release();
  EXPECT_EQ(ledger_.former(), 0u);
}

TEST_F(LedgerBackendTest, AClassKeepsItsIdForFormerLeases) {
  Configure(10, {Class("old", 4), Class("default", 0)});
  const ClassId old = ids_[0];
  Take(0, Standing::kProven);
  ledger_.LeaveBackend();
  Configure(10, {Class("new", 4), Class("default", 0)});
  EXPECT_NE(ids_[0], old);
  EXPECT_EQ(ledger_.Resolve(old), ids_[1]);
}

TEST_F(LedgerBackendTest, WhatWasLearnedOfAServerIsNotTrueOfTheNext) {
  Configure(100, {Class("default", 0)});
  Fill(0, Standing::kProven, 11);
  ledger_.OnBackendFull(Time{});
  ledger_.LeaveBackend();
  EXPECT_EQ(ledger_.capacity(), 100u);
  EXPECT_EQ(ledger_.NextRecovery(), kNever);
}

TEST_F(LedgerBackendTest, WhatAClassMayUse) {
  Configure(100, {Class("shop", 30), Lending("cron", 20), Class("small", 0, Share::Number(8)),
                  Class("default", 0)});
  const auto uses = [this](std::size_t c) { return ledger_.MayUse(ids_[c]); };
  EXPECT_EQ(uses(0), 80u);
  EXPECT_EQ(uses(1), 70u);
  EXPECT_EQ(uses(2), 8u);
  EXPECT_EQ(uses(3), 50u);
  Fill(3, Standing::kProven);
  EXPECT_EQ(uses(3), 50u) << "who holds what makes no difference";
  ledger_.SetServer(105, 40);
  EXPECT_EQ(uses(0), 40u);
  EXPECT_EQ(uses(3), 10u);
  ledger_.SetServer(105, 75);  // half of the reserves
  EXPECT_EQ(uses(0), 15u);
  EXPECT_EQ(uses(1), 10u);
  EXPECT_EQ(uses(3), 0u);
  ledger_.SetServer(105, 200);
  EXPECT_EQ(uses(0), 0u);
}

}  // namespace
}  // namespace headgate
