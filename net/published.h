// A value that one thread replaces now and then and many look at all the time.
//
// Threads: every method from any thread. On the hot path a View only compares a version and keeps
// its own shared_ptr; the mutex is taken when the value changed. Lifetime: outlives its views.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace headgate::net {

template <typename T>
class Published {
 public:
  using Ptr = std::shared_ptr<const T>;

  // Null until there is one.
  [[nodiscard]] Ptr Get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  void Set(Ptr value) {
    const std::lock_guard lock(mutex_);
    value_ = std::move(value);
    version_.fetch_add(1, std::memory_order_release);
  }

  // A worker's snapshot.
  class View {
   public:
    explicit View(const Published& store) : store_(&store) {}
    [[nodiscard]] const Ptr& Get() {
      const std::uint64_t version = store_->version();
      if (version != version_) {
        value_ = store_->Get();
        version_ = version;
      }
      return value_;
    }

   private:
    const Published* store_;
    std::uint64_t version_ = 0;
    Ptr value_;
  };

 private:
  mutable std::mutex mutex_;
  Ptr value_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace headgate::net
