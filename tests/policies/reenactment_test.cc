// A candidate policy in the place of another: what it makes of the same events.
#include "policies/reenactment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/policies/reenactment_fixture.h"

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(ReenactmentTest, WhoIsRefusedIsGoneAndItsSlotIsFree) {
  limits_.waiting.max = 0;
  Start();
  for (std::uint64_t i = 1; i <= 21; ++i) Enter(i);
  EXPECT_EQ(Count(What::kRefused, Reason::kNoSlot), 1u);
  EXPECT_EQ(lines_.back().id.serial, 21u);
  EXPECT_EQ(lines_.back().user, "shop");
  EXPECT_EQ(Status().leases, 20u);
  Say(21, "SELECT 1");
  EXPECT_EQ(again_->tally().without, 2u);  // its LoginOk, and what it said
  Leave(1);
  Enter(22);
  EXPECT_EQ(Status().leases, 20u);
  EXPECT_EQ(Count(What::kRefused, Reason::kNoSlot), 1u);
}

TEST_F(ReenactmentTest, WhoWaitsDoesLaterWhatItDid) {
  Start();
  for (std::uint64_t i = 1; i <= 21; ++i) Enter(i);
  now_ += milliseconds(100);
  Say(21, "SELECT 1");
  EXPECT_EQ(Status().waiting, 1u);
  EXPECT_EQ(Status().commands, 0u);
  now_ += milliseconds(400);
  Leave(1);
  EXPECT_EQ(Count(What::kQueued, Reason::kNoSlot), 1u);
  EXPECT_EQ(lines_.back().how_long, milliseconds(500));
  EXPECT_EQ(Status().commands, 0u);  // 100 ms after it got in
  now_ += milliseconds(99);
  again_->Advance(now_);
  EXPECT_EQ(Status().commands, 0u);
  now_ += milliseconds(1);
  again_->Advance(now_);
  EXPECT_EQ(Status().commands, 1u);
}

TEST_F(ReenactmentTest, WhoWaitsInVainIsRefusedInTime) {
  Start();
  for (std::uint64_t i = 1; i <= 21; ++i) Enter(i);
  now_ += seconds(60);
  again_->Advance(now_);
  ASSERT_EQ(Count(What::kRefused, Reason::kWaitingDeadline), 1u);
  EXPECT_LE(lines_.back().at, Time(seconds(1000)) + limits_.waiting.queue + milliseconds(20));
  EXPECT_EQ(Status().waiting, 0u);
}

TEST_F(ReenactmentTest, AStatementIsHeldByTheCandidatesRate) {
  limits_.classes.back().query.rate = {10, 1};
  limits_.CopyToLevels();
  Start();
  Enter(1);
  Say(1, "SELECT 1");
  Answer(1);
  Say(1, "SELECT 2");
  EXPECT_EQ(Status().statements_held, 1u);
  now_ += milliseconds(1);
  Answer(1);  // the live one: the candidate has it run for as long, but later
  now_ += milliseconds(99);
  again_->Advance(now_);
  EXPECT_EQ(Count(What::kDelayed, Reason::kQueryRate), 1u);
  EXPECT_EQ(Status().statements_held, 0u);
  EXPECT_EQ(Status().statements_running, 1u);
  now_ += milliseconds(1);
  again_->Advance(now_);
  EXPECT_EQ(Status().statements_running, 0u);
}

TEST_F(ReenactmentTest, ADeadlineEndsAStatementWithoutSweepsOfItsSource) {
  limits_.classes.back().query.deadline = seconds(2);
  limits_.CopyToLevels();
  Start();
  Enter(1);
  Say(1, "SELECT SLEEP(10)");
  now_ += seconds(10);
  Answer(1);
  ASSERT_EQ(Count(What::kKilled, Reason::kQueryDeadline), 1u);
  EXPECT_EQ(Status().statements_running, 0u);
  Say(1, "SELECT 1");
  EXPECT_EQ(Status().statements_running, 1u);
  Answer(1);
  EXPECT_EQ(Status().statements_running, 0u);
}

// A tape has no sweeps of idle connections.
TEST_F(ReenactmentTest, WhoIsIdleIsLookedAtInAnyCase) {
  limits_.classes.back().query.idle = seconds(30);
  limits_.CopyToLevels();
  auto options = Reenactment::Options();
  options.own_ticks = options.own_sweeps = false;
  again_ = std::make_unique<Reenactment>(std::make_shared<const Limits>(limits_),
                                         EngineSecrets{1, 2}, *this, options);
  Enter(1);
  now_ += seconds(60);
  again_->Advance(now_);
  EXPECT_EQ(Count(What::kClosed, Reason::kIdle), 1u);
  EXPECT_EQ(Status().connections, 0u);
}

TEST_F(ReenactmentTest, WhomTheLivePolicyRefusedIsLetInAndLeaves) {
  Start();
  On(1, event::Accepted{.peer = Address::V4(0x0a010101)},
     {.of = Told::Of::kVerdict, .kind = 2, .reason = Reason::kConnectRate});
  EXPECT_EQ(again_->tally().let_in_gone, 1u);
  EXPECT_EQ(Status().connections, 0u);
  Enter(2);
  Say(2, "SELECT 1",
      {.of = Told::Of::kCommand,
       .kind = static_cast<std::uint8_t>(CommandVerdict::Kind::kRefuse),
       .reason = Reason::kQueryRate});
  EXPECT_EQ(Status().statements_running, 0u);
}

TEST_F(ReenactmentTest, SilenceMeetsTheCandidatesDeadline) {
  Start();
  On(1, event::Accepted{.peer = Address::V4(0x0a010101)});
  now_ += seconds(20);
  again_->Advance(now_);
  EXPECT_EQ(Count(What::kRefused, Reason::kPendingDeadline), 1u);
  EXPECT_EQ(Status().connections, 0u);
}

// Also of a login that had to wait before it was let in.
TEST_F(ReenactmentTest, WhoStallsBehindHisWaitMeetsTheLoginDeadline) {
  limits_.login.deadline = seconds(2);
  Start();
  for (std::uint64_t i = 1; i <= 20; ++i) Enter(i);
  On(21, event::Accepted{.peer = Address::V4(0x0a010102)});
  On(21, event::Login{{.user = "shop", .database = ""}});
  EXPECT_EQ(Status().waiting, 1u);
  now_ += milliseconds(500);
  Leave(1);
  EXPECT_EQ(Status().leases, 20u);
  now_ += seconds(3);
  again_->Advance(now_);
  ASSERT_EQ(Count(What::kRefused, Reason::kLoginDeadline), 1u);
  EXPECT_EQ(lines_.back().id.serial, 21u);
  EXPECT_EQ(Status().leases, 19u);
}

// Nobody who was asked about before is blamed.
TEST_F(ReenactmentTest, WhatIsAboutNobodyHasNobodysName) {
  Start();
  Enter(1);
  On(1, event::ClientGone{});
  again_->Apply(
      {.at = now_,
       .id = {},
       .what = event::Counted{.reason = Reason::kProxyHeader, .peer = Address::V4(0x0a010109)}});
  ASSERT_EQ(Count(What::kRefused, Reason::kProxyHeader), 1u);
  EXPECT_EQ(lines_.back().id, ConnectionId{});
}

TEST_F(ReenactmentTest, WhoStillWaitsWhenThereIsNoMoreIsTold) {
  limits_.classes.back().query.rate = {10, 1};
  Start();
  for (std::uint64_t i = 1; i <= 22; ++i) Enter(i);
  Say(1, "SELECT 1");
  Answer(1);
  Say(1, "SELECT 2");
  now_ += milliseconds(40);
  again_->Advance(now_);
  again_->Finish();
  ASSERT_EQ(Count(What::kDelayed, Reason::kQueryRate), 1u);
  ASSERT_EQ(Count(What::kQueued, Reason::kNoSlot), 2u);
  for (std::size_t i = lines_.size() - 3; i < lines_.size(); ++i) {
    EXPECT_TRUE(lines_[i].unfinished);
    EXPECT_EQ(lines_[i].how_long, milliseconds(40));
  }
  EXPECT_EQ(lines_.back().id.serial, 22u);
}

// Live he waited in vain as well, and for as long.
TEST_F(ReenactmentTest, WhoGivesUpWaitingIsTold) {
  Start();
  for (std::uint64_t i = 1; i <= 20; ++i) Enter(i);
  On(21, event::Accepted{.peer = Address::V4(0x0a010101)});
  On(21, event::Login{{.user = "shop", .database = ""}},
     {.of = Told::Of::kVerdict,
      .kind = static_cast<std::uint8_t>(Verdict::Kind::kWait),
      .reason = Reason::kNoSlot});
  now_ += milliseconds(1500);
  On(21, event::ClientGone{});
  ASSERT_EQ(Count(What::kQueued, Reason::kNoSlot), 1u);
  EXPECT_TRUE(lines_.back().unfinished);
  EXPECT_EQ(lines_.back().how_long, milliseconds(1500));
  EXPECT_EQ(Status().waiting, 0u);
}

// Ten waits of a tenth of a second make one who asks without a pause a second late.
TEST_F(ReenactmentTest, ShortWaitsAddUpUntilThereIsAPause) {
  limits_.classes.back().query.rate = {10, 1};
  Start();
  Enter(1);
  for (int i = 0; i < 11; ++i) {
    Say(1, "SELECT 1");
    now_ += milliseconds(1);
    Answer(1);
  }
  now_ += seconds(3);
  again_->Advance(now_);
  ASSERT_EQ(Count(What::kDelayed, Reason::kQueryRate), 10u);
  EXPECT_LT(lines_.back().how_long, milliseconds(101));
  EXPECT_GT(lines_.back().behind, milliseconds(900));
  Say(1, "SELECT 1");
  Answer(1);
  Say(1, "SELECT 1");
  now_ += seconds(1);
  again_->Advance(now_);
  ASSERT_EQ(Count(What::kDelayed, Reason::kQueryRate), 11u);
  EXPECT_LT(lines_.back().behind, milliseconds(101));
}

// Nobody who waits takes more than there is for all of it.
TEST_F(ReenactmentTest, WhatIsPutOffIsBounded) {
  Start();
  for (std::uint64_t i = 1; i <= 20; ++i) Enter(i);
  const std::string text(16 * 1024, 'x');
  constexpr std::uint64_t kWaiting = 80;
  for (std::uint64_t i = 21; i < 21 + kWaiting; ++i) {
    Enter(i);
    for (int k = 0; k < 60; ++k) {  // about a megabyte each
      Say(i, text);
      Answer(i);
    }
  }
  EXPECT_EQ(Status().waiting, kWaiting);
  const std::uint64_t cut = again_->tally().cut_off;
  EXPECT_GT(cut, 10u);
  EXPECT_LT(cut, 30u);
  // They wait as all do, and that is told.
  now_ += seconds(60);
  again_->Advance(now_);
  EXPECT_EQ(Count(What::kRefused, Reason::kWaitingDeadline), kWaiting);
}

// A capture tells an answer's size when it is over; a gate would have looked at it meanwhile.
TEST_F(ReenactmentTest, AnAnswerThatIsTooLongIsEnded) {
  limits_.classes.back().query.result = 1000;
  Start();
  Enter(1);
  AnswerFacts facts;
  facts.command = CommandKind::kQuery;
  facts.bytes = 1000;
  Say(1, "SELECT 1");
  On(1, event::Answer{facts});
  EXPECT_EQ(Count(What::kKilled, Reason::kResultSize), 0u);
  facts.bytes = 5000;
  Say(1, "SELECT 1");
  On(1, event::Answer{facts});
  EXPECT_EQ(Count(What::kKilled, Reason::kResultSize), 1u);
  EXPECT_EQ(Status().statements_running, 0u);
}

// Long data ends in no order with the answers.
TEST_F(ReenactmentTest, LongDataEndsAmongAnswers) {
  limits_.classes.back().query.running = 1;
  Start();
  Enter(1);
  Enter(2);
  CommandFacts upload;
  upload.command = CommandKind::kLongData;
  AnswerFacts taken;
  taken.command = CommandKind::kLongData;
  Say(1, "SELECT 1");
  On(1, event::Command{upload});
  On(1, event::Answer{taken});
  EXPECT_EQ(Status().statements_running, 1u) << "the statement before it";
  Answer(1);
  EXPECT_EQ(Status().statements_running, 0u);
  On(1, event::Command{upload});
  Say(2, "SELECT 1");
  EXPECT_EQ(Status().statements_held, 1u);
  On(1, event::Answer{taken});
  EXPECT_EQ(Status().statements_held, 0u);
  Answer(2);
  EXPECT_EQ(Status().statements_running, 0u);
}

// Of a long command only the first packet is there when it is asked about.
TEST_F(ReenactmentTest, ACommandThatBecomesTooLongIsTheEnd) {
  limits_.classes.back().query.packet = 20'000'000;
  limits_.classes.back().query.packet_auto = false;
  Start();
  Enter(1);
  CommandFacts command;
  command.command = CommandKind::kQuery;
  command.sql = "INSERT INTO t VALUES (1)";
  command.complete = false;
  command.length = 0xFFFFFF;
  AnswerFacts answer;
  answer.command = CommandKind::kQuery;
  answer.request_bytes = 20'000'000;
  On(1, event::Command{command});
  On(1, event::Answer{answer});
  EXPECT_EQ(Count(What::kRefused, Reason::kPacketTooLarge), 0u);
  answer.request_bytes = 40'000'000;
  On(1, event::Command{command});
  On(1, event::Answer{answer});
  EXPECT_EQ(Count(What::kRefused, Reason::kPacketTooLarge), 1u);
  EXPECT_EQ(Status().connections, 0u);
}

TEST_F(ReenactmentTest, TheMostAtOnceIsTold) {
  limits_.slots.max_connections = 15;
  Start();
  Reenactment::Peaks peaks;
  EXPECT_FALSE(again_->TakePeaks(peaks));
  for (std::uint64_t i = 1; i <= 12; ++i) Enter(i);
  Say(1, "SELECT 1");
  Say(2, "SELECT 1");
  Answer(1);
  for (std::uint64_t i = 1; i <= 12; ++i) Leave(i);
  ASSERT_TRUE(again_->TakePeaks(peaks));
  EXPECT_EQ(peaks.room.leases, 10u);
  EXPECT_EQ(peaks.room.capacity, 10u);
  EXPECT_EQ(peaks.room.waiting, 2u);
  EXPECT_EQ(peaks.room.pending, 1u);
  EXPECT_EQ(peaks.running, 2u);
  ASSERT_EQ(peaks.room.classes.size(), limits_.classes.size());
  EXPECT_EQ(peaks.room.classes.back().leases, 10u);
  EXPECT_FALSE(again_->TakePeaks(peaks));
  Enter(13);
  ASSERT_TRUE(again_->TakePeaks(peaks));
  EXPECT_LE(peaks.room.leases, 2u);
}

TEST_F(ReenactmentTest, WhoIsNotThereAnyMoreIsTold) {
  limits_.waiting.max = 0;
  Start();
  for (std::uint64_t i = 1; i <= 21; ++i) Enter(i);
  EXPECT_EQ(gone_, std::vector<std::uint64_t>{21});
  EXPECT_FALSE(again_->Holds({0, 21}));
  EXPECT_TRUE(again_->Holds({0, 1}));
  Leave(1);
  EXPECT_EQ(gone_, (std::vector<std::uint64_t>{21, 1}));
}

TEST_F(ReenactmentTest, ClocksThatLeapEndInTime) {
  Start();
  Enter(1);
  now_ = kNever;
  Say(1, "SELECT 1");
  // What is late counts as now.
  now_ = Time(seconds(5));
  Answer(1);
  EXPECT_EQ(Status().connections, 1u);
  EXPECT_EQ(Status().commands, 1u);
  EXPECT_EQ(Status().statements_running, 0u);
  EXPECT_GT(again_->at(), Time(seconds(1000)));
  EXPECT_LT(again_->at(), kNever);
}

TEST_F(ReenactmentTest, VerbatimAnswersAreCompared) {
  limits_.waiting.max = 0;
  Start(/*verbatim=*/true);
  const Told in{.of = Told::Of::kVerdict};
  for (std::uint64_t i = 1; i <= 21; ++i) {
    On(i, event::Accepted{.peer = Address::V4(0x0a010101)}, in);
    On(i, event::Login{{.user = "shop", .database = ""}}, in);
    if (i <= 20) On(i, event::LoginOk{}, Told::Nothing());
  }
  EXPECT_EQ(again_->agreement().same, 61u);
  ASSERT_EQ(again_->agreement().first.size(), 1u);
  EXPECT_EQ(again_->agreement().first[0].event, 61u);
  EXPECT_EQ(again_->agreement().first[0].now.reason, Reason::kNoSlot);
}

}  // namespace
}  // namespace headgate
