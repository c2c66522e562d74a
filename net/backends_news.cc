// What time alone brings about the backends, and what the log hears of them.
#include <chrono>
#include <string>
#include <utility>

#include "net/backends.h"
#include "net/clock.h"
#include "policies/utf8.h"

namespace headgate::net {
namespace {

constexpr Duration kNewsTick = std::chrono::milliseconds(250);
// Who else is connected is taken for true so long after it was read.
constexpr Duration kFactsAge = std::chrono::seconds(10);
constexpr Duration kNewsPause = std::chrono::seconds(1);

}  // namespace

void Backends::Tick() {
  {
    const std::lock_guard lock(mutex_);
    const Time now = Now();
    heartbeat_.Beat(now);
    Reconsider(now);
    Backend& b = current();
    if (now - b.looked_ > kFactsAge) ForgetForeign(b, now);
    SayNews(now);
  }
  tick_.SetIn(kNewsTick, [this] { Tick(); });
}

void Backends::SayNews(Time now) {
  if (!options_.on_event) return;
  for (const auto& b : all_) {
    if (now - b->said_at_ >= kNewsPause) SayNewsOf(*b, now);
  }
  const Backend* to = &current();
  if (to == said_current_ || now - said_switch_ < kNewsPause) return;
  said_switch_ = now;
  const Backend* from = std::exchange(said_current_, to);
  Say("backend " + to->name() + " takes over from " + from->name() +
          (by_operator_ ? ": the operator's word" : ": failover"),
      !by_operator_);
}

// One line at most: what else there is to say comes a second later.
void Backends::SayNewsOf(Backend& b, Time now) {
  const std::string name = "backend " + b.name();
  const bool open = !b.health_.may_connect();
  if (b.downs_ != b.said_downs_) {
    b.said_downs_ = b.downs_;
    b.said_down_ = open;
    Say(name + (open ? " is down: " : " was down for a moment: ") + b.down_error_, true);
  } else if (b.said_down_ && !open) {
    b.said_down_ = false;
    Say(name + " is up again", false);
  } else if (b.said_monitor_lost_ != b.monitor_lost_) {
    b.said_monitor_lost_ = b.monitor_lost_;
    Say(name + (b.monitor_lost_ ? ": the monitor was lost: " + b.monitor_.status().error
                                : ": the monitor is back"),
        b.monitor_lost_);
  } else {
    return;
  }
  b.said_at_ = now;
}

void Backends::OnTlsFailure(const Backend& b, const std::string& why) {
  if (!options_.on_event) return;
  Say("backend " + b.name() + ": no TLS, so clients with TLS are turned away: " + why, true);
}

void Backends::Say(const std::string& line, bool warning) const {
  options_.on_event(Utf8WithoutControls(line), warning);  // a server's own words may be in it
}

}  // namespace headgate::net
