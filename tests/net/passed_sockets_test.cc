#include "net/passed_sockets.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <map>
#include <set>

#include "net/options.h"
#include "net/socket_address.h"

namespace headgate::net {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

Endpoint At(const std::string& text) { return *ParseEndpoint(text); }

ino_t Inode(int fd) {
  struct stat info {};
  return fstat(fd, &info) == 0 ? info.st_ino : 0;
}

// As somebody else made it: a fresh one of any free port.
Fd Made(int type = SOCK_STREAM, bool listens = true) {
  Fd fd(socket(AF_INET, type, 0));
  const SocketAddress any = ToSocketAddress(At("127.0.0.1:0"));
  EXPECT_EQ(bind(fd.get(), any.get(), any.size), 0);
  if (listens) {
    EXPECT_EQ(listen(fd.get(), 8), 0);
  }
  return fd;
}

std::string WhyNot(const Fd& fd) {
  const auto at = ListeningAt(fd.get());
  return at.ok() ? "" : std::string(at.status().message());
}

TEST(PassedSockets, WhatIsNoListeningSocketIsTold) {
  EXPECT_EQ(WhyNot(Made()), "");
  EXPECT_THAT(WhyNot(Made(SOCK_STREAM, /*listens=*/false)), HasSubstr("does not listen"));
  EXPECT_THAT(WhyNot(Made(SOCK_DGRAM, false)), HasSubstr("no stream socket"));
  EXPECT_THAT(WhyNot(Fd(open("/dev/null", O_RDONLY))), HasSubstr("no socket"));
  EXPECT_THAT(WhyNot(Fd(socket(AF_UNIX, SOCK_STREAM, 0))), HasSubstr("unix socket"));
  EXPECT_THAT(WhyNot(Fd()), HasSubstr("not open"));
}

TEST(PassedSockets, ANameHasNoColon) {
  EXPECT_EQ(StoreName(At("127.0.0.1:3306")), "listen=127.0.0.1_3306");
  EXPECT_EQ(StoreName(At("[2001:db8::1]:3306")), "listen=[2001_db8__1]_3306");
}

TEST(PassedSockets, ThoseOfAnAddressAreTakenAndNoneIsMade) {
  auto first = BindListeners(At("127.0.0.1:0"), 3);
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string address = ToText(first->endpoint);
  std::set<ino_t> made;
  std::vector<PassedSocket> passed;
  for (Fd& fd : first->sockets) {
    made.insert(Inode(fd.get()));
    passed.push_back({"any", std::move(fd)});
  }
  passed.push_back({"other", Made()});
  passed.push_back({"odd", Fd(open("/dev/null", O_RDONLY))});
  const auto taken = BindOrTake({address}, 7, false, std::move(passed));
  ASSERT_TRUE(taken.ok()) << taken.status();
  ASSERT_THAT(taken->bound, SizeIs(1));
  std::set<ino_t> used;
  for (const Fd& fd : taken->bound[0].sockets) {
    used.insert(Inode(fd.get()));
    EXPECT_NE(fcntl(fd.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(used, made);
  std::set<std::string> left;
  for (const PassedSocket& socket : taken->left) left.insert(socket.name);
  EXPECT_EQ(left, (std::set<std::string>{"other", "odd"}));
}

TEST(PassedSockets, WithoutAnyNewOnesAreMade) {
  const auto made = BindOrTake({"127.0.0.1:0"}, 2, false, {});
  ASSERT_TRUE(made.ok()) << made.status();
  ASSERT_THAT(made->bound, SizeIs(1));
  EXPECT_THAT(made->bound[0].sockets, SizeIs(2));
}

TEST(PassedSockets, AllThatSystemdPassesIsListenedOn) {
  std::vector<PassedSocket> passed;
  passed.push_back({"headgate.socket", Made()});
  passed.push_back({"headgate.socket", Made()});
  const auto taken = BindOrTake({kListenPassed}, 4, false, std::move(passed));
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_THAT(taken->bound, SizeIs(2));
  EXPECT_THAT(taken->left, SizeIs(0));
  EXPECT_THAT(std::string(BindOrTake({kListenPassed}, 4, false, {}).status().message()),
              HasSubstr("LISTEN_FDS"));
  std::vector<PassedSocket> wrong;
  wrong.push_back({"headgate.socket", Made(SOCK_DGRAM, false)});
  EXPECT_THAT(
      std::string(BindOrTake({kListenPassed}, 4, false, std::move(wrong)).status().message()),
      HasSubstr("\"headgate.socket\" is no stream socket"));
}

// However many there are of either: no queue starves, and no thread has nothing to do.
TEST(PassedSockets, EverySocketHasAThreadAndEveryThreadASocket) {
  for (std::size_t sockets = 1; sockets <= 5; ++sockets) {
    for (std::size_t threads = 1; threads <= 5; ++threads) {
      auto bound = BindListeners(At("127.0.0.1:0"), sockets);
      ASSERT_TRUE(bound.ok());
      std::set<ino_t> all;
      for (const Fd& fd : bound->sockets) all.insert(Inode(fd.get()));
      std::vector<Bound> list;
      list.push_back(std::move(*bound));
      const auto spread = SpreadOver(threads, std::move(list));
      ASSERT_TRUE(spread.ok()) << spread.status();
      ASSERT_THAT(*spread, SizeIs(threads));
      std::map<ino_t, int> waited;
      for (const auto& feeds : *spread) {
        EXPECT_FALSE(feeds.empty());
        for (const ListenFeed& feed : feeds) ++waited[Inode(feed.socket.get())];
      }
      EXPECT_EQ(waited.size(), all.size());
      for (const auto& feeds : *spread) {
        for (const ListenFeed& feed : feeds) {
          const bool shared = waited[Inode(feed.socket.get())] > 1;
          EXPECT_TRUE(!shared || feed.turns != nullptr) << sockets << " for " << threads;
        }
      }
    }
  }
}

}  // namespace
}  // namespace headgate::net
