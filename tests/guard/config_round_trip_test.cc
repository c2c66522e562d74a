// A configuration is the same when it is written out and read again: what `headgate diff` shows is
// what a file could say. And the fuzzer's dictionary, which is made of the same table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "guard/config_keys.h"
#include "guard/statement_values.h"
#include "tests/guard/config_testing.h"
#include "tests/support/config_toml.h"

namespace headgate::guard {
namespace {

std::string ContentOf(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void ExpectSame(const std::string& text) {
  SCOPED_TRACE(text.substr(0, 200));
  const Loaded loaded = Parse(text);
  ASSERT_TRUE(loaded.config.has_value()) << ::testing::PrintToString(Errors(loaded));
  const std::string written = ToToml(*loaded.config);
  const Loaded again = Parse(written);
  ASSERT_TRUE(again.config.has_value()) << ::testing::PrintToString(Errors(again));
  EXPECT_EQ(ToToml(*again.config), written);
  EXPECT_TRUE(*again.config == *loaded.config) << written;
}

TEST(ConfigRoundTrip, WholeFiles) {
  ExpectSame(Beside(""));
  ExpectSame(ContentOf(HEADGATE_SOURCE_DIR "/docs/headgate.sample.toml"));
  for (const auto& file :
       std::filesystem::directory_iterator(HEADGATE_SOURCE_DIR "/policies/presets")) {
    ExpectSame(ContentOf(file.path()));
  }
}

// Whatever its last digit is.
TEST(ConfigRoundTrip, Numbers) {
  for (const char* line : {"login.rate = \"7/m\"",
                           "login.rate = \"0.333333333333333/h\"",
                           "login.rate = \"1.00000000001/s burst 1.00000000001\"",
                           "login.rate = \"0.1/s burst 3\"",
                           "login.rate = \"59.99999999999/m\"",
                           "login.rate = \"1000000/s burst 1000000000\"",
                           "login.rate = \"0.0000001/h\"",
                           "pending.known_good_share = 0.12345678901234",
                           "pending.known_good_share = 1e-7",
                           "pending.known_good_share = \"33.3333333333333%\"",
                           "source.connections = \"12.3456789012345%\"",
                           "source.connections = \"0.00000001%\"",
                           "known_good.growth = \"33.333333333333336%/h\"",
                           "known_good.growth = \"0.7%/h\"",
                           "query.busy = 1.23456789012345",
                           "query.busy = 0.00001",
                           "login.lock = \"1.000000001s\"",
                           "login.lock = \"12345.678901234s\"\nlogin.lock_max = \"1d\"",
                           "query.packet = \"1.5KiB\"",
                           "query.result = 1025"}) {
    ExpectSame(Beside(line));
  }
}

TEST(ConfigRoundTrip, Texts) {
  ExpectSame(
      Beside("log.decisions = \"/\\u0001\\u007f\\u0080\\u009b\\\"\\\\\\t\"\n"
             "source.exempt = [\"192.0.2.0/24\", \"2001:db8::1\", \"::ffff:192.0.2.1\"]\n"
             "[[class]]\nname = \"a\"\nusers = [\"\\u0000\\u001b\"]\nqueue = \"7ms\"\n"
             "[[rule]]\nname = \"'\\\"\"\ndigest = \"select\\n1\"\nregex = \"\\\\d\\n\"\n"));
}

std::string Dictionary() {
  std::set<std::string> words = {"name", "off", "auto"};
  const auto add = [&](std::string_view word) { words.emplace(word); };
  for (const auto& key : ConfigKeys()) {
    add(key.table);
    add(key.name);
  }
  for (const auto& key : ClassKeys()) add(key.name);
  for (const auto& key : RuleKeys()) add(key.name);
  for (const auto name : CommandNames()) add(name);
  for (const char* word :
       {"[[class]]", "[[rule]]", "[default_class]", "pressure.attack.source", "\" burst 5\"",
        "\"50/s\"", "\"5m\"", "\"25%\"", "\"64KiB\"", "\"192.0.2.10:3306\"", "\"10.0.0.0/8\"",
        "terminate", "passthrough", "sticky", "observe", "conf\x1e"}) {
    add(word);
  }
  std::string text = "# Made of the key table: see config_round_trip_test.cc.\n";
  for (const std::string& word : words) {
    text += "\"";
    for (const char c : word) {
      if (c == '"' || c == '\\') text += '\\';
      text += c == '\x1e' ? "\\x1e" : std::string(1, c);
    }
    text += "\"\n";
  }
  return text;
}

TEST(ConfigDictionary, HasEveryKey) {
  const std::filesystem::path wanted = std::filesystem::path(::testing::TempDir()) / "config.dict";
  std::ofstream(wanted) << Dictionary();
  EXPECT_EQ(ContentOf(HEADGATE_SOURCE_DIR "/tests/fuzz/config.dict"), Dictionary())
      << "copy " << wanted << " to tests/fuzz/config.dict";
}

}  // namespace
}  // namespace headgate::guard
