#include "net/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/clock.h"
#include "net/listen_socket.h"
#include "net/loop_socket.h"
#include "net/socket_address.h"

namespace headgate::net {
namespace {

using std::chrono::milliseconds;

// A socket of the loop's and the other end of it.
struct Pair {
  explicit Pair(Loop& loop) : ours(loop) {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    ours.Assign(Fd(ends[0]));
    theirs = Fd(ends[1]);
  }
  void Say(const std::string& what) const {
    ASSERT_EQ(send(theirs.get(), what.data(), what.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(what.size()));
  }
  LoopSocket ours;
  Fd theirs;
};

struct Counter final : SocketWatcher {
  void OnSocket() override {
    ++events;
    if (then) then();
  }
  int events = 0;
  std::function<void()> then;
};

class LoopTest : public ::testing::Test {
 protected:
  // Until there is nothing more to do now.
  std::size_t Settle() {
    std::size_t all = 0;
    while (const std::size_t some = loop_.Turn(Duration::zero())) all += some;
    return all;
  }
  // Takes all there is, as an owner has to.
  static std::string Read(LoopSocket& socket) {
    std::array<char, 256> bytes{};
    const ssize_t n = recv(socket.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (n < 0) {
      socket.ReadAll();
      return "nothing";
    }
    if (n > 0 && static_cast<std::size_t>(n) < bytes.size()) socket.PartRead();
    return n == 0 ? "end" : std::string(bytes.data(), static_cast<std::size_t>(n));
  }

  Loop loop_;
  Counter watcher_;
};

TEST_F(LoopTest, AChangeIsToldOnceAndKeptUntilItIsUsedUp) {
  Pair pair(loop_);
  ASSERT_TRUE(pair.ours.Watch(watcher_));
  EXPECT_EQ(Settle(), 0u);
  pair.Say("a");
  EXPECT_EQ(Settle(), 1u);
  EXPECT_EQ(Settle(), 0u) << "nobody has read it, and it is not told again";
  EXPECT_TRUE(pair.ours.readable());
  EXPECT_EQ(Read(pair.ours), "a");
  EXPECT_FALSE(pair.ours.readable());
  pair.Say("b");
  EXPECT_EQ(Settle(), 1u);
  EXPECT_TRUE(pair.ours.readable());
}

TEST_F(LoopTest, TheEndBehindBytesIsReadAfterThem) {
  Pair pair(loop_);
  ASSERT_TRUE(pair.ours.Watch(watcher_));
  pair.Say("last");
  pair.theirs.Reset();
  EXPECT_EQ(Settle(), 1u);
  EXPECT_EQ(Read(pair.ours), "last");
  EXPECT_TRUE(pair.ours.readable()) << "no event will tell of the end again";
  EXPECT_EQ(Read(pair.ours), "end");
}

TEST_F(LoopTest, AgainComesOnceInTheNextTurn) {
  Pair pair(loop_);
  watcher_.then = [&] {
    if (watcher_.events == 1) {
      pair.ours.Again();
      pair.ours.Again();
    }
  };
  ASSERT_TRUE(pair.ours.Watch(watcher_));
  pair.Say("a");
  EXPECT_EQ(loop_.Turn(Duration::zero()), 2u) << "what the kernel told, then what was asked for";
  EXPECT_EQ(Settle(), 0u);
  EXPECT_EQ(watcher_.events, 2);
}

TEST_F(LoopTest, AFullSocketIsToldOfWhenItTakesMore) {
  Pair pair(loop_);
  ASSERT_TRUE(pair.ours.Watch(watcher_));
  const std::string block(4096, 'x');
  while (send(pair.ours.fd(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
  }
  pair.ours.WriteFull();
  pair.ours.WantWritable();
  Settle();
  EXPECT_FALSE(pair.ours.writable());
  std::array<char, 4096> taken{};
  while (recv(pair.theirs.get(), taken.data(), taken.size(), 0) > 0) {
  }
  EXPECT_GE(Settle(), 1u);
  EXPECT_TRUE(pair.ours.writable());
}

TEST_F(LoopTest, MovedItGoesOnWithWhatIsKnown) {
  Pair pair(loop_);
  ASSERT_TRUE(pair.ours.Watch(watcher_));
  pair.Say("a");
  Settle();
  LoopSocket moved = std::move(pair.ours);
  Counter next;
  ASSERT_TRUE(moved.Watch(next));
  EXPECT_FALSE(pair.ours.open());  // NOLINT(bugprone-use-after-move): that is what is asked
  EXPECT_TRUE(moved.readable());
  pair.Say("b");
  EXPECT_EQ(Settle(), 1u);
  EXPECT_EQ(next.events, 1);
  EXPECT_EQ(Read(moved), "ab");
}

// One batch brings events of two sockets, and the first handler closes the second, whose descriptor
// a third one gets at once.
TEST_F(LoopTest, ASocketClosedInTheBatchIsNotToldNorIsWhoGetsItsDescriptor) {
  auto first = std::make_unique<Pair>(loop_), second = std::make_unique<Pair>(loop_);
  std::optional<LoopSocket> third;
  Counter others, heir;
  std::array<int, 2> ends{};
  const auto act = [&](Pair& other) {
    if (third) return;
    const int freed = other.ours.fd();
    other.ours.Close();
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    ASSERT_EQ(ends[0], freed);
    third.emplace(loop_);
    third->Assign(Fd(ends[0]));
    ASSERT_TRUE(third->Watch(heir));
  };
  watcher_.then = [&] { act(*second); };
  others.then = [&] { act(*first); };
  ASSERT_TRUE(first->ours.Watch(watcher_));
  ASSERT_TRUE(second->ours.Watch(others));
  first->Say("a");
  second->Say("b");
  Settle();
  EXPECT_EQ(watcher_.events + others.events, 1);
  EXPECT_EQ(heir.events, 0);
  close(ends[1]);
  Settle();
  EXPECT_GE(heir.events, 1) << "it hears of its own end";
}

// As between the fork and the exec of a child: somebody still has the file that was closed here.
TEST_F(LoopTest, WhatIsToldOfAClosedFileIsOfNobody) {
  auto closed = std::make_unique<Pair>(loop_);
  const int fd = closed->ours.fd();
  ASSERT_TRUE(closed->ours.Watch(watcher_));
  const Fd copy(dup(fd));
  closed->ours.Close();
  Pair next(loop_);
  Counter heir;
  ASSERT_EQ(next.ours.fd(), fd);
  ASSERT_TRUE(next.ours.Watch(heir));
  closed->Say("to the one before");
  Settle();
  EXPECT_EQ(watcher_.events, 0);
  EXPECT_EQ(heir.events, 0);
  EXPECT_FALSE(next.ours.readable());
}

// A read stops short of the mark.
TEST_F(LoopTest, BehindUrgentDataThereMayBeMore) {
  const auto bound = BindListeners(*ParseEndpoint("127.0.0.1:0"), 1);
  ASSERT_TRUE(bound.ok());
  const Fd client(socket(AF_INET, SOCK_STREAM, 0));
  const SocketAddress at = ToSocketAddress(bound->endpoint);
  ASSERT_EQ(connect(client.get(), at.get(), at.size), 0);
  LoopSocket ours(loop_);
  ours.Assign(Fd(accept4(bound->sockets[0].get(), nullptr, nullptr, SOCK_NONBLOCK)));
  ASSERT_TRUE(ours.Watch(watcher_));
  ASSERT_EQ(send(client.get(), "abc", 3, 0), 3);
  ASSERT_EQ(send(client.get(), "!", 1, MSG_OOB), 1);
  ASSERT_EQ(send(client.get(), "def", 3, 0), 3);
  std::string got;
  for (int i = 0; i < 100 && got.size() < 6; ++i) {
    loop_.Turn(milliseconds(10));
    while (ours.readable()) {
      const std::string part = Read(ours);
      if (part != "nothing") got += part;
    }
  }
  EXPECT_EQ(got, "abcdef");
}

TEST_F(LoopTest, ADestroyedSocketIsNotCalledAgain) {
  auto pair = std::make_unique<Pair>(loop_);
  ASSERT_TRUE(pair->ours.Watch(watcher_));
  pair->ours.Again();
  pair.reset();
  EXPECT_EQ(Settle(), 0u);
  EXPECT_EQ(watcher_.events, 0);
}

TEST_F(LoopTest, WhatIsPostedByItselfRunsAfterWhatIsHandledNow) {
  std::string order;
  loop_.Post([&] {
    loop_.Post([&] { order += "second "; });
    order += "first ";
  });
  EXPECT_EQ(Settle(), 3u) << "the wake-up and two tasks";
  EXPECT_EQ(order, "first second ");
}

TEST_F(LoopTest, OtherThreadsPostWhileItSleepsAndStopEndsIt) {
  std::thread thread([this] { loop_.Run(); });
  constexpr int kPosts = 2000;
  int done = 0;  // of the loop's thread
  for (int i = 0; i < kPosts; ++i) loop_.Post([&] { ++done; });
  loop_.Post([this] { loop_.Stop(); });
  thread.join();
  EXPECT_EQ(done, kPosts);
}

}  // namespace
}  // namespace headgate::net
