// The hand-over, with a shell that says what a younger gate would.
#include "guard/upgrade.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include "tests/support/no_threads.h"

namespace headgate::guard {
namespace {

bool Settled(const std::function<bool()>& condition) {
  for (int i = 0; i < 500 && !condition(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return condition();
}

class UpgradeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/headgate-upgrade-XXXXXX";
    folder_ = mkdtemp(pattern);
    said_ = folder_ + "/said";
  }
  void TearDown() override {
    unlink(said_.c_str());
    rmdir(folder_.c_str());
  }

  // It says everything at once, and stays until it hears the end of this process's.
  Upgrade::Parts Parts() {
    Upgrade::Parts parts;
    parts.program = "/bin/sh";
    parts.arguments = {"sh", "-c",
                       "printf '{\"say\":\"ready\"}' >&3; printf '{\"say\":\"serving\"}' >&3; "
                       ": >" +
                           said_ + "; read end <&3"};
    parts.may = [] { return absl::OkStatus(); };
    parts.backend = [] { return std::string("192.0.2.10:3306"); };
    parts.estate = [] { return absl::StatusOr<Estate>(Estate()); };
    parts.hold = [] { return true; };
    parts.resume = [] {};
    parts.share = [this] {
      ++asked_;
      return Engine::Share();
    };
    parts.bans = [] { return std::string(); };
    parts.sessions = [] { return std::uint64_t{1}; };
    parts.let_go = [this](int) { asked_ = 0; };
    return parts;
  }

  std::string folder_, said_;
  std::atomic<int> asked_ = 0;
};

TEST_F(UpgradeTest, AnAbortThatComesTooLateDoesNotEndWhatTheOtherOneIsTold) {
  Upgrade* running = nullptr;
  Upgrade::Parts parts = Parts();
  parts.hold = [&] {
    const bool said = Settled([&] { return access(said_.c_str(), F_OK) == 0; });
    running->Abort();
    return said;
  };
  Upgrade upgrade(std::move(parts));
  running = &upgrade;
  ASSERT_TRUE(upgrade.Begin().ok());
  ASSERT_TRUE(Settled([&] { return upgrade.status().state == UpgradeState::kHandedOver; }))
      << upgrade.status().why;
  EXPECT_TRUE(Settled([&] { return asked_ > 2; })) << "slots are not told of any more";
  upgrade.Stop();
}

TEST_F(UpgradeTest, WithoutAThreadThereIsNoneAndTheNextOneIsTried) {
  Upgrade upgrade(Parts());
  {
    const NoThreads none;
    EXPECT_TRUE(absl::IsUnavailable(upgrade.Begin()));
  }
  EXPECT_EQ(upgrade.status().state, UpgradeState::kFailed);
  EXPECT_NE(upgrade.status().why.find("a thread: "), std::string::npos);
  ASSERT_TRUE(upgrade.Begin().ok());
  EXPECT_TRUE(Settled([&] { return upgrade.status().state == UpgradeState::kHandedOver; }))
      << upgrade.status().why;
  upgrade.Stop();
}

TEST_F(UpgradeTest, ABackendThatIsAnotherOneByThenIsNotLeftForTheFirst) {
  Upgrade::Parts parts = Parts();
  bool held = false, resumed = false;  // by the upgrade's thread; read once that has ended
  parts.hold = [&] { return held = true; };
  parts.backend = [&] { return std::string(held ? "192.0.2.11:3306" : "192.0.2.10:3306"); };
  parts.resume = [&] { resumed = true; };
  Upgrade upgrade(std::move(parts));
  ASSERT_TRUE(upgrade.Begin().ok());
  EXPECT_TRUE(Settled([&] { return upgrade.status().state == UpgradeState::kFailed; }));
  upgrade.Stop();
  EXPECT_NE(upgrade.status().why.find("another backend"), std::string::npos);
  EXPECT_TRUE(resumed);
  EXPECT_EQ(asked_, 0) << "what it has of the slots was handed over";
}

TEST_F(UpgradeTest, AGateThatEndsStartsNoOther) {
  Upgrade upgrade(Parts());
  upgrade.Abort();
  EXPECT_FALSE(upgrade.Begin().ok());
  EXPECT_EQ(upgrade.status().state, UpgradeState::kNone);
}

}  // namespace
}  // namespace headgate::guard
