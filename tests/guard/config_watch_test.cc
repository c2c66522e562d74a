#include "guard/config_watch.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace headgate::guard {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class ConfigWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/headgate-watch-XXXXXX";
    folder_ = mkdtemp(pattern);
    file_ = folder_ / "headgate.toml";
    Write(file_, "one");
  }
  void TearDown() override {
    watch_.Stop();
    fs::remove_all(folder_);
  }

  static void Write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  void Start() {
    watch_.Start(
        file_.string(), [this] { ++told_; }, kLook);
    watch_.Set(true);
    Rest();
  }
  // Long enough for some looks, however slow the machine.
  static void Rest() { std::this_thread::sleep_for(12 * kLook); }
  [[nodiscard]] bool Told(int times) const {
    for (int i = 0; i < 500 && told_ < times; ++i) std::this_thread::sleep_for(kLook);
    Rest();
    return told_ == times;
  }

  static constexpr Duration kLook = milliseconds(10);
  fs::path folder_, file_;
  std::atomic<int> told_{0};
  ConfigWatch watch_;
};

TEST_F(ConfigWatchTest, NothingChangesNothingIsTold) {
  Start();
  EXPECT_TRUE(Told(0));
}

TEST_F(ConfigWatchTest, TellsAChangeOnce) {
  Start();
  Write(file_, "another one");
  EXPECT_TRUE(Told(1));
}

TEST_F(ConfigWatchTest, TellsAFileThatTookItsPlace) {
  Start();
  Write(folder_ / "new", "one");
  fs::rename(folder_ / "new", file_);
  EXPECT_TRUE(Told(1));
}

TEST_F(ConfigWatchTest, TellsDropInsThatComeAndGo) {
  Start();
  fs::create_directory(folder_ / "conf.d");
  Write(folder_ / "conf.d" / "a.toml", "");
  EXPECT_TRUE(Told(1));
  fs::remove(folder_ / "conf.d" / "a.toml");
  EXPECT_TRUE(Told(2));
  Write(folder_ / "conf.d" / "a.toml~", "");
  EXPECT_TRUE(Told(2)) << "no drop-in";
}

TEST_F(ConfigWatchTest, AFileThatGoesIsAChange) {
  Start();
  fs::remove(file_);
  EXPECT_TRUE(Told(1));
}

TEST_F(ConfigWatchTest, LooksOnlyWhenItIsOn) {
  Start();
  watch_.Set(false);
  Rest();
  Write(file_, "unseen");
  EXPECT_TRUE(Told(0));
  watch_.Loaded(ConfigFootprint(file_.string()));  // as the reload that turns it on again
  watch_.Set(true);
  EXPECT_TRUE(Told(0)) << "it was read since";
  Write(file_, "seen again");
  EXPECT_TRUE(Told(1));
}

TEST_F(ConfigWatchTest, TellsWhatChangedBetweenALoadAndTheFirstLook) {
  watch_.Loaded(ConfigFootprint(file_.string()));
  Write(file_, "written while the gate was starting");
  Start();
  EXPECT_TRUE(Told(1));
}

TEST_F(ConfigWatchTest, TellsWhatChangedBetweenAReloadAndTheNextLook) {
  Start();
  const auto before = ConfigFootprint(file_.string());
  Write(file_, "read by a reload");
  EXPECT_TRUE(Told(1));
  watch_.Loaded(before);  // the reload had read the file before it was written
  EXPECT_TRUE(Told(2));
}

TEST_F(ConfigWatchTest, TellsThatAFileBecameReadable) {
  fs::permissions(file_, fs::perms::none);
  Start();
  fs::permissions(file_, fs::perms::owner_read);
  EXPECT_TRUE(Told(1));
}

// Root may list what nobody may: a conf.d that is a file is as unlistable, for everybody.
TEST_F(ConfigWatchTest, ALookThatCannotListIsNone) {
  fs::create_directory(folder_ / "conf.d");
  Write(folder_ / "conf.d" / "a.toml", "");
  Start();
  fs::rename(folder_ / "conf.d", folder_ / "away");
  fs::create_symlink("conf.d", folder_ / "conf.d");  // a circle
  EXPECT_TRUE(Told(0));
  EXPECT_FALSE(ConfigFootprint(file_.string()).has_value());
  fs::remove(folder_ / "conf.d");
  fs::rename(folder_ / "away", folder_ / "conf.d");
  EXPECT_TRUE(Told(0));
}

// A process without descriptors sees no drop-in: that is no change of them.
TEST_F(ConfigWatchTest, ALookWithoutADescriptorIsNone) {
  fs::create_directory(folder_ / "conf.d");
  Write(folder_ / "conf.d" / "a.toml", "");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto seen = ConfigFootprint(file_.string());
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_FALSE(seen.has_value());
  EXPECT_TRUE(ConfigFootprint(file_.string()).has_value());
}

TEST_F(ConfigWatchTest, EndsAtOnceThoughItHasJustBegun) {
  watch_.Start(
      file_.string(), [this] { ++told_; }, std::chrono::hours(1));
  watch_.Set(true);
  watch_.Stop();
  EXPECT_EQ(told_, 0);
}

TEST(ConfigFootprint, IsBoundedByWhatAConfigMayHave) {
  char pattern[] = "/tmp/headgate-watch-XXXXXX";
  const fs::path folder = mkdtemp(pattern);
  fs::create_directory(folder / "conf.d");
  for (int i = 0; i < 200; ++i) {
    std::ofstream(folder / "conf.d" / (std::to_string(i) + ".toml")) << "";
  }
  const auto print = ConfigFootprint((folder / "headgate.toml").string());
  ASSERT_TRUE(print.has_value());
  EXPECT_LE(std::count(print->begin(), print->end(), '\n'), 66);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace headgate::guard
