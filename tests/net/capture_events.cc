// Prints the events of captures, one a line: the connection's number, a tab, what it was. For the
// tests that capture real clients, and for looking at a capture by hand.
//
//   capture_events PORT CAPTURE...
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/net/capture_reading.h"
#include "tests/net/capture_sessions_testing.h"

namespace headgate::net {
namespace {

class Printer : public EngineEventSink {
 public:
  void OnEvent(const EngineEvent& e) override {
    std::string line = testing::WordOf(e);
    for (char& c : line) {
      if (std::iscntrl(static_cast<unsigned char>(c)) != 0) c = ' ';
    }
    std::printf("%llu\t%s\n", static_cast<unsigned long long>(e.id.serial), line.c_str());
  }
};

int Main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: capture_events PORT CAPTURE...\n");
    return 2;
  }
  CaptureSessions::Options options;
  options.tcp.ports = {static_cast<std::uint16_t>(std::atoi(argv[1]))};
  Printer printer;
  CaptureSessions sessions(options, KeyedHash(1, 2), printer);
  for (int i = 2; i < argc; ++i) {
    auto capture = Capture::OpenFile(argv[i]);
    absl::Status status = capture.status();
    if (status.ok()) status = testing::ReadCapture(**capture, sessions);
    if (!status.ok()) {
      std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
      return 1;
    }
  }
  const CaptureSessionCounts& c = sessions.counts();
  std::fprintf(stderr, "opaque: tls %d, compressed %d, missing %d, not understood %d; middle %d\n",
               static_cast<int>(c.opaque[1]), static_cast<int>(c.opaque[2]),
               static_cast<int>(c.opaque[3]), static_cast<int>(c.opaque[4]),
               static_cast<int>(c.in_the_middle));
  return 0;
}

}  // namespace
}  // namespace headgate::net

int main(int argc, char** argv) { return headgate::net::Main(argc, argv); }
