// Figures of the host and of the gate's own process, and the parsers of the texts they come from
// (proc(5)).
//
// Threads: pure functions, plain values. Lifetime: none.
#pragma once

#include <cstdint>
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
  std::optional<double> cpu_used;  // 0..1, between the last two looks
  std::optional<CpuTicks> cpu;
  std::optional<std::uint64_t> memory_total, memory_available;  // bytes
  std::optional<std::uint64_t> disk_total, disk_free;  // bytes; free: for those who are not root
  std::optional<std::uint64_t> error_log_bytes;
  // How old these are: the processors and the memory, and the disk and the log.
  std::optional<Duration> looked_ago, disk_looked_ago;
};

struct ProcessFigures {
  std::optional<std::uint64_t> resident_bytes, virtual_bytes;
  std::optional<double> cpu_seconds;  // user and system
  std::optional<std::uint64_t> open_descriptors, max_descriptors, threads;
  std::optional<double> start_unix_s;
};

struct ProcFigures {
  HostFigures host;
  ProcessFigures process;
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

}  // namespace headgate::guard
