#include "net/tcp_streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/net/tcp_streams_testing.h"

namespace headgate::net {
namespace {

using testing::TcpTalk;
using testing::TcpWorld;
using End = TcpStreamSink::End;

std::string Closed(End how) { return "closed:" + std::to_string(static_cast<int>(how)); }

std::vector<Segment> Dialogue(const TcpTalk& t) {
  std::vector<Segment> all = t.Handshake();
  all.push_back(t.FromServer(0, 0, "hello"));
  all.push_back(t.FromClient(0, 5, "who is there, one who asks"));
  all.push_back(t.FromServer(5, 26, "come in"));
  all.push_back(t.FromClient(26, 12, "bye", kTcpAck | kTcpFin));
  all.push_back(t.FromServer(12, 30, "", kTcpAck | kTcpFin));
  all.push_back(t.FromClient(30, 13, ""));
  return all;
}
const std::string kDialogue =
    "open s:hello c:who is there, one who asks s:come in c:bye cfin sfin " + Closed(End::kFinished);

TEST(TcpStreams, FollowsADialogue) {
  TcpWorld w;
  w.Put(Dialogue(TcpTalk{}));
  EXPECT_EQ(w.notes.Text(), kDialogue);
  EXPECT_EQ(w.streams.open(), 0U);
  EXPECT_EQ(w.notes.last_ends.client_port, 40000);
  EXPECT_EQ(w.notes.last_ends.server, Address::V4(0xc6336402));
  EXPECT_EQ(w.streams.counts().missing_at, 0U);
}

TEST(TcpStreams, FollowsIpv6) {
  TcpTalk t;
  t.client.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  t.server.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
  TcpWorld w;
  w.Put(Dialogue(t));
  EXPECT_EQ(w.notes.Text(), kDialogue);
}

// Every segment with bytes sent twice, and cut in two at every place.
TEST(TcpStreams, BytesComeOnceHoweverTheyAreCut) {
  const TcpTalk t;
  const std::string line = "who is there, one who asks";
  for (std::size_t cut = 0; cut <= line.size(); ++cut) {
    TcpWorld w;
    w.Put(t.Handshake());
    const Segment first = t.FromClient(0, 0, std::string_view(line).substr(0, cut));
    const Segment second =
        t.FromClient(static_cast<std::uint32_t>(cut), 0, std::string_view(line).substr(cut));
    w.Put({second, first, second, first, t.FromClient(0, 0, line)});
    EXPECT_EQ(w.notes.Text(), "open c:" + line) << cut;
    EXPECT_EQ(w.streams.kept_bytes(), 0U);
  }
}

// Overlapping pieces in every order: the first to arrive is what the receiver has.
TEST(TcpStreams, OfOverlapsTheFirstWins) {
  const TcpTalk t;
  TcpWorld early;
  early.Put(t.Handshake());
  early.Put(t.FromClient(4, 0, "EFGH"));
  early.Put(t.FromClient(2, 0, "cdefghij"));
  early.Put(t.FromClient(0, 0, "ab"));
  EXPECT_EQ(early.notes.Text(), "open c:abcdEFGHij");

  TcpWorld late;
  late.Put(t.Handshake());
  late.Put(t.FromClient(0, 0, "abcd"));
  late.Put(t.FromClient(2, 0, "XYefgh"));
  EXPECT_EQ(late.notes.Text(), "open c:abcdefgh");

  TcpWorld swallowed;  // what is kept is overtaken by one that begins before it
  swallowed.Put(t.Handshake());
  swallowed.Put(t.FromClient(3, 0, "D"));
  swallowed.Put(t.FromClient(0, 0, "abcdef"));
  EXPECT_EQ(swallowed.notes.Text(), "open c:abcdef");
  EXPECT_EQ(swallowed.streams.kept_bytes(), 0U);
}

TEST(TcpStreams, AnyOrderOfOneSideIsPutRight) {
  const TcpTalk t;
  const std::string line = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<Segment> pieces;
    for (std::uint32_t at = 0; at < line.size();) {
      const std::uint32_t n = 1 + random() % 6;
      const auto from = at - std::min<std::uint32_t>(at, random() % 4);  // overlaps the one before
      pieces.push_back(t.FromClient(from, 0, std::string_view(line).substr(from, at - from + n)));
      at += n;
    }
    std::shuffle(pieces.begin(), pieces.end(), random);
    TcpWorld w;
    w.Put(t.Handshake());
    w.Put(pieces);
    ASSERT_EQ(w.notes.Text(), "open c:" + line);
  }
}

TEST(TcpStreams, OnlyACompletedHandshakeOpens) {
  TcpTalk t;
  TcpWorld w;
  w.Put({t.Syn(), t.Syn(), t.SynAck(), t.SynAck()});
  EXPECT_EQ(w.notes.Text(), "");
  w.Put(t.FromClient(0, 77'000'000, ""));  // who guesses the server's number
  EXPECT_EQ(w.notes.Text(), "");
  w.Put(t.FromClient(0, 0, ""));
  EXPECT_EQ(w.notes.Text(), "open");
}

TEST(TcpStreams, HandshakesOfWhichSomethingIsLost) {
  const TcpTalk t;
  TcpWorld no_syn;
  no_syn.Put({t.SynAck(), t.FromClient(0, 0, ""), t.FromServer(0, 0, "hello")});
  EXPECT_EQ(no_syn.notes.Text(), "open s:hello");
  TcpWorld no_syn_ack;
  no_syn_ack.Put({t.Syn(), t.FromClient(0, 0, ""), t.FromServer(0, 0, "hello")});
  EXPECT_EQ(no_syn_ack.notes.Text(), "open s:hello");
  TcpWorld no_ack;
  no_ack.Put({t.Syn(), t.SynAck(), t.FromServer(0, 0, "hello")});
  EXPECT_EQ(no_ack.notes.Text(), "open s:hello");
  TcpWorld no_greeting;
  no_greeting.Put({t.Syn(), t.SynAck(), t.FromClient(0, 0, ""), t.FromClient(0, 5, "login")});
  EXPECT_EQ(no_greeting.notes.Text(), "open s-5 c:login");
}

TEST(TcpStreams, MetInTheMiddle) {
  const TcpTalk t;
  TcpWorld w;
  w.Put(t.FromClient(700, 900, ""));  // nothing is known by that
  w.Put(t.FromServer(900, 700, "row"));
  w.Put(t.FromClient(700, 903, "next"));
  EXPECT_EQ(w.notes.Text(), "middle s:row c:next");
  EXPECT_EQ(w.notes.last_ends.client_port, t.client_port);
  EXPECT_EQ(w.streams.counts().met_in_the_middle, 1U);
}

TEST(TcpStreams, Resets) {
  const TcpTalk t;
  for (const bool by_client : {true, false}) {
    TcpWorld w;
    w.Put(t.Handshake());
    w.Put(t.FromServer(0, 0, "hello"));
    w.Put(by_client ? t.FromClient(500'000'000, 5, "", kTcpRst)
                    : t.FromServer(500'000'000, 0, "", kTcpRst));
    EXPECT_EQ(w.notes.Text(), "open s:hello") << "a stranger's";
    w.Put(by_client ? t.FromClient(0, 5, "", kTcpRst) : t.FromServer(5, 0, "", kTcpRst));
    EXPECT_EQ(w.notes.Text(),
              "open s:hello " + Closed(by_client ? End::kResetByClient : End::kResetByServer));
    // What is left of it begins no other.
    w.Put(t.FromServer(5, 0, "late"));
    EXPECT_EQ(w.notes.of.size(), 1U);
  }
}

TEST(TcpStreams, PortsUsedAgain) {
  TcpTalk t;
  TcpWorld w;
  w.Put(Dialogue(t));
  t.client_isn += 5'000'000;
  t.server_isn += 7'000'000;
  w.Put(t.Handshake());
  w.Put(t.FromServer(0, 0, "again"));
  EXPECT_EQ(w.notes.Text(), kDialogue + " open s:again");
  // The end of that one was not captured.
  t.client_isn += 5'000'000;
  t.server_isn += 7'000'000;
  w.Put(t.Handshake());
  EXPECT_EQ(w.notes.Text(), kDialogue + " open s:again " + Closed(End::kReplaced) + " open");
  EXPECT_EQ(w.streams.open(), 1U);
}

TEST(TcpStreams, AForgedSynEndsNothing) {
  TcpTalk t, forged;
  forged.client_isn = 0x77777777;
  TcpWorld w;
  w.Put(t.Handshake());
  w.Put(forged.Syn());
  w.Put(t.FromServer(0, 0, "hello"));
  w.Put(t.FromClient(0, 5, "thanks"));
  EXPECT_EQ(w.notes.Text(), "open s:hello c:thanks");
}

TEST(TcpStreams, KeepAlivesSayNothing) {
  const TcpTalk t;
  TcpWorld w;
  w.Put(t.Handshake());
  w.Put(t.FromServer(0, 0, "hello"));
  w.Put(t.FromServer(4, 0, "\0"));
  w.Put(t.FromServer(4, 0, std::string_view("\0", 1)));
  w.Put(t.FromClient(0, 5, ""));
  EXPECT_EQ(w.notes.Text(), "open s:hello");
}

TEST(TcpStreams, OtherPortsAreNotFollowed) {
  TcpTalk t;
  t.server_port = 80;
  TcpWorld w;
  w.Put(Dialogue(t));
  EXPECT_TRUE(w.notes.of.empty());
  TcpStreams::Options any;
  any.ports = {};
  TcpWorld all(any);
  all.Put(Dialogue(t));
  EXPECT_EQ(all.notes.Text(), kDialogue);
}

TEST(TcpStreams, AFloodOfSynsPushesNothingOut) {
  TcpStreams::Options options;
  options.openings = 64;
  options.connections = 8;
  TcpWorld w(options);
  const TcpTalk t;
  w.Put(t.Handshake());
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    TcpTalk flood;
    flood.client = Address::V4(0x0a000000 + i);
    w.Put(flood.Syn());
  }
  w.Put(t.FromServer(0, 0, "hello"));
  EXPECT_EQ(w.notes.Text(), "open s:hello");
  EXPECT_EQ(w.streams.open(), 1U);
}

TEST(TcpStreams, WhenThereAreTooManyTheSilentGo) {
  TcpStreams::Options options;
  options.connections = 8;
  TcpWorld w(options);
  for (std::uint16_t i = 0; i < 100; ++i) {
    TcpTalk t;
    t.client_port = static_cast<std::uint16_t>(20000 + i);
    t.at += std::chrono::seconds(i);
    w.Put(t.Handshake());
    EXPECT_LE(w.streams.open(), 8U);
  }
  EXPECT_EQ(w.streams.counts().ended[static_cast<std::size_t>(End::kEvicted)], 92U);
}

TEST(TcpStreams, TheSilentEndAtLast) {
  TcpTalk t, other;
  other.client_port = 40001;
  TcpWorld w;
  w.Put(t.Handshake());
  other.at += std::chrono::hours(7);
  w.Put(other.Handshake());
  EXPECT_EQ(w.streams.open(), 2U);
  other.at += std::chrono::hours(2);
  w.Put(other.FromServer(0, 0, "hello"));
  EXPECT_EQ(w.notes.Text(), "open " + Closed(End::kSilent));
  EXPECT_EQ(w.streams.open(), 1U);
}

TEST(TcpStreams, OnlyTheServersNamedAreFollowed) {
  TcpTalk t, behind;
  behind.client = t.server;  // a gate
  behind.server = Address::V4(0x0a000001);
  TcpStreams::Options options;
  options.servers = {t.server};
  TcpWorld w(options);
  w.Put(Dialogue(t));
  w.Put(Dialogue(behind));
  EXPECT_EQ(w.notes.Text(), kDialogue);
  EXPECT_EQ(w.notes.of.size(), 1U);
  EXPECT_EQ(w.streams.counts().other, Dialogue(behind).size());
  // A server whose own port is like one.
  t.client_port = 3306;
  t.client_isn += 1000;
  TcpWorld alike(options);
  alike.Put(Dialogue(t));
  EXPECT_EQ(alike.notes.Text(), kDialogue);
}

// Many packets, each long after the one before, and many connections that are open.
TEST(TcpStreams, TheSilentAreNotLookedForWithEveryPacket) {
  TcpStreams::Options options;
  options.idle = std::chrono::hours(24 * 365);
  TcpWorld w(options);
  TcpTalk t;
  for (std::uint32_t i = 0; i < 800; ++i) {
    t.client_port = static_cast<std::uint16_t>(20000 + i);
    w.Put(t.Handshake());
  }
  t.at += std::chrono::hours(24 * 400);
  w.Put(t.FromServer(0, 0, "h"));
  std::uint32_t said = 1;
  while (w.streams.open() > 1 && said < 1000) w.Put(t.FromServer(said++, 0, "h"));
  EXPECT_LE(said, 102U);
}

// Of who is ignored only the ends are told, and nothing is kept.
class Deaf : public testing::TcpNotes {
 public:
  TcpStreams* streams = nullptr;
  void OnBytes(Id id, TcpSide from, Octets bytes, Time at) override {
    streams->Ignore(id);
    TcpNotes::OnBytes(id, from, bytes, at);  // they are still there
  }
};

TEST(TcpStreams, Ignored) {
  const TcpTalk t;
  Deaf sink;
  TcpStreams streams({}, KeyedHash(1, 2), sink);
  sink.streams = &streams;
  for (const Segment& s : t.Handshake()) streams.OnSegment(s);
  streams.OnSegment(t.FromServer(5, 0, "world"));
  streams.OnSegment(t.FromServer(2, 0, "llo"));
  streams.OnSegment(t.FromServer(0, 0, "he"));
  EXPECT_EQ(streams.kept_bytes(), 0U);
  streams.OnSegment(t.FromClient(50, 10, "unseen"));
  streams.OnSegment(t.FromClient(90, 10, "", kTcpAck | kTcpFin));
  streams.OnSegment(t.FromServer(10, 91, "", kTcpAck | kTcpFin));
  EXPECT_EQ(sink.Text(), "open s:he cfin sfin " + Closed(End::kFinished));
}

}  // namespace
}  // namespace headgate::net
