#include "guard/reload.h"

#include <map>

#include <absl/strings/str_format.h>
#include "guard/config_keys.h"

namespace headgate::guard {
namespace {

std::string Change(const std::string& name, const std::string& from, const std::string& to) {
  return absl::StrFormat("%s: %s -> %s", name, from, to);
}

void CompareClasses(const std::vector<ClassLimits>& from, const std::vector<ClassLimits>& to,
                    std::vector<std::string>& changed) {
  std::map<std::string, const ClassLimits*> before;
  for (const ClassLimits& c : from) before[c.name] = &c;
  for (const ClassLimits& c : to) {
    const auto found = before.find(c.name);
    if (found == before.end()) {
      changed.push_back(absl::StrFormat("class %s: new", c.name));
      continue;
    }
    for (const auto& key : ClassKeys()) {
      const std::string old_value = key.get(*found->second);
      const std::string new_value = key.get(c);
      if (old_value == new_value) continue;
      changed.push_back(
          Change(absl::StrFormat("class %s %s", c.name, key.name), old_value, new_value));
    }
    before.erase(found);
  }
  for (const auto& [name, gone] : before) {
    changed.push_back(absl::StrFormat("class %s: gone", name));
  }
  if (!changed.empty() || from.size() != to.size()) return;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i].name == to[i].name) continue;
    changed.emplace_back("class: another order");
    return;
  }
}

// An empty list of localhost-only users passes the checks beside another identity, which only a
// restart brings: until then the running one needs its list.
bool Waits(const Key<Config>& key, const Config& running, const Config& candidate) {
  if (!key.reloadable) return true;
  return key.FullName() == "gate.localhost_only_users" && running.limits.identity_collapsed &&
         candidate.limits.localhost_users.empty();
}

}  // namespace

ReloadPlan PlanReload(const Config& running, const Config& candidate) {
  ReloadPlan plan{candidate, {}, {}};
  std::vector<std::string> classes;
  CompareClasses(running.limits.classes, candidate.limits.classes, classes);
  for (const auto& key : ConfigKeys()) {
    const std::string from = key.get(running);
    const std::string to = key.get(candidate);
    if (from == to) continue;
    const bool waits = Waits(key, running, candidate);
    (waits ? plan.need_restart : plan.changed).push_back(Change(key.FullName(), from, to));
    if (waits) key.copy(running, plan.next);
  }
  plan.changed.insert(plan.changed.end(), classes.begin(), classes.end());
  // Follows from keys that need a restart.
  plan.next.limits.identity_collapsed = running.limits.identity_collapsed;
  return plan;
}

}  // namespace headgate::guard
