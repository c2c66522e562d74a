// The gate's relay and its books, where one event brings several things at once.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "tests/net/running_gate.h"

namespace headgate::net {
namespace {

std::string OnePacket(std::uint8_t sequence, const std::string& payload) {
  std::string out;
  for (int i = 0; i < 3; ++i) out.push_back(static_cast<char>(payload.size() >> (8 * i)));
  out.push_back(static_cast<char>(sequence));
  return out + payload;
}

// The server's OK lets the command behind it be asked about before the new phase is noticed: that
// must not undo the time at which the held command is asked about again.
TEST(GateOrder, ACommandSentBehindTheLoginIsNotHeldForEver) {
  WireServer server;
  Limits limits = Limits::Defaults();
  limits.classes[0].query.running = 1;
  limits.classes[0].query.wait = std::chrono::milliseconds(50);
  const Running running(server.endpoint(), limits);
  server.ServeProbe();
  ASSERT_TRUE(running.WaitUntilUp());
  LoggedIn first(running, server, 77);
  first.client.SendPacket(0, "\x03SELECT 1");
  ASSERT_TRUE(first.backend->ReadPacket());

  WirePeer second = running.Client();
  ASSERT_TRUE(second.ReadPacket());
  second.SendPacket(1, LoginPayload("app"));
  std::thread answer([&] {
    second.ReadPacket();  // the switch
    second.Send(OnePacket(3, std::string(20, 'x')) + OnePacket(0, "\x03SELECT 2"));
  });
  const WirePeer backend = server.ServeLogin(78);
  answer.join();
  const auto ok = second.ReadPacket();
  ASSERT_TRUE(ok);
  EXPECT_EQ(ok->payload, WireServer::kOk);
  const auto err = second.ReadPacket();
  ASSERT_TRUE(err && err->IsErr()) << "held, and never asked about again";
  EXPECT_EQ(err->ErrCode(), 1226);
}

// What the session answers in the server's place is an answer like any other.
TEST(GateOrder, AnswersOfTheGateItselfAreInTheBooksAtOnce) {
  WireServer server;
  const Running running(server.endpoint());
  server.ServeProbe();
  ASSERT_TRUE(running.WaitUntilUp());
  LoggedIn session(running, server, 77);
  for (int i = 0; i < 100; ++i) {  // more than may be owed at once
    session.client.SendPacket(0, "\x03KILL 1073800000");
    const auto err = session.client.ReadPacket();
    ASSERT_TRUE(err && err->IsErr()) << i;
    EXPECT_EQ(err->ErrCode(), 1094);
    ASSERT_TRUE(running.Until([&] { return running.status().statements_running == 0; })) << i;
  }
}

}  // namespace
}  // namespace headgate::net
