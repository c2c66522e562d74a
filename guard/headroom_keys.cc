// The key table's part about headroom: [known_good], [pressure], and what a level of pressure
// overrides.
#include <iterator>

#include <absl/strings/str_format.h>
#include "guard/config_keys.h"
#include "guard/config_text.h"
#include "guard/statement_key_makers.h"

namespace headgate::guard {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kPerHour = "/h";
constexpr double kMostGrowth = 100;  // times itself in an hour
// Above anything that can be written. Compounded by the minute it is tenfold in one: a reserve
// follows its pair's peaks within minutes.
constexpr double kGrowthOff = 1e60;

std::optional<double> ParseGrowth(std::string_view text) {
  if (text.size() <= kPerHour.size() || text.substr(text.size() - kPerHour.size()) != kPerHour) {
    return std::nullopt;
  }
  text.remove_suffix(kPerHour.size());
  return ParsePercent(text, kMostGrowth * 100);
}

Faults ReadGrowth(const Node& node, double& out) {
  if (IsWord(node, "off")) {
    out = kGrowthOff;
    return {};
  }
  const auto* text = std::get_if<std::string>(&node.value);
  const auto percent = text == nullptr ? std::nullopt : ParseGrowth(*text);
  if (!percent) {
    return {{node.at, absl::StrFormat("expected \"25%%/h\" (above 0%%, at most %g%%) or \"off\"",
                                      kMostGrowth * 100)}};
  }
  out = *percent / 100;
  return {};
}

Key<Config> Growth() {
  const auto ref = [](auto& c) -> auto& { return c.limits.known_good.growth; };
  return {"known_good",
          "growth",
          "growth",
          "\"off\", or above \"0%/h\" to \"10000%/h\"",
          kReload,
          [ref](const Node& n, Config& c) { return ReadGrowth(n, ref(c)); },
          [ref](const Config& c) {
            const double growth = ref(c);
            if (growth >= kGrowthOff) return std::string("\"off\"");
            const auto same = [growth](const std::string& text) {
              const auto percent = ParseGrowth(text);
              return percent && *percent / 100 == growth;
            };
            return Quoted(NumberText(growth * 100, "%/h", same));
          },
          Copy<Config>(ref)};
}

std::vector<Key<Config>> KnownGoodKeys() {
  using C = Config;
  const char* t = "known_good";
  return {
      Count<C>(
          t, "minutes", {1, 1440}, kReload,
          [](auto& c) -> auto& { return c.limits.known_good.minutes; }),
      Growth(),
      Fraction<C>(
          t, "share", [](auto& c) -> auto& { return c.limits.known_good.share; }),
      Text<C>(
          t, "state", kRestart, [](auto& c) -> auto& { return c.state_file; }),
  };
}

template <class Ref>
std::vector<Key<Config>> WhenKeys(std::string_view t, Ref when) {
  return {
      Fraction<Config>(
          t, "free_slots", [when](auto& c) -> auto& { return when(c).free_slots; }),
      RateOf<Config>(
          t, "refusals", [when](auto& c) -> auto& { return when(c).refusals; }),
      RateOf<Config>(
          t, "syn_rate", [when](auto& c) -> auto& { return when(c).syn_rate; }),
      Bool<Config>(
          t, "anomalies", kReload, [when](auto& c) -> auto& { return when(c).anomalies; }),
  };
}

std::vector<Key<Config>> PressureKeys() {
  std::vector<Key<Config>> keys = {
      Span<Config>(
          "pressure", "calm_after", {seconds(1), hours(24)},
          [](auto& c) -> auto& { return c.limits.pressure.calm_after; }),
      Bool<Config>(
          "pressure", "enforce", kReload,
          [](auto& c) -> auto& { return c.limits.pressure.enforce; }),
  };
  const auto elevated = [](auto& c) -> auto& { return c.limits.pressure.elevated; };
  const auto attack = [](auto& c) -> auto& { return c.limits.pressure.attack; };
  auto when = WhenKeys("pressure.elevated.when", elevated);
  std::move(when.begin(), when.end(), std::back_inserter(keys));
  when = WhenKeys("pressure.attack.when", attack);
  when.resize(when.size() - 2);  // what can be spoofed makes no attack: see WhyRefused()
  std::move(when.begin(), when.end(), std::back_inserter(keys));
  return keys;
}

std::vector<Key<LevelLimits>> MakeLevelKeys() {
  using L = LevelLimits;
  std::vector<Key<L>> keys = {
      RateOf<L>(
          "source", "connect_rate", [](auto& l) -> auto& { return l.source.connect_rate; }),
      ShareOf<L>(
          "source", "connections", [](auto& l) -> auto& { return l.source.connections; }),
      ShareOf<L>(
          "source", "prefix_connections",
          [](auto& l) -> auto& { return l.source.prefix_connections; }),
      RateOf<L>(
          "source", "tls_rate", [](auto& l) -> auto& { return l.source.tls_rate; }),
      Span<L>(
          "pending", "deadline", {milliseconds(100), minutes(5)},
          [](auto& l) -> auto& { return l.pending.deadline; }),
      Span<L>(
          "waiting", "queue", {milliseconds(1), minutes(5)},
          [](auto& l) -> auto& { return l.waiting.queue; }),
      Count<L>(
          "waiting", "per_source", {1, 100000}, kReload,
          [](auto& l) -> auto& { return l.waiting.per_source; }),
  };
  for (const auto& key : UnknownQueryKeys()) {
    keys.push_back(Lifted<L>(
        key, "query", [](auto& l) -> auto& { return l.query; }));
  }
  return keys;
}

}  // namespace

std::vector<Key<Config>> HeadroomKeys() {
  std::vector<Key<Config>> keys = KnownGoodKeys();
  auto pressure = PressureKeys();
  std::move(pressure.begin(), pressure.end(), std::back_inserter(keys));
  return keys;
}

std::span<const Key<LevelLimits>> LevelKeys() {
  static const std::vector<Key<LevelLimits>> keys = MakeLevelKeys();
  return keys;
}

std::optional<Level> LevelOf(std::string_view table) {
  if (table == "pressure.elevated") return Level::kElevated;
  if (table == "pressure.attack") return Level::kAttack;
  return std::nullopt;
}

std::string_view WhyRefused(std::string_view table, std::string_view name) {
  if (table == "pressure.attack.when" && name == "syn_rate") {
    return "anybody can spoof the sender of a SYN, so their rate never means an attack: it counts "
           "in [pressure.elevated.when] only";
  }
  if (table == "pressure.attack.when" && name == "anomalies") {
    return "an anomaly says that a day is unusual, not that it is an attack: it counts in "
           "[pressure.elevated.when] only";
  }
  return "";
}

}  // namespace headgate::guard
