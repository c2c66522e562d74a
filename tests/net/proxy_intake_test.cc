#include "net/proxy_intake.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace headgate::net {
namespace {

using std::chrono::seconds;
using Kind = ProxyHeaderIn::Kind;

const Endpoint kProxy{Address::V4(0x0a000001), 4000};
const ProxiedPair kPair{{Address::V4(0xc0000201), 40000}, {Address::V4(0xc6336402), 3306}};

class ProxyIntakeTest : public ::testing::Test {
 protected:
  struct Said {
    Reason reason = Reason::kNone;  // kNone: it has named whose it is
    ProxyHeaderIn header;
    Fd client;
  };

  ProxyIntakeTest()
      : intake_(loop_, {[this](Fd client, const Endpoint& proxy, const ProxyHeaderIn& header) {
                          EXPECT_EQ(proxy, kProxy);
                          said_.push_back({Reason::kNone, header, std::move(client)});
                        },
                        [this](Fd client, const Endpoint& proxy, Reason reason) {
                          EXPECT_EQ(proxy, kProxy);
                          said_.push_back({reason, {}, std::move(client)});
                        }}) {}

  // The proxy's end of a new connection.
  Fd Knock(const std::string& first = "", Time deadline = Time(seconds(5))) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    Fd proxy(ends[0]);
    Send(proxy, first);
    intake_.Take(Fd(ends[1]), kProxy, deadline);
    return proxy;
  }
  static void Send(const Fd& to, const std::string& bytes) {
    EXPECT_EQ(send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  static std::string Left(const Fd& in) {
    char bytes[4096];
    const ssize_t n = recv(in.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    return {bytes, static_cast<std::size_t>(n > 0 ? n : 0)};
  }
  // What the sockets have to say now; how many handlers that were.
  std::size_t Poll() {
    std::size_t all = 0;
    while (const std::size_t some = loop_.Turn(Duration::zero())) all += some;
    return all;
  }
  void ExpectNamed(const std::string& left) {
    ASSERT_EQ(said_.size(), 1u);
    EXPECT_EQ(said_[0].reason, Reason::kNone);
    EXPECT_EQ(said_[0].header.pair.source, kPair.source);
    EXPECT_EQ(said_[0].header.pair.destination, kPair.destination);
    EXPECT_EQ(Left(said_[0].client), left);
    EXPECT_EQ(intake_.size(), 0u);
  }
  void ExpectOnly(Reason reason) {
    ASSERT_EQ(said_.size(), 1u);
    EXPECT_EQ(said_[0].reason, reason) << Name(said_[0].reason);
    EXPECT_TRUE(said_[0].client.valid());
    EXPECT_EQ(intake_.size(), 0u);
  }

  Loop loop_;
  std::vector<Said> said_;
  ProxyIntake intake_;
};

TEST_F(ProxyIntakeTest, AHeaderThatIsThereIsReadAtOnceAndWhatFollowsStays) {
  const Fd proxy = Knock(ProxyHeaderBytes(ProxyHeader::kV2, kPair) + "the login");
  ExpectNamed("the login");
}

TEST_F(ProxyIntakeTest, AtEverySplitExactlyTheHeaderIsTaken) {
  for (const ProxyHeader version : {ProxyHeader::kV1, ProxyHeader::kV2}) {
    const std::string all = ProxyHeaderBytes(version, kPair) + "rest";
    for (std::size_t n = 0; n < all.size(); ++n) {
      SCOPED_TRACE(n);
      said_.clear();
      const Fd proxy = Knock(all.substr(0, n));
      Poll();
      Send(proxy, all.substr(n));
      Poll();
      ASSERT_EQ(said_.size(), 1u);
      EXPECT_EQ(said_[0].header.pair.source, kPair.source);
      EXPECT_EQ(Left(said_[0].client),
                said_[0].header.n >= n ? "rest" : all.substr(said_[0].header.n));
    }
  }
}

TEST_F(ProxyIntakeTest, ByteByByteItNeverSpins) {
  const Fd proxy = Knock();
  for (const char byte : ProxyHeaderBytes(ProxyHeader::kV1, kPair)) {
    Send(proxy, std::string(1, byte));
    // The byte that woke it is taken: nothing is ready after it.
    EXPECT_LE(Poll(), 1u);
    EXPECT_EQ(Poll(), 0u);
  }
  ExpectNamed("");
}

// The end is told with the bytes before it, and once.
TEST_F(ProxyIntakeTest, WhoLeavesBehindHalfAHeaderGoesAtOnce) {
  Fd proxy = Knock();
  Send(proxy, ProxyHeaderBytes(ProxyHeader::kV2, kPair).substr(0, 9));
  proxy.Reset();
  Poll();
  ExpectOnly(Reason::kProxyHeader);
}

TEST_F(ProxyIntakeTest, TheLongestHeaderFits) {
  std::string header = ProxyHeaderBytes(ProxyHeader::kV2, kPair);
  const std::size_t tlv = kMaxProxyHeader - header.size() - 3;
  header += '\x04';
  header += static_cast<char>(tlv >> 8);
  header += static_cast<char>(tlv & 0xff);
  header += std::string(tlv, 'x');
  header[14] = static_cast<char>(kMaxProxyV2Body >> 8);
  header[15] = static_cast<char>(kMaxProxyV2Body & 0xff);
  const Fd proxy = Knock(header.substr(0, 1000));
  Poll();
  Send(proxy, header.substr(1000) + "rest");
  Poll();
  ExpectNamed("rest");
}

TEST_F(ProxyIntakeTest, LocalSpeaksForTheProxy) {
  const Fd proxy = Knock(ProxyHeaderBytes(ProxyHeader::kV2, std::nullopt) + "rest");
  ASSERT_EQ(said_.size(), 1u);
  EXPECT_EQ(said_[0].header.kind, Kind::kLocal);
  EXPECT_EQ(Left(said_[0].client), "rest");
}

TEST_F(ProxyIntakeTest, WhatIsNoHeaderGoesAtOnce) {
  const Fd proxy = Knock("GET / HTTP/1.1\r\n");
  ExpectOnly(Reason::kProxyHeader);
}

TEST_F(ProxyIntakeTest, WhatTurnsOutToBeNoneGoesThen) {
  const Fd proxy = Knock("PROXY TCP4 ");
  EXPECT_TRUE(said_.empty());
  Send(proxy, "nonsense\r\n");
  Poll();
  ExpectOnly(Reason::kProxyHeader);
}

TEST_F(ProxyIntakeTest, WhoLeavesWithoutAWordWasACheck) {
  Fd proxy = Knock();
  proxy.Reset();
  Poll();
  ExpectOnly(Reason::kHealthCheck);
}

TEST_F(ProxyIntakeTest, HalfAHeaderIsNoCheck) {
  Fd proxy = Knock("PROXY");
  proxy.Reset();
  Poll();
  ExpectOnly(Reason::kProxyHeader);
}

TEST_F(ProxyIntakeTest, TheDeadlineIsAbsolute) {
  const Fd late = Knock("PROX", Time(seconds(5)));
  const Fd later = Knock("", Time(seconds(7)));
  intake_.Expire(Time(seconds(4)));
  Send(late, "Y");  // no more time for that
  Poll();
  EXPECT_TRUE(said_.empty());
  intake_.Expire(Time(seconds(5)));
  ASSERT_EQ(said_.size(), 1u);
  EXPECT_EQ(said_[0].reason, Reason::kProxyHeader);
  Poll();  // its handler comes too late
  EXPECT_EQ(intake_.size(), 1u);
  intake_.Expire(Time(seconds(7)));
  EXPECT_EQ(said_.size(), 2u);
  EXPECT_EQ(intake_.size(), 0u);
}

TEST_F(ProxyIntakeTest, TheOldestMakesRoom) {
  const Fd first = Knock();
  const Fd second = Knock();
  intake_.TurnAwayOldest();
  ASSERT_EQ(said_.size(), 1u);
  EXPECT_EQ(intake_.size(), 1u);
  Send(second, ProxyHeaderBytes(ProxyHeader::kV2, kPair));
  Poll();
  ASSERT_EQ(said_.size(), 2u);
  EXPECT_EQ(said_[1].reason, Reason::kNone);
}

TEST_F(ProxyIntakeTest, AllCanBeTurnedAway) {
  const Fd first = Knock();
  const Fd second = Knock("PROXY ");
  intake_.TurnAwayAll(Reason::kDraining);
  ASSERT_EQ(said_.size(), 2u);
  EXPECT_EQ(said_[0].reason, Reason::kDraining);
  EXPECT_EQ(said_[1].reason, Reason::kDraining);
  Poll();
  EXPECT_EQ(said_.size(), 2u);
}

}  // namespace
}  // namespace headgate::net
