#include "guard/origins.h"

#include <gtest/gtest.h>

#include "policies/own_key.h"
#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

Origins OriginsOf(const std::vector<ConfigFile>& files) {
  const Loaded loaded = ParseConfig(files, QuietHost());
  EXPECT_TRUE(loaded.config.has_value())
      << (loaded.problems.empty() ? "" : ToText(loaded.problems.front()));
  return loaded.origins;
}

std::string InClass(const std::string& name, const std::string& key) {
  return "class." + name + kOfClass + key;
}

constexpr char kText[] = R"([gate]
backend = ["192.0.2.10:3306"]
[source]
connect_rate = "50/s"
[query]
running = 7
[query.unknown]
busy = 1
[default_class]
max = "50%"
[[class]]
name = "first"
users = ["a"]
[[class]]
name = "a.query.b"
users = ["b"]
reserve = 3
query = { running = 5 }
[[rule]]
name = "no sleep"
trait = "sleep"
action = "refuse"
[pressure.attack.source]
connections = 3
)";

TEST(OriginsTest, EveryKeyHasItsLine) {
  const Origins o = OriginsOf({{"h.toml", kText, ""}});
  EXPECT_EQ(o.Of("source.connect_rate"), "h.toml:4");
  EXPECT_EQ(o.Of("query.unknown.busy"), "h.toml:8");
  EXPECT_EQ(o.Of("default_class.max"), "h.toml:10");
  EXPECT_EQ(o.Of(InClass("a.query.b", "reserve")), "h.toml:17");
  EXPECT_EQ(o.Of(InClass("a.query.b", "query.running")), "h.toml:18");
  EXPECT_EQ(o.Of("rule.no sleep"), "h.toml:19");
  EXPECT_EQ(o.Of("pressure.attack.source.connections"), "h.toml:24");
}

TEST(OriginsTest, WhatIsInheritedHasTheLineItComesFrom) {
  const Origins o = OriginsOf({{"h.toml", kText, ""}});
  EXPECT_EQ(o.Of(InClass("first", "query.running")), "h.toml:6");
  EXPECT_EQ(o.Of("default_class.query.running"), "h.toml:6");
  EXPECT_EQ(o.Of(InClass("first", "query.busy")), "default");
  EXPECT_EQ(o.Of(InClass("first", "shape.log")), "default");
  EXPECT_EQ(o.Of(InClass("first", "max")), "default");
  EXPECT_EQ(o.Of("source.ban"), "default");
  EXPECT_EQ(o.Of("pressure.attack.source.connect_rate"), "default");
  EXPECT_EQ(o.Of("nonsense"), "default");
}

TEST(OriginsTest, TheLastFileThatSaysItIsNamed) {
  const Origins o =
      OriginsOf({{"h.toml", kText, ""},
                 {"conf.d/10.toml", "source.connect_rate = \"1/s\"\n", ""},
                 {"conf.d/20.toml", "[[class]]\nname = \"c\"\nusers = [\"c\"]\n", ""}});
  EXPECT_EQ(o.Of("source.connect_rate"), "conf.d/10.toml:1");
  EXPECT_EQ(o.Of(InClass("c", "users")), "conf.d/20.toml:3");
}

TEST(OriginsTest, ABadFileHasNone) {
  const Loaded loaded = Parse("[source]\nconnect_rate = 5\n");
  EXPECT_FALSE(loaded.config.has_value());
  EXPECT_EQ(loaded.origins.Of("source.connect_rate"), "default");
}

TEST(OriginsTest, WhatNeedsARestartKeepsItsOldPlace) {
  Origins running, next;
  running.Set("source.table_size", "h.toml:9");
  next.Set("source.table_size", "h.toml:12");
  next.Set("gate.threads", "h.toml:3");
  next.Set("source.ban", "h.toml:4");
  next.Keep(running, {"source.table_size", "gate.threads"});
  EXPECT_EQ(next.Of("source.table_size"), "h.toml:9");
  EXPECT_EQ(next.Of("gate.threads"), "default");
  EXPECT_EQ(next.Of("source.ban"), "h.toml:4");
}

// As one text with dots, the first class's "max" would be the second class itself.
TEST(OriginsTest, ClassesWithDotsInTheirNamesAreToldApart) {
  const Origins o = OriginsOf({{"h.toml",
                                "gate.backend = [\"192.0.2.10:3306\"]\n"
                                "[[class]]\nname = \"a\"\nusers = [\"a\"]\nmax = 9\n"
                                "query = { enforce = false }\n"
                                "[[class]]\nname = \"a.max\"\nusers = [\"b\"]\n"
                                "[[class]]\nname = \"a.query\"\nusers = [\"c\"]\nenforce = true\n",
                                ""}});
  EXPECT_EQ(o.Of(InClass("a", "max")), "h.toml:5");
  EXPECT_EQ(o.Of("class.a.max"), "h.toml:7");
  EXPECT_EQ(o.Of(InClass("a", "query.enforce")), "h.toml:6");
  EXPECT_EQ(o.Of(InClass("a.query", "enforce")), "h.toml:13");
}

}  // namespace
}  // namespace headgate::guard
