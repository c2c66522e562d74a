// An engine test with the verbs of the command phase.
//
// Threads: one. Lifetime: of the test.
#pragma once

#include <cstdint>
#include <string_view>

#include "tests/policies/engine_fixture.h"

namespace headgate {

class QueryTest : public EngineTest {
 protected:
  using Command = CommandVerdict::Kind;
  using End = SweepVerdict::Kind;

  static constexpr std::string_view kPoint = "SELECT a FROM t WHERE id = 1";
  static constexpr std::string_view kOther = "SELECT b, c FROM u WHERE name = 'x'";

  QueryTest() { limits_.slots.max_connections = 105; }

  // Of the class that the user shop is in.
  QueryLimits& Shop() { return limits_.classes[0].query; }
  QueryLimits& Rest() { return limits_.classes.back().query; }
  // Logged in from App(), as a user of that class.
  TicketPtr Client(std::uint32_t host = 0) {
    TicketPtr t = Enter(Address::V4(0x0a010101 + host), "shop");
    EXPECT_NE(t, nullptr);
    return t;
  }
  TicketPtr Stranger() { return Enter(Foe(1), "weak"); }

  static CommandFacts Text(std::string_view sql, CommandKind command = CommandKind::kQuery) {
    CommandFacts f;
    f.command = command;
    f.sql = sql;
    f.length = sql.size() + 1;
    return f;
  }
  CommandVerdict Ask(const TicketPtr& t, const CommandFacts& f) {
    return engine_->OnCommand(*t, f, now_);
  }
  CommandVerdict Ask(const TicketPtr& t, std::string_view sql = kPoint) {
    return Ask(t, Text(sql));
  }
  CommandVerdict Ask(const TicketPtr& t, CommandKind command) { return Ask(t, Text({}, command)); }
  CommandVerdict AskInside(const TicketPtr& t, std::string_view sql = kPoint) {
    CommandFacts f = Text(sql);
    f.in_transaction = true;
    return Ask(t, f);
  }
  CommandVerdict Held(const TicketPtr& t) { return engine_->OnHeld(*t, now_); }
  void Answer(const TicketPtr& t, AnswerFacts a = {.command = CommandKind::kQuery}) {
    engine_->OnAnswer(*t, a, now_);
  }
  // Asks, and answers after a while.
  void Run(const TicketPtr& t, Duration takes, std::string_view sql = kPoint) {
    ASSERT_EQ(Ask(t, sql).kind, Command::kPass);
    Pass(takes);
    Answer(t);
  }
  StatementMark Prepare(const TicketPtr& t, std::string_view sql = kPoint) {
    const CommandVerdict v = Ask(t, Text(sql, CommandKind::kPrepare));
    EXPECT_EQ(v.kind, Command::kPass) << Name(v.reason);
    Answer(t, {.command = CommandKind::kPrepare});
    return v.mark;
  }
  SweepVerdict Sweep(const TicketPtr& t, const SweepFacts& f = {.can_kill = true}) {
    return engine_->OnSweep(*t, f, now_);
  }
  std::uint64_t Delayed(Reason r) { return Status().delayed[static_cast<std::size_t>(r)]; }
  void ExpectNothingRuns() {
    EXPECT_EQ(Status().statements_running, 0u);
    EXPECT_EQ(Status().statements_held, 0u);
  }
};

}  // namespace headgate
