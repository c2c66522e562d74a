// What a packet costs the observer: connections at work, a SYN flood from made-up sources, and both
// at once. The packets are few enough to stay in the cache, as from a decoder; each time round they
// are renewed (numbers go on, sources are made up again), which costs some nanoseconds of those
// measured.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "policies/wire_watch.h"
#include "tests/support/random.h"

namespace headgate {
namespace {

constexpr std::size_t kPackets = 1 << 13;
constexpr std::uint32_t kConnections = 1000;
constexpr Duration kBetween{200};  // five million a second
const Address kServer = Address::V4(0x0a000001);

struct Connection {
  Address client;
  std::uint16_t port;
  std::uint32_t client_next, server_next;
};

Packet PacketOf(const Connection& c, bool from_client, std::uint8_t flags) {
  Packet p;
  p.source = from_client ? c.client : kServer;
  p.target = from_client ? kServer : c.client;
  p.source_port = from_client ? c.port : 3306;
  p.target_port = from_client ? 3306 : c.port;
  p.sequence = from_client ? c.client_next : c.server_next;
  p.acknowledgment = from_client ? c.server_next : c.client_next;
  p.window = 1000;
  p.flags = flags;
  p.wire_bytes = 66;
  return p;
}

class Traffic {
 public:
  Traffic() {
    for (std::uint32_t i = 0; i < 1000; ++i) {
      connections_.push_back({Address::V4(0x0b000000 + i / 4),
                              static_cast<std::uint16_t>(40000 + i), i * 1000003, i * 777777});
    }
  }

  std::vector<Packet> Handshakes() {
    std::vector<Packet> packets;
    for (Connection& c : connections_) {
      packets.push_back(PacketOf(c, true, kTcpSyn));
      ++c.client_next;
      packets.push_back(PacketOf(c, false, kTcpSyn | kTcpAck));
      ++c.server_next;
      packets.push_back(PacketOf(c, true, kTcpAck));
    }
    return packets;
  }

  // A packet of some connection.
  Packet Talk() {
    const std::uint32_t of = random_.Below(kConnections);
    Packet p = PacketOf(connections_[of], random_.OneIn(2), kTcpAck | kTcpPush);
    p.payload = random_.OneIn(3) ? 0 : 1 + random_.Below(1000);
    p.wire_bytes += p.payload;
    Renew(p);
    return p;
  }

  // The next number of its connection, or another made-up source.
  void Renew(Packet& p) {
    if (p.IsSyn()) {
      const auto r = random_.Next();
      p.source = Address::V4(static_cast<std::uint32_t>(r));
      p.source_port = static_cast<std::uint16_t>(r >> 32);
      p.sequence = static_cast<std::uint32_t>(r >> 40);
      return;
    }
    const bool from_client = p.target_port == 3306;
    Connection& c = connections_[(from_client ? p.source_port : p.target_port) - 40000];
    std::uint32_t& next = from_client ? c.client_next : c.server_next;
    p.sequence = next;
    next += p.payload;
  }

  Packet Flood() {
    Packet p = PacketOf(connections_[0], true, kTcpSyn);
    Renew(p);
    return p;
  }

 private:
  testing::Random random_{1};
  std::vector<Connection> connections_;
};

// `flood` of a hundred packets are of the flood.
void BM_Wire(benchmark::State& state) {
  const auto flood = static_cast<std::uint32_t>(state.range(0));
  const bool batched = state.range(1) != 0;
  Traffic traffic;
  testing::Random random(2);
  std::vector<Packet> packets = traffic.Handshakes();
  WireWatch watch({.ports = {3306}, .server_ports = {}, .own = {kServer}}, KeyedHash(1, 2));
  Time now{std::chrono::hours(1)};
  const auto none = [](const WireInterval& i) { benchmark::DoNotOptimize(&i); };
  for (Packet& p : packets) p.at = now;
  watch.Feed(packets, none);
  packets.clear();
  for (std::size_t i = 0; i < kPackets; ++i) {
    packets.push_back(random.Below(100) < flood ? traffic.Flood() : traffic.Talk());
  }
  constexpr std::size_t kBatch = 256;
  std::size_t at = 0;
  std::uint64_t intervals = 0;
  for (auto _ : state) {
    const std::span<Packet> batch(packets.data() + at, kBatch);
    for (Packet& p : batch) {
      p.at = now += kBetween;
      traffic.Renew(p);
    }
    const auto count = [&](const WireInterval&) { ++intervals; };
    if (batched) {
      watch.Feed(batch, count);
    } else {
      for (const Packet& p : batch) {
        while (watch.Due(p.at)) count(watch.EndInterval(p.at));
        watch.OnPacket(p);
      }
    }
    at = (at + kBatch) % kPackets;
  }
  const auto done = static_cast<double>(state.iterations() * kBatch);
  state.SetItemsProcessed(static_cast<std::int64_t>(done));
  state.counters["each"] =
      benchmark::Counter(done, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["intervals"] = static_cast<double>(intervals);
  state.counters["bytes"] = static_cast<double>(watch.MemoryBytes());
}
BENCHMARK(BM_Wire)->ArgNames({"flood_percent", "batched"})->ArgsProduct({{0, 20, 80, 100}, {0, 1}});

// What an interval's end costs: mostly the sweep of the connections.
void BM_WireEndInterval(benchmark::State& state) {
  Traffic traffic;
  WireWatch watch({.ports = {3306}, .server_ports = {}, .own = {kServer}}, KeyedHash(1, 2));
  Time now{std::chrono::hours(1)};
  for (std::size_t i = 0; i < 1'000'000; ++i) {
    Packet p = traffic.Flood();
    p.at = now;
    watch.OnPacket(p);
  }
  for (auto _ : state) {
    now += std::chrono::microseconds(1);
    benchmark::DoNotOptimize(watch.EndInterval(now));
  }
}
BENCHMARK(BM_WireEndInterval);

}  // namespace
}  // namespace headgate
