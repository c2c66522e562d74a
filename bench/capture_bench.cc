// How fast a savefile is read: libpcap alone, with every frame decoded, with all that the observer
// counts, and as a peer tcpdump, which copies it to nowhere. Writes a capture of a million packets
// first, half of them a SYN flood from random sources, half of them established connections;
// removes it when done.
#include <pcap/pcap.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "net/observer.h"
#include "policies/wire_watch.h"

namespace headgate::net {
namespace {

constexpr int kPackets = 1'000'000;
constexpr int kRounds = 5;  // the best counts: the machine is shared

struct Counter : PacketSink {
  void OnPackets(std::span<const Packet> packets) override {
    for (const Packet& p : packets) payload += p.payload;
    seen += packets.size();
  }
  void OnIdle(Time) override {}
  std::uint64_t seen = 0, payload = 0;
};

// Ethernet, IPv4, TCP: a SYN of 60 bytes, or an established packet of up to a full frame.
std::size_t MakeFrame(std::mt19937& random, std::array<std::uint8_t, 1514>& frame) {
  constexpr std::array<std::uint8_t, 54> kHeaders{
      2,    0,    0,    0,    0, 1,  2, 0, 0, 0,  0, 2, 8,    0,       0x45, 0,   0,
      40,   0,    1,    0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1,    10,      0,    0,   2,
      0x9c, 0x40, 0x0c, 0xea, 0, 0,  0, 1, 0, 0,  0, 0, 0x50, kTcpSyn, 0xfa, 0xf0};
  std::memcpy(frame.data(), kHeaders.data(), kHeaders.size());
  const std::uint32_t r = random();
  std::memcpy(&frame[26], &r, 4);
  if ((r & 1) != 0) return 60;
  frame[47] = kTcpAck | kTcpPush;
  const std::size_t payload = random() % 4 == 0 ? 1460 : random() % 200;
  frame[16] = static_cast<std::uint8_t>((payload + 40) >> 8);
  frame[17] = static_cast<std::uint8_t>(payload + 40);
  return 54 + payload;
}

void Write(const std::string& path) {
  pcap_t* const p =
      pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 262144, PCAP_TSTAMP_PRECISION_NANO);
  pcap_dumper_t* const dumper = pcap_dump_open(p, path.c_str());
  std::mt19937 random(1);
  std::array<std::uint8_t, 1514> frame{};
  pcap_pkthdr header{};
  header.ts.tv_sec = 1'700'000'000;
  for (int i = 0; i < kPackets; ++i) {
    header.ts.tv_usec = i * 900;
    header.caplen = header.len = static_cast<bpf_u_int32>(MakeFrame(random, frame));
    pcap_dump(reinterpret_cast<u_char*>(dumper), &header, frame.data());
  }
  pcap_dump_close(dumper);
  pcap_close(p);
}

void Nothing(u_char* /*user*/, const pcap_pkthdr* /*header*/, const u_char* /*bytes*/) {}

// As any program opens a file that does not look further.
bool Plain(const std::string& path) {
  std::array<char, PCAP_ERRBUF_SIZE> why{};
  pcap_t* const p = pcap_open_offline(path.c_str(), why.data());
  const bool fine = p != nullptr && pcap_loop(p, -1, Nothing, nullptr) == 0;
  if (p != nullptr) pcap_close(p);
  return fine;
}

bool Raw(const std::string& path) {
  auto capture = Capture::OpenFile(path);
  if (!capture.ok()) return false;
  std::size_t bytes = 0;
  const auto each = [&](const Frame& f) { bytes += f.bytes.size(); };
  while ((*capture)->Dispatch(256, each).end == Capture::Turn::End::kMore) {
  }
  return bytes > 0;
}

bool Decoded(const std::string& path) {
  auto capture = Capture::OpenFile(path);
  if (!capture.ok()) return false;
  Counter counter;
  FrameCounts counts{};
  return ReadFile(**capture, counter, counts).ok() && counter.seen == kPackets;
}

struct Watcher : PacketSink {
  void OnPackets(std::span<const Packet> packets) override {
    watch.Feed(packets, [this](const WireInterval& i) { seen += i.counts.packets; });
  }
  void OnIdle(Time) override {}
  WireWatch watch{{.ports = {3306}, .server_ports = {}, .own = {}}, KeyedHash(1, 2)};
  std::uint64_t seen = 0;
};

// All that the observer does with a packet.
bool Watched(const std::string& path) {
  auto capture = Capture::OpenFile(path);
  if (!capture.ok()) return false;
  static Watcher watcher;  // its tables are made once, as in a gate
  watcher.seen = 0;
  FrameCounts counts{};
  if (!ReadFile(**capture, watcher, counts).ok()) return false;
  watcher.seen +=
      watcher.watch.EndInterval(Time{std::chrono::seconds(1'700'000'001)}).counts.packets;
  return watcher.seen == kPackets;
}

// Its start included: some milliseconds.
bool Tcpdump(const std::string& path) {
  const std::string command = "tcpdump -Z root -r " + path + " -w /dev/null 2>/dev/null";
  return std::system(command.c_str()) == 0;
}

// No file at all: a few frames in the cache, decoded again and again.
bool DecodedInMemory(const std::string& /*path*/) {
  std::mt19937 random(1);
  std::array<std::array<std::uint8_t, 1514>, 16> frames{};
  std::array<std::uint32_t, 16> sizes{};
  for (std::size_t i = 0; i < frames.size(); ++i) {
    sizes[i] = static_cast<std::uint32_t>(MakeFrame(random, frames[i]));
  }
  std::uint64_t sum = 0;
  Packet p;
  for (int i = 0; i < kPackets; ++i) {
    const std::size_t k = i % frames.size();
    if (DecodeFrame(LinkType::kEthernet, std::span(frames[k]).first(sizes[k]), sizes[k], p) !=
        CaptureVerdict::kPacket) {
      return false;
    }
    sum += p.source_port + p.payload;
  }
  return sum > 0;
}

int Measure(const char* what, const std::string& path, bool (*run)(const std::string&)) {
  double best = 1e9;
  for (int i = 0; i < kRounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    if (!run(path)) {
      std::fprintf(stderr, "capture_bench: %s failed\n", what);
      return 1;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
  }
  std::printf("%-38s %7.1f ns a packet, %5.2f million a second\n", what, best / kPackets * 1e9,
              kPackets / best / 1e6);
  return 0;
}

int Main() {
  std::string path = "/tmp/headgate_capture_bench_XXXXXX";
  close(mkstemp(path.data()));
  Write(path);
  int failed = Measure("decode alone, in the cache", path, DecodedInMemory);
  failed += Measure("libpcap, opened plainly", path, Plain);
  failed += Measure("libpcap, our buffer and no locks", path, Raw);
  failed += Measure("the same, decoded, to a sink", path, Decoded);
  failed += Measure("the same, counted as the observer does", path, Watched);
  if (std::system("command -v tcpdump >/dev/null") == 0) {
    failed += Measure("tcpdump -r FILE -w /dev/null", path, Tcpdump);
  }
  unlink(path.c_str());
  return failed;
}

}  // namespace
}  // namespace headgate::net

int main() { return headgate::net::Main(); }
