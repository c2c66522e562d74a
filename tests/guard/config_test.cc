#include "guard/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "guard/config_keys.h"
#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Config, SmallestFile) {
  const Loaded loaded = Parse("[gate]\nbackend = [\"192.0.2.10:3306\"]\n");
  EXPECT_THAT(Errors(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config.has_value());
  Config expected;
  expected.backend = {*ParseEndpoint("192.0.2.10:3306")};
  EXPECT_EQ(*loaded.config, expected);
}

TEST(Config, DefaultsAreThoseOfTheCore) {
  EXPECT_EQ(Config().limits, Limits::Defaults());
  ASSERT_EQ(Config().listen.size(), 2u);
  EXPECT_EQ(ToText(Config().listen[0]), "0.0.0.0:3306");
  EXPECT_EQ(ToText(Config().listen[1]), "[::]:3306");
}

// A class's and a level's own are tables that stand for a key.
const std::set<std::string>& WholeTables() {
  static const std::set<std::string> names = [] {
    std::set<std::string> all = {"class.query", "class.shape", "default_class.query",
                                 "default_class.shape"};
    for (const std::string level : {"elevated", "attack"}) {
      for (const char* table : {"source", "pending", "waiting", "query"}) {
        all.insert("pressure." + level + "." + table);
      }
    }
    return all;
  }();
  return names;
}

// The keys of `tables`, a table in a table by both names: "query.unknown.busy".
void CollectKeys(const Node& tables, const std::string& outer, std::set<std::string>& keys) {
  const std::set<std::string>& kWhole = WholeTables();
  const Node* body = &tables;
  if (const auto* list = std::get_if<Node::List>(&body->value)) body = &list->at(0);
  for (const Member& member : std::get<Node::Table>(body->value)) {
    const std::string name = outer.empty() ? member.key : outer + "." + member.key;
    const auto* list = std::get_if<Node::List>(&member.node.value);
    const bool tables_inside =
        list != nullptr && !list->empty() && std::holds_alternative<Node::Table>(list->at(0).value);
    const bool inner = std::holds_alternative<Node::Table>(member.node.value) || tables_inside;
    if (inner && !kWhole.contains(name)) {
      CollectKeys(member.node, name, keys);
    } else {
      keys.insert(name);
    }
  }
}

TEST(Config, SampleHasEveryKey) {
  const std::string text = ReadAll(HEADGATE_SOURCE_DIR "/docs/headgate.sample.toml");
  const auto node = ReadToml(text);
  ASSERT_TRUE(std::holds_alternative<Node>(node));
  std::set<std::string> there;
  CollectKeys(std::get<Node>(node), "", there);
  std::set<std::string> all;
  for (const auto& key : ConfigKeys()) all.insert(key.FullName());
  for (const auto& key : ClassKeys()) all.insert(key.FullName());
  for (const auto& key : DefaultClassKeys()) all.insert("default_class." + std::string(key.name));
  for (const auto& key : RuleKeys()) all.insert(key.FullName());
  all.insert(WholeTables().begin(), WholeTables().end());
  EXPECT_EQ(there, all);
}

TEST(Config, SampleIsValidAndShowsTheDefaults) {
  const std::string text = ReadAll(HEADGATE_SOURCE_DIR "/docs/headgate.sample.toml");
  const Loaded loaded = Parse(text);
  EXPECT_THAT(Errors(loaded), IsEmpty());
  EXPECT_THAT(Warnings(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config.has_value());
  const Config defaults;
  for (const auto& key : ConfigKeys()) {
    const std::string name = key.FullName();
    if (name == "gate.backend" || name == "slots.max_connections") continue;
    EXPECT_EQ(key.get(*loaded.config), key.get(defaults)) << name;
  }
  EXPECT_EQ(loaded.config->limits.at, defaults.limits.at);
  EXPECT_THAT(loaded.config->limits.classes, SizeIs(2));
  EXPECT_THAT(loaded.config->limits.rules, SizeIs(1));
}

TEST(Config, EveryProblemAtOnceEachInItsPlace) {
  const Loaded loaded = Parse(
      "[gate]\n"
      "backend = [\"192.0.2.10:3306\"]\n"
      "thread = 4\n"
      "tls = \"yes\"\n"
      "[pending]\n"
      "max = 0\n"
      "deadline = 5\n"
      "[source]\n"
      "exempt = [\"10.0.0.0/8\", \"10.0.0.1/8\", 7]\n"
      "[sorce]\n"
      "ban = \"1m\"\n"
      "[observer]\n"
      "snaplen = 1\n"
      "[shadow]\n"
      "file = \"x\"\n");
  EXPECT_FALSE(loaded.config.has_value());
  EXPECT_THAT(
      Errors(loaded),
      ElementsAre("t.toml:3:1: gate.thread: there is no such key; did you mean gate.threads?",
                  StartsWith("t.toml:4:7: gate.tls: \"yes\" is none of"),
                  "t.toml:6:7: pending.max: 0 is outside 1 to 1000000",
                  StartsWith("t.toml:7:12: pending.deadline: expected a time with its unit"),
                  StartsWith("t.toml:9:25: source.exempt: \"10.0.0.1/8\" is no network"),
                  StartsWith("t.toml:9:39: source.exempt: expected text"),
                  "t.toml:10:2: sorce: there is no such table; did you mean source?",
                  "t.toml:13:11: observer.snaplen: 1 is outside 96 to 65535",
                  StartsWith("t.toml:15:1: shadow.file: there is no such key")));
}

// toml++ 3.3 takes it for something that nobody asks about.
TEST(Config, LettersBehindAValueAreAnErrorAndNoWhiteSpace) {
  for (const char* letter : {"\xc6\xa3", "\xc3\xbc", "\xd2\x99"}) {
    const std::string text = std::string("[gate]\nmax_connections = 151") + letter + "\n";
    EXPECT_THAT(Errors(Parse(text)), ElementsAre(StartsWith("t.toml:2"))) << letter;
  }
}

TEST(Config, SyntaxErrorHasItsPlace) {
  EXPECT_THAT(Errors(Parse("[gate]\nbackend = [\n")), ElementsAre(StartsWith("t.toml:")));
  EXPECT_THAT(Errors(Parse("[gate]\nmode = \"observe\"\nmode = \"enforce\"\n")),
              ElementsAre(StartsWith("t.toml:3:")));
}

TEST(Config, BackendIsNeeded) {
  EXPECT_THAT(Errors(Parse("")), ElementsAre(HasSubstr("gate.backend: needed")));
  EXPECT_THAT(Errors(Parse("[gate]\nbackend = []\n")),
              ElementsAre(HasSubstr("t.toml:2:1: gate.backend: needed")));
  EXPECT_THAT(Errors(Parse("[gate]\nbackend = [\"192.0.2.1\"]\n")),
              ElementsAre(HasSubstr("t.toml:2:12: gate.backend: \"192.0.2.1\" is no address")));
}

TEST(Config, KeyInTheWrongTableIsToldWhereItBelongs) {
  EXPECT_THAT(Errors(ParseBeside("[source]\nin_progress = 4\n")),
              ElementsAre(HasSubstr("source.in_progress: there is no such key; it belongs into "
                                    "[login]")));
}

TEST(Config, TablesOfTheWrongShape) {
  EXPECT_THAT(Errors(ParseBeside("pending = 5\n")), ElementsAre(HasSubstr("expected a table")));
  EXPECT_THAT(Errors(ParseBeside("[class]\nname = \"a\"\n")), ElementsAre(HasSubstr("[[class]]")));
  EXPECT_THAT(Errors(ParseBeside("class = [1]\n")), ElementsAre(HasSubstr("expected a table")));
}

TEST(Config, ControlBytesOfAKeyDoNotReachTheTerminal) {
  const auto errors = Errors(ParseBeside("[log]\n\"a\\u001b[2J\" = 1\n"));
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].find('\x1b'), std::string::npos);
}

TEST(Config, PassedSocketsStandAlone) {
  const std::string rest =
      "[gate]\nbackend = [\"192.0.2.1:1\"]\nproxy_to_backend = \"v2\"\nlisten = ";
  for (const char* listen : {"\"systemd\"", "[\"systemd\"]"}) {
    const Loaded loaded = Parse(rest + listen + "\n");
    ASSERT_TRUE(loaded.config.has_value()) << listen;
    ASSERT_EQ(loaded.config->listen.size(), 1u);
    EXPECT_TRUE(loaded.config->listen[0].IsPassed());
    EXPECT_EQ(ToText(loaded.config->listen[0]), "systemd");
    EXPECT_TRUE(TcpPorts(loaded.config->listen).empty());
  }
  EXPECT_THAT(Errors(Parse(rest + "[\"systemd\", \"0.0.0.0:3306\"]\n")),
              ElementsAre(HasSubstr("stands alone")));
  EXPECT_THAT(Errors(Parse(rest + "\"0.0.0.0:3306\"\n")),
              ElementsAre(HasSubstr("a list of addresses")));
  EXPECT_THAT(Errors(Parse("[gate]\nbackend = [\"systemd\"]\n")), Not(IsEmpty()));
}

TEST(Config, UnreadableFileIsOneProblem) {
  EXPECT_THAT(Errors(LoadConfig("/nonexistent/headgate.toml")),
              ElementsAre(HasSubstr("No such file")));
  EXPECT_THAT(Errors(LoadConfig("/")), ElementsAre(HasSubstr("no regular file")));
}

}  // namespace
}  // namespace headgate::guard
