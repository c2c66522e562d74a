#include "guard/toml_draft.h"

#include <algorithm>
#include <utility>

#include "guard/printable.h"

namespace headgate::guard {
namespace {

std::string ValueOf(const std::vector<Setting>& settings, const std::string& key) {
  for (const Setting& setting : settings) {
    if (setting.key == key) return setting.value;
  }
  return {};
}

// What a class or a rule has that says nothing but its name.
const std::vector<Setting>& UnsetClass() {
  static const std::vector<Setting> settings = [] {
    Config config;
    ClassLimits unset;
    unset.query = config.query;
    unset.shape = config.shape;
    unset.name.clear();
    config.limits.classes = {unset};
    return SettingsOf(config).classes.front().settings;
  }();
  return settings;
}

const std::vector<Setting>& UnsetRule() {
  static const std::vector<Setting> settings = [] {
    Config config;
    config.limits.rules = {Rule()};
    return SettingsOf(config).rules.front().settings;
  }();
  return settings;
}

void AddRemarks(const std::vector<std::string>& remarks, std::string& out) {
  // Whatever somebody called himself: it stays behind the sign.
  for (const std::string& remark : remarks) {
    out += remark.empty() ? "#\n" : "# " + Printable(remark) + "\n";
  }
}

}  // namespace

TomlDraft::TomlDraft(const Config& base) {
  const Settings settings = SettingsOf(base);
  const Settings defaults = SettingsOf(Config());
  TakePlain(settings, defaults);
  for (const NamedSettings& each : settings.classes) {
    const bool is_default = &each == &settings.classes.back();
    // The default class's own defaults are those of a class that says nothing.
    Table table{is_default ? "[default_class]" : "[[class]]", {}, {}};
    for (const Setting& setting : each.settings) {
      if (is_default && (setting.key == "name" || setting.key == "sources")) continue;
      if (setting.inherited || setting.value == ValueOf(UnsetClass(), setting.key)) continue;
      table.lines.push_back({setting.key, setting.value, {}});
    }
    if (!is_default) class_names_.push_back(each.name);
    if (!table.lines.empty()) (is_default ? default_class_ : classes_).push_back(std::move(table));
  }
  for (const NamedSettings& each : settings.rules) {
    Table table{"[[rule]]", {}, {}};
    for (const Setting& setting : each.settings) {
      if (setting.value == ValueOf(UnsetRule(), setting.key)) continue;
      table.lines.push_back({setting.key, setting.value, {}});
    }
    rules_.push_back(std::move(table));
  }
}

void TomlDraft::TakePlain(const Settings& base, const Settings& defaults) {
  for (const Setting& setting : base.settings) {
    if (setting.inherited || setting.value == ValueOf(defaults.settings, setting.key)) continue;
    const std::size_t dot = setting.key.rfind('.');
    PlainTable(setting.key.substr(0, dot))
        .lines.push_back({setting.key.substr(dot + 1), setting.value, {}});
  }
}

TomlDraft::Table& TomlDraft::PlainTable(const std::string& name) {
  const std::string head = "[" + name + "]";
  for (Table& table : plain_) {
    if (table.head == head) return table;
  }
  return plain_.emplace_back(Table{head, {}, {}});
}

void TomlDraft::Set(const std::string& table, DraftLine line) {
  auto& lines = PlainTable(table).lines;
  const auto same = std::find_if(lines.begin(), lines.end(),
                                 [&](const DraftLine& l) { return l.key == line.key; });
  if (same == lines.end()) {
    lines.push_back(std::move(line));
  } else {
    *same = std::move(line);
  }
}

void TomlDraft::AddClass(std::vector<std::string> remarks, std::vector<DraftLine> lines) {
  classes_.push_back({"[[class]]", std::move(remarks), std::move(lines)});
}

void TomlDraft::AddRemarks(const std::vector<std::string>& remarks) {
  end_.insert(end_.end(), remarks.begin(), remarks.end());
}

std::string TomlDraft::Text(const std::vector<std::string>& remarks) const {
  std::string out;
  guard::AddRemarks(remarks, out);
  for (const auto* tables : {&plain_, &classes_, &default_class_, &rules_}) {
    for (const Table& table : *tables) {
      out += "\n";
      guard::AddRemarks(table.remarks, out);
      out += table.head + "\n";
      for (const DraftLine& line : table.lines) {
        guard::AddRemarks(line.remarks, out);
        out += line.key + " = " + line.value + "\n";
      }
    }
  }
  if (!end_.empty()) out += "\n";
  guard::AddRemarks(end_, out);
  return out;
}

}  // namespace headgate::guard
