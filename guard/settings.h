// Every setting of a configuration as text under its name: what a reload compares, and what a
// running gate tells `headgate diff`.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include "guard/config.h"

namespace headgate::guard {

struct Setting {
  std::string key;         // "gate.mode"; inside a class or a rule "reserve", "query.busy"
  std::string value;       // as TOML writes it
  bool inherited = false;  // it is what the table it comes from says
  bool operator==(const Setting&) const = default;
};

// A class or a rule.
struct NamedSettings {
  std::string name;
  std::vector<Setting> settings;
  bool operator==(const NamedSettings&) const = default;
};

struct Settings {
  std::vector<Setting> settings;  // of the plain tables, then of the levels of pressure
  std::vector<NamedSettings> classes;
  std::vector<NamedSettings> rules;
  bool identity_collapsed = false;  // of a running gate
  bool operator==(const Settings&) const = default;
};
[[nodiscard]] Settings SettingsOf(const Config& config);

struct Differences {
  std::vector<std::string> changed;       // "source.connect_rate: \"50/s\" -> \"10/s\""
  std::vector<std::string> need_restart;  // the same, for what a reload cannot change
};
// What a reload of `candidate` would do. A setting that only one of them has (a gate of another
// version) is left out.
[[nodiscard]] Differences Compare(const Settings& running, const Settings& candidate);
// Whether the setting has to wait for a restart; false as well for what is no key of a plain table.
[[nodiscard]] bool NeedsRestart(const Setting& candidate, bool identity_collapsed);

}  // namespace headgate::guard
