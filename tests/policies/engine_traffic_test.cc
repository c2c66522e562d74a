// What the engine counts for its operators beside the reasons: commands, errors, bytes, and whom of
// which class it turned away.
#include <gtest/gtest.h>

#include "tests/policies/query_fixture.h"

namespace headgate {
namespace {

using std::chrono::seconds;

class EngineTrafficTest : public QueryTest {
 protected:
  ClassStatus Class(std::string_view name) {
    for (const ClassStatus& c : Status().classes) {
      if (c.name == name) return c;
    }
    ADD_FAILURE() << "no class " << name;
    return {};
  }
};

TEST_F(EngineTrafficTest, StatementsThatTheServerAnsweredWithErr) {
  Start();
  const TicketPtr t = Client();
  Run(t, {});
  EXPECT_EQ(Status().statement_errors, 0u);
  ASSERT_EQ(Ask(t).kind, Command::kPass);
  Answer(t, {.command = CommandKind::kQuery, .error = true, .error_code = 1064});
  EXPECT_EQ(Status().statement_errors, 1u);
  ASSERT_EQ(Ask(t, Text(kPoint, CommandKind::kPrepare)).kind, Command::kPass);
  Answer(t, {.command = CommandKind::kPrepare, .error = true, .error_code = 1064});
  EXPECT_EQ(Status().statement_errors, 2u);
  ASSERT_EQ(Ask(t, CommandKind::kInitDb).kind, Command::kPass);
  Answer(t, {.command = CommandKind::kInitDb, .error = true, .error_code = 1049});
  EXPECT_EQ(Status().statement_errors, 2u) << "no statement";
}

TEST_F(EngineTrafficTest, CommandsThatWerePassedOnAndBytesOfThoseAnswered) {
  Shop().refuse_commands = BitOf(CommandKind::kProcessInfo);
  Start();
  const TicketPtr t = Client();
  ASSERT_EQ(Ask(t).kind, Command::kPass);
  EXPECT_EQ(Status().commands, 1u);
  EXPECT_EQ(Status().request_bytes, 0u) << "not answered";
  Answer(t, {.command = CommandKind::kQuery, .bytes = 700, .request_bytes = 30});
  ASSERT_EQ(Ask(t, CommandKind::kPing).kind, Command::kPass);
  Answer(t, {.command = CommandKind::kPing, .bytes = 11, .request_bytes = 5});
  ASSERT_EQ(Ask(t, CommandKind::kProcessInfo).kind, Command::kRefuse);
  const EngineStatus s = Status();
  EXPECT_EQ(s.commands, 2u);
  EXPECT_EQ(s.request_bytes, 35u);
  EXPECT_EQ(s.answer_bytes, 711u);
}

TEST_F(EngineTrafficTest, CommandsRefusedAreCountedByClass) {
  Shop().refuse_commands = BitOf(CommandKind::kProcessInfo);
  Start();
  const TicketPtr t = Client();
  ASSERT_EQ(Ask(t, CommandKind::kProcessInfo).kind, Command::kRefuse);
  EXPECT_EQ(Class("shop").refused_commands, 1u);
  EXPECT_EQ(Class("default").refused_commands, 0u);
  Reload();
  EXPECT_EQ(Class("shop").refused_commands, 1u) << "kept over a reload";
}

TEST_F(EngineTrafficTest, InDryRunNoneIsCounted) {
  Shop().refuse_commands = BitOf(CommandKind::kProcessInfo);
  Shop().enforce = false;
  Start();
  const TicketPtr t = Client();
  ASSERT_EQ(Ask(t, CommandKind::kProcessInfo).kind, Command::kPass);
  EXPECT_EQ(WouldAct(Reason::kCommandRefused), 1u);
  EXPECT_EQ(Class("shop").refused_commands, 0u);
}

TEST_F(EngineTrafficTest, LoginsRefusedAreCountedByClass) {
  limits_.classes[0].max = Share::Number(1);
  limits_.classes[0].reserve = 1;
  limits_.waiting.queue = seconds(1);
  Start();
  const TicketPtr in = Enter(App(), "shop");
  ASSERT_NE(in, nullptr);
  const TicketPtr late = Accept(App()), stranger = Accept(Foe(1));
  ASSERT_EQ(Login(late, "shop").kind, Kind::kWait);
  ASSERT_EQ(Login(stranger, "shop").kind, Kind::kWait);
  EXPECT_EQ(Class("shop").refused_logins, 0u);
  Pass(seconds(2));
  EXPECT_EQ(Class("shop").refused_logins, 2u);
  EXPECT_EQ(Class("default").refused_logins, 0u);
  Reload();
  EXPECT_EQ(Class("shop").refused_logins, 2u) << "kept over a reload";
  limits_.classes[0].name = "store";
  Reload();
  EXPECT_EQ(Class("store").refused_logins, 0u) << "another class";
}

}  // namespace
}  // namespace headgate
