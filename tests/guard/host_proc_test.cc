#include "guard/host_proc.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace headgate::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class HostProcTest : public ::testing::Test {
 protected:
  HostProcTest() : root_(MakeFolder()), proc_(root_.string()) {
    Write("meminfo", "MemTotal: 1000 kB\nMemAvailable: 250 kB\n");
  }
  ~HostProcTest() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& name, std::string_view text) {
    std::ofstream(root_ / name) << text;
  }
  void WriteCpu(int busy, int idle) {
    Write("stat", "cpu  " + std::to_string(busy) + " 0 0 " + std::to_string(idle) + " 0 0 0 0\n");
  }
  HostFigures Look() { return proc_.Look(now_).host; }
  static std::filesystem::path MakeFolder() {
    std::string name = ::testing::TempDir() + "host-watch-XXXXXX";
    return mkdtemp(name.data());
  }

  const std::filesystem::path root_;
  HostProc proc_;
  Time now_{std::chrono::hours(1)};
};

TEST_F(HostProcTest, ProcessorsAreJudgedBetweenTwoLooks) {
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

TEST_F(HostProcTest, LooksThatComeTooCloseChangeNothing) {
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

TEST_F(HostProcTest, ColumnsThatStepBackSayNothingNew) {
  WriteCpu(100, 900);
  static_cast<void>(Look());
  now_ += seconds(1);
  WriteCpu(90, 800);
  EXPECT_EQ(Look().cpu_used, std::nullopt);
  now_ += seconds(1);
  WriteCpu(140, 850);
  EXPECT_DOUBLE_EQ(Look().cpu_used.value(), 0.5);
  now_ += seconds(1);
  Write("stat", "");
  EXPECT_EQ(Look().cpu_used, std::nullopt) << "not known any more";
}

TEST_F(HostProcTest, MemoryAndWhatIsNotThere) {
  const HostFigures f = Look();
  EXPECT_EQ(f.memory_total, 1000u * 1024);
  EXPECT_EQ(f.memory_available, 250u * 1024);
  EXPECT_EQ(f.cpu, std::nullopt);
  EXPECT_EQ(f.disk_total, std::nullopt);
  EXPECT_EQ(f.error_log_bytes, std::nullopt);
}

TEST(HostProc, OfThisProcess) {
  HostProc proc;
  const ProcessFigures p = proc.Look(Time(seconds(1))).process;
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
  EXPECT_EQ(proc.Look(Time(seconds(12))).process.open_descriptors.value(), *p.open_descriptors + 2);
  close(pipes[0]);
  close(pipes[1]);
}

// With no descriptor left every figure is there all the same.
TEST(HostProc, InDescriptorFamine) {
  HostProc proc;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 3;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const int refused = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const ProcFigures p = proc.Look(Time(seconds(1)));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_LT(refused, 0);
  EXPECT_GT(p.process.open_descriptors.value_or(0), 3u);
  EXPECT_EQ(p.process.max_descriptors, 3u);
  EXPECT_TRUE(p.process.resident_bytes && p.host.cpu && p.host.memory_available);
}

// As before Linux 6.2, where the folder's size says nothing.
TEST_F(HostProcTest, DescriptorsAreWalkedSeldom) {
  DescriptorCount count(root_.string(), false);
  EXPECT_EQ(count.Look(Time(seconds(100))), 1u) << "meminfo";
  Write("stat", "");
  EXPECT_EQ(count.Look(Time(seconds(109))), 1u);
  EXPECT_EQ(count.Look(Time(seconds(110))), 2u);
  Write("more", "");
  EXPECT_EQ(count.Look(Time(seconds(119))), 2u);
  EXPECT_EQ(count.Look(Time(seconds(120))), 3u);
}

// Either way comes to the same.
TEST(DescriptorCount, WalkedOrTold) {
  DescriptorCount walked("/proc/self/fd", false), told("/proc/self/fd");
  EXPECT_EQ(walked.Look(Time(seconds(1))), told.Look(Time(seconds(1))));
  EXPECT_EQ(DescriptorCount("/no/such/folder").Look(Time(seconds(1))), std::nullopt);
}

TEST(HostProc, NothingWhereThereIsNoProc) {
  HostProc proc("/no/such/folder");
  const ProcessFigures p = proc.Look(Time(seconds(1))).process;
  EXPECT_EQ(p.resident_bytes, std::nullopt);
  EXPECT_EQ(p.open_descriptors, std::nullopt);
  EXPECT_EQ(p.start_unix_s, std::nullopt);
}

}  // namespace
}  // namespace headgate::guard
