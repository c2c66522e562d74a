#include "policies/flow_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/policies/wire_script.h"
#include "tests/support/random.h"

namespace headgate {
namespace {

constexpr FlowTable::Tick kDeadline = 5'000;
constexpr FlowTable::Tick kIdle = 300'000;

struct FlowTableTest : ::testing::Test {
  FlowTable::Step See(const Packet& p) {
    const bool to_server = p.target_port == 3306 && !p.IsSynAck();
    return table.OnPacket(FlowKeyOf(p, hash), p, to_server, now);
  }
  unsigned News(const Packet& p) { return See(p).news; }
  void Open(WireConn& c) {
    See(c.Syn());
    See(c.SynAck());
    EXPECT_EQ(News(c.Ack()), FlowTable::kLeft | FlowTable::kCompleted);
  }
  int Sweep() {
    int abandoned = 0;
    table.Sweep(now, [&](std::uint32_t) { ++abandoned; });
    return abandoned;
  }

  KeyedHash hash{1, 2};
  FlowTable table{64, kDeadline, kIdle};
  FlowTable::Tick now = UINT32_MAX - 1'000;  // ticks wrap in most tests
};

TEST_F(FlowTableTest, AHandshakeStepByStep) {
  WireConn c;
  const auto syn = See(c.Syn());
  EXPECT_EQ(syn.news, FlowTable::kCreated | FlowTable::kOpened);
  EXPECT_TRUE(syn.from_client);
  EXPECT_EQ(table.half_open(), 1U);
  const auto answer = See(c.SynAck());
  EXPECT_EQ(answer.news, 0);
  EXPECT_EQ(answer.ref, syn.ref);
  EXPECT_FALSE(answer.from_client);
  now += 3'000;
  EXPECT_EQ(News(c.Ack()), FlowTable::kLeft | FlowTable::kCompleted);
  EXPECT_EQ(table.half_open(), 0U);
  EXPECT_EQ(table.flows(), 1U);
  EXPECT_EQ(News(c.Answer(80)), 0);
  EXPECT_EQ(News(c.Send(120)), 0);
  EXPECT_EQ(News(c.From(true, kTcpAck | kTcpFin)), 0);
  EXPECT_EQ(table.flows(), 1U);
  EXPECT_EQ(News(c.From(false, kTcpAck | kTcpFin)), 0);
  EXPECT_EQ(table.flows(), 0U);
  EXPECT_EQ(News(c.Ack()), 0);
  EXPECT_EQ(table.flows(), 0U);
}

TEST_F(FlowTableTest, WhoDoesNotKnowTheServersNumberCompletesNothing) {
  WireConn c;
  See(c.Syn());
  See(c.SynAck());
  for (const std::uint32_t off : {UINT32_MAX, 1U, 1000U, 0x80000000U}) {
    Packet guess = c.Ack();
    guess.acknowledgment += off;
    EXPECT_EQ(News(guess), 0U);
  }
  Packet no_ack = c.Ack();
  no_ack.flags = kTcpPush;
  EXPECT_EQ(News(no_ack), 0U);
  EXPECT_EQ(table.half_open(), 1U);
}

TEST_F(FlowTableTest, ALostAnswerIsMadeUpForByTheNextPacket) {
  WireConn c;
  See(c.Syn());
  See(c.SynAck());
  EXPECT_EQ(News(c.Answer(80)), 0U);  // the capture missed the client's answer
  EXPECT_EQ(News(c.Send(40)), FlowTable::kLeft | FlowTable::kCompleted);
}

TEST_F(FlowTableTest, AHandshakeSeenInPartIsFollowedNotCounted) {
  WireConn c;
  See(c.Syn());
  c.SynAck();
  c.Ack();
  EXPECT_EQ(News(c.Answer(80)), FlowTable::kLeft);
  EXPECT_EQ(table.half_open(), 0U);
  EXPECT_EQ(table.flows(), 1U);
}

TEST_F(FlowTableTest, OverItsDeadlineItIsAbandoned) {
  WireConn c, late;
  late.port = 50001;
  See(c.Syn());
  See(late.Syn());
  See(late.SynAck());
  now += kDeadline - 1;
  EXPECT_EQ(Sweep(), 0);
  now += 1;
  EXPECT_EQ(News(late.Ack()), FlowTable::kLeft | FlowTable::kAbandoned);
  EXPECT_EQ(Sweep(), 1);
  EXPECT_EQ(table.half_open(), 0U);
  EXPECT_EQ(table.flows(), 1U);  // the late one goes on
}

TEST_F(FlowTableTest, AResetAbandonsIfItKnowsTheNumbers) {
  WireConn c;
  See(c.Syn());
  Packet refused = c.From(false, kTcpRst | kTcpAck);
  refused.sequence = 0;
  Packet forged = refused;
  forged.acknowledgment += 7;
  forged.sequence = 12345;
  EXPECT_EQ(News(forged), 0U);
  EXPECT_EQ(News(refused), FlowTable::kLeft | FlowTable::kAbandoned);
  EXPECT_EQ(table.flows(), 0U);
  // The same port again, and this time an innocent bystander resets what he never asked for.
  EXPECT_EQ(News(c.Syn()), FlowTable::kOpened);
  See(c.SynAck());
  EXPECT_EQ(News(c.From(true, kTcpRst)), FlowTable::kLeft | FlowTable::kAbandoned);
}

TEST_F(FlowTableTest, AResetEndsAnOpenConnectionAndAbandonsNothing) {
  WireConn c;
  Open(c);
  Packet stray = c.From(true, kTcpRst);
  stray.sequence += 0x40000000;
  EXPECT_EQ(News(stray), 0U);
  EXPECT_EQ(table.flows(), 1U);
  EXPECT_EQ(News(c.From(true, kTcpRst)), 0U);
  EXPECT_EQ(table.flows(), 0U);
}

TEST_F(FlowTableTest, ASynSentAgainAndASynAnew) {
  WireConn c;
  const Packet syn = c.Syn();
  See(syn);
  EXPECT_EQ(News(syn), FlowTable::kRetransmission);
  const Packet answer = c.SynAck();
  EXPECT_EQ(News(answer), 0U);
  EXPECT_EQ(News(answer), FlowTable::kRetransmission);
  EXPECT_EQ(News(syn), FlowTable::kRetransmission);
  Packet anew = syn;
  anew.sequence += 99;
  EXPECT_EQ(News(anew), FlowTable::kAbandoned);
  EXPECT_EQ(table.half_open(), 1U);
}

TEST_F(FlowTableTest, SentAgainByEitherSide) {
  WireConn c;
  Open(c);
  for (const bool from_client : {true, false}) {
    const Packet first = c.From(from_client, kTcpAck, 100);
    const Packet second = c.From(from_client, kTcpAck, 50);
    EXPECT_EQ(News(first), 0U);
    EXPECT_EQ(News(second), 0U);
    EXPECT_EQ(News(first), FlowTable::kRetransmission);
    EXPECT_EQ(News(second), FlowTable::kRetransmission);
    Packet both = first;  // joined, with something new at the end
    both.payload = 170;
    EXPECT_EQ(News(both), FlowTable::kRetransmission);
    c.From(from_client, kTcpAck, 20);
    EXPECT_EQ(News(c.From(from_client, kTcpAck, 10)), 0U);
    EXPECT_EQ(News(c.From(from_client, kTcpAck)), 0U);
    Packet keep_alive = c.From(from_client, kTcpAck);
    keep_alive.sequence -= 1;
    EXPECT_EQ(News(keep_alive), 0U);
    keep_alive.payload = 1;
    EXPECT_EQ(News(keep_alive), 0U);
  }
}

TEST_F(FlowTableTest, NumbersWrap) {
  WireConn c;
  c.client_next = UINT32_MAX - 1;
  c.server_next = UINT32_MAX;
  Open(c);
  for (int i = 0; i < 5; ++i) {
    const Packet p = c.Send(1'000'000'000);  // no window is larger; five times round
    EXPECT_EQ(News(p), 0U);
    EXPECT_EQ(News(p), FlowTable::kRetransmission);
  }
  // Farther off than any window: taken for what it is, then followed from there.
  c.client_next += 0x70000000;
  EXPECT_EQ(News(c.Send(10)), 0U);
  EXPECT_EQ(News(c.Send(10)), 0U);
}

TEST_F(FlowTableTest, MetInTheMiddleItNeedsBothSides) {
  WireConn c;
  EXPECT_EQ(News(c.Answer(10)), FlowTable::kCreated);
  EXPECT_EQ(table.flows(), 1U);
  const auto step = See(c.Send(20));
  EXPECT_EQ(step.news, 0);
  EXPECT_TRUE(step.from_client);
  EXPECT_TRUE(table.IsEstablished(step.ref));
  WireConn other;
  other.port = 50001;
  EXPECT_EQ(See(other.From(true, kTcpRst)).ref, FlowTable::kNone);
  EXPECT_EQ(See(other.From(true, kTcpFin | kTcpAck)).ref, FlowTable::kNone);
}

TEST_F(FlowTableTest, StrayPacketsAreForgottenWhatIsOpenIsNot) {
  WireConn c, stray;
  Open(c);
  stray.port = 50001;
  See(stray.Send(10));
  EXPECT_EQ(table.flows(), 2U);
  for (int days = 0; days < 100; ++days) {  // of ticks: twice round
    now += 86'400'000;
    EXPECT_EQ(Sweep(), 0);
    EXPECT_EQ(table.flows(), 1U);
  }
  EXPECT_EQ(News(c.Send(10)), 0U);
}

TEST_F(FlowTableTest, ASynOnAnOpenConnectionChangesNothingUntilTheServerAnswers) {
  WireConn c;
  Open(c);
  WireConn again = c;
  again.client_next += 500'000;
  again.server_next += 900'000;
  EXPECT_EQ(News(again.Syn()), 0U);
  EXPECT_EQ(News(c.Send(5)), 0U);
  EXPECT_EQ(table.half_open(), 0U);
  EXPECT_EQ(News(again.SynAck()), FlowTable::kOpened);
  EXPECT_EQ(News(again.Ack()), FlowTable::kLeft | FlowTable::kCompleted);
}

TEST_F(FlowTableTest, BothDirectionsAreOneConnectionWhateverThePorts) {
  for (const std::uint16_t port : {std::uint16_t{1}, std::uint16_t{3306}, std::uint16_t{60000}}) {
    for (const Address& client : {V4(1, 2, 3, 4), V4(200, 2, 3, 4), V6Source(3)}) {
      WireConn c;
      c.port = port;
      c.client = client;
      if (!client.IsV4()) c.server = V6Source(9);
      const auto syn = See(c.Syn());
      EXPECT_TRUE(syn.from_client);
      EXPECT_EQ(See(c.SynAck()).ref, syn.ref);
      EXPECT_EQ(News(c.Ack()), FlowTable::kLeft | FlowTable::kCompleted);
      EXPECT_FALSE(See(c.Answer(3)).from_client);
    }
  }
}

// One bucket. Half-open ones go oldest first; established ones only when idle for long.
struct OneBucket : FlowTableTest {
  OneBucket() {
    table = FlowTable(8, kDeadline, kIdle);
    for (std::uint16_t i = 0; i < 8; ++i) conns[i].port = static_cast<std::uint16_t>(50000 + i);
  }
  std::array<WireConn, 8> conns;
};

TEST_F(OneBucket, TheOldestHalfOpenMakesRoom) {
  for (WireConn& c : conns) {
    const auto step = See(c.Syn());
    table.OwnerOf(step.ref) = c.port;
    now += 100;
  }
  WireConn next;
  next.port = 60000;
  const auto step = See(next.Syn());
  EXPECT_EQ(step.news, FlowTable::kCreated | FlowTable::kOpened | FlowTable::kPushedOut);
  EXPECT_EQ(step.gone_owner, 50000U);
  EXPECT_FALSE(step.gone_abandoned);
  EXPECT_EQ(table.half_open(), 8U);
  now += kDeadline;
  next.port = 60001;
  EXPECT_TRUE(See(next.Syn()).gone_abandoned);
}

TEST_F(OneBucket, WhatIsEstablishedStays) {
  for (std::size_t i = 0; i < 7; ++i) Open(conns[i]);
  for (std::uint16_t port = 60000; port < 61000; ++port) {
    WireConn flood;
    flood.port = port;
    EXPECT_TRUE(News(flood.Syn()) & FlowTable::kOpened);
    WireConn stray;
    stray.port = static_cast<std::uint16_t>(port - 20000);
    EXPECT_EQ(See(stray.Send(9)).ref, FlowTable::kNone);  // pushes out no handshake
  }
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(News(conns[i].Send(7)), 0U);
  now += kDeadline;
  Sweep();
  Open(conns[7]);
  WireConn next;
  EXPECT_EQ(News(next.Syn()), 0U);  // known: the first of them
  next.port = 62000;
  EXPECT_EQ(News(next.Syn()), FlowTable::kUntracked);
  now += kIdle - kDeadline;
  See(conns[1].Send(1));
  now += kDeadline;
  EXPECT_TRUE(News(next.Syn()) & FlowTable::kOpened);
  EXPECT_EQ(table.flows(), 8U);
  EXPECT_EQ(News(conns[1].Send(1)), 0U);
}

}  // namespace
}  // namespace headgate
