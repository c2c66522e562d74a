// What the kernel's own counters say of a flood, in words, and no oftener than anybody would read
// it.
//
// Threads: one. Lifetime: a plain value.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "guard/sparingly.h"
#include "net/kernel_counters.h"
#include "policies/time.h"

namespace headgate::guard {

class KernelWarnings {
 public:
  // The counters as they are at `now`; the first call only remembers them. Lines for the log, each
  // kind sparingly; what was counted meanwhile is in the next.
  [[nodiscard]] std::vector<std::string> OnCounters(const net::KernelCounters& counters, Time now);

 private:
  enum Kind : std::size_t { kCookies, kOverflows, kDrops, kConntrack, kKinds };

  bool known_ = false;
  net::KernelCounters said_;  // up to where each counter was told of
  std::array<Sparingly, kKinds> may_;
};

}  // namespace headgate::guard
