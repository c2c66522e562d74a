// How backends that are not known to be up are tried.
#include <chrono>
#include <string>
#include <utility>

#include "net/backends.h"
#include "net/clock.h"
#include "net/proxy_protocol.h"

namespace headgate::net {
namespace {

// A monitor that has said nothing by then is busy with something else, a name server perhaps.
constexpr Duration kMonitorPatience = std::chrono::seconds(5);
// Until a server whose greeting is not known, as it is full, is asked again.
constexpr Duration kGreetingPause = std::chrono::seconds(1);

}  // namespace

void Backends::Run() {
  for (const auto& b : all_) {
    const std::lock_guard lock(mutex_);
    Plan(*b);
  }
  ticker_.Start();
  Tick();
  loop_.Run();
}

void Backends::Stop() { loop_.Stop(); }

void Backends::SetDue(Backend& b) {
  Time due;
  {
    const std::lock_guard lock(mutex_);
    due = b.health_.next_probe();
  }
  b.due_.Cancel();
  if (due != kNever) b.due_.SetAt(due, [this, &b] { OnDue(b); });
}

void Backends::OnDue(Backend& b) {
  bool by_monitor = false;
  {
    const std::lock_guard lock(mutex_);
    const Time now = Now();
    if (b.health_.next_probe() > now) return;  // it was reached meanwhile
    b.health_.OnProbeStarted(now);
    b.probed_ = now;
    b.planned_ = kNever;
    // An old connection of the monitor's proves nothing about new ones.
    const bool first = b.health_.state() == BackendHealth::State::kUnknown;
    by_monitor = b.monitor_can_probe_ && (first || !b.monitor_.up());
    b.monitor_asked_ = by_monitor;
    b.Publish();
  }
  by_monitor ? AskMonitor(b) : StartProbe(b);
}

void Backends::AskMonitor(Backend& b) {
  b.monitor_.TryNow();
  b.patience_.SetIn(kMonitorPatience, [this, &b] { OnMonitorSilent(b); });
}

void Backends::OnMonitorSilent(Backend& b) {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(b.monitor_asked_, false)) return;
    b.monitor_can_probe_ = false;
  }
  StartProbe(b);
}

void Backends::StartProbe(Backend& b) {
  if (b.probe_ != nullptr) b.probe_->Cancel();
  b.probe_ = std::make_shared<BackendProbe>(
      loop_, b.addresses_, ProxyHeaderBytes(options_.proxy_to_backend, std::nullopt),
      BackendProbe::Callbacks{[this, &b] { OnProbeOverdue(b); },
                              [this, &b](const BackendProbe::Result& r) { OnProbeEnded(b, r); }});
  b.probe_->Start();
}

void Backends::OnProbeOverdue(Backend& b) {
  const std::lock_guard lock(mutex_);
  const Time now = Now();
  b.error_ = std::string(Name(BackendFailure::kNoGreeting));
  b.health_.OnProbeOverdue(now);
  After(b, now);
}

void Backends::OnProbeEnded(Backend& b, const BackendProbe::Result& result) {
  const std::lock_guard lock(mutex_);
  const Time now = Now();
  const bool taught = result.greeting && b.Teach(*result.greeting, Backend::Taught::kLive);
  if (taught) RefreshOffered();
  if (!result.could_try) {
    b.error_ = result.error;
    b.health_.OnProbeVoid();
    b.health_.WantProbe(now + kGreetingPause);
  } else if (result.failure != BackendFailure::kNone) {
    b.error_ = result.error;
    b.health_.OnProbeFailed(result.failure, now);
  } else {
    b.health_.OnReached(now);
    if (b.greeting() == nullptr) b.health_.WantProbe(now + kGreetingPause);
  }
  After(b, now);
}

}  // namespace headgate::net
