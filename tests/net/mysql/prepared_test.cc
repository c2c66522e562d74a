#include "net/mysql/prepared.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

constexpr std::uint32_t kLast = PreparedStatements::kLastPrepared;

StatementMark Mark(std::uint64_t digest) {
  StatementMark mark;
  mark.digest = digest;
  return mark;
}
CommandVerdict PassAs(std::uint64_t digest) {
  CommandVerdict v;
  v.mark = Mark(digest);
  return v;
}
std::string PrepareOk(std::uint32_t id) {
  return Packet(1, Hex({0}) + Number(id, 4) + std::string(7, '\0'));
}
std::string Execute(std::uint32_t id) { return Command(0x17, Number(id, 4) + std::string(5, 0)); }
std::string LongData(std::uint32_t id, std::string_view data) {
  return Command(0x18, Number(id, 4) + Hex({0, 0}) + std::string(data));
}

TEST(Prepared, AnswersNameTheStatementsInOrder) {
  PreparedStatements p;
  p.OnPrepare(Mark(1));
  p.OnPrepare(Mark(2));
  p.OnPrepare(Mark(3));
  EXPECT_EQ(p.Find(11), nullptr);
  p.OnPrepared(11);
  p.OnPrepareFailed();
  p.OnPrepared(13);
  ASSERT_NE(p.Find(11), nullptr);
  EXPECT_EQ(p.Find(11)->mark.digest, 1u);
  EXPECT_EQ(p.Find(13)->mark.digest, 3u);
  EXPECT_EQ(p.size(), 2u);
  p.OnClose(11);
  EXPECT_EQ(p.Find(11), nullptr);
}

TEST(Prepared, TheLastOneIsKnownBeforeItsAnswer) {
  PreparedStatements p;
  EXPECT_EQ(p.Find(kLast), nullptr);
  p.OnPrepare(Mark(1));
  EXPECT_EQ(p.Find(kLast)->mark.digest, 1u);
  EXPECT_TRUE(p.Unanswered(kLast));
  p.OnPrepare(Mark(2));
  EXPECT_EQ(p.Find(kLast)->mark.digest, 2u);
  p.OnPrepared(11);
  EXPECT_EQ(p.Find(kLast)->mark.digest, 2u);
  p.OnPrepared(12);
  EXPECT_EQ(p.Find(kLast)->mark.digest, 2u);
  EXPECT_EQ(p.Find(kLast), p.Find(12));
  EXPECT_FALSE(p.Unanswered(kLast));
  p.OnPrepare(Mark(3));
  p.OnPrepareFailed();
  EXPECT_EQ(p.Find(kLast), nullptr);  // as at the server, there is no last one then
}

TEST(Prepared, OnlyAnIdThatIsNotKnownMayBeUnanswered) {
  PreparedStatements p;
  EXPECT_FALSE(p.MayBeUnanswered(11));
  p.OnPrepare(Mark(1));
  EXPECT_TRUE(p.MayBeUnanswered(11));
  EXPECT_FALSE(p.MayBeUnanswered(kLast));
  p.OnPrepared(11);
  p.OnPrepare(Mark(2));
  EXPECT_FALSE(p.MayBeUnanswered(11));
  EXPECT_TRUE(p.MayBeUnanswered(12));
  p.OnPrepareFailed();
  EXPECT_FALSE(p.MayBeUnanswered(12));
}

TEST(Prepared, ClosedBeforeItsAnswerItIsNeverKept) {
  PreparedStatements p;
  p.OnPrepare(Mark(1));
  p.OnClose(kLast);
  EXPECT_EQ(p.Find(kLast), nullptr);
  p.OnPrepared(11);
  EXPECT_EQ(p.size(), 0u);
}

TEST(Prepared, AResetForgetsWhatWasAnsweredAndKeepsWhatCameBehindIt) {
  PreparedStatements p;
  p.OnPrepare(Mark(1));
  p.OnPrepared(11);
  p.OnPrepare(Mark(2));
  p.OnConnectionReset();
  p.OnPrepared(12);
  EXPECT_EQ(p.Find(11), nullptr);
  EXPECT_NE(p.Find(12), nullptr);
}

TEST(Prepared, IsBounded) {
  PreparedStatements p;
  for (std::uint32_t id = 1; id <= PreparedStatements::kMax; ++id) {
    ASSERT_FALSE(p.Full());
    p.OnPrepare(Mark(id));
    p.OnPrepared(id);
  }
  EXPECT_TRUE(p.Full());
  p.OnClose(5);
  EXPECT_FALSE(p.Full());
}

// --- in a session

TEST(SessionPrepared, ExecuteBringsBackWhatThePrepareWasFoundToBe) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.verdicts = {PassAs(7), PassAs(8)};
    d.Client(Command(0x16, "SELECT ?") + Command(0x16, "SELECT 1"));
    d.Server(PrepareOk(1) + Err(1, 1064, "#42000no"));
    d.Client(Execute(1) + Execute(2) + Command(0x19, Number(1, 4)) + Execute(1));
    ASSERT_EQ(d.commands.size(), 6u);
    ASSERT_TRUE(d.commands[2].prepared.has_value());
    EXPECT_EQ(d.commands[2].prepared->digest, 7u);
    EXPECT_FALSE(d.commands[3].prepared.has_value());
    EXPECT_TRUE(d.commands[4].prepared.has_value());  // the close names it still
    EXPECT_FALSE(d.commands[5].prepared.has_value());
  });
}

// MariaDB's connectors send prepare and execute in one go.
TEST(SessionPrepared, StatementIdAllOnesIsTheLastPrepared) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.verdicts = {PassAs(7)};
    d.Client(Command(0x16, "SELECT 1") + Command(0xFA, Number(kLast, 4) + "bulk"));
    ASSERT_EQ(d.commands.size(), 2u);
    ASSERT_TRUE(d.commands[1].prepared.has_value());
    EXPECT_EQ(d.commands[1].prepared->digest, 7u);
    d.Server(PrepareOk(9) + Ok(1));
    d.Client(Execute(9));
    EXPECT_EQ(d.commands[2].prepared->digest, 7u);
  });
  // To MySQL it is an id like any other.
  Driver mysql(MySql80());
  mysql.LogIn({}, MySql80());
  mysql.Client(Command(0x16, "SELECT 1") + Execute(kLast));
  ASSERT_EQ(mysql.commands.size(), 2u);
  EXPECT_FALSE(mysql.commands[1].prepared.has_value());
}

// Ids can be guessed: what runs then is the statement that is still being prepared.
TEST(SessionPrepared, AnIdThatIsNotKnownWaitsForThePreparesBeforeIt) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.verdicts = {PassAs(7), PassAs(8)};
    const std::string prepares = Command(0x16, "SELECT ?") + Command(0x16, "DO ?");
    const std::string behind = Execute(2) + Command(0x0E);
    d.Client(prepares + behind);
    EXPECT_EQ(d.ToServer(), prepares);
    EXPECT_TRUE(d.client_held);
    d.Server(PrepareOk(1));
    EXPECT_EQ(d.ToServer(), "");
    d.Server(PrepareOk(2));
    EXPECT_EQ(d.ToServer(), behind);
    ASSERT_EQ(d.commands.size(), 4u);
    ASSERT_TRUE(d.commands[2].prepared.has_value());
    EXPECT_EQ(d.commands[2].prepared->digest, 8u);
  });
}

TEST(SessionPrepared, AnIdThatIsNotKnownPassesWhenThePrepareFailed) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Command(0x16, "no SQL") + Execute(1));
    EXPECT_EQ(d.ToServer(), Command(0x16, "no SQL"));
    d.Server(Err(1, 1064, "#42000no"));
    EXPECT_EQ(d.ToServer(), Execute(1));
    EXPECT_FALSE(d.commands.back().prepared.has_value());
  });
}

TEST(SessionPrepared, EveryCommandThatNamesAnUnknownStatementWaits) {
  for (const int command : {0x17, 0xFA, 0x1C, 0x18, 0x19, 0x1A}) {
    Driver d;
    d.LogIn();
    const std::string named = Command(command, Number(1, 4) + std::string(5, '\0'));
    d.Client(Command(0x16, "SELECT ?") + named);
    EXPECT_EQ(d.ToServer(), Command(0x16, "SELECT ?")) << command;
    d.Server(PrepareOk(1));
    EXPECT_EQ(d.ToServer(), named) << command;
    EXPECT_TRUE(d.commands.back().prepared.has_value()) << command;
  }
}

TEST(SessionPrepared, AStatementThatIsKnownDoesNotWaitForAnotherToBePrepared) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.verdicts = {PassAs(7)};
    d.Client(Command(0x16, "SELECT ?"));
    d.Server(PrepareOk(1));
    d.ToServer();
    d.Client(Command(0x16, "DO ?") + Execute(1));
    EXPECT_EQ(d.ToServer(), Command(0x16, "DO ?") + Execute(1));
    EXPECT_EQ(d.commands.back().prepared->digest, 7u);
  });
}

TEST(SessionPrepared, LittleIsKeptOfWhatWaitsForAPrepare) {
  Driver d;
  d.LogIn();
  d.Client(Command(0x16, "SELECT ?"));
  const std::string data = LongData(1, std::string(200'000, 'x'));
  d.Client(data.substr(0, 9));
  EXPECT_TRUE(d.client_held) << "the edge reads no more";
  EXPECT_EQ(d.commands.size(), 1u);
  d.Event(&Session::OnServerClosed);
  EXPECT_TRUE(d.closed());
}

TEST(SessionPrepared, LongDataAddsUpUntilTheStatementRunsOrIsReset) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Command(0x16, "SELECT ?"));
    d.Server(PrepareOk(1));
    d.Client(LongData(1, "12345") + LongData(1, "678") + LongData(2, "x") + Execute(1) +
             LongData(1, "12") + Command(0x1A, Number(1, 4)) + LongData(1, "1"));
    std::vector<std::uint64_t> counts;
    for (const Asked& c : d.commands) {
      if (c.facts.command == CommandKind::kLongData) counts.push_back(c.facts.long_data);
    }
    EXPECT_THAT(counts, ::testing::ElementsAre(5, 8, 1, 2, 1));
    EXPECT_EQ(d.session().commands_outstanding(), 2u);  // long data has no answer
  });
}

TEST(SessionPrepared, LongDataIsToldOfOnceWhenItsLastByteHasPassed) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Command(0x16, "SELECT ?"));
    d.Server(PrepareOk(1));
    EXPECT_FALSE(d.session().TakeLongDataPassed());
    d.Client(LongData(1, "12345"));
    EXPECT_TRUE(d.session().TakeLongDataPassed());
    EXPECT_FALSE(d.session().TakeLongDataPassed());
    const std::string next = LongData(1, "678");
    d.Client(next.substr(0, next.size() - 1));
    EXPECT_FALSE(d.session().TakeLongDataPassed());
    d.Client(next.substr(next.size() - 1));
    EXPECT_TRUE(d.session().TakeLongDataPassed());
    d.Client(LongData(1, "9") + Execute(1));
    EXPECT_FALSE(d.session().TakeLongDataPassed()) << "the next command said it";
  });
}

// Its end is told all the same.
TEST(SessionPrepared, LongDataEndsBeforeACommandOfWhichTooLittleHasCome) {
  Driver d;
  d.LogIn();
  d.Client(Command(0x16, "SELECT ?"));
  d.Server(PrepareOk(1));
  d.Client(LongData(1, "9") + Command(0x03, std::string(5000, 'x')).substr(0, 20));
  EXPECT_TRUE(d.session().TakeLongDataPassed());
}

TEST(SessionPrepared, SaysHowMuchOfACommandItsClientHasSent) {
  Driver d;
  d.LogIn();
  EXPECT_FALSE(d.session().half_sent());
  const std::string sql = Command(0x03, "SELECT '" + std::string(100'000, 'x') + "'");
  d.Client(sql.substr(0, 80'000));
  ASSERT_TRUE(d.session().half_sent());
  EXPECT_EQ(d.session().half_sent_bytes(), 80'000u - 4);
  d.Client(sql.substr(80'000));
  EXPECT_FALSE(d.session().half_sent());
  d.Server(Ok(1));
  d.Client(Command(0x03, "LOAD DATA LOCAL INFILE 'x' INTO TABLE t"));
  EXPECT_FALSE(d.session().half_sent());
  d.Server(Packet(1, "\xFBx"));
  EXPECT_TRUE(d.session().half_sent()) << "the server waits for the file";
  d.Client(Packet(2, "a,b\n"));
  EXPECT_TRUE(d.session().half_sent());
  d.Client(Packet(3, ""));
  EXPECT_FALSE(d.session().half_sent());
}

// What runs is the statement before: the server does not wait for the rest.
TEST(SessionPrepared, HalfACommandWithoutAnswerIsNoHalfStatement) {
  for (const std::string& half :
       {Command(0x19, std::string(1000, 'x')), Command(0x01, std::string(1000, 'x'))}) {
    Driver d;
    d.LogIn();
    d.Client(Command(0x03, "SELECT SLEEP(1000)") + half.substr(0, 9));
    EXPECT_FALSE(d.session().half_sent()) << half[4];
  }
  CommandVerdict refuse;
  refuse.kind = CommandVerdict::Kind::kRefuse;
  refuse.reason = Reason::kCommandRefused;
  Driver d;
  d.LogIn();
  d.verdicts = {{}, refuse};
  d.Client(Command(0x03, "SELECT SLEEP(1000)") +
           Command(0x04, std::string(1000, 'x')).substr(0, 99));
  EXPECT_FALSE(d.session().half_sent());
}

// Small ones in a row add up: each alone would never be enough to be seen.
TEST(SessionPrepared, WhatIsSentAddsUpOverCommands) {
  Driver d;
  d.LogIn();
  d.Client(Command(0x16, "SELECT ?"));
  d.Server(PrepareOk(1));
  const std::string piece = LongData(1, std::string(10'000, 'x'));
  d.Client(piece.substr(0, 5000));
  const std::uint32_t before = d.session().half_sent_bytes();
  d.Client(piece.substr(5000) + piece.substr(0, 5000));
  ASSERT_TRUE(d.session().half_sent());
  EXPECT_EQ(d.session().half_sent_bytes() - before, piece.size() - 4);
}

TEST(SessionPrepared, LongDataOfContinuationPacketsCounts) {
  Driver d;
  d.LogIn();
  d.Client(Command(0x16, "SELECT ?"));
  d.Server(PrepareOk(1));
  d.Client(Number(0xFFFFFF, 3) + std::string(1, '\0') + "\x18" + Number(1, 4) + Hex({0, 0}) +
           std::string(0xFFFFFF - 7, 'x'));
  d.Client(Packet(1, std::string(1000, 'x')));
  d.Client(LongData(1, "y"));
  EXPECT_EQ(d.commands.back().facts.long_data, 0xFFFFFFu - 7 + 1000 + 1);
}

TEST(SessionPrepared, ResetConnectionAndChangeUserForgetThem) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Command(0x16, "SELECT ?"));
    d.Server(PrepareOk(1));
    d.Client(Command(0x1F));
    d.Server(Ok(1));
    d.Client(Execute(1));
    EXPECT_FALSE(d.commands.back().prepared.has_value());
    d.Server(Err(1, 1243, "#HY000Unknown"));
    d.Client(Command(0x16, "SELECT ?"));
    d.Server(PrepareOk(2));
    d.Client(Command(0x11, "bob" + std::string(3, '\0')));
    d.Server(Ok(1));
    d.Client(Execute(2));
    EXPECT_FALSE(d.commands.back().prepared.has_value());
  });
}

TEST(SessionPrepared, BeyondTheGatesOwnBoundAPrepareIsRefusedWithoutAsking) {
  Driver d;
  d.LogIn();
  for (std::uint32_t id = 1; id <= PreparedStatements::kMax; ++id) {
    d.Client(Command(0x16, "DO 1"));
    d.Server(PrepareOk(id));
  }
  d.ToServer();
  d.ToClient();
  const std::size_t asked = d.commands.size();
  d.Client(Command(0x16, "DO 1") + Command(0x0E));
  EXPECT_EQ(d.ToClient().substr(4, 3), Hex({0xFF}) + Number(1461, 2));
  EXPECT_EQ(d.ToServer(), Command(0x0E));
  EXPECT_EQ(d.commands.size(), asked + 1);
}

}  // namespace
}  // namespace headgate::mysql::testing
