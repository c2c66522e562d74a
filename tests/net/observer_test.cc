// Live captures: they need root and are skipped without. Each test has a network of its own.
#include "net/observer.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <thread>

#include "net/fd.h"

namespace headgate::net {
namespace {

using ::testing::HasSubstr;

constexpr std::chrono::seconds kPatience(20);
constexpr std::uint16_t kPort = 23306;

class Keeper : public PacketSink {
 public:
  void OnPackets(std::span<const Packet> packets) override {
    const std::lock_guard lock(mutex_);
    packets_.insert(packets_.end(), packets.begin(), packets.end());
    changed_.notify_all();
  }
  void OnIdle(Time now) override {
    const std::lock_guard lock(mutex_);
    idle_.push_back(now);
    changed_.notify_all();
  }
  void OnEvent(const std::string& line, bool warning) {
    const std::lock_guard lock(mutex_);
    lines_.push_back((warning ? "warning: " : "") + line);
    changed_.notify_all();
  }
  template <typename Holds>
  bool WaitUntil(const Holds& holds) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, holds);
  }
  std::size_t Count(bool (*what)(const Packet&)) const {
    return static_cast<std::size_t>(std::count_if(packets_.begin(), packets_.end(), what));
  }
  const std::vector<std::string>& lines() const { return lines_; }
  const std::vector<Time>& idle() const { return idle_; }
  const std::vector<Packet>& packets() const { return packets_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Packet> packets_;
  std::vector<Time> idle_;
  std::vector<std::string> lines_;
};

bool Shell(const std::string& command) {
  return std::system((command + " 2>/dev/null").c_str()) == 0;
}

class Live : public ::testing::Test {
 protected:
  // In a thread, as its network namespace ends with it.
  template <typename Body>
  void InOwnNetwork(const Body& body) {
    std::string skipped;
    std::thread([&] {
      if (unshare(CLONE_NEWNET) != 0 || !Shell("ip link set lo up")) {
        skipped = "needs root, for a network of its own and for captures";
      } else {
        body();
      }
    }).join();
    if (!skipped.empty()) GTEST_SKIP() << skipped;
  }
  ObserverOptions On(const std::string& interface, std::vector<std::uint16_t> ports = {}) {
    ObserverOptions o;
    o.live.interface = interface;
    o.ports = std::move(ports);
    o.on_event = [this](const std::string& l, bool w) { keeper_.OnEvent(l, w); };
    return o;
  }
  Keeper keeper_;
};

// A connection on 127.0.0.1 that says "hello" and ends.
void Talk(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* address = reinterpret_cast<const sockaddr*>(&at);
  const Fd listener(socket(AF_INET, SOCK_STREAM, 0)), client(socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(bind(listener.get(), address, sizeof at), 0);
  ASSERT_EQ(listen(listener.get(), 1), 0);
  ASSERT_EQ(connect(client.get(), address, sizeof at), 0);
  const Fd server(accept(listener.get(), nullptr, nullptr));
  ASSERT_EQ(send(client.get(), "hello", 5, 0), 5);
  char in[5];
  ASSERT_EQ(recv(server.get(), in, sizeof in, MSG_WAITALL), 5);
}

bool IsFin(const Packet& p) { return p.Has(kTcpFin) || p.Has(kTcpRst); }

TEST_F(Live, SeesAConnectionOnceOnLoAndOnAny) {
  for (const char* interface : {"lo", "any"}) {
    InOwnNetwork([&, this] {
      Keeper keeper;
      auto observer = Observer::Open(On(interface, {kPort}));
      ASSERT_TRUE(observer.ok()) << observer.status();
      (*observer)->Start(keeper);
      std::thread([] { Talk(kPort); }).join();
      std::thread([] { Talk(kPort + 1); }).join();  // not watched
      ASSERT_TRUE(keeper.WaitUntil([&] { return keeper.Count(IsFin) >= 2; }));
      const ObserverStatus s = (*observer)->Status();
      EXPECT_TRUE(s.running && s.up);
      (*observer)->Stop();
      EXPECT_FALSE((*observer)->Status().running);
      EXPECT_EQ(keeper.Count([](const Packet& p) { return p.IsSyn(); }), 1U) << interface;
      EXPECT_EQ(keeper.Count([](const Packet& p) { return p.IsSynAck(); }), 1U);
      EXPECT_EQ(keeper.Count([](const Packet& p) { return p.payload == 5; }), 1U);
      EXPECT_EQ(keeper.Count([](const Packet& p) {
        return p.source.IsLoopback() && (p.source_port == kPort || p.target_port == kPort);
      }),
                keeper.packets().size());
      EXPECT_EQ((*observer)->Status().frames[0], keeper.packets().size());
      EXPECT_GE((*observer)->Status().kernel.received, keeper.packets().size());
      EXPECT_EQ((*observer)->Status().decode_errors(), 0U);
    });
    if (IsSkipped()) return;
  }
}

TEST_F(Live, AQuietWireIsIdle) {
  InOwnNetwork([this] {
    auto observer = Observer::Open(On("lo"));
    ASSERT_TRUE(observer.ok()) << observer.status();
    (*observer)->Start(keeper_);
    ASSERT_TRUE(keeper_.WaitUntil([this] { return keeper_.idle().size() >= 5; }));
    (*observer)->Stop();
    timespec wall{};
    clock_gettime(CLOCK_REALTIME, &wall);
    const auto behind = Time(std::chrono::seconds(wall.tv_sec)) - keeper_.idle().back();
    EXPECT_LT(behind, kPatience);
    EXPECT_GT(behind, -std::chrono::seconds(1));
    const auto four = keeper_.idle()[4] - keeper_.idle()[0];
    EXPECT_GE(four, std::chrono::milliseconds(395));
  });
}

TEST_F(Live, OneLineWhenTheInterfaceGoesDownAndOneWhenItIsBack) {
  InOwnNetwork([this] {
    ASSERT_TRUE(Shell("ip link add hg0 type veth peer name hg1 && ip link set hg0 up"));
    auto observer = Observer::Open(On("hg0"));
    ASSERT_TRUE(observer.ok()) << observer.status();
    (*observer)->Start(keeper_);
    ASSERT_TRUE(Shell("ip link set hg0 down"));
    ASSERT_TRUE(keeper_.WaitUntil([this] { return keeper_.lines().size() == 1; }));
    EXPECT_EQ(keeper_.lines()[0],
              "warning: capture on hg0: the interface is down; tried again each second");
    EXPECT_FALSE((*observer)->Status().up);
    ASSERT_TRUE(Shell("ip link set hg0 up"));
    ASSERT_TRUE(keeper_.WaitUntil([this] { return keeper_.lines().size() == 2; }));
    EXPECT_EQ(keeper_.lines()[1], "capture on hg0: back again");
    // Removed, and there again under the same name: another one.
    ASSERT_TRUE(Shell("ip link del hg0"));
    ASSERT_TRUE(keeper_.WaitUntil([this] { return keeper_.lines().size() == 3; }));
    const std::size_t idle = keeper_.idle().size();
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));  // two tries and more
    EXPECT_LE(keeper_.idle().size(), idle + 1) << "blind is not quiet";
    EXPECT_EQ(keeper_.lines().size(), 3U) << "quiet while it tries";
    EXPECT_THAT((*observer)->Status().error, HasSubstr("no interface is named hg0"));
    ASSERT_TRUE(Shell("ip link add hg0 type veth peer name hg1 && ip link set hg0 up"));
    ASSERT_TRUE(keeper_.WaitUntil([this] { return keeper_.lines().size() == 4; }));
    EXPECT_TRUE((*observer)->Status().up);
    EXPECT_EQ((*observer)->Status().error, "");
    (*observer)->Stop();
  });
}

TEST_F(Live, ErrorsNameTheRemedy) {
  InOwnNetwork([this] {
    const absl::Status none = Observer::Open(On("nosuch")).status();
    EXPECT_EQ(none.code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(none.message(), HasSubstr("no interface is named nosuch; there are: any, lo"));
    ASSERT_TRUE(Shell("ip link add hg0 type veth peer name hg1"));
    const absl::Status down = Observer::Open(On("hg0")).status();
    EXPECT_EQ(down.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(down.message(), HasSubstr("ip link set hg0 up"));
    ObserverOptions bad = On("lo");
    bad.filter = "port";
    EXPECT_EQ(Observer::Open(bad).status().code(), absl::StatusCode::kInvalidArgument);
    // Of this thread alone.
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct no_capability[2]{};
    ASSERT_EQ(syscall(SYS_capset, &header, no_capability), 0);
    const absl::Status denied = Observer::Open(On("lo")).status();
    EXPECT_EQ(denied.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_THAT(denied.message(), HasSubstr("CAP_NET_RAW"));
  });
}

}  // namespace
}  // namespace headgate::net
