// Prints the events of the connections in a record, one a line: the connection, a tab, what it was.
// For the tests that compare what a gate was told with what the server logged.
//
//   trace_events RECORD
#include <cstdio>
#include <variant>

#include "guard/trace_file.h"
#include "net/address_text.h"
#include "tests/net/capture_sessions_testing.h"

namespace headgate::guard {
namespace {

void Print(const EngineEvent& e) {
  std::string line = net::testing::WordOf(e);
  if (const auto* const accepted = std::get_if<event::Accepted>(&e.what)) {
    line = "accepted:" + net::ToText(accepted->peer);
  }
  std::printf("%u-%llu\t%s\n", e.id.thread, static_cast<unsigned long long>(e.id.serial),
              line.c_str());
}

int Main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: trace_events RECORD\n");
    return 2;
  }
  auto source = TraceSource::Open({argv[1]});
  if (!source.ok()) {
    std::fprintf(stderr, "%s\n", std::string(source.status().message()).c_str());
    return 1;
  }
  while (const TraceDecoder::Line* const line = source->Next()) {
    if (line->event.id != ConnectionId{}) Print(line->event);
  }
  for (const std::string& note : source->notes()) std::fprintf(stderr, "%s\n", note.c_str());
  return 0;
}

}  // namespace
}  // namespace headgate::guard

int main(int argc, char** argv) { return headgate::guard::Main(argc, argv); }
