// Every setting of a configuration as text under its name: what a reload compares, and what a
// running gate tells `headgate diff`.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include "guard/config.h"
#include "net/tls_prints.h"

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
  // What the certificate files hold, "gate.certificate" to "sha256:..."; those that are not known
  // are left out.
  std::vector<Setting> files{};
  bool identity_collapsed = false;  // of a running gate
  bool operator==(const Settings&) const = default;
};
[[nodiscard]] Settings SettingsOf(const Config& config);
[[nodiscard]] std::vector<Setting> FileSettings(const std::vector<net::TlsPrint>& prints);

struct Differences {
  std::vector<std::string> changed;       // "source.connect_rate: \"50/s\" -> \"10/s\""
  std::vector<std::string> need_restart;  // the same, for what a reload cannot change
};
// What a reload of `candidate` would do. A setting that only one of them has (a gate of another
// version) is left out. Of classes and rules the order counts, for the first that matches is taken.
[[nodiscard]] Differences Compare(const Settings& running, const Settings& candidate);
// Keys of certificate files that are the same by name, and that whoever made `candidate` could not
// read: whether they hold something else is not known.
[[nodiscard]] std::vector<std::string> UnknownFiles(const Settings& running,
                                                    const Settings& candidate);
// What makes settings wait that a reload changes otherwise.
struct Waits {
  bool identity_collapsed = false;  // of the running gate
  bool tls_mode = false;            // [gate] tls changes, which waits: so do its other keys
};
// Whether the setting has to wait for a restart; false as well for what is no key of a plain table.
[[nodiscard]] bool NeedsRestart(const Setting& candidate, const Waits& waits);

}  // namespace headgate::guard
