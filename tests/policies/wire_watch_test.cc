#include "policies/wire_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/policies/wire_script.h"

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kWatchStart{hours(24 * 365 * 50)};

struct WireWatchTest : ::testing::Test {
  static WireOptions Options() {
    WireOptions o;
    o.ports = {3306, 3307};
    o.server_ports = {13306};
    o.own = {kWireServer};
    o.flows = 4096;
    o.sources = 64;
    return o;
  }
  void See(Packet p) {
    p.at = now;
    ASSERT_FALSE(watch.Due(now));
    watch.OnPacket(p);
    now += milliseconds(1);
  }
  void Open(WireConn& c) {
    See(c.Syn());
    See(c.SynAck());
    See(c.Ack());
  }
  // The interval that is open, and on to the next.
  WireInterval End() {
    now = kWatchStart + seconds(++ended);
    EXPECT_TRUE(watch.Due(now));
    return watch.EndInterval(now);
  }
  static WireSource Of(const WireInterval& i, const Address& a) {
    const auto found = std::find_if(i.top.begin(), i.top.end(),
                                    [&](const WireSource& s) { return s.source == a; });
    return found == i.top.end() ? WireSource{} : *found;
  }

  WireWatch watch{Options(), KeyedHash(3, 4)};
  Time now = kWatchStart;
  int ended = 0;
};

TEST_F(WireWatchTest, ASessionIsCountedInFull) {
  WireConn c;
  Open(c);
  See(c.Answer(80));
  See(c.Send(100));
  Packet again = c.Answer(11);
  See(again);
  See(again);
  Packet full = c.Ack();
  full.window = 0;
  See(full);
  See(c.From(true, kTcpFin | kTcpAck));
  Packet reset = c.From(false, kTcpRst);
  reset.window = 0;  // as resets have it: no zero window
  See(reset);
  const WireInterval i = End();
  EXPECT_EQ(i.from, kWatchStart);
  EXPECT_EQ(i.to, kWatchStart + seconds(1));
  WireCounts expected;
  expected.packets = 10;
  expected.bytes = 10 * 60 + 80 + 100 + 11 + 11;
  expected.syn = expected.syn_ack = expected.completed = expected.rst = 1;
  expected.retransmissions = expected.zero_windows = 1;
  EXPECT_EQ(i.counts, expected);
  ASSERT_EQ(i.top.size(), 1U);
  EXPECT_EQ(i.top[0].counts, expected);
  EXPECT_EQ(i.top[0].source, c.client);
  EXPECT_TRUE(i.top[0].verified);
  EXPECT_EQ(i.top[0].half_open, 0U);
  EXPECT_EQ(i.flows, 0U);
  EXPECT_NEAR(i.sources, 1, 0.01);
  EXPECT_EQ(i.entropy, 0);
  ASSERT_EQ(i.ports.size(), 1U);
  EXPECT_EQ(i.ports[0], (WirePort{3306, 1, 1}));
  EXPECT_TRUE(i.bypass.empty());
  EXPECT_EQ(End().counts, WireCounts{});
}

TEST_F(WireWatchTest, HalfOpenIsHeldAgainstItsSourceUntilItIsAbandoned) {
  now += milliseconds(10);
  for (std::uint16_t port = 1000; port < 1005; ++port) {
    WireConn c;
    c.port = port;
    See(c.Syn());
    See(c.SynAck());
  }
  WireInterval i = End();
  EXPECT_EQ(i.half_open, 5U);
  EXPECT_EQ(i.flows, 5U);
  EXPECT_EQ(Of(i, WireConn{}.client).half_open, 5U);
  EXPECT_FALSE(i.top[0].verified);
  EXPECT_EQ(i.counts.abandoned, 0U);
  for (int n = 0; n < 4; ++n) EXPECT_EQ(End().counts.abandoned, 0U);
  i = End();
  EXPECT_EQ(i.counts.abandoned, 5U);
  EXPECT_EQ(Of(i, WireConn{}.client).counts.abandoned, 5U);
  EXPECT_EQ(i.half_open, 0U);
  ASSERT_EQ(i.top.size(), 1U);
  EXPECT_EQ(i.top[0].half_open, 0U);
  EXPECT_TRUE(End().top.empty());
}

TEST_F(WireWatchTest, ASourceThatIsVerifiedKeepsItsOtherHandshakes) {
  WireConn a, b;
  b.port = 50001;
  See(a.Syn());
  See(b.Syn());
  See(b.SynAck());
  See(b.Ack());
  WireInterval i = End();
  EXPECT_TRUE(i.top[0].verified);
  EXPECT_EQ(i.top[0].half_open, 1U);
  EXPECT_EQ(i.top[0].counts.syn, 2U);
  See(a.SynAck());
  See(a.Ack());
  i = End();
  EXPECT_EQ(i.top[0].half_open, 0U);
  EXPECT_EQ(i.top[0].counts.completed, 1U);
}

TEST_F(WireWatchTest, SourcesOfIpv6AreTheirSixtyFour) {
  WireConn a, b;
  a.client = b.client = V6Source(5);
  a.server = b.server = V6Source(1);
  a.client.bytes[15] = 1;
  b.client.bytes[15] = 2;
  Open(a);
  Open(b);
  const WireInterval i = End();
  ASSERT_EQ(i.top.size(), 1U);
  EXPECT_EQ(i.top[0].source, V6Source(5));
  EXPECT_EQ(i.top[0].counts.completed, 2U);
  EXPECT_NEAR(i.sources, 1, 0.01);
}

TEST_F(WireWatchTest, PastTheGateIsABypassButNotForTheGateItself) {
  WireConn gate, local, stranger, wrong;
  for (WireConn* c : {&gate, &local, &stranger, &wrong}) c->server_port = 13306;
  gate.client = kWireServer;
  gate.server = V4(10, 0, 0, 2);
  local.client = local.server = V4(127, 0, 0, 1);
  wrong.client = V4(192, 0, 2, 8);
  Open(gate);
  Open(local);
  Open(stranger);
  stranger.port = 50001;
  Open(stranger);
  See(wrong.Syn());  // completes nothing
  See(wrong.SynAck());
  const WireInterval i = End();
  ASSERT_EQ(i.bypass.size(), 1U);
  EXPECT_EQ(i.bypass[0], (WireBypass{stranger.client, 13306, 2}));
  EXPECT_EQ(i.bypass_more, 0U);
  EXPECT_EQ(i.counts.completed, 4U);
  EXPECT_EQ(Of(i, kWireServer).counts.packets, 0U);  // what it opens itself has no source
  EXPECT_EQ(i.top.size(), 2U);
}

TEST_F(WireWatchTest, APortOfBothIsTheGatesOnItsOwnHost) {
  WireOptions options = Options();
  options.server_ports = {3306};
  watch = WireWatch(options, KeyedHash(3, 4));
  WireConn to_gate, past;
  past.client = V4(192, 0, 2, 9);
  past.server = V4(10, 0, 0, 2);
  Open(to_gate);
  Open(past);
  const WireInterval i = End();
  ASSERT_EQ(i.bypass.size(), 1U);
  EXPECT_EQ(i.bypass[0], (WireBypass{past.client, 3306, 1}));
}

TEST_F(WireWatchTest, ARedirectedPortIsTheGatesForAsLongAsItIsRedirected) {
  // The server over loopback at the same port, or by a unix socket.
  for (const std::vector<std::uint16_t>& servers : {std::vector<std::uint16_t>{3306}, {}}) {
    WireOptions options = Options();
    options.server_ports = servers;
    options.redirect = 3306;
    watch = WireWatch(options, KeyedHash(3, 4));
    now = kWatchStart + seconds(ended);
    WireConn led, direct, local, elsewhere, to_gate;
    Open(led);
    watch.SetRedirected(false);
    direct.client = V4(192, 0, 2, 9);
    local.client = kWireServer;
    elsewhere.server = V4(10, 0, 0, 2);
    to_gate.server_port = 3307;
    for (WireConn* c : {&direct, &local, &to_gate}) Open(*c);
    if (servers.empty()) Open(elsewhere);  // what a router passes on
    watch.SetRedirected(true);
    led.port = 50001;
    Open(led);
    const WireInterval i = End();
    ASSERT_EQ(i.bypass.size(), 1U);
    EXPECT_EQ(i.bypass[0], (WireBypass{direct.client, 3306, 1}));
  }
}

TEST_F(WireWatchTest, TheRestOfTheBypassingIsCounted) {
  for (std::uint8_t n = 0; n < 100; ++n) {
    WireConn c;
    c.server_port = 13306;
    c.client = V4(192, 0, 3, n);
    Open(c);
  }
  const WireInterval i = End();
  EXPECT_EQ(i.bypass.size(), BypassBook::kMost);
  EXPECT_EQ(i.bypass_more, 100 - BypassBook::kMost);
  EXPECT_EQ(i.bypass[0].source, V4(192, 0, 3, 0));
}

TEST_F(WireWatchTest, OtherPortsAreNobodysBusinessAndTheWrongWayRoundIsNoHandshake) {
  WireConn other;
  other.server_port = 80;
  Open(other);
  WireConn backwards;  // from a watched port to some other
  See(backwards.From(false, kTcpSyn));
  See(backwards.From(true, kTcpSyn | kTcpAck));
  const WireInterval i = End();
  EXPECT_EQ(i.counts.packets, 2U);
  EXPECT_EQ(i.counts.syn + i.counts.syn_ack, 0U);
  EXPECT_EQ(i.flows, 0U);
  EXPECT_TRUE(i.ports.empty());
}

TEST_F(WireWatchTest, OfTwoWatchedPortsTheSynDecides) {
  for (const bool up : {true, false}) {
    WireConn c;
    c.port = up ? 3306 : 3307;
    c.server_port = up ? 3307 : 3306;
    Open(c);
    See(c.Answer(10));
    See(c.Send(10));
  }
  const WireInterval i = End();
  EXPECT_EQ(i.counts.completed, 2U);
  EXPECT_EQ(i.ports, (std::vector<WirePort>{{3306, 1, 1}, {3307, 1, 1}}));
  EXPECT_EQ(i.top.size(), 1U);
  EXPECT_EQ(i.top[0].counts.packets, 10U);
}

TEST_F(WireWatchTest, WhoWasThereBeforeIsFollowedButCompletesNothing) {
  WireConn c;
  See(c.Answer(100));
  See(c.Send(10));
  See(c.Answer(100));
  const WireInterval i = End();
  EXPECT_EQ(i.counts.completed, 0U);
  EXPECT_EQ(i.flows, 1U);
  EXPECT_EQ(Of(i, c.client).counts.packets, 3U);
  EXPECT_FALSE(i.top[0].verified);
}

TEST_F(WireWatchTest, TopIsVerifiedFirstThenBySynsBytesAndAddress) {
  const auto syns = [&](std::uint8_t who, int n) {
    for (int k = 0; k < n; ++k) {
      WireConn c;
      c.client = V4(192, 0, 2, who);
      c.port = static_cast<std::uint16_t>(1000 + k);
      See(c.Syn());
    }
  };
  syns(3, 4);
  syns(2, 4);
  syns(9, 7);
  WireConn quiet;
  quiet.client = V4(192, 0, 2, 50);
  Open(quiet);
  const WireInterval i = End();
  std::vector<Address> order;
  for (const WireSource& s : i.top) order.push_back(s.source);
  EXPECT_EQ(order, (std::vector<Address>{quiet.client, V4(192, 0, 2, 9), V4(192, 0, 2, 2),
                                         V4(192, 0, 2, 3)}));
  EXPECT_EQ(i.top[1].counts.syn, 7U);
  EXPECT_EQ(i.top[1].error, 0U);
}

TEST_F(WireWatchTest, VerifiedIsForAsLongAsItSpeaks) {
  const auto pass = [&](std::chrono::minutes m) {
    now += m;
    while (watch.Due(now)) static_cast<void>(watch.EndInterval(now));
  };
  WireConn c;
  Open(c);
  for (int n = 0; n < 6; ++n) {
    pass(std::chrono::minutes(9));
    See(c.Send(10));
  }
  WireInterval i = watch.EndInterval(now);
  ASSERT_EQ(i.top.size(), 1U);
  EXPECT_TRUE(i.top[0].verified);
  pass(std::chrono::minutes(11));
  WireConn spoofed;
  spoofed.port = 7;
  See(spoofed.Syn());
  i = watch.EndInterval(now);
  ASSERT_EQ(i.top.size(), 1U);
  EXPECT_FALSE(i.top[0].verified);
}

TEST(WireInterval, ConnectionsPastTheGateWithThoseThatAreNotListed) {
  WireInterval i;
  EXPECT_EQ(i.BypassTotal(), 0u);
  i.bypass = {{.source = V4(10, 0, 0, 1), .port = 3306, .connections = 5},
              {.source = V4(10, 0, 0, 2), .port = 3306, .connections = 3}};
  i.bypass_more = 4;
  EXPECT_EQ(i.BypassTotal(), 12u);
}

}  // namespace
}  // namespace headgate
