#include "guard/host_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace headgate::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

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

class HostWatchTest : public ::testing::Test {
 protected:
  HostWatchTest() : root_(MakeFolder()), watch_(root_.string()) {
    Write("meminfo", "MemTotal: 1000 kB\nMemAvailable: 250 kB\n");
  }
  ~HostWatchTest() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& name, std::string_view text) {
    std::ofstream(root_ / name) << text;
  }
  void WriteCpu(int busy, int idle) {
    Write("stat", "cpu  " + std::to_string(busy) + " 0 0 " + std::to_string(idle) + " 0 0 0 0\n");
  }
  HostFigures Look() { return watch_.Look("", "", now_); }
  static std::filesystem::path MakeFolder() {
    std::string name = ::testing::TempDir() + "host-watch-XXXXXX";
    return mkdtemp(name.data());
  }

  const std::filesystem::path root_;
  HostWatch watch_;
  Time now_{std::chrono::hours(1)};
};

TEST_F(HostWatchTest, ProcessorsAreJudgedBetweenTwoLooks) {
  WriteCpu(100, 900);
  EXPECT_EQ(Look().cpu_used, std::nullopt) << "there is nothing to compare with";
  EXPECT_EQ(Look().cpu, (CpuTicks{.busy = 100, .total = 1000}));
  now_ += seconds(15);
  WriteCpu(130, 970);
  EXPECT_DOUBLE_EQ(Look().cpu_used.value(), 0.3);
  now_ += seconds(15);
  WriteCpu(230, 970);
  EXPECT_DOUBLE_EQ(Look().cpu_used.value(), 1.0);
}

TEST_F(HostWatchTest, LooksThatComeTooCloseChangeNothing) {
  WriteCpu(100, 900);
  static_cast<void>(Look());
  now_ += seconds(1);
  WriteCpu(150, 950);
  EXPECT_DOUBLE_EQ(Look().cpu_used.value(), 0.5);
  now_ += milliseconds(10);
  WriteCpu(151, 950);
  EXPECT_DOUBLE_EQ(Look().cpu_used.value(), 0.5) << "one tick is no load of 100 %";
  now_ += seconds(1);
  WriteCpu(151, 1049);
  EXPECT_DOUBLE_EQ(Look().cpu_used.value(), 0.01);
}

TEST_F(HostWatchTest, ColumnsThatStepBackSayNothingNew) {
  WriteCpu(100, 900);
  static_cast<void>(Look());
  now_ += seconds(1);
  WriteCpu(90, 800);
  EXPECT_EQ(Look().cpu_used, std::nullopt);
  now_ += seconds(1);
  WriteCpu(140, 850);
  EXPECT_DOUBLE_EQ(Look().cpu_used.value(), 0.5);
  now_ += seconds(1);
  std::filesystem::remove(root_ / "stat");
  EXPECT_EQ(Look().cpu_used, std::nullopt) << "not known any more";
}

TEST_F(HostWatchTest, MemoryAndWhatIsNotThere) {
  const HostFigures f = Look();
  EXPECT_EQ(f.memory_total, 1000u * 1024);
  EXPECT_EQ(f.memory_available, 250u * 1024);
  EXPECT_EQ(f.cpu, std::nullopt);
  EXPECT_EQ(f.disk_total, std::nullopt);
  EXPECT_EQ(f.error_log_bytes, std::nullopt);
}

TEST_F(HostWatchTest, TheDiskAndTheErrorLogByTheirPaths) {
  Write("error.log", "twelve bytes");
  const std::string log = (root_ / "error.log").string();
  const HostFigures f = watch_.Look(root_.string(), log, now_);
  EXPECT_EQ(f.error_log_bytes, 12u);
  ASSERT_TRUE(f.disk_total && f.disk_free);
  EXPECT_GT(*f.disk_total, 0u);
  EXPECT_LE(*f.disk_free, *f.disk_total);
  const HostFigures none = watch_.Look("/no/such/folder", root_.string(), now_);
  EXPECT_EQ(none.disk_total, std::nullopt);
  EXPECT_EQ(none.error_log_bytes, std::nullopt) << "a folder is no log";
}

TEST(ReadProcess, OfThisOne) {
  const ProcessFigures p = ReadProcess();
  ASSERT_TRUE(p.resident_bytes && p.virtual_bytes && p.cpu_seconds && p.threads);
  EXPECT_GT(*p.resident_bytes, 100'000u);
  EXPECT_GE(*p.virtual_bytes, *p.resident_bytes);
  EXPECT_GE(*p.threads, 1u);
  ASSERT_TRUE(p.start_unix_s);
  EXPECT_GT(*p.start_unix_s, 1.5e9);
  ASSERT_TRUE(p.open_descriptors && p.max_descriptors);
  EXPECT_LE(*p.open_descriptors, *p.max_descriptors);
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  EXPECT_EQ(ReadProcess().open_descriptors.value(), *p.open_descriptors + 2);
  close(pipes[0]);
  close(pipes[1]);
}

TEST(ReadProcess, NothingWhereThereIsNoProc) {
  const ProcessFigures p = ReadProcess("/no/such/folder");
  EXPECT_EQ(p.resident_bytes, std::nullopt);
  EXPECT_EQ(p.open_descriptors, std::nullopt);
  EXPECT_EQ(p.start_unix_s, std::nullopt);
}

}  // namespace
}  // namespace headgate::guard
