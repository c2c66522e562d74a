// What the engine is shown of a command, and what its verdicts do to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = CommandVerdict::Kind;

CommandVerdict Say(Kind kind) {
  CommandVerdict v;
  v.kind = kind;
  return v;
}
CommandVerdict ShowUpTo(std::size_t look) {
  CommandVerdict v = Say(Kind::kMore);
  v.look = look;
  return v;
}

TEST(SessionAsk, ACommandIsAskedAboutOnceAndPassesWhenItMay) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Query("SELECT 1") + Command(0x0E));
    ASSERT_EQ(d.commands.size(), 2u);
    EXPECT_EQ(d.commands[0].facts.command, CommandKind::kQuery);
    EXPECT_EQ(d.commands[0].sql, "SELECT 1");
    EXPECT_TRUE(d.commands[0].facts.complete);
    EXPECT_EQ(d.commands[0].facts.length, 9u);
    EXPECT_EQ(d.commands[1].facts.command, CommandKind::kPing);
    EXPECT_EQ(d.commands[1].sql, "");
    EXPECT_EQ(d.ToServer(), Query("SELECT 1") + Command(0x0E));
  });
}

TEST(SessionAsk, EveryCommandHasItsName) {
  using K = CommandKind;
  const std::map<int, K> kinds{{0x01, K::kQuit},
                               {0x02, K::kInitDb},
                               {0x03, K::kQuery},
                               {0x04, K::kFieldList},
                               {0x05, K::kCreateDb},
                               {0x06, K::kDropDb},
                               {0x07, K::kRefresh},
                               {0x08, K::kShutdown},
                               {0x09, K::kStatistics},
                               {0x0A, K::kProcessInfo},
                               {0x0C, K::kProcessKill},
                               {0x0D, K::kDebug},
                               {0x0E, K::kPing},
                               {0x11, K::kChangeUser},
                               {0x12, K::kBinlogDump},
                               {0x15, K::kRegisterReplica},
                               {0x16, K::kPrepare},
                               {0x17, K::kExecute},
                               {0x18, K::kLongData},
                               {0x19, K::kCloseStatement},
                               {0x1A, K::kResetStatement},
                               {0x1B, K::kSetOption},
                               {0x1C, K::kFetch},
                               {0x1E, K::kBinlogDump},
                               {0x1F, K::kResetConnection},
                               {0xFA, K::kBulkExecute},
                               {0x0B, K::kOther}};
  for (const auto& [byte, kind] : kinds) {
    Driver d;
    d.LogIn();
    d.Client(Command(byte, std::string(12, '\0')));
    ASSERT_EQ(d.commands.size(), 1u) << byte;
    EXPECT_EQ(d.commands[0].facts.command, kind) << byte;
  }
}

TEST(SessionAsk, NothingIsAskedBeforeEnoughIsThere) {
  Driver d;
  d.LogIn();
  d.Client(Query("SELECT 1").substr(0, 12));
  EXPECT_THAT(d.commands, IsEmpty());
  EXPECT_EQ(d.ToServer(), "");
  d.Client("1");
  EXPECT_EQ(d.commands.size(), 1u);
}

TEST(SessionAsk, ALongTextIsShownAsFarAsItIsInspectedHoweverItArrives) {
  for (const std::size_t cut : {Driver::kWhole, std::size_t{70000}, std::size_t{65800}}) {
    Driver d(MariaDb1011(), cut);
    d.LogIn();
    d.Client(Query("SELECT '" + std::string(100000, 'x') + "'"));
    ASSERT_EQ(d.commands.size(), 1u);
    EXPECT_EQ(d.commands[0].sql.size(), 64u * 1024);
    EXPECT_FALSE(d.commands[0].facts.complete);
    EXPECT_EQ(d.commands[0].facts.length, 100010u);
    EXPECT_LT(d.most_held, 64u * 1024 + kHeaderSize + 1);
  }
}

TEST(SessionAsk, MoreOfATextIsShownWhenTheEngineAsks) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    CommandVerdict first;
    first.inspect = 4;
    d.verdicts = {first, ShowUpTo(8), ShowUpTo(1000), {}};
    d.Client(Command(0x0E) + Command(0x16, "SELECT 1+1") + Command(0x16, "DO 12345"));
    ASSERT_EQ(d.commands.size(), 5u);
    EXPECT_EQ(d.commands[1].sql, "SELE");
    EXPECT_EQ(d.commands[2].sql, "SELECT 1");
    EXPECT_FALSE(d.commands[2].facts.complete);
    EXPECT_EQ(d.commands[3].sql, "SELECT 1+1");
    EXPECT_TRUE(d.commands[3].facts.complete);
    EXPECT_EQ(d.commands[4].sql, "DO 12345");  // as far as the last verdict said again
  });
}

TEST(SessionAsk, MoreThanThereIsPasses) {
  Driver d;
  d.LogIn();
  d.verdicts = {ShowUpTo(1000)};
  d.Client(Query("SELECT 1"));
  EXPECT_EQ(d.commands.size(), 1u);
  EXPECT_EQ(d.ToServer(), Query("SELECT 1"));
}

TEST(SessionAsk, NoMoreThanAMegabyteIsEverShown) {
  Driver d;
  d.LogIn();
  d.verdicts = {ShowUpTo(SIZE_MAX), ShowUpTo(SIZE_MAX)};
  d.Client(Query(std::string(3 * kMaxLook, 'x')));
  ASSERT_EQ(d.commands.size(), 2u);
  EXPECT_EQ(d.commands[1].sql.size(), kMaxLook);
  EXPECT_EQ(d.ToServer().size(), kHeaderSize + 1 + 3 * kMaxLook);
}

TEST(SessionAsk, APacketThatIsContinuedIsNeverComplete) {
  Driver d;
  d.LogIn();
  CommandVerdict v;
  v.inspect = SIZE_MAX;
  d.verdicts = {v};
  d.Client(Command(0x0E));
  d.Client(Number(0xFFFFFF, 3) + kNul + "\x03" + std::string(kMaxLook, 'x'));
  ASSERT_EQ(d.commands.size(), 2u);
  EXPECT_FALSE(d.commands[1].facts.complete);
  EXPECT_EQ(d.commands[1].facts.length, 0xFFFFFFu);
}

// --- holding

TEST(SessionAsk, AHeldCommandWaitsAndThenPasses) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.verdicts = {Say(Kind::kHold)};
    d.Client(Query("SELECT 1") + Command(0x0E));
    EXPECT_EQ(d.ToServer(), "");
    EXPECT_TRUE(d.client_held);
    d.Verdict(Say(Kind::kHold));
    EXPECT_EQ(d.ToServer(), "");
    d.Verdict(Say(Kind::kPass));
    EXPECT_EQ(d.ToServer(), Query("SELECT 1") + Command(0x0E));
    EXPECT_EQ(d.commands.size(), 2u);
  });
}

TEST(SessionAsk, AHeldCommandDoesNotHoldTheAnswersBeforeIt) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.verdicts = {{}, Say(Kind::kHold)};
    d.Client(Command(0x0E) + Query("SELECT 1"));
    d.Server(Ok(1));
    EXPECT_EQ(d.ToClient(), Ok(1));
    EXPECT_EQ(d.session().commands_outstanding(), 0u);
  });
}

TEST(SessionAsk, AClientThatLeavesWhileItsCommandIsHeldIsLetGo) {
  Driver d;
  d.LogIn();
  d.verdicts = {Say(Kind::kHold)};
  d.Client(Query("SELECT 1"));
  d.Event(&Session::OnClientClosed);
  EXPECT_THAT(d.ends, ElementsAre(Reason::kClientClosed));
  d.Verdict({});  // too late: nothing happens
  EXPECT_EQ(d.ToServer(), "");
}

TEST(SessionAsk, EvictedWhileHeldIsAnsweredAsThatCommand) {
  Driver d;
  d.LogIn();
  d.verdicts = {Say(Kind::kHold)};
  d.Client(Query("SELECT 1"));
  d.Evict(Reason::kDraining);
  EXPECT_EQ(d.ToClient(), Err(1, 1053, "#08S01Server shutdown in progress"));
}

TEST(SessionAsk, WhileCommandsAreHeldNoneIsAskedAboutOrPassed) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Query("SELECT SLEEP(100)"));
    d.HoldCommands(true);
    d.Client(Query("SELECT 1"));
    EXPECT_EQ(d.commands.size(), 1u);
    EXPECT_EQ(d.ToServer(), Query("SELECT SLEEP(100)"));
    const std::string killed = Err(1, 1317, "#70100Query execution was interrupted");
    d.Server(killed);
    EXPECT_EQ(d.ToClient(), killed);
    EXPECT_EQ(d.commands.size(), 1u);
    d.HoldCommands(false);
    EXPECT_EQ(d.ToServer(), Query("SELECT 1"));
  });
}

TEST(SessionAsk, ACommandAllowedBeforeTheHoldWaitsAsWell) {
  Driver d;
  d.LogIn();
  d.verdicts = {Say(Kind::kHold)};
  d.Client(Query("SELECT 1"));
  d.HoldCommands(true);
  d.Verdict({});
  EXPECT_EQ(d.ToServer(), "");
  d.HoldCommands(false);
  EXPECT_EQ(d.ToServer(), Query("SELECT 1"));
  EXPECT_EQ(d.commands.size(), 1u);
}

TEST(SessionAsk, AFileAndAReplicasAcknowledgementsAreNoCommands) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Query("LOAD DATA LOCAL INFILE 'x' INTO TABLE t"));
    d.Server(Packet(1, "\xFBx"));
    d.Client(Packet(2, "\x03SELECT 1") + Packet(3, ""));
    d.Server(Ok(4));
    d.Client(Command(0x12, std::string(10, '\0')));
    d.Server(Packet(1, kNul + "event"));
    d.Client(Packet(0,
                    "\xEF"
                    "ack"));
    EXPECT_EQ(d.commands.size(), 2u);
  });
}

}  // namespace
}  // namespace headgate::mysql::testing
