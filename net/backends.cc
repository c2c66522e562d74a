#include "net/backends.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "net/clock.h"
#include "net/mysql/capabilities.h"

namespace headgate::net {
namespace {

// One that was up when last heard of is not asked more often than this.
constexpr Duration kProbePause = std::chrono::seconds(1);

std::size_t FirstOf(const GateOptions& options) {
  const auto& names = options.backends;
  const auto found = std::find(names.begin(), names.end(), options.current_backend);
  return found == names.end() ? 0 : static_cast<std::size_t>(found - names.begin());
}

std::string StateText(BackendHealth::State state) {
  switch (state) {
    case BackendHealth::State::kUp:
      return "up";
    case BackendHealth::State::kDown:
      return "down";
    case BackendHealth::State::kUnknown:
    case BackendHealth::State::kProbing:
      break;
  }
  return "probing";
}

// What the monitor's trouble says of the backend; at another port a connect says nothing of it.
BackendFailure FailureOf(MonitorTrouble trouble, bool through_backend) {
  switch (trouble) {
    case MonitorTrouble::kNoConnection:
      return through_backend ? BackendFailure::kRefused : BackendFailure::kNone;
    case MonitorTrouble::kLoginTimedOut:
      break;  // it may have greeted, and then hung over the account
    case MonitorTrouble::kLookTimedOut:
      return through_backend ? BackendFailure::kNoAnswer : BackendFailure::kNone;
    case MonitorTrouble::kPingTimedOut:
      return through_backend ? BackendFailure::kNoPing : BackendFailure::kNone;
    case MonitorTrouble::kNotConfigured:
    case MonitorTrouble::kRejected:
    case MonitorTrouble::kLost:
      break;
  }
  return BackendFailure::kNone;
}

bool IsTimeOut(MonitorTrouble trouble) {
  return trouble == MonitorTrouble::kLoginTimedOut || trouble == MonitorTrouble::kLookTimedOut ||
         trouble == MonitorTrouble::kPingTimedOut;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Backends>> Backends::Make(const GateOptions& options,
                                                         const std::atomic<std::size_t>& clients,
                                                         Engine& engine, Callbacks callbacks) {
  if (options.backends.empty()) return absl::InvalidArgumentError("there is no backend");
  if (options.backends.size() > 1 && !options.monitor.address.empty()) {
    return absl::InvalidArgumentError("[monitor] address is for a single backend");
  }
  std::unique_ptr<Backends> room(new Backends(options, engine, std::move(callbacks)));
  for (const std::string& name : options.backends) {
    auto addresses = Resolve(name);
    if (!addresses.ok()) return addresses.status();
    room->all_.push_back(std::make_unique<Backend>(*room, room->all_.size(), name,
                                                   std::move(*addresses), options, clients));
  }
  room->current_ = room->all_[room->choice_.current()].get();
  room->said_current_ = room->current_;
  room->Restore();
  return room;
}

Backends::Backends(const GateOptions& options, Engine& engine, Callbacks callbacks)
    : options_(options),
      engine_(engine),
      callbacks_(std::move(callbacks)),
      ticker_(loop_, engine),
      choice_(options.failover_sticky, FirstOf(options)) {}

Backends::~Backends() = default;

void Backends::Restore() {
  for (const KnownGreeting& known : options_.greetings) {
    for (const auto& b : all_) {
      if (b->name() == known.backend) b->Teach(known.greeting, Backend::Taught::kFile);
    }
  }
  RefreshOffered();
}

void Backends::OnReached(Backend& b) {
  const std::lock_guard lock(mutex_);
  const Time now = Now();
  b.health_.OnReached(now);
  After(b, now);
}

void Backends::OnFailure(Backend& b, BackendFailure how, const std::string& detail) {
  const std::lock_guard lock(mutex_);
  const Time now = Now();
  b.error_ = detail;
  b.health_.OnFailure(how, now);
  After(b, now);
}

void Backends::OnDoubt(Backend& b) {
  const std::lock_guard lock(mutex_);
  if (!b.health_.may_connect()) return;
  b.health_.WantProbe(std::max(Now(), b.probed_ + kProbePause));
  Plan(b);
}

void Backends::OnGreeting(Backend& b, const mysql::Greeting& greeting) {
  const std::lock_guard lock(mutex_);
  if (b.Teach(greeting, Backend::Taught::kLive)) RefreshOffered();
}

void Backends::OnMonitorLogin(Backend& b, const mysql::Greeting& greeting) {
  const std::lock_guard lock(mutex_);
  const Time now = Now();
  b.monitor_asked_ = false;
  if (b.Teach(greeting, Backend::Taught::kMonitor)) RefreshOffered();
  if (!b.monitor_.through_backend()) return;
  b.monitor_can_probe_ = true;
  b.health_.OnReached(now);
  After(b, now);
}

void Backends::OnMonitorLook(Backend& b, const ServerFigures& figures) {
  const std::lock_guard lock(mutex_);
  const Time now = Now();
  b.figures_ = figures;
  b.looked_ = now;
  b.monitor_lost_ = false;
  b.health_.OnPing(now);
  b.facts_stale_ = false;
  if (&b == &current()) TellFacts(b, now);
  Reconsider(now);
}

void Backends::OnMonitorTrouble(Backend& b, MonitorTrouble trouble, const std::string& error) {
  const std::lock_guard lock(mutex_);
  const Time now = Now();
  const bool asked = std::exchange(b.monitor_asked_, false);
  const BackendFailure how = FailureOf(trouble, b.monitor_.through_backend());
  // Only a connect that fails at once is no worse as a probe than BackendProbe's.
  const bool quick = how == BackendFailure::kRefused || trouble == MonitorTrouble::kLost;
  if (!quick) b.monitor_can_probe_ = false;
  // Of a time-out the library only knows that the connection is lost.
  if (how != BackendFailure::kNone) b.error_ = quick ? error : std::string(Name(how));
  FailOrEndProbe(b, asked, how, now);
  if (how == BackendFailure::kNone && IsTimeOut(trouble)) b.health_.WantProbe(now);
  // Lost, and a try to have it back failed: who else is there is not known any more.
  if (std::exchange(b.monitor_lost_, b.looked_ != Time())) ForgetForeign(b, now);
  After(b, now);
}

void Backends::FailOrEndProbe(Backend& b, bool probe, BackendFailure how, Time now) {
  if (!probe) {
    if (how != BackendFailure::kNone) b.health_.OnFailure(how, now);
  } else if (how != BackendFailure::kNone) {
    b.health_.OnProbeFailed(how, now);
  } else {
    b.health_.OnProbeVoid();
    b.health_.WantProbe(now);
  }
}

void Backends::After(Backend& b, Time now) {
  b.Publish();
  if (b.health_.sound()) b.error_.clear();
  const bool open = !b.health_.may_connect();
  const bool was_open = std::exchange(b.was_open_, open);
  if (open && !was_open) {
    ++b.downs_;
    b.down_error_ = b.error_;
    if (options_.failover_sticky) b.health_.WantProbe(now);  // it decides whether to leave it
    callbacks_.down(b.index());
  }
  if (!open && was_open) b.monitor_.TryNow();
  Reconsider(now);
  TellEngine(now);
  Plan(b);
}

// One that was up when last heard of is asked again before it takes over.
void Backends::Reconsider(Time now) {
  const auto standings = Standings(now);
  if (choice_.Reconsider(standings)) {
    by_operator_ = false;
    SwitchToChosen(now);
    TellEngine(now);
  } else if (choice_.Looking(standings)) {
    for (const auto& other : all_) {
      const BackendHealth& health = other->health_;
      if (!health.up() || health.FreshlyUp(now) || health.probe_out()) continue;
      if (health.next_probe() <= now + kProbePause) continue;  // one that could not be made, too
      other->health_.WantProbe(now);
      Plan(*other);
    }
  }
}

std::vector<BackendChoice::Standing> Backends::Standings(Time now) const {
  std::vector<BackendChoice::Standing> out;
  for (const auto& b : all_) {
    out.push_back({.open = !b->health_.may_connect(),
                   .gone = b->health_.Gone(now),
                   .known_up = b->health_.FreshlyUp(now),
                   .read_only = b->figures_ && b->figures_->read_only});
  }
  return out;
}

// Workers find the new one from here on. The engine hears of it before they do: those it admitted
// before are told to them before, and so are all ended.
void Backends::SwitchToChosen(Time now) {
  Backend& next = *all_[choice_.current()];
  Backend& left = *current_.exchange(&next);
  left.live_ids_.Clear();
  engine_.OnBackendSwitched(now);
  callbacks_.switched();
  if (next.figures_) TellFacts(next, now);
  RefreshOffered();
}

void Backends::TellFacts(Backend& b, Time now) {
  ServerFacts facts = FactsOf(*b.figures_);
  if (b.facts_stale_) facts.foreign = 0;
  engine_.OnServerFacts(facts, now);
}

void Backends::ForgetForeign(Backend& b, Time now) {
  if (!b.figures_ || std::exchange(b.facts_stale_, true)) return;
  if (&b == &current()) TellFacts(b, now);
}

void Backends::TellEngine(Time now) {
  const bool up = current().health_.may_connect();
  if (std::exchange(told_up_, up) != up) engine_.OnBackend(up, now);
}

void Backends::RefreshOffered() {
  GreetingPtr first = current().greeting();
  bool mixed = first == nullptr;  // what comes may be a server of another kind
  for (const auto& b : all_) {
    if (first == nullptr) first = b->greeting();
  }
  if (first == nullptr) return;
  mysql::Greeting common = *first;
  for (const auto& b : all_) {
    const GreetingPtr other = b->greeting();
    if (other == nullptr || other == first) continue;
    mixed = mixed || mysql::IsMariaDb(*other) != mysql::IsMariaDb(*first);
    common = mysql::Common(common, *other);
  }
  if (mixed) {  // what only one kind knows
    common.capabilities &= ~mysql::kCapQueryAttributes;
    common.mariadb_capabilities = 0;
  }
  offered_.Learn(std::move(common));
}

void Backends::Plan(Backend& b) {
  const Time due = b.health_.next_probe();
  if (std::exchange(b.planned_, due) == due) return;
  loop_.Post([this, &b] { SetDue(b); });
}

LockWaits Backends::lock_waits() const {
  LockWaits out;
  for (const auto& b : all_) out.push_back(b->monitor_.lock_waits());
  return out;
}

absl::Status Backends::Use(std::string_view name, Time now) {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(all_.begin(), all_.end(), [&](const auto& b) { return b->name() == name; });
  if (found == all_.end()) return absl::NotFoundError(std::string(name) + ": no such backend");
  Backend& b = **found;
  if (&b == &current()) return absl::OkStatus();
  if (!b.health_.up()) {
    return absl::FailedPreconditionError(std::string(name) + " is not up" +
                                         (b.error_.empty() ? "" : ": " + b.error_));
  }
  if (!b.health_.FreshlyUp(now)) {
    if (!b.health_.probe_out()) b.health_.WantProbe(now);
    Plan(b);
    return absl::FailedPreconditionError(
        std::string(name) + " was not heard of lately; it is being asked now, try again");
  }
  static_cast<void>(choice_.Use(b.index()));
  by_operator_ = true;
  SwitchToChosen(now);
  TellEngine(now);
  return absl::OkStatus();
}

std::vector<BackendStatus> Backends::Status() const {
  const std::lock_guard lock(mutex_);
  std::vector<BackendStatus> out;
  for (const auto& b : all_) {
    const GreetingPtr greeting = b->greeting();
    out.push_back({.name = b->name(),
                   .current = b->index() == choice_.current(),
                   .up = b->health_.up(),
                   .state = StateText(b->health_.state()),
                   .since = b->health_.since(),
                   .last_error = b->error_,
                   .server_version = greeting != nullptr ? greeting->server_version : "",
                   .read_only = b->figures_ && b->figures_->read_only,
                   .open = !b->health_.may_connect(),
                   .monitor = b->monitor_.status()});
  }
  return out;
}

std::vector<KnownGreeting> Backends::Greetings() const {
  std::vector<KnownGreeting> out;
  for (const auto& b : all_) {
    if (const GreetingPtr g = b->greeting(); g != nullptr) out.push_back({b->name(), *g});
  }
  return out;
}

}  // namespace headgate::net
