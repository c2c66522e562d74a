#include "policies/anomaly.h"

#include <algorithm>
#include <chrono>

namespace headgate {
namespace {

constexpr Duration kDay = std::chrono::hours(24);
constexpr Duration kLongest = std::chrono::seconds(10);
constexpr std::uint32_t kHourOfSeconds = 3600;

// A spike: so many deviations above, and so many times what is expected, for so many intervals.
constexpr double kSpikeBy = 8;
constexpr double kSpikeTimes = 3;
constexpr std::uint32_t kSpikeFor = 3;
// A drift: what each interval may be above for nothing, how much one can add, and how much alarms:
// three deviations above alarm after a minute.
constexpr double kSlack = 1;
constexpr double kMostAdded = 4;
constexpr double kDriftAt = 120;
constexpr double kDriftTimes = 1.5;
// Over: this near for so many intervals.
constexpr double kNearBy = 4;
constexpr double kNearTimes = 1.5;
constexpr std::uint32_t kNearFor = 10;

struct FeatureFacts {
  std::string_view name;
  double matters;  // a second; less alarms nobody
  bool presses;    // it is about connections
};
constexpr std::array<FeatureFacts, kWireFeatures> kFacts = {{
    {"syn", 100, true},
    {"completed", 50, true},
    {"abandoned", 50, true},
    {"sources", 50, true},
    {"rst", 100, false},
    {"retransmissions", 200, false},
    {"zero_windows", 50, false},
}};

const FeatureFacts& FactsOf(WireFeature f) { return kFacts[static_cast<std::size_t>(f)]; }

double ValueOf(WireFeature f, const WireInterval& i) {
  switch (f) {
    case WireFeature::kSyn:
      return static_cast<double>(i.counts.syn);
    case WireFeature::kCompleted:
      return static_cast<double>(i.counts.completed);
    case WireFeature::kAbandoned:
      return static_cast<double>(i.counts.abandoned);
    case WireFeature::kSources:
      return i.sources;
    case WireFeature::kRst:
      return static_cast<double>(i.counts.rst);
    case WireFeature::kRetransmissions:
      return static_cast<double>(i.counts.retransmissions);
    case WireFeature::kZeroWindows:
      return static_cast<double>(i.counts.zero_windows);
    case WireFeature::kSize:
      break;
  }
  return 0;
}

std::uint32_t SamplesOf(Duration memory) {
  if (memory <= Duration::zero()) return 0;
  return static_cast<std::uint32_t>(std::clamp(memory, kDay, 30 * kDay) / kDay) * kHourOfSeconds;
}

}  // namespace

std::string_view Name(WireFeature feature) { return FactsOf(feature).name; }

Anomaly::Anomaly(Duration memory) : memory_(SamplesOf(memory)) {}

// Whether the alarm is raised or over with this; `event` then says which.
bool Anomaly::Judge(Watch& w, WireFeature f, const Baseline::Expected& e, double value,
                    AnomalyEvent& event) {
  const double above = (value - e.mean) / e.deviation;
  const bool matters = value >= FactsOf(f).matters;
  const double added = std::min(above, kMostAdded) - kSlack;
  w.cusum = e.whole ? std::clamp(w.cusum + added, 0.0, 2 * kDriftAt) : 0;
  w.high = matters && above > kSpikeBy && value > kSpikeTimes * e.mean ? w.high + 1 : 0;
  const bool near = above < kNearBy || value < kNearTimes * e.mean || !matters;
  w.near = near ? w.near + 1 : 0;
  event = {AnomalyEvent::Kind::kOver, f, event.at, value, e.mean, e.deviation};
  if (w.stands) {
    if (w.near < kNearFor) return false;
    w.stands = false;
    w.cusum = 0;
    return true;
  }
  const bool spike = w.high >= kSpikeFor;
  const bool drift = w.cusum >= kDriftAt && matters && value > kDriftTimes * e.mean;
  if (!spike && !drift) return false;
  w.stands = true;
  w.near = 0;
  event.kind = spike ? AnomalyEvent::Kind::kSpike : AnomalyEvent::Kind::kDrift;
  return true;
}

std::vector<AnomalyEvent> Anomaly::OnInterval(const WireInterval& interval) {
  std::vector<AnomalyEvent> events;
  const Duration length = interval.to - interval.from;
  if (memory_ == 0 || length <= Duration::zero() || length > kLongest) return events;
  const double seconds = std::chrono::duration<double>(length).count();
  const std::size_t hour = HourOfDay(interval.to);
  for (std::size_t i = 0; i < kWireFeatures; ++i) {
    const auto feature = static_cast<WireFeature>(i);
    Watch& w = watches_[i];
    const double value = ValueOf(feature, interval) / seconds;
    const Baseline::Expected expected = w.baseline.Of(hour);
    AnomalyEvent event;
    event.at = interval.to;
    if (expected.known && Judge(w, feature, expected, value, event)) events.push_back(event);
    w.baseline.Learn(value, hour, memory_);
  }
  return events;
}

bool Anomaly::Presses() const {
  for (std::size_t i = 0; i < kWireFeatures; ++i) {
    if (watches_[i].stands && kFacts[i].presses) return true;
  }
  return false;
}

Baseline::Expected Anomaly::Expect(WireFeature f, Time at) const {
  return Of(f).baseline.Of(HourOfDay(at));
}

BaselineSet Anomaly::Export() const {
  BaselineSet out;
  for (std::size_t i = 0; i < kWireFeatures; ++i) out[i] = watches_[i].baseline.hours();
  return out;
}

void Anomaly::Restore(const BaselineSet& baselines) {
  for (std::size_t i = 0; i < kWireFeatures; ++i) watches_[i].baseline.Restore(baselines[i]);
}

}  // namespace headgate
