#include "guard/settings.h"

#include <algorithm>
#include <array>
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

using Names = std::vector<std::string_view>;

// Of those that are in both, in the order of `list`.
Names Common(const std::vector<NamedSettings>& list, const std::vector<NamedSettings>& other) {
  Names out;
  for (const NamedSettings& each : list) {
    const bool both = std::any_of(other.begin(), other.end(),
                                  [&](const NamedSettings& o) { return o.name == each.name; });
    if (both) out.push_back(each.name);
  }
  return out;
}

// The first that matches is taken, so where a new one stands is half of what it does.
std::string NewOne(const std::string& title, const NamedSettings* next) {
  return title + (next == nullptr ? ": new, the last" : ": new, before " + next->name);
}

void CompareNamed(const std::string& what, const std::vector<NamedSettings>& from,
                  const std::vector<NamedSettings>& to, Lines& changed) {
  std::map<std::string_view, const NamedSettings*> before;
  for (const NamedSettings& each : from) before[each.name] = &each;
  for (std::size_t i = 0; i < to.size(); ++i) {
    const NamedSettings& each = to[i];
    const std::string title = what + " " + each.name;
    const auto found = before.find(each.name);
    if (found == before.end()) {
      changed.push_back(NewOne(title, i + 1 < to.size() ? &to[i + 1] : nullptr));
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
  if (Common(from, to) != Common(to, from)) changed.push_back(what + ": another order");
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

// The files and names of [gate] tls = "terminate".
bool IsOfTls(std::string_view key) {
  constexpr std::array<std::string_view, 8> kKeys = {
      "gate.certificate", "gate.private_key",    "gate.client_ca",    "gate.client_certificates",
      "gate.backend_ca",  "gate.backend_verify", "gate.backend_name", "gate.backend_plaintext"};
  return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

std::string_view ValueOf(const Settings& all, std::string_view key) {
  for (const Setting& setting : all.settings) {
    if (setting.key == key) return setting.value;
  }
  return {};
}

bool SameFile(const Settings& a, const Settings& b, std::string_view key) {
  return ValueOf(a, "gate.tls") == ValueOf(b, "gate.tls") && ValueOf(a, key) == ValueOf(b, key);
}

// Another file is told by its name.
void CompareFiles(const Settings& running, const Settings& candidate, Lines& changed) {
  const auto before = ByKey(running.files);
  for (const Setting& file : candidate.files) {
    const auto found = before.find(file.key);
    if (found == before.end() || found->second->value == file.value) continue;
    if (!SameFile(running, candidate, file.key)) continue;
    changed.push_back(
        absl::StrFormat("%s: another one in %s", file.key, ValueOf(candidate, file.key)));
  }
}

}  // namespace

std::vector<Setting> FileSettings(const std::vector<net::TlsPrint>& prints) {
  std::vector<Setting> out;
  out.reserve(prints.size());
  for (const net::TlsPrint& print : prints) {
    out.push_back({"gate." + print.key, "sha256:" + print.sha256});
  }
  return out;
}

std::vector<std::string> UnknownFiles(const Settings& running, const Settings& candidate) {
  const auto known = ByKey(candidate.files);
  std::vector<std::string> out;
  for (const Setting& file : running.files) {
    if (!known.contains(file.key) && SameFile(running, candidate, file.key)) {
      out.push_back(file.key);
    }
  }
  return out;
}

bool NeedsRestart(const Setting& candidate, const Waits& waits) {
  if (RestartKeys().contains(candidate.key)) return true;
  if (waits.tls_mode && IsOfTls(candidate.key)) return true;
  // An empty list passes the checks beside another identity, which only a restart brings: until
  // then the running one needs its list.
  return waits.identity_collapsed && candidate.key == "gate.localhost_only_users" &&
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
  const Waits waits{running.identity_collapsed,
                    ValueOf(running, "gate.tls") != ValueOf(candidate, "gate.tls")};
  CompareSettings(running.settings, candidate.settings,
                  [&](const Setting& setting, std::string line) {
                    const bool later = NeedsRestart(setting, waits);
                    (later ? out.need_restart : out.changed).push_back(std::move(line));
                  });
  CompareFiles(running, candidate, out.changed);
  CompareNamed("class", running.classes, candidate.classes, out.changed);
  CompareNamed("rule", running.rules, candidate.rules, out.changed);
  return out;
}

}  // namespace headgate::guard
