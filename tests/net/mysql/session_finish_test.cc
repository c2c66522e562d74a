#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kQuit = Packet(0, "\x01");

TEST(SessionFinish, ClientVanishesAtTheSwitch) {
  AtEveryCut([](Driver& d) {
    ToSwitch(d);
    d.Event(&Session::OnClientClosed);
    EXPECT_EQ(d.ToServer(), Packet(3, ""));
    EXPECT_EQ(d.session().phase(), Phase::kFinishing);
    EXPECT_THAT(d.failures, IsEmpty());  // the lane is still held
    d.Server(Err(4, 1045, "#28000Access denied"));
    EXPECT_EQ(d.ToClient(), "");
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kClientGone));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kClientClosed));
    EXPECT_TRUE(d.closed());
  });
}

TEST(SessionFinish, PasswordlessAccountIsLeftWithQuit) {
  AtEveryCut([](Driver& d) {
    ToSwitch(d);
    d.Event(&Session::OnDeadline);
    EXPECT_EQ(d.ToServer(), Packet(3, ""));
    d.Server(Ok(4));
    EXPECT_EQ(d.ToServer(), kQuit);
    EXPECT_EQ(d.ok, 0);
    EXPECT_THAT(d.ToClient(), HasSubstr("Got timeout"));
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kStalled));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kLoginDeadline));
  });
}

TEST(SessionFinish, HealthCheckQuitBehindTheLogin) {
  AtEveryCut([](Driver& d) {
    d.Client(Packet(1, LoginPayload({})) + kQuit);
    d.Server(RawGreeting(MariaDb1011()));
    d.ToServer();
    d.Server(AuthSwitch(2, "mysql_native_password"));
    EXPECT_EQ(d.ToServer(), Packet(3, ""));
    d.Server(Err(4, 1045, "#28000Access denied"));
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kHealthCheck));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kHealthCheck));
  });
}

TEST(SessionFinish, MalformedAnswerNeverReachesTheServer) {
  AtEveryCut([](Driver& d) {
    ToSwitch(d);
    d.Client(Packet(3, "x"));
    EXPECT_EQ(d.ToServer(), Packet(3, ""));
    d.Server(Err(4, 1045, "#28000Access denied"));
    EXPECT_EQ(d.ToClient(), Err(4, 1043, "#08S01Bad handshake"));
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kMalformed));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kMalformedAuth));
  });
}

// A server would take it for a broken connection, and count it as one of the gate's.
TEST(SessionFinish, AnswerOutOfSequenceNeverReachesTheServer) {
  for (const int sequence : {1, 2, 4, 255}) {
    AtEveryCut([sequence](Driver& d) {
      ToSwitch(d);
      d.Client(Packet(sequence, std::string(20, 'x')));
      EXPECT_EQ(d.ToServer(), Packet(3, ""));
      d.Server(Err(4, 1045, "#28000Access denied"));
      EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kMalformed));
      EXPECT_THAT(d.ends, ElementsAre(Reason::kMalformedAuth));
    });
  }
}

TEST(SessionFinish, AServerUpsetByAnUnknownPluginsAnswerIsNoticed) {
  Driver d;
  ToSwitch(d, "dialog");
  d.Client(Packet(3, "x"));
  EXPECT_EQ(d.ToServer(), Packet(3, "x"));
  EXPECT_FALSE(d.session().upset_server());
  d.Server(Err(4, 1043, "#08S01Bad handshake"));
  EXPECT_TRUE(d.session().upset_server());
}

TEST(SessionFinish, UnknownPluginsAreNotTriedAgainAfterTooManyErrors) {
  Driver d(MariaDb1011(), Driver::kWhole, TlsUse::kNone, /*refuse_unknown_plugins=*/true);
  ToSwitch(d, "dialog");
  d.Client(Packet(3, "x"));
  EXPECT_EQ(d.ToServer(), Packet(3, ""));
  d.Server(Err(4, 1045, "#28000Access denied"));
  EXPECT_FALSE(d.session().upset_server());
  EXPECT_THAT(d.ends, ElementsAre(Reason::kMalformedAuth));
}

TEST(SessionFinish, Ed25519IsAnsweredWithAWrongSignature) {
  Driver d;
  ToSwitch(d, "client_ed25519");
  d.Event(&Session::OnClientClosed);
  EXPECT_EQ(d.ToServer(), Packet(3, std::string(64, '\0')));
}

TEST(SessionFinish, SecondPluginIsAnsweredTooAndThenNoMore) {
  Driver d;
  ToSwitch(d);
  d.Event(&Session::OnClientClosed);
  d.Server(AuthSwitch(4, "client_ed25519"));
  EXPECT_EQ(d.ToServer(), Packet(3, "") + Packet(5, std::string(64, '\0')));
  d.Server(Packet(6, "\x01what else?"));
  EXPECT_TRUE(d.closed());
}

TEST(SessionFinish, ClientGoneBeforeTheServersGreeting) {
  AtEveryCut([](Driver& d) {
    d.connect = false;
    d.Client(Packet(1, LoginPayload({})));
    d.Event(&Session::OnClientClosed);
    EXPECT_FALSE(d.closed());
    d.Connected();
    d.Server(RawGreeting(MariaDb1011()));
    EXPECT_THAT(d.ToServer(), HasSubstr("dummy"));
    d.Server(AuthSwitch(2, "mysql_native_password"));
    EXPECT_EQ(d.ToServer(), Packet(3, ""));
    d.Server(Err(4, 1045, "#28000Access denied"));
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kClientGone));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kClientClosed));
  });
}

TEST(SessionFinish, ServerSilentToThePoliteEnd) {
  Driver d;
  ToSwitch(d);
  d.Event(&Session::OnClientClosed);
  d.Event(&Session::OnDeadline);
  EXPECT_TRUE(d.closed());
  EXPECT_EQ(d.failures.size(), 1u);
}

TEST(SessionFinish, ServerClosesDuringTheLogin) {
  Driver d;
  ToSwitch(d);
  d.Event(&Session::OnServerClosed);
  EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kServerError));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kBackendClosed));
}

TEST(SessionFinish, AuthPacketsAreBounded) {
  Driver d;
  ToSwitch(d, "dialog");
  for (int i = 3; !d.closed() && i < 200; i += 2) {
    d.Client(Packet(i, "answer"));
    d.Server(Packet(i + 1, "\x02Password:"));
  }
  EXPECT_TRUE(d.closed());
  EXPECT_THAT(d.ends, ElementsAre(Reason::kProtocolError));
}

// The server is done with before anything of it is kept.
TEST(SessionFinish, WhatNoServerSaysEndsThePoliteEnd) {
  for (const std::string& packet : {Packet(4, ""), Number(16 * 1024 + 1, 3) + "\x04"}) {
    Driver d;
    ToSwitch(d);
    d.Event(&Session::OnClientClosed);
    d.ToServer();
    d.Server(packet);
    EXPECT_TRUE(d.closed());
    EXPECT_EQ(d.ToServer(), "");
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kClientGone));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kClientClosed));
  }
}

}  // namespace
}  // namespace headgate::mysql::testing
