#include "guard/wire_watcher.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "guard/wire_text.h"

namespace headgate::guard {

WireWatcher::WireWatcher(const WireOptions& options, KeyedHash hash, Duration baseline, Hooks hooks)
    : ports_(options.ports), hooks_(std::move(hooks)), watch_(options, hash), anomaly_(baseline) {}

void WireWatcher::OnPackets(std::span<const Packet> packets) {
  watch_.Feed(packets, [this](const WireInterval& interval) { OnInterval(interval); });
  latest_ = std::max(latest_, packets.back().at);
}

void WireWatcher::OnIdle(Time capture_now) {
  watch_.Start(capture_now);
  while (watch_.Due(capture_now)) OnInterval(watch_.EndInterval(capture_now));
}

void WireWatcher::Finish() {
  if (latest_ != Time{}) OnInterval(watch_.EndInterval(latest_));
}

void WireWatcher::OnInterval(const WireInterval& interval) {
  std::vector<AnomalyEvent> events;
  bool presses = false;
  {
    const std::lock_guard lock(mutex_);
    events = anomaly_.OnInterval(interval);
    presses = anomaly_.Presses();
    Note(interval, events);
  }
  if (hooks_.pressure) hooks_.pressure(SynRate(interval), presses);
  if (hooks_.interval) hooks_.interval(interval, events);
  AskKernel(interval.to);
  Tell(interval, events);
}

void WireWatcher::Note(const WireInterval& interval, const std::vector<AnomalyEvent>& events) {
  ++status_.intervals;
  status_.last = interval;
  status_.total += interval.counts;
  status_.untracked += interval.untracked;
  status_.bypass += interval.bypass_more;
  for (const WireBypass& b : interval.bypass) status_.bypass += b.connections;
  status_.alarms += static_cast<std::uint64_t>(
      std::count_if(events.begin(), events.end(),
                    [](const AnomalyEvent& e) { return e.kind != AnomalyEvent::Kind::kOver; }));
  status_.standing.clear();
  for (std::size_t i = 0; i < kWireFeatures; ++i) {
    const auto feature = static_cast<WireFeature>(i);
    if (anomaly_.Stands(feature)) status_.standing.push_back(Name(feature));
  }
}

double WireWatcher::SynRate(const WireInterval& interval) const {
  std::uint64_t syn = 0;
  for (const WirePort& port : interval.ports) {
    if (std::find(ports_.begin(), ports_.end(), port.port) != ports_.end()) syn += port.syn;
  }
  const double seconds = std::chrono::duration<double>(interval.to - interval.from).count();
  return seconds > 0 ? static_cast<double>(syn) / seconds : 0;
}

void WireWatcher::AskKernel(Time at) {
  if (!hooks_.kernel) return;
  const net::KernelCounters counters = hooks_.kernel();
  const std::vector<std::string> lines = warnings_.OnCounters(counters, at);
  if (hooks_.say) {
    for (const std::string& line : lines) hooks_.say(line, /*warning=*/true);
  }
  const std::lock_guard lock(mutex_);
  status_.kernel = counters;
}

void WireWatcher::Tell(const WireInterval& interval, const std::vector<AnomalyEvent>& events) {
  if (!hooks_.say) return;
  for (const AnomalyEvent& event : events) {
    hooks_.say(AnomalyLine(event, interval), event.kind != AnomalyEvent::Kind::kOver);
  }
  TellOfBypass(interval);
}

void WireWatcher::TellOfBypass(const WireInterval& interval) {
  if (interval.to < next_bypass_) return;
  const std::string line = BypassLine(interval);
  if (line.empty()) return;
  hooks_.say(line, /*warning=*/true);
  next_bypass_ = interval.to + kBypassEvery;
}

WireStatus WireWatcher::Status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

BaselineSet WireWatcher::Baselines() const {
  const std::lock_guard lock(mutex_);
  return anomaly_.Export();
}

void WireWatcher::Restore(const BaselineSet& baselines) {
  const std::lock_guard lock(mutex_);
  anomaly_.Restore(baselines);
}

}  // namespace headgate::guard
