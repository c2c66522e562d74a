#include "guard/toml_depth.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace headgate::guard {
namespace {

std::string Dotted(std::size_t parts, const std::string& part = "a") {
  std::string key = part;
  for (std::size_t i = 1; i < parts; ++i) key += "." + part;
  return key;
}

bool IsDeep(const std::string& text) { return FindDeepKey(text, 0).has_value(); }

TEST(TomlDepth, CountsTheKeysParts) {
  for (const std::string& part : {std::string("a"), std::string("\"a.b\""), std::string(" 'x' ")}) {
    EXPECT_FALSE(IsDeep(Dotted(kMostKeyParts, part) + " = 1\n"));
    EXPECT_TRUE(IsDeep(Dotted(kMostKeyParts + 1, part) + " = 1\n"));
    EXPECT_TRUE(IsDeep("[" + Dotted(kMostKeyParts + 1, part) + "]\n"));
    EXPECT_TRUE(IsDeep("[[" + Dotted(kMostKeyParts + 1, part) + "]]\n"));
    EXPECT_TRUE(IsDeep("x = { " + Dotted(kMostKeyParts + 1, part) + " = 1 }\n"));
  }
}

TEST(TomlDepth, WhatIsNoKeyMayHaveAsManyDotsAsItLikes) {
  const std::string dots = Dotted(100);
  EXPECT_FALSE(IsDeep("# " + dots + "\na = 1 # " + dots + "\n"));
  EXPECT_FALSE(IsDeep("a = \"" + dots + "\\\"" + dots + "\"\nb = '" + dots + "'\n"));
  EXPECT_FALSE(
      IsDeep("a = \"\"\"\n" + dots + "\n\"" + dots + "\"\"\"\nb = '''\n" + dots + "'''\n"));
  std::string list = "a = [";
  for (int i = 0; i < 100; ++i) list += "1.5, \"10.0.0.1\",\n";
  EXPECT_FALSE(IsDeep(list + "]\n"));
  std::string many;
  for (int i = 0; i < 100; ++i) many += Dotted(kMostKeyParts, "k" + std::to_string(i)) + " = 1\n";
  EXPECT_FALSE(IsDeep(many));
}

TEST(TomlDepth, BrokenTextsAreTheReaders) {
  for (const char* text : {"", "\"", "'''", "\"\\", "a = \"x\nb", "#", "# no end"}) {
    EXPECT_FALSE(IsDeep(text)) << text;
  }
}

// Half a million parts ended the process: the reader is recursive, and so is what it makes.
TEST(TomlDepth, TheReaderSaysWhere) {
  const std::string text = "x = 1\n\"ä\"." + Dotted(500'000) + " = 1\n";
  const auto read = ReadToml(text, 3);
  const auto* error = std::get_if<SyntaxError>(&read);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->message, "a key of more than 16 parts");
  EXPECT_EQ(error->at, (Position{2, 34, 3}));
  EXPECT_TRUE(std::holds_alternative<Node>(ReadToml(Dotted(kMostKeyParts) + " = 1\n")));
}

}  // namespace
}  // namespace headgate::guard
