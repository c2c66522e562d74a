// Small verbs for tests that read a configuration from text.
//
// Threads: none. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include "guard/config.h"

namespace headgate::guard {

// A host with nothing noteworthy about it.
inline HostFacts QuietHost() { return {}; }

inline Loaded Parse(const std::string& text, const HostFacts& host = QuietHost()) {
  return ParseConfig({{"t.toml", text, ""}}, host);
}

// With a backend that needs no further key, so that only what `text` brings can be wrong.
inline std::string Beside(const std::string& text) {
  return "gate.backend = [\"192.0.2.10:3306\"]\nslots.max_connections = 151\n" + text;
}
inline Loaded ParseBeside(const std::string& text) { return Parse(Beside(text)); }

inline std::vector<std::string> Errors(const Loaded& loaded) {
  std::vector<std::string> out;
  for (const Problem& p : loaded.problems) {
    if (p.severity == Problem::Severity::kError) out.push_back(ToText(p));
  }
  return out;
}

inline std::vector<std::string> Notes(const Loaded& loaded) {
  std::vector<std::string> out;
  for (const Problem& p : loaded.problems) {
    if (p.severity == Problem::Severity::kNote) out.push_back(ToText(p));
  }
  return out;
}

inline std::vector<std::string> Warnings(const Loaded& loaded) {
  std::vector<std::string> out;
  for (const Problem& p : loaded.problems) {
    if (p.severity == Problem::Severity::kWarning) out.push_back(ToText(p));
  }
  return out;
}

}  // namespace headgate::guard
