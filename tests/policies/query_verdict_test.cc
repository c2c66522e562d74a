// What would become of a plain statement, and what becomes of one that is asked about then.
#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "policies/statement_queue.h"
#include "tests/policies/explain_fixture.h"

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class QueryVerdictTest : public ExplainTest {
 protected:
  void ExpectWaits(const Explanation& e, const CommandVerdict& v, Reason reason) {
    EXPECT_EQ(e.statement.kind, Outlook::kWaits);
    EXPECT_EQ(e.statement.reason, reason);
    EXPECT_EQ(v.kind, Command::kHold);
    EXPECT_EQ(v.reason, reason);
    EXPECT_EQ(v.until - now_, e.statement.expected);
  }
  static void ExpectRefused(const Explanation& e, const CommandVerdict& v, Reason reason) {
    EXPECT_EQ(e.statement.kind, Outlook::kRefused);
    EXPECT_EQ(e.statement.reason, reason);
    EXPECT_EQ(v.kind, Command::kRefuse);
    EXPECT_EQ(v.reason, reason);
  }
};

TEST_F(QueryVerdictTest, ARateThatIsUsedUpMakesWait) {
  Rest().rate = {2, 1};
  Rest().wait = seconds(1);
  Start();
  const TicketPtr t = Stranger();
  EXPECT_EQ(Explain(Foe(1)).statement.kind, Outlook::kPasses);
  Run(t, Duration::zero());
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(e.statement.expected, milliseconds(500));
  EXPECT_EQ(e.statement.at_most, seconds(1));
  EXPECT_EQ(At(e, "default_class.query.rate").state, State::kBinds);
  ExpectWaits(e, Ask(t), Reason::kQueryRate);
}

TEST_F(QueryVerdictTest, ARateThatDoesNotComeBackInTimeRefuses) {
  Rest().user_rate = {2, 1};
  Rest().wait = milliseconds(100);
  Start();
  const TicketPtr t = Stranger();
  Run(t, Duration::zero());
  ExpectRefused(Explain(Foe(9)), Ask(t), Reason::kUserRate);
  EXPECT_EQ(Explain(Foe(1), "other").statement.kind, Outlook::kPasses);
  EXPECT_EQ(Explain(Foe(1), std::nullopt).statement.kind, Outlook::kPasses)
      << "whose rate it is, is not known";
}

TEST_F(QueryVerdictTest, ARuleThatDelays) {
  Rule& rule = limits_.rules.emplace_back();
  rule.name = "slow";
  rule.action = RuleAction::kDelay;
  rule.delay = milliseconds(300);
  Start();
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(e.statement.rule, "slow");
  EXPECT_EQ(e.statement.expected, milliseconds(300));
  ExpectWaits(e, Ask(Stranger()), Reason::kRule);
}

TEST_F(QueryVerdictTest, RunningTimeThatIsUsedUp) {
  Rest().busy = 1;
  Rest().wait = seconds(1);
  Start();
  const TicketPtr t = Stranger();
  Run(t, seconds(20));
  ExpectRefused(Explain(Foe(1)), Ask(t), Reason::kQueryBusy);
  Duration left = At(Explain(Foe(1)), "default_class.query.busy").left;
  ASSERT_GT(left, seconds(1));
  Pass(left - milliseconds(400));
  const Explanation e = Explain(Foe(1));
  EXPECT_GT(e.statement.expected, Duration::zero());
  EXPECT_LE(e.statement.expected, milliseconds(400));
  ExpectWaits(e, Ask(t), Reason::kQueryBusy);
  Pass(milliseconds(400));
  EXPECT_EQ(Explain(Foe(1)).statement.kind, Outlook::kPasses);
}

// Those of one source that wait already are as many as may.
TEST_F(QueryVerdictTest, AQueueThatIsFull) {
  limits_.slots.max_connections = 305;
  limits_.login.in_progress = limits_.login.per_source = 1000;
  limits_.login.rate = {};
  limits_.pending.max = 1000;
  for (ClassLimits& c : limits_.classes) c.unproven = Share::Percent(100);
  Rest().class_running = 1;
  Rest().wait = seconds(1);
  Start();
  std::vector<TicketPtr> all;
  constexpr std::uint32_t kHalf = StatementQueue::kPerGauge / 2;
  for (std::uint32_t i = 0; i < kHalf + 2; ++i) {
    all.push_back(Enter(Foe(1), "weak"));
    ASSERT_NE(all.back(), nullptr) << i;
  }
  ASSERT_EQ(Ask(all[0]).kind, Command::kPass);
  for (std::uint32_t i = 1; i <= kHalf; ++i) {
    ASSERT_EQ(Explain(Foe(1)).statement.kind, Outlook::kWaits) << i;
    ASSERT_EQ(Ask(all[i]).kind, Command::kHold) << i;
  }
  ExpectRefused(Explain(Foe(1)), Ask(all.back()), Reason::kStatementQueueFull);
  EXPECT_EQ(Explain(Foe(2)).statement.kind, Outlook::kWaits) << "half of it is for others";
  EXPECT_EQ(Acted(Reason::kStatementQueueFull), 1u);
  all.clear();
  ExpectNothingRuns();
}

TEST_F(QueryVerdictTest, EachActionOfARuleHasItsWords) {
  const std::pair<RuleAction, const char*> words[] = {
      {RuleAction::kLog, "logs"},       {RuleAction::kDelay, "delays"},
      {RuleAction::kRefuse, "refuses"}, {RuleAction::kClose, "closes for"},
      {RuleAction::kBan, "bans for"},   {RuleAction::kAllow, "allows"}};
  for (const auto& [action, does] : words) {
    Rule rule;
    rule.name = "it";
    rule.action = action;
    limits_.rules = {rule};
    Start();
    const Explanation e = Explain(Foe(1));
    EXPECT_EQ(At(e, "rule.it").why, std::string(does) + " every statement");
    EXPECT_EQ(e.statement.closes, action == RuleAction::kClose || action == RuleAction::kBan);
  }
}

// Of whichever table the value is of: the class's, or what the level lays over it.
TEST_F(QueryVerdictTest, LimitsOfALevelHaveTheLevelsKey) {
  QueryLimits& base = limits_.unknown_query;
  base.user_rate = base.class_rate = {5, 10};
  base.packet = 5000;
  QueryLimits& attack = Over(Level::kAttack).query;
  attack.user_rate = attack.class_rate = {5, 2};
  attack.packet = 1000;
  RaisedByRefusals();
  Start();
  RaiseToAttack();
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(At(e, "pressure.attack.query.user_rate").limit, 2);
  EXPECT_EQ(At(e, "pressure.attack.query.class_rate").limit, 2);
  EXPECT_EQ(At(e, "pressure.attack.query.packet").limit, 1000);
  EXPECT_EQ(Ask(Stranger(), std::string(1000, 'x')).reason, Reason::kPacketTooLarge);
}

// The lower one binds, whosever it is.
TEST_F(QueryVerdictTest, TheLowerOfAClasssAndALevelsPacket) {
  Over(Level::kAttack).query.packet = 1000;
  RaisedByRefusals();
  Rest().packet = 500;
  Start();
  RaiseToAttack();
  EXPECT_EQ(At(Explain(Foe(1)), "default_class.query.packet").limit, 500);
  Rest().packet = 3000;
  Reload();
  EXPECT_EQ(At(Explain(Foe(1)), "pressure.attack.query.packet").limit, 1000);
  EXPECT_EQ(Ask(Stranger(), std::string(1000, 'x')).reason, Reason::kPacketTooLarge);
}

}  // namespace
}  // namespace headgate
