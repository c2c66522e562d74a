// The KILLs that are still to be carried out: one for each connection of the backend, in the order
// they were asked for, and bounded.
//
// Threads: one at a time; the owner locks. Lifetime: plain value.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include "policies/time.h"

namespace headgate::net {

enum class KillEnd : std::uint8_t {
  kDone,        // carried out, or there was nothing to kill any more
  kRefused,     // the server will not: asking again is of no use
  kNotReached,  // no answer from the server
};

struct KillOrder {
  std::uint32_t backend_id = 0;
  Time greeted{};  // when that connection was, of several who ask the last
  Time latest{};   // to begin with it
  std::vector<std::function<void(KillEnd)>> done;
};

class KillQueue {
 public:
  static constexpr std::size_t kMost = 4096;

  // Those for one connection become one. False when full: then `done` is never called.
  [[nodiscard]] bool Add(std::uint32_t backend_id, Time greeted, Time latest,
                         std::function<void(KillEnd)> done) {
    const auto found = places_.find(backend_id);
    if (found != places_.end()) {
      KillOrder& order = orders_[found->second];
      order.greeted = std::max(order.greeted, greeted);
      order.latest = std::max(order.latest, latest);
      order.done.push_back(std::move(done));
      return true;
    }
    if (orders_.size() >= kMost) return false;
    places_.emplace(backend_id, orders_.size());
    orders_.push_back({backend_id, greeted, latest, {}});
    orders_.back().done.push_back(std::move(done));
    return true;
  }

  [[nodiscard]] std::vector<KillOrder> Take() {
    places_.clear();
    return std::exchange(orders_, {});
  }

  [[nodiscard]] bool empty() const { return orders_.empty(); }

 private:
  std::vector<KillOrder> orders_;
  absl::flat_hash_map<std::uint32_t, std::size_t> places_;  // in orders_
};

}  // namespace headgate::net
