// Every key takes what it should and nothing else, by its type.
#include "guard/config_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Examples {
  std::vector<std::string> good;
  std::vector<std::string> bad;
};

const std::map<std::string, Examples>& ByType() {
  static const std::map<std::string, Examples> examples = {
      {"boolean", {{"true", "false"}, {"1", "\"true\"", "[]"}}},
      {"whole number", {{"3000"}, {"-1", "\"5\"", "1.5", "99999999999", "true", "1979-05-27"}}},
      {"share", {{"0", "0.5", "1", "\"25%\"", "\"0%\""}, {"1.5", "-0.1", "\"x\"", "nan", "true"}}},
      {"time", {{"\"1s\"", "\"2m\""}, {"5", "\"5\"", "\"-5s\"", "\"9999d\"", "\"off\"", "[]"}}},
      {"rate", {{"\"5/s\"", "\"5/m burst 9\"", "\"off\""}, {"5", "\"5\"", "\"5/d\"", "true"}}},
      {"share or number",
       {{"\"5%\"", "40", "\"off\""}, {"0", "-1", "0.5", "\"0%\"", "\"101%\"", "\"x\"", "[]"}}},
      {"list of networks",
       {{"[]", "[\"10.0.0.0/8\", \"::1\", \"192.0.2.1\"]"},
        {"\"10.0.0.0/8\"", "[\"10.0.0.1/8\"]", "[\"host\"]", "[1]", "[\"10.0.0.0/33\"]"}}},
      {"list of names", {{"[\"a\", \"b*\"]"}, {"\"a\"", "[1]", "[[\"a\"]]"}}},
      {"whole number or \"off\"", {{"7", "\"off\""}, {"0", "-1", "\"7\"", "\"auto\"", "1.5"}}},
      {"whole number, \"auto\" or \"off\"",
       {{"7", "\"off\"", "\"auto\""}, {"0", "-1", "\"7\"", "true"}}},
      {"number or \"off\"",
       {{"2", "0.25", "\"off\""}, {"0", "-1", "10001", "\"2\"", "nan", "inf"}}},
      {"time or \"off\"", {{"\"5s\"", "\"off\""}, {"5", "\"1us\"", "\"9999d\"", "\"auto\""}}},
      {"size", {{"\"64KiB\"", "2048"}, {"\"off\"", "-1", "1", "\"64\"", "\"64KB\"", "1.5"}}},
      {"size or \"off\"", {{"\"1GiB\"", "\"off\""}, {"1", "\"auto\"", "\"-1KiB\"", "[]"}}},
      {"size, \"auto\" or \"off\"",
       {{"\"1MiB\"", "\"off\"", "\"auto\""}, {"1", "\"1023B\"", "\"999TiB\"", "\"x\""}}},
      {"list of commands",
       {{"[]", "[\"debug\", \"long_data\"]"}, {"5", "[\"DEBUG\"]", "[\"none\"]", "[[]]"}}},
      {"command or list of commands", {{"\"query\"", "[\"ping\"]"}, {"1", "\"Query\""}}},
      {"trait or list of traits", {{"\"sleep\"", "[\"sleep\"]"}, {"1", "\"kSleep\""}}},
      {"name or list of names", {{"\"a*\"", "[\"a\", \"b\"]"}, {"1", "[1]"}}},
      {"network or list of networks", {{"\"::1\"", "[\"10.0.0.0/8\"]"}, {"1", "\"10.0.0.1/8\""}}},
      {"growth",
       {{"\"25%/h\"", "\"0.5%/h\"", "\"off\""},
        {"0.25", "\"25%\"", "\"25%/s\"", "\"0%/h\"", "\"-1%/h\"", "\"10001%/h\"", "\"/h\""}}},
      {"regular expression", {{"\"a|b\""}, {"1", "\"(\"", "\"\"", "[\"a\"]"}}},
      {"whole number or \"auto\"",
       {{"\"auto\"", "151"}, {"0", "100001", "\"aut\"", "true", "\"151\""}}},
  };
  return examples;
}

template <class Target>
Faults Set(const Key<Target>& key, const std::string& value, Target& target) {
  const auto parsed = ReadToml("x = " + value + "\n");
  const Node& root = std::get<Node>(parsed);
  return key.set(std::get<Node::Table>(root.value).at(0).node, target);
}

template <class Target>
void TryAll(std::span<const Key<Target>> keys, std::size_t& tried) {
  for (const Key<Target>& key : keys) {
    const auto found = ByType().find(std::string(key.type));
    if (found == ByType().end()) continue;
    ++tried;
    for (const std::string& value : found->second.good) {
      Target target;
      // Their ranges end elsewhere; RangesHoldAtTheirEnds has some of them.
      static const std::set<std::string_view> kNarrow = {
          "threads", "minutes", "wait", "interval", "delay_for", "delay", "baseline"};
      if (kNarrow.contains(key.name) || key.table == "shape.points") continue;
      EXPECT_THAT(Set(key, value, target), IsEmpty()) << key.FullName() << " = " << value;
    }
    for (const std::string& value : found->second.bad) {
      Target target;
      const std::string before = key.get(target);
      const Faults faults = Set(key, value, target);
      EXPECT_THAT(faults, SizeIs(1)) << key.FullName() << " = " << value;
      EXPECT_EQ(key.get(target), before) << key.FullName() << " = " << value;
      for (const Fault& fault : faults) EXPECT_EQ(fault.at.line, 1u);
    }
  }
}

TEST(ConfigKeys, EveryTypeTakesWhatItShould) {
  std::size_t tried = 0;
  TryAll(ConfigKeys(), tried);
  TryAll(ClassKeys(), tried);
  TryAll(RuleKeys(), tried);
  TryAll(LevelKeys(), tried);
  EXPECT_GT(tried, 100u);
}

TEST(ConfigKeys, RangesHoldAtTheirEnds) {
  const struct {
    const char* key;
    const char* low;
    const char* high;
    const char* below;
    const char* above;
  } kCases[] = {
      {"gate.threads", "0", "256", "-1", "257"},
      {"gate.drain", "\"0s\"", "\"1h\"", "\"-1s\"", "\"61m\""},
      {"slots.keep_free", "0", "10000", "-1", "10001"},
      {"pending.max", "1", "1000000", "0", "1000001"},
      {"pending.deadline", "\"100ms\"", "\"5m\"", "\"99ms\"", "\"301s\""},
      {"waiting.max", "0", "100000", "-1", "100001"},
      {"login.in_progress", "1", "10000", "0", "10001"},
      {"login.lock_max", "\"1s\"", "\"7d\"", "\"999ms\"", "\"8d\""},
      {"source.ban_max", "\"1s\"", "\"30d\"", "\"0s\"", "\"31d\""},
      {"source.table_size", "1024", "16777216", "1023", "16777217"},
      {"known_good.minutes", "1", "1440", "0", "1441"},
      {"known_good.growth", "\"0.1%/h\"", "\"10000%/h\"", "\"0%/h\"", "\"10001%/h\""},
      {"pressure.calm_after", "\"1s\"", "\"1d\"", "\"999ms\"", "\"25h\""},
      {"pressure.elevated.when.free_slots", "0", "1", "-0.1", "1.1"},
      {"query.running", "1", "1000000", "0", "1000001"},
      {"query.wait", "\"0s\"", "\"1m\"", "\"-1s\"", "\"61s\""},
      {"query.deadline", "\"100ms\"", "\"7d\"", "\"99ms\"", "\"8d\""},
      {"query.busy", "0.001", "10000", "0", "10000.1"},
      {"query.packet", "\"1KiB\"", "\"1GiB\"", "1023", "\"2GiB\""},
      {"query.result", "\"1KiB\"", "\"1TiB\"", "1023", "\"2TiB\""},
      {"query.inspect", "\"1KiB\"", "\"1MiB\"", "1023", "\"2MiB\""},
      {"query.digests", "64", "1048576", "63", "1048577"},
      {"query.unknown.stalled_read", "\"1s\"", "\"1d\"", "\"999ms\"", "\"25h\""},
      {"shape.refuse", "1", "65535", "0", "65536"},
      {"shape.points.sleep", "0", "1000", "-1", "1001"},
      {"monitor.interval", "\"100ms\"", "\"1m\"", "\"99ms\"", "\"61s\""},
  };
  std::map<std::string, const Key<Config>*> keys;
  for (const auto& key : ConfigKeys()) keys[key.FullName()] = &key;
  for (const auto& c : kCases) {
    ASSERT_TRUE(keys.contains(c.key)) << c.key;
    Config config;
    EXPECT_THAT(Set(*keys[c.key], c.low, config), IsEmpty()) << c.key;
    EXPECT_THAT(Set(*keys[c.key], c.high, config), IsEmpty()) << c.key;
    EXPECT_THAT(Set(*keys[c.key], c.below, config), SizeIs(1)) << c.key;
    EXPECT_THAT(Set(*keys[c.key], c.above, config), SizeIs(1)) << c.key;
  }
}

TEST(ConfigKeys, ChoicesTakeTheirNamesOnly) {
  std::size_t tried = 0;
  for (const auto& key : ConfigKeys()) {
    if (key.type != "choice") continue;
    ++tried;
    Config config;
    EXPECT_THAT(Set(key, key.get(config), config), IsEmpty()) << key.FullName();
    EXPECT_THAT(Set(key, "\"nonsense\"", config), SizeIs(1)) << key.FullName();
    EXPECT_THAT(Set(key, "3", config), SizeIs(1)) << key.FullName();
  }
  EXPECT_EQ(tried, 9u);
}

TEST(ConfigKeys, WhatIsSetIsRead) {
  const Loaded loaded = Parse(
      "[gate]\nbackend = [\"unix:/run/m.sock\"]\nproxy_to_backend = \"v2\"\nmode = \"observe\"\n"
      "listen = [\"[2001:db8::1]:3307\"]\n"
      "[refuse]\nhow = \"drop\"\n[login]\nknown_good_share = \"25%\"\nfailures = \"off\"\n"
      "[source]\nconnections = 12\nprefix_connections = \"off\"\nenforce = false\n"
      "[[class]]\nname = \"a\"\nusers = [\"a?\"]\nmax = 9\nqueue = \"2s\"\n"
      "[default_class]\nreserve = 4\n");
  ASSERT_TRUE(loaded.config.has_value()) << Errors(loaded).at(0);
  const Config& c = *loaded.config;
  EXPECT_EQ(ToText(c.backend[0]), "unix:/run/m.sock");
  EXPECT_EQ(ToText(c.listen[0]), "[2001:db8::1]:3307");
  EXPECT_EQ(c.proxy_to_backend, ProxyToBackend::kV2);
  EXPECT_EQ(c.limits.mode, Mode::kObserve);
  EXPECT_EQ(c.limits.how, RefuseHow::kDrop);
  EXPECT_EQ(c.limits.login.known_good_share, 0.25);
  EXPECT_TRUE(c.limits.login.failures.Off());
  EXPECT_EQ(c.limits.source.connections, Share::Number(12));
  EXPECT_EQ(c.limits.source.prefix_connections, Share::Off());
  EXPECT_FALSE(c.limits.source.enforce);
  ASSERT_THAT(c.limits.classes, SizeIs(2));
  EXPECT_EQ(c.limits.classes[0].name, "a");
  EXPECT_EQ(c.limits.classes[0].max, Share::Number(9));
  EXPECT_EQ(c.limits.classes[0].queue, std::chrono::seconds(2));
  EXPECT_EQ(c.limits.classes[1].name, "default");
  EXPECT_EQ(c.limits.classes[1].reserve, 4u);
}

TEST(ConfigKeys, DefaultsAreValidValues) {
  for (const auto& key : ConfigKeys()) {
    const Config defaults;
    Config config;
    EXPECT_THAT(Set(key, key.get(defaults), config), IsEmpty()) << key.FullName();
    EXPECT_EQ(key.get(config), key.get(defaults)) << key.FullName();
  }
}

}  // namespace
}  // namespace headgate::guard
