#include "guard/origins.h"

#include "policies/own_key.h"

namespace headgate::guard {
namespace {

constexpr std::string_view kDefault = "default";

// The key of the table that a class takes it from; empty where it takes it from none.
std::string_view InheritedFrom(std::string_view key) {
  constexpr std::string_view kRest = "default_class.";
  const std::size_t name = key.find(kOfClass);
  if (name != std::string_view::npos) {
    key.remove_prefix(name + 1);
  } else if (key.starts_with(kRest)) {
    key.remove_prefix(kRest.size());
  } else {
    return {};
  }
  return key.starts_with("query.") || key.starts_with("shape.") ? key : std::string_view();
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
