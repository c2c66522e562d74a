#include "guard/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "guard/exit_status.h"

namespace headgate::guard {
namespace {

// As a former gate does while it waits for a thread that hangs.
void WaitForEver() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  EndAfter(std::chrono::milliseconds(10));
  std::thread hung([] {
    for (;;) pause();
  });
  hung.join();
}

TEST(Signals, AProcessWhoseTimeIsOverEndsWhateverItsThreadsDo) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(WaitForEver(), testing::ExitedWithCode(kExitNo), "its time is over");
}

}  // namespace
}  // namespace headgate::guard
