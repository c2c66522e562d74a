// A limit on statements with enforce = false, and mode = observe, decide and count and never act.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "policies/query_snapshot.h"
#include "tests/policies/query_fixture.h"

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Every limit there is, so tight that each is met.
class QueryStormTest : public QueryTest {
 protected:
  QueryStormTest() {
    QueryLimits& q = Shop();
    q.running = q.user_running = q.class_running = 2;
    q.digest_running = 1;
    q.rate = q.user_rate = q.class_rate = {20, 3};
    q.busy = q.user_busy = q.class_busy = 0.05;
    q.wait = milliseconds(100);
    q.deadline = q.stalled_read = seconds(1);
    q.idle = q.idle_in_transaction = seconds(2);
    q.prepared = 2;
    q.prepared_per_source = 3;
    q.packet = 500;
    q.result = 1000;
    limits_.classes[0].shape = {.log = 1, .delay = 50, .refuse = 60, .enforce = true};
    Rule& rule = limits_.rules.emplace_back();
    rule.name = "no u";
    rule.action = RuleAction::kClose;
    rule.users = {"shop"};
    rule.commands = BitOf(CommandKind::kFieldList);
  }

  void Note(const CommandVerdict& v) {
    passed_ += v.kind == Command::kPass ? 1 : 0;
    stopped_ += v.kind != Command::kPass ? 1 : 0;
  }
  void Note(const SweepVerdict& v) { ended_ += v.kind == End::kNone ? 0 : 1; }

  // Answers come late, so much runs at once; what is not passed is given up.
  void Storm() {
    std::vector<TicketPtr> in;
    for (int i = 0; i < 8; ++i) in.push_back(Client());
    for (std::uint32_t i = 0; i < 400; ++i) {
      const TicketPtr& t = in[i % in.size()];
      Use(t, i);
      if (i % 8 == 7) {
        Pass(milliseconds(i % 80 == 79 ? 3000 : 30));
        for (const TicketPtr& each : in) Look(each, i);
      }
    }
    in.clear();
  }
  void Use(const TicketPtr& t, std::uint32_t i) {
    static constexpr CommandKind kKinds[] = {CommandKind::kQuery, CommandKind::kPrepare,
                                             CommandKind::kDebug, CommandKind::kFieldList};
    const CommandKind kind = i % 3 == 0 ? kKinds[i / 3 % 4] : CommandKind::kQuery;
    CommandFacts f = Text(i % 7 == 0 ? "SELECT SLEEP(100)" : i % 2 == 0 ? kPoint : kOther, kind);
    f.in_transaction = i % 5 == 0;
    if (i % 31 == 0) f.length = 501;
    const CommandVerdict v = Ask(t, f);
    Note(v);
    if (v.kind == Command::kPass) owed_.push_back({&t, kind});
  }
  void Look(const TicketPtr& t, std::uint32_t i) {
    Note(Sweep(t, {.can_kill = true, .client_blocked = seconds(i % 3), .answer_bytes = i * 10}));
    for (auto it = owed_.begin(); it != owed_.end();) {
      if (it->ticket->get() != t.get()) {
        ++it;
        continue;
      }
      Answer(t, {.command = it->kind, .in_transaction = i / 80 % 2 == 0});
      it = owed_.erase(it);
    }
    Pass(milliseconds(1));
    if (i % 80 == 79) {
      Pass(seconds(3));
      Note(Sweep(t));
    }
  }

  struct Owed {
    const TicketPtr* ticket;
    CommandKind kind;
  };
  std::vector<Owed> owed_;
  int passed_ = 0, stopped_ = 0, ended_ = 0;

  static constexpr Reason kAll[] = {Reason::kCommandRefused, Reason::kPacketTooLarge,
                                    Reason::kQueryRate,      Reason::kUserRate,
                                    Reason::kClassRate,      Reason::kQueryRunning,
                                    Reason::kUserRunning,    Reason::kClassRunning,
                                    Reason::kQueryBusy,      Reason::kUserBusy,
                                    Reason::kClassBusy,      Reason::kDigestRunning,
                                    Reason::kPrepared,       Reason::kPreparedPerSource,
                                    Reason::kQueryDeadline,  Reason::kResultSize,
                                    Reason::kIdle,           Reason::kIdleInTransaction,
                                    Reason::kStalledRead};
};

TEST_F(QueryStormTest, ActsWhenItIsToAct) {
  Start();
  Storm();
  EXPECT_GT(stopped_, 50);
  EXPECT_GT(ended_, 5);
  EXPECT_GT(Acted(Reason::kRule), 0u);
  ExpectNothingHeld();
  ExpectNothingRuns();
}

TEST_F(QueryStormTest, ObserveNeverActs) {
  limits_.mode = Mode::kObserve;
  Start();
  Storm();
  EXPECT_EQ(stopped_, 0);
  EXPECT_EQ(ended_, 0);
  EXPECT_TRUE(ready_.empty());
  EXPECT_TRUE(evicted_.empty());
  for (const Reason r : kAll) {
    EXPECT_EQ(Acted(r), 0u) << Name(r);
    EXPECT_EQ(Delayed(r), 0u) << Name(r);
    EXPECT_GT(WouldAct(r), 0u) << Name(r) << " was decided and counted all the same";
  }
  EXPECT_EQ(Acted(Reason::kRule) + Acted(Reason::kShapeRefuse), 0u);
  EXPECT_GT(WouldAct(Reason::kRule), 0u);
  EXPECT_GT(WouldAct(Reason::kShapeRefuse), 0u);
  ExpectNothingHeld();
  ExpectNothingRuns();
}

TEST_F(QueryStormTest, ATableThatDoesNotEnforceNeverActs) {
  Shop().enforce = false;
  limits_.classes[0].shape.enforce = false;
  limits_.rules[0].enforce = false;
  Start();
  Storm();
  EXPECT_EQ(stopped_, 0);
  EXPECT_EQ(ended_, 0);
  for (const Reason r : kAll) {
    EXPECT_EQ(Acted(r), 0u) << Name(r);
    EXPECT_GT(WouldAct(r), 0u) << Name(r);
  }
  ExpectNothingHeld();
}

TEST_F(QueryStormTest, ADryLimitIsCountedOnceForACommand) {
  Shop() = QueryLimits{};
  Shop().running = 1;
  Shop().enforce = false;
  limits_.rules[0].commands = BitOf(CommandKind::kQuery);
  limits_.rules[0].action = RuleAction::kDelay;
  limits_.rules[0].delay = milliseconds(100);
  Start();
  const TicketPtr a = Client(), b = Client();
  ASSERT_EQ(Ask(a, CommandKind::kPrepare).kind, Command::kPass);
  ASSERT_EQ(Ask(b).kind, Command::kHold) << "the rule acts";
  Pass(milliseconds(50));
  ASSERT_EQ(Held(b).kind, Command::kHold);
  Pass(milliseconds(50));
  EXPECT_EQ(Held(b).kind, Command::kPass) << "the limit does not";
  EXPECT_EQ(WouldAct(Reason::kQueryRunning), 1u);
}

TEST_F(QueryTest, ADryRunOfOneTableDoesNotSwitchOffTheOther) {
  limits_.pending.max = 20;
  Rest().running = 2;
  limits_.unknown_query.running = 1;
  limits_.unknown_query.enforce = false;
  Start();
  const TicketPtr a = Stranger(), b = Stranger(), c = Stranger();
  std::vector<TicketPtr> silent;
  for (std::uint32_t i = 0; i < 15; ++i) silent.push_back(Accept(Foe(10 + i)));
  EXPECT_EQ(Ask(a).kind, Command::kPass);
  EXPECT_EQ(Ask(b).kind, Command::kPass);
  EXPECT_EQ(Ask(c).kind, Command::kHold);
}

TEST(Stricter, ADryRunChangesNothingOfWhatActs) {
  EffectiveQuery own, dry;
  own.acting = ~QueryReasons{0};
  own.deadline = seconds(30);
  own.wait = seconds(2);
  dry.deadline = seconds(10);
  dry.all = true;
  dry.wait = seconds(0);
  dry.inspect = 1024;
  dry.prepared_per_source = 5000;
  dry.packet = 1 << 30;
  const EffectiveQuery q = Stricter(own, dry);
  EXPECT_EQ(static_cast<const QueryLimits&>(q), static_cast<const QueryLimits&>(own));
  EXPECT_EQ(q.acting, own.acting);
  const EffectiveQuery back = Stricter(dry, own);
  EXPECT_EQ(back.deadline, seconds(30));
  EXPECT_FALSE(back.all) << "what acts was said not to be for writes";
  EXPECT_EQ(back.wait, seconds(2));
  EXPECT_EQ(back.inspect, own.inspect);
  EXPECT_EQ(back.prepared_per_source, 0u);
  EXPECT_TRUE(back.prepared_per_source_auto);
  EXPECT_TRUE(back.Acts(Reason::kPreparedPerSource));
  EXPECT_TRUE(back.Acts(Reason::kQueryDeadline));
}

TEST(Stricter, ADryRunOfWhatNobodyElseLimitsIsCounted) {
  EffectiveQuery own, dry;
  own.acting = ~QueryReasons{0};
  own.packet_auto = false;
  dry.packet_auto = true;
  const EffectiveQuery q = Stricter(own, dry);
  EXPECT_TRUE(q.packet_auto);
  EXPECT_FALSE(q.Acts(Reason::kPacketTooLarge));
}

TEST_F(QueryTest, OfANumberAndAutoTheLowerBinds) {
  Shop().packet = 1000;
  Start();
  engine_->OnServerFacts({.max_allowed_packet = 500}, now_);
  const TicketPtr t = Client();
  CommandFacts f = Text(kPoint);
  f.length = 501;
  EXPECT_EQ(Ask(t, f).reason, Reason::kPacketTooLarge);
  engine_->OnServerFacts({.max_allowed_packet = 2000}, now_);
  f.length = 1001;
  EXPECT_EQ(Ask(t, f).reason, Reason::kPacketTooLarge);
}

}  // namespace
}  // namespace headgate
