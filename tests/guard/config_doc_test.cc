// docs/config.md against the key table: every key has its row with the type, range, default and
// whether a reload can change it, and there is no row of a key that does not exist.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "guard/config_keys.h"

namespace headgate::guard {
namespace {

template <class Target>
std::string RowStart(const Key<Target>& key, const std::string& default_text,
                     const std::string& outer = "") {
  return "| `" + outer + key.FullName() + "` | " + std::string(key.type) + " | " +
         (key.range.empty() ? "-" : key.range) + " | " + default_text + " | " +
         (key.reloadable ? "reload" : "restart") + " | ";
}

// By the plain table's key, and what an attack has of its own.
void AddLevelRows(std::set<std::string>& rows) {
  const Limits defaults = Limits::Defaults();
  for (const auto& key : LevelKeys()) {
    if (key.table == "query") continue;  // told in a sentence
    std::string text = "as `" + key.FullName() + "`";
    const std::string attack = key.get(defaults.At(Level::kAttack));
    if (attack != key.get(defaults.At(Level::kElevated))) text += ", at attack `" + attack + "`";
    rows.insert(RowStart(key, text, "pressure.LEVEL."));
  }
}

std::set<std::string> ExpectedRows() {
  std::set<std::string> rows;
  AddLevelRows(rows);
  const Config defaults;
  for (const auto& key : ConfigKeys()) {
    const bool needed = key.FullName() == "gate.backend";
    rows.insert(RowStart(key, needed ? "none: needed" : "`" + key.get(defaults) + "`"));
  }
  ClassLimits unset;
  unset.name.clear();
  for (const auto& key : ClassKeys()) {
    std::string text = "`" + key.get(unset) + "`";
    if (key.name == "name") text = "none: needed";
    if (key.name == "queue") text = "as `waiting.queue`";
    rows.insert(RowStart(key, text));
  }
  for (const auto& key : RuleKeys()) {
    rows.insert(RowStart(key, key.name == "name" ? "none: needed" : "`" + key.get(Rule()) + "`"));
  }
  return rows;
}

TEST(ConfigDoc, EveryKeyAndNoOther) {
  std::ifstream file(HEADGATE_SOURCE_DIR "/docs/config.md");
  std::set<std::string> left = ExpectedRows();
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("| `", 0) != 0) continue;
    bool found = false;
    for (const std::string& row : left) {
      if (line.rfind(row, 0) != 0) continue;
      EXPECT_GT(line.size(), row.size() + 12) << "says nothing: " << line;
      left.erase(row);
      found = true;
      break;
    }
    EXPECT_TRUE(found) << "no such key, or with other values: " << line;
  }
  for (const std::string& row : left) ADD_FAILURE() << "missing: " << row;
}

TEST(ConfigDoc, NamesWhatIsNotBuilt) {
  std::ifstream file(HEADGATE_SOURCE_DIR "/docs/config.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  for (const NotBuilt& entry : NotBuiltKeys()) {
    const std::string name = entry.name.empty()
                                 ? "`[" + std::string(entry.table) + "]`"
                                 : "`" + std::string(entry.table) + "." + std::string(entry.name);
    EXPECT_THAT(text, ::testing::HasSubstr(name));
  }
}

}  // namespace
}  // namespace headgate::guard
