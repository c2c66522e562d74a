#include "net/doorstep.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "net/loop.h"

namespace headgate::net {
namespace {

using std::chrono::seconds;

class DoorstepTest : public ::testing::Test {
 protected:
  // The client's end of one that was put there.
  Fd Put(std::uint64_t serial) {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    Newcomer who;
    who.id = {0, serial};
    who.peer = {Address::V4(0xc0000201), 40000};
    Fd ours(ends[0]);
    EXPECT_TRUE(door_.Put(ours, who, Time(seconds(serial))));
    EXPECT_FALSE(ours.valid());
    return Fd(ends[1]);
  }
  void Turn() {
    while (loop_.Turn(Duration::zero()) > 0) {
    }
  }

  Loop loop_;
  std::vector<std::uint64_t> stirred_;
  Doorstep door_{loop_, [this](std::uint64_t serial) { stirred_.push_back(serial); }};
};

TEST_F(DoorstepTest, TheFirstWordIsToldAndStaysInTheSocket) {
  const Fd silent = Put(1), speaks = Put(2);
  Turn();
  EXPECT_TRUE(stirred_.empty());
  ASSERT_EQ(send(speaks.get(), "word", 4, 0), 4);
  Turn();
  EXPECT_EQ(stirred_, std::vector<std::uint64_t>{2});
  auto taken = door_.TakeOut(2);
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->socket.readable());
  EXPECT_EQ(taken->who.peer.port, 40000);
  EXPECT_EQ(taken->deadline, Time(seconds(2)));
  std::array<char, 16> bytes{};
  EXPECT_EQ(recv(taken->socket.fd(), bytes.data(), bytes.size(), 0), 4);
  EXPECT_EQ(door_.size(), 1u);
  EXPECT_FALSE(door_.TakeOut(2));
}

TEST_F(DoorstepTest, TheEndIsTold) {
  Fd leaves = Put(7);
  leaves.Reset();
  Turn();
  EXPECT_EQ(stirred_, std::vector<std::uint64_t>{7});
}

// As it is taken out where it is told.
TEST_F(DoorstepTest, MayBeTakenOutInItsOwnEvent) {
  std::vector<Doorstep::Taken> out;
  Doorstep* at = nullptr;
  Doorstep door(loop_,
                [&](std::uint64_t serial) { out.push_back(std::move(*at->TakeOut(serial))); });
  at = &door;
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  Newcomer who;
  who.id = {0, 3};
  Fd ours(ends[0]);
  const Fd theirs(ends[1]);
  ASSERT_TRUE(door.Put(ours, who, kNever));
  ASSERT_EQ(send(theirs.get(), "a", 1, 0), 1);
  Turn();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].who.id.serial, 3u);
  EXPECT_EQ(door.size(), 0u);
}

// A file is nothing that epoll(7) can watch.
TEST_F(DoorstepTest, WhoCannotBeWatchedStaysWithTheCaller) {
  Fd file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  const int fd = file.get();
  Newcomer who;
  who.id = {0, 5};
  EXPECT_FALSE(door_.Put(file, who, kNever));
  EXPECT_EQ(file.get(), fd);
  EXPECT_EQ(who.id.serial, 5u);
  EXPECT_EQ(door_.size(), 0u);
}

TEST_F(DoorstepTest, AllOfThemCanBeNamed) {
  const Fd first = Put(1), second = Put(2);
  std::vector<std::uint64_t> all = door_.All();
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (std::vector<std::uint64_t>{1, 2}));
}

}  // namespace
}  // namespace headgate::net
