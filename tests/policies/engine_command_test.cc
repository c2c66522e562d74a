// What is asked about a command that nobody waits for: refused commands, sizes, open statements,
// rules, the shape.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/policies/query_fixture.h"

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kSleep = "SELECT SLEEP(1000)";

TEST_F(QueryTest, SomeCommandsAreRefused) {
  Shop().refuse_commands = BitOf(CommandKind::kDebug) | BitOf(CommandKind::kShutdown) |
                           BitOf(CommandKind::kLongData) | BitOf(CommandKind::kQuit);
  Start();
  const TicketPtr t = Client();
  const CommandVerdict v = Ask(t, CommandKind::kDebug);
  EXPECT_EQ(v.kind, Command::kRefuse);
  EXPECT_EQ(v.reason, Reason::kCommandRefused);
  EXPECT_EQ(Ask(t, CommandKind::kPing).kind, Command::kPass);
  EXPECT_EQ(Ask(t, CommandKind::kLongData).kind, Command::kClose) << "nobody would read an ERR";
  EXPECT_EQ(Ask(t, CommandKind::kQuit).kind, Command::kPass) << "it only ends something";
}

TEST_F(QueryTest, APacketTooLargeEndsTheConnection) {
  Shop().packet = 1000;
  Start();
  const TicketPtr t = Client();
  CommandFacts f = Text(kPoint);
  f.length = 1000;
  EXPECT_EQ(Ask(t, f).kind, Command::kPass);
  Answer(t);
  f.length = 1001;
  EXPECT_EQ(Ask(t, f).kind, Command::kClose);
  EXPECT_EQ(Acted(Reason::kPacketTooLarge), 1u);
  f = Text({}, CommandKind::kLongData);
  f.length = 500;
  f.long_data = 1500;
  EXPECT_EQ(Ask(t, f).reason, Reason::kPacketTooLarge);
}

TEST_F(QueryTest, AutoFollowsTheServersPacket) {
  Start();
  const TicketPtr t = Client();
  CommandFacts f = Text(kPoint);
  f.length = 2000;
  EXPECT_EQ(Ask(t, f).kind, Command::kPass) << "the server itself refuses what nobody knows of";
  Answer(t);
  engine_->OnServerFacts({.max_allowed_packet = 1024}, now_);
  EXPECT_EQ(Ask(t, f).kind, Command::kClose);
  f = Text({}, CommandKind::kLongData);
  f.length = 1000;
  f.long_data = 4096;
  EXPECT_EQ(Ask(t, f).kind, Command::kPass) << "several parameters of one packet each";
  f.long_data = 4097;
  EXPECT_EQ(Ask(t, f).kind, Command::kClose);
}

// What continues a command comes after the verdict: the session is told how long it may become.
TEST_F(QueryTest, TheVerdictSaysHowLongACommandMayBecome) {
  Shop().packet = 1000;
  Start();
  const TicketPtr t = Client();
  CommandFacts f = Text(kPoint);
  f.length = 400;
  EXPECT_EQ(Ask(t, f).packet_limit, 1000u);
  Answer(t);
  f = Text({}, CommandKind::kLongData);
  f.length = 100;
  f.long_data = 793;  // 700 of them before
  EXPECT_EQ(Ask(t, f).packet_limit, 307u);
}

TEST_F(QueryTest, ALimitThatDoesNotActBindsNoCommandLater) {
  Shop().packet = 1000;
  Shop().enforce = false;
  Start();
  EXPECT_EQ(Ask(Client()).packet_limit, 0u);
}

TEST_F(QueryTest, OpenStatementsOfAConnection) {
  Shop().prepared = 3;
  Start();
  const TicketPtr t = Client();
  const CommandFacts prepare = Text(kPoint, CommandKind::kPrepare);
  const StatementMark mark = Prepare(t);
  for (int i = 0; i < 2; ++i) Prepare(t);
  EXPECT_EQ(Ask(t, prepare).reason, Reason::kPrepared);
  CommandFacts close = Text({}, CommandKind::kCloseStatement);
  EXPECT_EQ(Ask(t, close).kind, Command::kPass);
  EXPECT_EQ(Ask(t, prepare).reason, Reason::kPrepared) << "that one was not open";
  close.prepared = &mark;
  EXPECT_EQ(Ask(t, close).kind, Command::kPass);
  ASSERT_EQ(Ask(t, prepare).kind, Command::kPass);
  EXPECT_EQ(Ask(t, prepare).kind, Command::kRefuse) << "the one being prepared counts";
  Answer(t, {.command = CommandKind::kPrepare, .error = true});
  ASSERT_EQ(Ask(t, prepare).kind, Command::kPass) << "it failed and was given back";
  Answer(t, {.command = CommandKind::kPrepare});
  EXPECT_EQ(Ask(t, prepare).kind, Command::kRefuse);
  ASSERT_EQ(Ask(t, CommandKind::kResetConnection).kind, Command::kPass);
  ASSERT_EQ(Ask(t, prepare).kind, Command::kRefuse) << "not reset yet";
  Answer(t, {.command = CommandKind::kResetConnection});
  for (int i = 0; i < 3; ++i) Prepare(t);
  EXPECT_EQ(Ask(t, prepare).kind, Command::kRefuse);
  ASSERT_EQ(engine_->OnChangeUser(*t, {.user = "shop", .database = ""}, now_).kind, Kind::kAdmit);
  engine_->OnLoginOk(*t, now_);
  for (int i = 0; i < 3; ++i) Prepare(t);
  EXPECT_EQ(Ask(t, prepare).kind, Command::kRefuse);
}

// Else who closes what fails would be given back twice what it took.
TEST_F(QueryTest, AStatementClosedBeforeItsAnswerIsGivenBackOnce) {
  Shop().prepared = 3;
  Start();
  const TicketPtr t = Client();
  const CommandFacts prepare = Text(kPoint, CommandKind::kPrepare);
  const StatementMark mark = Prepare(t);
  Prepare(t);
  CommandFacts close = Text({}, CommandKind::kCloseStatement);
  close.prepared = &mark;
  close.unanswered = true;
  for (const bool fails : {true, false}) {
    ASSERT_EQ(Ask(t, prepare).kind, Command::kPass);
    ASSERT_EQ(Ask(t, close).kind, Command::kPass);
    Answer(t, {.command = CommandKind::kPrepare, .error = fails});
  }
  Prepare(t);
  EXPECT_EQ(Ask(t, prepare).reason, Reason::kPrepared) << "three are open";
}

TEST_F(QueryTest, OpenStatementsOfASource) {
  Shop().prepared_per_source = 4;
  Start();
  TicketPtr a = Client(), b = Client();
  const TicketPtr elsewhere = Client(1);
  const CommandFacts prepare = Text(kPoint, CommandKind::kPrepare);
  for (int i = 0; i < 2; ++i) Prepare(a), Prepare(b);
  EXPECT_EQ(Ask(a, prepare).reason, Reason::kPreparedPerSource);
  EXPECT_EQ(Ask(b, prepare).reason, Reason::kPreparedPerSource);
  Prepare(elsewhere);
  engine_->OnClientGone(*a, now_);
  EXPECT_EQ(Ask(b, prepare).kind, Command::kRefuse) << "the server keeps them until its end";
  a.reset();
  for (int i = 0; i < 2; ++i) Prepare(b);
  EXPECT_EQ(Ask(b, prepare).kind, Command::kRefuse);
}

TEST_F(QueryTest, AutoBindsOnlySourcesNobodyKnows) {
  Start();
  engine_->OnServerFacts({.max_prepared_stmt_count = 8}, now_);
  const TicketPtr stranger = Stranger(), shop = Client();
  for (int i = 0; i < 2; ++i) Prepare(stranger);
  EXPECT_EQ(Ask(stranger, Text(kPoint, CommandKind::kPrepare)).reason, Reason::kPreparedPerSource);
  for (int i = 0; i < 20; ++i) Prepare(shop);
}

TEST_F(QueryTest, APreparedStatementIsJudgedByItsText) {
  Shop().digest_running = 1;
  Start();
  const TicketPtr a = Client(), b = Client(), c = Client();
  const StatementMark mark = Prepare(a);
  ASSERT_NE(mark.digest, 0u);
  EXPECT_EQ(engine_->Digests(1, now_).at(0).count, 0u) << "preparing is not running";
  CommandFacts execute = Text({}, CommandKind::kExecute);
  execute.prepared = &mark;
  ASSERT_EQ(Ask(a, execute).kind, Command::kPass);
  EXPECT_EQ(Ask(b).reason, Reason::kDigestRunning) << "the same as text";
  Answer(a, {.command = CommandKind::kExecute, .rows = 7});
  EXPECT_EQ(engine_->Digests(1, now_).at(0).rows, 7u);
  execute.prepared = nullptr;
  EXPECT_EQ(Ask(c, execute).kind, Command::kPass);
  EXPECT_EQ(Status().statements_running, 1u) << "an unknown statement counts";
}

TEST_F(QueryTest, CopiesAreCountedWithoutALimit) {
  Start();
  const TicketPtr a = Client(), b = Client();
  ASSERT_EQ(Ask(a).kind, Command::kPass);
  ASSERT_EQ(Ask(b).kind, Command::kPass);
  EXPECT_EQ(engine_->Digests(1, now_).at(0).running, 2u);
  Shop().digest_running = 1;
  Reload();
  const TicketPtr c = Client();
  EXPECT_EQ(Ask(c).reason, Reason::kDigestRunning) << "what ran before the reload counts";
  Shop().digest_running = 0;
  Reload();
  EXPECT_EQ(Held(c).kind, Command::kPass);
  for (const TicketPtr* t : {&a, &b, &c}) Answer(*t);
  EXPECT_EQ(engine_->Digests(1, now_).at(0).running, 0u);
}

TEST_F(QueryTest, AskedWithMoreTextNothingIsCountedTwice) {
  Shop().prepared = 1;
  Shop().inspect = 64;
  Start();
  const TicketPtr t = Client();
  const std::string sql = "/*" + std::string(90, 'x') + "*/ SELECT a FROM t WHERE id = 1";
  CommandFacts f = Text(std::string_view(sql).substr(0, 64), CommandKind::kPrepare);
  f.complete = false;
  f.length = sql.size() + 1;
  const CommandVerdict more = Ask(t, f);
  ASSERT_EQ(more.kind, Command::kMore);
  EXPECT_GT(more.look, 64u);
  f.sql = sql;
  f.complete = true;
  const CommandVerdict v = Ask(t, f);
  EXPECT_EQ(v.kind, Command::kPass) << Name(v.reason);
  EXPECT_EQ(v.mark.kind, StatementKind::kSelect);
  EXPECT_EQ(v.inspect, 64u);
}

TEST_F(QueryTest, CommentsWithoutEndAreNotLookedPast) {
  Shop().inspect = 64;
  Start();
  const TicketPtr t = Client();
  const std::string sql = "/*" + std::string(5000, 'x');
  std::size_t look = 64;
  int asked = 0;
  for (; asked < 10; ++asked) {
    CommandFacts f = Text(std::string_view(sql).substr(0, look));
    f.complete = false;
    f.length = sql.size() + 1;
    const CommandVerdict v = Ask(t, f);
    if (v.kind != Command::kMore) {
      EXPECT_NE(v.mark.traits & BitOf(Trait::kUninspectedTail), 0u);
      break;
    }
    ASSERT_GT(v.look, look);
    look = v.look;
  }
  EXPECT_LT(asked, 5);
  EXPECT_LE(look, 4u * 64);
}

class RuleTest : public QueryTest {
 protected:
  Rule& Add(const char* name, RuleAction action) {
    Rule& r = limits_.rules.emplace_back();
    r.name = name;
    r.action = action;
    r.commands = BitOf(CommandKind::kQuery);
    return r;
  }
  EngineStatus::RuleStatus Of(std::size_t i) { return Status().rules.at(i); }
};

TEST_F(RuleTest, TheFirstThatMatchesActs) {
  Add("only sleepers", RuleAction::kRefuse).traits = BitOf(Trait::kSleep);
  limits_.rules[0].message = "no naps";
  Add("all", RuleAction::kLog);
  Start();
  const TicketPtr t = Client();
  const CommandVerdict v = Ask(t, kSleep);
  EXPECT_EQ(v.kind, Command::kRefuse);
  EXPECT_EQ(v.reason, Reason::kRule);
  EXPECT_EQ(v.message, "no naps");
  EXPECT_EQ(told_.back().rule, "only sleepers");
  EXPECT_NE(told_.back().digest, 0u);
  EXPECT_EQ(Of(0).acted, 1u);
  EXPECT_EQ(Of(1).acted, 0u);
  EXPECT_EQ(Ask(t).kind, Command::kPass);
  EXPECT_EQ(Of(1).acted, 1u);
  Reload();
  EXPECT_EQ(Of(1).acted, 1u) << "counters outlive a reload";
}

TEST_F(RuleTest, AllowStopsRulesAndShape) {
  limits_.classes[0].shape.enforce = true;
  limits_.classes[0].shape.refuse = 1;
  Add("the report", RuleAction::kAllow).users = {"shop"};
  Add("nobody", RuleAction::kClose);
  Start();
  const TicketPtr t = Client();
  EXPECT_EQ(Ask(t, kSleep).kind, Command::kPass);
  EXPECT_TRUE(told_.empty()) << "the ordinary day needs no lines";
  EXPECT_EQ(Of(0).acted, 1u);
}

TEST_F(RuleTest, DelayHoldsAndThenLetsPass) {
  Add("later", RuleAction::kDelay).delay = milliseconds(700);
  Shop().running = 1;
  Start();
  const TicketPtr t = Client(), other = Client();
  const CommandVerdict v = Ask(t);
  ASSERT_EQ(v.kind, Command::kHold);
  EXPECT_EQ(v.until, now_ + milliseconds(700));
  EXPECT_EQ(Ask(other, CommandKind::kPing).kind, Command::kPass);
  Pass(milliseconds(300));
  EXPECT_EQ(Held(t).until, now_ + milliseconds(400));
  Pass(milliseconds(400));
  EXPECT_EQ(Held(t).kind, Command::kPass);
  EXPECT_EQ(Delayed(Reason::kRule), 1u);
  EXPECT_EQ(AskInside(other).reason, Reason::kNone) << "never inside a transaction";
  EXPECT_EQ(Of(0).would_act, 1u);
}

TEST_F(RuleTest, BanEndsTheSourcesConnections) {
  Add("out", RuleAction::kBan).traits = BitOf(Trait::kSleep);
  Start();
  const TicketPtr a = Stranger(), b = Stranger(), shop = Client();
  EXPECT_EQ(Ask(a, kSleep).kind, Command::kClose);
  ASSERT_EQ(engine_->Bans(now_).size(), 1u);
  EXPECT_EQ(engine_->Bans(now_)[0].reason, "rule out");
  EXPECT_EQ(evicted_.size(), 2u);
  EXPECT_EQ(Knock(Foe(1)).verdict.reason, Reason::kBanned);
}

TEST_F(RuleTest, BanSparesWhoIsNeverBanned) {
  Add("out", RuleAction::kBan);
  limits_.source.never_ban = {{SourceOf(Foe(1)), 128}};
  Start();
  const TicketPtr a = Stranger();
  EXPECT_EQ(Ask(a, kSleep).kind, Command::kClose);
  EXPECT_TRUE(engine_->Bans(now_).empty());
}

TEST_F(RuleTest, ADryRuleStandsInNobodysWay) {
  Add("dry", RuleAction::kClose).enforce = false;
  Add("wet", RuleAction::kRefuse);
  Start();
  const TicketPtr t = Client();
  EXPECT_EQ(Ask(t).kind, Command::kRefuse);
  EXPECT_EQ(Of(0).would_act, 1u);
  EXPECT_EQ(Of(0).acted, 0u);
  EXPECT_EQ(Of(1).acted, 1u);
}

TEST_F(RuleTest, WhatARuleRefusesWaitsForNothing) {
  Add("no", RuleAction::kRefuse).traits = BitOf(Trait::kSleep);
  Shop().running = 1;
  Start();
  const TicketPtr a = Client(), b = Client();
  ASSERT_EQ(Ask(a).kind, Command::kPass);
  EXPECT_EQ(Ask(b, kSleep).reason, Reason::kRule);
}

TEST_F(QueryTest, ShapeIsJudgedByPoints) {
  ShapeLimits& shape = limits_.classes[0].shape;
  shape = {.log = 10, .delay = 20, .refuse = 30, .delay_for = milliseconds(50), .enforce = true};
  limits_.points.fill(0);
  limits_.points[static_cast<std::size_t>(Trait::kSleep)] = 10;
  Start();
  const TicketPtr t = Client();
  EXPECT_EQ(Ask(t, kSleep).kind, Command::kPass);
  Answer(t);
  EXPECT_EQ(Acted(Reason::kShapeLog), 1u);
  limits_.points[static_cast<std::size_t>(Trait::kSleep)] = 20;
  Reload();
  EXPECT_EQ(Ask(t, kSleep).until, now_ + milliseconds(50));
  Pass(milliseconds(50));
  EXPECT_EQ(Held(t).kind, Command::kPass);
  Answer(t);
  limits_.points[static_cast<std::size_t>(Trait::kSleep)] = 30;
  Reload();
  EXPECT_EQ(Ask(t, kSleep).reason, Reason::kShapeRefuse);
  EXPECT_EQ(engine_->Digests(1, now_).at(0).refused, 1u);
  EXPECT_EQ(Ask(t).kind, Command::kPass);
}

TEST_F(QueryTest, KnownGoodIsEarnedByAnswersWithoutError) {
  Start();
  const TicketPtr t = Stranger();
  for (int i = 0; i < 5; ++i) {
    Ask(t);
    Answer(t, {.command = CommandKind::kQuery, .error = true});
    Ask(t, CommandKind::kPing);
    Answer(t, {.command = CommandKind::kPing});
    Pass(std::chrono::minutes(1));
  }
  EXPECT_EQ(Status().known_good, 0u);
  for (int i = 0; i < 3; ++i) Run(t, std::chrono::minutes(1));
  EXPECT_EQ(Status().known_good, 1u);
}

// A reset drops what was open, not what a client that does not wait prepares behind it.
TEST_F(QueryTest, AStatementPreparedBehindAResetIsStillThere) {
  Shop().prepared = 2;
  Start();
  const TicketPtr t = Client();
  Prepare(t);
  const CommandFacts prepare = Text(kPoint, CommandKind::kPrepare);
  ASSERT_EQ(Ask(t, CommandKind::kResetConnection).kind, Command::kPass);
  ASSERT_EQ(Ask(t, prepare).kind, Command::kPass);
  Answer(t, {.command = CommandKind::kResetConnection});
  Answer(t, {.command = CommandKind::kPrepare});
  Prepare(t);
  EXPECT_EQ(Ask(t, prepare).reason, Reason::kPrepared);
}

}  // namespace
}  // namespace headgate
