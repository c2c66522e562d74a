#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/mysql/response.h"
#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string OneRow(int sequence = 1) {
  return Packet(sequence, "\x01") + Column(sequence + 1, "1") + Eof(sequence + 2) +
         Packet(sequence + 3, Lenenc("1")) + Eof(sequence + 4);
}

std::string ChangeUserPayload(const std::string& user, const std::string& database) {
  return "\x11" + user + kNul + "\x14" + "01234567890123456789" + database + kNul + Hex({45, 0}) +
         "mysql_native_password" + kNul;
}
// What the gate makes of it.
std::string Rewritten(const std::string& user, const std::string& database) {
  return Packet(0, "\x11" + user + kNul + kNul + database + kNul + Hex({45, 0}) + "dummy" + kNul);
}

TEST(SessionCommand, BytesPassUnchangedAtEveryCut) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Query("SELECT 1") + Command(0x0E) + Query("SELECT 1"));
    EXPECT_EQ(d.ToServer(), Query("SELECT 1") + Command(0x0E) + Query("SELECT 1"));
    d.Server(OneRow() + Ok(1));
    EXPECT_EQ(d.session().statements_completed(), 1u);
    d.Server(OneRow());
    EXPECT_EQ(d.ToClient(), OneRow() + Ok(1) + OneRow());
    EXPECT_EQ(d.session().statements_completed(), 2u);
    EXPECT_EQ(d.session().commands_outstanding(), 0u);
    EXPECT_THAT(d.ends, IsEmpty());
  });
}

TEST(SessionCommand, QuitThenFinIsTheUsualEnd) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Command(0x01));
    EXPECT_EQ(d.ToServer(), Command(0x01));
    EXPECT_TRUE(d.last);
    d.Event(&Session::OnClientClosed);
    EXPECT_TRUE(d.half_closed);
    EXPECT_EQ(d.session().phase(), Phase::kOrphaned);
    EXPECT_FALSE(d.closed());
    d.Event(&Session::OnServerClosed);
    EXPECT_TRUE(d.closed());
    EXPECT_THAT(d.ends, ElementsAre(Reason::kClientClosed));
  });
}

TEST(SessionCommand, NothingPassesBehindAQuit) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Command(0x01) + Query("SELECT 1"));
    EXPECT_EQ(d.ToServer(), Command(0x01));
    EXPECT_EQ(d.commands.size(), 1u);
    d.Client(std::string(100'000, 'x'));  // waits in the socket, for a server that does not end
    EXPECT_EQ(d.ToServer(), "");
    d.Event(&Session::OnServerClosed);
    EXPECT_TRUE(d.closed());
  });
}

// A server that looks for its client while the statement runs is to find one.
TEST(SessionCommand, NoFinWhileAnAnswerIsOwed) {
  Driver d;
  d.LogIn();
  d.Client(Query("SELECT 1") + Command(0x01));
  EXPECT_EQ(d.ToServer(), Query("SELECT 1") + Command(0x01));
  EXPECT_FALSE(d.last);
  d.Server(OneRow());
  EXPECT_EQ(d.ToClient(), OneRow());
}

TEST(SessionCommand, OrphanDiscardsWhatTheServerStillSays) {
  Driver d;
  d.LogIn();
  d.Client(Query("SELECT BENCHMARK(1000000000,1)"));
  d.Event(&Session::OnClientClosed);
  d.Server(OneRow());
  EXPECT_EQ(d.ToClient(), "");
  EXPECT_FALSE(d.closed());
  d.Event(&Session::OnServerClosed);
  EXPECT_TRUE(d.closed());
}

TEST(SessionCommand, ServerClosingAtWaitTimeoutClosesTheClientToo) {
  Driver d;
  d.LogIn();
  const std::string bye = Err(0, 4031, "#HY000The client was disconnected because of inactivity");
  d.Server(bye);
  EXPECT_EQ(d.ToClient(), bye);
  d.Event(&Session::OnServerClosed);
  EXPECT_THAT(d.ends, ElementsAre(Reason::kBackendClosed));
}

TEST(SessionCommand, UnaskedPacketFromTheServerCloses) {
  Driver d;
  d.LogIn();
  d.Server(Ok(1));
  EXPECT_EQ(d.ToClient(), "");
  EXPECT_THAT(d.ends, ElementsAre(Reason::kProtocolError));
  EXPECT_TRUE(d.half_closed);  // the slot is counted until the server's FIN
}

TEST(SessionCommand, EvictedBetweenCommandsIsToldSo) {
  Driver quiet, busy;
  quiet.LogIn();
  quiet.Evict(Reason::kDraining);
  EXPECT_THAT(quiet.ToClient(), HasSubstr("Server shutdown in progress"));
  busy.LogIn();
  busy.Client(Query("SELECT 1"));
  busy.Evict(Reason::kDraining);
  EXPECT_EQ(busy.ToClient(), "");
  EXPECT_TRUE(busy.half_closed);
  EXPECT_THAT(busy.ends, ElementsAre(Reason::kDraining));
}

TEST(SessionCommand, AFloodOfPipelinedCommandsIsHeldAndThenGoesOn) {
  Driver d;
  d.LogIn();
  std::string pings, oks;
  for (int i = 0; i < 100; ++i) pings += Command(0x0E), oks += Ok(1);
  d.Client(pings);
  EXPECT_TRUE(d.client_held);
  EXPECT_EQ(d.ToServer().size(), ResponseTracker::kMaxOutstanding * Command(0x0E).size());
  for (int i = 0; i < 100; ++i) d.Server(Ok(1));
  EXPECT_FALSE(d.client_held);
  EXPECT_EQ(d.ToClient(), oks);
  EXPECT_EQ(d.session().commands_outstanding(), 0u);
}

TEST(SessionCommand, BigPacketsAreNotKept) {
  Driver d;
  d.LogIn();
  // A statement of 16 MB and its continuation; the second begins with what would be CHANGE_USER.
  d.Client(Number(0xFFFFFF, 3) + kNul + "\x03");
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 15; ++i) d.Client(piece);
  d.Client(std::string(0xFFFFFF - 1 - 15 * piece.size(), 'x'));
  d.Client(Packet(1, "\x11 not a command") + Command(0x0E));
  EXPECT_EQ(d.asked_reauth, 0);
  EXPECT_EQ(d.ToServer().size(), kHeaderSize + 0xFFFFFF + kHeaderSize + 15 + kHeaderSize + 1);
  EXPECT_EQ(d.session().commands_outstanding(), 2u);
  EXPECT_LT(d.most_held, 100u);
}

TEST(SessionCommand, CommandsTheGateCannotFollowAreRefused) {
  for (const int command : {0x13, 0x20, 0x21, 0xFE}) {
    Driver d;
    d.LogIn();
    d.Client(Command(command, "abc"));
    EXPECT_EQ(d.ToServer(), "");
    EXPECT_EQ(d.ToClient(), Err(1, 1047, "#08S01Unknown command"));
    EXPECT_TRUE(d.half_closed);
  }
}

// mysqlnd sends "select 7" so, though compression was never offered.
TEST(SessionCommand, ACompressedFrameIsAnsweredInItsOwnTongue) {
  Driver d;
  LoginFields fields;
  fields.capabilities |= kCapCompress;
  d.LogIn(fields, MariaDb1011());
  const std::string query = Command(3, "select 7");
  d.Client(Number(query.size(), 3) + kNul + Number(0, 3) + query);
  EXPECT_EQ(d.ToServer(), "");
  const std::string err = Err(1, 1105, "#08S01headgate: compression is off, connect without");
  EXPECT_EQ(d.ToClient(), Number(err.size(), 3) + "\x01" + Number(0, 3) + err);
  EXPECT_TRUE(d.half_closed);
}

TEST(SessionCommand, AskingForCompressionAndNotUsingItIsFine) {
  Driver d;
  LoginFields fields;
  fields.capabilities |= kCapCompress;
  d.LogIn(fields, MariaDb1011());
  d.Client(Command(3, "select 7") + Packet(0, ""));
  EXPECT_FALSE(d.half_closed);
}

// --- LOAD DATA LOCAL

TEST(SessionCommand, LoadDataLocalDataIsNeverTakenForCommands) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Query("LOAD DATA LOCAL INFILE 'x' INTO TABLE t"));
    d.Server(Packet(1, "\xFBx"));
    // A "file" that looks like COM_CHANGE_USER and KILL, sequences as they come; then the end.
    const std::string file =
        Packet(2, ChangeUserPayload("root", "")) + Packet(0, "\x03KILL 1073741829") + Packet(1, "");
    d.ToServer();
    d.Client(file);
    EXPECT_EQ(d.ToServer(), file);
    EXPECT_EQ(d.asked_reauth, 0);
    d.Server(Ok(2));
    EXPECT_EQ(d.session().commands_outstanding(), 0u);
    d.Client(Command(0x11, "u" + kNul + kNul + kNul));
    EXPECT_EQ(d.asked_reauth, 1);
  });
}

TEST(SessionCommand, AFileRequestWithCommandsOnTheWayCloses) {
  Driver d;
  d.LogIn();
  d.Client(Query("LOAD DATA LOCAL INFILE 'x' INTO TABLE t") + Query("SELECT 1"));
  d.Server(Packet(1, "\xFBx"));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kProtocolError));
}

TEST(SessionCommand, AFileRequestInTheMiddleOfACommandCloses) {
  Driver d;
  d.LogIn();
  d.Client(Query("LOAD DATA LOCAL INFILE 'x' INTO TABLE t"));
  d.Client(Number(5000, 3) + kNul + "\x19 half of a STMT_CLOSE");
  d.Server(Packet(1, "\xFBx"));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kProtocolError));
}

// --- COM_CHANGE_USER

TEST(SessionChangeUser, IsAskedRewrittenAndRelayed) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Packet(0, ChangeUserPayload("bob", "db2")));
    EXPECT_EQ(d.asked_reauth, 1);
    EXPECT_EQ(d.user, "bob");
    EXPECT_EQ(d.database, "db2");
    EXPECT_EQ(d.ToServer(), Rewritten("bob", "db2"));
    d.Server(AuthSwitch(1, "mysql_native_password"));
    d.Client(Packet(2, "01234567890123456789"));
    EXPECT_EQ(d.ToServer(), Packet(2, "01234567890123456789"));
    d.Server(Ok(3));
    EXPECT_EQ(d.ToClient(), AuthSwitch(1, "mysql_native_password") + Ok(3));
    EXPECT_EQ(d.ok, 2);
    EXPECT_EQ(d.session().phase(), Phase::kCommand);
    d.Client(Query("SELECT 1"));
    d.Server(OneRow());
    EXPECT_EQ(d.session().statements_completed(), 1u);
    EXPECT_THAT(d.ends, IsEmpty());
  });
}

TEST(SessionChangeUser, WaitsForTheAnswersBeforeIt) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Query("SELECT 1") + Packet(0, ChangeUserPayload("bob", "")));
    EXPECT_EQ(d.asked_reauth, 0);
    EXPECT_EQ(d.ToServer(), Query("SELECT 1"));
    d.Server(OneRow());
    EXPECT_EQ(d.ToClient(), OneRow());
    EXPECT_EQ(d.asked_reauth, 1);
    EXPECT_EQ(d.ToServer(), Rewritten("bob", ""));
  });
}

TEST(SessionChangeUser, FailedKeepsNobodyLoggedIn) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Packet(0, ChangeUserPayload("bob", "")));
    d.Server(AuthSwitch(1, "mysql_native_password"));
    d.Client(Packet(2, "01234567890123456789"));
    d.ToClient();
    d.Server(Err(3, 1045, "#28000Access denied for user 'bob'@'localhost'"));
    EXPECT_EQ(d.ToClient(), Err(3, 1045, "#28000Access denied for user 'bob'@'localhost'"));
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kAccessDenied));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kChangeUserFailed));
    EXPECT_TRUE(d.half_closed);
    EXPECT_EQ(d.session().phase(), Phase::kOrphaned);
  });
}

TEST(SessionChangeUser, RefusedByTheEngine) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.admit = false;
    d.Client(Packet(0, ChangeUserPayload("bob", "")));
    EXPECT_EQ(d.ToServer(), "");
    EXPECT_EQ(d.ToClient(), Err(1, 1040, "#08004Too many connections"));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kChangeUserRefused));
    EXPECT_TRUE(d.half_closed);
  });
}

TEST(SessionChangeUser, StalledIsFinishedPolitelyAndStaysCounted) {
  Driver d;
  d.LogIn();
  d.Client(Packet(0, ChangeUserPayload("bob", "")));
  d.Server(AuthSwitch(1, "mysql_native_password"));
  d.ToServer();
  d.Event(&Session::OnDeadline);
  EXPECT_EQ(d.ToServer(), Packet(2, ""));
  d.Server(Err(3, 1045, "#28000Access denied"));
  EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kStalled));
  EXPECT_TRUE(d.half_closed);
  EXPECT_FALSE(d.closed());
}

TEST(SessionChangeUser, MalformedOversizedAndFilenameCharset) {
  const std::string cases[] = {Command(0x11, "no end"), Command(0x11, "u" + kNul + "\x14short"),
                               Command(0x11, "u" + kNul + kNul + kNul + Hex({17, 0})),
                               Number(70000, 3) + kNul + "\x11"};
  for (const std::string& bytes : cases) {
    Driver d;
    d.LogIn();
    d.Client(bytes);
    EXPECT_EQ(d.asked_reauth, 0);
    EXPECT_EQ(d.ToServer(), "");
    EXPECT_EQ(d.ends.size(), 1u) << bytes;
  }
}

// --- a binlog stream

TEST(SessionBinlog, AnEmptyPacketIsLookedAtNoFurtherThanItGoes) {
  Driver d;
  d.LogIn();
  d.Client(Command(0x12, Number(4, 8) + Number(7, 2)));
  d.Server(Packet(1, kNul + "event"));
  // Nothing lies behind these four bytes: the address sanitizer sees a look beyond them.
  const std::vector<std::uint8_t> empty(4, 0);
  EXPECT_EQ(d.session().OnClientBytes(empty).kind, Action::Kind::kHold);
}

// --- KILL

TEST(SessionKill, OursIsMappedInTextAndInBinary) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Query("KILL QUERY 1073741829"));
    EXPECT_EQ(d.ToServer(), Query("KILL QUERY 77"));
    d.Server(Ok(1));
    d.Client(Command(0x0C, Number(0x40000006, 4)));
    EXPECT_EQ(d.ToServer(), Command(0x0C, Number(1234567890, 4)));
    d.Server(Ok(1));
    d.Client(Query("/* bye */ kill hard connection 1073741830 ; -- now"));
    EXPECT_EQ(d.ToServer(), Query("/* bye */ kill hard connection 1234567890 ; -- now"));
    d.Server(Ok(1));
    EXPECT_EQ(d.session().commands_outstanding(), 0u);
  });
}

TEST(SessionKill, OursButGoneIsAnsweredByTheGate) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Query("KILL 1073741900") + Command(0x0E));
    EXPECT_EQ(d.ToClient(), Err(1, 1094, "#HY000Unknown thread id: 1073741900"));
    EXPECT_EQ(d.ToServer(), Command(0x0E));
  });
}

TEST(SessionKill, TheGatesAnswerKeepsItsPlace) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Query("SELECT 1") + Query("KILL 1073741900"));
    EXPECT_EQ(d.ToClient(), "");
    d.Server(OneRow());
    EXPECT_EQ(d.ToClient(), OneRow() + Err(1, 1094, "#HY000Unknown thread id: 1073741900"));
  });
}

TEST(SessionKill, ForeignIdsAndOtherStatementsPassUntouched) {
  for (const char* sql : {"KILL 77", "KILL QUERY ID 1073741829", "KILL USER bob", "SELECT 1",
                          "KILL 1073741829; DROP TABLE t", "SELECT 'KILL 1073741829'",
                          "KILL 4294967295", "KILL 2147483648", "KILL 99999999999999999999"}) {
    Driver d;
    d.LogIn();
    d.Client(Query(sql));
    EXPECT_EQ(d.ToServer(), Query(sql));
  }
}

TEST(SessionKill, QueryAttributesShiftTheTextOnlyIfNegotiated) {
  LoginFields fields;
  fields.capabilities |= kCapQueryAttributes;
  Driver with(MySql80());
  with.LogIn(fields, MySql80());
  with.Client(Command(0x03, Hex({0, 1}) + "KILL 1073741829"));
  EXPECT_EQ(with.ToServer(), Command(0x03, Hex({0, 1}) + "KILL 77"));

  // The client sets the bit, MariaDB never offered it: the text begins at once.
  Driver without;
  without.LogIn(fields, MariaDb1011());
  without.Client(Query("KILL 1073741829"));
  EXPECT_EQ(without.ToServer(), Query("KILL 77"));
}

}  // namespace
}  // namespace headgate::mysql::testing
