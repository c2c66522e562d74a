#include "guard/reload.h"

#include <utility>

#include "guard/config_keys.h"

namespace headgate::guard {

ReloadPlan PlanReload(const Config& running, const Config& candidate, ReloadFiles files) {
  Settings before = SettingsOf(running), after = SettingsOf(candidate);
  before.files = std::move(files.running);
  after.files = std::move(files.candidate);
  Differences told = Compare(before, after);
  ReloadPlan plan{candidate, std::move(told.changed), std::move(told.need_restart), {}};
  const bool collapsed = running.limits.identity_collapsed;
  const Waits waits{collapsed, running.tls.mode != candidate.tls.mode};
  for (const auto& key : ConfigKeys()) {
    if (!NeedsRestart({key.FullName(), key.get(candidate)}, waits)) continue;
    if (key.get(running) != key.get(candidate)) plan.kept.push_back(key.FullName());
    key.copy(running, plan.next);
  }
  // Follows from keys that need a restart.
  for (LevelLimits& level : plan.next.limits.at) {
    level.source.table_size = plan.next.limits.source.table_size;
  }
  plan.next.limits.identity_collapsed = collapsed;
  return plan;
}

}  // namespace headgate::guard
