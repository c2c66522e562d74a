#include "guard/wire_watcher.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "guard/wire_text.h"

namespace headgate::guard {

WireWatcher::WireWatcher(const WireOptions& options, KeyedHash hash, Duration baseline, Hooks hooks)
    : hooks_(std::move(hooks)), watch_(options, hash), anomaly_(baseline) {}

void WireWatcher::OnPackets(std::span<const Packet> packets) {
  if (hooks_.redirected) watch_.SetRedirected(hooks_.redirected());
  watch_.Feed(packets, [this](const WireInterval& interval) { OnInterval(interval); });
  latest_ = std::max(latest_.value_or(Time::min()), packets.back().at);
}

void WireWatcher::OnIdle(Time capture_now) {
  watch_.Start(capture_now);
  while (watch_.Due(capture_now)) OnInterval(watch_.EndInterval(capture_now));
}

void WireWatcher::Finish() {
  if (latest_) OnInterval(watch_.EndInterval(*latest_));
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
  status_.bypass += interval.BypassTotal();
  status_.alarms += static_cast<std::uint64_t>(
      std::count_if(events.begin(), events.end(),
                    [](const AnomalyEvent& e) { return e.kind != AnomalyEvent::Kind::kOver; }));
  status_.standing.clear();
  for (std::size_t i = 0; i < kWireFeatures; ++i) {
    const auto feature = static_cast<WireFeature>(i);
    if (anomaly_.Stands(feature)) status_.standing.push_back(Name(feature));
  }
}

double WireWatcher::SynRate(const WireInterval& interval) {
  const double seconds = std::chrono::duration<double>(interval.to - interval.from).count();
  return static_cast<double>(interval.counts.syn - interval.own_syn) / std::max(1.0, seconds);
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
  for (const AnomalyEvent& event : events) TellOf(event, interval);
  TellOfBypass(interval);
}

// At an attacker's choice an alarm may come and go every few seconds: once a minute is told.
void WireWatcher::TellOf(const AnomalyEvent& event, const WireInterval& interval) {
  const bool over = event.kind == AnomalyEvent::Kind::kOver;
  Told& told = told_[static_cast<std::size_t>(event.feature)];
  if (!over) told.said = told.may.May(interval.to);
  if (told.said) hooks_.say(AnomalyLine(event, interval), /*warning=*/!over);
}

void WireWatcher::TellOfBypass(const WireInterval& interval) {
  const std::string line = BypassLine(interval);
  if (!line.empty() && may_tell_of_bypass_.May(interval.to)) hooks_.say(line, /*warning=*/true);
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
