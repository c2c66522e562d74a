// Two ends of TLS over a socket pair, and what is no TLS.
#include "net/tls_channel.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "net/fd.h"
#include "net/tls_context.h"
#include "tests/net/certificates.h"

namespace headgate::net {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using Step = TlsChannel::Step;

class TlsChannelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    a_ = Fd(pair[0]);
    b_ = Fd(pair[1]);
    const auto own = files_.Make("gate", "DNS:db.example");
    options_.mode = TlsMode::kTerminate;
    options_.certificate = own.certificate;
    options_.private_key = own.key;
    options_.backend_ca = files_.ca();
  }

  void Open(const std::string& host = "db.example") {
    std::vector<TlsFault> faults;
    context_ = TlsContext::Make(options_, faults);
    ASSERT_NE(context_, nullptr) << faults.front().message;
    server_ = context_->Accept(a_.get());
    client_ = context_->Connect(b_.get(), host);
    ASSERT_NE(client_, nullptr);
  }

  void Shake() {
    for (int i = 0; i < 10 && !(server_->established() && client_->established()); ++i) {
      if (!client_->established()) static_cast<void>(client_->Handshake());
      if (!server_->established()) static_cast<void>(server_->Handshake());
    }
    ASSERT_TRUE(server_->established() && client_->established());
  }

  void SendRaw(int fd, const std::string& bytes) {
    ASSERT_EQ(send(fd, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }

  static std::string ReadAll(TlsChannel& channel) {
    std::string out;
    std::array<std::uint8_t, 1000> scratch;
    std::size_t n = 0;
    while (channel.Read(scratch, n) == Step::kDone)
      out.append(scratch.begin(), scratch.begin() + n);
    return out;
  }

  testing::Certificates files_;
  TlsOptions options_;
  Fd a_, b_;
  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<TlsChannel> server_, client_;
};

TEST_F(TlsChannelTest, BothWays) {
  Open();
  Shake();
  std::string why;
  EXPECT_TRUE(client_->trusted(why)) << why;
  EXPECT_EQ(client_->facts().version, "TLSv1.3");
  EXPECT_EQ(server_->facts().subject, "");
  std::size_t n = 0;
  EXPECT_EQ(client_->Write(mysql::AsBytes("hello"), n), Step::kDone);
  EXPECT_EQ(ReadAll(*server_), "hello");
  EXPECT_EQ(server_->Write(mysql::AsBytes("and back"), n), Step::kDone);
  EXPECT_EQ(ReadAll(*client_), "and back");
}

// A record that does not fit into what it is read into leaves something that the socket will not
// tell of.
TEST_F(TlsChannelTest, WhatIsLeftInTheLibraryIsTold) {
  Open();
  Shake();
  std::size_t n = 0;
  ASSERT_EQ(client_->Write(mysql::AsBytes("0123456789"), n), Step::kDone);
  std::array<std::uint8_t, 4> scratch;
  EXPECT_EQ(server_->Read(scratch, n), Step::kDone);
  EXPECT_EQ(n, 4U);
  EXPECT_TRUE(server_->more());
  EXPECT_EQ(server_->Read(scratch, n), Step::kDone);
  EXPECT_EQ(server_->Read(scratch, n), Step::kDone);
  EXPECT_EQ(n, 2U);
  EXPECT_FALSE(server_->more());
  EXPECT_EQ(server_->Read(scratch, n), Step::kWantsRead);
}

TEST_F(TlsChannelTest, AnEndBehindBytesIsToldAfterThem) {
  for (const bool goodbye : {false, true}) {
    SetUp();
    Open();
    Shake();
    std::size_t n = 0;
    ASSERT_EQ(client_->Write(mysql::AsBytes("last"), n), Step::kDone);
    if (goodbye) client_->SayEnd();
    if (!goodbye) shutdown(b_.get(), SHUT_WR);
    std::array<std::uint8_t, 100> scratch;
    EXPECT_EQ(server_->Read(scratch, n), Step::kDone);
    EXPECT_EQ(n, 4U);
    // No event of the socket need follow a goodbye.
    EXPECT_TRUE(server_->more());
    EXPECT_EQ(server_->Read(scratch, n), Step::kFin);
  }
}

TEST_F(TlsChannelTest, AFullSocketIsWaitedFor) {
  Open();
  Shake();
  const std::string text(4 << 20, 'x');
  std::size_t sent = 0, n = 0;
  std::string got;
  int blocked = 0;
  while (sent < text.size()) {
    const Step step = server_->Write(mysql::AsBytes(text).subspan(sent), n);
    sent += n;
    if (step == Step::kWantsWrite) {
      ++blocked;
      got += ReadAll(*client_);
    } else {
      ASSERT_EQ(step, Step::kDone);
    }
  }
  got += ReadAll(*client_);
  EXPECT_GT(blocked, 0);
  EXPECT_TRUE(got == text);
}

// One call takes its share of a socket that is never empty, and leaves the rest to the next event.
TEST_F(TlsChannelTest, OneCallTakesNoMoreThanItsShare) {
  Open();
  Shake();
  const int room = 1 << 20;
  ASSERT_EQ(setsockopt(b_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room), 0);
  std::size_t sent = 0;
  const std::string text(1 << 20, 'x');
  static_cast<void>(client_->Write(mysql::AsBytes(text), sent));
  ASSERT_GT(sent, 2 * kTlsBudget);
  std::vector<std::uint8_t> scratch(4 * kTlsBudget);
  std::size_t n = 0;
  EXPECT_EQ(server_->Read(scratch, n), Step::kDone);
  EXPECT_GT(n, kTlsBudget / 2);
  EXPECT_LE(n, kTlsBudget);
  EXPECT_FALSE(server_->more());
  EXPECT_EQ(server_->Read(scratch, n), Step::kDone);
}

// All of the first flight was read before TLS began, byte by byte or at once.
TEST_F(TlsChannelTest, WhatWasReadBeforeBelongsToIt) {
  Open();
  static_cast<void>(client_->Handshake());
  std::array<std::uint8_t, 4096> scratch;
  const ssize_t hello = recv(a_.get(), scratch.data(), scratch.size(), 0);
  ASSERT_GT(hello, 100);
  server_->Begin({scratch.data(), static_cast<std::size_t>(hello)});
  Shake();
}

TEST_F(TlsChannelTest, WhatIsNoTls) {
  for (const std::string& bytes :
       {std::string("SELECT 1, and more of that"), std::string(100, '\0'),
        std::string("\x16\x03\x01\xff\xff", 5) + std::string(200, 'x'),
        std::string("\x24\x00\x00\x02\x85\xa6\x3f\x20\x00\x00\x00\x01", 12)}) {
    SetUp();
    Open();
    SendRaw(b_.get(), bytes);
    EXPECT_EQ(server_->Handshake(), Step::kFailed);
    EXPECT_NE(server_->error(), "");
  }
}

TEST_F(TlsChannelTest, APeerThatLeavesDuringTheHandshake) {
  Open();
  static_cast<void>(client_->Handshake());
  b_ = Fd();
  Step step = Step::kWantsRead;
  for (int i = 0; i < 5 && step == Step::kWantsRead; ++i) step = server_->Handshake();
  EXPECT_TRUE(step == Step::kFin || step == Step::kFailed);
}

TEST_F(TlsChannelTest, TheNameAndTheSignatureHaveToBeRight) {
  const struct {
    const char* host;
    bool own_ca;
    BackendVerify verify;
    bool trusted;
  } cases[] = {{"db.example", true, BackendVerify::kName, true},
               {"other.example", true, BackendVerify::kName, false},
               {"127.0.0.1", true, BackendVerify::kName, false},
               {"other.example", true, BackendVerify::kCa, true},
               {"db.example", false, BackendVerify::kName, false},
               {"db.example", false, BackendVerify::kCa, false},
               {"other.example", false, BackendVerify::kNone, true}};
  testing::Certificates strangers;
  for (const auto& c : cases) {
    SetUp();
    if (!c.own_ca) options_.backend_ca = strangers.ca();
    options_.backend_verify = c.verify;
    Open(c.host);
    Shake();
    std::string why;
    EXPECT_EQ(client_->trusted(why), c.trusted) << c.host << ": " << why;
    EXPECT_EQ(why.empty(), c.trusted);
  }
}

TEST_F(TlsChannelTest, WithoutANameThereIsNothingToVerifyByName) {
  std::vector<TlsFault> faults;
  const auto context = TlsContext::Make(options_, faults);
  EXPECT_EQ(context->Connect(b_.get(), ""), nullptr);
  options_.backend_name = "db.example";
  EXPECT_NE(TlsContext::Make(options_, faults)->Connect(b_.get(), ""), nullptr);
}

TEST_F(TlsChannelTest, EveryFaultOfTheFilesAtOnce) {
  options_.certificate = files_.folder() + "/none.pem";
  options_.private_key = "";
  options_.client_certificates = ClientCertificates::kRequired;
  options_.client_ca = files_.folder();
  options_.backend_ca = "/dev/null";
  std::vector<TlsFault> faults;
  EXPECT_EQ(TlsContext::Make(options_, faults), nullptr);
  ASSERT_THAT(faults, SizeIs(3));
  EXPECT_EQ(faults[0].key, "private_key");
  EXPECT_EQ(faults[1].key, "client_ca");
  EXPECT_THAT(faults[1].message, HasSubstr("no regular file"));
  EXPECT_EQ(faults[2].key, "backend_ca");
}

TEST_F(TlsChannelTest, AKeyOfAnotherCertificate) {
  options_.private_key = files_.Make("other", "").key;
  std::vector<TlsFault> faults;
  EXPECT_EQ(TlsContext::Make(options_, faults), nullptr);
  ASSERT_THAT(faults, SizeIs(1));
  EXPECT_EQ(faults[0].key, "private_key");
  EXPECT_THAT(faults[0].message, HasSubstr("other.key"));
}

TEST_F(TlsChannelTest, WhenItExpires) {
  std::vector<TlsFault> faults;
  const auto left =
      TlsContext::Make(options_, faults)->not_after() - std::chrono::system_clock::now();
  EXPECT_GT(left, std::chrono::hours(23));
  EXPECT_LT(left, std::chrono::hours(25));
}

}  // namespace
}  // namespace headgate::net
