// What a capture misses, and what strangers put into it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "net/tcp_streams.h"
#include "tests/net/tcp_streams_testing.h"

namespace headgate::net {
namespace {

using testing::TcpTalk;
using testing::TcpWorld;

TEST(TcpStreamsMissing, WhatWasAcknowledgedAndNotCapturedIsMissing) {
  const TcpTalk t;
  TcpWorld w;
  w.Put(t.Handshake());
  w.Put(t.FromServer(0, 0, "hel"));
  // "lo, " is lost.
  w.Put(t.FromServer(7, 0, "you"));
  EXPECT_EQ(w.notes.Text(), "open s:hel");
  w.Put(t.FromClient(0, 10, "thanks"));
  EXPECT_EQ(w.notes.Text(), "open s:hel s-4 s:you c:thanks");
  EXPECT_EQ(w.streams.counts().missing_bytes, 4U);
  // It comes after all, too late.
  w.Put(t.FromServer(3, 6, "lo, "));
  w.Put(t.FromServer(10, 6, "!"));
  EXPECT_EQ(w.notes.Text(), "open s:hel s-4 s:you c:thanks s:!");
}

TEST(TcpStreamsMissing, ALostEndIsMissingToo) {
  const TcpTalk t;
  TcpWorld w;
  w.Put(t.Handshake());
  w.Put(t.FromServer(0, 0, "hello"));
  w.Put(t.FromClient(0, 9, "thanks"));
  EXPECT_EQ(w.notes.Text(), "open s:hello s-4 c:thanks");
}

TEST(TcpStreamsMissing, WhatTheSnapLengthCutOffIsMissing) {
  const TcpTalk t;
  TcpWorld w;
  w.Put(t.Handshake());
  Segment cut = t.FromServer(0, 0, "a long answer");
  cut.data = cut.data.first(6);
  Segment early = t.FromServer(19, 0, "another one");
  early.data = early.data.first(4);
  w.Put(early);
  w.Put(cut);
  w.Put(t.FromServer(13, 0, "hello!"));
  w.Put(t.FromServer(30, 0, "end"));
  EXPECT_EQ(w.notes.Text(), "open s:a long s-7 s:hello!anot s-7 s:end");
}

TEST(TcpStreamsMissing, NoMoreIsKeptThanMayBe) {
  const TcpTalk t;
  const std::string kilobyte(1000, 'x');
  TcpWorld w;
  w.Put(t.Handshake());
  std::size_t most = 0;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    w.Put(t.FromServer(5 + i * 1000, 0, kilobyte));
    most = std::max(most, w.streams.kept_bytes());
  }
  EXPECT_LE(most, TcpHalf::kMostKept + kilobyte.size() + 100);
  EXPECT_EQ(w.streams.counts().missing_bytes, 5U);
  EXPECT_EQ(w.streams.counts().bytes, 1000U * 1000U);

  // Many small ones with holes between them.
  TcpWorld holes;
  holes.Put(t.Handshake());
  for (std::uint32_t i = 0; i < 1000; ++i) holes.Put(t.FromServer(1 + i * 2, 0, "x"));
  EXPECT_GT(holes.streams.counts().bytes, 800U);
}

TEST(TcpStreamsMissing, OfAllTogetherNoMoreIsKept) {
  TcpStreams::Options options;
  options.kept = 10'000;
  TcpWorld w(options);
  const std::string kilobyte(1000, 'x');
  for (std::uint16_t i = 0; i < 100; ++i) {
    TcpTalk t;
    t.client_port = static_cast<std::uint16_t>(20000 + i);
    w.Put(t.Handshake());
    w.Put(t.FromServer(5, 0, kilobyte));
    EXPECT_LE(w.streams.kept_bytes(), options.kept + kilobyte.size() + 100);
  }
  EXPECT_EQ(w.streams.counts().bytes, 91'000U);
}

// Each piece that is kept counts, whatever is in it.
TEST(TcpStreamsMissing, EmptyPiecesCountToo) {
  TcpStreams::Options options;
  options.kept = 4000;
  TcpWorld w(options);
  for (std::uint16_t i = 0; i < 10; ++i) {
    TcpTalk t;
    t.client_port = static_cast<std::uint16_t>(20000 + i);
    w.Put(t.Handshake());
    for (std::uint32_t at = 0; at < 100; ++at) {
      Segment cut = t.FromServer(1 + 2 * at, 0, "x");
      cut.data = {};
      w.Put(cut);
    }
    EXPECT_LE(w.streams.kept_bytes(), options.kept + 100);
  }
  EXPECT_GT(w.streams.counts().missing_bytes, 1000U);
}

// So much was not captured that the numbers themselves do not tell how much.
TEST(TcpStreamsMissing, ASideThatWentOnFarAwayIsFoundAgain) {
  for (const std::uint32_t gap : {20'000'000U, 1'500'000'000U, 3'000'000'000U, 4'200'000'000U}) {
    for (const bool ignored : {false, true}) {
      const TcpTalk t;
      TcpWorld w;
      w.Put(t.Handshake());
      w.Put(t.FromServer(0, 0, "hello"));
      if (ignored) w.streams.Ignore(0);
      for (std::uint32_t i = 0; i < 20; ++i) {
        w.Put(t.FromServer(gap + i, 0, std::string_view("0123456789abcdefghij").substr(i, 1)));
      }
      w.Put(t.FromServer(gap + 20, 0, "", kTcpAck | kTcpFin));
      if (!ignored) {
        EXPECT_EQ(w.notes.Text(), "open s:hello s-" + std::to_string(gap + 10) + " s:fghij sfin");
      } else {
        EXPECT_EQ(w.notes.Text(), "open s:hello sfin");
      }
      EXPECT_EQ(w.streams.counts().missing_bytes, 0U);
      EXPECT_EQ(w.streams.counts().found_again, ignored ? 0U : 1U);
    }
  }
}

// Not one that knows neither side's numbers: whatever he says, the next true byte is heard.
TEST(TcpStreamsMissing, AStrangersNumbersMoveNothing) {
  const TcpTalk t;
  const std::string much(3000, 'x');
  TcpWorld w;
  w.Put(t.Handshake());
  w.Put(t.FromServer(0, 0, "hello"));
  w.Put(t.FromClient(700'000'000, 900'000'000, ""));
  w.Put(t.FromServer(700'000'000, 900'000'000, ""));
  for (std::uint32_t i = 0; i < 200; ++i) {
    w.Put(t.FromServer(500'000'000 + i * 7000, 0, much));
    w.Put(t.FromClient(300'000'000 + i * 7000, 0, much));
  }
  w.Put(t.FromServer(600'000'000, 0, "", kTcpAck | kTcpFin));
  w.Put(t.FromClient(600'000'000, 0, "", kTcpAck | kTcpFin));
  w.Put(t.FromClient(0, 5, "thanks"));
  w.Put(t.FromServer(5, 6, "!"));
  EXPECT_EQ(w.notes.Text(), "open s:hello c:thanks s:!");
  EXPECT_EQ(w.streams.counts().far, 400U);
  EXPECT_EQ(w.streams.kept_bytes(), 0U);
}

TEST(TcpStreamsMissing, AFinThatMoreComesBehindIsForgotten) {
  const TcpTalk t;
  TcpWorld w;
  w.Put(t.Handshake());
  w.Put(t.FromServer(3, 0, "", kTcpAck | kTcpFin));
  w.Put(t.FromServer(0, 0, "hello"));
  w.Put(t.FromServer(5, 0, "!"));
  EXPECT_EQ(w.notes.Text(), "open s:hello!");
  w.Put(t.FromServer(8, 0, "", kTcpAck | kTcpFin));
  for (std::uint32_t i = 0; i < 400; ++i) w.Put(t.FromServer(20 + 3 * i, 0, "xy"));
  EXPECT_LE(w.streams.kept_bytes(), std::size_t{1} << 16);
  EXPECT_GT(w.streams.counts().bytes, 400U);
  w.Put(t.FromServer(1220, 0, "", kTcpAck | kTcpFin));
  w.Put(t.FromClient(0, 1221, ""));
  EXPECT_TRUE(w.notes.Text().ends_with("sfin")) << w.notes.Text();
}

// An acknowledgment that was captured before what it is about.
TEST(TcpStreamsMissing, WhatComesAfterItWasGivenUpIsCounted) {
  const TcpTalk t;
  TcpWorld w;
  w.Put(t.Handshake());
  w.Put(t.FromServer(0, 0, "hello"));
  w.Put(t.FromServer(0, 0, "hello"));
  EXPECT_EQ(w.streams.counts().late, 0U);
  w.Put(t.FromClient(0, 9, "thanks"));
  w.Put(t.FromServer(5, 0, "!!!!"));
  w.Put(t.FromServer(9, 6, "bye"));
  EXPECT_EQ(w.notes.Text(), "open s:hello s-4 c:thanks s:bye");
  EXPECT_EQ(w.streams.counts().late, 1U);
  EXPECT_EQ(w.streams.counts().again, 2U);
}

// Whatever comes: nothing waits for ever, and each side's bytes and missing ones add up.
TEST(TcpStreamsMissing, AnyLossAndAnyOrderComesToAnEnd) {
  std::mt19937 random(11);
  const std::string text(3000, 'z');
  for (int round = 0; round < 300; ++round) {
    const TcpTalk t;
    TcpWorld w;
    w.Put(t.Handshake());
    std::uint32_t at = 0;
    std::vector<Segment> window;
    for (int i = 0; i < 60; ++i) {
      const std::uint32_t n = 1 + random() % 200;
      const Segment s = t.FromServer(at, 0, std::string_view(text).substr(0, n));
      at += n;
      if (random() % 5 == 0) continue;  // lost
      window.push_back(s);
      if (window.size() < 1 + random() % 4) continue;
      std::shuffle(window.begin(), window.end(), random);
      w.Put(window);
      window.clear();
    }
    w.Put(window);
    w.Put(t.FromServer(at, 0, "", kTcpAck | kTcpFin));
    w.Put(t.FromClient(0, at + 1, "", kTcpAck | kTcpFin));
    const TcpStreamCounts& c = w.streams.counts();
    ASSERT_EQ(c.bytes + c.missing_bytes, at);
    ASSERT_TRUE(w.notes.Text().ends_with("sfin cfin closed:0"));
    ASSERT_EQ(w.streams.kept_bytes(), 0U);
  }
}

}  // namespace
}  // namespace headgate::net
