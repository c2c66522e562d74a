#include "guard/state_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include "guard/state_place.h"
#include "tests/guard/state_testing.h"

namespace headgate::guard {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

TEST(StateKeeper, SavesWhatChanged) {
  const Folder folder;
  SavedState state = SomeState();
  StateKeeper keeper(folder / "state", [&] { return state; });
  EXPECT_TRUE(keeper.Save().ok());
  EXPECT_TRUE(keeper.Save().ok());
  state.known_good[0].age += hours(1);
  EXPECT_TRUE(keeper.Save().ok());
  EXPECT_EQ(keeper.status().saves, 1u);
  ++state.known_good[0].minutes;
  EXPECT_TRUE(keeper.Save().ok());
  const LoadedState loaded = LoadState(folder / "state", 10);
  ASSERT_TRUE(loaded.state.has_value());
  EXPECT_EQ(loaded.state->known_good[0].minutes, 18u);
  const StateStatus status = keeper.status();
  EXPECT_EQ(status.saves, 2u);
  EXPECT_EQ(status.error, "");
  EXPECT_EQ(status.saved_unix_ms, state.unix_ms);
  EXPECT_EQ(status.path, folder / "state");
}

TEST(StateKeeper, AFailureIsTriedAgain) {
  const Folder folder;
  StateKeeper keeper(folder / "later/state", [] { return SomeState(); });
  EXPECT_THAT(std::string(keeper.Save().message()), HasSubstr("No such file"));
  EXPECT_THAT(keeper.status().error, HasSubstr("No such file"));
  std::filesystem::create_directory(folder / "later");
  EXPECT_TRUE(keeper.Save().ok());
  EXPECT_EQ(keeper.status().error, "");
}

// What changed and could not be saved, and then is as it was.
TEST(StateKeeper, AFailureIsOverWhenTheFileIsRightAgain) {
  const Folder folder;
  SavedState state = SomeState();
  StateKeeper keeper(folder / "state", [&] { return state; });
  ASSERT_TRUE(keeper.Save().ok());
  std::filesystem::create_directories(folder / "state.new/in_the_way");
  state.backend = "192.0.2.11:3306";
  EXPECT_FALSE(keeper.Save().ok());
  EXPECT_NE(keeper.status().error, "");
  state.backend = SomeState().backend;
  EXPECT_TRUE(keeper.Save().ok());
  EXPECT_EQ(keeper.status().error, "");
}

// Long before the hour is over.
TEST(StateKeeper, SavesAtOnceWhenAnotherBackendIsInUse) {
  const Folder folder;
  std::atomic<bool> switched{false};
  const auto current = [&] {
    return std::string(switched ? "192.0.2.11:3306" : "192.0.2.10:3306");
  };
  const auto snapshot = [&] {
    SavedState state = SomeState();
    state.backend = current();
    return state;
  };
  StateKeeper keeper(folder / "state", snapshot, current);
  ASSERT_TRUE(keeper.Save().ok());
  keeper.Start(hours(1), milliseconds(1));
  switched = true;
  while (keeper.status().saves < 2) std::this_thread::yield();
  const LoadedState loaded = LoadState(folder / "state", 10);
  ASSERT_TRUE(loaded.state.has_value());
  EXPECT_EQ(loaded.state->backend, "192.0.2.11:3306");
}

TEST(StateKeeper, SavesWhenAsked) {
  const Folder folder;
  StateKeeper keeper(folder / "state", [] { return SomeState(); });
  keeper.Start(hours(1), hours(1));
  keeper.SaveSoon();
  while (keeper.status().saves < 1) std::this_thread::yield();
  EXPECT_TRUE(LoadState(folder / "state", 10).state.has_value());
}

TEST(StateKeeper, SavesAtTheEnd) {
  const Folder folder;
  StateKeeper keeper(folder / "state", [] { return SomeState(); });
  keeper.Stop();
  EXPECT_TRUE(folder.Files().empty());  // never started
  keeper.Start(hours(1));
  keeper.Stop();
  EXPECT_TRUE(LoadState(folder / "state", 10).state.has_value());
  keeper.Stop();
  EXPECT_EQ(keeper.status().saves, 1u);
}

RunAs Ourselves() {
  RunAs self;
  self.uid = geteuid();
  self.gid = getegid();
  return self;
}

struct stat Look(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info;
}

TEST(StateFolder, IsMadeWhereItIsMissing) {
  const Folder folder;
  ASSERT_TRUE(MakeStateFolder(folder / "made/state", Ourselves()).ok());
  EXPECT_EQ(Look(folder / "made").st_mode & 0777, 0700u);
  EXPECT_TRUE(MakeStateFolder(folder / "made/state", Ourselves()).ok());
  const absl::Status deep = MakeStateFolder(folder / "not/made/state", Ourselves());
  EXPECT_THAT(std::string(deep.message()), HasSubstr("cannot make " + (folder / "not/made")));
}

TEST(StateFolder, IsGivenToWhoTheGateBecomes) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const Folder folder;
  std::filesystem::permissions(folder / ".", std::filesystem::perms(0755));
  RunAs nobody{65534, 65534, "nobody", true, false};
  ASSERT_TRUE(MakeStateFolder(folder / "made/state", nobody).ok());
  EXPECT_EQ(Look(folder / "made").st_uid, 65534u);
  EXPECT_EQ(geteuid(), 0u);
  // As a service manager makes it.
  ASSERT_EQ(mkdir((folder / "fresh").c_str(), 0700), 0);
  ASSERT_TRUE(MakeStateFolder(folder / "fresh/state", nobody).ok());
  EXPECT_EQ(Look(folder / "fresh").st_uid, 65534u);
  // Others may look into it, or it is a link: no folder that was made for us.
  ASSERT_EQ(mkdir((folder / "open").c_str(), 0755), 0);
  EXPECT_FALSE(MakeStateFolder(folder / "open/state", nobody).ok());
  EXPECT_EQ(Look(folder / "open").st_uid, 0u);
  ASSERT_EQ(mkdir((folder / "target").c_str(), 0700), 0);
  std::filesystem::create_directory_symlink(folder / "target", folder / "link");
  EXPECT_FALSE(MakeStateFolder(folder / "link/state", nobody).ok());
  EXPECT_EQ(Look(folder / "target").st_uid, 0u);
  // Somebody else's things are in it.
  ASSERT_EQ(mkdir((folder / "used").c_str(), 0700), 0);
  std::filesystem::create_directory(folder / "used/thing");
  const absl::Status status = MakeStateFolder(folder / "used/state", nobody);
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot write to " + (folder / "used")));
  EXPECT_EQ(Look(folder / "used").st_uid, 0u);
}

TEST(StateFolder, FilesAreReadAsWhoTheGateBecomes) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const Folder folder;
  std::filesystem::permissions(folder / ".", std::filesystem::perms(0755));
  ASSERT_TRUE(WriteState(folder / "state", StateJson(SomeState())).ok());
  RunAs nobody{65534, 65534, "nobody", true, false};
  {
    const ActAs user(nobody);
    const LoadedState loaded = LoadState(folder / "state", 10);
    EXPECT_FALSE(loaded.state.has_value());
    EXPECT_FALSE(loaded.may_save);
    EXPECT_THAT(loaded.warning, HasSubstr("Permission denied"));
    EXPECT_EQ(folder.Files(), std::set<std::string>{"state"});
  }
  EXPECT_TRUE(LoadState(folder / "state", 10).state.has_value());
}

}  // namespace
}  // namespace headgate::guard
