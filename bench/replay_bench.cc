// How fast a capture of MySQL traffic is replayed: libpcap alone, with every frame decoded, with
// its connections put in order and followed, and with an engine of the default limits that judges
// them. Each stage holds those before it. On one core.
//
//   replay_bench [CAPTURE [PORT...]]      3306 where no port is given
//
// Without a capture it writes one of its own: 50 clients that ask by turns for ten rows of 100
// bytes. Beside tshark, and of a real sysbench: bench/replay_speed.py.
#include <pcap/pcap.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "net/capture.h"
#include "net/capture_sessions.h"
#include "policies/reenactment.h"
#include "tests/net/capture_frames.h"
#include "tests/net/capture_reading.h"
#include "tests/net/mysql/packets.h"

namespace headgate::net {
namespace {

constexpr int kRounds = 3;
using End = Capture::Turn::End;

struct Run {
  std::string path;
  std::vector<std::uint16_t> ports;
  std::uint64_t frames = 0;
};

std::unique_ptr<Capture> Open(const std::string& path) {
  auto capture = Capture::OpenFile(path);
  if (capture.ok()) return *std::move(capture);
  std::fprintf(stderr, "replay_bench: %s\n", std::string(capture.status().message()).c_str());
  std::exit(1);
}

void ReadAlone(Run& run) {
  const auto capture = Open(run.path);
  run.frames = 0;
  const auto each = [&](const Frame&) { ++run.frames; };
  while (capture->Dispatch(4096, each).end == End::kMore) {
  }
}

void ReadDecoded(Run& run) {
  const auto capture = Open(run.path);
  Segment segment;
  std::uint64_t bytes = 0;
  const auto each = [&](const Frame& f) {
    const auto v = DecodeFrame(capture->link(), f.bytes, f.wire_length, segment);
    bytes += v == CaptureVerdict::kPacket ? segment.data.size() : 0;
  };
  while (capture->Dispatch(4096, each).end == End::kMore) {
  }
  if (bytes == 0) std::fprintf(stderr, "replay_bench: no TCP in it\n");
}

struct Nobody : EngineEventSink {
  void OnEvent(const EngineEvent&) override { ++events; }
  std::uint64_t events = 0;
};

struct Judge : EngineEventSink, OutcomeSink {
  explicit Judge(std::shared_ptr<const Limits> limits)
      : world(std::move(limits), EngineSecrets{1, 2}, *this, {}) {}
  void OnEvent(const EngineEvent& e) override {
    ++events;
    world.Apply(e);
  }
  void OnOutcome(const Outcome&) override { ++outcomes; }
  std::uint64_t events = 0, outcomes = 0;
  Reenactment world;
};

CaptureSessionCounts ReadInto(const Run& run, EngineEventSink& sink) {
  CaptureSessions::Options options;
  options.tcp.ports = run.ports;
  CaptureSessions sessions(options, KeyedHash(5, 6), sink);
  const absl::Status read = testing::ReadCapture(*Open(run.path), sessions);
  if (!read.ok()) std::fprintf(stderr, "replay_bench: %s\n", std::string(read.message()).c_str());
  return sessions.counts();
}

template <typename What>
void Measure(const char* name, Run& run, const What& what) {
  double best = 1e9;
  for (int i = 0; i < kRounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    what();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
  }
  struct stat file = {};
  stat(run.path.c_str(), &file);
  std::printf("%-32s %8.1f MB/s %8.1f ns a frame\n", name,
              static_cast<double>(file.st_size) / best / 1e6,
              best / static_cast<double>(std::max<std::uint64_t>(run.frames, 1)) * 1e9);
}

int Measured(Run run) {
  ReadAlone(run);
  Measure("libpcap", run, [&] { ReadAlone(run); });
  Measure("decoded", run, [&] { ReadDecoded(run); });
  Nobody nobody;
  CaptureSessionCounts counts;
  Measure("as events", run, [&] { counts = ReadInto(run, nobody); });
  std::uint64_t outcomes = 0;
  Measure("judged by the default limits", run, [&] {
    Judge judge(std::make_shared<const Limits>(Limits::Defaults()));
    ReadInto(run, judge);
    outcomes = judge.outcomes;
  });
  std::printf("%llu frames, %llu connections, %llu commands, %llu answers, %llu outcomes\n",
              static_cast<unsigned long long>(run.frames),
              static_cast<unsigned long long>(counts.connections),
              static_cast<unsigned long long>(counts.commands),
              static_cast<unsigned long long>(counts.answers),
              static_cast<unsigned long long>(outcomes));
  return 0;
}

// A client that the capture is made of.
struct Client {
  std::uint16_t port = 0;
  std::uint32_t client = 1, server = 1;

  std::string Frame(bool from_client, const std::string& bytes, std::uint8_t flags = kTcpAck) {
    testing::TcpPart t{.from = port, .to = 3306, .sequence = client, .acknowledgment = server};
    if (!from_client) t = {.from = 3306, .to = port, .sequence = server, .acknowledgment = client};
    t.flags = flags;
    t.payload = bytes;
    (from_client ? client : server) +=
        static_cast<std::uint32_t>(bytes.size()) + ((flags & kTcpSyn) != 0 ? 1 : 0);
    std::string ip = testing::V4({.payload = testing::Tcp(t)});
    if (!from_client) std::swap_ranges(ip.begin() + 12, ip.begin() + 16, ip.begin() + 16);
    return testing::Ethernet(testing::kV4Type, ip);
  }
};

std::string TenRows() {
  namespace my = mysql::testing;
  std::string all = my::Packet(1, "\x01") + my::Column(2, "c") + my::Eof(3);
  for (int i = 0; i < 10; ++i) all += my::Packet(4 + i, my::Lenenc(std::string(100, 'r')));
  return all + my::Eof(14);
}

void WriteCapture(const std::string& path) {
  namespace my = mysql::testing;
  constexpr int kClients = 50, kTurns = 2000;
  pcap_t* const p = pcap_open_dead(DLT_EN10MB, 65535);
  pcap_dumper_t* const dumper = pcap_dump_open(p, path.c_str());
  std::int64_t micros = 0;
  const auto put = [&](const std::string& frame) {
    pcap_pkthdr h{};
    micros += 20;
    h.ts.tv_sec = 1'700'000'000 + micros / 1'000'000;
    h.ts.tv_usec = micros % 1'000'000;
    h.len = h.caplen = static_cast<bpf_u_int32>(frame.size());
    pcap_dump(reinterpret_cast<u_char*>(dumper), &h, reinterpret_cast<const u_char*>(frame.data()));
  };
  std::vector<Client> clients(kClients);
  for (int i = 0; i < kClients; ++i) {
    Client& c = clients[static_cast<std::size_t>(i)];
    c.port = static_cast<std::uint16_t>(40000 + i);
    put(c.Frame(true, {}, kTcpSyn));
    put(c.Frame(false, {}, kTcpSyn | kTcpAck));
    put(c.Frame(true, {}));
    put(c.Frame(false, my::RawGreeting(my::MariaDb1011())));
    put(c.Frame(true, my::Packet(1, my::LoginPayload({}))));
    put(c.Frame(false, my::Ok(2)));
  }
  const std::string rows = TenRows();
  for (int turn = 0; turn < kTurns; ++turn) {
    for (Client& c : clients) {
      put(c.Frame(true, my::Query("SELECT c FROM sbtest1 WHERE id BETWEEN " + std::to_string(turn) +
                                  " AND " + std::to_string(turn + 10))));
      put(c.Frame(false, rows));
    }
  }
  pcap_dump_close(dumper);
  pcap_close(p);
}

int ReadOwn() {
  std::string path = "/tmp/headgate_replay_bench_XXXXXX";
  close(mkstemp(path.data()));
  WriteCapture(path);
  const int failed = Measured({.path = path, .ports = {3306}});
  unlink(path.c_str());
  return failed;
}

int Main(int argc, char** argv) {
  if (argc < 2) return ReadOwn();
  Run run{.path = argv[1], .ports = {}};
  for (int i = 2; i < argc; ++i) run.ports.push_back(static_cast<std::uint16_t>(atoi(argv[i])));
  if (run.ports.empty()) run.ports = {3306};
  return Measured(std::move(run));
}

}  // namespace
}  // namespace headgate::net

int main(int argc, char** argv) { return headgate::net::Main(argc, argv); }
