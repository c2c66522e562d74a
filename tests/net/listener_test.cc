#include "net/listener.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "net/loop.h"
#include "net/passed_sockets.h"
#include "net/socket_address.h"

namespace headgate::net {
namespace {

constexpr std::size_t kThreads = 3;

// Threads that share one socket, as workers do.
class SharedListeners : public ::testing::Test {
 protected:
  void SetUp() override {
    auto bound = BindListeners(*ParseEndpoint("127.0.0.1:0"), 1);
    ASSERT_TRUE(bound.ok());
    at_ = bound->endpoint;
    std::vector<Bound> list;
    list.push_back(std::move(*bound));
    auto spread = SpreadOver(kThreads, std::move(list));
    ASSERT_TRUE(spread.ok());
    for (std::size_t i = 0; i < kThreads; ++i) {
      listeners_[i] = std::make_unique<Listener>(
          loops_[i], std::move((*spread)[i].front()),
          Listener::Callbacks{[this, i](Fd client, const SocketAddress&) {
                                ++taken_[i];
                                clients_[i].push_back(std::move(client));
                              },
                              [](const Listener&, int) {}});
    }
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads_.emplace_back([this, i] { loops_[i].Run(); });
    }
  }
  void TearDown() override {
    for (Loop& loop : loops_) loop.Stop();
    for (std::thread& thread : threads_) thread.join();
  }
  void OnEach(const std::function<void(Listener&)>& act) {
    for (std::size_t i = 0; i < kThreads; ++i) {
      loops_[i].Post([&, i, act] { act(*listeners_[i]); });
    }
  }
  Fd Connect() {
    Fd fd(socket(AF_INET, SOCK_STREAM, 0));
    const SocketAddress address = ToSocketAddress(at_);
    EXPECT_EQ(connect(fd.get(), address.get(), address.size), 0);
    return fd;
  }
  [[nodiscard]] int Taken() const { return taken_[0] + taken_[1] + taken_[2]; }
  bool Until(int count) const {
    for (int i = 0; i < 500 && Taken() < count; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return Taken() == count;
  }

  Endpoint at_;
  std::array<Loop, kThreads> loops_;
  std::array<std::vector<Fd>, kThreads> clients_;
  std::array<std::atomic<int>, kThreads> taken_{};
  std::array<std::unique_ptr<Listener>, kThreads> listeners_;
  std::vector<std::thread> threads_;
};

TEST_F(SharedListeners, TakeTurns) {
  OnEach([](Listener& listener) { listener.Start(); });
  std::vector<Fd> clients;
  for (int i = 1; i <= 30; ++i) {
    clients.push_back(Connect());
    ASSERT_TRUE(Until(i)) << i;
  }
  for (const auto& taken : taken_) EXPECT_EQ(taken.load(), 10);
}

TEST_F(SharedListeners, NobodyIsTakenWhileHeldAndNobodyIsLost) {
  OnEach([](Listener& listener) { listener.Start(); });
  std::vector<Fd> clients;
  clients.push_back(Connect());
  ASSERT_TRUE(Until(1));
  std::atomic<int> held{0};
  OnEach([&](Listener& listener) {
    listener.Hold();
    ++held;
  });
  while (held < static_cast<int>(kThreads)) std::this_thread::yield();
  for (int i = 0; i < 20; ++i) clients.push_back(Connect());
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(Taken(), 1);
  OnEach([](Listener& listener) { listener.Start(); });
  EXPECT_TRUE(Until(21)) << Taken();
}

// One that does not listen says EINVAL to each accept(2), and that it is ready all the while.
TEST(ListenerPause, AnErrorThatLastsIsWaitedOut) {
  Loop loop;
  Fd ours(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const SocketAddress any = ToSocketAddress(*ParseEndpoint("127.0.0.1:0"));
  ASSERT_EQ(bind(ours.get(), any.get(), any.size), 0);
  const int fd = ours.get();
  std::vector<int> paused;
  std::vector<Fd> taken;
  Listener listener(loop, {std::move(ours), nullptr},
                    {[&](Fd client, const SocketAddress&) { taken.push_back(std::move(client)); },
                     [&](const Listener& at, int error) {
                       EXPECT_EQ(&at, &listener);
                       paused.push_back(error);
                     }});
  listener.Start();
  std::size_t turns = 0;
  while (loop.Turn(Duration::zero()) > 0) ++turns;
  EXPECT_EQ(paused, std::vector<int>{EINVAL});
  EXPECT_LE(turns, 2u) << "it spins";
  while (paused.size() < 3) loop.Turn(Duration::max());
  ASSERT_EQ(listen(fd, 8), 0);
  const Endpoint at = listener.at();
  Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress address = ToSocketAddress(at);
  ASSERT_EQ(connect(client.get(), address.get(), address.size), 0);
  while (taken.empty()) loop.Turn(Duration::max());
  EXPECT_EQ(taken.size(), 1u);
}

}  // namespace
}  // namespace headgate::net
