// The gate with a real engine between scripted peers: what the sockets see in each phase.
#include "net/gate.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/passed_sockets.h"
#include "tests/net/running_gate.h"

namespace headgate::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Gate, SaysAtOnceThatTheBackendCannotBeReached) {
  const Running running("127.0.0.1:1");
  WirePeer client = running.Client();
  const auto packet = client.ReadPacket();
  ASSERT_TRUE(packet && packet->IsErr());
  EXPECT_EQ(packet->ErrCode(), 1105);
  EXPECT_EQ(packet->sequence, 0);
  EXPECT_TRUE(client.ReadsEnd());
}

TEST(Gate, LearnsTheGreetingWhenTheBackendComesAndMirrorsIt) {
  WireServer server;
  Running running(server.endpoint());
  server.ServeProbe();
  ASSERT_TRUE(running.WaitUntilUp());
  EXPECT_EQ(running.gate->Status().server_version, "5.5.5-10.11.6-MariaDB");
  WirePeer client = running.Client();
  const auto greeting = client.ReadPacket();
  ASSERT_TRUE(greeting);
  EXPECT_EQ(greeting->payload.substr(1, 21), "5.5.5-10.11.6-MariaDB");
}

TEST(Gate, AllThreadsShareTheOnePortOfEachAddress) {
  GateOptions options;
  options.listen = {"127.0.0.1:0", "[::1]:0"};
  options.threads = 3;
  const Running running("127.0.0.1:1", Limits::Defaults(), options);
  for (const std::string& endpoint : running.gate->listening()) {
    for (int i = 0; i < 20; ++i) {
      const auto packet = WirePeer::ConnectTo(endpoint).ReadPacket();
      EXPECT_TRUE(packet && packet->IsErr()) << endpoint;
    }
  }
}

TEST(Gate, RefusesAnAddressThatIsInUseEvenByAnotherGate) {
  const Running running("127.0.0.1:1");
  GateOptions second;
  second.listen = {running.gate->listening()[0]};
  const auto refused = Gate::Bind(second);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kAlreadyExists) << refused.status();
}

TEST(Gate, ASilentClientIsEndedByItsDeadlineAndCostsTheBackendNothing) {
  WireServer server;
  Limits limits = Limits::Defaults();
  limits.pending.deadline = milliseconds(100);
  Running running(server.endpoint(), limits);
  server.ServeProbe();
  ASSERT_TRUE(running.WaitUntilUp());
  WirePeer client = running.Client();
  ASSERT_TRUE(client.ReadPacket());
  const auto farewell = client.ReadPacket();
  if (farewell) {
    EXPECT_TRUE(farewell->IsErr());
  }
  EXPECT_TRUE(client.ReadsEnd());
  EXPECT_EQ(running.acted(Reason::kPendingDeadline), 1U);
  EXPECT_EQ(running.status().leases, 0U);
}

// It goes on as it was, and whatever it says is heard.
TEST(Gate, ADeadlineThatOnlyObservesIsCountedOnceAndEndsNobody) {
  WireServer server;
  Limits limits = Limits::Defaults();
  limits.pending.enforce = false;
  limits.pending.deadline = milliseconds(50);
  Running running(server.endpoint(), limits);
  server.ServeProbe();
  ASSERT_TRUE(running.WaitUntilUp());
  WirePeer client = running.Client();
  ASSERT_TRUE(client.ReadPacket());
  const auto would = [&] {
    return running.status().would_act[static_cast<std::size_t>(Reason::kPendingDeadline)];
  };
  ASSERT_TRUE(running.Until([&] { return would() > 0; }));
  pollfd nothing{-1, 0, 0};
  poll(&nothing, 1, 200);
  EXPECT_EQ(would(), 1U);
  client.SendPacket(9, "login");  // no login has that number
  const auto told = client.ReadPacket();
  ASSERT_TRUE(told && told->IsErr());
  EXPECT_TRUE(client.ReadsEnd());
}

TEST(Gate, RelaysBothWaysAndFollowsTheServersEnd) {
  WireServer server;
  Running running(server.endpoint());
  server.ServeProbe();
  ASSERT_TRUE(running.WaitUntilUp());
  LoggedIn session(running, server);
  session.client.SendPacket(0, "\x0e");
  EXPECT_EQ(session.backend->ReadPacket()->payload, "\x0e");
  session.backend->SendPacket(1, WireServer::kOk);
  EXPECT_EQ(session.client.ReadPacket()->payload, WireServer::kOk);
  session.backend->Close();
  EXPECT_TRUE(session.client.ReadsEnd());
  EXPECT_TRUE(running.Until([&] { return running.status().leases == 0; }));
}

TEST(Gate, AnOrphanKeepsItsSlotUntilTheServersEnd) {
  WireServer server;
  Running running(server.endpoint());
  server.ServeProbe();
  ASSERT_TRUE(running.WaitUntilUp());
  LoggedIn session(running, server);
  session.client.SendPacket(0, "\x03SELECT BENCHMARK(1000000000, MD5('a'))");
  EXPECT_TRUE(session.backend->ReadPacket());
  session.client.Close();
  EXPECT_TRUE(session.backend->ReadsEnd()) << "half-closed towards the server";
  EXPECT_TRUE(running.Until([&] { return running.status().orphans == 1; }));
  session.backend->Send(std::string(1'000'000, 'x'));  // a result nobody wants any more
  EXPECT_EQ(running.status().leases, 1U);
  session.backend->Close();
  EXPECT_TRUE(running.Until([&] { return running.status().leases == 0; }));
  EXPECT_EQ(running.status().orphans, 0U);
}

TEST(Gate, ABanAlsoCutsOffWhoHasFinishedAndStillReads) {
  WireServer server;
  Running running(server.endpoint());
  server.ServeProbe();
  ASSERT_TRUE(running.WaitUntilUp());
  LoggedIn session(running, server);
  session.client.SendPacket(0, "\x03SELECT everything");
  EXPECT_TRUE(session.backend->ReadPacket());
  session.client.Finish();
  EXPECT_TRUE(running.Until([&] { return running.status().orphans == 1; }));
  running.engine->Ban(SourceNetwork(Address::V4(0x7f000001)), seconds(60), "operator", Now());
  EXPECT_TRUE(session.client.ReadsEnd());
  EXPECT_EQ(running.status().leases, 1U) << "the server still works for it";
}

TEST(Gate, ABackendThatHangsIsUnreachableWhateverIsEnforced) {
  WireServer server;
  Limits limits = Limits::Defaults();
  limits.login.deadline = milliseconds(100);
  limits.login.enforce = false;
  Running running(server.endpoint(), limits);
  server.ServeProbe();
  ASSERT_TRUE(running.WaitUntilUp());
  WirePeer client = running.Client();
  EXPECT_TRUE(client.ReadPacket());
  client.SendPacket(1, LoginPayload("app"));  // connects, and nobody ever greets
  const auto err = client.ReadPacket();
  ASSERT_TRUE(err && err->IsErr());
  EXPECT_EQ(err->ErrCode(), 1105);
  EXPECT_EQ(running.acted(Reason::kBackendUnreachable), 1U);
  EXPECT_EQ(running.acted(Reason::kLoginDeadline), 0U);
}

TEST(Gate, AClientThatDoesNotReadHoldsTheServerBackAndLosesNothing) {
  WireServer server;
  Running running(server.endpoint());
  server.ServeProbe();
  ASSERT_TRUE(running.WaitUntilUp());
  LoggedIn session(running, server);
  session.client.SendPacket(0, "\x03SELECT 1");
  ASSERT_TRUE(session.backend->ReadPacket());
  // One column, then rows of a megabyte; a sender that blocks is what is looked for.
  constexpr int kRows = 64;
  std::atomic<int> sent{0};
  std::thread sender([&] {
    const std::string row = "\xfd" + std::string("\x00\x00\x10", 3) + std::string(0x100000, 'r');
    std::uint8_t sequence = 1;
    session.backend->SendPacket(sequence++, "\x01");
    session.backend->SendPacket(sequence++, std::string("\x03"
                                                        "def\0\0\0\x01"
                                                        "a\0\x0c\x2d\0\0\0\0\1\xfd\0\0\0\0\0",
                                                        23));
    session.backend->SendPacket(sequence++, std::string("\xfe\0\0\2\0", 5));
    for (int i = 0; i < kRows; ++i, ++sent) session.backend->SendPacket(sequence++, row);
    session.backend->SendPacket(sequence, std::string("\xfe\0\0\2\0", 5));
  });
  int before = -1;
  while (sent != before) {  // until a whole half second brings no row further
    before = sent;
    pollfd nothing{-1, 0, 0};
    poll(&nothing, 1, 500);
  }
  EXPECT_LT(sent, kRows) << "64 MB were taken for a client that read nothing";
  std::size_t rows = 0;
  for (int i = 0; i < kRows + 4; ++i) {
    const auto packet = session.client.ReadPacket();
    ASSERT_TRUE(packet) << i;
    if (packet->payload.size() == 0x100004) ++rows;
  }
  sender.join();
  EXPECT_EQ(rows, static_cast<std::size_t>(kRows));
}

TEST(Gate, DrainTurnsAwayWhoIsNotInAndLetsTheOthersFinish) {
  WireServer server;
  Running running(server.endpoint());
  server.ServeProbe();
  ASSERT_TRUE(running.WaitUntilUp());
  LoggedIn session(running, server);
  WirePeer pending = running.Client();
  ASSERT_TRUE(pending.ReadPacket());
  running.gate->Drain(seconds(30));
  const auto told = pending.ReadPacket();
  ASSERT_TRUE(told && told->IsErr());
  EXPECT_EQ(told->ErrCode(), 1053);
  EXPECT_LT(running.Client().fd(), 0) << "no listener is left";
  session.client.SendPacket(0, "\x0e");
  ASSERT_TRUE(session.backend->ReadPacket());
  session.backend->SendPacket(1, WireServer::kOk);
  EXPECT_EQ(session.client.ReadPacket()->payload, WireServer::kOk);
  session.client.Close();
  EXPECT_TRUE(session.backend->ReadsEnd());
  session.backend->Close();
  running.gate->Wait();
  EXPECT_EQ(running.status().leases, 0U);
}

TEST(Gate, StopNowEndsEverySessionAtOnce) {
  WireServer server;
  Running running(server.endpoint());
  server.ServeProbe();
  ASSERT_TRUE(running.WaitUntilUp());
  LoggedIn session(running, server);
  running.gate->Drain(std::chrono::hours(1));
  running.gate->StopNow();
  running.gate->Wait();
  EXPECT_EQ(running.status().leases, 0U);
  EXPECT_TRUE(session.backend->ReadsEnd());
}

// In a child: descriptor limits are the process's. Returns what went wrong.
int StarveOfDescriptors() {
  const Running running("127.0.0.1:1");
  std::vector<Fd> hoard;
  const auto take_all = [&hoard] {
    for (Fd fd(dup(0)); fd.valid(); fd = Fd(dup(0))) hoard.push_back(std::move(fd));
  };
  // Everything is taken but the client's own socket, unless a probe of the backend was quicker.
  const auto knock = [&] {
    for (int tries = 0; tries < 100; ++tries) {
      take_all();
      hoard.pop_back();
      if (WirePeer peer = running.Client(); peer.fd() >= 0) return peer;
    }
    return WirePeer(Fd());
  };
  WirePeer client = knock();
  if (client.fd() < 0) return 2;
  // A probe of the backend may have held one meanwhile, with which the gate then took the client
  // in: the next one finds none.
  std::vector<WirePeer> others;
  const auto starves = [&](std::uint64_t pauses) {
    const auto counted = [&] { return running.acted(Reason::kDescriptors) >= pauses; };
    while (!running.Until(counted, seconds(1))) {
      if (others.size() == 8) return false;
      others.push_back(std::exchange(client, knock()));
      if (client.fd() < 0) return false;
    }
    return true;
  };
  if (!starves(1)) return 3;
  const std::clock_t cpu = std::clock();
  const std::uint64_t pauses = running.acted(Reason::kDescriptors);
  pollfd nothing{-1, 0, 0};
  poll(&nothing, 1, 300);
  if (!starves(pauses + 3)) return 4;
  if (std::clock() - cpu > CLOCKS_PER_SEC / 10) return 5;  // of about 300 ms: it spun
  hoard.clear();
  const auto packet = client.ReadPacket();
  return packet && packet->IsErr() ? 0 : 6;
}

// The other gate has closed what it does not take, so that these sockets are the last of it.
TEST(Gate, WhoWaitsAtAnAddressThatNobodyTakesOverIsToldSo) {
  GateOptions options;
  options.listen = {"127.0.0.1:0", "127.0.0.2:0"};
  const Running running("127.0.0.1:1", Limits::Defaults(), options);
  const std::vector<std::string> at = running.gate->listening();
  auto copies = running.gate->CopySockets();
  ASSERT_TRUE(copies.ok());
  std::erase_if(*copies, [](const PassedSocket& socket) {
    return socket.name.starts_with("listen=127.0.0.2");
  });
  ASSERT_TRUE(running.gate->Hold(seconds(5)));
  WirePeer kept = WirePeer::ConnectTo(at[0]);
  WirePeer given_up = WirePeer::ConnectTo(at[1]);
  running.gate->Leave(seconds(60), {at[0]});
  const auto told = given_up.ReadPacket();
  ASSERT_TRUE(told && told->IsErr());
  EXPECT_EQ(told->ErrCode(), 1053);
  // Whoever has the copies takes the other one.
  const auto has_client = [](const PassedSocket& socket) {
    return Fd(accept4(socket.fd.get(), nullptr, nullptr, SOCK_CLOEXEC)).valid();
  };
  EXPECT_EQ(std::count_if(copies->begin(), copies->end(), has_client), 1);
}

TEST(Gate, OutOfDescriptorsItPausesAndComesBack) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit few{200, 200};
    setrlimit(RLIMIT_NOFILE, &few);
    _exit(StarveOfDescriptors());
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace headgate::net
