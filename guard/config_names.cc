#include "guard/config_names.h"

#include <algorithm>
#include <set>

#include <absl/strings/str_format.h>
#include "guard/config_text.h"

namespace headgate::guard {
namespace {

bool IsClassKey(const std::string& name) {
  const auto keys = ClassKeys();
  return std::any_of(keys.begin(), keys.end(), [&](const auto& key) { return key.name == name; });
}

// The one table that has a key of this name, for keys that stand in the wrong one.
std::string TableOf(const std::string& name) {
  std::set<std::string> homes;
  for (const auto& key : ConfigKeys()) {
    if (key.name == name) homes.emplace(key.table);
  }
  if (homes.size() > 1) homes.erase("query.unknown");
  return homes.size() == 1 ? *homes.begin() : "";
}

}  // namespace

std::vector<std::string> TableNames(const std::string& outer) {
  std::set<std::string> names;
  if (outer.empty()) names = {"class", "default_class", "rule"};
  if (outer == "class" || outer == "default_class") names = {"query", "shape"};
  if (LevelOf(outer)) names = {"source", "pending", "waiting", "query"};
  const std::string prefix = outer.empty() ? "" : outer + ".";
  for (const auto& key : ConfigKeys()) {
    if (key.table.substr(0, prefix.size()) != prefix) continue;
    const std::string_view rest = key.table.substr(prefix.size());
    names.emplace(rest.substr(0, rest.find('.')));
  }
  return {names.begin(), names.end()};
}

std::string ShownName(const std::string& name) {
  if (name.empty()) return "\"\"";
  const std::string quoted = Shown(name);
  return quoted.substr(1, quoted.size() - 2);
}

std::string WhyUnknown(const UnknownName& unknown, const std::vector<std::string>& names) {
  const auto& [name, table, prefix] = unknown;
  const std::string home = table ? "" : TableOf(name);
  const bool in_none = prefix.empty() && !table && !home.empty();
  const std::string near = in_none ? "" : Nearest(name, names);
  std::string message = in_none ? "a key stands in a table"
                        : table ? "there is no such table"
                                : "there is no such key";
  if (!near.empty()) {
    message += absl::StrFormat("; did you mean %s%s?", prefix, near);
  } else if (!home.empty()) {
    message += absl::StrFormat("; it belongs into [%s]", home);
  } else if (prefix == "default_class." && IsClassKey(name)) {
    message += "; this class is for whom no [[class]] names";
  }
  return message;
}

}  // namespace headgate::guard
