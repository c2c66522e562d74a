#include "guard/key_manual.h"

#include <algorithm>
#include <map>
#include <utility>

#include "guard/config_keys.h"
#include "guard/key_meanings.h"
#include "guard/key_sections.h"
#include "guard/statement_values.h"

namespace headgate::guard {
namespace {

constexpr std::string_view kLevelKeys = "pressure.LEVEL.";
constexpr std::string_view kUnknownKeys = "query.unknown.";

using Texts = std::map<std::string_view, std::string_view>;

Texts AllMeanings() {
  Texts all;
  for (const auto part : {GateMeanings(), StatementMeanings(), OtherMeanings()}) {
    for (const Meaning& meaning : part) all.emplace(meaning.key, meaning.text);
  }
  return all;
}

// A key of [query.unknown] without words of its own means what that of [query] does.
std::string MeaningOf(const Texts& all, const std::string& key) {
  if (const auto found = all.find(key); found != all.end()) return std::string(found->second);
  if (!key.starts_with(kUnknownKeys)) return "";
  const std::string plain = "query." + key.substr(kUnknownKeys.size());
  return all.contains(plain) ? "See `" + plain + "`." : "";
}

std::string Code(const std::string& text) { return "`" + text + "`"; }

class Rows {
 public:
  template <class Target>
  void Add(const Key<Target>& key, std::string_view outer, std::string default_text) {
    const std::string name = std::string(outer) + key.FullName();
    by_table_[std::string(outer) + std::string(key.table)].push_back(
        {name, std::string(key.type), key.range, std::move(default_text), key.reloadable,
         MeaningOf(meanings_, name)});
  }
  void Move(std::string_view table, std::vector<KeyRow>& to) {
    std::ranges::move(by_table_[std::string(table)], std::back_inserter(to));
  }

 private:
  const Texts meanings_ = AllMeanings();
  std::map<std::string, std::vector<KeyRow>, std::less<>> by_table_;
};

void AddConfig(Rows& rows) {
  const Config defaults;
  for (const auto& key : ConfigKeys()) {
    const bool needed = key.FullName() == "gate.backend";
    rows.Add(key, "", needed ? kNoDefault : Code(key.get(defaults)));
  }
}

void AddClasses(Rows& rows) {
  ClassLimits unset;
  unset.name.clear();
  for (const auto& key : ClassKeys()) {
    std::string text = Code(key.get(unset));
    if (key.name == "name") text = kNoDefault;
    if (key.name == "queue") text = "as `waiting.queue`";
    rows.Add(key, "", std::move(text));
  }
}

void AddRules(Rows& rows) {
  for (const auto& key : RuleKeys()) {
    rows.Add(key, "", key.name == "name" ? kNoDefault : Code(key.get(Rule())));
  }
}

// As the plain table's key, and what an attack has of its own.
void AddLevels(Rows& rows) {
  const Limits defaults = Limits::Defaults();
  for (const auto& key : LevelKeys()) {
    std::string text = "as `" + key.FullName() + "`";
    const std::string attack = key.get(defaults.At(Level::kAttack));
    if (attack != key.get(defaults.At(Level::kElevated))) text += ", at attack " + Code(attack);
    rows.Add(key, kLevelKeys, std::move(text));
  }
}

std::string WithCommands(std::string_view text) {
  constexpr std::string_view kCommands = "{commands}";
  std::string out(text);
  const std::size_t at = out.find(kCommands);
  if (at == std::string::npos) return out;
  std::string names;
  for (const std::string_view name : CommandNames()) {
    names += (names.empty() ? "" : ", ") + Code(std::string(name));
  }
  return out.replace(at, kCommands.size(), names);
}

std::vector<KeySection> Make() {
  Rows rows;
  AddConfig(rows);
  AddClasses(rows);
  AddRules(rows);
  AddLevels(rows);
  std::vector<KeySection> sections;
  for (const KeySectionText& text : KeySectionTexts()) {
    KeySection section{
        std::string(text.title), std::string(text.before), {}, WithCommands(text.after)};
    for (const std::string_view table : text.tables) rows.Move(table, section.rows);
    sections.push_back(std::move(section));
  }
  return sections;
}

}  // namespace

const std::vector<KeySection>& KeyManual() {
  static const std::vector<KeySection> sections = Make();
  return sections;
}

std::string KeyManualAsMarkdown() {
  std::string out = "## How values are written\n\n| type | written as |\n|---|---|\n";
  for (const TypeText& text : TypeTexts()) {
    out += "| " + std::string(text.type) + " | " + std::string(text.written) + " |\n";
  }
  out += "\n" + std::string(ChangeText()) + "\n\n";
  for (const KeySection& section : KeyManual()) {
    out += "## " + section.title + "\n\n";
    if (!section.before.empty()) out += section.before + "\n\n";
    out += "| key | type | range | default | change by | meaning |\n|---|---|---|---|---|---|\n";
    for (const KeyRow& row : section.rows) {
      out += "| " + Code(row.key) + " | " + row.type + " | " +
             (row.range.empty() ? "-" : row.range) + " | " + row.default_text + " | " +
             (row.reloadable ? "reload" : "restart") + " | " + row.meaning + " |\n";
    }
    out += "\n";
    if (!section.after.empty()) out += section.after + "\n\n";
  }
  return out;
}

}  // namespace headgate::guard
