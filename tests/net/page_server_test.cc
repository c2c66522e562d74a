// The page's server on a real socket: what it answers, and what strangers cannot make of it.
#include "net/page_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tests/net/famine.h"
#include "tests/net/wire_peer.h"

namespace headgate::net {
namespace {

using std::chrono::milliseconds;

struct Answer {
  int status = 0;  // 0: none came
  std::string header, body;
};

class PageServerTest : public ::testing::Test {
 protected:
  void Serve(PageOptions options = {}) {
    options.address = "127.0.0.1:0";
    options.assets = {{"/", "text/html; charset=utf-8", "tag", "<html>", "<packed>"}};
    auto bound = PageServer::Bind(std::move(options));
    ASSERT_TRUE(bound.ok()) << bound.status();
    server_ = std::move(*bound);
    server_->Start([this](std::string_view target) {
      ++asked_;
      PageReply reply;
      if (target != "/status" && target != "/long") reply.status = 404;
      reply.body = target == "/long" ? long_ : std::make_shared<const std::string>("{\"a\":1}");
      return reply;
    });
  }
  [[nodiscard]] WirePeer Raw() const { return WirePeer::ConnectTo(server_->address()); }

  static std::string Request(const std::string& line, const std::string& more = "") {
    return line + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + more + "\r\n";
  }
  static std::string Field(const Answer& answer, const std::string& name) {
    const std::size_t at = answer.header.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const std::size_t from = at + name.size() + 4;
    return answer.header.substr(from, answer.header.find("\r\n", from) - from);
  }
  static Answer Read(WirePeer& peer, bool head = false) {
    Answer answer;
    while (answer.header.find("\r\n\r\n") == std::string::npos) {
      const auto byte = peer.Read(1);
      if (!byte) return {};
      answer.header += *byte;
    }
    answer.status = std::atoi(answer.header.c_str() + 9);
    const std::string length = Field(answer, "Content-Length");
    if (!head && !length.empty()) answer.body = peer.Read(std::stoul(length)).value_or("cut");
    return answer;
  }
  Answer Ask(const std::string& bytes, bool head = false) {
    WirePeer peer = Raw();
    peer.Send(bytes);
    return Read(peer, head);
  }

  std::unique_ptr<PageServer> server_;
  std::atomic<int> asked_ = 0;
  std::shared_ptr<const std::string> long_ =
      std::make_shared<const std::string>(std::size_t{32} * 1024 * 1024, 'x');
};

TEST_F(PageServerTest, ShowsItsFilesAndItsData) {
  Serve();
  const Answer page = Ask(Request("GET /?x=1"));
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<html>");
  EXPECT_EQ(Ask(Request("GET /", "Accept-Encoding: gzip, deflate\r\n")).body, "<packed>");
  const Answer data = Ask(Request("GET /status"));
  EXPECT_EQ(data.body, "{\"a\":1}");
  EXPECT_EQ(Field(data, "Content-Type"), "application/json");
  EXPECT_EQ(Field(data, "Cache-Control"), "no-store");
  EXPECT_EQ(Ask(Request("GET /nothing")).status, 404);
}

TEST_F(PageServerTest, AHeadHasTheLengthWithoutTheBytes) {
  Serve();
  WirePeer peer = Raw();
  peer.Send(Request("HEAD /status"));
  EXPECT_EQ(Field(Read(peer, /*head=*/true), "Content-Length"), "7");
  peer.Send(Request("HEAD /"));
  EXPECT_EQ(Field(Read(peer, /*head=*/true), "Content-Length"), "6");
  peer.Send("HEAD / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_EQ(Read(peer, /*head=*/true).status, 421);
  EXPECT_TRUE(peer.ReadsEnd()) << "no body follows a HEAD, not of a refusal either";
}

TEST_F(PageServerTest, NothingCanBeChangedThroughIt) {
  Serve();
  for (const char* method :
       {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "X"}) {
    const Answer answer = Ask(Request(std::string(method) + " /status"));
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(Field(answer, "Allow"), "GET, HEAD");
  }
  EXPECT_EQ(Ask(Request("POST /status", "Content-Length: 2\r\n") + "{}").status, 405);
  EXPECT_EQ(asked_, 0);
}

TEST_F(PageServerTest, AnswersOnlyWhoMeantIt) {
  Serve();
  const auto ask = [this](const std::string& hosts) {
    return Ask("GET /status HTTP/1.1\r\n" + hosts + "\r\n").status;
  };
  EXPECT_EQ(ask("Host: localhost:9933\r\n"), 200);
  EXPECT_EQ(ask("Host: evil.example\r\n"), 421);
  EXPECT_EQ(ask("Host: evil.example:9933\r\n"), 421);
  EXPECT_EQ(ask("Host: \r\n"), 421);
  EXPECT_EQ(ask(""), 400);
  EXPECT_EQ(ask("Host: 127.0.0.1\r\nHost: evil.example\r\n"), 400);
  EXPECT_EQ(Ask("GET http://evil.example/status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").status, 400);
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(Ask(Request("GET /status", "Sec-Fetch-Site: cross-site\r\n")).status, 403);
  EXPECT_EQ(Ask(Request("GET /status", "Sec-Fetch-Site: same-origin\r\n")).status, 200);
  EXPECT_EQ(Ask(Request("GET /", "Sec-Fetch-Site: cross-site\r\n")).status, 200) << "a link to it";
}

TEST_F(PageServerTest, ReadsARequestCutAnywhere) {
  Serve();
  const std::string request = Request("GET /status", "Accept-Encoding: gzip\r\n");
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    WirePeer peer = Raw();
    peer.Send(request.substr(0, cut));
    if (cut % 16 == 0) std::this_thread::sleep_for(milliseconds(2));
    peer.Send(request.substr(cut));
    ASSERT_EQ(Read(peer).status, 200) << cut;
  }
}

TEST_F(PageServerTest, TakesOneRequestAfterTheOtherButNotForEver) {
  PageOptions options;
  options.most_requests = 5;
  Serve(options);
  WirePeer peer = Raw();
  std::string five;
  for (int i = 0; i < 7; ++i) five += Request("GET /status");  // all at once, two too many
  peer.Send(five);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Read(peer).status, 200) << i;
  EXPECT_TRUE(peer.ReadsEnd());
  WirePeer once = Raw();
  once.Send(Request("GET /status", "Connection: close\r\n"));
  EXPECT_EQ(Field(Read(once), "Connection"), "close");
  EXPECT_TRUE(once.ReadsEnd());
}

TEST_F(PageServerTest, RefusesABodyALongHeaderAndWhatIsNoRequest) {
  Serve();
  EXPECT_EQ(Ask(Request("GET /status", "Content-Length: 5\r\n") + "abcde").status, 413);
  EXPECT_EQ(Ask(Request("GET /status", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n").status,
            413);
  EXPECT_EQ(Ask(Request("GET /status", "Content-Length: 99999999999\r\n")).status, 413);
  EXPECT_EQ(Ask(Request("GET /status", "X: " + std::string(20'000, 'x') + "\r\n")).status, 431);
  EXPECT_EQ(Ask("GET /" + std::string(30'000, 'x')).status, 431);
  EXPECT_EQ(Ask("\x0f\x01 not http\r\n\r\n").status, 400);
  EXPECT_EQ(Ask(Request("GET /status", "Content-Length: x\r\n")).status, 400);
  EXPECT_EQ(asked_, 0);
}

TEST_F(PageServerTest, WhoIsSlowOrSilentIsCut) {
  PageOptions options;
  options.request = options.idle = milliseconds(200);
  Serve(options);
  WirePeer slow = Raw(), silent = Raw(), idle = Raw();
  idle.Send(Request("GET /status"));
  EXPECT_EQ(Read(idle).status, 200);
  slow.Send("GET /status HT");
  // Byte by byte is no way around an absolute deadline.
  for (int i = 0; i < 8; ++i) {
    std::this_thread::sleep_for(milliseconds(40));
    slow.Send("T");
  }
  EXPECT_EQ(Ask(Request("GET /status")).status, 200);
  EXPECT_TRUE(slow.ReadsEnd());
  EXPECT_TRUE(silent.ReadsEnd());
  EXPECT_TRUE(idle.ReadsEnd());
}

TEST_F(PageServerTest, WhoDoesNotReadHoldsNobodyUpAndIsCut) {
  PageOptions options;
  options.answer = milliseconds(300);
  Serve(options);
  WirePeer slow = Raw();
  slow.Send(Request("GET /long"));
  EXPECT_EQ(Ask(Request("GET /status")).status, 200);
  std::this_thread::sleep_for(milliseconds(500));
  std::string got;
  while (const auto some = slow.Read(4096)) got += *some;
  EXPECT_LT(got.size(), long_->size()) << "it was given as long as it wanted";
  EXPECT_EQ(long_.use_count(), 1) << "and nothing is kept for it";
}

TEST_F(PageServerTest, WhoHasBeenIdleLongestMakesRoom) {
  PageOptions options;
  options.most_per_peer = 4;
  Serve(options);
  std::vector<WirePeer> held;
  for (int i = 0; i < 4; ++i) {
    held.push_back(Raw());
    held.back().Send("GET /sta");  // a slow loris
    std::this_thread::sleep_for(milliseconds(5));
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Ask(Request("GET /status")).status, 200) << i;
  EXPECT_TRUE(held.front().ReadsEnd());
}

// Three that take the first bytes of their answers, and no more.
class SlowReaders : public PageServerTest {
 protected:
  void Begin(Duration patience) {
    PageOptions options;
    options.most = 3;
    options.patience = patience;
    Serve(options);
    for (int i = 0; i < 3; ++i) {
      slow_.push_back(Raw());
      slow_.back().Send(Request("GET /long"));
      EXPECT_TRUE(slow_.back().Read(20)) << "its answer has begun";
      std::this_thread::sleep_for(milliseconds(5));
    }
  }
  // Whether all of its answer comes.
  bool IsLeftAlone(WirePeer& peer) {
    std::size_t got = 20;
    while (got < long_->size()) {
      const auto some = peer.Read(1024);
      if (!some) return false;
      got += some->size();
    }
    return true;
  }
  std::vector<WirePeer> slow_;
};

TEST_F(SlowReaders, AreLeftAloneWhileTheirAnswersAreNew) {
  Begin(std::chrono::minutes(1));
  EXPECT_EQ(Ask(Request("GET /status")).status, 0);
}

TEST_F(SlowReaders, MakeRoomWhenTheyHaveHadTheirTimeTheOldestFirst) {
  Begin(milliseconds(200));
  std::this_thread::sleep_for(milliseconds(300));
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(Ask(Request("GET /status", "Connection: close\r\n")).status, 200) << i;
  }
  EXPECT_FALSE(IsLeftAlone(slow_[0]));
  EXPECT_TRUE(IsLeftAlone(slow_[2]));
}

TEST_F(PageServerTest, KeepsItsSpareDescriptorWhoeverMakesRoom) {
  PageOptions options;
  options.most = 1;
  Serve(options);
  std::vector<WirePeer> all;
  all.push_back(Raw());
  all.back().Send(Request("GET /status"));
  EXPECT_EQ(Read(all.back()).status, 200);
  const SocketAddress to = ToSocketAddress(*ParseEndpoint(server_->address()));
  Famine famine(AF_INET, 3);
  for (int i = 0; i < 3; ++i) {  // each takes the place of the one before
    all.push_back(famine.Connect(to));
    all.back().Send(Request("GET /status"));
    EXPECT_EQ(Read(all.back()).status, 200) << i;
    EXPECT_EQ(famine.TakeAll(), 0U) << i;
  }
}

TEST_F(PageServerTest, KeepsItsSpareDescriptorFromWhomThereIsNoRoomFor) {
  PageOptions options;
  options.most = 1;
  options.patience = std::chrono::minutes(1);
  Serve(options);
  WirePeer busy = Raw();
  busy.Send(Request("GET /long"));
  EXPECT_TRUE(busy.Read(20));
  const SocketAddress to = ToSocketAddress(*ParseEndpoint(server_->address()));
  Famine famine(AF_INET, 3);
  std::vector<WirePeer> late;
  for (int i = 0; i < 3; ++i) {
    late.push_back(famine.Connect(to));
    EXPECT_TRUE(late.back().ReadsEnd()) << i;
    EXPECT_EQ(famine.TakeAll(), 0U) << i;
  }
}

TEST_F(PageServerTest, ItsPlaceIsFreeWhenItHasStopped) {
  Serve();
  server_->Stop();
  PageOptions next;
  next.address = server_->address();
  const auto bound = PageServer::Bind(next);
  EXPECT_TRUE(bound.ok()) << bound.status();
}

TEST_F(PageServerTest, SaysWhyItCannotListen) {
  Serve();
  PageOptions taken;
  taken.address = server_->address();
  const auto again = PageServer::Bind(taken);
  EXPECT_NE(again.status().message().find("cannot listen on 127.0.0.1:"), std::string::npos)
      << again.status();
  PageOptions none;
  none.address = "unix:/tmp/x";
  EXPECT_FALSE(PageServer::Bind(none).ok());
  none.address = "nowhere";
  EXPECT_FALSE(PageServer::Bind(none).ok());
}

}  // namespace
}  // namespace headgate::net
