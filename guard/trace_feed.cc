#include "guard/trace_feed.h"

#include <chrono>
#include <utility>

#include "guard/trace_file.h"

namespace headgate::guard {
namespace {

constexpr int kEventsARead = 4096;

class TraceFeed : public EventFeed {
 public:
  explicit TraceFeed(TraceSource source) : source_(std::move(source)) {}

  absl::StatusOr<bool> Read(const Each& each) override {
    for (int i = 0; i < kEventsARead; ++i) {
      const TraceDecoder::Line* const line = source_.Next();
      if (line == nullptr) return false;
      each(line->event, line->told);
    }
    return true;
  }

  Duration to_unix() const override {
    const TraceHeader& h = source_.header();
    return std::chrono::milliseconds(h.unix_ms) - h.at.time_since_epoch();
  }
  bool of_a_gate() const override { return true; }
  bool has_text() const override { return false; }
  std::optional<EngineSecrets> secrets() const override { return source_.header().secrets; }
  std::optional<OfGate> gate() const override {
    const TraceHeader& h = source_.header();
    return OfGate{.policy = h.policy,
                  .max_clients = static_cast<std::size_t>(h.max_clients),
                  .identity_collapsed = h.identity_collapsed};
  }
  Progress progress() const override { return {source_.bytes_read(), source_.bytes()}; }
  std::vector<std::string> notes() const override { return source_.notes(); }

 private:
  TraceSource source_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EventFeed>> OpenTraces(const std::vector<std::string>& files) {
  auto source = TraceSource::Open(files);
  if (!source.ok()) return source.status();
  return std::make_unique<TraceFeed>(std::move(*source));
}

}  // namespace headgate::guard
