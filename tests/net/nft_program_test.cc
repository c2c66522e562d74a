#include "net/nft_program.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "tests/net/nft_fake.h"
#include "tests/net/own_netns.h"

namespace {
std::atomic<int> kills{0};
}  // namespace

// In libc's place, so that it is seen who is killed.
extern "C" int kill(pid_t pid, int signal) noexcept {
  ++kills;
  return static_cast<int>(syscall(SYS_kill, pid, signal));
}

namespace headgate::net {
namespace {

TEST(NftProgram, GivesInputAndArgumentsAndTakesOutput) {
  const FakeNft nft("echo \"$*|$LC_ALL|$HOME\"; cat; ls /proc/self/fd | wc -l");
  setenv("HOME", "/root", 1);
  const int leaked = dup(0);  // without CLOEXEC
  auto out = nft.Program().Run({"-j", "a b"}, "some text\n");
  close(leaked);
  ASSERT_TRUE(out.ok()) << out.status();
  // ls itself opens the directory.
  EXPECT_EQ(*out, "-j a b|C|\nsome text\n4\n");
}

TEST(NftProgram, LargeInputAndOutputBlockNobody) {
  const FakeNft nft("cat; cat /dev/stdin");
  const std::string text(3 << 20, 'x');
  auto out = nft.Program(std::chrono::seconds(10), 8 << 20).Run({}, text);
  ASSERT_TRUE(out.ok()) << out.status();
  EXPECT_EQ(out->size(), 2 * text.size());
}

TEST(NftProgram, SaysWhatWentWrong) {
  const auto run = [](const std::string& script) {
    return FakeNft(script).Program(std::chrono::milliseconds(300), 1000).Run({}).status();
  };
  const auto missing = NftProgram({.paths = {"/nonexistent/nft"}}).Run({}).status();
  EXPECT_EQ(missing.message(), "nft is not installed (Debian package nftables)");
  EXPECT_EQ(missing.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(run("echo 'Operation not permitted (you must be root)' >&2; exit 1").message(),
            "nft needs CAP_NET_ADMIN");
  EXPECT_EQ(run("echo 'Error: syntax error' >&2; echo 'add ^^^' >&2; exit 1").message(),
            "nft: Error: syntax error");
  EXPECT_EQ(run("exit 3").message(), "nft: ended with status 3");
  EXPECT_EQ(run("kill -9 $$").message(), "nft: ended by signal 9");
  EXPECT_EQ(run("yes").code(), absl::StatusCode::kResourceExhausted);
  // Of errors the first line is kept however many there are.
  EXPECT_EQ(run("seq 100000 >&2; exit 1").message(), "nft: 1");
  EXPECT_EQ(run("yes >&2").code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(NftProgram, KillsWhatDoesNotEnd) {
  for (const char* script : {"exec sleep 60", "exec >&- 2>&-; exec sleep 60"}) {
    const FakeNft nft(script);
    const auto before = std::chrono::steady_clock::now();
    const auto status = nft.Program(std::chrono::milliseconds(200)).Run({}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20));
  }
}

// Nobody is killed who is gone: the pid may be a stranger's.
TEST(NftProgram, SaysWhenSigchldIsIgnored) {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  for (const char* script : {"echo fine", "exit 1"}) {
    kills = 0;
    const auto status = FakeNft(script).Program().Run({}).status();
    EXPECT_EQ(status.message(), "nft: how it ended is not known: SIGCHLD is ignored");
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(kills, 0);
  }
  const FakeNft hanging("exec sleep 60");
  EXPECT_EQ(hanging.Program(std::chrono::milliseconds(100)).Run({}).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(kills, 1);
  std::signal(SIGCHLD, before);
}

TEST(NftProgram, HurryCutsARunShort) {
  for (const char* script : {"exec sleep 60", "exec >&- 2>&-; exec sleep 60"}) {
    const FakeNft nft(script);
    const auto hurry = std::make_shared<std::atomic<bool>>(false);
    NftProgram::Options options;
    options.paths = {nft.path()};
    options.hurry = hurry;
    options.hurried = std::chrono::milliseconds(200);
    const NftProgram program(options);
    const auto before = std::chrono::steady_clock::now();
    std::thread told([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      *hurry = true;
    });
    EXPECT_EQ(program.Run({}).status().code(), absl::StatusCode::kDeadlineExceeded);
    told.join();
    EXPECT_EQ(program.Run({}).status().code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
  }
}

using NftProgramReal = OwnNetns;

TEST_F(NftProgramReal, KnowsItsErrors) {
  const NftProgram nft;
  EXPECT_EQ(nft.Run({"list", "table", "inet", "none"}).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(nft.Run({"-f", "-"}, "no such words\n").status().code(), absl::StatusCode::kInternal);
  Nft({"-f", "-"}, "table inet t { set s { type ipv4_addr; size 1; }; }\n");
  EXPECT_EQ(nft.Run({"-f", "-"}, "add element inet t s { 1.1.1.1, 1.1.1.2 }\n").status().code(),
            absl::StatusCode::kResourceExhausted);
}

// As the service runs: another user, with the capability in its ambient set.
TEST_F(NftProgramReal, WorksWithTheCapabilityAlone) {
  const FakeNft able(
      "exec setpriv --reuid 65534 --clear-groups --inh-caps +net_admin --ambient-caps +net_admin "
      "/usr/sbin/nft \"$@\"");
  const FakeNft unable("exec setpriv --reuid 65534 --clear-groups /usr/sbin/nft \"$@\"");
  auto out = able.Program().Run({"-f", "-"}, "table inet t { }\n");
  EXPECT_TRUE(out.ok()) << out.status();
  EXPECT_TRUE(able.Program().Run({"-j", "list", "table", "inet", "t"}).ok());
  EXPECT_EQ(unable.Program().Run({"list", "ruleset"}).status().code(),
            absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace headgate::net
