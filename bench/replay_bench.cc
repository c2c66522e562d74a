// How fast a capture of MySQL traffic is replayed: libpcap alone, with every frame decoded, with
// its connections put in order and followed, and with an engine of the default limits that judges
// them. Each stage holds those before it. On one core.
//
//   replay_bench CAPTURE [PORT...]      3306 where no port is given
//
// Beside tshark: bench/replay_speed.py.
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "net/capture_reader.h"
#include "policies/reenactment.h"

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
  FrameCounts frames{};
  const absl::Status read = ReadCapture(*Open(run.path), sessions, frames);
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

int Main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: replay_bench CAPTURE [PORT...]\n");
    return 2;
  }
  Run run{.path = argv[1], .ports = {}};
  for (int i = 2; i < argc; ++i) run.ports.push_back(static_cast<std::uint16_t>(atoi(argv[i])));
  if (run.ports.empty()) run.ports = {3306};
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

}  // namespace
}  // namespace headgate::net

int main(int argc, char** argv) { return headgate::net::Main(argc, argv); }
