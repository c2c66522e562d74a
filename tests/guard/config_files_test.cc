#include "guard/config_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

Loaded ParseAll(const std::vector<std::string>& texts) {
  std::vector<ConfigFile> files = {{"m.toml", Beside(texts.at(0)), ""}};
  for (std::size_t i = 1; i < texts.size(); ++i) {
    files.push_back({"d" + std::to_string(i) + ".toml", texts[i], ""});
  }
  return ParseConfig(files, QuietHost());
}

// Which value is replaced where.
std::vector<std::string> Replaced(const Loaded& loaded) {
  std::vector<std::string> out;
  for (const Problem& note : loaded.notes) out.push_back(ToText(note));
  return out;
}

TEST(ConfigMerge, LaterFilesHaveTheLastWord) {
  const Loaded loaded = ParseAll({"[pending]\nmax = 7\ndeadline = \"2s\"\n",
                                  "[pending]\nmax = 8\n[source]\nexempt = [\"10.0.0.0/8\"]\n",
                                  "pending.max = 9\nsource.exempt = []\n"});
  ASSERT_TRUE(loaded.config.has_value());
  EXPECT_EQ(loaded.config->limits.pending.max, 9u);
  EXPECT_EQ(loaded.config->limits.pending.deadline, std::chrono::seconds(2));
  EXPECT_THAT(loaded.config->limits.source.exempt, IsEmpty());
  EXPECT_THAT(Replaced(loaded),
              ElementsAre("d1.toml:2:1: note: pending.max: replaces what stands in m.toml:4:1",
                          "d2.toml:1:9: note: pending.max: replaces what stands in d1.toml:2:1",
                          "d2.toml:2:8: note: source.exempt: replaces what stands in d1.toml:4:1"));
}

TEST(ConfigMerge, ClassesAndRulesAddUp) {
  const auto c = [](const std::string& n) {
    return "[[class]]\nname = \"" + n + "\"\nusers = [\"" + n + "\"]\n";
  };
  const auto r = [](const std::string& n) {
    return "[[rule]]\nname = \"" + n + "\"\nuser = \"" + n + "\"\n";
  };
  const Loaded loaded = ParseAll({c("b") + r("y"), r("x") + c("a"), c("c")});
  ASSERT_TRUE(loaded.config.has_value());
  std::vector<std::string> names;
  for (const ClassLimits& each : loaded.config->limits.classes) names.push_back(each.name);
  for (const Rule& each : loaded.config->limits.rules) names.push_back(each.name);
  EXPECT_THAT(names, ElementsAre("b", "a", "c", "default", "y", "x"));
  EXPECT_THAT(Replaced(loaded), IsEmpty());
}

// A class is made of [query], which may stand in a later file.
TEST(ConfigMerge, ClassesInheritFromEveryFile) {
  const Loaded loaded = ParseAll(
      {"[[class]]\nname = \"a\"\nusers = [\"a\"]\n", "[query]\nrunning = 5\n",
       "[pressure.attack]\nquery = { running = 2 }\n[default_class]\nquery = { running = 6 }\n"});
  ASSERT_TRUE(loaded.config.has_value());
  EXPECT_EQ(loaded.config->limits.classes[0].query.running, 5u);
  EXPECT_EQ(loaded.config->limits.classes[1].query.running, 6u);
  EXPECT_EQ(loaded.config->limits.At(Level::kAttack).query.running, 2u);
}

TEST(ConfigMerge, EveryProblemHasItsOwnPlace) {
  const std::string a = "[[class]]\nname = \"a\"\nusers = [\"a\"]\n";
  const Loaded loaded =
      ParseAll({a + "[login]\nlock = \"2m\"\n", "[pendin]\nmax = 1\n", "\n" + a,
                "\n\n[login]\nlock_max = \"1m\"\n[slots]\nmax_connections = 0\n"});
  EXPECT_FALSE(loaded.config.has_value());
  EXPECT_THAT(Errors(loaded),
              ElementsAre(AllOf(StartsWith("m.toml:7:1: login.lock: "), HasSubstr("lock_max")),
                          StartsWith("d1.toml:1:2: pendin: there is no such table"),
                          "d2.toml:3:1: class.name: \"a\" is the name of two classes",
                          StartsWith("d3.toml:6:19: slots.max_connections: 0 is outside")));
}

// It may come to the top again when the later file goes.
TEST(ConfigMerge, WhatIsReplacedHasToBeRightAsWell) {
  EXPECT_THAT(Errors(ParseAll({"pending.max = 0\n", "pending.max = 5\n"})),
              ElementsAre(StartsWith("m.toml:3:15: pending.max: 0 is outside")));
}

TEST(ConfigMerge, OneFileOfNoTomlHidesNoneOfTheOthers) {
  std::vector<ConfigFile> files = {
      {"m.toml", "[gate]\nbackend = [\n", ""},
      {"a.toml", "[pending]\nmax = 0\n", ""},
      {"b.toml", "", "cannot be read: Permission denied"},
      {"c.toml", "x", ""},
  };
  // Nothing is said of a missing backend: it may well stand in the first.
  EXPECT_THAT(
      Errors(ParseConfig(files, QuietHost())),
      ElementsAre(StartsWith("m.toml:2:"), StartsWith("a.toml:2:7: pending.max: 0 is outside"),
                  "b.toml: cannot be read: Permission denied",
                  AllOf(StartsWith("c.toml:1:"), HasSubstr("no TOML"))));
}

class ConfigFiles : public ::testing::Test {
 protected:
  ConfigFiles() {
    std::string name = ::testing::TempDir() + "headgate-conf-XXXXXX";
    dir_ = mkdtemp(name.data());
    main_ = dir_ / "headgate.toml";
    Write(main_, Beside(""));
  }
  ~ConfigFiles() override {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }

  static void Write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void DropIn(const std::string& name, const std::string& text) {
    Write(dir_ / "conf.d" / name, text);
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const ConfigFile& file : ReadConfigFiles(main_.string())) {
      EXPECT_EQ(file.error, "") << file.name;
      names.push_back(fs::path(file.name).filename().string());
    }
    return names;
  }

  fs::path dir_;
  fs::path main_;
};

TEST_F(ConfigFiles, ByNameByteByByte) {
  EXPECT_THAT(Names(), ElementsAre("headgate.toml"));
  for (const char* name : {"b.toml", "a.toml", "B.toml", "10.toml", "9.toml", "\xc3\xa4.toml",
                           ".hidden.toml", ".toml", "c.toml~", "d.toml.bak", "README"}) {
    DropIn(name, "");
  }
  EXPECT_THAT(Names(), ElementsAre("headgate.toml", "10.toml", "9.toml", "B.toml", "a.toml",
                                   "b.toml", "\xc3\xa4.toml"));
}

TEST_F(ConfigFiles, LoadConfigMergesThem) {
  DropIn("10-a.toml", "pending.max = 8\n");
  DropIn("20-b.toml", "pending.max = 9\n");
  const Loaded loaded = LoadConfig(main_.string());
  ASSERT_TRUE(loaded.config.has_value());
  EXPECT_EQ(loaded.config->limits.pending.max, 9u);
  DropIn("15-c.toml", "pending.maxx = 9\n");
  EXPECT_THAT(Errors(LoadConfig(main_.string())),
              ElementsAre(StartsWith((dir_ / "conf.d/15-c.toml:1:9: pending.maxx: ").string())));
}

TEST_F(ConfigFiles, OnlyRegularFiles) {
  Write(dir_ / "elsewhere", "pending.max = 5\n");
  fs::create_directories(dir_ / "conf.d/dir.toml");
  fs::create_symlink(dir_ / "elsewhere", dir_ / "conf.d/link.toml");
  fs::create_symlink(dir_ / "nowhere", dir_ / "conf.d/loose.toml");
  ASSERT_EQ(mkfifo((dir_ / "conf.d/pipe.toml").c_str(), 0600), 0);
  const Loaded loaded = LoadConfig(main_.string());
  EXPECT_THAT(Errors(loaded), ElementsAre(EndsWith("conf.d/dir.toml: is no regular file"),
                                          EndsWith("conf.d/loose.toml: No such file or directory"),
                                          EndsWith("conf.d/pipe.toml: is no regular file")));
}

TEST_F(ConfigFiles, AtMost64) {
  for (int i = 0; i < 64; ++i) DropIn(std::to_string(i) + ".toml", "");
  EXPECT_THAT(Names(), SizeIs(65));
  DropIn("one-more.toml", "");
  EXPECT_THAT(Errors(LoadConfig(main_.string())),
              ElementsAre(EndsWith("conf.d: holds more than 64 files *.toml")));
}

TEST_F(ConfigFiles, AtMostOneMegabyteEachAndFourTogether) {
  const std::string full((1 << 20) - 1, '#');
  DropIn("a.toml", full + "##");
  EXPECT_THAT(Errors(LoadConfig(main_.string())), ElementsAre(EndsWith("is larger than 1 MiB")));
  for (const char* name : {"a", "b", "c", "d"}) DropIn(std::string(name) + ".toml", full + "\n");
  EXPECT_THAT(Errors(LoadConfig(main_.string())), IsEmpty());
  DropIn("e.toml", "\n");
  DropIn("f.toml", "nonsense");
  EXPECT_THAT(Errors(LoadConfig(main_.string())),
              ElementsAre(EndsWith("conf.d/e.toml: with it the conf.d directory is above 4 MiB")));
}

TEST_F(ConfigFiles, WhatCannotBeReadIsNamed) {
  Write(dir_ / "conf.d", "a file");
  EXPECT_THAT(Errors(LoadConfig(main_.string())),
              ElementsAre(EndsWith("conf.d: cannot be read: Not a directory")));
  fs::remove(dir_ / "conf.d");
  if (geteuid() == 0) GTEST_SKIP() << "root reads everything";
  DropIn("a.toml", "");
  fs::permissions(dir_ / "conf.d/a.toml", fs::perms::none);
  EXPECT_THAT(Errors(LoadConfig(main_.string())), ElementsAre(HasSubstr("a.toml: cannot be read")));
  fs::permissions(dir_ / "conf.d", fs::perms::none);
  EXPECT_THAT(Errors(LoadConfig(main_.string())), ElementsAre(HasSubstr("conf.d: cannot be read")));
  fs::permissions(dir_ / "conf.d", fs::perms::owner_all);
}

TEST_F(ConfigFiles, NamesAreFitForATerminal) {
  DropIn("a\x1b[2J.toml", "nonsense");
  EXPECT_THAT(Errors(LoadConfig(main_.string())), ElementsAre(Not(HasSubstr("\x1b"))));
}

TEST_F(ConfigFiles, AMissingMainFileHidesNoDropIn) {
  DropIn("a.toml", "pending.max = 0\n");
  fs::remove(main_);
  EXPECT_THAT(Errors(LoadConfig(main_.string())),
              ElementsAre(HasSubstr("No such file"), HasSubstr("a.toml:1:15: pending.max")));
}

}  // namespace
}  // namespace headgate::guard
