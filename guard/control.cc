#include "guard/control.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/control_text.h"
#include "guard/json_text.h"
#include "guard/log.h"
#include "guard/reload.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

constexpr const char* kDrains = "the gate is draining, and does not read its configuration again";

}  // namespace

FittedLimits FitLimits(const Limits& wanted, std::size_t max_clients) {
  auto limits = std::make_shared<Limits>(wanted);
  const SlotLimits& slots = wanted.slots;
  const std::size_t capacity =
      slots.max_connections - std::min(slots.keep_free, slots.max_connections);
  // More slots than descriptors: half of what there is still goes to those who knock.
  const std::size_t free = std::max(max_clients - std::min(capacity, max_clients), max_clients / 2);
  // A quarter stays for clients on their way out: one evicted holds its descriptor a little longer.
  const std::size_t room = free - free / 4;
  FittedLimits fitted;
  if (max_clients > 0 && wanted.pending.max + wanted.waiting.max > room) {
    const auto waiting = std::min<std::size_t>(wanted.waiting.max, room / 4);
    const auto pending = std::min<std::size_t>(wanted.pending.max, room - waiting);
    limits->waiting.max = static_cast<std::uint32_t>(waiting);
    limits->waiting.per_source = std::min(wanted.waiting.per_source, limits->waiting.max);
    limits->pending.max = static_cast<std::uint32_t>(std::max<std::size_t>(pending, 1));
    for (LevelLimits& level : limits->at) {
      level.pending.max = limits->pending.max;
      level.waiting.max = limits->waiting.max;
      level.waiting.per_source = std::min(level.waiting.per_source, limits->waiting.max);
    }
    fitted.note = absl::StrFormat(
        "the limit on open files allows %d clients: [pending] max is %d instead of %d, [waiting] "
        "max is %d instead of %d; raise LimitNOFILE to change that",
        max_clients, limits->pending.max, wanted.pending.max, limits->waiting.max,
        wanted.waiting.max);
  }
  fitted.limits = std::move(limits);
  return fitted;
}

Control::Control(Parts parts, Config running, const Origins& origins)
    : parts_(std::move(parts)),
      started_(parts_.now()),
      running_(std::move(running)),
      files_(parts_.files_read ? FileSettings(parts_.files_read()) : std::vector<Setting>()),
      published_(parts_.engine == nullptr ? nullptr : parts_.engine->limits()),
      words_(std::make_shared<const ExplainWords>(running_, origins)) {}

Config Control::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

net::AdminReply Control::ReloadReply() {
  const ReloadResult result = Reload();
  if (!result.not_now.empty()) return Refuse(409, result.not_now);
  return {result.done ? 200u : 422u,
          json::serialize(json::object{{"ok", result.done},
                                       {"problems", TextList(result.problems)},
                                       {"changed", TextList(result.changed)},
                                       {"need_restart", TextList(result.need_restart)}})};
}

ReloadResult Control::Reload() {
  const std::lock_guard one_at_a_time(reload_mutex_);
  ReloadResult result;
  if (draining_ || HandsOver()) {
    result.not_now = draining_ ? kDrains : kHandsOver;
    Log(LogLevel::kWarning, "reload: " + result.not_now);
    return result;
  }
  const auto tell = [this](bool begins) {
    if (parts_.on_reload) parts_.on_reload(begins);
  };
  tell(true);
  const Loaded loaded = parts_.load();
  LoadedAnew(loaded, result);
  tell(false);
  return result;
}

bool Control::HandsOver() const {
  if (!parts_.upgrade_status) return false;
  const UpgradeState state = parts_.upgrade_status().state;
  return state == UpgradeState::kRunning || state == UpgradeState::kHandedOver;
}

void Control::LoadedAnew(const Loaded& loaded, ReloadResult& result) {
  for (const Problem& problem : loaded.problems) {
    result.problems.push_back(ToText(problem));
    Log(problem.severity == Problem::Severity::kError ? LogLevel::kError : LogLevel::kWarning,
        "reload: " + result.problems.back());
  }
  if (!loaded.config) {
    const std::lock_guard lock(mutex_);
    ++reloads_.refused;
    reloads_.last = "refused";
    Log(LogLevel::kError, "reload: nothing was changed");
    return;
  }
  ReloadFiles files;
  if (loaded.tls && parts_.files_read) files.candidate = FileSettings(parts_.files_read());
  {
    const std::lock_guard lock(mutex_);
    files.running = files_;
  }
  TakeOver(PlanReload(running(), *loaded.config, std::move(files)), loaded, result);
}

void Control::TakeOver(ReloadPlan plan, const Loaded& loaded, ReloadResult& result) {
  const FittedLimits fitted = FitLimits(plan.next.limits, parts_.max_clients);
  if (!fitted.note.empty()) Log(LogLevel::kWarning, "reload: " + fitted.note);
  parts_.engine->Publish(fitted.limits, parts_.now());
  parts_.apply(plan.next, loaded.tls);
  // Only a reload writes words_, and there is one at a time.
  Origins origins = loaded.origins;
  origins.Keep(words_->origins, plan.kept);
  auto words = std::make_shared<const ExplainWords>(plan.next, origins);
  {
    const std::lock_guard lock(mutex_);
    running_ = std::move(plan.next);
    words_ = std::move(words);
    published_ = fitted.limits;
    if (loaded.tls && parts_.files_read) files_ = FileSettings(parts_.files_read());
    ++reloads_.done;
    reloads_.last = "ok";
  }
  for (const auto& line : plan.changed) Log(LogLevel::kInfo, "reload: " + line);
  for (const auto& line : plan.need_restart) {
    Log(LogLevel::kWarning, "reload: needs a restart: " + line);
  }
  Log(LogLevel::kInfo, absl::StrFormat("reload: done, %d changed, %d need a restart",
                                       plan.changed.size(), plan.need_restart.size()));
  result.done = true;
  result.changed = std::move(plan.changed);
  result.need_restart = std::move(plan.need_restart);
}

}  // namespace headgate::guard
