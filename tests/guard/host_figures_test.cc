#include "guard/host_figures.h"

#include <gtest/gtest.h>

#include <string_view>

namespace headgate::guard {
namespace {

constexpr std::string_view kStat =
    "cpu  100 20 30 400 50 6 7 8 90 10\n"
    "cpu0 50 10 15 200 25 3 3 4 45 5\n"
    "intr 12345 0 9\n"
    "btime 1700000000\n"
    "processes 99\n";

TEST(ParseCpu, IdleAndWaitingForADiskAreNotBusyAndGuestsAreNotCountedTwice) {
  EXPECT_EQ(ParseCpu(kStat), (CpuTicks{.busy = 171, .total = 621}));
}

TEST(ParseCpu, NothingOfWhatIsNoSuchText) {
  for (const std::string_view text :
       {"", "cpu", "cpu ", "cpu  1 2 3 4 5 6 7", "cpu  1 2 3 x 5 6 7 8", "cpu0 1 2 3 4 5 6 7 8",
        "cpu  1 2 3 4 5 6 7 99999999999999999999999"}) {
    EXPECT_EQ(ParseCpu(text), std::nullopt) << text;
  }
}

// A text that ends early is either read whole where the end does not matter, or not at all.
TEST(ParseCpu, CutAnywhere) {
  const std::string_view line = kStat.substr(0, kStat.find('\n'));
  for (std::size_t n = 0; n < line.size(); ++n) {
    const auto ticks = ParseCpu(line.substr(0, n));
    if (ticks) {
      EXPECT_LE(ticks->busy, ticks->total);
      EXPECT_GE(n, std::string_view("cpu  100 20 30 400 50 6 7 8").size());
    }
  }
}

TEST(ParseMemory, InBytesByTheWholeName) {
  constexpr std::string_view kText =
      "MemTotal:        2048 kB\nMemFree: 7 kB\nMemAvailable: 1 kB\n";
  EXPECT_EQ(ParseMemory(kText, "MemTotal"), 2048u * 1024);
  EXPECT_EQ(ParseMemory(kText, "MemAvailable"), 1024u);
  EXPECT_EQ(ParseMemory(kText, "Mem"), std::nullopt);
  EXPECT_EQ(ParseMemory(kText, "SwapTotal"), std::nullopt);
}

TEST(ParseMemory, NothingOfWhatIsNoSuchText) {
  for (const std::string_view text :
       {"", "MemTotal:", "MemTotal: x kB", "MemTotal: 5", "MemTotal: 5 MB", "MemTotal 5 kB",
        "MemTotal: 99999999999999999999 kB", "MemTotal: 18446744073709551615 kB"}) {
    EXPECT_EQ(ParseMemory(text, "MemTotal"), std::nullopt) << text;
  }
}

TEST(ParseBootTime, FromItsLine) {
  EXPECT_EQ(ParseBootTime(kStat), 1700000000u);
  EXPECT_EQ(ParseBootTime("cpu 1\n"), std::nullopt);
  EXPECT_EQ(ParseBootTime("btime \n"), std::nullopt);
}

constexpr std::string_view kProcess =
    "4711 (head) gate (x) S 1 4711 4711 0 -1 4194560 1000 0 0 0 250 150 0 0 20 0 9 0 12345 "
    "104857600 2560 18446744073709551615 1 1 0 0 0\n";

TEST(ParseProcess, TheNameMayHoldAnything) {
  EXPECT_EQ(ParseProcess(kProcess), (ProcessTicks{.cpu = 400,
                                                  .start = 12345,
                                                  .threads = 9,
                                                  .virtual_bytes = 104857600,
                                                  .resident_pages = 2560}));
}

TEST(ParseProcess, CutAnywhereItIsWholeOrNothing) {
  const std::size_t needed = kProcess.find(" 2560") + 2;  // its first digit at least
  for (std::size_t n = 0; n < kProcess.size(); ++n) {
    EXPECT_EQ(ParseProcess(kProcess.substr(0, n)).has_value(), n >= needed) << n;
  }
}

}  // namespace
}  // namespace headgate::guard
