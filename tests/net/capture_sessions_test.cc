#include "net/capture_sessions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <random>

#include "tests/net/capture_sessions_testing.h"

namespace headgate::net {
namespace {

using mysql::testing::Packet;
using mysql::testing::Query;
using testing::CaptureWorld;
using testing::Talk;
using testing::TcpTalk;

const std::string kWhole =
    "accepted login:app/shop ok query:SELECT 1 answer:1 query:SELECT 22 answer:1 quit gone "
    "client_closed ended forgotten";

Talk WholeTalk() {
  Talk talk;
  talk.LogIn();
  talk.Ask("SELECT 1");
  talk.Ask("SELECT 22");
  talk.Leave();
  return talk;
}

TEST(CaptureSessions, AConversationAsEvents) {
  const Talk talk = WholeTalk();
  CaptureWorld w;
  w.Put(talk.segments);
  EXPECT_EQ(w.notes.of[1], kWhole);
  const CaptureSessionCounts& c = w.sessions.counts();
  EXPECT_EQ(c.connections, 1U);
  EXPECT_EQ(c.logins, 1U);
  EXPECT_EQ(c.commands, 3U);
  EXPECT_EQ(c.answers, 2U);
  EXPECT_EQ(w.sessions.open(), 0U);
}

// Each segment cut in two at every place, the halves swapped, sent again, or one side's segments of
// a burst in any order: the events are the same.
TEST(CaptureSessions, HoweverTheSegmentsCome) {
  const Talk talk = WholeTalk();
  for (std::size_t which = 0; which < talk.segments.size(); ++which) {
    const Segment& whole = talk.segments[which];
    for (std::uint32_t cut = 0; cut <= whole.payload; ++cut) {
      for (const bool swapped : {false, true}) {
        Segment first = whole, second = whole;
        first.data = whole.data.first(cut);
        first.payload = cut;
        first.flags &= static_cast<std::uint8_t>(~kTcpFin);
        second.sequence += cut;
        second.payload -= cut;
        second.data = whole.data.subspan(cut);
        if ((whole.flags & kTcpSyn) != 0) continue;
        std::vector<Segment> all = talk.segments;
        all[which] = swapped ? second : first;
        all.insert(all.begin() + static_cast<std::ptrdiff_t>(which) + 1, swapped ? first : second);
        all.insert(all.begin() + static_cast<std::ptrdiff_t>(which) + 2, whole);
        CaptureWorld w;
        w.Put(all);
        ASSERT_EQ(w.notes.of[1], kWhole) << which << " at " << cut;
      }
    }
  }
}

// Whichever segment is lost: no event that is not true, and the connection ends as it did.
TEST(CaptureSessions, AnySegmentMayBeLost) {
  const Talk talk = WholeTalk();
  for (std::size_t lost = 0; lost < talk.segments.size(); ++lost) {
    std::vector<Segment> all = talk.segments;
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(lost));
    CaptureWorld w;
    w.Put(all);
    const std::string& line = w.notes.of[1];
    SCOPED_TRACE(std::to_string(lost) + ": " + line);
    EXPECT_TRUE(line.starts_with("accepted"));
    EXPECT_EQ(line.find("protocol_error"), std::string::npos);
    if (lost + 1 < talk.segments.size() - 2) {
      EXPECT_TRUE(line.ends_with("ended forgotten"));
    }
  }
}

TEST(CaptureSessions, LossInTheCommandPhaseCostsOneCommand) {
  const Talk talk = WholeTalk();
  const auto without = [&](std::size_t lost) {
    std::vector<Segment> all = talk.segments;
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(lost));
    CaptureWorld w;
    w.Put(all);
    return w.notes.of[1];
  };
  const std::string head = "accepted login:app/shop ok ";
  const std::string tail = "query:SELECT 22 answer:1 quit gone client_closed ended forgotten";
  EXPECT_EQ(without(6), head + tail);                               // the first query
  EXPECT_EQ(without(7), head + "query:SELECT 1 answer:0 " + tail);  // its answer
}

TEST(CaptureSessions, TimesAreTheCapturesAndNeverGoBack) {
  Talk talk = WholeTalk();
  for (std::size_t i = 0; i < talk.segments.size(); ++i) {
    talk.segments[i].at += std::chrono::milliseconds(i * 10 - (i % 3 == 0 ? 25 : 0));
  }
  CaptureWorld w;
  w.Put(talk.segments);
  EXPECT_TRUE(std::is_sorted(w.notes.times.begin(), w.notes.times.end()));
  EXPECT_GT(w.notes.times.front(), Time{std::chrono::seconds(1'699'999'999)});
}

TEST(CaptureSessions, MetInTheMiddleIsCountedAndNoEvent) {
  const Talk talk = WholeTalk();
  CaptureWorld w;
  w.Put({talk.segments.begin() + 7, talk.segments.end()});
  EXPECT_TRUE(w.notes.of.empty());
  EXPECT_EQ(w.sessions.counts().in_the_middle, 1U);
  EXPECT_EQ(w.sessions.open(), 0U);
}

// Its greeting tells where it begins.
TEST(CaptureSessions, AHandshakeThatWasNotCaptured) {
  const Talk talk = WholeTalk();
  CaptureWorld w;
  w.Put({talk.segments.begin() + 3, talk.segments.end()});
  EXPECT_EQ(w.notes.of[1], kWhole);
}

Talk BeginTls() {
  Talk talk;
  talk.Handshake();
  talk.Server(mysql::testing::RawGreeting(mysql::testing::MariaDb1011()));
  talk.Client(Packet(1, mysql::testing::Number(mysql::testing::kTypicalClient | mysql::kCapSsl, 4) +
                            mysql::testing::Number(0x1000000, 4) + "\x2d" + std::string(23, '\0')));
  talk.Client(std::string("\x16\x03\x01\x00\x05hello", 10));
  talk.Server("\x16\x03\x03 and so on");
  return talk;
}

TEST(CaptureSessions, TlsIsOpaque) {
  constexpr auto kTls = static_cast<std::size_t>(mysql::Unread::kTls);
  Talk talk = BeginTls();
  talk.Client(std::string("\x17\x03\x03\x00\x05login", 10));
  talk.Leave();
  CaptureWorld w;
  w.Put(talk.segments);
  EXPECT_EQ(w.notes.of[1], "accepted tls login:/ opaque gone client_closed ended forgotten");
  EXPECT_EQ(w.sessions.counts().opaque[kTls], 1U);
  // Who only begins has no slot.
  Talk begun = BeginTls();
  begun.Client("", kTcpAck | kTcpFin);
  begun.Server("", kTcpAck | kTcpFin);
  CaptureWorld pending;
  pending.Put(begun.segments);
  EXPECT_EQ(pending.notes.of[1], "accepted tls gone client_closed forgotten");
  EXPECT_EQ(pending.sessions.counts().opaque[kTls], 0U);
}

TEST(CaptureSessions, RefusedByTheServer) {
  Talk talk;
  talk.Handshake();
  talk.Server(mysql::testing::Err(0, 1040, "Too many connections"), kTcpAck | kTcpFin);
  talk.Client("", kTcpAck | kTcpFin);
  CaptureWorld w;
  w.Put(talk.segments);
  EXPECT_EQ(w.notes.of[1], "accepted gone forgotten");
  EXPECT_EQ(w.sessions.counts().refused_by_server, 1U);
}

TEST(CaptureSessions, SilentClientsAndFailedLogins) {
  Talk silent;
  silent.Handshake();
  silent.Server(mysql::testing::RawGreeting(mysql::testing::MariaDb1011()));
  silent.Client("", kTcpAck | kTcpFin);
  silent.Server("", kTcpAck | kTcpFin);
  Talk denied(TcpTalk{.client_port = 40001});
  denied.Handshake();
  denied.Server(mysql::testing::RawGreeting(mysql::testing::MariaDb1011()));
  denied.Client(Packet(1, mysql::testing::LoginPayload({})));
  denied.Server(mysql::testing::Err(2, 1045, "#28000Access denied"), kTcpAck | kTcpFin);
  denied.Client("", kTcpAck | kTcpFin);
  CaptureWorld w;
  w.Put(silent.segments);
  w.Put(denied.segments);
  EXPECT_EQ(w.notes.of[1], "accepted gone client_closed forgotten");
  EXPECT_EQ(w.notes.of[2], "accepted login:app/ failed:0 login_failed gone ended forgotten");
}

// A slot is in use until the server's FIN, whoever went first.
TEST(CaptureSessions, Ends) {
  Talk killed;
  killed.LogIn();
  killed.Client(Query("SELECT SLEEP(9)"));
  killed.Server(mysql::testing::Err(1, 1927, "#70100killed"), kTcpAck | kTcpFin);
  CaptureWorld w;
  w.Put(killed.segments);
  EXPECT_EQ(w.notes.of[1],
            "accepted login:app/shop ok query:SELECT SLEEP(9) error:1927 backend_closed ended "
            "forgotten");

  Talk orphan;
  orphan.LogIn();
  orphan.Client(Query("SELECT SLEEP(9)"), kTcpAck | kTcpFin);
  CaptureWorld alone;
  alone.Put(orphan.segments);
  EXPECT_EQ(alone.notes.of[1],
            "accepted login:app/shop ok query:SELECT SLEEP(9) gone client_closed");

  Talk reset;
  reset.LogIn();
  reset.Client("", kTcpRst);
  CaptureWorld gone;
  gone.Put(reset.segments);
  EXPECT_EQ(gone.notes.of[1], "accepted login:app/shop ok gone client_closed ended forgotten");

  Talk refused;
  refused.LogIn();
  refused.Server("", kTcpRst);
  CaptureWorld by_server;
  by_server.Put(refused.segments);
  EXPECT_EQ(by_server.notes.of[1], "accepted login:app/shop ok backend_closed ended forgotten");
}

TEST(CaptureSessions, WhoComesThroughAProxyIsNamedByIt) {
  const std::string header = "PROXY TCP4 203.0.113.9 198.51.100.2 5555 3306\r\n";
  for (std::size_t cut = 0; cut <= header.size(); ++cut) {
    for (const bool greets_first : {false, true}) {
      Talk talk;
      talk.Handshake();
      const std::string greeting = mysql::testing::RawGreeting(mysql::testing::MariaDb1011());
      if (greets_first) talk.Server(greeting);
      talk.Client(header.substr(0, cut));
      talk.Client(header.substr(cut));
      if (!greets_first) talk.Server(greeting);
      talk.Client(Packet(1, mysql::testing::LoginPayload({})));
      talk.Server(mysql::testing::Ok(2));
      talk.Leave();
      CaptureSessions::Options options;
      options.proxies = {{Address::V4(0xc0000200), 120}};
      CaptureWorld w(options);
      w.Put(talk.segments);
      ASSERT_EQ(w.notes.of[1], "accepted:1 login:app/ ok quit gone client_closed ended forgotten")
          << cut;
    }
  }
  Talk bad;
  bad.Handshake();
  bad.Client("no header");
  CaptureSessions::Options options;
  options.proxies = {{Address::V4(0xc0000200), 120}};
  CaptureWorld w(options);
  w.Put(bad.segments);
  EXPECT_EQ(w.notes.of[0], "proxy_header");
  EXPECT_EQ(w.sessions.counts().unnamed, 1U);
}

// A client that talks and talks while no answer is captured.
TEST(CaptureSessions, NoMoreIsKeptThanMayBe) {
  Talk talk;
  talk.LogIn();
  talk.Client(Query("SET NAMES utf8"));  // what follows waits for its answer
  const std::string more = Query("SELECT '" + std::string(60'000, 'x') + "'");
  for (int i = 0; i < 40; ++i) talk.Client(more);
  CaptureWorld w;
  w.Put(talk.segments);
  EXPECT_EQ(w.notes.of[1], "accepted login:app/shop ok query:SET NAMES utf8 answer:0 opaque");
  EXPECT_EQ(w.sessions.counts().opaque[static_cast<std::size_t>(mysql::Unread::kNotUnderstood)],
            1U);
}

// A capture that paused, or of which a second part was put behind the first.
TEST(CaptureSessions, MoreThanAGigabyteMayBeMissing) {
  for (const bool both : {false, true}) {
    Talk talk;
    talk.LogIn();
    talk.Ask("SELECT 0");
    const std::size_t before = talk.segments.size();
    for (int i = 0; i < 300; ++i) talk.Ask("SELECT " + std::to_string(i));
    talk.Leave();
    for (std::size_t i = before; i < talk.segments.size(); ++i) {
      Segment& s = talk.segments[i];
      const bool server = s.source_port == 3306;
      constexpr std::uint32_t kGap = 1'600'000'000;
      if (server || both) s.sequence += kGap;
      if (!server || both) s.acknowledgment += kGap;
    }
    CaptureWorld w;
    w.Put(talk.segments);
    EXPECT_GE(w.sessions.counts().commands, 280U);
    EXPECT_GE(w.sessions.counts().answers, 280U);
    EXPECT_TRUE(w.notes.of[1].ends_with("ended forgotten"));
    EXPECT_EQ(w.sessions.tcp().found_again, both ? 2U : 1U);
  }
}

TEST(CaptureSessions, AForgedSegmentCostsNoCommand) {
  Talk talk;
  talk.LogIn();
  const Segment forged = talk.tcp.FromClient(1'234'567'890, 900'000'000, "");
  talk.segments.push_back(forged);
  for (int i = 0; i < 300; ++i) talk.Ask("SELECT " + std::to_string(i));
  CaptureWorld w;
  w.Put(talk.segments);
  EXPECT_EQ(w.sessions.counts().commands, 300U);
  EXPECT_EQ(w.sessions.counts().answers, 300U);
}

struct Nobody : EngineEventSink {
  void OnEvent(const EngineEvent&) override {}
};

// What a session has taken costs no memory any more: a statement of two segments, an early piece.
TEST(CaptureSessions, WhatWasReadIsGivenBack) {
  Nobody nobody;
  CaptureSessions sessions({}, KeyedHash(3, 4), nobody);
  const std::string statement = Query("INSERT INTO t VALUES ('" + std::string(60'000, 'x') + "')");
  std::vector<Talk> talks;
  for (std::uint16_t i = 0; i < 200; ++i) {
    Talk& talk = talks.emplace_back(TcpTalk{.client_port = static_cast<std::uint16_t>(20000 + i)});
    talk.LogIn();
    talk.Client(statement.substr(0, 30'000));
    talk.Client(statement.substr(30'000));
    talk.Server(mysql::testing::Ok(1));
    talk.Client(statement.substr(0, 30'000));
    talk.Client(statement.substr(30'000));
    std::swap(talk.segments.end()[-1], talk.segments.end()[-2]);
    talk.Server(mysql::testing::Ok(1));
  }
  const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
  for (const Talk& talk : talks) {
    for (const Segment& s : talk.segments) sessions.OnSegment(s);
  }
  const std::size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
  EXPECT_EQ(sessions.counts().commands, 400U);
  EXPECT_EQ(sessions.open(), 200U);
  if (after > before) {
    EXPECT_LT(after - before, std::size_t{200} * 10'000);
  }
}

TEST(CaptureSessions, AServerThatIsAClientIsNoted) {
  const auto one = [](std::uint32_t client, std::uint32_t server) {
    Talk talk(TcpTalk{.client = Address::V4(client), .server = Address::V4(server)});
    talk.LogIn();
    talk.Leave();
    return talk;
  };
  const Talk outside = one(0x0a000001, 0x0a000002), inside = one(0x0a000002, 0x0a000003);
  const Talk itself = one(0x0a000004, 0x0a000004);
  CaptureWorld w;
  w.Put(outside.segments);
  w.Put(inside.segments);
  w.Put(itself.segments);
  EXPECT_EQ(w.sessions.counts().connections, 3U);
  EXPECT_EQ(w.sessions.counts().of_servers, 1U);
}

// Whatever is lost, cut off or swapped: each connection's events are in an order that an engine
// takes, and nothing is left behind.
TEST(CaptureSessions, AnyLossLeavesEventsInOrder) {
  std::mt19937 random(5);
  for (int round = 0; round < 400; ++round) {
    Talk talk = WholeTalk();
    std::vector<Segment> all;
    for (const Segment& s : talk.segments) {
      if (random() % 6 == 0) continue;
      all.push_back(s);
      if (random() % 6 == 0) all.push_back(s);
      if (random() % 6 == 0 && s.payload > 1) {
        all.back().data = s.data.first(random() % s.payload);
      }
      if (random() % 6 == 0 && all.size() > 1) std::swap(all[all.size() - 1], all[all.size() - 2]);
    }
    all.push_back(talk.tcp.FromClient(9000, 9000, "", kTcpRst));
    CaptureWorld w;
    w.Put(all);
    for (const auto& [serial, line] : w.notes.of) {
      ASSERT_TRUE(line.starts_with("accepted")) << line;
      const bool logged_in = line.find(" login:") != std::string::npos;
      const bool slot = line.find(" ended") != std::string::npos;
      if (line.ends_with("forgotten")) {
        ASSERT_EQ(logged_in, slot) << line;
      }
      ASSERT_EQ(line.find("protocol_error"), std::string::npos) << line;
    }
  }
}

}  // namespace
}  // namespace headgate::net
