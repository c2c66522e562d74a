#include "guard/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <absl/strings/str_format.h>
#include "net/clock.h"

namespace headgate::guard {
namespace {

using std::chrono::seconds;

// What is said to a service manager, by the environment that it gives a service.
class ServiceManagerTest : public ::testing::Test {
 protected:
  ServiceManagerTest() : told_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    const std::string name = absl::StrFormat("headgate-notify-%d", getpid());
    std::memcpy(at.sun_path + 1, name.data(), name.size());  // the abstract namespace
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    EXPECT_EQ(bind(told_.get(), reinterpret_cast<const sockaddr*>(&at), length), 0);
    setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  }
  ~ServiceManagerTest() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "FDSTORE"}) unsetenv(name);
  }

  // The next message; empty: none came.
  std::string Next(Duration most) {
    const auto usec = std::chrono::duration_cast<std::chrono::microseconds>(most).count();
    const timeval patience{.tv_sec = usec / 1'000'000, .tv_usec = usec % 1'000'000};
    setsockopt(told_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char text[1024];
    const ssize_t size = recv(told_.get(), text, sizeof text, 0);
    return {text, static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

  static std::vector<net::PassedSocket> Sockets(std::size_t count) {
    std::vector<net::PassedSocket> sockets;
    for (std::size_t i = 0; i < count; ++i) {
      sockets.push_back({"listen=" + std::to_string(i), net::Fd(dup(STDERR_FILENO))});
    }
    return sockets;
  }

  net::Fd told_;
};

// Of the 20 s of the unit 10 are gone by the time that a thread is missed.
TEST_F(ServiceManagerTest, APingComesSoonAfterTrouble) {
  setenv("WATCHDOG_USEC", "20000000", 1);
  ServiceManager manager;
  std::atomic<int> looks = 0;
  const Time began = net::Now();
  manager.StartWatchdog([&] { return ++looks == 1 ? std::string("a thread is missed") : ""; });
  EXPECT_EQ(Next(seconds(8)), "WATCHDOG=1");
  EXPECT_LT(net::Now() - began, seconds(4));
  EXPECT_EQ(looks, 2);
}

TEST_F(ServiceManagerTest, StoresWhereItIsToldThatThisIsKept) {
  setenv("FDSTORE", "2", 1);
  ServiceManager manager;
  EXPECT_TRUE(manager.Store(Sockets(2)));
  EXPECT_EQ(Next(seconds(2)), "FDSTORE=1\nFDPOLL=0\nFDNAME=listen=0");
  EXPECT_EQ(Next(seconds(2)), "FDSTORE=1\nFDPOLL=0\nFDNAME=listen=1");
  EXPECT_FALSE(manager.Store({}));
  EXPECT_FALSE(manager.Store(Sockets(3)));
  setenv("FDSTORE", "0", 1);
  EXPECT_FALSE(manager.Store(Sockets(1)));
  unsetenv("FDSTORE");
  EXPECT_FALSE(manager.Store(Sockets(1)));
  EXPECT_EQ(Next(std::chrono::milliseconds(50)), "");
}

}  // namespace
}  // namespace headgate::guard
