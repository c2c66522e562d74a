#include "net/memory_reserve.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <new>
#include <string>

// A sanitizer's operator new asks no handler.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEADGATE_OWN_NEW 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HEADGATE_OWN_NEW 0
#endif
#endif
#ifndef HEADGATE_OWN_NEW
#define HEADGATE_OWN_NEW 1
#endif

namespace headgate::net {
namespace {

constexpr std::size_t kSmall = 4096;

// In a process of its own each: the limit and the handler are the whole process's.
void LimitData(rlim_t limit) {
  rlimit now{};
  getrlimit(RLIMIT_DATA, &now);
  now.rlim_cur = limit;
  setrlimit(RLIMIT_DATA, &now);
}

std::size_t DataBytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  std::size_t kilobytes = 0;
  while (status >> word && word != "VmData:") continue;
  status >> kilobytes;
  return kilobytes << 10;
}

void Require(bool condition, int line) {
  if (condition) return;
  std::fprintf(stderr, "line %d\n", line);
  std::_Exit(1);
}

// Allocates until the heap has to grow beyond the limit; how many that were.
int TakeUntilDrawn(int most) {
  int taken = 0;
  while (taken < most && !MemoryReserve::drawn()) {
    static_cast<void>(::operator new(kSmall));  // the process ends with it
    ++taken;
  }
  return taken;
}

[[noreturn]] void DrawAndRefill() {
  MemoryReserve::Install();
  Require(MemoryReserve::Refill() && !MemoryReserve::drawn(), __LINE__);
  LimitData(DataBytes());
  // The heap may have had room for a piece or two.
  for (int left = 100; left > 0; --left) {
    Require(TakeUntilDrawn(100'000) < 100'000, __LINE__);
    Require(MemoryReserve::TakeDrawn() && !MemoryReserve::drawn(), __LINE__);
    if (!MemoryReserve::Refill()) break;
    Require(left > 1, __LINE__);
  }
  LimitData(RLIM_INFINITY);
  Require(MemoryReserve::Refill(), __LINE__);
  std::_Exit(0);
}

[[noreturn]] void UseUp() {
  MemoryReserve::Install();
  LimitData(DataBytes());
  std::size_t taken = 0;
  try {
    for (;;) {
      static_cast<void>(::operator new(kSmall));
      taken += kSmall;
    }
  } catch (const std::bad_alloc&) {
    LimitData(RLIM_INFINITY);
    Require(taken > MemoryReserve::kPiece * MemoryReserve::kPieces / 2, __LINE__);
    std::_Exit(0);
  }
}

TEST(MemoryReserve, IsDrawnOnWhereTheKernelGivesNoMoreAndPutBackWhenItDoes) {
  if (!HEADGATE_OWN_NEW) GTEST_SKIP();
  EXPECT_EXIT(DrawAndRefill(), ::testing::ExitedWithCode(0), "");
}

TEST(MemoryReserve, HasAnEnd) {
  if (!HEADGATE_OWN_NEW) GTEST_SKIP();
  EXPECT_EXIT(UseUp(), ::testing::ExitedWithCode(0), "");
}

TEST(MemoryReserve, WithoutOneThereIsNothingToWaitFor) {
  EXPECT_TRUE(MemoryReserve::Refill());
  EXPECT_FALSE(MemoryReserve::TakeDrawn());
}

}  // namespace
}  // namespace headgate::net
