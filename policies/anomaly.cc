#include "policies/anomaly.h"

#include <algorithm>
#include <chrono>
#include <functional>

namespace headgate {
namespace {

constexpr Duration kDay = std::chrono::hours(24);
constexpr Duration kLongestInterval = std::chrono::seconds(10);
constexpr std::uint32_t kHourOfSeconds = 3600;

// A spike: so many deviations above, so many times what is expected and the hour's peak, in so many
// of the last intervals.
constexpr double kSpikeBy = 8;
constexpr double kSpikeTimes = 3;
constexpr double kPeakTimes = 1.5;
constexpr std::size_t kSpikeFor = 3;
// A drift: what each interval may be above for nothing, how much one can add, and how much alarms:
// three deviations above alarm after a minute.
constexpr double kSlack = 1;
constexpr double kMostAdded = 4;
constexpr double kDriftAt = 120;
// Over: this near for so many intervals.
constexpr double kNearBy = 4;
constexpr double kNearTimes = 1.5;
constexpr double kNearPeak = 1.25;
constexpr std::uint32_t kNearFor = 10;

struct FeatureFacts {
  std::string_view name;
  double matters;  // a second; less alarms nobody
  bool presses;    // it is about connections, and not to be had by spoofing
};
constexpr std::array<FeatureFacts, kWireFeatures> kFacts = {{
    {"syn", 100, false},
    {"completed", 50, true},
    {"abandoned", 50, false},
    {"sources", 50, false},
    {"rst", 100, false},
    {"retransmissions", 200, false},
    {"zero_windows", 50, false},
}};

const FeatureFacts& FactsOf(WireFeature f) { return kFacts[static_cast<std::size_t>(f)]; }

double ValueOf(WireFeature f, const WireInterval& i) {
  switch (f) {
    case WireFeature::kSyn:
      return static_cast<double>(i.counts.syn - i.own_syn);
    case WireFeature::kCompleted:
      return static_cast<double>(i.counts.completed - i.own_completed);
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

// The level that three of the last ten intervals have reached.
double Anomaly::Held(Watch& w, double value) {
  w.last[w.next++ % w.last.size()] = static_cast<float>(value);
  auto sorted = w.last;
  std::nth_element(sorted.begin(), sorted.begin() + (kSpikeFor - 1), sorted.end(),
                   std::greater<>());
  return sorted[kSpikeFor - 1];
}

// Whether the alarm is raised or over with this; `event` then says which.
bool Anomaly::Judge(Watch& w, const Baseline::Expected& e, double level, AnomalyEvent& event) {
  const double value = event.value;
  const double least = FactsOf(event.feature).matters;
  const double above = (value - e.mean) / e.deviation;
  const double added = std::min(above, kMostAdded) - kSlack;
  w.cusum = e.whole ? std::clamp(w.cusum + added, 0.0, 2 * kDriftAt) : 0;
  const double usual = std::max(kNearTimes * e.mean, kNearPeak * e.peak);
  w.near = above < kNearBy || value < usual || value < least ? w.near + 1 : 0;
  if (w.stands) {
    if (w.near < kNearFor) return false;
    w.stands = false;
    w.cusum = 0;
    return true;
  }
  const bool spike = level >= least && level > e.mean + kSpikeBy * e.deviation &&
                     level > kSpikeTimes * e.mean && level > kPeakTimes * e.peak;
  const bool drift = w.cusum >= kDriftAt && value >= least && value > usual;
  if (!spike && !drift) return false;
  w.stands = true;
  w.since = event.at;
  w.near = 0;
  event.kind = spike ? AnomalyEvent::Kind::kSpike : AnomalyEvent::Kind::kDrift;
  return true;
}

std::vector<AnomalyEvent> Anomaly::OnInterval(const WireInterval& interval) {
  std::vector<AnomalyEvent> events;
  const Duration length = interval.to - interval.from;
  if (memory_ == 0 || length <= Duration::zero() || length > kLongestInterval) return events;
  // A part of a second, after a clock was set, is no whole one's rate.
  const double seconds = std::max(1.0, Seconds(length));
  const bool judges = seen_ >= Baseline::kEnough;
  if (!judges) ++seen_;
  latest_ = interval.to;
  const std::size_t hour = HourOfDay(interval.to);
  for (std::size_t i = 0; i < kWireFeatures; ++i) {
    const auto feature = static_cast<WireFeature>(i);
    Watch& w = watches_[i];
    const double value = ValueOf(feature, interval) / seconds;
    const double level = Held(w, value);
    const Baseline::Expected e = w.baseline.Of(hour);
    AnomalyEvent event{AnomalyEvent::Kind::kOver, feature, interval.to, value, e.mean, e.deviation};
    if (judges && e.known && Judge(w, e, level, event)) events.push_back(event);
    w.baseline.Learn(value, level, hour, memory_);
  }
  return events;
}

bool Anomaly::Presses() const {
  for (std::size_t i = 0; i < kWireFeatures; ++i) {
    const Watch& w = watches_[i];
    if (w.stands && kFacts[i].presses && latest_ - w.since < kPressesFor) return true;
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
