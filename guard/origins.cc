#include "guard/origins.h"

#include <array>

namespace headgate::guard {
namespace {

constexpr std::string_view kDefault = "default";

// The key of the table that a class takes it from; empty where it takes it from none.
std::string_view InheritedFrom(std::string_view key) {
  if (!key.starts_with("class.") && !key.starts_with("default_class.")) return {};
  for (const std::string_view table : std::array<std::string_view, 2>{".query.", ".shape."}) {
    // The last one: a class may have such a name.
    const std::size_t at = key.rfind(table);
    if (at != std::string_view::npos) return key.substr(at + 1);
  }
  return {};
}

}  // namespace

std::string Origins::Of(std::string_view key) const {
  const auto found = places_.find(key);
  if (found != places_.end()) return found->second;
  const std::string_view outer = InheritedFrom(key);
  return outer.empty() ? std::string(kDefault) : Of(outer);
}

void Origins::Keep(const Origins& running, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    const auto before = running.places_.find(key);
    if (before == running.places_.end()) {
      places_.erase(key);
    } else {
      places_[key] = before->second;
    }
  }
}

}  // namespace headgate::guard
