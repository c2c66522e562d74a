#include "guard/live_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/address_text.h"

namespace headgate::guard {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Level = LiveFinding::Level;

Address At(const char* text) { return *net::ParseAddress(text); }

LiveLogin In(const std::string& user, const char* local) {
  LiveLogin login;
  login.ok = true;
  login.user = user;
  login.current_user = "app@%";
  login.server_id = "77";
  login.server_version = "10.11.6-MariaDB";
  login.local = At(local);
  login.knows_server_tls = true;
  if (const auto seen = net::ParseAddress(user.substr(user.rfind('@') + 1))) login.seen = {*seen};
  return login;
}

LiveLogin Refused(unsigned code, const std::string& error) {
  LiveLogin login;
  login.code = code;
  login.error = std::to_string(code) + " " + error;
  return login;
}

// A gate on the database's host that passes identity on, its monitor, and a server that suits it.
LiveFacts Good() {
  LiveFacts f;
  f.gate = "127.0.0.1:3306";
  f.config.backend = {*ParseEndpoint("127.0.0.1:3307")};
  f.config.proxy_to_backend = ProxyToBackend::kV2;
  f.config.monitor.user = "headgate";
  f.door.answer = LiveDoor::Answer::kGreeting;
  f.door.connection_id = 0x40000001;
  f.knows_running = true;
  f.account = "app";
  f.plain = In("app@127.0.0.1", "127.0.0.1");
  f.marked = In("app@127.72.71.1", "127.72.71.1");
  f.monitor_password = LivePassword::kGiven;
  f.monitors = {{"127.0.0.1:3307", true, In("headgate@127.0.0.1", "127.0.0.1"), true, "", {}}};
  f.settings = {true, true, 100, false, "127.0.0.1", "3307", "127.0.0.1"};
  f.backend_local = true;
  return f;
}

// Those about one thing.
LiveFindings About(const std::string& about, const LiveFacts& facts) {
  LiveFindings out;
  for (const LiveFinding& f : JudgeLive(facts)) {
    if (f.about == about) out.push_back(f);
  }
  return out;
}

auto Is(Level level, const std::string& text, const std::string& remedy = "") {
  return AllOf(Field("level", &LiveFinding::level, level),
               Field("text", &LiveFinding::text, HasSubstr(text)),
               Field("remedy", &LiveFinding::remedy, HasSubstr(remedy)));
}

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
  f.settings = {};
  f.monitor_password = LivePassword::kMissing;
  f.password_error = "/etc/x: No such file";
  EXPECT_THAT(About("login", f), Contains(Is(Level::kUnknown, "/etc/x", "--user NAME")));
  EXPECT_THAT(About("server", f), Contains(Is(Level::kUnknown, "no login could ask")));
  EXPECT_FALSE(AnyProblem(JudgeLive(f)));
}

LiveFacts Remote(const std::string& user, const char* local) {
  LiveFacts f = Good();
  f.own_host = false;
  f.monitors.clear();
  f.marked.reset();
  f.plain = In(user, local);
  return f;
}

TEST(LiveIdentity, SeenFromAnotherHost) {
  EXPECT_THAT(About("identity", Remote("app@192.0.2.5", "192.0.2.5")),
              Contains(Is(Level::kOk, "as they are")));
  EXPECT_THAT(About("identity", Remote("app@192.0.2.20", "192.0.2.5")),
              Contains(Is(Level::kProblem, "the gate's own address", "headgate diff")));
  EXPECT_THAT(About("identity", Remote("app@localhost", "192.0.2.5")),
              Contains(Is(Level::kProblem, "every client is localhost")));
}

TEST(LiveIdentity, OfAHostWithAName) {
  LiveFacts f = Remote("app@client.example", "192.0.2.5");
  EXPECT_THAT(About("identity", f), ElementsAre(Is(Level::kUnknown, "stands for none")));
  // This host's own /etc/hosts: not what the server has seen.
  f.plain->seen = {At("127.0.1.1")};
  EXPECT_THAT(About("identity", f), ElementsAre(Is(Level::kUnknown, "127.0.1.1", "/etc/hosts")));
  f.plain->local = At("127.0.1.1");
  EXPECT_THAT(About("identity", f), ElementsAre(Is(Level::kUnknown, "127.0.1.1")));
  f.plain->local = At("192.0.2.5");
  f.plain->seen = {At("192.0.2.20")};
  EXPECT_TRUE(AnyProblem(About("identity", f)));
  f.plain->seen = {At("127.0.1.1"), At("192.0.2.5")};
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kOk, "app@client.example")));
}

TEST(LiveIdentity, PlainByConfigurationIsAWarning) {
  LiveFacts f = Remote("app@192.0.2.20", "192.0.2.5");
  f.config.proxy_to_backend = ProxyToBackend::kOff;
  EXPECT_THAT(About("identity", f),
              Contains(Is(Level::kWarning, "without a PROXY header", "docs/identity.md")));
  f.plain = In("app@localhost", "192.0.2.5");
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kProblem, "every client is localhost")));
  f.config.clients_become_localhost = true;
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kWarning, "every client is localhost")));
}

TEST(LiveIdentity, CollapsedOnOneHost) {
  LiveFacts f = Good();
  f.marked = In("app@127.0.0.1", "127.72.71.1");
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kProblem, "every client is localhost")));
  f.config.proxy_to_backend = ProxyToBackend::kOff;
  f.config.clients_become_localhost = true;
  f.marked.reset();  // the account is not granted to that address
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kWarning, "every client is localhost")));
}

TEST(LiveIdentity, OneHostWithoutAMarkCannotTell) {
  LiveFacts f = Good();
  f.marked = Refused(1045, "denied");
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kOk, "came through with one")));
  f.knows_running = false;
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kUnknown, "same host", "--connect")));
  f.config.proxy_to_backend = ProxyToBackend::kOff;
  f.config.transparent = true;
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kUnknown, "same host", "--connect")));
}

TEST(LiveIdentity, TransparentThatDoesNotGetThrough) {
  LiveFacts f = Remote("app@192.0.2.20", "192.0.2.5");
  f.config.proxy_to_backend = ProxyToBackend::kOff;
  f.config.transparent = true;
  EXPECT_THAT(About("identity", f),
              Contains(Is(Level::kProblem, "gate's own address", "headgate firewall print")));
  f.plain = In("app@192.0.2.5", "192.0.2.5");
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kOk, "transparent works")));
}

TEST(LiveIdentity, TransparentShowsNothingOnTheGatesHost) {
  LiveFacts f = Good();
  f.config.proxy_to_backend = ProxyToBackend::kOff;
  f.config.transparent = true;
  f.marked.reset();
  // Two addresses of the gate's own host: binding to either takes no rule and no route.
  f.plain = In("app@192.0.2.1", "192.0.2.1");
  f.monitors[0].login = In("headgate@198.51.100.1", "198.51.100.1");
  EXPECT_THAT(About("identity", f), ElementsAre(Is(Level::kUnknown, "same host", "--connect")));
  // A client from loopback is shown as the gate on purpose.
  f.plain = In("app@198.51.100.1", "127.0.0.1");
  EXPECT_THAT(About("identity", f), ElementsAre(Is(Level::kUnknown, "same host", "--connect")));
  f.plain = In("app@198.51.100.1", "192.0.2.1");
  EXPECT_THAT(About("identity", f), ElementsAre(Is(Level::kProblem, "the gate's own address")));
}

TEST(LiveIdentity, AThirdAddressIsNobodys) {
  LiveFacts f = Good();
  f.marked = In("app@198.51.100.9", "127.72.71.1");
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kProblem, "neither")));
}

LiveFacts WithTls() {
  LiveFacts f = Good();
  f.config.tls.mode = net::TlsMode::kTerminate;
  f.door.offers_tls = true;
  f.tls = f.plain;
  f.tls->cipher = "TLS_AES_256_GCM_SHA384";
  f.tls->version = "TLSv1.3";
  f.tls->server_cipher = "TLS_AES_128_GCM_SHA256";
  f.tls->server_tls_version = "TLSv1.2";
  return f;
}

TEST(LiveTls, BothLegs) {
  const LiveFindings findings = About("tls", WithTls());
  EXPECT_THAT(
      findings,
      Contains(Is(Level::kOk, "client leg TLSv1.3 TLS_AES_256_GCM_SHA384, backend leg TLSv1.2")));
  EXPECT_THAT(findings, Contains(Is(Level::kOk, "a client without TLS: both legs plain")));
  EXPECT_FALSE(AnyProblem(findings));
}

TEST(LiveTls, PlainBackendLegOfATlsClient) {
  LiveFacts f = WithTls();
  f.tls->server_cipher.clear();
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "passwords cross that wire")));
  f.config.tls.backend_plaintext = true;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kWarning, "backend_plaintext")));
  f.backend_local = false;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "passwords cross that wire")));
  f.tls->knows_server_tls = false;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kUnknown, "does not say")));
}

TEST(LiveTls, TlsBackendLegOfAPlainClient) {
  LiveFacts f = Good();
  f.plain->server_cipher = "TLS_AES_256_GCM_SHA384";
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "past REQUIRE SSL")));
}

TEST(LiveTls, OfferedOrNotAgainstTheFile) {
  LiveFacts f = Good();
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kOk, "clients are offered none")));
  f.door.offers_tls = true;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "this file says tls = \"off\"")));
  f = WithTls();
  f.door.offers_tls = false;
  f.tls.reset();
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "none is offered")));
}

TEST(LiveTls, OneOfTheTwoLoginsFails) {
  LiveFacts f = WithTls();
  f.plain = Refused(1045, "denied");
  f.marked.reset();
  EXPECT_FALSE(AnyProblem(JudgeLive(f))) << "an account that says REQUIRE SSL";
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kWarning, "without TLS", "REQUIRE SSL")));
  f = WithTls();
  f.tls = Refused(2026, "handshake");
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "handshake", "log")));
  f.config.tls.client_certificates = net::ClientCertificates::kRequired;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "handshake", "client_certificates")));
  f.tls = f.plain;  // logged in, and yet without
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "has none")));
}

TEST(LiveTls, Passthrough) {
  LiveFacts f = WithTls();
  f.config.tls.mode = net::TlsMode::kPassthrough;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "ends the TLS")));
  f.tls->server_cipher = f.tls->cipher;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kOk, "end to end")));
}

TEST(LiveTls, Certificate) {
  LiveFacts f = WithTls();
  LiveCertificate& c = f.certificate.emplace();
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kUnknown, "was not seen")));
  c.shown = c.trusted = true;
  c.days_left = 60;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kOk, "trusts")));
  c.days_left = 20;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kWarning, "ends in 20 days", "renew")));
  c.days_left = -1;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "past its end", "renew")));
  c.days_left = 60;
  c.trusted = false;
  c.self_signed = true;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kWarning, "signed by itself")));
  c.self_signed = false;
  c.why_not = "unable to get local issuer certificate";
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kWarning, "local issuer")));
}

TEST(LiveMonitors, LackingPrivilegesNamesTheGrant) {
  LiveFacts f = Good();
  LiveMonitor& m = f.monitors.front();
  m.login.current_user = "o'neill@10.%";
  m.lacks = {"PROCESS", "CONNECTION ADMIN"};
  const auto remedy = [&] { return About("monitor", f).at(0).remedy; };
  EXPECT_THAT(remedy(), HasSubstr("GRANT PROCESS, CONNECTION ADMIN ON *.* TO 'o''neill'@'10.%'"));
  EXPECT_TRUE(AnyProblem(JudgeLive(f)));
  m.lacks = {"CONNECTION ADMIN"};
  m.login.server_version = "8.0.36";
  EXPECT_THAT(remedy(), HasSubstr("GRANT CONNECTION_ADMIN ON"));
  m.login.server_version = "5.7.44-log";
  EXPECT_THAT(remedy(), HasSubstr("GRANT SUPER ON"));
  m.login.server_version = "5.5.5-10.4.34-MariaDB";
  EXPECT_THAT(remedy(), HasSubstr("GRANT SUPER ON"));
}

TEST(LiveMonitors, RefusedAndSlow) {
  LiveFacts f = Good();
  f.monitors[0].login = Refused(1130, "Proxy header is not accepted from 192.0.2.20");
  EXPECT_THAT(About("monitor", f),
              Contains(Is(Level::kProblem, "not accepted", "proxy_protocol_networks")));
  f.monitors[0].login = Refused(1130, "not allowed");
  EXPECT_THAT(About("monitor", f), Contains(Is(Level::kProblem, "not allowed", "docs/monitor.md")));
  f.monitors[0].proxied = false;
  EXPECT_THAT(About("monitor", f), Contains(Is(Level::kProblem, "not allowed", "docs/monitor.md")));
  f = Good();
  f.monitors[0].login.took = std::chrono::seconds(5);
  EXPECT_THAT(About("monitor", f),
              Contains(Is(Level::kWarning, "took 5.0 s", "skip_name_resolve")));
}

TEST(LiveMonitors, PasswordFile) {
  LiveFacts f = Good();
  f.monitors.clear();
  f.password_error = "/etc/pw";
  f.monitor_password = LivePassword::kUnreadable;
  EXPECT_THAT(About("monitor", f), Contains(Is(Level::kUnknown, "/etc/pw", "as root")));
  f.monitor_password = LivePassword::kUnusable;
  EXPECT_THAT(About("monitor", f), Contains(Is(Level::kProblem, "not used", "/etc/pw")));
  f.monitor_password = LivePassword::kMissing;
  EXPECT_THAT(About("monitor", f), Contains(Is(Level::kOk, "none is set up", "docs/monitor.md")));
}

TEST(LiveServer, NamesAndWaysAround) {
  LiveFacts f = Good();
  f.settings.skip_name_resolve = false;
  EXPECT_THAT(About("server", f), Contains(Is(Level::kWarning, "after 100 in a row", "= ON")));
  f.settings.skip_name_resolve.reset();
  EXPECT_THAT(About("server", f), Contains(Is(Level::kUnknown, "skip_name_resolve")));
  for (const char* bind : {"", "*", "0.0.0.0", "::", "192.0.2.10"}) {
    f.settings.bind_address = bind;
    EXPECT_THAT(About("bypass", f), Contains(Is(Level::kWarning, "port 3307", "bind_address")))
        << bind;
  }
  f.settings.bind_address = "::1";
  EXPECT_THAT(About("bypass", f), Contains(Is(Level::kOk, "loopback alone")));
  f.settings.bind_address.reset();
  EXPECT_THAT(About("bypass", f), Contains(Is(Level::kUnknown, "does not say")));
  f.settings.skip_networking = true;
  EXPECT_THAT(About("bypass", f), Contains(Is(Level::kOk, "no TCP port")));
  f.backend_local = false;
  EXPECT_THAT(About("bypass", f), Contains(Is(Level::kUnknown, "from here", "firewall")));
}

}  // namespace
}  // namespace headgate::guard
