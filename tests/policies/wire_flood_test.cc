// The observer under what attackers send: made-up sources by the million, and garbage.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "policies/wire_watch.h"
#include "tests/policies/wire_script.h"
#include "tests/support/random.h"

namespace headgate {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr Time kFloodStart{std::chrono::hours(24 * 365 * 50)};

WireOptions Options() {
  WireOptions o;
  o.ports = {3306};
  o.server_ports = {13306};
  o.own = {kWireServer};
  return o;
}

Packet SpoofedSyn(testing::Random& random) {
  WireConn c;
  c.client = Address::V4(static_cast<std::uint32_t>(random.Next()));
  c.port = static_cast<std::uint16_t>(1 + random.Below(3000));
  c.client_next = static_cast<std::uint32_t>(random.Next());
  return c.Syn();
}

TEST(WireFlood, AMillionMadeUpSourcesTakeNoMemoryAndPushOutNobodyVerified) {
  WireWatch watch(Options(), KeyedHash(1, 2));
  const std::size_t bytes = watch.MemoryBytes();
  EXPECT_LT(bytes, 16U << 20);
  testing::Random random(1);
  Time now = kFloodStart;
  const auto see = [&](Packet p) {
    p.at = now += Duration(100);
    watch.OnPacket(p);
  };
  WireConn known;
  see(known.Syn());
  see(known.SynAck());
  see(known.Ack());
  WireConn fresh;
  fresh.client = V4(198, 51, 100, 9);
  for (int n = 0; n < 1'000'000; ++n) {
    see(SpoofedSyn(random));
    if (n % 1000 == 0) see(known.Send(100));
    if (n == 900'000) see(fresh.Syn());
    if (n == 940'000) see(fresh.SynAck());  // its source has long been pushed out
    if (n == 980'000) see(fresh.Ack());
  }
  EXPECT_EQ(watch.MemoryBytes(), bytes);
  const WireInterval i = watch.EndInterval(now);
  EXPECT_EQ(i.counts.syn, 1'000'002U);
  EXPECT_EQ(i.counts.completed, 2U);
  EXPECT_NEAR(i.sources, 1e6, 6e4);
  EXPECT_GT(i.entropy, 0.99);
  ASSERT_EQ(i.top.size(), 12U);
  EXPECT_EQ(i.top[0].source, known.client);
  EXPECT_TRUE(i.top[0].verified);
  EXPECT_EQ(i.top[0].counts.packets, 3U + 1000U);
  EXPECT_EQ(i.top[0].counts.completed, 1U);
  EXPECT_EQ(i.top[1].source, fresh.client);
  EXPECT_TRUE(i.top[1].verified);
  EXPECT_FALSE(i.top[2].verified);
  // Every SYN is half-open still, or was pushed out and counted.
  EXPECT_EQ(i.half_open + i.untracked + i.counts.completed + i.counts.abandoned, i.counts.syn);
  EXPECT_LE(watch.sources().HalfOpen(), i.half_open);
}

std::vector<Packet> SomeTraffic(std::uint64_t seed, int packets) {
  testing::Random random(seed);
  std::vector<WireConn> conns(50);
  for (std::uint32_t n = 0; n < conns.size(); ++n) {
    conns[n].client = random.OneIn(2) ? Address::V4(0x0b000000 + n / 3) : V6Source(n / 2);
    conns[n].port = static_cast<std::uint16_t>(30000 + n);
    if (random.OneIn(5)) conns[n].server_port = 13306;
  }
  std::vector<Packet> all;
  Time now = kFloodStart;
  for (int i = 0; i < packets; ++i) {
    WireConn& c = conns[random.Below(static_cast<std::uint32_t>(conns.size()))];
    Packet p;
    switch (random.Below(12)) {
      case 0:
        p = c.Syn();
        break;
      case 1:
        p = c.SynAck();
        break;
      case 2:
        p = c.From(random.OneIn(2), kTcpFin | kTcpAck);
        break;
      case 3:
        p = c.From(random.OneIn(2), kTcpRst);
        break;
      case 4:
        p = SpoofedSyn(random);
        break;
      default:
        p = c.From(random.OneIn(2), kTcpAck, random.Below(3) * 100);
    }
    if (random.OneIn(20) && !all.empty())
      p = all[all.size() - 1 - random.Below(std::min(20U, static_cast<std::uint32_t>(all.size())))];
    if (random.OneIn(5000)) now += seconds(random.Below(100));
    if (random.OneIn(5000)) now -= seconds(random.Below(100));
    p.at = now += microseconds(random.Below(1000));
    all.push_back(p);
  }
  return all;
}

std::vector<WireInterval> Intervals(const std::vector<Packet>& packets, bool batched) {
  WireWatch watch(Options(), KeyedHash(1, 2));
  std::vector<WireInterval> all;
  if (batched) {
    std::span<const Packet> rest(packets);
    for (std::size_t n = 1; !rest.empty(); n = n * 7 % 300 + 1) {
      const std::size_t some = std::min(n, rest.size());
      watch.Feed(rest.first(some), [&](WireInterval i) { all.push_back(std::move(i)); });
      rest = rest.subspan(some);
    }
  } else {
    for (const Packet& p : packets) {
      while (watch.Due(p.at)) all.push_back(watch.EndInterval(p.at));
      watch.OnPacket(p);
    }
  }
  all.push_back(watch.EndInterval(packets.back().at));
  return all;
}

TEST(WireFlood, TheSamePacketsGiveTheSameIntervals) {
  const std::vector<Packet> packets = SomeTraffic(7, 60'000);
  const std::vector<WireInterval> once = Intervals(packets, false);
  EXPECT_GT(once.size(), 20U);
  EXPECT_TRUE(once == Intervals(packets, false));
  EXPECT_TRUE(once == Intervals(packets, true));
}

// Whatever comes: nothing is counted that did not happen, nothing is lost, nothing runs under zero.
TEST(WireFlood, GarbageIsCountedAndHarmsNothing) {
  WireOptions options = Options();
  options.flows = 512;  // always full
  options.sources = 40;
  WireWatch watch(options, KeyedHash(5, 6));
  testing::Random random(99);
  const std::uint16_t ports[] = {3306, 13306, 3306, 0, 65535, 1};
  Time now = kFloodStart;
  WireCounts seen, told;
  for (int n = 0; n < 1'000'000; ++n) {
    Packet p;
    p.source = random.OneIn(3) ? kWireServer : Address::V4(random.Below(60));
    p.target = random.OneIn(3)   ? V6Source(random.Below(3))
               : random.OneIn(2) ? p.source
                                 : kWireServer;
    p.source_port = ports[random.Below(6)];
    p.target_port = ports[random.Below(6)];
    p.sequence = random.OneIn(2) ? random.Below(8) : static_cast<std::uint32_t>(random.Next());
    p.acknowledgment =
        random.OneIn(2) ? random.Below(8) : static_cast<std::uint32_t>(random.Next());
    p.flags = static_cast<std::uint8_t>(random.Next());
    p.window = static_cast<std::uint16_t>(random.Below(3));
    p.payload = random.OneIn(9) ? static_cast<std::uint32_t>(random.Next()) : random.Below(3);
    p.wire_bytes = p.payload;
    if (random.OneIn(100'000)) now = kFloodStart + seconds(random.Below(10'000'000));
    p.at = now += microseconds(random.Below(200));
    while (watch.Due(p.at)) {
      const WireInterval i = watch.EndInterval(p.at);
      told += i.counts;
      ASSERT_LE(i.half_open, i.flows);
      ASSERT_LE(i.flows, watch.flows().capacity());
      ASSERT_LE(watch.sources().HalfOpen(), i.half_open);
      ASSERT_LE(i.counts.completed + i.counts.abandoned, i.counts.packets + 512);
      ASSERT_LE(i.top.size(), 20U);
      for (const WireSource& s : i.top) ASSERT_LE(s.counts.packets, i.counts.packets);
      ASSERT_TRUE(i.entropy >= 0 && i.entropy <= 1);
    }
    watch.OnPacket(p);
    const auto watched = [](std::uint16_t port) { return port == 3306 || port == 13306; };
    if (watched(p.source_port) || watched(p.target_port)) {
      ++seen.packets;
      seen.rst += p.Has(kTcpRst) ? 1 : 0;
      seen.syn += p.IsSyn() && watched(p.target_port) ? 1 : 0;
    }
  }
  told += watch.EndInterval(now).counts;
  EXPECT_EQ(told.packets, seen.packets);
  EXPECT_EQ(told.rst, seen.rst);
  EXPECT_EQ(told.syn, seen.syn);
  EXPECT_LE(told.completed, told.syn + told.syn_ack);
  EXPECT_LE(told.retransmissions, told.packets);
}

}  // namespace
}  // namespace headgate
