#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string SslRequest() {
  return Packet(1, LoginPayload({.capabilities = kTypicalClient | kCapSsl}).substr(0, 32));
}

struct Passing : Driver {
  Passing() : Driver(MySql80(), kWhole, TlsUse::kPassthrough) {}
};

TEST(SessionPassthrough, TheServerSpeaksFirstAndTheRestPassesUnseen) {
  AtEveryCut(
      [](Driver& d) {
        EXPECT_EQ(d.asked, 1);
        EXPECT_EQ(d.user, "");
        EXPECT_EQ(d.ToClient(), "");
        d.Server(RawGreeting(MySql80()));
        EXPECT_EQ(d.ToClient(), RawGreeting(MySql80()));
        EXPECT_EQ(d.session().backend_connection_id(), 12u);
        EXPECT_EQ(d.session().phase(), Phase::kFirstPacket);
        d.Client(SslRequest());
        EXPECT_EQ(d.ToServer(), SslRequest());
        EXPECT_EQ(d.ok, 1);
        d.Client("\x16\x03\x01 whatever");
        d.Server("\x16\x03\x03 the like");
        EXPECT_EQ(d.ToServer(), "\x16\x03\x01 whatever");
        EXPECT_EQ(d.ToClient(), "\x16\x03\x03 the like");
        EXPECT_EQ(d.session().phase(), Phase::kOpaque);
        EXPECT_THAT(d.ends, IsEmpty());
      },
      MySql80(), TlsUse::kPassthrough);
}

TEST(SessionPassthrough, APlainLoginPassesAsWell) {
  Passing d;
  d.Server(RawGreeting(MySql80()));
  d.ToClient();
  d.Client(Packet(1, LoginPayload({})));
  EXPECT_EQ(d.ToServer(), Packet(1, LoginPayload({})));
  d.Server(Ok(2));
  EXPECT_EQ(d.ToClient(), Ok(2));
}

TEST(SessionPassthrough, GarbageDoesNotReachTheServer) {
  const struct {
    std::string bytes;
    Reason reason;
  } cases[] = {{"GET / HTTP/1.1\r\n\r\n", Reason::kOversizedLogin},
               {Packet(0, LoginPayload({})), Reason::kMalformedLogin},
               {Packet(1, "\x05"), Reason::kMalformedLogin},
               {Packet(1, ""), Reason::kMalformedLogin}};
  for (const auto& c : cases) {
    Passing d;
    d.Server(RawGreeting(MySql80()));
    d.ToServer();
    d.Client(c.bytes);
    const std::string instead = d.ToServer();
    EXPECT_THAT(instead, HasSubstr("headgate-probe"));
    d.Server(AuthSwitch(2, "caching_sha2_password"));
    EXPECT_EQ(d.ToServer(), Packet(3, ""));
    d.Server(Err(4, 1045, "#28000Access denied"));
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kMalformed));
    EXPECT_THAT(d.ends, ElementsAre(c.reason));
  }
}

TEST(SessionPassthrough, ASilentClientIsEndedPolitely) {
  Passing d;
  d.Server(RawGreeting(MySql80()));
  d.ToClient();
  d.Event(&Session::OnDeadline);
  EXPECT_THAT(d.ToServer(), HasSubstr("headgate-probe"));
  d.Server(Err(2, 1045, "#28000Access denied"));
  EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kStalled));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kLoginDeadline));
  EXPECT_EQ(d.ToClient(), Err(1, 1159, "#08S01Got timeout reading communication packets"));
}

TEST(SessionPassthrough, WhoWasNotGreetedIsToldInTheVeryFirstPacket) {
  Driver refused(MySql80(), Driver::kWhole, TlsUse::kPassthrough);
  EXPECT_EQ(refused.opened, 1);
  refused.Server(Err(0, 1040, "Too many connections"));
  EXPECT_EQ(refused.ToClient(), Err(0, 1040, "Too many connections"));
  EXPECT_THAT(refused.ends, ElementsAre(Reason::kBackendFull));
  Driver gone(MySql80(), Driver::kWhole, TlsUse::kPassthrough);
  gone.Event(&Session::OnServerClosed);
  EXPECT_EQ(gone.ToClient(), Err(0, 1105, "headgate: the database server cannot be reached"));
}

TEST(SessionPassthrough, TheClientLeavesBeforeTheGreeting) {
  Passing d;
  d.Event(&Session::OnClientClosed);
  d.Server(RawGreeting(MySql80()));
  EXPECT_THAT(d.ToServer(), HasSubstr("headgate-probe"));
  d.Server(Err(2, 1045, "#28000Access denied"));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kClientClosed));
}

TEST(SessionPassthrough, EndsOfWhatIsNotUnderstood) {
  const auto opaque = [](Driver& d) {
    d.Server(RawGreeting(MySql80()));
    d.Client(SslRequest());
    d.ToServer();
    d.ToClient();
  };
  Passing client;
  opaque(client);
  client.Event(&Session::OnClientClosed);
  EXPECT_TRUE(client.half_closed);
  EXPECT_EQ(client.ToClient(), "");
  Passing server;
  opaque(server);
  server.Event(&Session::OnServerClosed);
  EXPECT_THAT(server.ends, ElementsAre(Reason::kBackendClosed));
  Passing evicted;
  opaque(evicted);
  evicted.Evict(Reason::kBanApplied);
  EXPECT_TRUE(evicted.half_closed);
  EXPECT_EQ(evicted.ToClient(), "");  // a word in clear would be none of TLS
}

TEST(SessionPassthrough, AGreetingThatIsNoneIsNotPassedOn) {
  Passing d;
  d.Server(Packet(0, "SSH-2.0-OpenSSH"));
  EXPECT_EQ(d.ToClient(), Err(0, 1105, "headgate: the database server cannot be reached"));
  EXPECT_EQ(d.ToServer(), "");
  EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kServerError));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kBackendRefused));
}

}  // namespace
}  // namespace headgate::mysql::testing
