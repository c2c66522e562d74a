// A candidate beside a live engine: what only the one does, what only the other, what both do.
#include "policies/policy_contrast.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "policies/reenactment.h"
#include "policies/tape.h"
#include "tests/policies/query_fixture.h"

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using How = ContrastCounts::How;
using Whose = ContrastCounts::Whose;

class PolicyContrastTest : public QueryTest {
 protected:
  struct Beside : Tape {
    void On(const EngineEvent& event, const headgate::Told& told) override {
      contrast.Before(event, told);
      candidate->Apply(event, told);
      contrast.After(event, told);
    }
    PolicyContrast contrast;
    std::unique_ptr<Reenactment> candidate;
  };

  PolicyContrastTest() { limits_.source.ban_after = {}; }
  // The live engine with limits_, and beside it the candidate.
  void StartBeside(Limits candidate) {
    candidate.CopyToLevels();
    Start();
    Reenactment::Options options;
    options.own_ticks = options.own_sweeps = false;
    beside_.candidate =
        std::make_unique<Reenactment>(std::make_shared<const Limits>(std::move(candidate)),
                                      EngineSecrets{1, 2}, beside_.contrast, options);
    engine_->SetTape(&beside_, now_);
  }
  // What is open is settled.
  void Settle() { Pass(PolicyContrast::kPatience + seconds(1)); }
  std::uint64_t Count(Reason reason, Whose whose, How how = How::kTurnedAway) const {
    return beside_.contrast.counts().At(reason, how, whose).all;
  }
  std::uint64_t All(Whose whose) const {
    return beside_.contrast.counts().Sum(How::kTurnedAway, whose).all +
           beside_.contrast.counts().Sum(How::kMadeWait, whose).all;
  }

  Beside beside_;
};

TEST_F(PolicyContrastTest, WhomOnlyTheCandidateRefusesIsCountedOnce) {
  Limits candidate = limits_;
  candidate.source.connect_rate = {1, 1};
  candidate.classes.back().query.rate = {1, 1};
  StartBeside(candidate);
  const TicketPtr first = Stranger(), second = Stranger();
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(Count(Reason::kConnectRate, Whose::kCandidate), 1u);  // it is in: that is known
  for (int i = 0; i < 5; ++i) Run(second, milliseconds(1));
  Settle();
  EXPECT_EQ(Count(Reason::kConnectRate, Whose::kCandidate), 1u);
  EXPECT_EQ(All(Whose::kCandidate), 1u);
  EXPECT_EQ(All(Whose::kLive), 0u);
  EXPECT_EQ(beside_.contrast.counts()
                .At(Reason::kConnectRate, How::kTurnedAway, Whose::kCandidate)
                .of_protected,
            0u);
}

TEST_F(PolicyContrastTest, WhomOnlyTheLivePolicyRefuses) {
  Limits candidate = limits_;
  limits_.source.connect_rate = {1, 1};
  StartBeside(candidate);
  const TicketPtr first = Stranger();
  EXPECT_EQ(Knock(Foe(1)).verdict.reason, Reason::kConnectRate);
  Settle();
  EXPECT_EQ(Count(Reason::kConnectRate, Whose::kLive), 1u);
  EXPECT_EQ(All(Whose::kCandidate) + All(Whose::kBoth), 0u);
}

// By whatever limit: at the door here, for its silence there.
TEST_F(PolicyContrastTest, WhoGetsInNowhereIsTurnedAwayByBoth) {
  Limits candidate = limits_;
  candidate.source.connect_rate = {1, 1};
  StartBeside(candidate);
  const TicketPtr first = Accept(Foe(1)), second = Accept(Foe(1));
  Pass(limits_.pending.deadline);
  EXPECT_TRUE(engine_->Gate(*first, Reason::kPendingDeadline, now_));
  EXPECT_TRUE(engine_->Gate(*second, Reason::kPendingDeadline, now_));
  Settle();
  EXPECT_EQ(Count(Reason::kPendingDeadline, Whose::kBoth), 1u);
  EXPECT_EQ(Count(Reason::kConnectRate, Whose::kBoth), 1u);
  EXPECT_EQ(All(Whose::kCandidate) + All(Whose::kLive), 0u);
}

TEST_F(PolicyContrastTest, AStatementThatOnlyTheCandidateStops) {
  Limits candidate = limits_;
  candidate.classes[0].query.refuse_commands |= BitOf(CommandKind::kPrepare);
  StartBeside(candidate);
  const TicketPtr t = Client();
  Prepare(t);
  Run(t, milliseconds(1));
  Settle();
  EXPECT_EQ(Count(Reason::kCommandRefused, Whose::kCandidate), 1u);
  EXPECT_EQ(All(Whose::kCandidate), 1u);
}

// The candidate ends it after a second, the live policy after ten: one thing, at the candidate's.
TEST_F(PolicyContrastTest, ADeadlineThatComesLaterIsNoDifferenceOfItsOwn) {
  Limits candidate = limits_;
  Shop().deadline = seconds(10);
  candidate.classes[0].query.deadline = seconds(1);
  StartBeside(candidate);
  const TicketPtr t = Client();
  ASSERT_EQ(Ask(t, "SELECT SLEEP(100)").kind, Command::kPass);
  int kills = 0;
  for (int i = 0; i < 12; ++i) {
    Pass(seconds(1));
    kills += Sweep(t).kind == End::kKillQuery ? 1 : 0;
  }
  EXPECT_EQ(kills, 1);
  Settle();
  EXPECT_EQ(Count(Reason::kQueryDeadline, Whose::kCandidate), 1u);
  EXPECT_EQ(All(Whose::kLive) + All(Whose::kBoth), 0u);
}

TEST_F(PolicyContrastTest, DelaysAreToldFromRefusals) {
  Limits candidate = limits_;
  candidate.classes[0].query.rate = {10, 1};
  StartBeside(candidate);
  const TicketPtr t = Client();
  Run(t, milliseconds(1));
  Run(t, milliseconds(1));
  Pass(milliseconds(100));
  Settle();
  EXPECT_EQ(Count(Reason::kQueryRate, Whose::kCandidate, How::kMadeWait), 1u);
  EXPECT_EQ(All(Whose::kCandidate), 1u);
}

TEST_F(PolicyContrastTest, TheSameDelayIsOfBoth) {
  Shop().rate = {10, 1};
  StartBeside(limits_);
  const TicketPtr t = Client();
  Run(t, milliseconds(1));
  const CommandVerdict v = Ask(t);
  ASSERT_EQ(v.kind, Command::kHold);
  now_ = v.until;
  engine_->OnTick(now_);
  ASSERT_EQ(Held(t).kind, Command::kPass);
  Answer(t);
  Settle();
  EXPECT_EQ(Count(Reason::kQueryRate, Whose::kBoth, How::kMadeWait), 1u);
  EXPECT_EQ(All(Whose::kCandidate) + All(Whose::kLive), 0u);
}

TEST_F(PolicyContrastTest, ALoginThatOnlyTheCandidateMakesWait) {
  Limits candidate = limits_;
  candidate.slots.max_connections = candidate.slots.keep_free + 9;
  candidate.classes[0].reserve = 0;
  StartBeside(candidate);
  std::vector<TicketPtr> in;
  for (int i = 0; i < 10; ++i) in.push_back(Client());
  EXPECT_EQ(All(Whose::kCandidate), 0u);
  engine_->OnClientGone(*in[0], now_);
  engine_->OnBackendEnded(*in[0], now_);
  Settle();
  EXPECT_EQ(Count(Reason::kNoSlot, Whose::kCandidate, How::kMadeWait) +
                Count(Reason::kClassFull, Whose::kCandidate, How::kMadeWait),
            1u);
  EXPECT_EQ(All(Whose::kLive), 0u);
}

TEST_F(PolicyContrastTest, WhatDoesNotActIsNothing) {
  Limits candidate = limits_;
  candidate.source.connect_rate = {1, 1};
  candidate.source.enforce = false;
  limits_.source.connect_rate = {1, 1};
  limits_.mode = Mode::kObserve;
  StartBeside(candidate);
  const TicketPtr first = Stranger(), second = Stranger();
  Settle();
  EXPECT_EQ(All(Whose::kCandidate) + All(Whose::kLive) + All(Whose::kBoth), 0u);
}

TEST_F(PolicyContrastTest, SaysWhoIsProtected) {
  Limits candidate = limits_;
  candidate.classes[0].query.refuse_commands |= BitOf(CommandKind::kPrepare);
  StartBeside(candidate);
  Earn(App(), "shop");
  const TicketPtr t = Client();
  Prepare(t);
  Settle();
  const auto cell =
      beside_.contrast.counts().At(Reason::kCommandRefused, How::kTurnedAway, Whose::kCandidate);
  EXPECT_EQ(cell.all, 1u);
  EXPECT_EQ(cell.of_protected, 1u);
}

TEST_F(PolicyContrastTest, ForgetsConnectionsAndKeepsItsCounts) {
  Limits candidate = limits_;
  candidate.source.connect_rate = {1, 1};
  StartBeside(candidate);
  const TicketPtr first = Stranger(), second = Stranger(), third = Accept(Foe(1));
  EXPECT_EQ(Count(Reason::kConnectRate, Whose::kCandidate), 1u);
  beside_.contrast.Forget();  // what the third one comes to is not known any more
  Settle();
  EXPECT_EQ(Count(Reason::kConnectRate, Whose::kCandidate), 1u);
}

TEST(PolicyContrast, OnlyWhatALimitDecidesIsCompared) {
  EXPECT_TRUE(IsOfLimit(Reason::kConnectRate));
  EXPECT_TRUE(IsOfLimit(Reason::kWaitingDeadline));
  EXPECT_TRUE(IsOfLimit(Reason::kTlsRate));
  EXPECT_TRUE(IsOfLimit(Reason::kRule));
  EXPECT_TRUE(IsOfLimit(Reason::kReclaimed));
  EXPECT_TRUE(IsOfLimit(Reason::kBanApplied));
  for (const Reason r : {Reason::kNone, Reason::kLoginFailed, Reason::kProtocolError,
                         Reason::kBackendFull, Reason::kClientClosed, Reason::kDraining}) {
    EXPECT_FALSE(IsOfLimit(r)) << Name(r);
  }
}

}  // namespace
}  // namespace headgate
