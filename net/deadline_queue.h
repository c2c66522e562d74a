// Which sessions of a thread have a deadline, ordered by when it passes. One coarse timer per
// thread looks at the front; setting and clearing costs no system call.
//
// Threads: one. Lifetime: plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include <absl/container/btree_set.h>
#include "policies/time.h"

namespace headgate::net {

class DeadlineQueue {
 public:
  // Moves `serial` from its deadline `was` to `when`; kNever stands for none on either side. The
  // caller keeps its own deadline, so the queue needs no second index.
  void Move(std::uint64_t serial, Time was, Time when) {
    if (was != kNever) queue_.erase({was, serial});
    if (when != kNever) queue_.insert({when, serial});
  }

  // The next one whose deadline is not after `now`, taken out of the queue.
  [[nodiscard]] std::optional<std::uint64_t> PopDue(Time now) {
    if (queue_.empty() || queue_.begin()->first > now) return std::nullopt;
    const std::uint64_t serial = queue_.begin()->second;
    queue_.erase(queue_.begin());
    return serial;
  }

  [[nodiscard]] bool empty() const { return queue_.empty(); }

 private:
  absl::btree_set<std::pair<Time, std::uint64_t>> queue_;
};

}  // namespace headgate::net
