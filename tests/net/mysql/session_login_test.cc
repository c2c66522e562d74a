#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/mysql/handshake.h"
#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(SessionLogin, GreetsFirstAsTheBackendWould) {
  Driver d;
  const std::string greeting = d.ToClient();
  EXPECT_THAT(greeting, HasSubstr("5.5.5-10.11.6-MariaDB"));
  EXPECT_EQ(d.session().phase(), Phase::kAwaitLogin);
  EXPECT_EQ(d.opened, 0);
}

TEST(SessionLogin, WithoutAKnownGreetingTheClientIsToldTheServerIsAway) {
  Session session({});
  const Action a = session.Start();
  EXPECT_EQ(a.kind, Action::Kind::kClose);
  EXPECT_EQ(a.reason, Reason::kBackendUnreachable);
  // The very first packet: no '#sqlstate'.
  EXPECT_EQ(Str(a.bytes), Err(0, 1105, "headgate: the database server cannot be reached"));
}

TEST(SessionLogin, WholeLoginAtEveryCut) {
  AtEveryCut([](Driver& d) {
    d.ToClient();
    d.Client(Packet(1, LoginPayload({})));
    EXPECT_EQ(d.asked, 1);
    EXPECT_EQ(d.user, "app");
    EXPECT_EQ(d.opened, 1);
    EXPECT_EQ(d.ToServer(), "");  // a server speaks first
    d.Server(RawGreeting(MariaDb1011()));
    EXPECT_EQ(d.session().backend_connection_id(), 31u);
    ASSERT_NE(d.session().backend_greeting(), nullptr);
    EXPECT_EQ(*d.session().backend_greeting(), MariaDb1011());
    EXPECT_THAT(d.ToServer(), HasSubstr("app" + kNul + kNul + "dummy" + kNul));
    d.Server(AuthSwitch(2, "mysql_native_password"));
    EXPECT_EQ(d.ToClient(), AuthSwitch(2, "mysql_native_password"));
    d.Client(Packet(3, "01234567890123456789"));
    EXPECT_EQ(d.ToServer(), Packet(3, "01234567890123456789"));
    EXPECT_EQ(d.ok, 0);
    d.Server(Ok(4));
    EXPECT_EQ(d.ToClient(), Ok(4));
    EXPECT_EQ(d.ok, 1);
    EXPECT_EQ(d.session().phase(), Phase::kCommand);
    EXPECT_EQ(d.session().held_bytes(), 0u);
    EXPECT_THAT(d.ends, IsEmpty());
  });
}

TEST(SessionLogin, CachingSha2FastAndFullPathAreRelayed) {
  AtEveryCut(
      [](Driver& d) {
        d.Client(Packet(1, LoginPayload({})));
        d.Server(RawGreeting(MySql80()));
        d.Server(AuthSwitch(2, "caching_sha2_password"));
        d.Client(Packet(3, std::string(32, 'h')));
        d.ToClient();
        d.ToServer();
        d.Server(Packet(4, "\x01\x04"));  // full authentication, please
        EXPECT_EQ(d.ToClient(), Packet(4, "\x01\x04"));
        d.Client(Packet(5, "\x02"));  // the key, please
        EXPECT_EQ(d.ToServer(), Packet(5, "\x02"));
        d.Server(Packet(6, "\x01-----BEGIN PUBLIC KEY-----"));
        d.Client(Packet(7, std::string(256, 'c')));
        EXPECT_EQ(d.ToServer(), Packet(7, std::string(256, 'c')));
        d.Server(Ok(8));
        EXPECT_EQ(d.session().phase(), Phase::kCommand);
        EXPECT_EQ(d.ok, 1);
      },
      MySql80());
}

TEST(SessionLogin, CachingSha2FastOkAsksNothing) {
  AtEveryCut([](Driver& d) {
    ToSwitch(d, "caching_sha2_password");
    d.Client(Packet(3, std::string(32, 'h')));
    d.Server(Packet(4, "\x01\x03"));
    d.Server(Ok(5));
    EXPECT_EQ(d.ToClient(), Packet(4, "\x01\x03") + Ok(5));
    EXPECT_EQ(d.ok, 1);
  });
}

TEST(SessionLogin, TwoSwitchesForAnAccountWithTwoPlugins) {
  AtEveryCut([](Driver& d) {
    ToSwitch(d, "mysql_native_password");
    d.Client(Packet(3, "01234567890123456789"));
    d.Server(AuthSwitch(4, "client_ed25519"));
    d.Client(Packet(5, std::string(64, 's')));
    d.Server(Ok(6));
    EXPECT_EQ(d.ok, 1);
  });
}

TEST(SessionLogin, RefusalIsErr1040AtTheNextSequence) {
  AtEveryCut([](Driver& d) {
    d.admit = false;
    d.ToClient();
    d.Client(Packet(1, LoginPayload({})));
    EXPECT_EQ(d.ToClient(), Err(2, 1040, "#08004Too many connections"));
    EXPECT_TRUE(d.closed());
    EXPECT_EQ(d.opened, 0);
    EXPECT_THAT(d.ends, ElementsAre(Reason::kClassFull));
  });
}

TEST(SessionLogin, WaitingThenAdmitted) {
  Driver d;
  d.answer_admission = false;
  d.Client(Packet(1, LoginPayload({})));
  EXPECT_EQ(d.session().phase(), Phase::kAwaitAdmission);
  EXPECT_EQ(d.opened, 0);
  EXPECT_GT(d.session().held_bytes(), 0u);
  d.Admission(true);
  EXPECT_EQ(d.opened, 1);
}

TEST(SessionLogin, ErrBeforeTheHandshakeHasNoSqlstate) {
  AtEveryCut([](Driver& d) {
    d.ToClient();
    d.Client(Packet(1, LoginPayload({})));
    d.Server(Err(0, 1130, "Host '10.0.0.9' is not allowed to connect to this MariaDB server"));
    EXPECT_EQ(
        d.ToClient(),
        Err(2, 1130, "#08004Host '10.0.0.9' is not allowed to connect to this MariaDB server"));
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kBackendRefused));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kBackendRefused));
  });
}

TEST(SessionLogin, BackendFullIsNamedSo) {
  Driver d;
  d.Client(Packet(1, LoginPayload({})));
  d.Server(Err(0, 1040, "Too many connections"));
  EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kBackendFull));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kBackendFull));
}

TEST(SessionLogin, WrongPasswordIsRelayedToTheLetter) {
  AtEveryCut([](Driver& d) {
    ToSwitch(d);
    d.Client(Packet(3, "01234567890123456789"));
    const std::string err = Err(4, 1045, "#28000Access denied for user 'app'@'localhost'");
    d.Server(err);
    EXPECT_EQ(d.ToClient(), err);
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kAccessDenied));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kLoginFailed));
    EXPECT_TRUE(d.closed());
  });
}

TEST(SessionLogin, BackendNotReachable) {
  Driver d;
  d.connect = false;
  d.ToClient();
  d.Client(Packet(1, LoginPayload({})));
  d.Event(&Session::OnBackendFailed);
  EXPECT_THAT(d.ToClient(), HasSubstr("cannot be reached"));
  EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kUnreachable));
  EXPECT_TRUE(d.closed());
}

// --- clients the gate does not take

TEST(SessionLogin, SslRequestWithoutTlsIsANamedRefusal) {
  AtEveryCut([](Driver& d) {
    d.ToClient();
    const std::string head = LoginPayload({.capabilities = kTypicalClient | kCapSsl});
    d.Client(Packet(1, head.substr(0, 32)));
    EXPECT_THAT(d.ToClient(), HasSubstr("TLS is not offered"));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kTlsNotOffered));
  });
}

// npm's mysql: no PLUGIN_AUTH flag, and yet it answers.
TEST(SessionLogin, ClientWithoutPluginAuthMayAnswerTheSwitch) {
  AtEveryCut([](Driver& d) {
    d.ToClient();
    d.Client(Packet(1, LoginPayload({.capabilities = kTypicalClient & ~kCapPluginAuth})));
    d.Server(RawGreeting(MariaDb1011()));
    d.Server(AuthSwitch(2, "mysql_native_password"));
    EXPECT_EQ(d.ToClient(), AuthSwitch(2, "mysql_native_password"));
    d.Client(Packet(3, "01234567890123456789"));
    d.Server(Ok(4));
    EXPECT_EQ(d.ToClient(), Ok(4));
    EXPECT_EQ(d.ok, 1);
  });
}

TEST(SessionLogin, OldClientThatTakesTheSwitchForAnOkGets1251) {
  AtEveryCut([](Driver& d) {
    d.Client(Packet(1, LoginPayload({.capabilities = kTypicalClient & ~kCapPluginAuth})));
    d.Server(RawGreeting(MariaDb1011()));
    d.Server(AuthSwitch(2, "mysql_native_password"));
    d.ToClient();
    d.ToServer();
    d.Client(Packet(0, "\x03SELECT 1"));
    EXPECT_EQ(d.ToServer(), Packet(3, ""));
    d.Server(Err(4, 1045, "#28000Access denied"));
    EXPECT_EQ(d.ToClient(), Err(1, 1251,
                                "#08004Client does not support authentication protocol requested "
                                "by server; consider upgrading MySQL client"));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kNoAuthSwitch));
    EXPECT_EQ(d.ok, 0);
  });
}

TEST(SessionLogin, OversizedLoginIsDecidedFromItsHeader) {
  Driver d;
  d.ToClient();
  d.Client(Number(64 * 1024 + 1, 3) + "\x01");
  EXPECT_EQ(d.ToClient(), Err(2, 1043, "#08S01Bad handshake"));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kOversizedLogin));
}

TEST(SessionLogin, AProxyHeaderIsForbiddenAtEveryCut) {
  const std::string headers[] = {"PROXY TCP4 192.0.2.1 198.51.100.2 40000 3306\r\n",
                                 std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16)};
  for (const std::string& header : headers) {
    for (std::size_t n = 0; n <= header.size(); ++n) {
      Driver d;
      d.ToClient();
      d.Client(header.substr(0, n));
      if (d.ends.empty()) d.Client(header.substr(n));
      EXPECT_THAT(d.ToClient(), HasSubstr("no PROXY header is taken"));
      EXPECT_THAT(d.ends, ElementsAre(Reason::kProxyForbidden)) << n;
      EXPECT_EQ(d.asked, 0);
    }
  }
}

TEST(SessionLogin, MalformedLogins) {
  const std::string good = LoginPayload({});
  const std::string cases[] = {Packet(2, good),
                               Packet(1, ""),
                               Packet(1, good.substr(0, 20)),
                               Packet(1, good.substr(0, 34)),
                               Packet(1, LoginPayload({.charset = 17})),
                               Packet(1, LoginPayload({.user = std::string(kMaxName + 1, 'u')}))};
  for (const std::string& bytes : cases) {
    Driver d;
    d.Client(bytes);
    EXPECT_THAT(d.ends, ElementsAre(Reason::kMalformedLogin)) << bytes;
    EXPECT_EQ(d.asked, 0);
  }
}

// --- ends while pending and in between

TEST(SessionLogin, PendingDeadlineEvictionAndFin) {
  Driver late, evicted, gone;
  late.ToClient();
  late.Event(&Session::OnDeadline);
  EXPECT_THAT(late.ToClient(), HasSubstr("08S01Got timeout"));
  EXPECT_THAT(late.ends, ElementsAre(Reason::kPendingDeadline));
  evicted.Evict(Reason::kPendingEvicted);
  EXPECT_THAT(evicted.ends, ElementsAre(Reason::kPendingEvicted));
  gone.ToClient();
  gone.Event(&Session::OnClientClosed);
  EXPECT_EQ(gone.ToClient(), "");
  EXPECT_THAT(gone.ends, ElementsAre(Reason::kClientClosed));
}

TEST(SessionLogin, CommandsPipelinedBeforeTheOkAreHeld) {
  AtEveryCut([](Driver& d) {
    d.Client(Packet(1, LoginPayload({})));
    d.Server(RawGreeting(MariaDb1011()));
    d.Server(AuthSwitch(2, "mysql_native_password"));
    d.ToServer();
    d.Client(Packet(3, "01234567890123456789") + Query("SELECT 1"));
    EXPECT_EQ(d.ToServer(), Packet(3, "01234567890123456789"));
    d.Server(Ok(4));
    EXPECT_EQ(d.ToServer(), Query("SELECT 1"));
  });
}

TEST(SessionLogin, TooMuchAheadOfTheOkCloses) {
  Driver d;
  d.answer_admission = false;
  d.Client(Packet(1, LoginPayload({})));
  d.Client(Query(std::string(70000, 'x')));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kProtocolError));
}

// --- what the server says instead

TEST(SessionLogin, AGreetingThatIsNoneBlamesTheServer) {
  const std::string cases[] = {Packet(0, ""), Number(4097, 3) + kNul, Packet(0, "SSH-2.0-OpenSSH")};
  for (const std::string& greeting : cases) {
    Driver d;
    d.ToClient();
    d.Client(Packet(1, LoginPayload({})));
    d.Server(greeting);
    EXPECT_EQ(d.ToServer(), "") << greeting;
    EXPECT_EQ(d.ToClient(), Err(2, 1105, "#08S01headgate: the database server cannot be reached"));
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kServerError));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kBackendRefused));
  }
}

TEST(SessionLogin, AServerThatIsFullAfterTheLogin) {
  Driver d;
  ToSwitch(d);
  d.Client(Packet(3, "01234567890123456789"));
  d.Server(Err(4, 1040, "#08004Too many connections"));
  EXPECT_EQ(d.ToClient(), Err(4, 1040, "#08004Too many connections"));
  EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kBackendFull));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kBackendFull));
}

// So that it can name its own session, whose id in the greeting was the gate's.
TEST(SessionLogin, AClientThatTracksItsSessionIsToldItsIdAtTheServer) {
  AtEveryCut([](Driver& d) {
    d.Client(Packet(1, LoginPayload({.capabilities = kTypicalClient | kCapSessionTrack})));
    d.Server(RawGreeting(MariaDb1011()));
    d.ToClient();
    d.Server(Ok(2));
    const std::string id = Hex({0}) + Lenenc(Lenenc("connection_id") + Lenenc("31"));
    EXPECT_EQ(d.ToClient(), Packet(2, Hex({0, 0, 0, 2, 0x40, 0, 0, 0}) + Lenenc(id)));
    EXPECT_EQ(d.ok, 1);
    EXPECT_EQ(d.session().phase(), Phase::kCommand);
  });
}

TEST(SessionLogin, AClientOlderThanAuthPlugins) {
  Driver d;
  d.ToClient();
  d.Client(Packet(1, Hex({0x05, 0x24, 0, 0, 0}) + "old" + kNul + "scramble"));
  EXPECT_THAT(d.ToClient(), HasSubstr("does not support authentication protocol"));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kNoAuthSwitch));
  EXPECT_EQ(d.asked, 0);
}

}  // namespace
}  // namespace headgate::mysql::testing
