// How the host fares, and the gate's own process: looked at every few seconds, so that `status`,
// the page and the metrics only copy.
//
// Two lookouts: /proc, whose files are kept open and never hang, and the disk, which may. A data
// folder on a network disk that hangs costs its own figures and nothing else: they are not known
// any more, and at the end its thread is left behind.
//
// Threads: Start and Stop on one; Set and Latest from any, short locks. Lifetime: a plain object;
// a thread that was left behind owns what it uses.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "guard/config.h"
#include "guard/host_figures.h"
#include "guard/host_proc.h"
#include "guard/lookout.h"
#include "policies/time.h"

namespace headgate::guard {

struct DiskFigures {
  std::optional<std::uint64_t> disk_total, disk_free, error_log_bytes;
};
// Blocks for as long as the disk does. Either path may be empty: nothing is known of it then.
[[nodiscard]] DiskFigures LookAtDisk(const HostConfig& paths);

class HostWatch {
 public:
  // What it looks with, and the clock by which that ages: others in tests.
  struct Eyes {
    std::function<ProcFigures()> proc;
    std::function<DiskFigures(const HostConfig&)> disk = LookAtDisk;
    std::function<Time()> now;
    LookoutOptions options{};
  };
  explicit HostWatch(Eyes eyes);
  explicit HostWatch(const std::function<Time()>& now);

  void Start(const HostConfig& paths);
  // From the next look on; nothing is said of the paths before.
  void Set(const HostConfig& paths);
  [[nodiscard]] ProcFigures Latest() const;
  void Stop();

 private:
  struct Paths;

  const std::shared_ptr<Paths> paths_;
  Lookout<ProcFigures> proc_;
  Lookout<DiskFigures> disk_;
};

}  // namespace headgate::guard
