// docs/config.md is what the key table makes, and the key table says what every key means.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <string_view>

#include "guard/config_keys.h"
#include "guard/key_manual.h"
#include "guard/key_meanings.h"

namespace headgate::guard {
namespace {

std::string Page() {
  std::ifstream file(HEADGATE_SOURCE_DIR "/docs/config.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Between(const std::string& text, const std::string& from, const std::string& to) {
  std::size_t begin = text.find(from);
  if (begin == std::string::npos) return "";
  begin = text.find("\n\n", begin) + 2;
  const std::size_t end = text.find(to, begin);
  return end == std::string::npos ? "" : text.substr(begin, end - begin);
}

std::set<std::string> Keys() {
  std::set<std::string> all;
  for (const auto& key : ConfigKeys()) all.insert(key.FullName());
  for (const auto& key : ClassKeys()) all.insert(key.FullName());
  for (const auto& key : RuleKeys()) all.insert(key.FullName());
  for (const auto& key : LevelKeys()) {
    if (key.table != "query") all.insert("pressure.LEVEL." + key.FullName());  // in a sentence
  }
  return all;
}

TEST(ConfigDoc, IsWhatTheKeyTableMakes) {
  // Not as a diff of two long texts: the first line that differs says enough.
  std::istringstream page(Between(Page(), "<!-- keys:", "<!-- end of keys -->"));
  std::istringstream made(KeyManualAsMarkdown());
  std::string in_page, in_table;
  for (bool more = true; more;) {
    const bool has_page = !std::getline(page, in_page).fail();
    more = !std::getline(made, in_table).fail() && has_page;
    ASSERT_EQ(more, has_page) << "docs/config.md is not as long as what is made: run `make docs`";
    if (more) {
      ASSERT_EQ(in_page, in_table) << "docs/config.md is behind: run `make docs`";
    }
  }
}

TEST(ConfigDoc, EveryKeyHasItsPlaceAndItsWords) {
  std::set<std::string> left = Keys();
  for (const KeySection& section : KeyManual()) {
    EXPECT_FALSE(section.rows.empty()) << section.title << " is a section of no table";
    for (const KeyRow& row : section.rows) {
      EXPECT_EQ(left.erase(row.key), 1U) << row.key << " is there twice, or no key";
      EXPECT_GT(row.meaning.size(), 12U) << row.key << ": guard/key_meanings_*.cc lacks it";
    }
  }
  for (const std::string& key : left) {
    ADD_FAILURE() << key << ": its table has no section in guard/key_sections.cc";
  }
}

TEST(ConfigDoc, NoMeaningLacksItsKey) {
  const std::set<std::string> keys = Keys();
  std::set<std::string_view> seen;
  for (const auto part : {GateMeanings(), StatementMeanings(), OtherMeanings()}) {
    for (const Meaning& meaning : part) {
      EXPECT_TRUE(keys.contains(std::string(meaning.key))) << meaning.key << " is no key";
      EXPECT_TRUE(seen.insert(meaning.key).second) << meaning.key << " is there twice";
      EXPECT_EQ(meaning.text.find_first_of("\n|"), std::string_view::npos)
          << meaning.key << ": would break its row";
    }
  }
}

}  // namespace
}  // namespace headgate::guard
