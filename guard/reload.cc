#include "guard/reload.h"

#include <array>
#include <map>
#include <span>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/config_keys.h"

namespace headgate::guard {
namespace {

std::string Change(const std::string& name, const std::string& from, const std::string& to) {
  return absl::StrFormat("%s: %s -> %s", name, from, to);
}

using Lines = std::vector<std::string>;

template <class Target>
void CompareKeys(const std::string& prefix, std::span<const Key<Target>> keys, const Target& from,
                 const Target& to, Lines& changed) {
  for (const auto& key : keys) {
    const std::string old_value = key.get(from);
    const std::string new_value = key.get(to);
    if (old_value == new_value) continue;
    changed.push_back(Change(prefix + std::string(key.name), old_value, new_value));
  }
}

// What a class takes from [query] and [shape] is not told again for each class.
template <class Target>
void CompareInherited(const std::string& prefix, std::span<const Key<Target>> keys,
                      const std::array<const Target*, 2>& from,
                      const std::array<const Target*, 2>& to, Lines& changed) {
  for (const auto& key : keys) {
    const std::string old_value = key.get(*from[0]);
    const std::string new_value = key.get(*to[0]);
    const bool inherits = old_value == key.get(*from[1]) && new_value == key.get(*to[1]);
    if (old_value == new_value || inherits) continue;
    changed.push_back(Change(prefix + std::string(key.name), old_value, new_value));
  }
}

// Two lists of named tables; `compare` tells what differs in two of one name.
template <class Target, class Compare>
void CompareNamed(const std::string& what, const std::vector<Target>& from,
                  const std::vector<Target>& to, Lines& changed, Compare compare) {
  std::map<std::string, const Target*> before;
  for (const Target& t : from) before[t.name] = &t;
  const std::size_t told = changed.size();
  for (const Target& t : to) {
    const auto found = before.find(t.name);
    if (found == before.end()) {
      changed.push_back(absl::StrFormat("%s %s: new", what, t.name));
      continue;
    }
    compare(absl::StrFormat("%s %s ", what, t.name), *found->second, t);
    before.erase(found);
  }
  for (const auto& [name, gone] : before) {
    changed.push_back(absl::StrFormat("%s %s: gone", what, name));
  }
  if (changed.size() > told || from.size() != to.size()) return;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i].name == to[i].name) continue;
    changed.push_back(what + ": another order");
    return;
  }
}

void CompareClasses(const Config& from, const Config& to, Lines& changed) {
  const auto compare = [&](const std::string& prefix, const ClassLimits& a, const ClassLimits& b) {
    CompareKeys(prefix, ClassKeys(), a, b, changed);
    CompareInherited(prefix + "query.", QueryKeys(), {&a.query, &from.query}, {&b.query, &to.query},
                     changed);
    CompareInherited(prefix + "shape.", ShapeKeys(), {&a.shape, &from.shape}, {&b.shape, &to.shape},
                     changed);
  };
  CompareNamed("class", from.limits.classes, to.limits.classes, changed, compare);
}

LevelLimits BaseOf(const Limits& limits) {
  return {limits.source, limits.pending, limits.waiting, limits.unknown_query};
}

// What a level only copies from the tables is not told again for each level.
void CompareLevels(const Limits& from, const Limits& to, Lines& changed) {
  const LevelLimits from_base = BaseOf(from);
  const LevelLimits to_base = BaseOf(to);
  for (const auto& [level, name] :
       {std::pair{Level::kElevated, "elevated"}, {Level::kAttack, "attack"}}) {
    for (const auto& key : LevelKeys()) {
      CompareInherited<LevelLimits>(
          absl::StrFormat("pressure.%s.%s.", name, std::string(key.table)), {&key, 1},
          {&from.At(level), &from_base}, {&to.At(level), &to_base}, changed);
    }
  }
}

void CompareRules(const Config& from, const Config& to, Lines& changed) {
  const auto compare = [&](const std::string& prefix, const Rule& a, const Rule& b) {
    CompareKeys(prefix, RuleKeys(), a, b, changed);
  };
  CompareNamed("rule", from.limits.rules, to.limits.rules, changed, compare);
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
  for (const auto& key : ConfigKeys()) {
    const std::string from = key.get(running);
    const std::string to = key.get(candidate);
    if (from == to) continue;
    const bool waits = Waits(key, running, candidate);
    (waits ? plan.need_restart : plan.changed).push_back(Change(key.FullName(), from, to));
    if (waits) key.copy(running, plan.next);
  }
  CompareLevels(running.limits, candidate.limits, plan.changed);
  CompareClasses(running, candidate, plan.changed);
  CompareRules(running, candidate, plan.changed);
  // Follows from keys that need a restart.
  for (LevelLimits& level : plan.next.limits.at) {
    level.source.table_size = plan.next.limits.source.table_size;
  }
  plan.next.limits.identity_collapsed = running.limits.identity_collapsed;
  return plan;
}

}  // namespace headgate::guard
