// The gate before backends that fail: breaker, failover, and what clients are told meanwhile.
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/mysql/capabilities.h"
#include "tests/net/fake_backend.h"
#include "tests/net/running_gate.h"
#include "tests/net/sql_peer.h"

namespace headgate::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Mode = FakeBackend::Mode;

BackendStatus StatusOf(const Running& running, std::size_t index = 0) {
  return running.gate->Status().backends.at(index);
}

bool WaitFor(const Running& running, bool up, std::size_t index = 0) {
  return running.Until([&] { return StatusOf(running, index).up == up; });
}

std::string Current(const Running& running) { return running.gate->Status().backend; }

// A client that has logged in, or been told why not.
struct Login {
  explicit Login(const Running& running) : client(running.Client()) {
    if (!client.ReadPacket()) return;
    client.SendPacket(1, LoginPayload("app"));
    auto packet = client.ReadPacket();
    if (packet && packet->payload[0] == '\xfe') {
      client.SendPacket(3, std::string(20, 'x'));
      packet = client.ReadPacket();
    }
    if (!packet) return;
    ok = packet->payload[0] == '\0';
    if (packet->IsErr()) error = packet->ErrCode();
  }
  bool Ping() {
    client.SendPacket(0, "\x0e");
    const auto answer = client.ReadPacket();
    return answer && answer->payload == WireServer::kOk;
  }
  WirePeer client;
  bool ok = false;
  int error = 0;
};

Limits Quick() {
  Limits limits = Limits::Defaults();
  limits.login.deadline = milliseconds(200);
  limits.login.per_source = 8;
  return limits;
}

struct Pair {
  explicit Pair(bool sticky = true, GateOptions options = {}) {
    options.backends = {first.endpoint(), second.endpoint()};
    options.failover_sticky = sticky;
    gate = std::make_unique<Running>("", Quick(), options);
    EXPECT_TRUE(WaitFor(*gate, true, 0) && WaitFor(*gate, true, 1));
  }
  FakeBackend first, second;
  std::unique_ptr<Running> gate;
};

TEST(Breaker, ThreeRefusedConnectsOpenItAndAProbeClosesIt) {
  FakeBackend server;
  const Running running(server.endpoint());
  ASSERT_TRUE(WaitFor(running, true));
  EXPECT_TRUE(Login(running).ok);
  server.Stop();
  EXPECT_EQ(Login(running).error, 1105);
  EXPECT_EQ(Login(running).error, 1105);
  EXPECT_TRUE(StatusOf(running).up);
  EXPECT_EQ(Login(running).error, 1105);
  ASSERT_TRUE(WaitFor(running, false));
  EXPECT_EQ(StatusOf(running).last_error, "Connection refused");
  EXPECT_NE(StatusOf(running).state, "up");
  EXPECT_EQ(Login(running).error, 1105) << "greeted as ever, and told at once";
  server.Restart();
  ASSERT_TRUE(WaitFor(running, true));
  EXPECT_EQ(StatusOf(running).last_error, "");
  EXPECT_TRUE(Login(running).ok);
}

TEST(Breaker, AStoppedServerIsFoundByTwoLoginsAndNobodyElseConnects) {
  FakeBackend server;
  const Running running(server.endpoint(), Quick());
  ASSERT_TRUE(WaitFor(running, true));
  const int probes = server.probes();
  server.SetMode(Mode::kSilent);
  EXPECT_EQ(Login(running).error, 1105);
  EXPECT_TRUE(StatusOf(running).up);
  EXPECT_EQ(Login(running).error, 1105);
  ASSERT_TRUE(WaitFor(running, false));
  // The probe, which hangs.
  ASSERT_TRUE(running.Until([&] { return server.connections() == 4; }));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Login(running).error, 1105);
  EXPECT_EQ(server.connections(), 4);
  server.SetMode(Mode::kServe);
  ASSERT_TRUE(WaitFor(running, true)) << "by the greeting that the probe has waited for";
  EXPECT_EQ(server.connections(), 4);
  EXPECT_EQ(server.probes(), probes + 1);
  EXPECT_TRUE(Login(running).ok);
}

TEST(Breaker, WhoWaitsForAGreetingWhenItOpensIsToldAtOnce) {
  FakeBackend server;
  const Running running(server.endpoint(), Quick());
  ASSERT_TRUE(WaitFor(running, true));
  server.SetMode(Mode::kSilent);
  std::thread two([&] { EXPECT_EQ(Login(running).error, 1105); });
  EXPECT_TRUE(running.Until([&] { return server.connections() == 2; }));
  Limits patient = Quick();
  patient.login.deadline = seconds(60);
  running.engine->Publish(std::make_shared<const Limits>(patient), Now());
  std::thread third([&] { EXPECT_EQ(Login(running).error, 1105); });  // gives up after 10 s
  EXPECT_TRUE(running.Until([&] { return server.connections() == 3; }));
  running.engine->Publish(std::make_shared<const Limits>(Quick()), Now());
  EXPECT_EQ(Login(running).error, 1105);
  third.join();
  two.join();
}

TEST(Breaker, GarbageOrNothingInPlaceOfAGreetingIsAFailure) {
  for (const Mode mode : {Mode::kGarbage, Mode::kHangUp}) {
    FakeBackend server;
    const Running running(server.endpoint());
    ASSERT_TRUE(WaitFor(running, true));
    server.SetMode(mode);
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(StatusOf(running).up);
      EXPECT_EQ(Login(running).error, 1105);
    }
    ASSERT_TRUE(WaitFor(running, false));
    server.SetMode(Mode::kServe);
    EXPECT_TRUE(WaitFor(running, true));
  }
}

TEST(Breaker, AFullServerIsUpAndIsAskedAgainForItsGreeting) {
  WireServer server;
  const Running running(server.endpoint());
  server.Accept().SendPacket(0, "\xff\x10\x04Too many connections");
  ASSERT_TRUE(WaitFor(running, true));
  EXPECT_EQ(running.gate->Status().server_version, "");
  server.ServeProbe();
  EXPECT_TRUE(running.Until([&] { return !running.gate->Status().server_version.empty(); }));
}

TEST(Breaker, WhoGreetsIsUpWhateverBecomesOfTheLogin) {
  WireServer server;
  const Running running(server.endpoint());
  WirePeer probe = server.Accept();
  probe.Send(WireServer::GreetingPacket(1));
  ASSERT_TRUE(probe.ReadPacket());
  EXPECT_TRUE(WaitFor(running, true));
}

TEST(Failover, TheNextOneTakesOverAndKeepsIt) {
  Pair two;
  EXPECT_EQ(Current(*two.gate), two.first.endpoint());
  Login before(*two.gate);
  EXPECT_TRUE(before.ok && before.Ping());
  two.first.Stop();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Login(*two.gate).error, 1105);
  ASSERT_TRUE(two.gate->Until([&] { return Current(*two.gate) == two.second.endpoint(); }));
  const auto told = before.client.ReadPacket();
  ASSERT_TRUE(told && told->IsErr());
  EXPECT_EQ(told->ErrCode(), 1053);
  EXPECT_EQ(told->sequence, 0);
  EXPECT_TRUE(before.client.ReadsEnd());
  EXPECT_EQ(two.gate->acted(Reason::kFailover), 1U);
  EXPECT_TRUE(Login(*two.gate).ok);
  EXPECT_EQ(two.second.logins(), 1);
  two.first.Restart();
  ASSERT_TRUE(WaitFor(*two.gate, true, 0));
  EXPECT_TRUE(Login(*two.gate).ok);
  EXPECT_EQ(two.second.logins(), 2);
  EXPECT_EQ(Current(*two.gate), two.second.endpoint());
}

TEST(Failover, TheOperatorDecidesAboutTheWayBack) {
  Pair two;
  Gate& gate = *two.gate->gate;
  EXPECT_TRUE(absl::IsNotFound(gate.UseBackend("192.0.2.1:3306", Now())));
  EXPECT_TRUE(gate.UseBackend(two.first.endpoint(), Now()).ok()) << "it is";
  Login before(*two.gate);
  ASSERT_TRUE(before.ok);
  EXPECT_TRUE(gate.UseBackend(two.second.endpoint(), Now()).ok());
  EXPECT_EQ(before.client.ReadPacket()->ErrCode(), 1053);
  Login after(*two.gate);
  ASSERT_TRUE(after.ok);
  EXPECT_EQ(two.second.logins(), 1);
  two.first.Stop();
  EXPECT_TRUE(gate.UseBackend(two.first.endpoint(), Now()).ok()) << "up, as far as is known";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Login(*two.gate).error, 1105);
  ASSERT_TRUE(two.gate->Until([&] { return Current(*two.gate) == two.second.endpoint(); }));
  EXPECT_TRUE(absl::IsFailedPrecondition(gate.UseBackend(two.first.endpoint(), Now())));
}

TEST(Failover, TheOperatorIsNotLedToAServerThatWasNotHeardOfLately) {
  Pair two(/*sticky=*/false);
  two.second.Stop();
  const Time stale = Now() + BackendHealth::kFresh;
  ASSERT_TRUE(two.gate->Until([&] { return Now() > stale; }));
  Gate& gate = *two.gate->gate;
  const absl::Status refused = gate.UseBackend(two.second.endpoint(), Now());
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_NE(refused.message().find("it is being asked now, try again"), std::string::npos);
  EXPECT_TRUE(WaitFor(*two.gate, false, 1)) << "asked";
  two.second.Restart();
  EXPECT_TRUE(WaitFor(*two.gate, true, 1));
  EXPECT_TRUE(gate.UseBackend(two.second.endpoint(), Now()).ok());
}

TEST(Failover, TheLogHearsOfEachChangeOnce) {
  std::mutex mutex;
  std::vector<std::string> lines;
  const auto heard = [&](const std::string& part) {
    const std::lock_guard lock(mutex);
    return std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find(part) != std::string::npos;
    });
  };
  GateOptions options;
  options.on_event = [&](const std::string& line, bool warning) {
    const std::lock_guard lock(mutex);
    lines.push_back((warning ? "! " : "") + line);
  };
  Pair two(/*sticky=*/true, options);
  two.first.Stop();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Login(*two.gate).error, 1105);
  EXPECT_TRUE(two.gate->Until([&] { return heard(" takes over from ") > 0; }));
  two.first.Restart();
  EXPECT_TRUE(two.gate->Until([&] { return heard(" is up again") > 0; }));
  EXPECT_EQ(heard("! backend " + two.first.endpoint() + " is down: Connection refused"), 1);
  EXPECT_EQ(heard("! backend " + two.second.endpoint() + " takes over from " +
                  two.first.endpoint() + ": failover"),
            1);
  two.gate.reset();
  EXPECT_EQ(lines.size(), 3U);
}

TEST(Failover, OffStays) {
  Pair two(/*sticky=*/false);
  two.first.Stop();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(Login(*two.gate).error, 1105);
  EXPECT_TRUE(WaitFor(*two.gate, false, 0));
  EXPECT_EQ(Current(*two.gate), two.first.endpoint());
  EXPECT_TRUE(two.gate->gate->UseBackend(two.second.endpoint(), Now()).ok());
  EXPECT_TRUE(Login(*two.gate).ok);
}

TEST(Failover, WhoIsNotThereAnyMoreDoesNotTakeOver) {
  Pair two;
  two.second.Stop();
  const Time stale = Now() + BackendHealth::kFresh;
  ASSERT_TRUE(two.gate->Until([&] { return Now() > stale; }));
  two.first.Stop();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Login(*two.gate).error, 1105);
  ASSERT_TRUE(WaitFor(*two.gate, false, 1)) << "asked before it was trusted";
  EXPECT_EQ(Current(*two.gate), two.first.endpoint());
  two.second.Restart();
  EXPECT_TRUE(two.gate->Until([&] { return Current(*two.gate) == two.second.endpoint(); }));
}

TEST(Failover, ARestartBeginsWhereItWas) {
  FakeBackend first, second;
  GateOptions options;
  options.backends = {first.endpoint(), second.endpoint()};
  options.current_backend = second.endpoint();
  const Running running("", Limits::Defaults(), options);
  ASSERT_TRUE(running.WaitUntilUp());
  EXPECT_TRUE(Login(running).ok);
  EXPECT_EQ(second.logins(), 1);
}

TEST(Greetings, AreKeptAndGreetDuringAnOutage) {
  std::vector<KnownGreeting> kept;
  std::string backend;
  {
    FakeBackend server;
    const Running running(server.endpoint());
    ASSERT_TRUE(running.WaitUntilUp());
    kept = running.gate->Greetings();
    backend = server.endpoint();
  }
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].backend, backend);
  GateOptions options;
  options.greetings = kept;
  const Running running(backend, Limits::Defaults(), options);
  EXPECT_EQ(Login(running).error, 1105);
  EXPECT_EQ(running.gate->Greetings(), kept);
}

TEST(Greetings, OfferNoMoreThanAllOfThemHave) {
  FakeBackend first(WireServer::kCapabilities & ~mysql::kCapDeprecateEof);
  FakeBackend second(WireServer::kCapabilities & ~mysql::kCapSessionTrack);
  GateOptions options;
  options.backends = {first.endpoint(), second.endpoint()};
  const Running running("", Limits::Defaults(), options);
  ASSERT_TRUE(WaitFor(running, true, 0) && WaitFor(running, true, 1));
  const auto packet = running.Client().ReadPacket();
  ASSERT_TRUE(packet);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(packet->payload.data());
  const auto greeting = mysql::ParseGreeting({bytes, packet->payload.size()});
  ASSERT_TRUE(greeting);
  EXPECT_EQ(greeting->capabilities & mysql::kCapDeprecateEof, 0U);
  EXPECT_EQ(greeting->capabilities & mysql::kCapSessionTrack, 0U);
  EXPECT_NE(greeting->capabilities & mysql::kCapPluginAuth, 0U);
}

TEST(Greetings, OfAnotherOneOfferNothingThatOneKindOfServerLacks) {
  FakeBackend second(WireServer::kCapabilities | mysql::kCapQueryAttributes);
  for (const bool known : {false, true}) {
    GateOptions options;
    options.backends = {"127.0.0.1:1", second.endpoint()};
    if (known) options.current_backend = second.endpoint();
    const Running running("", Limits::Defaults(), options);
    ASSERT_TRUE(WaitFor(running, true, 1));
    const auto packet = running.Client().ReadPacket();
    ASSERT_TRUE(packet);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(packet->payload.data());
    const auto greeting = mysql::ParseGreeting({bytes, packet->payload.size()});
    ASSERT_TRUE(greeting);
    EXPECT_EQ((greeting->capabilities & mysql::kCapQueryAttributes) != 0, known);
  }
}

// With an account at the backend itself.
class MonitoredGate : public testing::Test {
 protected:
  MonitoredGate() {
    std::ofstream(file_) << "secret\n";
    chmod(file_.c_str(), 0600);
  }
  ~MonitoredGate() override { std::remove(file_.c_str()); }
  GateOptions Options() const {
    GateOptions options;
    options.monitor.user = "headgate";
    options.monitor.password_file = file_;
    options.monitor.interval = milliseconds(20);
    return options;
  }
  const std::string file_ = testing::TempDir() + "headgate-failover-" + std::to_string(getpid());
};

TEST_F(MonitoredGate, ItsLoginIsTheProbeAndTeachesTheGreeting) {
  SqlPeer server(SqlPeer::Usual);
  const Running running(server.endpoint(), Limits::Defaults(), Options());
  ASSERT_TRUE(running.WaitUntilUp());
  EXPECT_EQ(running.gate->Status().server_version, "5.5.5-10.11.6-MariaDB");
  ASSERT_TRUE(running.Until([&] { return StatusOf(running).monitor.looked != Time(); }));
  EXPECT_EQ(StatusOf(running).monitor.figures.max_connections, 151U);
  EXPECT_EQ(server.logins(), 1) << "nobody's failed login";
  EXPECT_TRUE(running.Client().ReadPacket());
}

TEST_F(MonitoredGate, APingWithoutAnAnswerOpensTheBreaker) {
  std::atomic<bool> hang{false};
  SqlPeer server([&](const std::string& sql) {
    return sql == "PING" && hang ? SqlPeer::Reply{.silent = true} : SqlPeer::Usual(sql);
  });
  const Running running(server.endpoint(), Limits::Defaults(), Options());
  ASSERT_TRUE(running.WaitUntilUp());
  ASSERT_TRUE(running.Until([&] { return running.gate->Status().monitor_up; }));
  hang = true;
  EXPECT_TRUE(WaitFor(running, false));
  hang = false;
  EXPECT_TRUE(WaitFor(running, true));
  EXPECT_TRUE(running.Until([&] { return running.gate->Status().monitor_up; }));
}

TEST_F(MonitoredGate, WithoutAPasswordFileTheProbeLearns) {
  FakeBackend server;
  std::remove(file_.c_str());
  const Running running(server.endpoint(), Limits::Defaults(), Options());
  ASSERT_TRUE(running.WaitUntilUp());
  EXPECT_EQ(server.probes(), 1);
}

}  // namespace
}  // namespace headgate::net
