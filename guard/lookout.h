// Looks at something again and again on a thread of its own and keeps what it saw, so that who asks
// only copies and never waits: what is looked at may hang, as a network disk does.
//
// Threads: Start and Stop on one; Renew and Latest from any, a short lock. Lifetime: Stop() asks
// the thread to end and waits for it only so long as `patience`; one that hangs in a look is left
// behind, with all it uses: `look` must own what it refers to.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "policies/time.h"

namespace headgate::guard {

struct LookoutOptions {
  Duration pause = std::chrono::seconds(2);            // between two looks
  Duration stale = std::chrono::seconds(30);           // what is older is not known any more
  Duration patience = std::chrono::milliseconds(100);  // of Stop()
};

template <typename T>
class Lookout {
 public:
  struct Seen {
    std::optional<T> value;  // none: there was no look yet, or none for `stale`
    Duration age{};  // since the last look, or since Start() or Renew() where there was none
  };

  Lookout(std::function<T()> look, std::function<Time()> now, LookoutOptions options = {})
      : state_(std::make_shared<State>(std::move(look), std::move(now), options)) {}
  ~Lookout() { Stop(); }
  Lookout(const Lookout&) = delete;
  Lookout& operator=(const Lookout&) = delete;

  void Start() {
    state_->at = state_->now();
    thread_ = std::thread([state = state_] { state->Run(); });
  }

  // Another thing is looked at from now on: forgets what was seen, and what a look that is under
  // way comes to.
  void Renew() {
    const std::lock_guard lock(state_->mutex);
    ++state_->round;
    state_->value.reset();
    state_->at = state_->now();
    state_->wake.notify_all();
  }

  [[nodiscard]] Seen Latest() const {
    const std::lock_guard lock(state_->mutex);
    Seen seen{.value = {}, .age = state_->now() - state_->at};
    if (seen.age <= state_->options.stale) seen.value = state_->value;
    return seen;
  }

  void Stop() {
    if (!thread_.joinable()) return;
    std::unique_lock lock(state_->mutex);
    state_->stopping = true;
    state_->wake.notify_all();
    const bool ended =
        state_->wake.wait_for(lock, state_->options.patience, [this] { return state_->ended; });
    lock.unlock();
    if (ended) {
      thread_.join();
    } else {
      thread_.detach();
    }
  }

 private:
  struct State {
    State(std::function<T()> l, std::function<Time()> n, const LookoutOptions& o)
        : look(std::move(l)), now(std::move(n)), options(o) {}

    void Run() {
      std::unique_lock lock(mutex);
      while (!stopping) {
        const std::uint64_t begun = round;
        lock.unlock();
        T seen = look();
        lock.lock();
        if (begun != round) continue;
        value = std::move(seen);
        at = now();
        wake.wait_for(lock, options.pause, [this, begun] { return stopping || begun != round; });
      }
      ended = true;
      wake.notify_all();
    }

    const std::function<T()> look;  // on the thread only
    const std::function<Time()> now;
    const LookoutOptions options;
    std::mutex mutex;  // for what follows
    std::condition_variable wake;
    std::optional<T> value;
    Time at{};
    std::uint64_t round = 0;
    bool stopping = false, ended = false;
  };

  const std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace headgate::guard
