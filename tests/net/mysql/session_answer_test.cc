// What the session tells of each answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Rows(int rows, int status = 2) {
  std::string s = Packet(1, "\x01") + Column(2, "a") + Eof(3);
  for (int i = 0; i < rows; ++i) s += Packet(4 + i, Lenenc("x"));
  return s + Eof(4 + rows, status);
}
std::string Affected(int rows, int status) {
  return Packet(1, Hex({0, rows, 0}) + Number(static_cast<std::uint64_t>(status), 2) + Hex({0, 0}));
}

TEST(SessionAnswer, SizeRowsAndFlagsOfAResult) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    const std::string answer = Rows(3, 2 | 1 | 0x20 | 0x0800);
    d.Client(Query("SELECT a FROM t"));
    EXPECT_THAT(d.answers, IsEmpty());
    d.Server(answer);
    ASSERT_EQ(d.answers.size(), 1u);
    const AnswerFacts& a = d.answers[0];
    EXPECT_EQ(a.command, CommandKind::kQuery);
    EXPECT_FALSE(a.error);
    EXPECT_EQ(a.rows, 3u);
    EXPECT_EQ(a.bytes, answer.size());
    EXPECT_EQ(a.request_bytes, Query("SELECT a FROM t").size());
    EXPECT_TRUE(a.in_transaction && a.no_index && a.slow);
  });
}

TEST(SessionAnswer, SeveralResultsAreOneAnswer) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    const std::string answer = Rows(2, 2 | 8 | 0x10) + Affected(5, 2 | 8) + Rows(1, 2);
    d.Client(Query("CALL p()"));
    d.Server(answer);
    ASSERT_EQ(d.answers.size(), 1u);
    EXPECT_EQ(d.answers[0].rows, 8u);
    EXPECT_EQ(d.answers[0].bytes, answer.size());
    EXPECT_TRUE(d.answers[0].no_index);  // of the first one
    EXPECT_FALSE(d.answers[0].in_transaction || d.answers[0].slow);
  });
}

TEST(SessionAnswer, PipelinedOnesComeInOrder) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Query("SELECT 1") + Command(0x09) + Command(0x0E) + Command(0x19, Number(1, 4)) +
             Command(0x04, "t" + kNul));
    d.Server(Rows(1) + Packet(1, "Uptime: 5") + Ok(1) + Column(1, "a") + Eof(2));
    std::vector<CommandKind> kinds;
    for (const AnswerFacts& a : d.answers) kinds.push_back(a.command);
    EXPECT_THAT(kinds, ElementsAre(CommandKind::kQuery, CommandKind::kStatistics,
                                   CommandKind::kPing, CommandKind::kFieldList));
    EXPECT_EQ(d.answers[1].bytes, kHeaderSize + 9);
    EXPECT_EQ(d.answers[2].request_bytes, kHeaderSize + 1);  // not the close behind it
  });
}

TEST(SessionAnswer, AnErrWhereverItComes) {
  const std::string err = Err(1, 1317, "#70100interrupted");
  const std::string head = Packet(1, "\x01") + Column(2, "a");
  const std::string prepared = Packet(1, Hex({0, 1, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0}));
  struct Case {
    std::string command, before;
  };
  const Case cases[] = {
      {Query("DO 1"), ""},
      {Query("SELECT 1"), Packet(1, "\x02") + Column(2, "a")},
      {Query("SELECT 1"), head},
      {Query("SELECT 1"), head + Eof(3) + Packet(4, Lenenc("x"))},
      {Query("CALL p()"), Ok(1, 2 | 8)},
      {Command(0x0E), ""},
      {Command(0x09), ""},
      {Command(0x04, "t"), Column(1, "a")},
      {Command(0x16, "SELECT ?"), ""},
      {Command(0x16, "SELECT ?"), prepared},
      {Command(0x16, "SELECT ?"), prepared + Column(2, "?")},
      {Command(0x17, Number(1, 4)), head},
      {Command(0x1C, Number(1, 4)), Packet(1, Hex({0, 0}) + Lenenc("x"))},
      {Command(0x12, std::string(10, '\0')), ""},
      {Command(0x12, std::string(10, '\0')), Packet(1, kNul + "event")},
      {Command(0x1F), ""},
      {Command(0x1B, Hex({0, 0})), ""},
  };
  for (const Case& c : cases) {
    AtEveryCut([&](Driver& d) {
      d.LogIn();
      d.Client(c.command);
      d.Server(c.before + err);
      ASSERT_EQ(d.answers.size(), 1u) << AsBytes(c.command)[4] << " " << c.before.size();
      EXPECT_TRUE(d.answers[0].error);
      EXPECT_EQ(d.answers[0].error_code, 1317);
      EXPECT_EQ(d.answers[0].bytes, c.before.size() + err.size());
      EXPECT_EQ(d.session().commands_outstanding(), 0u);
    });
  }
}

TEST(SessionAnswer, IsToldWhenItsLastByteHasPassed) {
  Driver d;
  d.LogIn();
  d.Client(Query("DO 1"));
  const std::string err = Err(1, 1064, "#42000" + std::string(100, 'x'));
  d.Server(err.substr(0, err.size() - 1));
  EXPECT_THAT(d.answers, IsEmpty());
  EXPECT_EQ(d.session().commands_outstanding(), 1u);
  EXPECT_EQ(d.session().answer_bytes(), err.size() - 1);
  d.Server("x");
  EXPECT_EQ(d.answers.size(), 1u);
  EXPECT_EQ(d.session().answer_bytes(), 0u);
}

TEST(SessionAnswer, ARowBeyond16MegabytesIsOneRowAndNeverKept) {
  Driver d;
  d.LogIn();
  d.Client(Query("SELECT big"));
  d.Server(Packet(1, "\x01") + Column(2, "a") + Eof(3));
  d.Server(Number(0xFFFFFF, 3) + "\x04" + "\xFE");
  for (int i = 0; i < 15; ++i) d.Server(std::string(1 << 20, 'x'));
  d.Server(std::string(0xFFFFFF - 1 - (15 << 20), 'x') + Packet(5, "the rest of it"));
  EXPECT_GT(d.session().answer_bytes(), 0xFFFFFFu);
  d.Server(Eof(6));
  ASSERT_EQ(d.answers.size(), 1u);
  EXPECT_EQ(d.answers[0].rows, 1u);
  EXPECT_GT(d.answers[0].bytes, 0xFFFFFFu + 14);
}

TEST(SessionAnswer, ARequestOfSeveralPacketsIsCountedWhole) {
  Driver d;
  d.LogIn();
  d.Client(Number(0xFFFFFF, 3) + kNul + "\x03" + std::string(0xFFFFFF - 1, 'x'));
  d.Client(Packet(1, "rest"));
  d.Server(Ok(2));
  ASSERT_EQ(d.answers.size(), 1u);
  EXPECT_EQ(d.answers[0].request_bytes, 0xFFFFFFu + 4 + 4 + kHeaderSize);
}

TEST(SessionAnswer, TheGatesOwnAnswerToAKillOfNobodyIsTold) {
  Driver d;
  d.LogIn();
  d.Client(Query("KILL 1073741900"));
  ASSERT_EQ(d.answers.size(), 1u);
  EXPECT_TRUE(d.answers[0].error);
  EXPECT_EQ(d.answers[0].error_code, 1094);
}

TEST(SessionAnswer, ChangeUserHasOneWhetherItGoesWellOrNot) {
  for (const bool well : {true, false}) {
    Driver d;
    d.LogIn();
    d.Client(Command(0x11, "bob" + kNul + kNul + kNul));
    d.Server(AuthSwitch(1, "mysql_native_password"));
    d.Client(Packet(2, "01234567890123456789"));
    d.Server(well ? Ok(3) : Err(3, 1045, "#28000no"));
    ASSERT_EQ(d.answers.size(), 1u);
    EXPECT_EQ(d.answers[0].command, CommandKind::kChangeUser);
    EXPECT_EQ(d.answers[0].error, !well);
  }
}

// An edge that never asks stops its own client, and loses nothing.
TEST(SessionAnswer, AnswersThatNobodyTakesStopTheCommands) {
  Driver d;
  d.take_answers = false;
  d.LogIn();
  std::string pings;
  for (int i = 0; i < 40; ++i) pings += Command(0x0E);
  d.Client(pings);
  for (int i = 0; i < 32; ++i) d.Server(Ok(1));
  EXPECT_EQ(d.ToServer().size(), 32 * Command(0x0E).size());
  EXPECT_EQ(d.session().commands_outstanding(), 0u);
  int told = 0;
  while (d.session().NextAnswer()) ++told;
  EXPECT_EQ(told, 32);
}

// --- the statement limit

std::string LimitOf(const std::string& sql) { return Query("SET SESSION " + sql); }
const std::string kMariaDbLimit = LimitOf(
    "max_statement_time=IF(@@max_statement_time BETWEEN 0.001 AND 4.050,@@max_statement_time,"
    "4.050)");

TEST(StatementLimit, IsSetBehindTheLoginsOkAndItsAnswerSwallowed) {
  AtEveryCut([](Driver& d) {
    d.session().SetStatementLimit(std::chrono::milliseconds(4050));
    d.Client(Packet(1, LoginPayload({})));
    d.Server(RawGreeting(MariaDb1011()));
    d.Server(AuthSwitch(2, "mysql_native_password"));
    d.Client(Packet(3, "01234567890123456789") + Query("SELECT 1"));
    d.ToServer();
    d.ToClient();
    d.Server(Ok(4));
    EXPECT_EQ(d.ToServer(), kMariaDbLimit + Query("SELECT 1"));
    EXPECT_EQ(d.ToClient(), Ok(4));
    EXPECT_FALSE(d.session().statement_limit_set());
    d.Server(Ok(1) + Ok(1, 0x4002));
    EXPECT_EQ(d.ToClient(), Ok(1, 0x4002));
    EXPECT_TRUE(d.session().statement_limit_set());
    EXPECT_EQ(d.answers.size(), 1u);
    EXPECT_EQ(d.session().statements_completed(), 1u);
  });
}

TEST(StatementLimit, AServerThatRefusesItIsGoneOnWith) {
  AtEveryCut([](Driver& d) {
    d.session().SetStatementLimit(std::chrono::milliseconds(4050));
    d.LogIn();
    d.Server(Err(1, 1193, "#HY000Unknown system variable"));
    EXPECT_EQ(d.ToClient(), "");
    EXPECT_FALSE(d.session().statement_limit_set());
    d.Client(Command(0x0E));
    d.Server(Ok(1));
    EXPECT_EQ(d.ToClient(), Ok(1));
  });
}

TEST(StatementLimit, MySqlTakesMillisecondsBehindQueryAttributes) {
  Driver d(MySql80());
  d.session().SetStatementLimit(std::chrono::seconds(4));
  LoginFields fields;
  fields.capabilities |= kCapQueryAttributes;
  d.Client(Packet(1, LoginPayload(fields)));
  d.Server(RawGreeting(MySql80()));
  d.Server(AuthSwitch(2, "mysql_native_password"));
  d.Client(Packet(3, "01234567890123456789"));
  d.ToServer();
  d.Server(Ok(4));
  EXPECT_EQ(d.ToServer(),
            Command(3, Hex({0, 1}) +
                           "SET SESSION max_execution_time=IF(@@max_execution_time BETWEEN 1 AND "
                           "4000,@@max_execution_time,4000)"));
}

TEST(StatementLimit, IsSetAgainBehindAResetAndAChangeUser) {
  AtEveryCut([](Driver& d) {
    d.session().SetStatementLimit(std::chrono::milliseconds(4050));
    d.LogIn();
    d.Server(Ok(1));
    d.ToServer();
    d.Client(Command(0x1F) + Query("SELECT 1"));
    EXPECT_EQ(d.ToServer(), Command(0x1F) + kMariaDbLimit);
    d.Server(Ok(1) + Ok(1));
    EXPECT_EQ(d.ToClient(), Ok(1));
    EXPECT_EQ(d.ToServer(), Query("SELECT 1"));
    d.Server(Ok(1));
    d.ToClient();
    d.Client(Command(0x11, "bob" + kNul + kNul + kNul));
    d.ToServer();
    d.Server(Ok(1));
    EXPECT_EQ(d.ToServer(), kMariaDbLimit);
    d.Server(Ok(1));
    EXPECT_EQ(d.ToClient(), Ok(1));
  });
}

// --- an ERR does not say whether a transaction is open

CommandVerdict Settling() {
  CommandVerdict verdict;
  verdict.settle = true;
  return verdict;
}

TEST(SessionStatus, IsAskedForBehindAnErrAndToldWithIt) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.ToServer();
    d.ToClient();
    d.verdicts = {Settling()};
    d.Client(Query("CALL sits()"));
    d.ToServer();
    d.Server(Err(1, 1644, "#45000no"));
    EXPECT_EQ(d.ToClient(), Err(1, 1644, "#45000no"));
    EXPECT_EQ(d.ToServer(), Command(0x0E));
    EXPECT_TRUE(d.answers.empty());
    d.Server(Ok(1, 3));
    EXPECT_EQ(d.ToClient(), "");
    ASSERT_EQ(d.answers.size(), 1u);
    EXPECT_EQ(d.answers[0].error_code, 1644);
    EXPECT_TRUE(d.answers[0].in_transaction);
    d.Client(Query("SELECT 1"));
    ASSERT_EQ(d.commands.size(), 2u);
    EXPECT_TRUE(d.commands[1].facts.in_transaction);
  });
}

TEST(SessionStatus, IsNotAskedForBehindAnOkNorWhereTheVerdictDoesNotSaySo) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.ToServer();
    d.verdicts = {Settling(), CommandVerdict{}};
    d.Client(Query("BEGIN"));
    d.Server(Ok(1, 3));
    d.Client(Query("SELEC"));
    d.Server(Err(1, 1064, "#42000no"));
    EXPECT_EQ(d.ToServer(), Query("BEGIN") + Query("SELEC"));
    EXPECT_EQ(d.answers.size(), 2u);
  });
}

// The last one tells.
TEST(SessionStatus, IsNotAskedForWhileOtherAnswersAreOwed) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.ToServer();
    d.verdicts = {Settling(), Settling()};
    d.Client(Query("SELEC") + Query("BEGIN"));
    d.ToServer();
    d.Server(Err(1, 1064, "#42000no") + Ok(1, 3));
    EXPECT_EQ(d.ToServer(), "");
    ASSERT_EQ(d.answers.size(), 2u);
    EXPECT_TRUE(d.answers[1].in_transaction);
  });
}

TEST(SessionStatus, ACommandBehindItKeepsItsPlace) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.ToServer();
    d.ToClient();
    d.verdicts = {Settling()};
    d.Client(Query("CREATE TABLE items (id INT)"));
    d.ToServer();
    d.Server(Err(1, 1050, "#42S01no"));
    d.ToClient();
    d.Client(Query("SELECT 1"));
    EXPECT_EQ(d.ToServer(), Command(0x0E) + Query("SELECT 1"));
    d.Server(Ok(1, 2) + Ok(1, 2));
    EXPECT_EQ(d.ToClient(), Ok(1, 2));
    ASSERT_EQ(d.answers.size(), 2u);
    EXPECT_TRUE(d.answers[0].error);
    EXPECT_FALSE(d.answers[0].in_transaction);
    EXPECT_FALSE(d.answers[1].error);
  });
}

// Where the server does not answer it either, what was known last stays.
TEST(SessionStatus, AnErrToTheQuestionLeavesItAsItWas) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.verdicts = {CommandVerdict{}, Settling()};
    d.Client(Query("BEGIN"));
    d.Server(Ok(1, 3));
    d.Client(Query("SELEC"));
    d.Server(Err(1, 1064, "#42000no"));
    d.Server(Err(1, 1317, "#70100no"));
    ASSERT_EQ(d.answers.size(), 2u);
    EXPECT_TRUE(d.answers[1].in_transaction);
    EXPECT_TRUE(d.ends.empty());
  });
}

}  // namespace
}  // namespace headgate::mysql::testing
