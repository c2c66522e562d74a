// What is asked about a command: the limits that may be waited for.
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "tests/policies/query_fixture.h"

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(QueryTest, ByDefaultNothingIsLimited) {
  Start();
  const TicketPtr t = Client();
  for (int i = 0; i < 1000; ++i) {
    const CommandVerdict v = Ask(t);
    ASSERT_EQ(v.kind, Command::kPass);
    EXPECT_NE(v.mark.digest, 0u);
    EXPECT_EQ(v.mark.kind, StatementKind::kSelect);
    EXPECT_EQ(Status().statements_running, 1u);
    Answer(t);
  }
  ExpectNothingRuns();
  EXPECT_EQ(Status().digests, 1u);
  EXPECT_EQ(engine_->Digests(10, now_).at(0).count, 1000u);
}

TEST_F(QueryTest, RunningHoldsTheNextUntilOneEnds) {
  Shop().running = 1;
  Start();
  const TicketPtr a = Client(), b = Client();
  ASSERT_EQ(Ask(a).kind, Command::kPass);
  const CommandVerdict held = Ask(b);
  EXPECT_EQ(held.kind, Command::kHold);
  EXPECT_EQ(held.reason, Reason::kQueryRunning);
  EXPECT_EQ(held.until, now_ + seconds(1));
  EXPECT_EQ(Status().statements_held, 1u);
  EXPECT_TRUE(ready_.empty());
  Pass(milliseconds(300));
  EXPECT_EQ(Held(b).kind, Command::kHold) << "still running";
  Answer(a);
  ASSERT_EQ(ready_.size(), 1u);
  EXPECT_EQ(Ask(a).kind, Command::kHold) << "does not overtake";
  EXPECT_EQ(Held(b).kind, Command::kPass);
  EXPECT_EQ(Delayed(Reason::kQueryRunning), 1u);
  Answer(b);
  EXPECT_EQ(ready_.size(), 2u);
  EXPECT_EQ(Held(a).kind, Command::kPass);
  Answer(a);
  EXPECT_EQ(Acted(Reason::kQueryRunning), 0u);
  ExpectNothingRuns();
}

// Else everybody who is given a place would stand back for those who wait at the other limit.
TEST_F(QueryTest, TwoLimitsDoNotHandPlacesToEachOthersWaiters) {
  Shop().class_running = 2;
  Shop().digest_running = 1;
  Start();
  const TicketPtr first = Client(), second = Client();
  std::vector<TicketPtr> waiting;
  for (int i = 0; i < 4; ++i) waiting.push_back(Client());
  ASSERT_EQ(Ask(first).kind, Command::kPass);
  EXPECT_EQ(Ask(waiting[0]).reason, Reason::kDigestRunning);
  EXPECT_EQ(Ask(waiting[1]).reason, Reason::kDigestRunning);
  ASSERT_EQ(Ask(second, kOther).kind, Command::kPass);
  EXPECT_EQ(Ask(waiting[2]).reason, Reason::kClassRunning);
  EXPECT_EQ(Ask(waiting[3]).reason, Reason::kClassRunning);
  Answer(first);
  EXPECT_EQ(Held(waiting[0]).kind, Command::kPass);
  EXPECT_EQ(Held(waiting[2]).kind, Command::kHold) << "two run";
}

TEST_F(QueryTest, NobodyWaitsLongerThanWait) {
  Shop().running = 1;
  Shop().wait = milliseconds(250);
  Start();
  const TicketPtr a = Client(), b = Client();
  ASSERT_EQ(Ask(a).kind, Command::kPass);
  const CommandVerdict held = Ask(b);
  ASSERT_EQ(held.kind, Command::kHold);
  Pass(held.until - now_);
  const CommandVerdict v = Held(b);
  EXPECT_EQ(v.kind, Command::kRefuse);
  EXPECT_EQ(v.reason, Reason::kQueryRunning);
  EXPECT_EQ(Acted(Reason::kQueryRunning), 1u);
  EXPECT_EQ(Delayed(Reason::kQueryRunning), 0u);
  Answer(a);
  EXPECT_TRUE(ready_.empty()) << "nobody waits any more";
  EXPECT_EQ(Ask(b).kind, Command::kPass) << "the connection lives on";
  Answer(b);
  ExpectNothingRuns();
}

TEST_F(QueryTest, CommitAndItsKindAreNeverHeld) {
  Shop().running = 1;
  Shop().rate = {1, 1};
  Shop().busy = 0.01;
  Start();
  const TicketPtr a = Client(), b = Client();
  ASSERT_EQ(Ask(a).kind, Command::kPass);
  for (int i = 0; i < 20; ++i) {
    for (const char* sql : {"COMMIT", "ROLLBACK", "UNLOCK TABLES", "KILL 7"}) {
      EXPECT_EQ(Ask(b, sql).kind, Command::kPass) << sql;
      Answer(b);
    }
    EXPECT_EQ(Ask(b, CommandKind::kPing).kind, Command::kPass);
    Answer(b, {.command = CommandKind::kPing});
  }
  // What hides behind one is limited.
  EXPECT_NE(Ask(b, "COMMIT; SELECT 1").kind, Command::kPass);
}

TEST_F(QueryTest, InsideATransactionNothingIsHeld) {
  Shop().running = 2;
  Start();
  std::vector<TicketPtr> in;
  for (int i = 0; i < 5; ++i) in.push_back(Client());
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(AskInside(in[static_cast<std::size_t>(i)]).kind, Command::kPass) << i;
  }
  const CommandVerdict v = AskInside(in[4]);
  EXPECT_EQ(v.kind, Command::kRefuse) << "twice the number is enough";
  EXPECT_EQ(v.reason, Reason::kQueryRunning);
  EXPECT_EQ(AskInside(in[4], "COMMIT").kind, Command::kPass);
}

TEST_F(QueryTest, RateIsWaitedForInTurn) {
  Shop().rate = {10, 1};
  Shop().wait = milliseconds(200);
  Start();
  std::vector<TicketPtr> in;
  for (int i = 0; i < 4; ++i) in.push_back(Client());
  EXPECT_EQ(Ask(in[0]).kind, Command::kPass);
  EXPECT_EQ(Ask(in[1]).until, now_ + milliseconds(100));
  EXPECT_EQ(Ask(in[2]).until, now_ + milliseconds(200));
  const CommandVerdict v = Ask(in[3]);
  EXPECT_EQ(v.kind, Command::kRefuse);
  EXPECT_EQ(v.reason, Reason::kQueryRate);
  Pass(milliseconds(99));
  EXPECT_EQ(Held(in[1]).kind, Command::kHold) << "too early";
  Pass(milliseconds(1));
  EXPECT_EQ(Held(in[1]).kind, Command::kPass);
  EXPECT_EQ(Held(in[2]).kind, Command::kHold);
  Pass(milliseconds(100));
  EXPECT_EQ(Held(in[2]).kind, Command::kPass);
  EXPECT_EQ(Delayed(Reason::kQueryRate), 2u);
}

TEST_F(QueryTest, RateMayRunIntoDebtInsideATransaction) {
  Shop().rate = {10, 1};
  Shop().wait = milliseconds(200);
  Start();
  const TicketPtr t = Client();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(AskInside(t).kind, Command::kPass) << i;
    Answer(t);
  }
  EXPECT_EQ(AskInside(t).kind, Command::kRefuse) << "else BEGIN would switch the limit off";
}

TEST_F(QueryTest, UsersAndClassesHaveTheirOwn) {
  Shop().user_rate = {1, 1};
  Shop().class_running = 2;
  Shop().wait = {};
  limits_.classes[0].users = {"shop", "shop2"};
  Start();
  const TicketPtr a = Client(0), b = Client(1);
  const TicketPtr c = Enter(App(), "shop2");
  ASSERT_EQ(Ask(a).kind, Command::kPass);
  EXPECT_EQ(Ask(b).reason, Reason::kUserRate) << "another source, the same user";
  ASSERT_EQ(Ask(c).kind, Command::kPass);
  Pass(seconds(5));
  EXPECT_EQ(Ask(b).reason, Reason::kClassRunning);
  const TicketPtr stranger = Stranger();
  EXPECT_EQ(Ask(stranger).kind, Command::kPass);
}

TEST_F(QueryTest, BusyIsChargedBeforeAndSettledAfter) {
  Shop().busy = 0.5;  // 5 s at once
  Shop().wait = seconds(5);
  Start();
  const TicketPtr t = Client();
  Run(t, seconds(1));  // now it is known to take a second, of which 200 ms are charged in advance
  const Duration predicted = engine_->Digests(1, now_).at(0).p50;
  EXPECT_GT(predicted, milliseconds(800));
  std::vector<TicketPtr> in;
  int passed = 0;
  for (; passed < 60; ++passed) {
    in.push_back(Client());
    if (Ask(in.back()).kind != Command::kPass) break;
  }
  EXPECT_GE(passed, 18);
  EXPECT_LE(passed, 24);
  EXPECT_EQ(Status().statements_running, static_cast<std::uint32_t>(passed));
  // They were quicker than thought: what was charged too much comes back.
  Pass(milliseconds(10));
  for (int i = 0; i < passed; ++i) Answer(in[static_cast<std::size_t>(i)]);
  EXPECT_EQ(Held(in.back()).kind, Command::kPass);
}

TEST_F(QueryTest, ALongStatementIsChargedWhileItRuns) {
  Shop().busy = 0.1;  // 1 s at once
  Shop().wait = {};
  Start();
  const TicketPtr slow = Client(), other = Client();
  ASSERT_EQ(Ask(slow).kind, Command::kPass);
  Pass(seconds(3));
  EXPECT_EQ(Ask(other, kOther).kind, Command::kPass) << "nobody has looked yet";
  Answer(other);
  EXPECT_EQ(Sweep(slow).kind, End::kNone);
  EXPECT_EQ(Ask(other, kOther).reason, Reason::kQueryBusy);
  Answer(slow);
  EXPECT_EQ(Ask(other, kOther).reason, Reason::kQueryBusy) << "settled, not forgiven";
  Pass(seconds(60));
  EXPECT_EQ(Ask(other, kOther).kind, Command::kPass);
}

TEST_F(QueryTest, LockWaitIsNotCharged) {
  Shop().busy = 0.1;
  Shop().wait = {};
  Start();
  const TicketPtr slow = Client(), other = Client();
  ASSERT_EQ(Ask(slow).kind, Command::kPass);
  for (int i = 0; i < 100; ++i) {
    Pass(milliseconds(100));
    Sweep(slow, {.lock_wait = true});
  }
  Answer(slow);
  EXPECT_EQ(Ask(other).kind, Command::kPass);
}

TEST_F(QueryTest, DebtsSurviveAReconnect) {
  Shop().busy = 0.1;
  Shop().rate = {0.5, 1};
  Shop().wait = {};
  Start();
  TicketPtr t = Client();
  ASSERT_EQ(Ask(t).kind, Command::kPass);
  Pass(seconds(30));
  Answer(t);
  EXPECT_EQ(Ask(t).reason, Reason::kQueryBusy);
  engine_->OnClientGone(*t, now_);
  engine_->OnBackendEnded(*t, now_);
  t = Client();
  EXPECT_EQ(Ask(t).reason, Reason::kQueryRate);
  Pass(seconds(2));
  EXPECT_EQ(Ask(t).reason, Reason::kQueryBusy);
}

TEST_F(QueryTest, CopiesOfOneDigestWaitForEachOther) {
  Shop().digest_running = 1;
  Start();
  const TicketPtr a = Client(), b = Client(), c = Client();
  const TicketPtr stranger = Stranger();
  ASSERT_EQ(Ask(a, "SELECT a FROM t WHERE id = 1").kind, Command::kPass);
  EXPECT_EQ(Ask(b, "select a from t where id=22").reason, Reason::kDigestRunning);
  EXPECT_EQ(Ask(c, kOther).kind, Command::kPass);
  EXPECT_EQ(Ask(stranger).kind, Command::kPass) << "another class";
  Answer(a);
  ASSERT_EQ(ready_.size(), 1u);
  EXPECT_EQ(Held(b).kind, Command::kPass);
}

TEST_F(QueryTest, WhoWaitsForADigestHoldsNoOtherPlace) {
  Shop().digest_running = 1;
  Shop().class_running = 2;
  Start();
  const TicketPtr a = Client(), b = Client(), c = Client();
  ASSERT_EQ(Ask(a).kind, Command::kPass);
  ASSERT_EQ(Ask(b).reason, Reason::kDigestRunning);
  EXPECT_EQ(Ask(c, kOther).kind, Command::kPass) << "the second place of the class is free";
}

TEST_F(QueryTest, NobodySpoilsAnotherClassesReputation) {
  Shop().busy = 0.1;
  Start();
  const TicketPtr foe = Stranger();
  for (int i = 0; i < 20; ++i) Run(foe, seconds(20));
  const TicketPtr t = Client();
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(Ask(t).kind, Command::kPass) << i << ": charged 1 ms each, not 20 s";
    Answer(t);
  }
}

TEST_F(QueryTest, AConnectionCountsOnceHoweverMuchItSendsAhead) {
  Shop().running = 1;
  Shop().digest_running = 1;
  Start();
  const TicketPtr a = Client(), b = Client();
  for (int i = 0; i < 10; ++i) ASSERT_EQ(Ask(a).kind, Command::kPass) << i;
  ASSERT_EQ(Ask(b).kind, Command::kHold);
  for (int i = 0; i < 9; ++i) {
    Answer(a);
    EXPECT_TRUE(ready_.empty());
    EXPECT_EQ(Held(b).kind, Command::kHold);
  }
  Answer(a);
  EXPECT_EQ(ready_.size(), 1u);
  EXPECT_EQ(Held(b).kind, Command::kPass);
}

TEST_F(QueryTest, ACommandBehindAnotherStartsWhenThatEnds) {
  Start();
  const TicketPtr t = Client();
  ASSERT_EQ(Ask(t, kPoint).kind, Command::kPass);
  ASSERT_EQ(Ask(t, kOther).kind, Command::kPass);
  Pass(seconds(5));
  Answer(t);
  Pass(seconds(1));
  Answer(t);
  for (const DigestRow& row : engine_->Digests(2, now_)) {
    const bool first = row.text.find("name") == std::string::npos;
    EXPECT_EQ(row.total, first ? seconds(5) : seconds(1)) << row.text;
  }
}

TEST_F(QueryTest, WhoGoesWhileHeldPassesItsTurnOn) {
  Shop().running = 1;
  Start();
  const TicketPtr a = Client();
  TicketPtr b = Client();
  const TicketPtr c = Client();
  ASSERT_EQ(Ask(a).kind, Command::kPass);
  ASSERT_EQ(Ask(b).kind, Command::kHold);
  ASSERT_EQ(Ask(c).kind, Command::kHold);
  Answer(a);
  ASSERT_EQ(ready_.size(), 1u);
  engine_->OnClientGone(*b, now_);
  ASSERT_EQ(ready_.size(), 2u) << "the place is c's now";
  EXPECT_EQ(Held(c).kind, Command::kPass);
  Answer(c);
  ExpectNothingRuns();
}

TEST_F(QueryTest, AnOrphansStatementCountsUntilTheBackendEnds) {
  Shop().running = 1;
  Start();
  TicketPtr a = Client();
  const TicketPtr b = Client();
  ASSERT_EQ(Ask(a).kind, Command::kPass);
  ASSERT_EQ(Ask(b).kind, Command::kHold);
  engine_->OnClientGone(*a, now_);
  EXPECT_TRUE(ready_.empty());
  EXPECT_EQ(Held(b).kind, Command::kHold);
  engine_->OnBackendEnded(*a, now_);
  EXPECT_EQ(ready_.size(), 1u);
  EXPECT_EQ(Held(b).kind, Command::kPass);
}

TEST_F(QueryTest, AReloadMeetsWhatIsHeldAndWhatRuns) {
  Shop().running = 1;
  Shop().busy = 2;
  Start();
  const TicketPtr a = Client(), b = Client(), c = Client();
  ASSERT_EQ(Ask(a).kind, Command::kPass);
  ASSERT_EQ(Ask(b).kind, Command::kHold);
  Shop().running = 3;
  Reload();
  EXPECT_EQ(Held(b).kind, Command::kPass);
  EXPECT_EQ(Ask(c).kind, Command::kPass);
  limits_.classes.erase(limits_.classes.begin());
  Rest().running = 1;
  Reload();
  Answer(a);
  EXPECT_EQ(Ask(a).kind, Command::kPass) << "of the default class now, the first there";
  Answer(b);
  EXPECT_EQ(Ask(b).kind, Command::kHold);
  limits_.mode = Mode::kObserve;
  Reload();
  EXPECT_EQ(Held(b).kind, Command::kPass);
  Answer(a);
  Answer(b);
  Answer(c);
  ExpectNothingRuns();
}

TEST_F(QueryTest, StrangersAreSqueezedOnlyAboveCalm) {
  limits_.unknown_query.running = 1;
  Start();
  const TicketPtr a = Stranger(), b = Stranger(), shop = Client();
  ASSERT_EQ(Ask(a).kind, Command::kPass);
  ASSERT_EQ(Ask(b).kind, Command::kPass);
  Answer(a);
  Answer(b);
  engine_->OnWire(1e6, false, now_);
  ASSERT_EQ(Ask(a).kind, Command::kPass);
  EXPECT_EQ(Ask(b).kind, Command::kHold);
  EXPECT_EQ(Ask(shop).kind, Command::kPass);
  const TicketPtr shop2 = Client();
  EXPECT_EQ(Ask(shop2).kind, Command::kPass);
}

}  // namespace
}  // namespace headgate
