// The gate and what logged-in clients ask: held, refused, closed, killed, as the sockets see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <future>
#include <memory>
#include <string>

#include "tests/net/running_gate.h"
#include "tests/net/sql_peer.h"

namespace headgate::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string kPing = "\x0e";
const std::string kSlowSelect = "\x03SELECT BENCHMARK(1000000000, MD5('a'))";

// Whether nothing comes from there for as long as a message inside this machine never takes.
bool StaysSilent(const WirePeer& peer) {
  pollfd ready{peer.fd(), POLLIN, 0};
  return poll(&ready, 1, 300) == 0;
}

void ExpectPingWorks(WirePeer& client, WirePeer& backend) {
  client.SendPacket(0, kPing);
  const auto seen = backend.ReadPacket();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->payload, kPing);
  backend.SendPacket(1, WireServer::kOk);
  const auto answer = client.ReadPacket();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->payload, WireServer::kOk);
}

// A gate whose clients' queries the test answers itself.
class GateCommands : public testing::Test {
 protected:
  ~GateCommands() override { std::remove(file_.c_str()); }

  void Start(const Limits& limits, GateOptions options = {}) {
    running_ = std::make_unique<Running>(server_.endpoint(), limits, std::move(options));
    server_.ServeProbe();
    ASSERT_TRUE(running_->WaitUntilUp());
  }
  // With a monitor whose server answers as `answer` says.
  void StartMonitored(const Limits& limits, SqlPeer::Answer answer = SqlPeer::Usual) {
    monitor_ = std::make_unique<SqlPeer>(std::move(answer));
    std::ofstream(file_) << "secret\n";
    chmod(file_.c_str(), 0600);
    GateOptions options;
    options.monitor.user = "headgate";
    options.monitor.password_file = file_;
    options.monitor.address = monitor_->endpoint();
    options.monitor.interval = milliseconds(20);
    Start(limits, options);
    ASSERT_TRUE(running_->Until([this] { return running_->gate->Status().monitor_up; }));
  }
  [[nodiscard]] bool Killed(const std::string& how) const {
    return running_->Until([&] { return !monitor_->Asked(how).empty(); });
  }

  const std::string file_ = testing::TempDir() + "headgate-commands-" + std::to_string(getpid());
  WireServer server_;
  std::unique_ptr<SqlPeer> monitor_;
  std::unique_ptr<Running> running_;
};

TEST_F(GateCommands, ARefusedCommandNeverReachesTheServerAndTheSessionLivesOn) {
  Start(Limits::Defaults());
  LoggedIn session(*running_, server_);
  session.client.SendPacket(0, "\x0d");  // COM_DEBUG
  const auto err = session.client.ReadPacket();
  ASSERT_TRUE(err && err->IsErr());
  EXPECT_EQ(err->ErrCode(), 1148);
  EXPECT_EQ(err->sequence, 1);
  ExpectPingWorks(session.client, *session.backend);
  EXPECT_EQ(running_->acted(Reason::kCommandRefused), 1U);
}

TEST_F(GateCommands, AHeldCommandGoesOnAsSoonAsThereIsRoom) {
  Limits limits = Limits::Defaults();
  limits.classes[0].query.running = 1;
  limits.classes[0].query.wait = seconds(10);
  Start(limits);
  LoggedIn first(*running_, server_, 77);
  LoggedIn second(*running_, server_, 78);
  first.client.SendPacket(0, "\x03SELECT 1");
  ASSERT_TRUE(first.backend->ReadPacket());
  second.client.SendPacket(0, "\x03SELECT 2");
  EXPECT_TRUE(running_->Until([this] { return running_->status().statements_held == 1; }));
  EXPECT_TRUE(StaysSilent(*second.backend));
  first.backend->SendPacket(1, WireServer::kOk);
  const auto seen = second.backend->ReadPacket();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->payload, "\x03SELECT 2");
}

TEST_F(GateCommands, WhatIsHeldForTooLongIsRefused) {
  Limits limits = Limits::Defaults();
  limits.classes[0].query.running = 1;
  limits.classes[0].query.wait = milliseconds(50);
  Start(limits);
  LoggedIn first(*running_, server_, 77);
  LoggedIn second(*running_, server_, 78);
  first.client.SendPacket(0, "\x03SELECT 1");
  ASSERT_TRUE(first.backend->ReadPacket());
  second.client.SendPacket(0, "\x03SELECT 2");
  const auto err = second.client.ReadPacket();
  ASSERT_TRUE(err && err->IsErr());
  EXPECT_EQ(err->ErrCode(), 1226);
  ExpectPingWorks(second.client, *second.backend);
}

TEST_F(GateCommands, WhoLeavesWhileHeldIsNoticedAndGivesItsPlaceBack) {
  Limits limits = Limits::Defaults();
  limits.classes[0].query.running = 1;
  limits.classes[0].query.wait = seconds(30);
  Start(limits);
  LoggedIn first(*running_, server_, 77);
  LoggedIn second(*running_, server_, 78);
  first.client.SendPacket(0, "\x03SELECT 1");
  ASSERT_TRUE(first.backend->ReadPacket());
  second.client.SendPacket(0, "\x03SELECT 2");
  EXPECT_TRUE(running_->Until([this] { return running_->status().statements_held == 1; }));
  second.client.Close();
  EXPECT_TRUE(second.backend->ReadsEnd()) << "its statement was never passed on";
  EXPECT_TRUE(running_->Until([this] { return running_->status().statements_held == 0; }));
}

TEST_F(GateCommands, ACommandThatIsTooLongEndsTheSessionAsAServerWould) {
  Limits limits = Limits::Defaults();
  limits.classes[0].query.packet = 1024;
  limits.classes[0].query.packet_auto = false;
  Start(limits);
  LoggedIn session(*running_, server_);
  session.client.SendPacket(0, "\x03SELECT '" + std::string(2000, 'x') + "'");
  const auto err = session.client.ReadPacket();
  ASSERT_TRUE(err && err->IsErr());
  EXPECT_EQ(err->ErrCode(), 1153);
  EXPECT_TRUE(session.client.ReadsEnd());
  EXPECT_TRUE(session.backend->ReadsEnd()) << "and the server has seen nothing of it";
}

TEST_F(GateCommands, TheDeadlineKillsAndHoldsTheNextCommandUntilThatIsDone) {
  Limits limits = Limits::Defaults();
  limits.classes[0].query.deadline = milliseconds(50);
  std::promise<void> let_it;
  const std::shared_future<void> allowed(let_it.get_future());
  StartMonitored(limits, [allowed](const std::string& sql) {
    if (sql.compare(0, 4, "KILL") == 0) allowed.wait();
    return SqlPeer::Usual(sql);
  });
  LoggedIn session(*running_, server_, 77);
  session.client.SendPacket(0, kSlowSelect);
  ASSERT_TRUE(session.backend->ReadPacket());
  ASSERT_TRUE(Killed("KILL QUERY 77"));
  // It ends by itself just now: the KILL that is on its way must not hit what comes next.
  session.backend->SendPacket(1, WireServer::kOk);
  ASSERT_TRUE(session.client.ReadPacket());
  session.client.SendPacket(0, "\x03SELECT 2");
  EXPECT_TRUE(StaysSilent(*session.backend));
  let_it.set_value();
  const auto seen = session.backend->ReadPacket();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->payload, "\x03SELECT 2");
  EXPECT_EQ(running_->acted(Reason::kQueryDeadline), 1U);
}

TEST_F(GateCommands, AnOrphanIsKilledAtOnceUntilItsConnectionEnds) {
  StartMonitored(Limits::Defaults());
  LoggedIn session(*running_, server_, 4711);
  session.client.SendPacket(0, kSlowSelect);
  ASSERT_TRUE(session.backend->ReadPacket());
  session.client.Close();
  EXPECT_TRUE(Killed("KILL QUERY 4711"));
  // More statements may be on their way: what ends the connection is its FIN.
  EXPECT_TRUE(running_->Until([this] { return monitor_->Asked("KILL").size() >= 2; }));
  EXPECT_EQ(running_->status().leases, 1U) << "its slot is free at the server's FIN, not before";
  session.backend->Close();
  EXPECT_TRUE(running_->Until([this] { return running_->status().leases == 0; }));
  EXPECT_EQ(running_->acted(Reason::kOrphanKilled), 1U);
}

TEST_F(GateCommands, AnOrphanThatWritesIsLeftAlone) {
  StartMonitored(Limits::Defaults());
  LoggedIn session(*running_, server_, 4711);
  session.client.SendPacket(0, "\x03UPDATE t SET a = 1");
  ASSERT_TRUE(session.backend->ReadPacket());
  session.client.Close();
  EXPECT_TRUE(running_->Until([this] { return running_->status().orphans == 1; }));
  EXPECT_TRUE(session.backend->ReadsEnd());
  EXPECT_THAT(monitor_->Asked("KILL"), IsEmpty());
}

TEST_F(GateCommands, ABinlogThatNobodyTakesIsEndedWithItsNextEvent) {
  Start(Limits::Defaults());
  LoggedIn session(*running_, server_);
  session.client.SendPacket(0, std::string("\x12\4\0\0\0\0\0\7\0\0\0", 11) + "binlog.1");
  ASSERT_TRUE(session.backend->ReadPacket());
  session.backend->SendPacket(1, std::string("\0event", 6));
  ASSERT_TRUE(session.client.ReadPacket());
  session.client.Close();
  EXPECT_TRUE(session.backend->ReadsEnd());
  EXPECT_TRUE(running_->Until([this] { return running_->status().orphans == 1; }));
  session.backend->SendPacket(2, std::string("\0heartbeat", 10));
  EXPECT_TRUE(running_->Until([this] { return running_->status().leases == 0; }));
}

TEST_F(GateCommands, AnAnswerBeyondItsLimitIsKilledAtOnce) {
  Limits limits = Limits::Defaults();
  limits.classes[0].query.result = 100'000;
  StartMonitored(limits);
  LoggedIn session(*running_, server_, 77);
  session.client.SendPacket(0, "\x03SELECT everything");
  ASSERT_TRUE(session.backend->ReadPacket());
  session.backend->SendPacket(1, "\x01");
  session.backend->SendPacket(2, SqlPeer::Column());
  session.backend->SendPacket(3, std::string("\xfe\0\0\2\0", 5));
  EXPECT_THAT(monitor_->Asked("KILL"), IsEmpty());
  const std::string row = std::string("\xfd\xf0\x49\x02", 4) + std::string(150'000, 'r');
  session.backend->SendPacket(4, row);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(session.client.ReadPacket());
  EXPECT_TRUE(Killed("KILL QUERY 77"));
  EXPECT_EQ(running_->acted(Reason::kResultSize), 1U);
}

TEST_F(GateCommands, WhoDoesNotTakeItsResultIsLetGo) {
  Limits limits = Limits::Defaults();
  limits.classes[0].query.stalled_read = milliseconds(200);
  StartMonitored(limits);
  LoggedIn session(*running_, server_, 77);
  session.client.SendPacket(0, "\x03SELECT everything");
  ASSERT_TRUE(session.backend->ReadPacket());
  std::thread sender([&] {  // until nobody takes it any more
    session.backend->SendPacket(1, "\x01");
    session.backend->SendPacket(2, SqlPeer::Column());
    session.backend->SendPacket(3, std::string("\xfe\0\0\2\0", 5));
    const std::string row = std::string("\xfd\x00\x00\x10", 4) + std::string(0x100000, 'r');
    for (std::uint8_t i = 4; i < 40; ++i) session.backend->SendPacket(i, row);
  });
  EXPECT_TRUE(running_->Until([this] { return running_->acted(Reason::kStalledRead) == 1; }));
  EXPECT_TRUE(Killed("KILL QUERY 77")) << "nobody waits for the rest";
  sender.join();
}

TEST_F(GateCommands, AnIdleSessionIsEndedWithAWord) {
  Limits limits = Limits::Defaults();
  limits.classes[0].query.idle = milliseconds(100);
  Start(limits);
  LoggedIn session(*running_, server_);
  const auto err = session.client.ReadPacket();
  ASSERT_TRUE(err && err->IsErr());
  EXPECT_EQ(err->ErrCode(), 4031);
  EXPECT_EQ(err->sequence, 0);
  EXPECT_TRUE(session.client.ReadsEnd());
  EXPECT_EQ(running_->acted(Reason::kIdle), 1U);
}

// What it refuses has to go somewhere: a client that asks and never reads is not asked further.
TEST_F(GateCommands, WhoNeverReadsItsRefusalsIsNotListenedToForEver) {
  Start(Limits::Defaults());
  LoggedIn session(*running_, server_);
  const std::string refused("\x01\0\0\0\x0d", 5);
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += refused;
  const timeval patience{1, 0};
  setsockopt(session.client.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  std::size_t sent = 0;
  for (int i = 0; i < 2000; ++i) {  // 100 MB, answered with more than 1 GB
    const ssize_t n = send(session.client.fd(), many.data(), many.size(), MSG_NOSIGNAL);
    if (n <= 0) break;
    sent += static_cast<std::size_t>(n);
  }
  EXPECT_LT(sent, 50'000'000U);
}

}  // namespace
}  // namespace headgate::net
