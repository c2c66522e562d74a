// A candidate policy in the place of another: what it makes of the same events.
#include "policies/reenactment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using What = Outcome::What;

class ReenactmentTest : public ::testing::Test, public OutcomeSink {
 protected:
  struct Line {
    What what;
    Reason reason;
    bool enforced;
    ConnectionId id;
    std::string user;
    std::uint64_t digest;
    std::string rule;
    Duration how_long;
    Time at;
  };

  ReenactmentTest() {
    limits_.slots = {.max_connections = 25, .max_connections_auto = false, .keep_free = 5};
    limits_.source.connect_rate = {};
    limits_.source.connections = Share::Off();
    limits_.source.prefix_connections = Share::Off();
    limits_.login.in_progress = 1000;
    limits_.login.per_source = 1000;
  }
  void Start(bool verbatim = false) {
    limits_.CopyToLevels();
    Reenactment::Options options;
    options.verbatim = verbatim;
    again_ = std::make_unique<Reenactment>(std::make_shared<const Limits>(limits_),
                                           EngineSecrets{1, 2}, *this, options);
  }
  template <typename E>
  void On(std::uint64_t serial, const E& what, const Told& then = {}) {
    again_->Apply({.at = now_, .id = {0, serial}, .what = what}, then);
  }
  void Enter(std::uint64_t serial, std::string_view user = "shop") {
    On(serial, event::Accepted{.peer = Address::V4(0x0a010101)});
    On(serial, event::Login{{.user = user, .database = ""}});
    On(serial, event::LoginOk{});
  }
  void Leave(std::uint64_t serial) {
    On(serial, event::ClientGone{});
    On(serial, event::BackendEnded{});
    On(serial, event::Forgotten{});
  }
  void Say(std::uint64_t serial, std::string_view sql, const Told& then = {}) {
    CommandFacts facts;
    facts.command = CommandKind::kQuery;
    facts.sql = sql;
    facts.length = sql.size() + 1;
    On(serial, event::Command{facts}, then);
  }
  void Answer(std::uint64_t serial) {
    AnswerFacts facts;
    facts.command = CommandKind::kQuery;
    On(serial, event::Answer{facts});
  }
  std::size_t Count(What what, Reason reason) const {
    return static_cast<std::size_t>(std::count_if(lines_.begin(), lines_.end(), [&](const Line& l) {
      return l.what == what && l.reason == reason && l.enforced;
    }));
  }
  EngineStatus Status() { return again_->engine().Status(again_->at()); }

  void OnOutcome(const Outcome& o) override {
    lines_.push_back({o.what, o.reason, o.enforced, o.id, std::string(o.user), o.digest,
                      std::string(o.rule), o.how_long, o.at});
  }

  Limits limits_ = Limits::Defaults();
  std::unique_ptr<Reenactment> again_;
  Time now_{seconds(1000)};
  std::vector<Line> lines_;
};

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

TEST_F(ReenactmentTest, ClocksThatLeapEndInTime) {
  Start();
  Enter(1);
  now_ = kNever;
  Say(1, "SELECT 1");
  now_ = Time(seconds(5));
  Answer(1);
  SUCCEED();
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
