// A value of the wrong type, for every key that there is: one problem, on its line, with its name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "guard/config_keys.h"
#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

// What no key takes; true is left out where a key takes that.
constexpr const char* kNobodys[] = {"1979-05-27", "07:32:00", "{ value = 1 }", "[[1]]", "true"};

// `before` ends where the key goes.
template <class Target>
void ExpectOneProblem(const Key<Target>& key, const std::string& shown, const std::string& before,
                      const std::string& after = "\n") {
  const auto line = static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n') + 1);
  for (const std::string value : kNobodys) {
    if (value == "true" && key.type == "boolean") continue;
    const std::string text = before + std::string(key.name) + " = " + value + after;
    SCOPED_TRACE(text);
    const Loaded loaded = Parse(text);
    ASSERT_EQ(loaded.problems.size(), 1u) << ::testing::PrintToString(Errors(loaded));
    const Problem& problem = loaded.problems.front();
    EXPECT_EQ(problem.severity, Problem::Severity::kError);
    EXPECT_EQ(problem.at.line, line);
    EXPECT_EQ(problem.key, shown);
    EXPECT_THAT(problem.message, ::testing::HasSubstr("expected "));
    EXPECT_FALSE(loaded.config.has_value());
  }
}

TEST(ConfigTypes, PlainTables) {
  for (const auto& key : ConfigKeys()) {
    const std::string name = key.FullName();
    std::string before;
    if (name != "gate.backend") before += "gate.backend = [\"192.0.2.10:3306\"]\n";
    if (name != "slots.max_connections") before += "slots.max_connections = 151\n";
    ExpectOneProblem(key, name, before + std::string(key.table) + ".");
  }
}

TEST(ConfigTypes, Levels) {
  for (const auto& key : LevelKeys()) {
    for (const std::string level : {"pressure.elevated.", "pressure.attack."}) {
      const std::string table = level + std::string(key.table);
      ExpectOneProblem(key, table + "." + std::string(key.name), Beside("[" + table + "]\n"));
    }
  }
}

TEST(ConfigTypes, Classes) {
  for (const auto& key : ClassKeys()) {
    std::string before = "[[class]]\n";
    if (key.name != "name") before += "name = \"a\"\n";
    // So that it does not take everybody.
    before += key.name == "users" ? "databases = [\"a\"]\n" : "users = [\"a\"]\n";
    ExpectOneProblem(key, key.FullName(), Beside(before));
  }
  for (const auto& key : DefaultClassKeys()) {
    ExpectOneProblem(key, "default_class." + std::string(key.name), Beside("[default_class]\n"));
  }
}

TEST(ConfigTypes, WhatClassesOverride) {
  const std::string begin = Beside("[[class]]\nname = \"a\"\nusers = [\"a\"]\n");
  for (const auto& key : QueryKeys()) {
    ExpectOneProblem(key, "class.query." + std::string(key.name), begin + "query = { ", " }\n");
    ExpectOneProblem(key, "default_class.query." + std::string(key.name),
                     Beside("[default_class.query]\n"));
  }
  for (const auto& key : ShapeKeys()) {
    ExpectOneProblem(key, "class.shape." + std::string(key.name), begin + "shape = { ", " }\n");
  }
}

TEST(ConfigTypes, Rules) {
  for (const auto& key : RuleKeys()) {
    std::string before = "[[rule]]\n";
    if (key.name != "name") before += "name = \"a\"\n";
    before += key.name == "user" ? "database = \"a\"\n" : "user = \"a\"\n";
    ExpectOneProblem(key, key.FullName(), Beside(before));
  }
}

}  // namespace
}  // namespace headgate::guard
