// A running gate's settings as the admin socket tells them (GET /config), and read back.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>

#include <absl/status/statusor.h>
#include "guard/settings.h"

namespace headgate::guard {

// {"version", "identity_collapsed", "values": {"gate.mode": "\"enforce\""}, "inherited": [KEY],
//  "classes": [{"name", "values", "inherited"}], "rules": the same}; values as TOML writes them.
[[nodiscard]] std::string SettingsJson(const Settings& settings);

struct ToldSettings {
  std::string version;  // of the gate
  Settings settings;
};
// InvalidArgument: this is no such answer.
[[nodiscard]] absl::StatusOr<ToldSettings> ParseSettings(const std::string& text);

}  // namespace headgate::guard
