// Real packets: a client in one network namespace, the table in another.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "net/fd.h"
#include "tests/net/own_netns.h"

namespace headgate::net {
namespace {

using std::chrono::hours;

class FirewallPackets : public OwnNetns {
 protected:
  void SetUp() override {
    OwnNetns::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    client_ = "hgfw" + std::to_string(getpid());
    for (const std::string& command :
         {"ip netns add " + client_, std::string("ip link set lo up"),
          "ip link add g type veth peer name c netns " + client_,
          std::string("ip addr add 10.9.0.1/16 dev g"),
          std::string("ip addr add 2001:db8::1/48 dev g nodad"), std::string("ip link set g up"),
          "ip -n " + client_ + " link set c up", "ip -n " + client_ + " addr add 10.9.0.2/16 dev c",
          "ip -n " + client_ + " addr add 10.9.1.3/16 dev c",
          "ip -n " + client_ + " addr add 2001:db8:0:1::2/48 dev c nodad",
          "ip -n " + client_ + " addr add 2001:db8:0:2::2/48 dev c nodad"}) {
      ASSERT_EQ(std::system(command.c_str()), 0) << command;  // NOLINT
    }
    server_ = Listen(3307);
  }
  void TearDown() override {
    server_.Reset();
    if (client_.empty()) return;
    EXPECT_EQ(std::system(("ip netns del " + client_).c_str()), 0);  // NOLINT
  }

  static Fd Listen(std::uint16_t port) {
    Fd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int off = 0;
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(port);
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    EXPECT_EQ(listen(fd.get(), 64), 0);
    return fd;
  }
  // How many of `times` connections, all held open, from `source` are answered in time.
  int Connects(const std::string& source, int port, int times = 1, bool here = false) {
    const bool v6 = source.find(':') != source.npos;
    const std::string program = "import socket\\nn,all=0,[]\\nfor i in range(" +
                                std::to_string(times) + "):\\n s=socket.socket(socket.AF_INET" +
                                (v6 ? "6" : "") + ");s.settimeout(0.4);s.bind(('" + source +
                                "',0));all.append(s)\\n try:\\n  s.connect(('" +
                                (v6 ? "2001:db8::1" : "10.9.0.1") + "'," + std::to_string(port) +
                                "));n+=1\\n except OSError: pass\\nraise SystemExit(n)";
    const std::string command = (here ? "" : "ip netns exec " + client_ + " ") +
                                "python3 -c \"$(printf \"" + program + "\")\"";
    const int status = std::system(command.c_str());  // NOLINT
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  static FirewallOptions Options() {
    FirewallOptions options = SomeFirewall();
    options.ports = {3307};
    return options;
  }
  static std::uint64_t Packets(const FirewallSync& sync, const std::string& name) {
    for (const auto& rule : sync.Status().rules) {
      if (rule.rule == name) return rule.packets;
    }
    return 0;
  }

  std::string client_;
  Fd server_;
};

TEST_F(FirewallPackets, BannedSourcesGetNoAnswerAndAllOthersDo) {
  FirewallSync sync = MakeSync(Options());
  std::vector<WantedBan> wanted = {{Net("10.9.0.2"), Now() + hours(1), false},
                                   {Net("2001:db8:0:1::/64"), Now() + hours(1), false}};
  ASSERT_TRUE(sync.Reconcile(wanted).ok()) << sync.Status().last_error;
  EXPECT_EQ(Connects("10.9.0.2", 3307), 0);
  EXPECT_EQ(Connects("10.9.1.3", 3307), 1);
  EXPECT_EQ(Connects("2001:db8:0:1::2", 3307), 0);
  EXPECT_EQ(Connects("2001:db8:0:2::2", 3307), 1);
  wanted = {{Net("10.9.1.0/24"), Now() + hours(1), false},
            {Net("2001:db8::/47"), Now() + hours(1), false},
            {Net("10.9.0.1"), Now() + hours(1), false}};
  ASSERT_TRUE(sync.Push(wanted).ok()) << sync.Status().last_error;
  EXPECT_EQ(Connects("10.9.0.2", 3307), 1);
  EXPECT_EQ(Connects("10.9.1.3", 3307), 0);
  EXPECT_EQ(Connects("2001:db8:0:2::2", 3307), 0);
  // This host is never shut out, by whatever address.
  EXPECT_EQ(Connects("10.9.0.1", 3307, 1, true), 1);
  ASSERT_TRUE(sync.Reconcile(wanted).ok());
  for (const char* rule : {"banned4", "banned6", "networks4", "networks6"}) {
    EXPECT_GE(Packets(sync, rule), 1U) << rule;
  }
  // Its counts outlive the table.
  const std::uint64_t dropped = sync.Status().dropped_packets;
  EXPECT_GE(dropped, 4U);
  EXPECT_GE(sync.Status().dropped_bytes, 160U);
  Nft({"flush", "ruleset"});
  ASSERT_TRUE(sync.Reconcile(wanted).ok());
  EXPECT_EQ(Connects("10.9.1.3", 3307), 0);
  ASSERT_TRUE(sync.Reconcile(wanted).ok());
  EXPECT_GT(sync.Status().dropped_packets, dropped);
}

TEST_F(FirewallPackets, TheExemptAreNeverDropped) {
  FirewallOptions options = Options();
  options.never = {Net("10.9.0.2"), Net("2001:db8:0:1::/64")};
  options.limits = {.rate_per_second = 1, .burst = 2, .connections = 2};
  FirewallSync sync = MakeSync(options);
  const std::vector<WantedBan> wanted = {{Net("10.9.0.0/16"), Now() + hours(1), false},
                                         {Net("2001:db8::/48"), Now() + hours(1), false}};
  ASSERT_TRUE(sync.Reconcile(wanted).ok()) << sync.Status().last_error;
  EXPECT_EQ(Connects("10.9.0.2", 3307, 5), 5);
  EXPECT_EQ(Connects("2001:db8:0:1::2", 3307, 5), 5);
  EXPECT_EQ(Connects("10.9.1.3", 3307), 0);
}

TEST_F(FirewallPackets, WhoMeansTheServerMeetsTheGate) {
  FirewallOptions options = Options();
  options.redirect_from = 3306;
  options.redirect_to = 3307;
  FirewallSync sync = MakeSync(options);
  const std::vector<WantedBan> wanted = {{Net("10.9.1.3"), Now() + hours(1), false}};
  ASSERT_TRUE(sync.Reconcile(wanted).ok()) << sync.Status().last_error;
  EXPECT_EQ(Connects("10.9.0.2", 3306), 1);
  EXPECT_EQ(Connects("2001:db8:0:1::2", 3306), 1);
  EXPECT_EQ(Connects("10.9.1.3", 3306), 0);
  // The gate's own way to the server is left alone: nobody listens on 3306 here.
  EXPECT_EQ(Connects("10.9.0.1", 3306, 1, true), 0);
}

TEST_F(FirewallPackets, TheBackstopBindsEachSource) {
  FirewallOptions options = Options();
  options.limits = {.rate_per_second = 0, .burst = 1, .connections = 3};
  FirewallSync sync = MakeSync(options);
  ASSERT_TRUE(sync.Reconcile({}).ok()) << sync.Status().last_error;
  EXPECT_EQ(Connects("10.9.0.2", 3307, 5), 3);
  EXPECT_EQ(Connects("2001:db8:0:1::2", 3307, 5), 3);
  EXPECT_EQ(Connects("10.9.1.3", 3307, 2), 2);
  options.limits = {.rate_per_second = 1.0 / 60, .burst = 3, .connections = 0};
  FirewallSync rate = MakeSync(options);
  ASSERT_TRUE(rate.Reconcile({}).ok()) << rate.Status().last_error;
  EXPECT_EQ(Connects("10.9.0.2", 3307, 5), 3);
  EXPECT_EQ(Connects("10.9.1.3", 3307, 2), 2);
  EXPECT_EQ(Connects("2001:db8:0:1::2", 3307, 5), 3);
  ASSERT_TRUE(rate.Reconcile({}).ok());
  EXPECT_GE(Packets(rate, "rate4"), 2U);
}

}  // namespace
}  // namespace headgate::net
