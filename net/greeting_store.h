// The greeting every new client gets: what the backend was last seen to say.
//
// Threads: every method from any thread. On the hot path a worker only compares a version and
// keeps its own shared_ptr; the mutex is taken when the greeting changed. Lifetime: outlives the
// workers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "net/mysql/greeting.h"

namespace headgate::net {

using GreetingPtr = std::shared_ptr<const mysql::Greeting>;

class GreetingStore {
 public:
  // Null until one is known.
  [[nodiscard]] GreetingPtr Get() const;
  [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // Takes it when it says something else than the one in store. The backend's connection id is
  // not part of what is mirrored.
  void Learn(mysql::Greeting greeting);

  // A worker's snapshot.
  class View {
   public:
    explicit View(const GreetingStore& store) : store_(&store) {}
    [[nodiscard]] const GreetingPtr& Get();

   private:
    const GreetingStore* store_;
    std::uint64_t version_ = 0;
    GreetingPtr greeting_;
  };

 private:
  mutable std::mutex mutex_;
  GreetingPtr greeting_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace headgate::net
