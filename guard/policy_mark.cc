#include "guard/policy_mark.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "guard/settings.h"

namespace headgate::guard {
namespace {

// What the engine never hears of.
constexpr std::array<std::string_view, 7> kElsewhere = {"admin.", "log.",      "firewall.", "host.",
                                                        "gate.",  "observer.", "shadow."};
// But for these.
constexpr std::array<std::string_view, 4> kOfGate = {
    "gate.mode", "gate.localhost_only_users", "gate.local_sources", "gate.proxy_from_clients"};

bool Decides(std::string_view key) {
  if (std::find(kOfGate.begin(), kOfGate.end(), key) != kOfGate.end()) return true;
  if (key == "known_good.state" || key.starts_with("monitor.")) return false;
  return std::none_of(kElsewhere.begin(), kElsewhere.end(),
                      [&](std::string_view table) { return key.starts_with(table); });
}

// FNV-1a, 64 bits.
class Mark {
 public:
  void Add(std::string_view text) {
    for (const char c : text) Mix(static_cast<unsigned char>(c));
    Mix(0);
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  void Mix(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001b3; }
  std::uint64_t value_ = 0xcbf29ce484222325;
};

void Add(Mark& mark, const std::vector<Setting>& settings, bool all) {
  for (const Setting& s : settings) {
    if (!all && !Decides(s.key)) continue;
    mark.Add(s.key);
    mark.Add(s.value);
  }
}

}  // namespace

std::uint64_t PolicyMark(const Config& config) {
  const Settings settings = SettingsOf(config);
  Mark mark;
  Add(mark, settings.settings, false);
  for (const auto* named : {&settings.classes, &settings.rules}) {
    for (const NamedSettings& one : *named) {
      mark.Add(one.name);
      Add(mark, one.settings, true);
    }
  }
  return mark.value();
}

}  // namespace headgate::guard
