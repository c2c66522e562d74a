// A session that watches what a capture has of both sides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/mysql/prepared.h"
#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string OneRow() {
  return Packet(1, "\x01") + Column(2, "1") + Eof(3) + Packet(4, Lenenc("1")) + Eof(5);
}

TEST(SessionWatch, ALoginAndAQuery) {
  WatchAtEveryCut([](Driver& d) {
    d.Server(RawGreeting(MariaDb1011()));
    EXPECT_EQ(d.session().phase(), Phase::kAwaitLogin);
    d.Client(Packet(1, LoginPayload({.capabilities = kTypicalClient | kCapConnectWithDb})));
    EXPECT_EQ(d.asked, 1);
    EXPECT_EQ(d.user, "app");
    EXPECT_EQ(d.database, "shop");
    EXPECT_EQ(d.ok, 0);
    d.Server(Ok(2));
    EXPECT_EQ(d.ok, 1);
    EXPECT_EQ(d.session().phase(), Phase::kCommand);
    d.Client(Query("SELECT 1"));
    ASSERT_EQ(d.commands.size(), 1U);
    EXPECT_EQ(d.commands[0].sql, "SELECT 1");
    d.Server(OneRow());
    ASSERT_EQ(d.answers.size(), 1U);
    EXPECT_EQ(d.answers[0].rows, 1U);
    EXPECT_EQ(d.session().statements_completed(), 1U);
    d.Client(Command(0x01));
    d.Event(&Session::OnClientClosed);
    d.Event(&Session::OnServerClosed);
    EXPECT_THAT(d.ends, ElementsAre(Reason::kClientClosed));
    EXPECT_EQ(d.session().unread(), Unread::kNo);
  });
}

// Nothing is said, and nothing changed: all that passes is what was there.
TEST(SessionWatch, SaysNothing) {
  WatchAtEveryCut([](Driver& d) {
    const std::string login =
        Packet(1, LoginPayload({.capabilities = kTypicalClient | kCapSessionTrack}));
    const std::string tracked =
        Packet(2, Hex({0, 0, 0}) + Number(kStatusSessionChanged | 2, 2) + Hex({0, 0}) + Lenenc(""));
    d.Server(RawGreeting(MariaDb1011()) + tracked);
    EXPECT_EQ(d.ToClient(), RawGreeting(MariaDb1011()));
    d.Client(login);
    EXPECT_EQ(d.ToServer(), "");  // taken with the question
    EXPECT_EQ(d.ToClient(), tracked);
    const std::string kill = Query("KILL 1073741829");  // an id as the gate gives them
    d.Client(kill + Query("SET NAMES gbk") + Command(0x0E));
    EXPECT_EQ(d.ToServer(), kill + Query("SET NAMES gbk") + Command(0x0E));
    d.Server(Err(1, 1094, "#HY000Unknown thread id") + Ok(1) + Ok(1));
    EXPECT_EQ(d.answers.size(), 3U);
    EXPECT_EQ(d.opened, 0);
  });
}

TEST(SessionWatch, AuthenticationThatTakesItsTime) {
  WatchAtEveryCut([](Driver& d) {
    d.Server(RawGreeting(MySql80()));
    d.Client(Packet(1, LoginPayload({.plugin = "caching_sha2_password"})));
    d.Server(AuthSwitch(2, "caching_sha2_password"));
    d.Client(Packet(3, std::string(32, 'x')));
    d.Server(Packet(4, Hex({1, 4})));
    d.Client(Packet(5, Hex({2})));
    d.Server(Packet(6, Hex({1}) + "-----BEGIN PUBLIC KEY-----"));
    d.Client(Packet(7, std::string(256, 'y')));
    EXPECT_EQ(d.ok, 0);
    d.Server(Ok(8));
    EXPECT_EQ(d.ok, 1);
    EXPECT_EQ(d.session().phase(), Phase::kCommand);
  });
}

TEST(SessionWatch, AccessDenied) {
  WatchAtEveryCut([](Driver& d) {
    d.Server(RawGreeting(MariaDb1011()));
    d.Client(Packet(1, LoginPayload({})));
    d.Server(Err(2, 1045, "#28000Access denied"));
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kAccessDenied));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kLoginFailed));
    EXPECT_TRUE(d.closed());
  });
}

TEST(SessionWatch, AServerThatDoesNotGreet) {
  WatchAtEveryCut([](Driver& d) {
    d.Server(Err(0, 1040, "Too many connections"));
    EXPECT_TRUE(d.closed());
    EXPECT_THAT(d.ends, IsEmpty());
    EXPECT_EQ(d.asked, 0);
  });
}

TEST(SessionWatch, WhatTheGateWouldNotTake) {
  WatchAtEveryCut([](Driver& d) {
    d.Server(RawGreeting(MariaDb1011()));
    d.Client("GET / HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(d.closed());
    EXPECT_THAT(d.ends, ElementsAre(Reason::kOversizedLogin));
  });
  WatchAtEveryCut([](Driver& d) {
    d.Server(RawGreeting(MariaDb1011()));
    d.Client(Packet(1, std::string(40, '\xff')));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kMalformedLogin));
  });
  WatchAtEveryCut([](Driver& d) {
    WatchLogIn(d);
    d.Client(Command(0xFE));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kProtocolError));
    EXPECT_TRUE(d.half_closed);
  });
}

// A load balancer's check does not wait for the answer to its login, whatever that is.
TEST(SessionWatch, HealthChecks) {
  for (const std::string& answer : {Ok(2), AuthSwitch(2, "mysql_native_password")}) {
    WatchAtEveryCut([&](Driver& d) {
      d.Server(RawGreeting(MariaDb1011()));
      d.Client(Packet(1, LoginPayload({})) + Command(0x01));
      EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kHealthCheck));
      EXPECT_THAT(d.ends, ElementsAre(Reason::kHealthCheck));
      d.Server(answer);
      EXPECT_EQ(d.ok, 0);
    });
  }
}

// Commands pipelined behind the login wait for its OK.
TEST(SessionWatch, PipelinedBehindTheLogin) {
  WatchAtEveryCut([](Driver& d) {
    d.Server(RawGreeting(MariaDb1011()));
    d.Client(Packet(1, LoginPayload({})) + Query("SELECT 1") + Query("SELECT 2"));
    EXPECT_THAT(d.commands, IsEmpty());
    d.Server(Ok(2));
    EXPECT_EQ(d.commands.size(), 2U);
    d.Server(OneRow() + OneRow());
    EXPECT_EQ(d.answers.size(), 2U);
  });
}

TEST(SessionWatch, ClientsThatLeaveEarly) {
  Driver greeted(MariaDb1011(), Driver::kWhole, TlsUse::kNone, false, /*watch=*/true);
  greeted.Event(&Session::OnClientClosed);
  EXPECT_TRUE(greeted.closed());
  EXPECT_THAT(greeted.ends, ElementsAre(Reason::kClientClosed));
  EXPECT_THAT(greeted.failures, IsEmpty());

  Driver asked(MariaDb1011(), Driver::kWhole, TlsUse::kNone, false, /*watch=*/true);
  asked.Server(RawGreeting(MariaDb1011()));
  asked.Client(Packet(1, LoginPayload({})));
  asked.Event(&Session::OnClientClosed);
  EXPECT_THAT(asked.failures, ElementsAre(LoginFailure::kClientGone));
  EXPECT_TRUE(asked.closed());
}

TEST(SessionWatch, ServersThatLeaveEarly) {
  Driver ungreeted(MariaDb1011(), Driver::kWhole, TlsUse::kNone, false, /*watch=*/true);
  ungreeted.Event(&Session::OnServerClosed);
  EXPECT_TRUE(ungreeted.closed());
  EXPECT_THAT(ungreeted.ends, IsEmpty());

  Driver in(MariaDb1011(), Driver::kWhole, TlsUse::kNone, false, /*watch=*/true);
  WatchLogIn(in);
  in.Event(&Session::OnServerClosed);
  EXPECT_THAT(in.ends, ElementsAre(Reason::kBackendClosed));
}

std::string WatchedSslRequest() {
  return Packet(1, Number(kTypicalClient | kCapSsl, 4) + Number(0x1000000, 4) + Hex({45}) +
                       std::string(23, '\0'));
}
std::string Record(std::uint8_t type, const std::string& body) {
  const auto size = static_cast<std::uint8_t>(body.size());
  return Hex({type, 3, 3, 0, size}) + body;
}

// A handshake of TLS 1.3: the client's first application data is its end.
TEST(SessionWatch, BehindTlsNothingIsUnderstood) {
  WatchAtEveryCut([](Driver& d) {
    d.Server(RawGreeting(MariaDb1011()));
    d.Client(WatchedSslRequest());
    EXPECT_EQ(d.tls_seen, 1);
    d.Client(Record(22, "hello, and who is there"));
    d.Server("\x16\x03\x03 whatever a server says to that");
    d.Client(Record(20, "\x01"));
    EXPECT_EQ(d.asked, 0);
    EXPECT_EQ(d.session().phase(), Phase::kAwaitLogin);
    d.Client(Record(23, "finished") + Record(23, "login"));
    EXPECT_EQ(d.asked, 1);
    EXPECT_EQ(d.user, "");
    EXPECT_EQ(d.ok, 1);
    EXPECT_EQ(d.session().phase(), Phase::kOpaque);
    EXPECT_EQ(d.session().unread(), Unread::kTls);
    d.Event(&Session::OnClientClosed);
    EXPECT_THAT(d.ends, ElementsAre(Reason::kClientClosed));
    EXPECT_THAT(d.commands, IsEmpty());
  });
}

// Who only asks for TLS, or goes on with what is none, has not logged in.
TEST(SessionWatch, AnSslRequestAloneIsNoLogin) {
  WatchAtEveryCut([](Driver& d) {
    d.Server(RawGreeting(MariaDb1011()));
    d.Client(WatchedSslRequest() + Record(22, "hello") + "no record of TLS" + Record(23, "data"));
    d.Server("\x15\x03\x03 an alert");
    EXPECT_EQ(d.asked, 0);
    EXPECT_EQ(d.ok, 0);
    d.Event(&Session::OnClientClosed);
    EXPECT_THAT(d.ends, ElementsAre(Reason::kClientClosed));
  });
}

TEST(SessionWatch, BytesOfAHandshakeOfTlsMayBeMissing) {
  const auto begin = [](Driver& d) {
    d.Server(RawGreeting(MariaDb1011()));
    d.Client(WatchedSslRequest() + Record(22, "hello").substr(0, 5));
  };
  Driver body(MariaDb1011(), Driver::kWhole, TlsUse::kNone, false, /*watch=*/true);
  begin(body);
  body.Missing(Side::kServer, 9000);
  body.Missing(Side::kClient, 5);
  EXPECT_EQ(body.asked, 0);
  body.Client(Record(23, "finished"));
  EXPECT_EQ(body.asked, 1);
  Driver more(MariaDb1011(), Driver::kWhole, TlsUse::kNone, false, /*watch=*/true);
  begin(more);
  more.Missing(Side::kClient, 6);  // a record's header may be among them: perhaps it was the login
  EXPECT_EQ(more.asked, 1);
  EXPECT_EQ(more.session().unread(), Unread::kTls);
}

// The server took it, so there is an answer to come.
TEST(SessionWatch, MorePreparedStatementsThanAGateWouldAllow) {
  Driver d(MariaDb1011(), Driver::kWhole, TlsUse::kNone, false, /*watch=*/true);
  WatchLogIn(d);
  for (std::uint32_t id = 1; id <= PreparedStatements::kMax + 2; ++id) {
    d.Client(Command(0x16, "DO 1"));
    d.Server(Packet(1, Hex({0}) + Number(id, 4) + Number(0, 2) + Number(0, 2) + Hex({0, 0, 0})));
  }
  d.Client(Query("SELECT 1"));
  d.Server(OneRow());
  EXPECT_EQ(d.commands.size(), PreparedStatements::kMax + 3);
  EXPECT_EQ(d.answers.size(), PreparedStatements::kMax + 3);
  EXPECT_THAT(d.ends, IsEmpty());
  EXPECT_EQ(d.session().unread(), Unread::kNo);
}

// Compression begins behind the OK, and only where both can do it.
TEST(SessionWatch, CompressedIsOpaqueBehindItsLogin) {
  WatchAtEveryCut([](Driver& d) {
    d.Server(RawGreeting(MariaDb1011()));
    d.Client(Packet(1, LoginPayload({.capabilities = kTypicalClient | kCapCompress})));
    EXPECT_EQ(d.user, "app");
    d.Server(Ok(2));
    EXPECT_EQ(d.ok, 1);
    EXPECT_EQ(d.session().phase(), Phase::kOpaque);
    EXPECT_EQ(d.session().unread(), Unread::kCompressed);
    d.Client(Hex({1, 0, 0, 0, 0, 0, 0, 1}));
    EXPECT_THAT(d.commands, IsEmpty());
  });
  Greeting without = MariaDb1011();
  without.capabilities &= ~(kCapCompress | kCapZstd);
  Driver d(without, Driver::kWhole, TlsUse::kNone, false, /*watch=*/true);
  WatchLogIn(d, {.capabilities = kTypicalClient | kCapCompress}, without);
  d.Client(Query("SELECT 1"));
  EXPECT_EQ(d.commands.size(), 1U);
}

TEST(SessionWatch, VerdictsChangeNothingButTheLook) {
  WatchAtEveryCut([](Driver& d) {
    WatchLogIn(d);
    StatementMark mark;
    mark.digest = 77;
    d.verdicts = {{.kind = CommandVerdict::Kind::kRefuse, .reason = Reason::kCommandRefused},
                  {.kind = CommandVerdict::Kind::kClose, .mark = mark, .packet_limit = 5},
                  {.kind = CommandVerdict::Kind::kHold}};
    d.Client(Query("SELECT 1"));
    d.Server(OneRow());
    d.Client(Command(0x16, "SELECT ?"));
    d.Server(Packet(1, Hex({0}) + Number(9, 4) + Number(0, 2) + Number(0, 2) + Hex({0, 0, 0})));
    d.Client(Command(0x17, Number(9, 4) + Hex({0}) + Number(1, 4)));
    d.Server(Ok(1));
    EXPECT_EQ(d.commands.size(), 3U);
    EXPECT_EQ(d.answers.size(), 3U);
    ASSERT_TRUE(d.commands[2].prepared);
    EXPECT_EQ(d.commands[2].prepared->digest, 77U);
    EXPECT_THAT(d.ends, IsEmpty());
  });
}

TEST(SessionWatch, ChangeUser) {
  const std::string change = "\x11other" + kNul + "\x14" + "01234567890123456789" + "mine" + kNul +
                             Hex({45, 0}) + "mysql_native_password" + kNul;
  WatchAtEveryCut([&](Driver& d) {
    WatchLogIn(d);
    d.Client(Packet(0, change));
    EXPECT_EQ(d.asked_reauth, 1);
    EXPECT_EQ(d.user, "other");
    EXPECT_EQ(d.database, "mine");
    d.Server(AuthSwitch(1, "mysql_native_password"));
    d.Client(Packet(2, "01234567890123456789"));
    d.Server(Ok(3));
    EXPECT_EQ(d.ok, 2);
    d.Client(Query("SELECT 1"));
    d.Server(OneRow());
    EXPECT_EQ(d.answers.size(), 2U);
    d.Client(Packet(0, change));
    d.Server(Err(1, 1045, "#28000Access denied"));
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kAccessDenied));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kChangeUserFailed));
  });
}

TEST(SessionWatch, LoadDataLocal) {
  WatchAtEveryCut([](Driver& d) {
    WatchLogIn(d);
    d.Client(Query("LOAD DATA LOCAL INFILE 'x' INTO TABLE t"));
    d.Server(Packet(1, "\xfbx"));
    d.Client(Packet(2, "\x03SELECT 1, which is no command"));
    d.Client(Packet(3, ""));
    d.Server(Ok(4));
    EXPECT_EQ(d.commands.size(), 1U);
    EXPECT_EQ(d.answers.size(), 1U);
    d.Client(Query("SELECT 2"));
    EXPECT_EQ(d.commands.size(), 2U);
  });
}

TEST(SessionWatch, NoMySqlAtAll) {
  WatchAtEveryCut([](Driver& d) {
    d.Server("SSH-2.0-OpenSSH_9.2p1\r\n");
    EXPECT_EQ(d.session().unread(), Unread::kNotUnderstood);
    EXPECT_EQ(d.session().phase(), Phase::kOpaque);
    EXPECT_EQ(d.asked, 1);
    EXPECT_EQ(d.ok, 1);
  });
}

}  // namespace
}  // namespace headgate::mysql::testing
