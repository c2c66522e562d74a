// How the host fares, and the gate's own process: for `status` and the metrics.
//
// Read from /proc (proc(5)), statvfs(3) and stat(2), when somebody asks. In a container /proc/stat
// and /proc/meminfo are those of the whole host. A data folder on a network disk that hangs would
// hold up whoever asks: name a local one.
//
// Threads: Look() from any, one at a time: a short lock. It may block for the disk: never on a
// worker. The parsers are pure. Lifetime: a plain object; the paths may change with a reload.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "policies/time.h"

namespace headgate::guard {

// Since boot, all processors together, in ticks of sysconf(_SC_CLK_TCK).
struct CpuTicks {
  std::uint64_t busy = 0;   // not idle and not waiting for a disk; stolen time counts as busy
  std::uint64_t total = 0;  // `busy` included
  bool operator==(const CpuTicks&) const = default;
};

struct HostFigures {
  std::optional<double> cpu_used;  // 0..1, between two looks at least kCpuPause apart
  std::optional<CpuTicks> cpu;
  std::optional<std::uint64_t> memory_total, memory_available;  // bytes
  std::optional<std::uint64_t> disk_total, disk_free;  // bytes; free: for those who are not root
  std::optional<std::uint64_t> error_log_bytes;
};

struct ProcessFigures {
  std::optional<std::uint64_t> resident_bytes, virtual_bytes;
  std::optional<double> cpu_seconds;  // user and system
  std::optional<std::uint64_t> open_descriptors, max_descriptors, threads;
  std::optional<double> start_unix_s;
};

// The first line of /proc/stat. Nothing where it is none.
[[nodiscard]] std::optional<CpuTicks> ParseCpu(std::string_view stat);
// A row of /proc/meminfo, "MemTotal:  16384 kB", in bytes.
[[nodiscard]] std::optional<std::uint64_t> ParseMemory(std::string_view meminfo,
                                                       std::string_view row);
// "btime 1700000000" of /proc/stat: when the host booted, in seconds since 1970.
[[nodiscard]] std::optional<std::uint64_t> ParseBootTime(std::string_view stat);

struct ProcessTicks {
  std::uint64_t cpu = 0, start = 0;  // ticks; `start` since boot
  std::uint64_t threads = 0, virtual_bytes = 0, resident_pages = 0;
  bool operator==(const ProcessTicks&) const = default;
};
// /proc/PID/stat. The name in it may hold blanks and parentheses.
[[nodiscard]] std::optional<ProcessTicks> ParseProcess(std::string_view stat);

// Of this process. `proc`: another root in tests.
[[nodiscard]] ProcessFigures ReadProcess(const std::string& proc = "/proc");

class HostWatch {
 public:
  // Two looks closer than this say nothing of the processors: the answer before stands.
  static constexpr Duration kCpuPause = std::chrono::seconds(1);

  explicit HostWatch(std::string proc = "/proc") : proc_(std::move(proc)) {}

  // Either path may be empty: nothing is known of it then.
  [[nodiscard]] HostFigures Look(const std::string& data_dir, const std::string& error_log,
                                 Time now);

 private:
  void NoteCpu(const std::optional<CpuTicks>& ticks, Time now);

  const std::string proc_;
  std::mutex mutex_;  // for what follows
  std::optional<CpuTicks> before_;
  Time looked_{};
  std::optional<double> used_;
};

}  // namespace headgate::guard
