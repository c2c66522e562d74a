#include "tests/support/config_toml.h"

#include <span>
#include <string_view>

#include "guard/config_keys.h"

namespace headgate::guard {
namespace {

// `unset` is what the key has where it is not written.
template <class Target>
void Add(std::span<const Key<Target>> keys, const std::string& prefix, const Target& target,
         const Target* unset, std::string& out) {
  for (const auto& key : keys) {
    const std::string value = key.get(target);
    if (unset != nullptr && value == key.get(*unset)) continue;
    out += prefix + std::string(key.name) + " = " + value + "\n";
  }
}

void AddClass(const ClassLimits& c, bool is_default, std::string& out) {
  ClassLimits unset;
  unset.name.clear();
  out += is_default ? "[default_class]\n" : "[[class]]\n";
  Add(is_default ? DefaultClassKeys() : ClassKeys(), "", c, &unset, out);
  Add<QueryLimits>(QueryKeys(), "query.", c.query, nullptr, out);
  Add<ShapeLimits>(ShapeKeys(), "shape.", c.shape, nullptr, out);
}

}  // namespace

std::string ToToml(const Config& config) {
  std::string out;
  for (const auto& key : ConfigKeys()) out += key.FullName() + " = " + key.get(config) + "\n";
  for (const Level level : {Level::kElevated, Level::kAttack}) {
    const std::string prefix = "pressure." + std::string(Name(level)) + ".";
    for (const auto& key : LevelKeys()) {
      out += prefix + key.FullName() + " = " + key.get(config.limits.At(level)) + "\n";
    }
  }
  const auto& classes = config.limits.classes;
  for (const ClassLimits& c : classes) AddClass(c, &c == &classes.back(), out);
  const Rule unset;
  for (const Rule& rule : config.limits.rules) {
    out += "[[rule]]\n";
    Add(RuleKeys(), "", rule, &unset, out);
  }
  return out;
}

}  // namespace headgate::guard
