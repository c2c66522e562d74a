#include "guard/settings.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/config_keys.h"

namespace headgate::guard {
namespace {

using Lines = std::vector<std::string>;

// `base` is what the target inherits from.
template <class Target>
void AddInherited(const std::string& prefix, std::span<const Key<Target>> keys,
                  const Target& target, const Target& base, std::vector<Setting>& out) {
  for (const auto& key : keys) {
    std::string value = key.get(target);
    const bool inherited = value == key.get(base);
    out.push_back({prefix + std::string(key.name), std::move(value), inherited});
  }
}

template <class Target>
void AddOwn(std::span<const Key<Target>> keys, const Target& target, std::vector<Setting>& out) {
  for (const auto& key : keys) out.push_back({std::string(key.name), key.get(target)});
}

void AddLevels(const Limits& limits, std::vector<Setting>& out) {
  const LevelLimits base{limits.source, limits.pending, limits.waiting, limits.unknown_query};
  for (const auto& [level, name] :
       {std::pair{Level::kElevated, "elevated"}, {Level::kAttack, "attack"}}) {
    for (const auto& key : LevelKeys()) {
      const std::string prefix = absl::StrFormat("pressure.%s.%s.", name, std::string(key.table));
      AddInherited<LevelLimits>(prefix, {&key, 1}, limits.At(level), base, out);
    }
  }
}

NamedSettings OfClass(const ClassLimits& c, const Config& config) {
  NamedSettings out{c.name, {}};
  AddOwn(ClassKeys(), c, out.settings);
  AddInherited("query.", QueryKeys(), c.query, config.query, out.settings);
  AddInherited("shape.", ShapeKeys(), c.shape, config.shape, out.settings);
  return out;
}

std::map<std::string_view, const Setting*> ByKey(const std::vector<Setting>& settings) {
  std::map<std::string_view, const Setting*> out;
  for (const Setting& setting : settings) out[setting.key] = &setting;
  return out;
}

// What a class takes from [query], or a level from [source], is told there and not again.
template <class Tell>
void CompareSettings(const std::vector<Setting>& from, const std::vector<Setting>& to, Tell tell) {
  const auto before = ByKey(from);
  for (const Setting& setting : to) {
    const auto found = before.find(setting.key);
    if (found == before.end() || found->second->value == setting.value) continue;
    if (found->second->inherited && setting.inherited) continue;
    tell(setting,
         absl::StrFormat("%s: %s -> %s", setting.key, found->second->value, setting.value));
  }
}

bool SameOrder(const std::vector<NamedSettings>& from, const std::vector<NamedSettings>& to) {
  return std::equal(from.begin(), from.end(), to.begin(), to.end(),
                    [](const auto& a, const auto& b) { return a.name == b.name; });
}

void CompareNamed(const std::string& what, const std::vector<NamedSettings>& from,
                  const std::vector<NamedSettings>& to, Lines& changed) {
  std::map<std::string_view, const NamedSettings*> before;
  for (const NamedSettings& each : from) before[each.name] = &each;
  const std::size_t told = changed.size();
  for (const NamedSettings& each : to) {
    const std::string title = what + " " + each.name;
    const auto found = before.find(each.name);
    if (found == before.end()) {
      changed.push_back(title + ": new");
      continue;
    }
    CompareSettings(found->second->settings, each.settings,
                    [&](const Setting&, const std::string& line) {
                      changed.push_back(absl::StrFormat("%s %s", title, line));
                    });
    before.erase(found);
  }
  for (const auto& [name, gone] : before) {
    changed.push_back(absl::StrFormat("%s %s: gone", what, gone->name));
  }
  const bool all_told = changed.size() > told || from.size() != to.size();
  if (!all_told && !SameOrder(from, to)) changed.push_back(what + ": another order");
}

// The names of plain keys that a reload leaves alone.
const std::set<std::string>& RestartKeys() {
  static const std::set<std::string> names = [] {
    std::set<std::string> all;
    for (const auto& key : ConfigKeys()) {
      if (!key.reloadable) all.insert(key.FullName());
    }
    return all;
  }();
  return names;
}

}  // namespace

bool NeedsRestart(const Setting& candidate, bool identity_collapsed) {
  if (RestartKeys().contains(candidate.key)) return true;
  // An empty list passes the checks beside another identity, which only a restart brings: until
  // then the running one needs its list.
  return identity_collapsed && candidate.key == "gate.localhost_only_users" &&
         candidate.value == "[]";
}

Settings SettingsOf(const Config& config) {
  Settings out;
  for (const auto& key : ConfigKeys()) out.settings.push_back({key.FullName(), key.get(config)});
  AddLevels(config.limits, out.settings);
  for (const ClassLimits& c : config.limits.classes) out.classes.push_back(OfClass(c, config));
  for (const Rule& rule : config.limits.rules) {
    AddOwn(RuleKeys(), rule, out.rules.emplace_back(NamedSettings{rule.name, {}}).settings);
  }
  out.identity_collapsed = config.limits.identity_collapsed;
  return out;
}

Differences Compare(const Settings& running, const Settings& candidate) {
  Differences out;
  CompareSettings(running.settings, candidate.settings,
                  [&](const Setting& setting, std::string line) {
                    const bool waits = NeedsRestart(setting, running.identity_collapsed);
                    (waits ? out.need_restart : out.changed).push_back(std::move(line));
                  });
  CompareNamed("class", running.classes, candidate.classes, out.changed);
  CompareNamed("rule", running.rules, candidate.rules, out.changed);
  return out;
}

}  // namespace headgate::guard
