// What has to end: deadlines, results, idle connections, slow readers, orphans.
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "tests/policies/query_fixture.h"

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kWrite = "UPDATE t SET a = 1 WHERE id = 2";

class SweepTest : public QueryTest {
 protected:
  // Runs `sql` for so long and sweeps.
  SweepVerdict After(const TicketPtr& t, Duration d, std::string_view sql) {
    EXPECT_EQ(Ask(t, sql).kind, Command::kPass);
    Pass(d);
    const SweepVerdict v = Sweep(t);
    Answer(t);
    return v;
  }
};

TEST_F(SweepTest, ADeadlineEndsASelectOnce) {
  Shop().deadline = seconds(2);
  Start();
  const TicketPtr t = Client();
  ASSERT_EQ(Ask(t).kind, Command::kPass);
  Pass(milliseconds(1999));
  EXPECT_EQ(Sweep(t).kind, End::kNone);
  Pass(milliseconds(1));
  const SweepVerdict v = Sweep(t);
  EXPECT_EQ(v.kind, End::kKillQuery);
  EXPECT_EQ(v.reason, Reason::kQueryDeadline);
  Pass(seconds(1));
  EXPECT_EQ(Sweep(t).kind, End::kNone) << "a verdict is given once";
  EXPECT_EQ(Acted(Reason::kQueryDeadline), 1u);
  Answer(t, {.command = CommandKind::kQuery, .error = true, .error_code = 1317});
  EXPECT_EQ(After(t, seconds(2), kPoint).kind, End::kKillQuery) << "and again for the next";
}

TEST_F(SweepTest, ADeadlineIsForSelectsUnlessItIsForAll) {
  Shop().deadline = seconds(2);
  Start();
  const TicketPtr t = Client();
  EXPECT_EQ(After(t, seconds(9), kWrite).kind, End::kNone);
  EXPECT_EQ(After(t, seconds(9), "ALTER TABLE t ADD b INT").kind, End::kNone);
  EXPECT_EQ(After(t, seconds(9), "SELECT 1; UPDATE t SET a = 1").kind, End::kNone);
  EXPECT_EQ(After(t, seconds(9), "SELECT 1; SELECT 2").kind, End::kKillQuery);
  for (const std::string_view reads :
       {"SET @a = (SELECT 1)", "DO SLEEP(9)", "SHOW TABLES", "SELECT 1; SET @a = 1"}) {
    EXPECT_EQ(After(t, seconds(9), reads).kind, End::kKillQuery) << reads;
  }
  ASSERT_EQ(Ask(t, CommandKind::kBinlogDump).kind, Command::kPass);
  Pass(seconds(9));
  EXPECT_EQ(Sweep(t).kind, End::kNone) << "a replica";
  Answer(t, {.command = CommandKind::kBinlogDump});
  Shop().all = true;
  Reload();
  EXPECT_EQ(After(t, seconds(9), kWrite).kind, End::kKillQuery);
  EXPECT_EQ(After(t, seconds(9), "COMMIT").kind, End::kNone);
}

TEST_F(SweepTest, ADeadlineBeginsWhenTheCommandBeforeHasEnded) {
  Shop().deadline = seconds(2);
  Start();
  const TicketPtr t = Client();
  ASSERT_EQ(Ask(t, kWrite).kind, Command::kPass);
  ASSERT_EQ(Ask(t, kPoint).kind, Command::kPass);
  Pass(seconds(5));
  EXPECT_EQ(Sweep(t).kind, End::kNone);
  Answer(t);
  Pass(seconds(1));
  EXPECT_EQ(Sweep(t).kind, End::kNone);
  Pass(seconds(1));
  EXPECT_EQ(Sweep(t).kind, End::kKillQuery);
}

TEST_F(SweepTest, WithoutAMonitorADeadlineIsOnlyCounted) {
  Shop().deadline = seconds(2);
  Start();
  const TicketPtr t = Client();
  ASSERT_EQ(Ask(t).kind, Command::kPass);
  Pass(seconds(3));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Sweep(t, {}).kind, End::kNone);
  EXPECT_EQ(WouldAct(Reason::kQueryDeadline), 1u);
  EXPECT_EQ(Sweep(t).kind, End::kKillQuery) << "now there is one";
  const StatementLimit limit = engine_->LimitOf(*t);
  EXPECT_EQ(limit.deadline, seconds(2)) << "the server can be told";
  EXPECT_FALSE(limit.all);
  Shop().enforce = false;
  Reload();
  EXPECT_EQ(engine_->LimitOf(*t).deadline, Duration::zero());
}

TEST_F(SweepTest, AResultTooLargeIsEnded) {
  Shop().result = 1000;
  Start();
  const TicketPtr t = Client();
  EXPECT_EQ(Ask(t).result_limit, 1000u);
  EXPECT_EQ(Sweep(t, {.can_kill = true, .answer_bytes = 1000}).kind, End::kNone);
  EXPECT_EQ(Sweep(t, {.can_kill = true, .answer_bytes = 1001}).reason, Reason::kResultSize);
  EXPECT_EQ(Sweep(t, {.can_kill = true, .answer_bytes = 9999}).kind, End::kNone);
}

TEST_F(SweepTest, IdleConnectionsAreClosed) {
  Shop().idle = seconds(60);
  Shop().idle_in_transaction = seconds(5);
  Start();
  const TicketPtr t = Client();
  Pass(seconds(59));
  EXPECT_EQ(Sweep(t).kind, End::kNone);
  Run(t, seconds(100));
  Pass(seconds(59));
  EXPECT_EQ(Sweep(t).kind, End::kNone);
  Pass(seconds(1));
  EXPECT_EQ(Sweep(t).reason, Reason::kIdle);
  EXPECT_EQ(Sweep(t).kind, End::kNone);
  ASSERT_EQ(Ask(t, "BEGIN").kind, Command::kPass);
  Answer(t, {.command = CommandKind::kQuery, .in_transaction = true});
  Pass(seconds(5));
  const SweepVerdict v = Sweep(t);
  EXPECT_EQ(v.kind, End::kClose);
  EXPECT_EQ(v.reason, Reason::kIdleInTransaction);
}

// What an ERR does not tell is only asked for where something hangs on it.
TEST_F(SweepTest, WhetherATransactionIsOpenHasToBeKnownWhereThatIsLimited) {
  Start();
  EXPECT_FALSE(Ask(Client()).settle);
  Shop().idle_in_transaction = seconds(5);
  Reload();
  EXPECT_TRUE(Ask(Client()).settle);
  Shop().enforce = false;
  Reload();
  EXPECT_FALSE(Ask(Client()).settle);
}

TEST_F(SweepTest, WhoDoesNotReadIsClosed) {
  Shop().stalled_read = seconds(5);
  Start();
  const TicketPtr t = Client();
  ASSERT_EQ(Ask(t).kind, Command::kPass);
  EXPECT_EQ(Sweep(t, {.client_blocked = seconds(4)}).kind, End::kNone);
  const SweepVerdict v = Sweep(t, {.client_blocked = seconds(5)});
  EXPECT_EQ(v.kind, End::kClose);
  EXPECT_EQ(v.reason, Reason::kStalledRead);
  EXPECT_EQ(Sweep(t, {.client_blocked = seconds(6)}).kind, End::kNone);
  EXPECT_EQ(Sweep(t, {}).kind, End::kNone);
  EXPECT_EQ(Sweep(t, {.client_blocked = seconds(5)}).kind, End::kClose) << "stalled again";
}

// The server only waits for the rest of it.
TEST_F(SweepTest, WhoStopsInTheMiddleOfACommandIsClosed) {
  Shop().stalled_read = seconds(5);
  Start();
  const TicketPtr t = Client(), sends = Client();
  ASSERT_EQ(Ask(t, kWrite).kind, Command::kPass);
  ASSERT_EQ(Ask(sends, CommandKind::kLongData).kind, Command::kPass);
  Pass(seconds(60));
  for (const TicketPtr* one : {&t, &sends}) {
    EXPECT_EQ(Sweep(*one, {.client_silent = seconds(4)}).kind, End::kNone);
    const SweepVerdict v = Sweep(*one, {.client_silent = seconds(5)});
    EXPECT_EQ(v.kind, End::kClose);
    EXPECT_EQ(v.reason, Reason::kStalledRead);
  }
}

TEST_F(SweepTest, WhoStopsInTheMiddleOfACommandIsIdle) {
  Shop().idle = seconds(5);
  Start();
  const TicketPtr t = Client();
  ASSERT_EQ(Ask(t, kWrite).kind, Command::kPass);
  EXPECT_EQ(Sweep(t, {.client_silent = seconds(9)}).kind, End::kNone) << "that was another one";
  Pass(seconds(60));
  EXPECT_EQ(Sweep(t).kind, End::kNone) << "it runs";
  EXPECT_EQ(Sweep(t, {.client_silent = seconds(4)}).kind, End::kNone);
  const SweepVerdict v = Sweep(t, {.client_silent = seconds(5)});
  EXPECT_EQ(v.kind, End::kClose);
  EXPECT_EQ(v.reason, Reason::kIdle);
}

// It was sent behind a statement that runs.
TEST_F(SweepTest, WhatRunsBeforeHalfACommandIsNotIdle) {
  Shop().idle = seconds(5);
  Shop().deadline = seconds(7);
  Start();
  const TicketPtr t = Client();
  ASSERT_EQ(Ask(t).kind, Command::kPass);
  ASSERT_EQ(Ask(t, kWrite).kind, Command::kPass);
  Pass(seconds(6));
  EXPECT_EQ(Sweep(t, {.client_silent = seconds(6)}).kind, End::kNone);
  Pass(seconds(1));
  EXPECT_EQ(Sweep(t, {.can_kill = true, .client_silent = seconds(7)}).kind, End::kKillQuery);
  Answer(t);
  EXPECT_EQ(Sweep(t, {.client_silent = seconds(7)}).kind, End::kNone);
  Pass(seconds(5));
  EXPECT_EQ(Sweep(t, {.client_silent = seconds(12)}).reason, Reason::kIdle);
}

TEST_F(SweepTest, LongDataThatComesIsNotIdle) {
  Shop().idle = seconds(5);
  Start();
  const TicketPtr t = Client();
  ASSERT_EQ(Ask(t, CommandKind::kLongData).kind, Command::kPass);
  Pass(seconds(60));
  EXPECT_EQ(Sweep(t, {.client_silent = milliseconds(900)}).kind, End::kNone);
  Answer(t, {.command = CommandKind::kLongData});
  Pass(seconds(4));
  EXPECT_EQ(Sweep(t).kind, End::kNone);
  Pass(seconds(1));
  EXPECT_EQ(Sweep(t).reason, Reason::kIdle);
}

// Who is slow to say it has not had the server run it.
TEST_F(SweepTest, TheRestOfACommandThatDoesNotComeIsNoBusyTime) {
  Shop().busy = 0.1;
  Start();
  const TicketPtr t = Client();
  ASSERT_EQ(Ask(t).kind, Command::kPass);
  for (int i = 1; i < 300; ++i) {
    Pass(milliseconds(100));
    EXPECT_EQ(Sweep(t, {.client_silent = milliseconds(100 * i)}).kind, End::kNone);
  }
  Answer(t);
  EXPECT_EQ(Ask(t).kind, Command::kPass);
}

TEST_F(SweepTest, AnOrphansSelectIsKilledAtOnce) {
  Start();
  const TicketPtr t = Client(), idle = Client(), unmonitored = Client();
  ASSERT_EQ(Ask(t).kind, Command::kPass);
  ASSERT_EQ(Ask(unmonitored).kind, Command::kPass);
  engine_->OnClientGone(*t, now_);
  const SweepVerdict v = Sweep(t, {.client_gone = true, .can_kill = true});
  EXPECT_EQ(v.kind, End::kKillOrphan);
  EXPECT_EQ(v.reason, Reason::kOrphanKilled);
  EXPECT_EQ(Sweep(t, {.client_gone = true, .can_kill = true}).kind, End::kNone);
  EXPECT_EQ(Sweep(idle, {.client_gone = true, .can_kill = true}).kind, End::kNone);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Sweep(unmonitored, {.client_gone = true}).kind, End::kNone);
  }
  EXPECT_EQ(WouldAct(Reason::kOrphanKilled), 1u);
}

TEST_F(SweepTest, NothingHarmlessBehindItSavesAnOrphan) {
  Start();
  const TicketPtr ping = Client(), write = Client();
  for (const TicketPtr* t : {&ping, &write}) ASSERT_EQ(Ask(*t).kind, Command::kPass);
  ASSERT_EQ(Ask(ping, CommandKind::kPing).kind, Command::kPass);
  ASSERT_EQ(Ask(ping, Text(kWrite, CommandKind::kPrepare)).kind, Command::kPass);
  ASSERT_EQ(Ask(write, CommandKind::kDropDb).kind, Command::kPass);
  const SweepFacts gone{.client_gone = true, .can_kill = true};
  EXPECT_EQ(Sweep(ping, gone).reason, Reason::kOrphanKilled);
  EXPECT_EQ(Sweep(write, gone).kind, End::kNone);
}

TEST_F(SweepTest, AnOrphansWriteIsKilledOnlyAboveCalm) {
  Start();
  const TicketPtr write = Client(), several = Client();
  ASSERT_EQ(Ask(write, kWrite).kind, Command::kPass);
  ASSERT_EQ(Ask(several).kind, Command::kPass);
  ASSERT_EQ(Ask(several, kWrite).kind, Command::kPass);
  const SweepFacts gone{.client_gone = true, .can_kill = true};
  EXPECT_EQ(Sweep(write, gone).kind, End::kNone);
  EXPECT_EQ(Sweep(several, gone).kind, End::kNone) << "a write waits behind the SELECT";
  engine_->OnWire(1e6, false, now_);
  EXPECT_EQ(Sweep(write, gone).kind, End::kKillOrphan);
  EXPECT_EQ(Sweep(several, gone).kind, End::kKillOrphan);
}

TEST_F(SweepTest, StrangersHaveADeadlineAboveCalm) {
  Start();
  const TicketPtr stranger = Stranger(), shop = Client();
  EXPECT_EQ(After(stranger, seconds(11), kPoint).kind, End::kNone);
  engine_->OnWire(1e6, false, now_);
  EXPECT_EQ(After(stranger, seconds(11), kPoint).kind, End::kKillQuery);
  EXPECT_EQ(After(shop, seconds(11), kPoint).kind, End::kNone);
}

}  // namespace
}  // namespace headgate
