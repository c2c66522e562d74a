#include "net/transparent.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <thread>

#include "net/connector.h"
#include "net/listen_socket.h"
#include "net/loop.h"
#include "tests/net/own_netns.h"

namespace headgate::net {
namespace {

Address Ip(const char* text) { return ParseAddress(text).value(); }

class TransparentSockets : public OwnNetns {
 protected:
  void SetUp() override {
    OwnNetns::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    Shell({"ip link set lo up", "ip route add local 198.51.100.0/24 dev lo",
           "ip -6 route add local fd77:1::/64 dev lo"});
  }
  static void Shell(std::initializer_list<const char*> commands) {
    for (const char* command : commands) {
      ASSERT_EQ(std::system(command), 0) << command;  // NOLINT
    }
  }
  // A server on loopback, and the end of a connector to it from `source`.
  struct Came {
    Fd fd;
    int error = 0;
  };
  static Came Connect(const std::vector<SocketAddress>& to, std::optional<Address> source) {
    Loop loop;
    Came came;
    bool done = false;
    Connector connector(
        loop, to, "",
        [&](LoopSocket socket, int error) {
          came.fd = socket.Release();
          came.error = error;
          done = true;
        },
        source);
    connector.Start();
    for (int i = 0; i < 50 && !done; ++i) loop.Turn(std::chrono::milliseconds(100));
    return came;
  }
};

TEST_F(TransparentSockets, TheServerSeesTheClientsAddress) {
  for (const auto& [server, client] :
       {std::pair{"127.0.0.1", "198.51.100.7"}, std::pair{"::1", "fd77:1::7"}}) {
    const auto bound = BindListeners({Ip(server), 0}, 1, /*transparent=*/true);
    ASSERT_TRUE(bound.ok()) << bound.status();
    const std::vector<SocketAddress> to = {ToSocketAddress(bound->endpoint)};
    const Came came = Connect(to, Ip(client));
    ASSERT_TRUE(came.fd.valid()) << server << ": " << came.error;
    EXPECT_EQ(LocalEndpoint(came.fd.get()).address, Ip(client));
    SocketAddress peer;
    peer.size = sizeof peer.storage;
    const Fd taken(accept(bound->sockets[0].get(), peer.get(), &peer.size));
    ASSERT_TRUE(taken.valid());
    EXPECT_EQ(ToEndpoint(peer).address, Ip(client));
    EXPECT_EQ(ToEndpoint(peer), LocalEndpoint(came.fd.get()));
    EXPECT_TRUE(Connect(to, std::nullopt).fd.valid());
  }
}

TEST_F(TransparentSockets, OnlyAddressesOfTheClientsFamilyAreTried) {
  const auto v4 = BindListeners({Ip("127.0.0.1"), 0}, 1);
  ASSERT_TRUE(v4.ok());
  const auto v6 = BindListeners({Ip("::1"), 0}, 1);
  ASSERT_TRUE(v6.ok());
  const SocketAddress to4 = ToSocketAddress(v4->endpoint), to6 = ToSocketAddress(v6->endpoint);
  const Came both = Connect({to6, to4}, Ip("198.51.100.7"));
  ASSERT_TRUE(both.fd.valid()) << both.error;
  const Came none = Connect({to4}, Ip("fd77:1::7"));
  EXPECT_FALSE(none.fd.valid());
  EXPECT_TRUE(Connector::IsOurOwn(none.error)) << none.error;
}

TEST_F(TransparentSockets, ASourceThatCannotBeHadIsOurOwn) {
  const auto bound = BindListeners({Ip("::1"), 0}, 1);
  ASSERT_TRUE(bound.ok());
  // Link-local, without an interface: EINVAL (ipv6(7)).
  const Came came = Connect({ToSocketAddress(bound->endpoint)}, Ip("fe80::7"));
  EXPECT_FALSE(came.fd.valid());
  EXPECT_TRUE(Connector::IsOurOwn(came.error)) << came.error;
}

TEST_F(TransparentSockets, AServerThatRefusesIsNotOurOwn) {
  SocketAddress closed;
  {
    const auto bound = BindListeners({Ip("127.0.0.1"), 0}, 1);
    ASSERT_TRUE(bound.ok());
    closed = ToSocketAddress(bound->endpoint);
  }
  const Came came = Connect({closed}, Ip("198.51.100.7"));
  EXPECT_FALSE(came.fd.valid());
  EXPECT_EQ(came.error, ECONNREFUSED);
  EXPECT_FALSE(Connector::IsOurOwn(came.error));
}

TEST_F(TransparentSockets, TakesTheRight) {
  EXPECT_EQ(TryForeignBind(true), 0);
  EXPECT_EQ(TryForeignBind(false), 0);
  std::thread without([] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> nothing{};
    ASSERT_EQ(syscall(SYS_capset, &header, nothing.data()), 0);
    EXPECT_EQ(TryForeignBind(true), EPERM);
    EXPECT_EQ(TryForeignBind(false), EPERM);
    const auto bound = BindListeners({Ip("127.0.0.1"), 0}, 1);
    ASSERT_TRUE(bound.ok());
    const Came came = Connect({ToSocketAddress(bound->endpoint)}, Ip("198.51.100.7"));
    EXPECT_TRUE(Connector::IsOurOwn(came.error)) << came.error;
    EXPECT_FALSE(BindListeners({Ip("127.0.0.1"), 0}, 1, /*transparent=*/true).ok());
  });
  without.join();
}

TEST_F(TransparentSockets, TheKernelTellsWhetherAnswersComeHere) {
  EXPECT_EQ(AskPolicyRoute(Ip("10.9.0.2")), PolicyRoute::kElsewhere);
  Shell({"ip link add w0 type veth peer name w1", "ip link set w1 up",
         "ip addr add 10.9.0.1/16 dev w0", "ip addr add fd77:9::1/64 dev w0 nodad",
         "ip link set w0 up"});
  EXPECT_EQ(OwnAddressTowards(Ip("10.9.0.2")), Ip("10.9.0.1"));
  EXPECT_EQ(OwnAddressTowards(Ip("fd77:9::2")), Ip("fd77:9::1"));
  EXPECT_EQ(OwnAddressTowards(Ip("203.0.113.1")), std::nullopt);
  EXPECT_EQ(AskPolicyRoute(Ip("10.9.0.2")), PolicyRoute::kElsewhere);
  EXPECT_EQ(AskPolicyRoute(Ip("fd77:9::2")), PolicyRoute::kElsewhere);
  Shell({"ip rule add priority 3306 fwmark 0x1000000/0x1000000 lookup 3306",
         "ip -6 rule add priority 3306 fwmark 0x1000000/0x1000000 lookup 3306"});
  EXPECT_EQ(AskPolicyRoute(Ip("10.9.0.2")), PolicyRoute::kElsewhere);
  Shell({"ip route add local 0.0.0.0/0 dev lo table 3306"});
  EXPECT_EQ(AskPolicyRoute(Ip("10.9.0.2")), PolicyRoute::kDelivered);
  EXPECT_EQ(AskPolicyRoute(Ip("fd77:9::2")), PolicyRoute::kElsewhere);
  Shell({"ip -6 route add local ::/0 dev lo table 3306"});
  EXPECT_EQ(AskPolicyRoute(Ip("fd77:9::2")), PolicyRoute::kDelivered);
  Shell({"ip rule del priority 3306"});
  EXPECT_EQ(AskPolicyRoute(Ip("10.9.0.2")), PolicyRoute::kElsewhere);
}

}  // namespace
}  // namespace headgate::net
