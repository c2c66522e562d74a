// The admin server on a real unix socket in a directory of its own.
#include "net/admin.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "net/admin_client.h"
#include "net/socket_address.h"
#include "tests/net/famine.h"
#include "tests/net/wire_peer.h"

namespace headgate::net {
namespace {

class AdminTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/headgate-admin-XXXXXX";
    directory_ = mkdtemp(pattern);
    path_ = directory_ + "/admin.sock";
  }
  void TearDown() override {
    server_.reset();
    unlink(path_.c_str());
    rmdir(directory_.c_str());
  }

  void Serve(AdminHandler handler, Duration deadline = std::chrono::seconds(5)) {
    AdminOptions options;
    options.path = path_;
    options.deadline = deadline;
    auto bound = AdminServer::Bind(options);
    ASSERT_TRUE(bound.ok()) << bound.status();
    server_ = std::move(*bound);
    server_->Start(std::move(handler));
  }
  static AdminReply Echo(std::string_view method, std::string_view target, std::string_view body) {
    return {200, std::string(method) + ' ' + std::string(target) + ' ' + std::string(body)};
  }
  [[nodiscard]] WirePeer Raw() const {
    const SocketAddress to = Resolve("unix:" + path_)->front();
    Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(fd.get(), to.get(), to.size), 0);
    return WirePeer(std::move(fd));
  }
  // "HTTP/1.1 413 ...": the number.
  static std::string StatusOf(WirePeer& peer) {
    const auto line = peer.Read(12);
    return line ? line->substr(9) : "closed";
  }

  std::string directory_, path_;
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminTest, AnswersWhatTheHandlerSays) {
  Serve(Echo);
  const auto get = AdminCall(path_, "GET", "/status", "");
  ASSERT_TRUE(get.ok()) << get.status();
  EXPECT_EQ(get->status, 200U);
  EXPECT_EQ(get->body, "GET /status ");
  const auto post = AdminCall(path_, "POST", "/ban", R"({"address":"192.0.2.1"})");
  ASSERT_TRUE(post.ok()) << post.status();
  EXPECT_EQ(post->body, R"(POST /ban {"address":"192.0.2.1"})");
}

TEST_F(AdminTest, NamesTheKindOfItsBody) {
  Serve([](auto, auto, auto) { return AdminReply{200, "a 1\n", "text/plain; version=0.0.4"}; });
  WirePeer peer = Raw();
  peer.Send("GET / HTTP/1.0\r\n\r\n");
  std::string answer;
  while (const auto byte = peer.Read(1)) answer += *byte;
  EXPECT_NE(answer.find("Content-Type: text/plain; version=0.0.4\r\n"), std::string::npos)
      << answer;
}

// What another user is answered: its status, from a process of that user with those groups.
class AdminGroup : public AdminTest {
 protected:
  static constexpr gid_t kTrusted = 64001;
  static constexpr uid_t kStranger = 64002;

  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
    AdminTest::SetUp();
    chmod(directory_.c_str(), 0755);
    AdminOptions options;
    options.path = path_;
    options.trusted_group = kTrusted;
    auto bound = AdminServer::Bind(options);
    ASSERT_TRUE(bound.ok()) << bound.status();
    server_ = std::move(*bound);
    server_->Start(Echo);
    chmod(path_.c_str(), 0666);  // the file's mode is to keep nobody away in this test
  }

  [[nodiscard]] int AskedAs(gid_t gid, const std::vector<gid_t>& groups) const {
    const pid_t child = fork();
    if (child == 0) {
      if (setgroups(groups.size(), groups.data()) != 0 || setgid(gid) != 0 ||
          setuid(kStranger) != 0) {
        _exit(99);
      }
      const auto reply = AdminCall(path_, "GET", "/status", "");
      _exit(reply.ok() ? 0 : reply.status().code() == absl::StatusCode::kPermissionDenied ? 1 : 2);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  }
};

TEST_F(AdminGroup, TheFileIsTheGroups) {
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_gid, kTrusted);
}

TEST_F(AdminGroup, ItsMembersMayAsk) {
  EXPECT_EQ(AskedAs(kTrusted, {}), 0) << "by the first group";
  EXPECT_EQ(AskedAs(64005, {64003, kTrusted, 64004}), 0) << "by a supplementary one";
  std::vector<gid_t> many;
  for (gid_t gid = 70000; gid < 70200; ++gid) many.push_back(gid);
  many.push_back(kTrusted);
  EXPECT_EQ(AskedAs(64005, many), 0) << "among two hundred";
}

TEST_F(AdminGroup, OthersMayNot) {
  EXPECT_EQ(AskedAs(64005, {}), 1);
  EXPECT_EQ(AskedAs(64005, {64003, 64004}), 1);
  EXPECT_EQ(AskedAs(0, {0}), 1) << "root's group is nobody's";
}

TEST_F(AdminTest, PassesTheHandlersStatusAndALongBodyOn) {
  const std::string body(5'000'000, 'b');
  Serve([&](auto, auto, auto) { return AdminReply{404, body}; });
  const auto reply = AdminCall(path_, "GET", "/bans", "");
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->status, 404U);
  EXPECT_EQ(reply->body, body);
}

TEST_F(AdminTest, TheFileIsForOwnerAndGroupAndGoesWithTheServer) {
  Serve(Echo);
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660U);
  server_.reset();
  EXPECT_NE(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(AdminCall(path_, "GET", "/", "").status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(AdminTest, ReplacesADeadSocketButNeitherALiveOneNorAFile) {
  {
    const SocketAddress to = Resolve("unix:" + path_)->front();
    const Fd left_behind(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(bind(left_behind.get(), to.get(), to.size), 0);
  }
  Serve(Echo);
  AdminOptions again;
  again.path = path_;
  EXPECT_EQ(AdminServer::Bind(again).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(AdminCall(path_, "GET", "/", "").ok()) << "the first is unharmed";
  server_.reset();
  std::ofstream(path_) << "precious";
  EXPECT_EQ(AdminServer::Bind(again).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(access(path_.c_str(), F_OK), 0);
}

// Whoever had a copy may have died since.
TEST_F(AdminTest, OneThatHasLetGoIsNoLiveOne) {
  Serve(Echo);
  Fd copy = server_->CopySocket();
  server_->LetGo();
  AdminOptions again;
  again.path = path_;
  EXPECT_EQ(AdminServer::Bind(again).status().code(), absl::StatusCode::kAlreadyExists);
  copy.Reset();
  const auto next = AdminServer::Bind(again);
  ASSERT_TRUE(next.ok()) << next.status();
  server_.reset();
  EXPECT_EQ(access(path_.c_str(), F_OK), 0) << "the file is the next one's";
}

TEST_F(AdminTest, RefusesABodyThatIsTooLong) {
  Serve(Echo);
  WirePeer peer = Raw();
  peer.Send("POST /ban HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n");
  EXPECT_EQ(StatusOf(peer), "413");
  const auto reply = AdminCall(path_, "POST", "/ban", std::string(kMaxAdminBody + 1, 'x'));
  if (reply.ok()) {
    EXPECT_EQ(reply->status, 413U);
  }
  const auto longest = AdminCall(path_, "POST", "/ban", std::string(kMaxAdminBody, 'x'));
  ASSERT_TRUE(longest.ok()) << longest.status();
  EXPECT_EQ(longest->status, 200U);
}

TEST_F(AdminTest, RefusesAHeaderThatIsTooLongAndWhatIsNoRequest) {
  Serve(Echo);
  WirePeer longest = Raw();
  longest.Send("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(StatusOf(longest), "431");
  WirePeer garbage = Raw();
  garbage.Send("\x0f\x00\x00\x01 not http\r\n\r\n");
  EXPECT_EQ(StatusOf(garbage), "400");
}

TEST_F(AdminTest, ASlowClientIsCutAndHoldsNobodyUp) {
  Serve(Echo, std::chrono::milliseconds(200));
  WirePeer slow = Raw();
  slow.Send("GET /status HT");
  EXPECT_TRUE(AdminCall(path_, "GET", "/status", "").ok());
  EXPECT_TRUE(slow.ReadsEnd());
}

TEST_F(AdminTest, OneWhoOpensManyConnectionsGetsNoMore) {
  Serve(Echo, std::chrono::milliseconds(300));
  std::vector<WirePeer> many;
  for (int i = 0; i < 40; ++i) many.push_back(Raw());
  for (WirePeer& peer : many) EXPECT_TRUE(peer.ReadsEnd());
  EXPECT_TRUE(AdminCall(path_, "GET", "/status", "").ok()) << "and afterwards all is well";
}

// What was given up for one peer has to be there for the next, whichever way the one went.
TEST_F(AdminTest, KeepsItsSpareDescriptorFromThoseWhoLeaveSilently) {
  Serve(Echo);
  ASSERT_TRUE(AdminCall(path_, "GET", "/status", "").ok());
  const SocketAddress to = Resolve("unix:" + path_)->front();
  Famine famine(AF_UNIX, 3);
  std::vector<WirePeer> late;
  for (int i = 0; i < 2; ++i) {
    late.push_back(famine.Connect(to));
    late.back().Finish();
    EXPECT_TRUE(late.back().ReadsEnd()) << i;
    EXPECT_EQ(famine.TakeAll(), 0U) << i;
  }
  late.push_back(famine.Connect(to));
  late.back().Send("GET /status HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(StatusOf(late.back()), "200");
}

TEST_F(AdminTest, KeepsItsSpareDescriptorFromThoseWhoAreTooMany) {
  Serve(Echo);
  std::vector<WirePeer> many;
  for (int i = 0; i < 16; ++i) {
    many.push_back(Raw());
    many.back().Send("GET /sta");
  }
  WirePeer refused = Raw();
  EXPECT_TRUE(refused.ReadsEnd()) << "all are in";
  const SocketAddress to = Resolve("unix:" + path_)->front();
  Famine famine(AF_UNIX, 3);
  for (int i = 0; i < 3; ++i) {
    many.push_back(famine.Connect(to));
    EXPECT_TRUE(many.back().ReadsEnd()) << i;
    EXPECT_EQ(famine.TakeAll(), 0U) << i;
  }
}

}  // namespace
}  // namespace headgate::net
