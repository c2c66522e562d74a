// What is not the answer it looks like: taken for one, all that follow would be taken for others.
#include <gtest/gtest.h>

#include <string>

#include "tests/net/mysql/talk.h"

namespace headgate::mysql::testing {
namespace {

using C = enum Command;

// SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 65535: any user of MySQL may have it sent.
TEST(Response, AnErrOfTheProgressReportsCodeIsAnErr) {
  const std::string err = Err(1, 0xFFFF, "#45000x");
  const std::string head = Packet(1, "\x01") + Column(2, "a") + Eof(3) + Packet(4, Lenenc("x"));
  for (const std::uint32_t extended : {0U, kExtProgress}) {
    EXPECT_TRUE(Talk(0, extended).Sends(C::kQuery).CompletesWith(err));
    EXPECT_TRUE(Talk(0, extended).Sends(C::kQuery).CompletesWith(head + err));
  }
  // Nobody asked for reports.
  EXPECT_TRUE(Talk().Sends(C::kQuery).CompletesWith(Err(1, 0xFFFF, Hex({1, 1, 2}))));
}

// BEGIN DECLARE c CURSOR ...; OPEN c; SELECT 1; END: the server's flag says that there is a cursor.
TEST(Response, ACursorInsideARoutineEndsNoAnswer) {
  constexpr int kInside = 2 | kStatusCursorExists | kStatusMoreResults;
  const std::string head = Packet(1, "\x01") + Column(2, "a");
  const std::string answer = head + Eof(3, kInside) + Packet(4, Lenenc("x")) + Eof(5, kInside) +
                             Ok(6, 2 | kStatusCursorExists);
  EXPECT_TRUE(Talk().Sends(C::kQuery).CompletesWith(answer));
  EXPECT_TRUE(Talk().Sends(C::kStmtExecute).CompletesWith(answer));
  EXPECT_TRUE(Talk().Sends({.command = C::kStmtExecute, .cursor = true}).CompletesWith(answer));
  // In a function, before the rows of the one statement: nothing more is to come.
  constexpr int kAlone = 2 | kStatusCursorExists;
  const std::string rows = head + Eof(3, kAlone) + Packet(4, Lenenc("x")) + Eof(5, kAlone);
  EXPECT_TRUE(Talk().Sends(C::kQuery).CompletesWith(rows));
  EXPECT_TRUE(Talk().Sends(C::kStmtExecute).CompletesWith(rows));
}

// Asked for a cursor, the server had none to give, and a function had one open meanwhile.
TEST(Response, RowsBehindWhatLookedLikeACursorAreNoAnswer) {
  constexpr int kCursor = 2 | kStatusCursorExists;
  const ResponseTracker::Passed execute{.command = C::kStmtExecute, .cursor = true};
  const std::string head = Packet(1, "\x01") + Column(2, "a") + Eof(3, kCursor);
  for (const std::string& row :
       {Packet(4, Lenenc("x")), Packet(4, "\xFB"), Err(4, 1242, "#21000")}) {
    EXPECT_TRUE(Talk(kCapLocalFiles).Sends(execute).Sends(C::kQuery).Refuses(head + row));
  }
  EXPECT_TRUE(Talk(kCapLocalFiles).Sends(execute).Sends(C::kQuery).CompletesWith(head + Ok(1)));
}

TEST(Response, AFileIsAskedForOnlyWhereItCanBeTold) {
  const std::string asks = Packet(1, "\xFBx");
  EXPECT_TRUE(Talk().Sends(C::kQuery).Refuses(asks)) << "not negotiated";
  const Talk talk = Talk(kCapLocalFiles).Sends(C::kQuery);
  EXPECT_TRUE(talk.GoesOnAfter(asks));
  // What needs no answer is on its way: the server reads it as the file.
  EXPECT_TRUE(Talk(talk).Sends(C::kStmtClose).Refuses(asks));
  EXPECT_TRUE(Talk(kCapLocalFiles).Sends(C::kStmtClose).Sends(C::kQuery).GoesOnAfter(asks));
  // It is read to its end, whatever becomes of it.
  EXPECT_TRUE(talk.Refuses(asks + Err(2, 1242, "#21000")));
  EXPECT_TRUE(talk.Refuses(asks + Ok(2)));
}

TEST(Response, NothingComesBehindAGoodBye) {
  const std::string bye = Err(0, 1927, "#70100Connection was killed");
  ResponseTracker t(0, 0);
  EXPECT_TRUE(Talk::Feed(t, bye, 3));
  EXPECT_FALSE(Talk::Feed(t, bye, 3));
  ResponseTracker goes_on(0, 0);
  EXPECT_TRUE(Talk::Feed(goes_on, bye, 3));
  ASSERT_TRUE(Talk::Note(goes_on, C::kPing));
  EXPECT_FALSE(Talk::Feed(goes_on, Ok(1), 3)) << "it was an answer, and nobody knows to what";
}

// A login with an expired password: the data is answered, which it never is else.
TEST(Response, AnErrForLongDataIsNotTheNextAnswer) {
  const ResponseTracker::Passed data{.command = C::kStmtSendLongData, .may_be_denied = true};
  const std::string expired = Err(1, 1820, "#HY000You must SET PASSWORD");
  EXPECT_TRUE(Talk().Sends(data).Sends(C::kQuery).Refuses(expired));
  EXPECT_TRUE(Talk().Sends(data).Sends(C::kQuery).CompletesWith(Err(1, 1064, "#42000")));
  EXPECT_TRUE(Talk().Sends(C::kQuery).CompletesWith(expired));
  EXPECT_TRUE(Talk().Sends(data).Sends(C::kPing).Sends(C::kQuery).CompletesWith(Ok(1) + expired));
}

}  // namespace
}  // namespace headgate::mysql::testing
