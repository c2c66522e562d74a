#include "guard/settings_json.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>
#include <utility>

#include "guard/json_text.h"
#include "guard/version.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

json::object ToJson(const std::vector<Setting>& settings) {
  json::object values;
  json::array inherited;
  for (const Setting& setting : settings) {
    values[setting.key] = JsonText(setting.value);
    if (setting.inherited) inherited.push_back(JsonText(setting.key));
  }
  return {{"values", std::move(values)}, {"inherited", std::move(inherited)}};
}

json::array ToJson(const std::vector<NamedSettings>& list) {
  json::array out;
  for (const NamedSettings& each : list) {
    json::object one{{"name", JsonText(each.name)}};
    for (auto& member : ToJson(each.settings)) one.insert(std::move(member));
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<Setting> ReadSettings(const json::value& root) {
  std::set<std::string> inherited;
  for (const json::value& key : ListAt(root, {"inherited"})) inherited.insert(Plain(key));
  std::vector<Setting> out;
  const auto* values = At(root, {"values"}).if_object();
  if (values == nullptr) return out;
  for (const auto& [name, value] : *values) {
    const std::string key(name.data(), name.size());
    out.push_back({key, Plain(value), inherited.contains(key)});
  }
  return out;
}

std::vector<NamedSettings> ReadNamed(const json::value& root, const char* list) {
  std::vector<NamedSettings> out;
  for (const json::value& each : ListAt(root, {list})) {
    out.push_back({Plain(At(each, {"name"})), ReadSettings(each)});
  }
  return out;
}

// A gate of another version has none.
std::vector<Setting> ReadFiles(const json::value& root) {
  std::vector<Setting> out;
  const auto* files = At(root, {"files"}).if_object();
  if (files == nullptr) return out;
  for (const auto& [name, value] : *files) {
    out.push_back({std::string(name.data(), name.size()), Plain(value)});
  }
  return out;
}

}  // namespace

std::string SettingsJson(const Settings& settings) {
  json::object out{{"version", JsonText(Version())},
                   {"identity_collapsed", settings.identity_collapsed}};
  for (auto& member : ToJson(settings.settings)) out.insert(std::move(member));
  out["classes"] = ToJson(settings.classes);
  out["rules"] = ToJson(settings.rules);
  json::object files;
  for (const Setting& file : settings.files) files[file.key] = JsonText(file.value);
  out["files"] = std::move(files);
  return json::serialize(out);
}

absl::StatusOr<ToldSettings> ParseSettings(const std::string& text) {
  const json::value root = ParseAnswer(text);
  ToldSettings told{Plain(At(root, {"version"})),
                    {ReadSettings(root), ReadNamed(root, "classes"), ReadNamed(root, "rules"),
                     ReadFiles(root), IsTrue(At(root, {"identity_collapsed"}))}};
  if (told.settings.settings.empty()) {
    return absl::InvalidArgumentError("the gate's answer holds no settings");
  }
  return told;
}

}  // namespace headgate::guard
