// Where the thread of a hand-over leaves its last step for the main thread, which alone may take
// the gate apart, and waits until that is done.
//
// Threads: Ask() on one thread, the rest on the main thread. Lifetime: outlives Ask().
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>

namespace headgate::guard {

class HandOverDesk {
 public:
  // `wake`: the main thread is to look at Asked().
  explicit HandOverDesk(std::function<void()> wake) : wake_(std::move(wake)) {}

  // Returns when the main thread has said Done(), or has closed.
  void Ask(int pid) {
    std::unique_lock lock(mutex_);
    pid_ = pid;
    wake_();
    done_.wait(lock, [this] { return pid_ == 0 || closed_; });
  }
  // The process that is to be handed over to; 0: there is none.
  [[nodiscard]] int Asked() const {
    const std::lock_guard lock(mutex_);
    return pid_;
  }
  void Done() {
    const std::lock_guard lock(mutex_);
    pid_ = 0;
    done_.notify_all();
  }
  // Nobody is kept waiting any more.
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    done_.notify_all();
  }

 private:
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::condition_variable done_;
  int pid_ = 0;
  bool closed_ = false;
};

}  // namespace headgate::guard
