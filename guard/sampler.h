// Which log lines of a reason are written: at most [log] sample of them, with an exact count of
// those that were not, so that a flood cannot become a flood of lines.
//
// Threads: all methods from any thread; one short mutex for each reason. Lifetime: none.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "policies/limits.h"
#include "policies/reason.h"
#include "policies/time.h"

namespace headgate::guard {

class Sampler {
 public:
  explicit Sampler(Rate rate);

  // Takes effect at each reason's next line. Off lets nothing through.
  void SetRate(Rate rate);

  // nullopt: suppressed and counted. Otherwise how many were suppressed since the last one that
  // was let through or told by TakeSuppressed().
  [[nodiscard]] std::optional<std::uint64_t> Admit(Reason reason, Time now);

  // The counts nobody was told yet, for a summary when a flood has ended; resets them.
  [[nodiscard]] std::vector<std::pair<Reason, std::uint64_t>> TakeSuppressed();

 private:
  struct Slot {
    std::mutex mutex;
    bool used = false;
    double tokens = 0;
    Time last{};
    std::uint64_t suppressed = 0;
  };

  std::mutex rate_mutex_;
  Rate rate_;
  std::array<Slot, kReasonCount> slots_;
};

}  // namespace headgate::guard
