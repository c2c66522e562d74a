// Each event in the phases where it comes seldom: who is told of what, and what is left alone.
#include "net/mysql/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kDenied = "#28000Access denied";
const std::string kFullAt2 = Err(2, 1040, "#08004Too many connections");
const std::string kToBob = Command(0x11, "bob" + kNul + kNul + kNul);

// A client without TLS whose backend is being connected to.
struct Connecting : Driver {
  Connecting() {
    connect = false;
    ToClient();
    Client(Packet(1, LoginPayload({})));
    EXPECT_EQ(session().phase(), Phase::kConnecting);
  }
};

// A client that has asked to be let in.
struct Waiting : Driver {
  Waiting() {
    answer_admission = false;
    ToClient();
    Client(Packet(1, LoginPayload({})));
    EXPECT_EQ(session().phase(), Phase::kAwaitAdmission);
  }
};

// From the greeting to the end of a login that nobody is there for any more.
void EndAtTheServer(Driver& d) {
  d.Server(RawGreeting(MariaDb1011()));
  d.ToServer();
  d.Server(AuthSwitch(2, "mysql_native_password"));
  EXPECT_EQ(d.ToServer(), Packet(3, ""));
  EXPECT_THAT(d.failures, IsEmpty()) << "the lane is held until the server has answered";
  d.Server(Err(4, 1045, kDenied));
}

TEST(SessionEvicted, BeforeTheServersGreetingItsLoginIsEndedPolitely) {
  for (const bool connected : {false, true}) {
    Connecting d;
    if (connected) d.Connected();
    d.Evict(Reason::kBanApplied);
    EXPECT_EQ(d.session().phase(), Phase::kFinishing);
    if (!connected) d.Connected();
    EndAtTheServer(d);
    EXPECT_EQ(d.ToClient(), kFullAt2);
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kClientGone));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kBanApplied));
    EXPECT_TRUE(d.closed());
  }
}

TEST(SessionEvicted, AtTheSwitch) {
  AtEveryCut([](Driver& d) {
    ToSwitch(d);
    d.Evict(Reason::kFailover);
    EXPECT_EQ(d.ToServer(), Packet(3, ""));
    d.Evict(Reason::kBanApplied);  // once is enough
    d.Server(Err(4, 1045, kDenied));
    EXPECT_EQ(d.ToClient(), Err(2, 1053, "#08S01Server shutdown in progress"));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kFailover));
  });
}

TEST(SessionEvicted, WhoeverWaitsToBeLetInIsToldWhy) {
  Waiting d;
  d.Evict(Reason::kDraining);
  EXPECT_EQ(d.ToClient(), Err(2, 1053, "#08S01Server shutdown in progress"));
  EXPECT_EQ(d.opened, 0);
}

TEST(SessionEvicted, BehindTlsThatPassesThrough) {
  Driver d(MySql80(), Driver::kWhole, TlsUse::kPassthrough);
  d.Server(RawGreeting(MySql80()));
  d.ToClient();
  d.Evict(Reason::kBanApplied);
  EXPECT_THAT(d.ToServer(), HasSubstr("headgate-probe"));
  d.Server(Err(2, 1045, kDenied));
  EXPECT_EQ(d.ToClient(), Err(1, 1040, "#08004Too many connections"));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kBanApplied));
}

TEST(SessionDeadline, WhoeverWaitsToBeLetIn) {
  Waiting d;
  d.Event(&Session::OnDeadline);
  EXPECT_EQ(d.ToClient(), kFullAt2);
  EXPECT_THAT(d.ends, ElementsAre(Reason::kWaitingDeadline));
  EXPECT_THAT(d.failures, IsEmpty());
}

TEST(SessionDeadline, AServerThatDoesNotGreetInTime) {
  for (const bool connected : {false, true}) {
    Connecting d;
    if (connected) d.Connected();
    d.Event(&Session::OnDeadline);
    EXPECT_THAT(d.ToClient(), HasSubstr("cannot be reached"));
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kUnreachable));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kBackendUnreachable));
  }
}

TEST(SessionDeadline, ThereIsNoneForThoseWhoAreInOrLeaving) {
  Driver in;
  in.LogIn();
  in.Event(&Session::OnDeadline);
  EXPECT_EQ(in.session().phase(), Phase::kCommand);
  in.Event(&Session::OnClientClosed);
  in.Event(&Session::OnDeadline);
  EXPECT_EQ(in.session().phase(), Phase::kOrphaned);
  EXPECT_THAT(in.ends, ElementsAre(Reason::kClientClosed));
}

TEST(SessionClientClosed, WhileItWaitsToBeLetIn) {
  Waiting d;
  d.Event(&Session::OnClientClosed);
  EXPECT_EQ(d.ToClient(), "");
  EXPECT_TRUE(d.closed());
  EXPECT_THAT(d.ends, ElementsAre(Reason::kClientClosed));
  EXPECT_THAT(d.failures, IsEmpty()) << "no login has begun";
}

// The engine answers to somebody who is gone by then.
TEST(SessionClientClosed, AnAdmissionThatComesTooLateOpensNothing) {
  Waiting d;
  static_cast<void>(d.session().OnClientClosed());
  EXPECT_EQ(d.session().OnAdmission(true, Reason::kNone).kind, Action::Kind::kWait);
  EXPECT_EQ(d.session().phase(), Phase::kClosed);
}

TEST(SessionClientClosed, AndTheServerIsNotToBeHadEither) {
  Connecting d;
  d.Event(&Session::OnClientClosed);
  d.Event(&Session::OnBackendFailed);
  EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kClientGone));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kClientClosed));
  EXPECT_TRUE(d.closed());
}

TEST(SessionClientClosed, BeforeItsFirstPacketWhereTlsPassesThrough) {
  Driver d(MySql80(), Driver::kWhole, TlsUse::kPassthrough);
  d.Server(RawGreeting(MySql80()));
  d.Event(&Session::OnClientClosed);
  EXPECT_THAT(d.ToServer(), HasSubstr("headgate-probe"));
  d.Server(AuthSwitch(2, "caching_sha2_password"));
  EXPECT_EQ(d.ToServer(), Packet(3, ""));
  d.Server(Err(4, 1045, kDenied));
  EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kClientGone));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kClientClosed));
}

TEST(SessionServerClosed, DuringThePoliteEnd) {
  Driver d;
  ToSwitch(d);
  d.Event(&Session::OnDeadline);
  d.Event(&Session::OnServerClosed);
  EXPECT_THAT(d.ToClient(), HasSubstr("Got timeout"));
  EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kStalled));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kLoginDeadline));
}

// What one poll has said is not said again by the event that comes before the next.
TEST(SessionServerClosed, TheEngineIsToldOfAFailedLoginOnce) {
  using End = Action (Session::*)();
  for (const End end : {End{&Session::OnServerClosed}, End{&Session::OnDeadline}}) {
    Driver d;
    ToSwitch(d);
    d.Client(Packet(3, std::string(20, 'x')));
    Session& s = d.session();
    const std::string err = Err(4, 1045, kDenied);
    EXPECT_EQ(s.OnServerBytes(AsBytes(err)).kind, Action::Kind::kLoginFailed);
    const Action last = (s.*end)();
    EXPECT_EQ(last.kind, Action::Kind::kClose);
    EXPECT_EQ(last.reason, Reason::kLoginFailed);
    EXPECT_EQ(Str(last.bytes), err);
  }
}

TEST(SessionServerClosed, BehindAnOkThatTheEngineWasToldOfNoLoginFails) {
  Driver d;
  ToSwitch(d);
  d.Client(Packet(3, std::string(20, 'x')));
  const std::string ok = Ok(4);
  EXPECT_EQ(d.session().OnServerBytes(AsBytes(ok)).kind, Action::Kind::kLoginOk);
  d.Event(&Session::OnServerClosed);
  EXPECT_TRUE(d.closed());
  EXPECT_THAT(d.failures, IsEmpty());
  EXPECT_THAT(d.ends, ElementsAre(Reason::kBackendClosed));
}

// --- between a COM_CHANGE_USER and the engine's answer to it

struct Changing : Driver {
  Changing() {
    LogIn();
    answer_admission = false;
    Client(kToBob);
    EXPECT_EQ(session().phase(), Phase::kReauthAdmission);
  }
};

TEST(SessionReauthAdmission, WhatIsBehindItWaits) {
  Changing d;
  d.Client(Query("SELECT 1"));
  d.Server(Ok(1));  // of nothing: not looked at yet
  d.Event(&Session::OnDeadline);
  EXPECT_EQ(d.ToServer(), "");
  EXPECT_EQ(d.ToClient(), "");
  EXPECT_EQ(d.session().phase(), Phase::kReauthAdmission);
}

TEST(SessionReauthAdmission, EitherSideMayLeave) {
  Changing client;
  client.Event(&Session::OnClientClosed);
  EXPECT_TRUE(client.half_closed);
  EXPECT_THAT(client.ends, ElementsAre(Reason::kClientClosed));
  Changing server;
  server.Event(&Session::OnServerClosed);
  EXPECT_TRUE(server.closed());
  EXPECT_THAT(server.ends, ElementsAre(Reason::kBackendClosed));
  for (const Driver* d : {static_cast<Driver*>(&client), static_cast<Driver*>(&server)}) {
    EXPECT_THAT(d->failures, IsEmpty());
  }
}

TEST(SessionReauthAdmission, EvictedItHoldsItsSlotUntilTheServersFin) {
  Changing d;
  d.Evict(Reason::kDraining);
  EXPECT_TRUE(d.half_closed);
  EXPECT_FALSE(d.closed());
  EXPECT_THAT(d.ToClient(), HasSubstr("Server shutdown in progress"));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kDraining));
  d.Event(&Session::OnServerClosed);
  EXPECT_TRUE(d.closed());
}

TEST(SessionReauthAdmission, WhoseSlotIsWantedBackIsToldAsWhoIsIdle) {
  Changing d;
  d.Admission(false, Reason::kReclaimed);
  EXPECT_EQ(d.ToServer(), "");
  EXPECT_THAT(d.ToClient(), HasSubstr("because of inactivity"));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kReclaimed));
  EXPECT_TRUE(d.half_closed);
}

// --- called back, or banned, amid a COM_CHANGE_USER

TEST(SessionReauth, EvictedItsLoginIsEndedPolitely) {
  for (const bool asked : {false, true}) {
    Driver d;
    d.LogIn();
    d.Client(kToBob);
    d.ToServer();
    if (asked) d.Server(AuthSwitch(1, "mysql_native_password"));
    d.ToClient();
    d.Evict(Reason::kReclaimed);
    EXPECT_EQ(d.session().phase(), Phase::kFinishing);
    if (!asked) d.Server(AuthSwitch(1, "mysql_native_password"));
    d.Client(Packet(2, "01234567890123456789"));  // too late
    EXPECT_EQ(d.ToServer(), Packet(2, "")) << "nothing of the client's";
    d.Server(Err(3, 1045, kDenied));
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kClientGone));
    EXPECT_THAT(d.ToClient(), HasSubstr("because of inactivity"));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kReclaimed));
    EXPECT_TRUE(d.half_closed);
    EXPECT_FALSE(d.closed()) << "the slot is the server's until its FIN";
    d.Event(&Session::OnServerClosed);
    EXPECT_TRUE(d.closed());
  }
}

// --- what a client may send ahead

TEST(SessionAhead, TooMuchOfItEndsALoginWhoseBackendIsOnlyConnectedTo) {
  for (const bool connected : {false, true}) {
    Connecting d;
    if (connected) d.Connected();
    d.Client(Query(std::string(16 * 1024 - 1, 'x')));
    EXPECT_EQ(d.session().phase(), connected ? Phase::kAwaitServerGreeting : Phase::kConnecting);
    d.Client("x");
    EXPECT_EQ(d.session().phase(), Phase::kFinishing);
    if (!connected) d.Connected();
    EndAtTheServer(d);
    EXPECT_THAT(d.ToClient(), HasSubstr("Malformed communication packet"));
    EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kMalformed));
    EXPECT_THAT(d.ends, ElementsAre(Reason::kProtocolError));
  }
}

TEST(SessionAhead, AtTheSwitchAsWell) {
  Driver d;
  ToSwitch(d);
  d.Client(Packet(0, std::string(16 * 1024, 'x')));
  EXPECT_THAT(d.ends, IsEmpty());
  EXPECT_EQ(d.ToServer(), "");
  d.Client("x");
  EXPECT_EQ(d.ToServer(), Packet(3, ""));
  d.Server(Err(4, 1045, kDenied));
  EXPECT_THAT(d.failures, ElementsAre(LoginFailure::kMalformed));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kProtocolError));
}

// In a capture the login itself may be what comes ahead of a greeting that was not captured.
TEST(SessionAhead, OfWhatIsWatchedNobodyIsBlamed) {
  Driver d(MariaDb1011(), Driver::kWhole, TlsUse::kNone, false, /*watch=*/true);
  d.Client(std::string(17 * 1024, 'x'));
  EXPECT_EQ(d.session().unread(), Unread::kNotUnderstood);
  EXPECT_EQ(d.session().phase(), Phase::kOpaque);
  EXPECT_EQ(d.ok, 1);
  EXPECT_THAT(d.ends, IsEmpty());
}

TEST(SessionWatched, AServerThatLeavesBetweenItsGreetingAndTheLoginEndsNothing) {
  Driver d(MariaDb1011(), Driver::kWhole, TlsUse::kNone, false, /*watch=*/true);
  d.Server(RawGreeting(MariaDb1011()));
  EXPECT_EQ(d.session().OnServerClosed().kind, Action::Kind::kWait);
  EXPECT_EQ(d.session().phase(), Phase::kAwaitLogin);
}

// --- after the end

TEST(SessionClosed, NothingMoreIsDoneOrSaid) {
  Driver d;
  d.Event(&Session::OnDeadline);
  ASSERT_TRUE(d.closed());
  Session& s = d.session();
  const std::string bytes = Packet(1, LoginPayload({}));
  const Action answers[] = {s.OnClientBytes(AsBytes(bytes)),
                            s.OnServerBytes(AsBytes(bytes)),
                            s.OnAdmission(true, Reason::kNone),
                            s.OnBackendConnected(),
                            s.OnBackendFailed(),
                            s.OnClientClosed(),
                            s.OnServerClosed(),
                            s.OnDeadline(),
                            s.OnEvicted(Reason::kBanApplied),
                            s.OnCommandVerdict({})};
  for (const Action& a : answers) EXPECT_EQ(a.kind, Action::Kind::kWait);
  EXPECT_EQ(s.phase(), Phase::kClosed);
}

// The slot is the server's to give back: only its FIN ends what the client has left.
TEST(SessionClosed, OrphansWaitForTheServersFinAndNothingElse) {
  Driver d;
  d.LogIn();
  d.Event(&Session::OnClientClosed);
  Session& s = d.session();
  EXPECT_EQ(s.OnClientClosed().kind, Action::Kind::kWait);
  EXPECT_EQ(s.OnEvicted(Reason::kBanApplied).kind, Action::Kind::kWait);
  EXPECT_EQ(s.OnClientBytes(AsBytes("late")).kind, Action::Kind::kDiscard);
  EXPECT_EQ(s.OnClientBytes({}).kind, Action::Kind::kWait);
  EXPECT_EQ(s.OnServerClosed().kind, Action::Kind::kClose);
}

TEST(SessionStreaming, SaysSoWhileABinlogIsSent) {
  Driver d;
  EXPECT_FALSE(d.session().streaming());
  d.LogIn();
  EXPECT_FALSE(d.session().streaming());
  d.Client(Command(0x12, std::string(10, '\0')));
  d.Server(Packet(1, kNul + "an event"));
  EXPECT_TRUE(d.session().streaming());
}

}  // namespace
}  // namespace headgate::mysql::testing
