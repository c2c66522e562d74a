// The gate before load balancers: who has to begin with a PROXY header, and whose connection it is
// then.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "net/address_text.h"
#include "net/proxy_protocol.h"
#include "tests/net/running_gate.h"

namespace headgate::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Cidr kLoopback{Address::V4(0x7f000000), kV4Bits + 8};

Limits Behind() {
  Limits limits = Limits::Defaults();
  limits.proxies = {kLoopback};
  limits.source.never_ban.clear();
  return limits;
}

ProxiedPair From(const char* client) {
  return {{*ParseAddress(client), 40000}, {*ParseAddress("198.51.100.2"), 3306}};
}

std::string Header(const char* client, ProxyHeader version = ProxyHeader::kV2) {
  return ProxyHeaderBytes(version, From(client));
}

// Of the gate's probe, which comes with a header of its own.
void ServeProbeWithHeader(WireServer& server) {
  WirePeer probe = server.Accept();
  EXPECT_EQ(probe.Read(16), ProxyHeaderBytes(ProxyHeader::kV2, std::nullopt));
  probe.Send(WireServer::GreetingPacket(1));
  while (const auto packet = probe.ReadPacket()) {
    probe.SendPacket(static_cast<std::uint8_t>(packet->sequence + 1),
                     std::string("\xff\x15\x04#28000no", 11));
  }
}

class GateProxyTest : public ::testing::Test {
 protected:
  Running& Start(const Limits& limits, const GateOptions& options = {}) {
    running_ = std::make_unique<Running>(server_.endpoint(), limits, options);
    options.proxy_to_backend == ProxyHeader::kOff ? server_.ServeProbe()
                                                  : ServeProbeWithHeader(server_);
    EXPECT_TRUE(running_->WaitUntilUp());
    return *running_;
  }
  // What comes first from the gate after `first` was sent.
  static std::optional<Packet> Answer(WirePeer& client, const std::string& first) {
    client.Send(first);
    return client.ReadPacket();
  }
  static void ExpectGreeted(WirePeer& client, const std::string& first) {
    const auto packet = Answer(client, first);
    ASSERT_TRUE(packet);
    EXPECT_FALSE(packet->IsErr()) << packet->payload;
  }

  WireServer server_;
  std::unique_ptr<Running> running_;
};

TEST_F(GateProxyTest, GreetsWhenTheHeaderIsComplete) {
  Running& running = Start(Behind());
  for (const ProxyHeader version : {ProxyHeader::kV1, ProxyHeader::kV2}) {
    const std::string header = Header("192.0.2.1", version);
    WirePeer client = running.Client();
    client.Send(header.substr(0, 10));
    ExpectGreeted(client, header.substr(10));
  }
}

TEST_F(GateProxyTest, TheLoginMayFollowAtOnce) {
  Running& running = Start(Behind());
  WirePeer client = running.Client();
  const std::string login = LoginPayload("app");
  client.Send(Header("192.0.2.1") + static_cast<char>(login.size()) + std::string("\0\0\1", 3) +
              login);
  EXPECT_TRUE(client.ReadPacket());
  EXPECT_TRUE(server_.Accept().fd() >= 0);  // admitted
}

TEST_F(GateProxyTest, TheBackendIsToldWhoItIsAndWhereItMeantToGo) {
  GateOptions options;
  options.proxy_to_backend = ProxyHeader::kV2;
  Running& running = Start(Behind(), options);
  WirePeer client = running.Client();
  ExpectGreeted(client, Header("192.0.2.1"));
  client.SendPacket(1, LoginPayload("app"));
  WirePeer backend = server_.Accept();
  EXPECT_EQ(backend.Read(28), Header("192.0.2.1"));
}

TEST_F(GateProxyTest, LimitsAreTheTrueSources) {
  Limits limits = Behind();
  limits.source.connect_rate = {0.001, 2};
  limits.source.ban_after = {0.001, 3};
  Running& running = Start(limits);
  int refused = 0;
  for (int i = 0; i < 10; ++i) {
    WirePeer client = running.Client();
    const auto packet = Answer(client, Header("192.0.2.1"));
    if (packet && packet->IsErr()) ++refused;
  }
  EXPECT_EQ(refused, 8);
  EXPECT_GT(running.acted(Reason::kBanned), 0u);
  WirePeer other = running.Client();
  ExpectGreeted(other, Header("192.0.2.2"));
  const auto bans = running.engine->Bans(Now());
  ASSERT_EQ(bans.size(), 1u);
  EXPECT_EQ(ToText(bans[0].network), "192.0.2.1");
  EXPECT_TRUE(bans[0].gate_only);
}

TEST_F(GateProxyTest, LocalIsTheProxyItselfWithoutLimits) {
  Limits limits = Behind();
  limits.source.connect_rate = {0.001, 1};
  Running& running = Start(limits);
  for (int i = 0; i < 5; ++i) {
    WirePeer client = running.Client();
    ExpectGreeted(client, ProxyHeaderBytes(ProxyHeader::kV2, std::nullopt));
  }
  EXPECT_EQ(running.acted(Reason::kConnectRate), 0u);
}

// A NAT in front of the balancer may have its address.
TEST_F(GateProxyTest, WhoIsNamedByTheProxysAddressOrNotAtAllIsLimited) {
  const std::string headers[] = {Header("127.0.0.1", ProxyHeader::kV1), Header("127.0.0.1"),
                                 ProxyHeaderBytes(ProxyHeader::kV1, std::nullopt),
                                 std::string("\r\n\r\n\0\r\nQUIT\n\x21\0\0\0", 16)};
  for (const std::string& header : headers) {
    Limits limits = Behind();
    limits.source.connect_rate = {0.001, 2};
    limits.source.ban_after = {0.001, 1};
    Running& running = Start(limits);
    for (int i = 0; i < 5; ++i) {
      WirePeer client = running.Client();
      const auto packet = Answer(client, header);
      ASSERT_TRUE(packet);
      EXPECT_EQ(packet->IsErr(), i >= 2) << i;
    }
    EXPECT_EQ(running.acted(Reason::kConnectRate), 3u);
    EXPECT_TRUE(running.engine->Bans(Now()).empty());
    running_.reset();
  }
}

TEST_F(GateProxyTest, NoHeaderIsToldAndChargedToNobody) {
  Limits limits = Behind();
  limits.source.ban_after = {0.001, 1};
  Running& running = Start(limits);
  for (int i = 0; i < 5; ++i) {
    WirePeer client = running.Client();
    client.Send("NONSENSE, and more of it than is a header" + std::string(5000, 'x'));
    const auto packet = client.ReadPacket();
    ASSERT_TRUE(packet && packet->IsErr());  // also where it has not been read
    EXPECT_NE(packet->payload.find("PROXY header was expected"), std::string::npos);
    EXPECT_TRUE(client.ReadsEnd());
    EXPECT_TRUE(running.Until(
        [&] { return running.acted(Reason::kProxyHeader) == static_cast<std::uint64_t>(i + 1); }));
  }
  EXPECT_TRUE(running.engine->Bans(Now()).empty());
  EXPECT_EQ(running.engine->level(), Level::kCalm);
}

TEST_F(GateProxyTest, ASilentProxyEndsAtTheDeadlineWithoutAnyPlace) {
  Limits limits = Behind();
  limits.pending.deadline = milliseconds(100);
  Running& running = Start(limits);
  WirePeer client = running.Client();
  const auto farewell = client.ReadPacket();
  ASSERT_TRUE(farewell && farewell->IsErr());
  EXPECT_NE(farewell->payload.find("PROXY header was expected"), std::string::npos);
  EXPECT_TRUE(client.ReadsEnd());
  EXPECT_EQ(running.acted(Reason::kProxyHeader), 1u);
  EXPECT_EQ(running.status().accepted, 0u);
  EXPECT_EQ(running.status().pending, 0u);
}

TEST_F(GateProxyTest, WhoLeavesWithoutAWordWasACheck) {
  Running& running = Start(Behind());
  running.Client().Close();
  EXPECT_TRUE(running.Until([&] { return running.acted(Reason::kHealthCheck) == 1; }));
  EXPECT_EQ(running.acted(Reason::kProxyHeader), 0u);
}

TEST_F(GateProxyTest, OthersMustNotSendOne) {
  Limits limits = Behind();
  limits.proxies = {{Address::V4(0x0a000001), 128}};
  Running& running = Start(limits);
  for (const ProxyHeader version : {ProxyHeader::kV1, ProxyHeader::kV2}) {
    WirePeer client = running.Client();
    ASSERT_TRUE(client.ReadPacket());  // the greeting, at once
    const auto packet = Answer(client, Header("192.0.2.1", version));
    ASSERT_TRUE(packet && packet->IsErr());
    EXPECT_NE(packet->payload.find("no PROXY header"), std::string::npos);
  }
  EXPECT_EQ(running.acted(Reason::kProxyForbidden), 2u);
}

// What its client says behind the header is the client's, another header as well.
TEST_F(GateProxyTest, ASecondHeaderIsTheClientsOwnFault) {
  Limits limits = Behind();
  limits.source.ban_after = {0.001, 1};
  Running& running = Start(limits);
  for (int i = 0; i < 3; ++i) {
    WirePeer client = running.Client();
    client.Send(Header("192.0.2.1") + Header("203.0.113.9"));
    while (client.ReadPacket()) {
    }
  }
  EXPECT_GT(running.acted(Reason::kProxyForbidden), 0u);
  const auto bans = running.engine->Bans(Now());
  ASSERT_EQ(bans.size(), 1u);
  EXPECT_EQ(ToText(bans[0].network), "192.0.2.1");
}

TEST_F(GateProxyTest, WhoWaitsForItsHeaderIsAClientAndIsTurnedAwayByADrain) {
  GateOptions options;
  options.max_clients = 2;
  options.threads = 1;
  Running& running = Start(Behind(), options);
  WirePeer first = running.Client();
  WirePeer second = running.Client();
  first.Send("PROXY ");
  EXPECT_TRUE(running.Until([&] {
    WirePeer third = running.Client();
    const auto packet = Answer(third, Header("192.0.2.1"));
    return packet && packet->IsErr();
  }));
  EXPECT_GT(running.acted(Reason::kDescriptors), 0u);
  running.gate->Drain(seconds(30));
  running.gate->Wait();  // nobody is waited for
  for (WirePeer* waiting : {&first, &second}) {
    const auto packet = waiting->ReadPacket();
    ASSERT_TRUE(packet && packet->IsErr());
    EXPECT_EQ(packet->ErrCode(), 1053);
  }
}

TEST_F(GateProxyTest, AReloadIsForNewConnections) {
  GateOptions options;
  options.threads = 1;
  Running& running = Start(Behind(), options);
  WirePeer before = running.Client();
  before.Send("PROXY TCP4 ");
  // Who comes after it is greeted: it was taken before.
  WirePeer second = running.Client();
  ExpectGreeted(second, Header("192.0.2.1"));
  Limits limits = Behind();
  limits.proxies.clear();
  running.engine->Publish(std::make_shared<const Limits>(limits), Now());
  WirePeer after = running.Client();
  ExpectGreeted(after, "");
  ExpectGreeted(before, "192.0.2.1 198.51.100.2 40000 3306\r\n");
}

}  // namespace
}  // namespace headgate::net
