#include "guard/live_findings.h"

#include "tests/guard/live_examples.h"

namespace headgate::guard {
namespace {

TEST(LiveFindings, AllWell) {
  const LiveFindings findings = JudgeLive(Good());
  EXPECT_THAT(findings, Each(Field(&LiveFinding::level, Level::kOk)));
  EXPECT_FALSE(AnyProblem(findings));
  EXPECT_THAT(findings, Contains(Is(Level::kOk, "it accepts the PROXY header")));
  EXPECT_THAT(findings, Contains(Is(Level::kOk, "USER() app@127.0.0.1")));
}

TEST(LiveFindings, EveryProblemHasARemedy) {
  LiveFacts f = Good();
  for (const auto answer :
       {LiveDoor::Answer::kNoConnection, LiveDoor::Answer::kSilent, LiveDoor::Answer::kClosed,
        LiveDoor::Answer::kError, LiveDoor::Answer::kForeign}) {
    f.door.answer = answer;
    const LiveFindings gate = About("gate", f);
    EXPECT_TRUE(AnyProblem(gate));
    EXPECT_THAT(gate.front().remedy, Not(IsEmpty()));
    EXPECT_THAT(About("login", f), IsEmpty());
    EXPECT_THAT(About("tls", f), IsEmpty());
  }
}

TEST(LiveFindings, TheServerItselfAtThePort) {
  LiveFacts f = Good();
  f.door.connection_id = 12;
  f.door.server_version = "10.11.6-MariaDB";
  EXPECT_THAT(About("gate", f),
              Contains(Is(Level::kProblem, "the server itself answers", "[gate] listen")));
  f.config.tls.mode = net::TlsMode::kPassthrough;
  EXPECT_FALSE(AnyProblem(About("gate", f))) << "its greeting is the server's";
}

TEST(LiveFindings, AnIdAloneIsNoProof) {
  LiveFacts f = Good();
  EXPECT_THAT(About("gate", f), Contains(Is(Level::kOk, "it is headgate")));
  f.knows_running = false;
  EXPECT_THAT(About("gate", f), Contains(Is(Level::kOk, "looks like headgate")));
  EXPECT_THAT(About("gate", f), Not(Contains(Is(Level::kOk, "it is headgate"))));
}

TEST(LivePrecautions, AccountThatCoversAnAddress) {
  EXPECT_TRUE(CoversAddress("app@%", At("192.0.2.5")));
  EXPECT_TRUE(CoversAddress("a@b@192.0.2.5", At("192.0.2.5")));
  EXPECT_TRUE(CoversAddress("app@192.0.2.%", At("192.0.2.5")));
  EXPECT_TRUE(CoversAddress("app@192.0.2._", At("192.0.2.5")));
  EXPECT_TRUE(CoversAddress("app@2001:db8::%", At("2001:db8::5")));
  for (const char* account : {"app@192.0.2.20", "app@localhost", "app@192.0.2._", "app@", "app",
                              "app@client.example", "app@%.example"}) {
    EXPECT_FALSE(CoversAddress(account, At("192.0.2.55"))) << account;
  }
}

TEST(LivePrecautions, MonitorsPasswordIsForTheGate) {
  LiveFacts f = Good();
  f.by_monitor = true;
  f.door.local = At("127.0.0.1");
  EXPECT_EQ(WhyNotTried(f), "");
  f.door.connection_id = 12;
  EXPECT_THAT(WhyNotTried(f), HasSubstr("instead of the gate"));
  f.by_monitor = false;
  EXPECT_EQ(WhyNotTried(f), "") << "who gives a password has chosen where";
  f.by_monitor = true;
  f.config.tls.mode = net::TlsMode::kPassthrough;
  EXPECT_EQ(WhyNotTried(f), "");
}

TEST(LivePrecautions, MonitorsLoginThatCouldOnlyFail) {
  LiveFacts f = Good();
  f.by_monitor = true;
  f.door.local = At("192.0.2.5");
  f.monitors[0].login.current_user = "headgate@127.0.0.1";
  EXPECT_THAT(WhyNotTried(f), HasSubstr("headgate@127.0.0.1"));
  f.not_tried = WhyNotTried(f);
  f.plain.reset();
  EXPECT_THAT(About("login", f), ElementsAre(Is(Level::kUnknown, "not tried", "--user NAME")));
  f.config.proxy_to_backend = ProxyToBackend::kOff;
  EXPECT_EQ(WhyNotTried(f), "") << "the server sees the gate";
  f.config.transparent = true;
  EXPECT_NE(WhyNotTried(f), "");
}

TEST(LiveFindings, RunningWithOtherSettings) {
  LiveFacts f = Good();
  f.differs = {"gate.mode: a -> b", "gate.drain: 1 -> 2"};
  EXPECT_THAT(About("gate", f),
              Contains(Is(Level::kProblem, "gate.mode: a -> b, and 1 more", "headgate diff")));
  f.knows_running = false;
  f.running_error = "no such socket";
  EXPECT_THAT(About("gate", f), Contains(Is(Level::kUnknown, "no such socket")));
}

TEST(LiveFindings, RefusalsSayWhatTheyMean) {
  const auto remedy = [](unsigned code, bool proxied) {
    LiveFacts f = Good();
    f.config.proxy_to_backend = proxied ? ProxyToBackend::kV2 : ProxyToBackend::kOff;
    f.plain = Refused(code, "words of the server");
    f.marked.reset();
    const LiveFindings login = About("login", f);
    EXPECT_THAT(login, Contains(Is(Level::kProblem, "words of the server"))) << code;
    return login.at(0).remedy;
  };
  EXPECT_THAT(remedy(1130, false),
              AllOf(HasSubstr("CREATE USER"), Not(HasSubstr("proxy_protocol_networks"))));
  EXPECT_THAT(remedy(1156, true), HasSubstr("transparent = true"));
  EXPECT_THAT(remedy(1045, true), HasSubstr("password"));
  EXPECT_THAT(remedy(1129, true), HasSubstr("FLUSH HOSTS"));
  EXPECT_THAT(remedy(1040, true), HasSubstr("headgate status"));
  EXPECT_THAT(remedy(5010, true), HasSubstr("in clear"));
  EXPECT_THAT(remedy(9999, true), Not(IsEmpty()));
}

TEST(LiveFindings, NotAllowedIsTheHeaderOrTheGrant) {
  const auto remedy = [](LiveFacts f, const char* text = "Host '192.0.2.5' is not allowed") {
    f.plain = Refused(1130, text);
    f.marked.reset();
    const LiveFindings login = About("login", f);
    EXPECT_THAT(login, ElementsAre(Is(Level::kProblem, text)));
    return login.at(0).remedy;
  };
  const auto is_header = HasSubstr("proxy_protocol_networks"), is_grant = HasSubstr("CREATE USER");
  LiveFacts f = Good();
  EXPECT_THAT(remedy(f, "Proxy header is not accepted from 192.0.2.20"),
              AllOf(is_header, Not(is_grant)));
  EXPECT_THAT(remedy(f), AllOf(is_grant, HasSubstr("the monitor is in"), Not(is_header)));
  f.monitors[0].proxied = false;
  EXPECT_THAT(remedy(f), AllOf(is_grant, is_header)) << "nothing tells which";
  f.config.proxy_to_backend = ProxyToBackend::kOff;
  f.config.transparent = true;
  EXPECT_THAT(remedy(f), AllOf(is_grant, HasSubstr("client's own address"), Not(is_header)));
}

TEST(LiveFindings, MonitorsAccountIsForTheGatesHostAlone) {
  LiveFacts f = Good();
  f.by_monitor = true;
  f.plain = Refused(1045, "denied");
  f.marked.reset();
  EXPECT_THAT(About("login", f), Contains(Is(Level::kUnknown, "denied", "--user NAME")));
  EXPECT_FALSE(AnyProblem(JudgeLive(f)));
  f.monitors[0].login = Refused(1045, "denied");  // then it is the password
  EXPECT_THAT(About("login", f), Contains(Is(Level::kProblem, "denied")));
  f.monitors[0].login.ok = true;
  f.plain = Refused(1130, "not allowed");
  EXPECT_THAT(About("login", f), Contains(Is(Level::kUnknown, "not allowed", "--user NAME")));
  f.monitors[0].proxied = false;
  EXPECT_THAT(About("login", f), Contains(Is(Level::kProblem, "not allowed")));
  f.config.proxy_to_backend = ProxyToBackend::kOff;
  EXPECT_THAT(About("login", f), Contains(Is(Level::kUnknown, "not allowed")));
  f.plain = Refused(1130, "Proxy header is not accepted from 192.0.2.20");
  EXPECT_THAT(About("login", f), Contains(Is(Level::kProblem, "not accepted")));
}

TEST(LiveFindings, NoAccountIsUnknownAndNoProblem) {
  LiveFacts f = Good();
  f.account.clear();
  f.plain.reset();
  f.marked.reset();
  f.monitors.clear();
  f.monitor_password = LivePassword::kMissing;
  f.password_error = "/etc/x: No such file";
  EXPECT_THAT(About("login", f), Contains(Is(Level::kUnknown, "/etc/x", "--user NAME")));
  EXPECT_THAT(About("server", f), Contains(Is(Level::kUnknown, "no login could ask")));
  EXPECT_FALSE(AnyProblem(JudgeLive(f)));
}

}  // namespace
}  // namespace headgate::guard
