#include "guard/state_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "guard/state_place.h"
#include "tests/guard/state_testing.h"

namespace headgate::guard {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;

TEST(StateKeeper, SavesWhatChanged) {
  const Folder folder;
  SavedState state = SomeState();
  StateKeeper keeper(folder / "state", [&] { return state; });
  EXPECT_TRUE(keeper.SaveIfChanged());
  EXPECT_FALSE(keeper.SaveIfChanged());
  state.known_good[0].age += hours(1);
  EXPECT_FALSE(keeper.SaveIfChanged());
  ++state.known_good[0].minutes;
  EXPECT_TRUE(keeper.SaveIfChanged());
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
  EXPECT_FALSE(keeper.SaveIfChanged());
  EXPECT_THAT(keeper.status().error, HasSubstr("No such file"));
  std::filesystem::create_directory(folder / "later");
  EXPECT_TRUE(keeper.SaveIfChanged());
  EXPECT_EQ(keeper.status().error, "");
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
  std::filesystem::create_directory(folder / "fresh");
  ASSERT_TRUE(MakeStateFolder(folder / "fresh/state", nobody).ok());
  EXPECT_EQ(Look(folder / "fresh").st_uid, 65534u);
  // Somebody else's things are in it.
  std::filesystem::create_directories(folder / "used/thing");
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
  }
  EXPECT_TRUE(LoadState(folder / "state", 10).state.has_value());
}

}  // namespace
}  // namespace headgate::guard
