// What a client may do to have the server's answers taken for other answers than they are: each
// ends the session before a statement runs that nobody was asked about.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kInside = 2 | kStatusCursorExists | kStatusMoreResults;

std::string Head(int status) { return Packet(1, "\x01") + Column(2, "a") + Eof(3, status); }

std::string Execute(int flags) { return Command(0x17, Number(1, 4) + Hex({flags, 1, 0, 0, 0})); }

TEST(SessionDesync, ACursorInAProcedureIsNoEnd) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Query("CALL p()"));
    const std::string answer =
        Head(kInside) + Packet(4, Lenenc("x")) + Eof(5, kInside) + Ok(6, 2 | kStatusCursorExists);
    d.ToClient();
    d.Server(answer);
    EXPECT_EQ(d.ToClient(), answer);
    EXPECT_THAT(d.ends, IsEmpty());
    EXPECT_EQ(d.answers.size(), 1U);
  });
}

// The row would be taken for a request for a file, and all that follows for the file.
TEST(SessionDesync, RowsOfACallAreNotTheNextAnswer) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Query("CALL p()") + Query("SELECT nosuch"));
    d.Server(Head(kInside) + Packet(4, "\xFB") + Err(5, 1242, "#21000") + Err(1, 1054, "#42S22"));
    EXPECT_EQ(d.answers.size(), 2U);
    d.Client(Query("SELECT SLEEP(100)"));
    EXPECT_EQ(d.commands.size(), 3U) << "it was not asked about";
    EXPECT_THAT(d.ends, IsEmpty());
  });
}

TEST(SessionDesync, ACursorIsKnownByWhatTheExecuteAsksFor) {
  constexpr int kCursor = 2 | kStatusCursorExists;
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Execute(1));
    d.Server(Head(kCursor));
    EXPECT_EQ(d.session().commands_outstanding(), 0U);
    d.Client(Execute(0));
    d.Server(Head(kCursor));
    EXPECT_EQ(d.session().commands_outstanding(), 1U);
    d.Server(Packet(4, Lenenc("x")) + Eof(5, kCursor));
    EXPECT_EQ(d.session().commands_outstanding(), 0U);
    EXPECT_THAT(d.ends, IsEmpty());
  });
}

TEST(SessionDesync, StatementsClosedBehindALoadAreTheFile) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Query("LOAD DATA LOCAL INFILE 'x' INTO TABLE t") + Command(0x19, Number(1, 4)));
    d.Server(Packet(1, "\xFBx"));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kProtocolError));
  });
}

TEST(SessionDesync, AnAnswerBeforeTheFileIsAtItsEndCloses) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Query("LOAD DATA LOCAL INFILE 'x' INTO TABLE t"));
    d.Server(Packet(1, "\xFBx") + Err(2, 1242, "#21000"));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kProtocolError));
    d.Client(Query("SELECT SLEEP(100)"));
    EXPECT_EQ(d.commands.size(), 1U);
  });
}

TEST(SessionDesync, LongDataUnderAnExpiredPassword) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Command(0x18, Number(99, 4) + Hex({0, 0}) + "ab") + Query("SET @x = 1"));
    d.Server(Err(1, 1820, "#HY000You must SET PASSWORD"));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kProtocolError));
  });
}

}  // namespace
}  // namespace headgate::mysql::testing
