// What the kernel's own counters say of a flood, in words, and no oftener than anybody would read
// it.
//
// Threads: one. Lifetime: a plain value.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "net/kernel_counters.h"
#include "policies/time.h"

namespace headgate::guard {

class KernelWarnings {
 public:
  // One kind of line at most so often; what was counted meanwhile is in the next.
  static constexpr Duration kEvery = std::chrono::minutes(1);

  // The counters as they are at `now`; the first call only remembers them. Lines for the log.
  [[nodiscard]] std::vector<std::string> OnCounters(const net::KernelCounters& counters, Time now);

 private:
  enum Kind : std::size_t { kCookies, kOverflows, kDrops, kConntrack, kKinds };
  [[nodiscard]] bool MaySay(Kind kind, Time now);

  bool known_ = false;
  net::KernelCounters said_;  // up to where each counter was told of
  std::array<Time, kKinds> next_{};
};

}  // namespace headgate::guard
