#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kClient = static_cast<int>(Side::kClient);
constexpr int kServer = static_cast<int>(Side::kServer);

Greeting WithTls() {
  Greeting g = MariaDb1011();
  g.capabilities |= kCapSsl;
  return g;
}

std::uint32_t CapabilitiesIn(const std::string& packet) {
  Reader in(AsBytes(std::string_view(packet).substr(kHeaderSize)));
  return in.U32();
}

const LoginFields kByTls{
    .capabilities = kTypicalClient | kCapSsl | kCapConnectWithDb | kCapConnectAttrs,
    .attributes = "\4name\5value"};

std::string TlsRequest() { return Packet(1, LoginPayload(kByTls).substr(0, 32)); }

// Up to where the backend's handshake begins.
void AskByTls(Driver& d) {
  d.ToClient();
  d.Client(TlsRequest());
  d.TlsDone(Side::kClient);
  d.Client(Packet(2, LoginPayload(kByTls)));
  d.Server(RawGreeting(WithTls()));
}

TEST(SessionTls, BothLegsAtEveryCut) {
  AtEveryCut(
      [](Driver& d) {
        EXPECT_NE(d.session().Start().kind, Action::Kind::kClose);
        d.ToClient();
        d.Client(TlsRequest());
        ASSERT_TRUE(d.tls_begun[kClient]);
        EXPECT_EQ(d.session().phase(), Phase::kAwaitLogin);
        d.TlsDone(Side::kClient);
        EXPECT_EQ(d.asked, 0);
        d.Client(Packet(2, LoginPayload(kByTls)));
        EXPECT_EQ(d.user, "app");
        EXPECT_EQ(d.ToServer(), "");
        d.Server(RawGreeting(WithTls()));
        const std::string request = d.ToServer();
        EXPECT_EQ(request.size(), kHeaderSize + 32);
        EXPECT_EQ(request[3], 1);
        EXPECT_NE(CapabilitiesIn(request) & kCapSsl, 0u);
        EXPECT_EQ(request.find("app"), std::string::npos);
        ASSERT_TRUE(d.tls_begun[kServer]);
        EXPECT_EQ(d.session().phase(), Phase::kServerTls);
        d.TlsDone(Side::kServer);
        const std::string login = d.ToServer();
        EXPECT_EQ(login[3], 2);
        EXPECT_EQ(CapabilitiesIn(login), CapabilitiesIn(request));
        EXPECT_THAT(login, HasSubstr("app"));
        d.Server(AuthSwitch(3, "mysql_native_password"));
        EXPECT_EQ(d.ToClient(), AuthSwitch(3, "mysql_native_password"));
        d.Client(Packet(4, "01234567890123456789"));
        EXPECT_EQ(d.ToServer(), Packet(4, "01234567890123456789"));
        d.Server(Ok(5));
        EXPECT_EQ(d.ToClient(), Ok(5));
        EXPECT_EQ(d.session().phase(), Phase::kCommand);
        EXPECT_THAT(d.ends, IsEmpty());
      },
      WithTls(), TlsUse::kOffered);
}

TEST(SessionTls, OfferedExactlyWhereItIsOffered) {
  const auto offers = [](TlsUse tls) {
    Driver d(MySql80(), Driver::kWhole, tls);
    const std::string greeting = d.ToClient();
    const auto parsed = ParseGreeting(AsBytes(std::string_view(greeting).substr(kHeaderSize)));
    return parsed && (parsed->capabilities & kCapSsl) != 0;
  };
  EXPECT_TRUE(offers(TlsUse::kOffered));
  EXPECT_FALSE(offers(TlsUse::kNone));
}

TEST(SessionTls, APlainClientHasAPlainBackend) {
  Driver d(WithTls(), Driver::kWhole, TlsUse::kOffered);
  d.LogIn({}, WithTls());
  EXPECT_FALSE(d.tls_begun[kServer]);
}

TEST(SessionTls, ALoginInClearThatAsksForTlsIsBroken) {
  Driver d(WithTls(), Driver::kWhole, TlsUse::kOffered);
  d.ToClient();
  d.Client(Packet(1, LoginPayload(kByTls)));
  EXPECT_THAT(d.ToClient(), HasSubstr("Bad handshake"));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kMalformedLogin));
  EXPECT_EQ(d.asked, 0);
}

TEST(SessionTls, TwoRequestsAreOneTooMany) {
  Driver d(WithTls(), Driver::kWhole, TlsUse::kOffered);
  d.Client(TlsRequest());
  d.TlsDone(Side::kClient);
  d.Client(Packet(2, LoginPayload(kByTls).substr(0, 32)));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kMalformedLogin));
}

TEST(SessionTls, TheLoginBehindTheRequestHasTheNextSequence) {
  Driver d(WithTls(), Driver::kWhole, TlsUse::kOffered);
  d.Client(TlsRequest());
  d.TlsDone(Side::kClient);
  d.Client(Packet(1, LoginPayload(kByTls)));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kMalformedLogin));
}

// What came in one segment with the request is the handshake's affair.
TEST(SessionTls, NothingBehindTheRequestIsTakenForALogin) {
  Driver d(WithTls(), Driver::kWhole, TlsUse::kOffered);
  d.Client(TlsRequest() + Packet(2, LoginPayload(kByTls)));
  EXPECT_TRUE(d.tls_begun[kClient]);
  EXPECT_EQ(d.asked, 0);
  d.TlsFailed(Side::kClient, Reason::kTlsFailed);
  EXPECT_EQ(d.asked, 0);
  EXPECT_THAT(d.ends, ElementsAre(Reason::kTlsFailed));
}

TEST(SessionTls, AFailedHandshakeEndsWithoutAWord) {
  Driver d(WithTls(), Driver::kWhole, TlsUse::kOffered);
  d.ToClient();
  d.Client(TlsRequest());
  d.TlsFailed(Side::kClient, Reason::kTlsRate);
  EXPECT_EQ(d.ToClient(), "");
  EXPECT_TRUE(d.closed());
  EXPECT_THAT(d.ends, ElementsAre(Reason::kTlsRate));
}

TEST(SessionTls, ABackendWithoutTlsIsLeftPolitelyAsNobody) {
  AtEveryCut(
      [](Driver& d) {
        d.ToClient();
        d.Client(TlsRequest());
        d.TlsDone(Side::kClient);
        d.Client(Packet(2, LoginPayload(kByTls)));
        d.Server(RawGreeting(MariaDb1011()));
        const std::string login = d.ToServer();
        EXPECT_EQ(login[3], 1);
        EXPECT_THAT(login, Not(HasSubstr("app")));
        d.Server(AuthSwitch(2, "mysql_native_password"));
        EXPECT_EQ(d.ToServer(), Packet(3, ""));
        d.Server(Err(4, 1045, "#28000Access denied"));
        EXPECT_THAT(d.ToClient(), HasSubstr("cannot be reached by TLS"));
        EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kServerError));
        EXPECT_THAT(d.ends, ElementsAre(Reason::kBackendTls));
      },
      WithTls(), TlsUse::kOffered);
}

TEST(SessionTls, APlainBackendWillDoWhereItIsAllowed) {
  AtEveryCut(
      [](Driver& d) {
        d.session().AllowPlainBackend();
        AskByTls(d);
        EXPECT_FALSE(d.tls_begun[kServer]);
        const std::string login = d.ToServer();
        EXPECT_EQ(login[3], 1);
        EXPECT_EQ(CapabilitiesIn(login) & kCapSsl, 0u);
        d.Server(AuthSwitch(2, "mysql_native_password"));
        EXPECT_EQ(d.ToClient(), AuthSwitch(3, "mysql_native_password"));
        d.Client(Packet(4, "01234567890123456789"));
        EXPECT_EQ(d.ToServer(), Packet(3, "01234567890123456789"));
        d.Server(Ok(4));
        EXPECT_EQ(d.ToClient(), Ok(5));
        d.Client(Query("select 1"));
        EXPECT_EQ(d.ToServer(), Query("select 1"));
      },
      WithTls(), TlsUse::kOffered);
}

TEST(SessionTls, AnUntrustedBackendLearnsNothingOfTheClient) {
  Driver d(WithTls(), Driver::kWhole, TlsUse::kOffered);
  AskByTls(d);
  const std::uint32_t asked = CapabilitiesIn(d.ToServer());
  d.TlsUntrusted();
  const std::string login = d.ToServer();
  EXPECT_EQ(login[3], 2);
  EXPECT_EQ(CapabilitiesIn(login), asked);  // the server goes by those
  EXPECT_THAT(login, Not(HasSubstr("app")));
  d.Client(Packet(3, "secret"));  // whatever it says now stays here
  d.Server(AuthSwitch(3, "mysql_clear_password"));
  EXPECT_EQ(d.ToServer(), Packet(4, ""));
  EXPECT_EQ(d.ToClient(), "");
  d.Server(Err(5, 1045, "#28000Access denied"));
  EXPECT_THAT(d.ToClient(), HasSubstr("cannot be reached by TLS"));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kBackendTls));
}

TEST(SessionTls, ABackendWhoseHandshakeFails) {
  for (const bool closes : {false, true}) {
    Driver d(WithTls(), Driver::kWhole, TlsUse::kOffered);
    AskByTls(d);
    if (closes) {
      d.Event(&Session::OnServerClosed);
    } else {
      d.TlsFailed(Side::kServer, Reason::kBackendTls);
    }
    EXPECT_EQ(d.ToClient(),
              Err(3, 1105, "#08S01headgate: the database server cannot be reached by TLS"));
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kServerError));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kBackendTls));
    EXPECT_TRUE(d.closed());
  }
}

TEST(SessionTls, TheClientLeavesDuringTheBackendsHandshake) {
  Driver d(WithTls(), Driver::kWhole, TlsUse::kOffered);
  AskByTls(d);
  d.ToServer();
  d.Event(&Session::OnClientClosed);
  EXPECT_EQ(d.session().phase(), Phase::kFinishing);
  d.TlsDone(Side::kServer);
  EXPECT_THAT(d.ToServer(), Not(HasSubstr("app")));
  d.Server(Err(3, 1045, "#28000Access denied"));
  EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kClientGone));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kClientClosed));
}

TEST(SessionTls, DeadlinesOfBothHandshakes) {
  Driver pending(WithTls(), Driver::kWhole, TlsUse::kOffered);
  pending.Client(TlsRequest());
  pending.Event(&Session::OnDeadline);
  EXPECT_THAT(pending.ends, ElementsAre(Reason::kPendingDeadline));
  Driver d(WithTls(), Driver::kWhole, TlsUse::kOffered);
  AskByTls(d);
  d.Event(&Session::OnDeadline);
  EXPECT_THAT(d.ends, ElementsAre(Reason::kBackendTls));
}

// It ends for the reason that it had, and the server has counted an error nevertheless.
TEST(SessionTls, TheClientLeavesAndThenTheBackendsHandshakeFails) {
  Driver d(WithTls(), Driver::kWhole, TlsUse::kOffered);
  AskByTls(d);
  d.ToServer();
  d.Event(&Session::OnClientClosed);
  d.TlsFailed(Side::kServer, Reason::kBackendTls);
  EXPECT_EQ(d.ToServer(), "");
  EXPECT_TRUE(d.session().upset_server());
  EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kClientGone));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kClientClosed));
  EXPECT_TRUE(d.closed());
}

TEST(SessionTls, EvictedDuringTheBackendsHandshake) {
  Driver d(WithTls(), Driver::kWhole, TlsUse::kOffered);
  AskByTls(d);
  d.ToServer();
  d.Evict(Reason::kBanApplied);
  d.TlsDone(Side::kServer);
  EXPECT_THAT(d.ToServer(), Not(HasSubstr("app")));
  d.Server(Err(3, 1045, "#28000Access denied"));
  EXPECT_EQ(d.ToClient(), Err(3, 1040, "#08004Too many connections"));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kBanApplied));
}

}  // namespace
}  // namespace headgate::mysql::testing
