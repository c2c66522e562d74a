#include "guard/reload.h"

#include <utility>

#include "guard/config_keys.h"
#include "guard/settings.h"

namespace headgate::guard {

ReloadPlan PlanReload(const Config& running, const Config& candidate) {
  Differences told = Compare(SettingsOf(running), SettingsOf(candidate));
  ReloadPlan plan{candidate, std::move(told.changed), std::move(told.need_restart), {}};
  const bool collapsed = running.limits.identity_collapsed;
  for (const auto& key : ConfigKeys()) {
    if (!NeedsRestart({key.FullName(), key.get(candidate)}, collapsed)) continue;
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
