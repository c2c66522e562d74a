// Reads /proc (proc(5)): the host's processors and memory, and the gate's own process.
//
// Its files are opened once and kept, so that they can be read when there is no descriptor left. In
// a container /proc/stat and /proc/meminfo are those of the whole host.
//
// Threads: one at a time. Lifetime: five descriptors, closed with it.
#pragma once

#include <dirent.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "guard/host_figures.h"
#include "policies/time.h"

namespace headgate::guard {

class KeptFile {
 public:
  // Where it cannot be opened yet, each read tries again.
  explicit KeptFile(std::string path);
  ~KeptFile();
  KeptFile(const KeptFile&) = delete;
  KeptFile& operator=(const KeptFile&) = delete;

  // The whole text, from its beginning; empty where it cannot be read or is above 1 MiB.
  [[nodiscard]] std::string Read();

 private:
  const std::string path_;
  int fd_;
};

// How many descriptors are open, its own included.
class DescriptorCount {
 public:
  // Before Linux 6.2 they are counted one by one, and that no more often than this.
  static constexpr Duration kWalkPause = std::chrono::seconds(10);

  // `sized`: the folder's size may tell how much is in it; false in tests that walk.
  explicit DescriptorCount(const std::string& folder, bool sized = true)
      : sized_(sized), dir_(opendir(folder.c_str())) {}
  ~DescriptorCount();
  DescriptorCount(const DescriptorCount&) = delete;
  DescriptorCount& operator=(const DescriptorCount&) = delete;

  [[nodiscard]] std::optional<std::uint64_t> Look(Time now);

 private:
  [[nodiscard]] std::optional<std::uint64_t> Walk();

  const bool sized_;
  DIR* dir_;
  std::optional<Time> walked_;
  std::optional<std::uint64_t> count_;
};

class HostProc {
 public:
  // Two looks closer than this say nothing of the processors: the answer before stands.
  static constexpr Duration kCpuPause = std::chrono::seconds(1);

  // `proc`: another root in tests.
  explicit HostProc(const std::string& proc = "/proc");

  [[nodiscard]] ProcFigures Look(Time now);

 private:
  void NoteCpu(const std::optional<CpuTicks>& ticks, Time now);
  [[nodiscard]] ProcessFigures Process(std::string_view stat, Time now);

  KeptFile stat_, meminfo_, self_;
  DescriptorCount descriptors_;
  std::optional<CpuTicks> before_;
  Time looked_{};
  std::optional<double> used_;
};

}  // namespace headgate::guard
