#include "guard/host_watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>

namespace headgate::guard {
namespace {

using std::chrono::seconds;

// A disk that can be made to hang, and a clock that is put forward. Both owned by whoever still
// looks.
struct World {
  DiskFigures Look(const HostConfig& paths) {
    std::unique_lock lock(mutex);
    ++begun;
    changed.notify_all();
    changed.wait(lock, [this] { return !hangs; });
    ++ended;
    changed.notify_all();
    return {.disk_total = paths.data_dir.size(), .disk_free = 1, .error_log_bytes = {}};
  }
  void Hang(bool on) {
    const std::lock_guard lock(mutex);
    hangs = on;
    changed.notify_all();
  }
  // Until a look hangs; all before it are published then.
  void AwaitStuck() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return begun > ended; });
  }
  // Until another look has begun; all before it are published then.
  void AwaitNext() {
    std::unique_lock lock(mutex);
    const int before = begun;
    changed.wait(lock, [this, before] { return begun > before; });
  }

  std::mutex mutex;
  std::condition_variable changed;
  bool hangs = false;
  int begun = 0, ended = 0;
  std::atomic<std::int64_t> second = 100;
};

class HostWatchTest : public ::testing::Test {
 protected:
  ~HostWatchTest() override { world_->Hang(false); }

  HostWatch::Eyes Eyes() {
    HostWatch::Eyes eyes;
    eyes.proc = [] {
      ProcFigures out;
      out.host.memory_total = 7;
      out.process.open_descriptors = 5;
      return out;
    };
    eyes.disk = [world = world_](const HostConfig& paths) { return world->Look(paths); };
    eyes.now = [world = world_] { return Time(seconds(world->second)); };
    eyes.options.pause = Duration(1);
    return eyes;
  }
  // Two looks: there may have been none yet.
  void AwaitPublished() {
    world_->AwaitNext();
    world_->AwaitNext();
  }
  HostFigures Host() const { return watch_.Latest().host; }

  const std::shared_ptr<World> world_ = std::make_shared<World>();
  HostWatch watch_{Eyes()};
};

TEST_F(HostWatchTest, NothingIsKnownBeforeTheFirstLook) {
  world_->Hang(true);
  watch_.Start({.data_dir = "/data", .error_log = ""});
  world_->AwaitStuck();
  EXPECT_EQ(Host().disk_total, std::nullopt);
  EXPECT_EQ(Host().disk_looked_ago, Duration::zero());
}

TEST_F(HostWatchTest, WhoAsksGetsACopy) {
  watch_.Start({.data_dir = "/data", .error_log = ""});
  AwaitPublished();
  EXPECT_EQ(Host().disk_total, 5u);
  EXPECT_EQ(Host().disk_looked_ago, Duration::zero());
}

TEST_F(HostWatchTest, ADiskThatHangsCostsItsOwnFiguresOnly) {
  watch_.Start({.data_dir = "/data", .error_log = ""});
  AwaitPublished();
  world_->Hang(true);
  world_->AwaitStuck();
  world_->second += 30;
  EXPECT_EQ(Host().disk_total, 5u) << "30 s old, and no older";
  EXPECT_EQ(Host().disk_looked_ago, seconds(30));
  world_->second += 1;
  EXPECT_EQ(Host().disk_total, std::nullopt);
  EXPECT_EQ(Host().disk_looked_ago, seconds(31));
  world_->Hang(false);
  AwaitPublished();
  EXPECT_EQ(Host().disk_total, 5u);
}

TEST_F(HostWatchTest, AnEndDoesNotWaitForADiskThatHangs) {
  auto watch = std::make_unique<HostWatch>(Eyes());
  world_->Hang(true);
  watch->Start({.data_dir = "/data", .error_log = ""});
  world_->AwaitStuck();
  watch->Stop();
  watch.reset();
  // It comes back after all: what it uses is still there.
  world_->Hang(false);
  std::unique_lock lock(world_->mutex);
  world_->changed.wait(lock, [this] { return world_->ended == 1; });
}

TEST_F(HostWatchTest, OtherPathsAfterAReload) {
  watch_.Start({.data_dir = "/data", .error_log = ""});
  AwaitPublished();
  world_->Hang(true);
  world_->AwaitStuck();
  watch_.Set({.data_dir = "/elsewhere", .error_log = ""});
  EXPECT_EQ(Host().disk_total, std::nullopt) << "that was of the folder before";
  world_->Hang(false);
  AwaitPublished();
  EXPECT_EQ(Host().disk_total, 10u);
  watch_.Set({.data_dir = "", .error_log = ""});
  EXPECT_EQ(Host().disk_looked_ago, std::nullopt) << "there is nothing to look at";
}

TEST_F(HostWatchTest, TheSamePathsAfterAReloadForgetNothing) {
  const HostConfig paths{.data_dir = "/data", .error_log = ""};
  watch_.Start(paths);
  AwaitPublished();
  world_->Hang(true);
  watch_.Set(paths);
  EXPECT_EQ(Host().disk_total, 5u);
}

TEST(HostWatch, OfThisHost) {
  HostWatch watch([] { return Time(seconds(1)); });
  watch.Start({.data_dir = "/", .error_log = ""});
  ProcFigures seen;
  while (!seen.process.open_descriptors || !seen.host.disk_total) seen = watch.Latest();
  EXPECT_TRUE(seen.host.memory_total);
  watch.Stop();
}

TEST(LookAtDisk, TheDiskAndTheErrorLogByTheirPaths) {
  std::string name = ::testing::TempDir() + "host-watch-XXXXXX";
  const std::filesystem::path root = mkdtemp(name.data());
  const std::string log = (root / "error.log").string();
  std::ofstream(log) << "twelve bytes";
  const DiskFigures f = LookAtDisk({.data_dir = root.string(), .error_log = log});
  EXPECT_EQ(f.error_log_bytes, 12u);
  ASSERT_TRUE(f.disk_total && f.disk_free);
  EXPECT_GT(*f.disk_total, 0u);
  EXPECT_LE(*f.disk_free, *f.disk_total);
  const DiskFigures none = LookAtDisk({.data_dir = "/no/such/folder", .error_log = root.string()});
  EXPECT_EQ(none.disk_total, std::nullopt);
  EXPECT_EQ(none.error_log_bytes, std::nullopt) << "a folder is no log";
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace headgate::guard
