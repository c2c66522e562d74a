// The entry for traces: a byte for how it is replayed, then a block of events, put to an engine.
#include <memory>
#include <string_view>

#include "guard/trace_code.h"
#include "policies/reenactment.h"
#include "tests/fuzz/entries.h"

namespace headgate::mysql::fuzz {
namespace {

constexpr int kMostOfATrace = 20'000;

class Ignored : public OutcomeSink {
 public:
  void OnOutcome(const Outcome& o) override { Check(o.reason < Reason::kCount); }
};

// Small tables: an engine is made for each input.
std::shared_ptr<const Limits> SmallLimits() {
  Limits limits = Limits::Defaults();
  limits.slots = {.max_connections = 12, .max_connections_auto = true, .keep_free = 2};
  limits.source.table_size = 1024;
  limits.digests = 64;
  limits.known_good.table_size = 1024;
  limits.pending.max = 8;
  limits.waiting.max = 8;
  limits.classes.back().query.rate = {5, 5};
  limits.classes.back().query.running = 2;
  limits.CopyToLevels();
  return std::make_shared<const Limits>(limits);
}

}  // namespace

void FuzzTrace(Bytes in) {
  static const std::shared_ptr<const Limits> limits = SmallLimits();
  if (in.empty()) return;
  Reenactment::Options options;
  options.verbatim = (in[0] & 1) != 0;
  options.own_ticks = options.own_sweeps = (in[0] & 2) != 0;
  options.connections = 64;
  Ignored sink;
  Reenactment again(limits, {1, 2}, sink, options);
  guard::TraceDecoder decoder(
      std::string_view(reinterpret_cast<const char*>(in.data()), in.size()).substr(1));
  for (int i = 0; i < kMostOfATrace; ++i) {
    const guard::TraceDecoder::Line* const line = decoder.Next();
    if (line == nullptr) break;
    again.Apply(line->event, line->told);
  }
  const EngineStatus status = again.engine().Status(again.at());
  Check(status.connections <= options.connections);
}

}  // namespace headgate::mysql::fuzz
