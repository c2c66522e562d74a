// Commands that are refused: the ERR, its place and number, and the session afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/mysql/refusal.h"
#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = CommandVerdict::Kind;

CommandVerdict Refuse(Reason reason = Reason::kQueryRate, std::string_view message = {}) {
  CommandVerdict v;
  v.kind = Kind::kRefuse;
  v.reason = reason;
  v.message = message;
  return v;
}
CommandVerdict Close(Reason reason) {
  CommandVerdict v = Refuse(reason);
  v.kind = Kind::kClose;
  return v;
}
std::string RateErr(int sequence = 1) {
  return Err(sequence, 1226, "#42000User 'app' has exceeded the 'query_rate' resource");
}
std::string PrepareOk(int id) {
  return Packet(1, Hex({0}) + Number(static_cast<std::uint64_t>(id), 4) + std::string(7, '\0'));
}

TEST(SessionRefuse, TheNextCommandWorks) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.verdicts = {Refuse()};
    d.Client(Query("SELECT 1"));
    EXPECT_EQ(d.ToServer(), "");
    EXPECT_EQ(d.ToClient(), RateErr());
    d.Client(Query("SELECT 2"));
    EXPECT_EQ(d.ToServer(), Query("SELECT 2"));
    d.Server(Ok(1));
    EXPECT_EQ(d.ToClient(), Ok(1));
    EXPECT_THAT(d.ends, IsEmpty());
    EXPECT_EQ(d.answers.size(), 1u);  // a refused command has none
  });
}

TEST(SessionRefuse, TheErrKeepsItsPlaceBehindTheAnswersOwed) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.verdicts = {{}, Refuse(), {}};
    d.Client(Command(0x0E) + Query("SELECT 1") + Command(0x0E));
    EXPECT_EQ(d.ToServer(), Command(0x0E));
    EXPECT_EQ(d.ToClient(), "");
    d.Server(Ok(1));
    EXPECT_EQ(d.ToClient(), Ok(1) + RateErr());
    EXPECT_EQ(d.ToServer(), Command(0x0E));
  });
}

TEST(SessionRefuse, AHeldCommandThatIsRefusedInTheEnd) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    CommandVerdict hold;
    hold.kind = Kind::kHold;
    d.verdicts = {hold};
    d.Client(Query("SELECT 1"));
    d.Verdict(Refuse());
    EXPECT_EQ(d.ToClient(), RateErr());
    EXPECT_EQ(d.ToServer(), "");
  });
}

// The continuation begins with what would be a COM_QUERY; the answer counts on from its number.
TEST(SessionRefuse, ContinuationPacketsAreDroppedAndTheSequenceWraps) {
  Driver d;
  d.LogIn();
  d.verdicts = {Refuse()};
  d.Client(Number(0xFFFFFF, 3) + "\xFE" + "\x03" + std::string(0xFFFFFF - 1, 'x'));
  EXPECT_EQ(d.ToClient(), "");
  d.Client(Packet(255, "\x03SELECT 1"));
  EXPECT_EQ(d.ToClient(), RateErr(0));
  EXPECT_EQ(d.ToServer(), "");
  EXPECT_EQ(d.commands.size(), 1u);
  d.Client(Command(0x0E));
  EXPECT_EQ(d.ToServer(), Command(0x0E));
}

TEST(SessionRefuse, AMessageOfExactly16MegabytesEndsWithItsEmptyPacket) {
  Driver d;
  d.LogIn();
  d.verdicts = {Refuse()};
  d.Client(Number(0xFFFFFF, 3) + kNul + "\x03" + std::string(0xFFFFFF - 1, 'x'));
  EXPECT_EQ(d.ToClient(), "");
  d.Client(Packet(1, ""));
  EXPECT_EQ(d.ToClient(), RateErr(2));
}

TEST(SessionRefuse, ALongCommandIsNeverKept) {
  Driver d;
  d.LogIn();
  d.verdicts = {Refuse()};
  d.Client(Number(8 << 20, 3) + kNul + "\x03");
  for (int i = 0; i < 8; ++i) d.Client(std::string(1 << 20, 'x').substr(i == 0 ? 1 : 0));
  EXPECT_EQ(d.ToClient(), RateErr());
  EXPECT_LT(d.most_held, 70000u);
}

TEST(SessionRefuse, ChangeUserLeavesTheUserAsHeWas) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.verdicts = {Refuse(Reason::kCommandRefused)};
    d.Client(Command(0x11, "bob" + kNul + kNul + kNul));
    EXPECT_EQ(d.asked_reauth, 0);
    EXPECT_EQ(d.ToClient(),
              Err(1, 1148, "#42000headgate: the statement is refused: command_refused"));
    d.Client(Command(0x0E));
    EXPECT_EQ(d.ToServer(), Command(0x0E));
  });
}

TEST(SessionRefuse, ClosingSaysWhyAndCountsTheSlotUntilTheServersFin) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.verdicts = {{}, Close(Reason::kPacketTooLarge)};
    d.Client(Command(0x0E) + Query("SELECT 1"));
    EXPECT_FALSE(d.half_closed);  // an answer is owed
    d.Server(Ok(1));
    EXPECT_EQ(d.ToClient(),
              Ok(1) + Err(1, 1153, "#08S01Got a packet bigger than 'max_allowed_packet' bytes"));
    EXPECT_TRUE(d.half_closed);
    EXPECT_THAT(d.ends, ElementsAre(Reason::kPacketTooLarge));
    EXPECT_EQ(d.ToServer(), Command(0x0E));
  });
}

TEST(SessionRefuse, ATooLargePacketIsNotReadToItsEndBeforeTheClose) {
  Driver d;
  d.LogIn();
  d.verdicts = {Close(Reason::kPacketTooLarge)};
  d.Client(Number(0xFFFFFF, 3) + kNul + "\x03" + std::string(65536, 'x'));
  EXPECT_TRUE(d.half_closed);
}

// --- prepared statements

TEST(SessionRefuse, ARefusedPrepareLeavesTheOthersUsable) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.verdicts = {{}, Refuse(Reason::kPrepared)};
    d.Client(Command(0x16, "SELECT 1"));
    d.Server(PrepareOk(1));
    d.ToClient();
    d.Client(Command(0x16, "SELECT 2"));
    EXPECT_EQ(d.ToClient(), Err(1, 1461,
                                "#42000Can't create more than max_prepared_stmt_count statements "
                                "(headgate: prepared)"));
    d.ToServer();
    const std::string execute = Command(0x17, Number(1, 4) + std::string(5, '\0'));
    d.Client(execute);
    EXPECT_EQ(d.ToServer(), execute);
    EXPECT_TRUE(d.commands.back().prepared.has_value());
  });
}

// Else the server would run the statement prepared before the refused one.
TEST(SessionRefuse, WhatTheClientTakesForTheLastPreparedIsRefusedWithIt) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.verdicts = {{}, Refuse()};
    d.Client(Command(0x16, "DELETE FROM t"));
    d.Server(PrepareOk(1));
    d.ToClient();
    d.ToServer();
    const std::string last = Number(0xFFFFFFFF, 4);
    d.Client(Command(0x16, "SELECT 2") + Command(0x18, last + Hex({0, 0}) + "x") +
             Command(0x17, last + std::string(5, '\0')) + Command(0x0E));
    EXPECT_EQ(d.ToServer(), Command(0x0E));
    EXPECT_EQ(d.ToClient(), RateErr() + Err(1, 1243,
                                            "#HY000Unknown prepared statement handler "
                                            "(4294967295) given to headgate"));
    EXPECT_EQ(d.commands.size(), 3u);
    d.Server(Ok(1));
    // The next prepare that passes makes the name good again.
    d.ToClient();
    d.Client(Command(0x16, "SELECT 3") + Command(0x17, last + std::string(5, '\0')));
    EXPECT_EQ(d.ToServer(), Command(0x16, "SELECT 3") + Command(0x17, last + std::string(5, '\0')));
  });
}

TEST(SessionRefuse, RefusedLongDataCloses) {
  Driver d;
  d.LogIn();
  d.verdicts = {Refuse(Reason::kPacketTooLarge)};
  d.Client(Command(0x18, Number(1, 4) + Hex({0, 0}) + "data"));
  EXPECT_EQ(d.ToServer(), "");
  EXPECT_TRUE(d.half_closed);
  EXPECT_THAT(d.ends, ElementsAre(Reason::kPacketTooLarge));
}

// A second try sends its long data again: the first one's must not be there any more.
TEST(SessionRefuse, ARefusedExecuteForgetsItsLongDataAtTheServer) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.verdicts = {{}, {}, Refuse()};
    d.Client(Command(0x16, "INSERT INTO t VALUES (?)"));
    d.Server(PrepareOk(7));
    const std::string id = Number(7, 4);
    d.Client(Command(0x18, id + Hex({0, 0}) + "blob"));
    d.ToServer();
    d.ToClient();
    d.Client(Command(0x17, id + std::string(5, '\0')) + Command(0x0E));
    EXPECT_EQ(d.ToClient(), RateErr());
    EXPECT_EQ(d.ToServer(), Command(0x1A, id) + Command(0x0E));
    d.Server(Ok(1) + Ok(1));
    EXPECT_EQ(d.ToClient(), Ok(1));   // the gate's own answer is swallowed
    EXPECT_EQ(d.answers.size(), 2u);  // the prepare's and the ping's
  });
}

// --- the texts

TEST(CommandRefusal, CodesByReason) {
  const auto text = [](Reason r, std::string_view message = {}) {
    return Str(BuildCommandRefusal(r, "u", message));
  };
  EXPECT_EQ(text(Reason::kStatementQueueFull),
            Err(0, 1226, "#42000User 'u' has exceeded the 'statement_queue_full' resource"));
  EXPECT_EQ(text(Reason::kRule, "not at noon"), Err(0, 1148, "#42000not at noon"));
  EXPECT_EQ(text(Reason::kShapeRefuse),
            Err(0, 1148, "#42000headgate: the statement is refused: shape_refuse"));
  EXPECT_EQ(text(Reason::kRule, std::string(1000, 'x')),
            Err(0, 1148, "#42000" + std::string(512, 'x')));
  // Only a connection that ends is told so with 08xxx: pools throw away what says it.
  for (std::size_t i = 1; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (reason == Reason::kPacketTooLarge) continue;
    EXPECT_EQ(text(reason).substr(7, 6), "#42000") << Name(reason);
  }
}

TEST(CommandRefusal, UserNamesAreBoundedAndPrintable) {
  EXPECT_EQ(PrintableUser("app"), "app");
  EXPECT_EQ(PrintableUser("a'b\\c\n\xE4"), "a?b?c??");
  EXPECT_EQ(PrintableUser(std::string(1000, 'u')), std::string(64, 'u'));
}

TEST(CommandRefusal, GoodbyesOfIdleClientsAreNumbered0) {
  for (const Reason r : {Reason::kIdle, Reason::kIdleInTransaction, Reason::kStalledRead}) {
    Driver d;
    d.LogIn();
    d.Evict(r);
    const std::string bye = d.ToClient();
    EXPECT_EQ(bye.substr(3, 4), Hex({0, 0xFF}) + Number(4031, 2));
    EXPECT_EQ(bye.substr(7, 6), "#HY000");
  }
}

}  // namespace
}  // namespace headgate::mysql::testing
